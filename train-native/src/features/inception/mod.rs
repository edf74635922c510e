//! Inception-v3's pool features, the space of FID and KID.
//!
//! The network and its preparation of images are those of pytorch-fid; its weights are a file that the user
//! brings, `pt_inception-2015-12-05-6726825d.pth`: the weights that FID was first computed with, ported from
//! `TensorFlow`. What this module computes is compared with an independent implementation in f64, on weights
//! computed by a formula (`tests/inception.rs`). How closely its features agree with other programs' on the
//! published weights was not measured: the file is not part of this repository.

mod layers;
mod network;
mod resize;

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use cellflux_bundle::files;
use cellflux_bundle::tensor::Tensor as StoredTensor;
use cellflux_bundle::torch_file;

pub use layers::{FEATURES, parameters};
pub use resize::{Preparation, SIDE};

use super::FeatureError;
use network::Network;

/// The beginning of the SHA-256 of the published weights, in hex, as in the file's name.
const PUBLISHED: &str = "6726825d";

/// Largest file of weights read; the published one is 91 MiB.
const MAX_BYTES: u64 = 1 << 30;

/// Images that go through the network at once; the largest feature map takes 5.5 MB for each.
const BATCH: usize = 8;

/// Inception-v3 with its weights.
#[derive(Debug)]
pub struct Inception {
    network: Network,
    preparation: Preparation,
    device: Device,
    sha256: Option<String>,
}

impl Inception {
    /// Reads the weights from a file of `torch.save`, in today's format or that from before `PyTorch` 1.6.
    ///
    /// # Errors
    /// [`FeatureError::Io`] where the file cannot be read, [`FeatureError::Weights`] where it is not such a
    /// file or lacks a tensor, [`FeatureError::Tensor`] when the device fails.
    pub fn open(path: &Path, preparation: Preparation, device: &Device) -> Result<Self, FeatureError> {
        let bytes = read(path)?;
        let tensors = torch_file::read(&bytes, &parameters()).map_err(|reason| FeatureError::Weights {
            path: path.to_owned(),
            reason: Box::new(reason),
        })?;
        let tensors = tensors
            .iter()
            .map(|(name, stored)| Ok((name.clone(), on_host(stored)?)))
            .collect::<candle_core::Result<_>>()?;
        Ok(Self {
            sha256: Some(files::digest(&bytes)),
            ..Self::of_tensors(&tensors, preparation, device)?
        })
    }

    /// The network on tensors by their names in the state dict ([`parameters`]).
    ///
    /// # Errors
    /// [`FeatureError::Tensor`] when one is missing or of another shape, or the device fails.
    pub fn of_tensors(
        tensors: &BTreeMap<String, Tensor>,
        preparation: Preparation,
        device: &Device,
    ) -> Result<Self, FeatureError> {
        Ok(Self {
            network: Network::new(tensors, device)?,
            preparation,
            device: device.clone(),
            sha256: None,
        })
    }

    /// A sentence where the file is not the published one; figures of other weights can be compared only with
    /// each other.
    pub fn warning(&self) -> Option<String> {
        match &self.sha256 {
            Some(found) if found.starts_with(PUBLISHED) => None,
            Some(found) => Some(format!(
                "these weights are not the file that FID figures are computed with (SHA-256 begins with {}, \
                 expected {PUBLISHED}); figures cannot be compared with published ones",
                found.get(..PUBLISHED.len()).unwrap_or(found)
            )),
            None => Some(
                "these weights come from no file; figures cannot be compared with published ones".to_owned(),
            ),
        }
    }

    /// SHA-256 of the weights' file in hex.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// Features `[N, 2048]`, f32, of images `[N, 3, H, W]` of bytes: red, green and blue in 0..=255
    /// ([`super::rgb`] makes them of other channels). H and W are at least 1; images are resized to 299x299.
    ///
    /// # Errors
    /// [`FeatureError::Shape`] when `images` is not such an array, [`FeatureError::Tensor`] when the device
    /// fails.
    pub fn features(&self, images: &[u8], shape: [usize; 4]) -> Result<Tensor, FeatureError> {
        let [count, channels, height, width] = shape;
        let values = channels * height * width;
        if channels != 3 || values == 0 || count == 0 || images.len() != count * values {
            return Err(FeatureError::Shape {
                what: "Inception's images",
                found: format!("{} bytes for {shape:?}", images.len()),
                expected: "[N, 3, H, W], none of them 0, and as many bytes".to_owned(),
            });
        }
        let parts = images
            .chunks(BATCH * values)
            .map(|part| {
                let images =
                    Tensor::from_slice(part, (part.len() / values, channels, height, width), &self.device)?;
                self.network.features(&self.preparation.apply(&images)?)
            })
            .collect::<candle_core::Result<Vec<_>>>()?;
        Ok(Tensor::cat(&parts, 0)?)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, FeatureError> {
    let length = std::fs::metadata(path).map_err(FeatureError::io(path))?.len();
    if length > MAX_BYTES {
        return Err(FeatureError::Shape {
            what: "the file of Inception's weights",
            found: format!("{length} bytes ({})", path.display()),
            expected: format!("at most {MAX_BYTES}"),
        });
    }
    cellflux_files::read(path).map_err(FeatureError::io(path))
}

fn on_host(stored: &StoredTensor) -> candle_core::Result<Tensor> {
    Tensor::from_vec(stored.to_f32(), stored.shape.as_slice(), &Device::Cpu)
}
