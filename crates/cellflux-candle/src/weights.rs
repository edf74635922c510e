//! The way of a state dict's tensors into candle.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::state_dict::StateDict;

use crate::CandleError;

/// Copies the tensors of `config`'s network out of `state`, as f32 on `device`, under their public names.
///
/// # Errors
/// [`CandleError::Bundle`] names the first tensor that the network lacks, or that does not fit it.
pub fn from_state_dict(
    config: &UNetConfig,
    state: &StateDict,
    device: &Device,
) -> Result<VarBuilder<'static>, CandleError> {
    state.check(config)?;
    let mut tensors = HashMap::new();
    for (name, tensor) in &state.tensors {
        let values = Tensor::from_vec(tensor.to_f32(), tensor.shape.as_slice(), device)?;
        tensors.insert(name.clone(), values);
    }
    Ok(VarBuilder::from_tensors(tensors, DType::F32, device))
}
