//! Features of an evaluation's sets in each space that was asked for.

use candle_core::Device;
use cellflux_bundle::evaluation::Space;
use cellflux_image::ImageSpec;
use cellflux_measure::sets::Features;

use super::EvaluateError;
use super::measured::{FARTHEST, Measured, Scale};
use crate::features::inception::{Inception, Preparation};
use crate::features::moa::Classifier;
use crate::features::{FeatureRows, FeatureSpace, rgb, table};

/// A set's images with a name for each.
#[derive(Clone, Copy, Debug)]
pub struct NamedImages<'a> {
    /// Coded images `[N, C, H, W]`.
    pub images: &'a [u8],
    /// The images' paths, `N` of them.
    pub paths: &'a [String],
    /// What they measure.
    pub measured: &'a Measured,
}

/// A space whose features can be computed.
#[derive(Debug)]
pub enum Extractor {
    /// What crops measure.
    Morphology,
    /// A classifier's layer before the last.
    Moa(Box<Classifier>),
    /// Inception's pool features.
    Inception(Box<Inception>),
    /// A file's rows, in the order of `images.csv`.
    Table(std::path::PathBuf),
}

impl Extractor {
    /// Opens a space on a device.
    ///
    /// # Errors
    /// [`EvaluateError::Features`] for a file that is missing or not what it should be.
    pub fn open(space: &FeatureSpace, device: &Device) -> Result<Self, EvaluateError> {
        Ok(match space {
            FeatureSpace::Morphology => Self::Morphology,
            FeatureSpace::Moa(folder) => Self::Moa(Box::new(Classifier::load(folder, device)?)),
            FeatureSpace::Inception(file) => {
                Self::Inception(Box::new(Inception::open(file, Preparation::default(), device)?))
            }
            FeatureSpace::Table(file) => Self::Table(file.clone()),
        })
    }

    /// What a report says of the space whose features are `width` wide, and whether its figures may stand beside
    /// published ones.
    pub fn described(&self, width: usize) -> Space {
        let (name, about, comparable) = match self {
            Self::Morphology => (
                "morphology",
                format!(
                    "What crops measure (cellflux-measure), in standard deviations of real controls, cut off at \
                     {FARTHEST} of them."
                ),
                false,
            ),
            Self::Moa(classifier) => (
                "moa",
                format!(
                    "The layer before the last of a classifier of {} classes, trained on {} real training cells.",
                    classifier.about().classes.len(),
                    classifier.about().training.cells.iter().sum::<usize>()
                ),
                false,
            ),
            Self::Inception(network) => match network.warning() {
                None => (
                    "inception",
                    "Inception-v3's pool features, with the weights that FID is computed with.".to_owned(),
                    true,
                ),
                Some(warning) => (
                    "inception",
                    format!("Inception-v3's pool features; {warning}."),
                    false,
                ),
            },
            Self::Table(file) => (
                "table",
                format!(
                    "Features computed elsewhere: {}.",
                    file.file_name().unwrap_or_default().to_string_lossy()
                ),
                false,
            ),
        };
        Space {
            name: name.to_owned(),
            width,
            about,
            comparable,
        }
    }

    /// The features of each set, in the same order.
    ///
    /// # Errors
    /// [`EvaluateError::Features`] for images that the space does not take, and for a table of other rows.
    pub fn features(
        &self,
        spec: &ImageSpec,
        scale: &Scale,
        sets: &[NamedImages<'_>],
    ) -> Result<Vec<Features>, EvaluateError> {
        if let Self::Table(file) = self {
            return from_table(file, sets);
        }
        sets.iter().map(|set| self.of_set(spec, scale, set)).collect()
    }

    fn of_set(
        &self,
        spec: &ImageSpec,
        scale: &Scale,
        set: &NamedImages<'_>,
    ) -> Result<Features, EvaluateError> {
        let shape = [set.paths.len(), spec.channels.len(), spec.height, spec.width];
        let tensor = match self {
            Self::Morphology | Self::Table(_) => return set.measured.features(scale),
            Self::Moa(classifier) => classifier.features(set.images, shape)?,
            Self::Inception(network) => {
                let [count, _, height, width] = shape;
                network.features(&rgb(set.images, shape)?, [count, 3, height, width])?
            }
        };
        rows(&FeatureRows::of_tensor(&tensor)?)
    }
}

fn rows(rows: &FeatureRows) -> Result<Features, EvaluateError> {
    Ok(Features::new(rows.rows(), rows.width, rows.values.clone())?)
}

fn from_table(file: &std::path::Path, sets: &[NamedImages<'_>]) -> Result<Vec<Features>, EvaluateError> {
    let paths: Vec<&str> = sets
        .iter()
        .flat_map(|set| set.paths)
        .map(String::as_str)
        .collect();
    let FeatureRows { width, values } = table::read(file, &paths)?;
    let mut rest = values.as_slice();
    sets.iter()
        .map(|set| {
            let length = (set.paths.len() * width).min(rest.len());
            let (own, after) = rest.split_at(length);
            rest = after;
            Ok(Features::new(set.paths.len(), width, own.to_vec())?)
        })
        .collect()
}
