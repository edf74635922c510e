//! The weights that a run starts from where it does not start anew: another network's, read from a checkpoint
//! of the public trainer, a state dict, a bundle, or a checkpoint of another run.

use std::io::Cursor;
use std::path::Path;

use candle_core::Device;
use cellflux_bundle::pth::{self, Weights};
use cellflux_bundle::topology::Parameter;
use cellflux_bundle::{BundleError, StateDict, UNetConfig, folder};
use toml::Table;

use super::checkpoint::{self, Checkpoint};
use super::{CHECKPOINTS, CONFIG};
use crate::TrainError;
use crate::condition_layer;
use crate::config::NetworkConfig;
use crate::step::{layout, parameter_count};

/// The first bytes of a zip, which a `.pth` is.
const ZIP: &[u8] = b"PK\x03\x04";

/// Weights to start from.
#[derive(Clone, Debug, PartialEq)]
pub struct Initial {
    /// All parameters `[P]` in the topology's order.
    pub weights: Vec<f32>,
    /// Which weights these are, and what was changed or left out while reading, a sentence each.
    pub notes: Vec<String>,
}

/// Reads the weights of the network `config`, which reads its condition vectors multiplied by `scale`
/// (`conditions.scale`), from `path`: a `.pth` (its averaged weights, where it has them),
/// a safetensors file with the public network's names, a bundle's folder, a run's folder (its newest
/// checkpoint) or a checkpoint of a run (averaged weights).
///
/// # Errors
/// [`TrainError::Io`]; [`TrainError::Checkpoint`] for a file of another kind, and for another network's
/// weights, with the first tensor that differs and the shape that was expected.
pub fn read(path: &Path, config: &UNetConfig, scale: f64) -> Result<Initial, TrainError> {
    let mut initial = read_unscaled(path, config)?;
    condition_layer::multiply(config, &mut initial.weights, 1.0 / scale);
    Ok(initial)
}

/// The weights for condition vectors as they are.
fn read_unscaled(path: &Path, config: &UNetConfig) -> Result<Initial, TrainError> {
    let refuse = |reason: String| TrainError::Checkpoint {
        path: path.to_path_buf(),
        reason,
    };
    let differs = |error: BundleError| refuse(sentence(&error));
    if path.is_dir() {
        let checkpoints = path.join(CHECKPOINTS);
        if checkpoints.is_dir() && path.join(CONFIG).is_file() {
            let (path, read) = checkpoint::load(&checkpoints, None, &Device::Cpu)?;
            return of_run(&path, &read, config);
        }
        let bundle = folder::read(path).map_err(differs)?;
        bundle.weights.check(config).map_err(differs)?;
        let note = format!("the weights of the bundle {}", bundle.manifest.id);
        return flat(&bundle.weights, config, vec![note]).map_err(differs);
    }
    let bytes = cellflux_files::read(path).map_err(TrainError::io(path))?;
    if let Some(kind) = pth::other_kind(&bytes) {
        return Err(refuse(format!("it is {kind}")));
    }
    if bytes.starts_with(ZIP) {
        let imported = pth::read(Cursor::new(bytes), config, Weights::Averaged).map_err(differs)?;
        let kind = match imported.kind {
            Weights::Averaged => "its averaged weights",
            Weights::Trained => "its weights as trained, since it has no averaged ones",
        };
        let notes = std::iter::once(kind.to_owned()).chain(imported.notes);
        return flat(&imported.weights, config, notes.collect()).map_err(differs);
    }
    if checkpoint::is_of_run(&bytes) {
        return of_run(path, &Checkpoint::load(path, &Device::Cpu)?, config);
    }
    let weights = StateDict::from_safetensors(&bytes, config).map_err(differs)?;
    flat(&weights, config, vec!["its weights as stored".to_owned()]).map_err(differs)
}

/// What is said of weights of another network.
const ANOTHER: &str = "it holds another network than the run, whose [network], image channels and conditions \
    decide its own";

/// Why these are not the network's weights.
fn sentence(error: &BundleError) -> String {
    let another = matches!(
        error,
        BundleError::MissingTensor { .. } | BundleError::UnexpectedTensor { .. } | BundleError::Shape { .. }
    );
    if another {
        format!("{error}; {ANOTHER}")
    } else {
        error.to_string()
    }
}

/// The tensors one after the other.
fn flat(weights: &StateDict, config: &UNetConfig, notes: Vec<String>) -> Result<Initial, BundleError> {
    let mut all = Vec::with_capacity(parameter_count(config));
    for parameter in layout(config) {
        all.extend(weights.get(&parameter.name)?.to_f32());
    }
    Ok(Initial { weights: all, notes })
}

/// A run's averaged weights. A checkpoint has one flat tensor `[P]`, whose parts follow from its config.
fn of_run(path: &Path, checkpoint: &Checkpoint, config: &UNetConfig) -> Result<Initial, TrainError> {
    let refuse = |reason: String| TrainError::Checkpoint {
        path: path.to_path_buf(),
        reason,
    };
    let expected = layout(config);
    if let Some(found) = layout_of(&checkpoint.progress.config, config)
        && let Some(difference) = difference(&found, &expected)
    {
        return Err(refuse(format!("{difference}; {ANOTHER}")));
    }
    let mut weights: Vec<f32> = checkpoint.state.averaged.to_vec1()?;
    if weights.len() != parameter_count(config) {
        return Err(refuse(format!(
            "it has {} parameters, expected {}; {ANOTHER}",
            weights.len(),
            parameter_count(config)
        )));
    }
    condition_layer::multiply(config, &mut weights, scale_of(&checkpoint.progress.config));
    let note = format!("the averaged weights of step {}", checkpoint.progress.step);
    Ok(Initial {
        weights,
        notes: vec![note],
    })
}

/// The parameters of the run that wrote this config, for the images and conditions of the network `now`; none
/// for a config that cannot be read.
fn layout_of(written: &str, now: &UNetConfig) -> Option<Vec<Parameter>> {
    let written: Table = written.parse().ok()?;
    let network: NetworkConfig = written.get("network")?.clone().try_into().ok()?;
    Some(layout(&network.unet(now.in_channels, now.condition_dim).ok()?))
}

/// What the run that wrote this config multiplied its condition vectors by; 1 where the config says nothing.
fn scale_of(written: &str) -> f64 {
    let scale = written.parse::<Table>().ok().and_then(|table| {
        let scale = table.get("conditions")?.get("scale")?;
        scale.as_float().or_else(|| Some(scale.as_integer()? as f64))
    });
    scale.unwrap_or(1.0)
}

/// The first parameter that differs, as a sentence.
fn difference(found: &[Parameter], expected: &[Parameter]) -> Option<String> {
    for parameter in expected {
        match found.iter().find(|other| other.name == parameter.name) {
            None => {
                return Some(format!(
                    "tensor {} is missing, expected one with shape {:?}",
                    parameter.name, parameter.shape
                ));
            }
            Some(other) if other.shape != parameter.shape => {
                return Some(format!(
                    "tensor {} has shape {:?}, expected {:?}",
                    parameter.name, other.shape, parameter.shape
                ));
            }
            Some(_) => {}
        }
    }
    let more = found
        .iter()
        .find(|other| expected.iter().all(|parameter| parameter.name != other.name))?;
    Some(format!(
        "tensor {} is there, expected none of this name",
        more.name
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cellflux_bundle::tensor::{Tensor, Values};

    use super::*;
    use crate::step::initial_weights;

    fn network(condition_dim: usize) -> UNetConfig {
        UNetConfig {
            model_channels: 32,
            channel_mult: vec![1, 1],
            attention_resolutions: Vec::new(),
            num_res_blocks: 1,
            condition_dim,
            ..UNetConfig::preset("tiny").unwrap()
        }
    }

    fn state_dict(config: &UNetConfig, weights: &[f32]) -> StateDict {
        let mut start = 0;
        let mut tensors = BTreeMap::new();
        for parameter in layout(config) {
            let values = weights[start..start + parameter.len()].to_vec();
            start += parameter.len();
            let shape = parameter.shape.clone();
            tensors.insert(
                parameter.name,
                Tensor {
                    shape,
                    values: Values::F32(values),
                },
            );
        }
        StateDict::from_tensors(tensors, config).unwrap()
    }

    #[test]
    fn a_state_dict_gives_the_weights_in_the_flat_tensor_s_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let config = network(8);
        let weights = initial_weights(&config, 9);
        let bytes = state_dict(&config, &weights).to_safetensors(&config).unwrap();
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(read(&path, &config, 1.0).unwrap().weights, weights);
    }

    #[test]
    fn another_network_s_weights_are_refused_with_the_tensor_and_the_expected_shape() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let config = network(8);
        let bytes = state_dict(&config, &initial_weights(&config, 9))
            .to_safetensors(&config)
            .unwrap();
        std::fs::write(&path, bytes).unwrap();
        let message = read(&path, &network(5), 1.0).unwrap_err().to_string();
        for part in [
            "weights.safetensors",
            "mol_embed_transform",
            "8]",
            "5]",
            "another network",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
        // A wider network differs in its very first tensor.
        let wider = UNetConfig {
            model_channels: 64,
            ..network(8)
        };
        let message = difference(&layout(&config), &layout(&wider)).unwrap();
        assert!(
            message.starts_with("tensor mol_embed_transform.weight has shape "),
            "{message}"
        );
        assert_eq!(difference(&layout(&config), &layout(&config)), None);
        std::fs::write(&path, b"{\"not\": \"weights\"}").unwrap();
        let message = read(&path, &config, 1.0).unwrap_err().to_string();
        assert!(message.contains("JSON"), "{message}");
    }
}
