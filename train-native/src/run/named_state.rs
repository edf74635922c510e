//! A checkpoint as other programs read it: weights, averages and moments, each parameter under its own name.

use std::collections::HashMap;
use std::path::Path;

use cellflux_bundle::UNetConfig;
use safetensors::SafeTensorError;
use safetensors::serialize;
use safetensors::tensor::{Dtype, TensorView};

use super::checkpoint::Checkpoint;
use crate::TrainError;
use crate::step::named_parameters;

/// The bytes of a safetensors file in which every parameter of `network` stands four times, as f32 in its own
/// shape: `weights.NAME` as the optimiser has it, `averaged.NAME`, and `first.NAME` and `second.NAME` for the
/// moments of Adam. Metadata: `step` and `updates`. `path` is where the file will lie, for messages.
///
/// # Errors
/// [`TrainError::Tensor`] for a checkpoint of another network, [`TrainError::Checkpoint`] for one that
/// safetensors cannot hold.
pub fn named_state(
    network: &UNetConfig,
    checkpoint: &Checkpoint,
    path: &Path,
) -> Result<Vec<u8>, TrainError> {
    let state = &checkpoint.state;
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for (part, flat) in [
        ("weights", &state.weights),
        ("averaged", &state.averaged),
        ("first", &state.first),
        ("second", &state.second),
    ] {
        for (name, tensor) in named_parameters(network, flat)? {
            let values: Vec<f32> = tensor.flatten_all()?.to_vec1()?;
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            tensors.push((format!("{part}.{name}"), tensor.dims().to_vec(), bytes));
        }
    }
    let refuse = |error: SafeTensorError| TrainError::Checkpoint {
        path: path.to_path_buf(),
        reason: error.to_string(),
    };
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()
        .map_err(refuse)?;
    let metadata = HashMap::from([
        ("step".to_owned(), checkpoint.progress.step.to_string()),
        ("updates".to_owned(), checkpoint.progress.updates.to_string()),
    ]);
    serialize(views, Some(metadata)).map_err(refuse)
}
