//! What is evaluated: a bundle, or a run as the bundle that it would export.

use std::path::Path;

use candle_core::DType;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::{Bundle, folder};
use cellflux_candle::weights::from_state_dict;
use cellflux_candle::{CandleEngine, UNet};
use cellflux_data::Experiment;
use cellflux_image::ImageSpec;

use super::EvaluateError;
use crate::TrainError;
use crate::config::{DeviceChoice, OpsChoice};

use crate::export::{Options, export};
use crate::material::Material;
use crate::run::checkpoint::Checkpoint;
use crate::sampling::recommended;

/// A network with its conditions and sampling.
#[derive(Debug)]
pub struct Subject {
    /// The bundle.
    pub bundle: Bundle,
    /// Digest of its weights as stored.
    pub digest: String,
    /// Whether figures may be attached to a bundle: those of a run's checkpoint may not, whose weights are
    /// stored in no bundle yet.
    pub attachable: bool,
}

impl Subject {
    /// The bundle in a folder.
    ///
    /// # Errors
    /// [`EvaluateError::Bundle`] for a folder that holds none.
    pub fn of_bundle(path: &Path) -> Result<Self, EvaluateError> {
        let bundle = folder::read(path)?;
        Ok(Self {
            digest: bundle.manifest.weights_digest()?,
            bundle,
            attachable: true,
        })
    }

    /// A checkpoint's averaged weights in f32, with everything else as the run's export would have it.
    ///
    /// # Errors
    /// [`EvaluateError::Train`] for what cannot be exported.
    pub fn of_run(material: &Material, checkpoint: &Checkpoint) -> Result<Self, EvaluateError> {
        let options = Options {
            dtype: WeightDtype::F32,
            controls: 0,
            sampling: recommended(&material.config.training),
        };
        let packed = export(material, checkpoint, &options)?.draft.pack()?;
        Ok(Self {
            digest: packed.manifest.weights_digest()?,
            bundle: packed.published()?,
            attachable: false,
        })
    }

    /// Refuses an experiment of other images than the network's.
    ///
    /// # Errors
    /// [`EvaluateError::Images`] with both.
    pub fn accepts(&self, experiment: &Experiment) -> Result<(), EvaluateError> {
        let (own, given) = (&self.bundle.manifest.image, experiment.spec());
        let same_meaning = own.coding == given.coding && names(own) == names(given);
        if (own.height, own.width) == (given.height, given.width) && same_meaning {
            return Ok(());
        }
        // The coding is told only where it is what differs.
        let with_coding = own.coding != given.coding;
        Err(EvaluateError::Images {
            found: described(given, with_coding),
            expected: described(own, with_coding),
        })
    }

    /// The network on a device.
    ///
    /// # Errors
    /// [`EvaluateError::Train`] for a device that is not there and weights that are not the network's.
    pub fn engine(&self, device: DeviceChoice) -> Result<CandleEngine, EvaluateError> {
        Ok(self.opened(device)?)
    }

    fn opened(&self, device: DeviceChoice) -> Result<CandleEngine, TrainError> {
        let manifest = &self.bundle.manifest;
        let (config, weights) = (&manifest.model.config, &self.bundle.weights);
        let (height, width) = (manifest.image.height, manifest.image.width);
        let device = device.open()?;
        if device.is_cpu() {
            return Ok(CandleEngine::new(config, weights, height, width)?);
        }
        let parameters = from_state_dict(config, weights, &device)?;
        let operations = OpsChoice::Fused.operations(&device, DType::F32, false)?;
        let network = UNet::with_operations(config, &parameters, operations)?;
        Ok(CandleEngine::of_network(network, height, width)?)
    }
}

fn names(spec: &ImageSpec) -> Vec<&str> {
    spec.channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect()
}

fn described(spec: &ImageSpec, with_coding: bool) -> String {
    let size = format!(
        "{} x {} px of {}",
        spec.height,
        spec.width,
        names(spec).join(", ")
    );
    if with_coding {
        return format!("{size}, coded as {:?}", spec.coding);
    }
    size
}
