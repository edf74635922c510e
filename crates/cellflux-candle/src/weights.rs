//! A state dict's tensors as candle's.

use std::collections::HashMap;

use candle_core::{DType, Device, Error, Result, Shape, Tensor};
use candle_nn::var_builder::{SimpleBackend, VarBuilder};
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
) -> std::result::Result<VarBuilder<'static>, CandleError> {
    state.check(config)?;
    let mut tensors = HashMap::new();
    for (name, tensor) in &state.tensors {
        let values = Tensor::from_vec(tensor.to_f32(), tensor.shape.as_slice(), device)?;
        tensors.insert(name.clone(), values);
    }
    let constants = Box::new(Constants(tensors));
    Ok(VarBuilder::from_backend(constants, DType::F32, device.clone()))
}

/// Tensors by name, given as they are: candle's own map of tensors converts between all number types, and a
/// page would carry the code for that.
struct Constants(HashMap<String, Tensor>);

impl SimpleBackend for Constants {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: candle_nn::Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let tensor = self.get_unchecked(name, dtype, device)?;
        if *tensor.shape() != shape {
            return Err(Error::UnexpectedShape {
                msg: format!("shape mismatch for {name}"),
                expected: shape,
                got: tensor.shape().clone(),
            });
        }
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let Some(tensor) = self.0.get(name) else {
            return Err(Error::CannotFindTensor { path: name.into() });
        };
        if tensor.dtype() != dtype || !tensor.device().same_device(device) {
            candle_core::bail!(
                "{name} is {:?} on {:?}, not {dtype:?} on {device:?}",
                tensor.dtype(),
                tensor.device()
            );
        }
        Ok(tensor.clone())
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}
