//! A small classifier of modes of action, and the space of its last hidden layer.
//!
//! "What mode of action does this cell show?" is asked of a network of some 80,000 parameters that was
//! trained on real training cells only. Its 64 features separate what treatments change from what they do
//! not, which features learnt from photographs cannot do; and its answers on generated cells give the
//! accuracy of modes of action (paper, section 4.2 and Table 2a). The paper's own classifier is another
//! network, so its figures cannot be compared with this one's; those of real cells of the same split can.

mod about;
mod classes;
mod network;
mod score;
mod settings;
mod training;

use std::collections::HashMap;
use std::path::Path;

use candle_core::{D, Device, Tensor};
use cellflux_bundle::files;
use cellflux_image::ImageSpec;
use cellflux_image::spec::ModelRange;

pub use about::{About, SeenCells};
pub use classes::{Classes, NamedAfter, UNTREATED};
pub use network::{FEATURES, MULTIPLE};
pub use score::{ClassScore, Score};
pub use settings::Settings;
pub use training::train;

use super::FeatureError;
use crate::TrainError;
use crate::run::checkpoint::write_whole;
use crate::step::{View, to_model_range};
use network::{Network, parameters};

/// The files of a classifier's folder.
const WEIGHTS: &str = "moa.safetensors";
const ABOUT: &str = "moa.json";

/// Images that go through the network at once.
const BATCH: usize = 128;

/// A trained classifier.
#[derive(Debug)]
pub struct Classifier {
    network: Network,
    tensors: HashMap<String, Tensor>,
    about: About,
    device: Device,
}

/// A classifier's answer for one cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The most probable class, a position in [`About::classes`].
    pub class: usize,
    /// The probability of each class, in 0..=1; they sum to 1.
    pub probabilities: Vec<f32>,
}

impl Classifier {
    /// Reads the folder that [`Classifier::save`] wrote.
    ///
    /// # Errors
    /// [`FeatureError::Io`] where a file cannot be read, [`FeatureError::Classifier`] where one does not hold
    /// what it should, [`FeatureError::Tensor`] when the device fails.
    pub fn load(folder: &Path, device: &Device) -> Result<Self, FeatureError> {
        let about_path = folder.join(ABOUT);
        let weights_path = folder.join(WEIGHTS);
        let text = cellflux_files::read(&about_path).map_err(FeatureError::io(&about_path))?;
        let about: About = serde_json::from_slice(&text).map_err(|error| FeatureError::Classifier {
            path: about_path.clone(),
            reason: error.to_string(),
        })?;
        about.check(&about_path)?;
        let bytes = cellflux_files::read(&weights_path).map_err(FeatureError::io(&weights_path))?;
        let wrong = |reason: String| FeatureError::Classifier {
            path: weights_path.clone(),
            reason,
        };
        if about.weights_sha256 != files::digest(&bytes) {
            return Err(wrong(format!("it is not the file that {ABOUT} describes")));
        }
        let tensors = candle_core::safetensors::load_buffer(&bytes, device)
            .map_err(|error| wrong(error.to_string()))?;
        for parameter in parameters(about.channels, about.classes.len()) {
            match tensors.get(&parameter.name) {
                Some(found) if found.dims() == parameter.shape => {}
                found => {
                    return Err(wrong(format!(
                        "tensor {} is {}, expected shape {:?}",
                        parameter.name,
                        found.map_or("missing".to_owned(), |found| format!("{:?}", found.shape())),
                        parameter.shape
                    )));
                }
            }
        }
        Self::of_tensors(tensors, about, device)
    }

    fn of_tensors(
        tensors: HashMap<String, Tensor>,
        about: About,
        device: &Device,
    ) -> Result<Self, FeatureError> {
        Ok(Self {
            network: Network::new(tensors.clone(), about.channels, about.classes.len(), device)?,
            tensors,
            about,
            device: device.clone(),
        })
    }

    /// Writes `moa.safetensors` and `moa.json` into `folder`, which must be there.
    ///
    /// # Errors
    /// [`TrainError::Io`] where a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), TrainError> {
        let bytes = safetensors_of(&self.tensors)?;
        let about = About {
            weights_sha256: files::digest(&bytes),
            ..self.about.clone()
        };
        let json = serde_json::to_vec_pretty(&about)
            .map_err(|error| TrainError::io(&folder.join(ABOUT))(error.into()))?;
        for (name, bytes) in [(WEIGHTS, &bytes), (ABOUT, &json)] {
            write_whole(&folder.join(name), ".moa-", bytes)?;
        }
        Ok(())
    }

    /// Refuses images of another size or number of channels than it learnt from: what it makes of them nobody
    /// has measured. `folder` is where it was read from.
    ///
    /// # Errors
    /// [`FeatureError::Classifier`] with both.
    pub fn accepts(&self, folder: &Path, spec: &ImageSpec) -> Result<(), FeatureError> {
        let About { channels, image, .. } = &self.about;
        let (own, given) = (
            (*channels, *image),
            (spec.channels.len(), [spec.height, spec.width]),
        );
        if own == given {
            return Ok(());
        }
        let described = |(channels, [height, width]): (usize, [usize; 2])| {
            format!("{height} x {width} px of {channels} channels")
        };
        Err(FeatureError::Classifier {
            path: folder.join(ABOUT),
            reason: format!(
                "the classifier learnt from images of {}, expected {} as the bundle's",
                described(own),
                described(given)
            ),
        })
    }

    /// What is known of the classifier.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Features `[N, 64]`, f32, none below 0, of images `[N, C, H, W]` of coded bytes.
    ///
    /// # Errors
    /// [`FeatureError::Shape`] for images of other channels than the training's, of sides that are not
    /// multiples of [`MULTIPLE`], or of fewer bytes; [`FeatureError::Tensor`] when the device fails.
    pub fn features(&self, images: &[u8], shape: [usize; 4]) -> Result<Tensor, FeatureError> {
        let [count, channels, height, width] = shape;
        let values = channels * height * width;
        let fits = channels == self.about.channels
            && height.is_multiple_of(MULTIPLE)
            && width.is_multiple_of(MULTIPLE)
            && count > 0
            && values > 0
            && images.len() == count * values;
        if !fits {
            return Err(FeatureError::Shape {
                what: "images to be classified",
                found: format!("{} bytes for {shape:?}", images.len()),
                expected: format!(
                    "[N, {}, H, W] with H and W multiples of {MULTIPLE}, and as many bytes",
                    self.about.channels
                ),
            });
        }
        let parts = images
            .chunks(BATCH * values)
            .map(|part| {
                let shape = [part.len() / values, channels, height, width];
                let images = prepared(part.to_vec(), shape, &[], &self.device)?;
                Ok(self.network.features(&images)?)
            })
            .collect::<Result<Vec<_>, FeatureError>>()?;
        Ok(Tensor::cat(&parts, 0)?)
    }

    /// What each of the images `[N, C, H, W]` shows.
    ///
    /// # Errors
    /// As [`Classifier::features`].
    pub fn classify(&self, images: &[u8], shape: [usize; 4]) -> Result<Vec<Answer>, FeatureError> {
        self.classify_features(&self.features(images, shape)?)
    }

    /// What cells with these features `[N, 64]` show.
    ///
    /// # Errors
    /// [`FeatureError::Tensor`] for features of another width.
    pub fn classify_features(&self, features: &Tensor) -> Result<Vec<Answer>, FeatureError> {
        let probabilities = candle_nn::ops::softmax(&self.network.logits(features)?, D::Minus1)?;
        let rows: Vec<Vec<f32>> = probabilities.to_vec2()?;
        Ok(rows.into_iter().map(Answer::of).collect())
    }
}

impl Answer {
    fn of(probabilities: Vec<f32>) -> Self {
        let class = probabilities
            .iter()
            .enumerate()
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
            .map_or(0, |(class, _)| class);
        Self { class, probabilities }
    }
}

/// Coded bytes `[N, C, H, W]` as the network sees them: in -1..1, each image in its view.
fn prepared(
    bytes: Vec<u8>,
    shape: [usize; 4],
    views: &[&View],
    device: &Device,
) -> Result<Tensor, FeatureError> {
    let failed = |error: TrainError| FeatureError::Shape {
        what: "images to be classified",
        found: error.to_string(),
        expected: format!("[N, C, H, W] as stated, {shape:?}"),
    };
    to_model_range(bytes, shape, views, ModelRange::default(), device).map_err(failed)
}

fn safetensors_of(tensors: &HashMap<String, Tensor>) -> candle_core::Result<Vec<u8>> {
    let mut list: Vec<(&String, &Tensor)> = tensors.iter().collect();
    list.sort_by_key(|(name, _)| *name);
    safetensors::serialize(list, None).map_err(candle_core::Error::from)
}
