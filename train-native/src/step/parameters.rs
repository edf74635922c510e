//! The network's parameters: one flat tensor for the optimiser, variables by name for the network.

use std::collections::HashMap;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use cellflux_bundle::UNetConfig;
use cellflux_bundle::topology::{Parameter, Topology};

use crate::TrainError;

/// The trainable variables of a network, in the number format in which it computes, and their places in the
/// flat tensor `[P]` of all parameters (the topology's order).
#[derive(Debug)]
pub struct Parameters {
    layout: Vec<Parameter>,
    variables: Vec<Var>,
    dtype: DType,
    device: Device,
}

impl Parameters {
    /// Variables that hold `weights` `[P]` (f32, on the network's device) in the format `dtype`.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] when the length of `weights` is not that of the network of `config`.
    pub fn new(config: &UNetConfig, weights: &Tensor, dtype: DType) -> Result<Self, TrainError> {
        Self::of_layout(layout(config), weights, dtype)
    }

    /// The same for any layout of the flat tensor.
    pub(super) fn of_layout(
        layout: Vec<Parameter>,
        weights: &Tensor,
        dtype: DType,
    ) -> Result<Self, TrainError> {
        let variables = slices(&layout, weights)?
            .iter()
            .map(|slice| Var::from_tensor(&slice.to_dtype(dtype)?))
            .collect::<candle_core::Result<_>>()?;
        Ok(Self {
            layout,
            variables,
            dtype,
            device: weights.device().clone(),
        })
    }

    /// The variables under their public names, to build the network on.
    pub fn builder(&self) -> VarBuilder<'static> {
        let tensors = self.layout.iter().zip(&self.variables);
        let tensors = tensors
            .map(|(parameter, variable)| (parameter.name.clone(), variable.as_tensor().clone()))
            .collect();
        VarBuilder::from_tensors(tensors, self.dtype, &self.device)
    }

    /// Copies `weights` `[P]` into the variables; the network sees them from then on.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] when the lengths differ.
    pub fn set(&self, weights: &Tensor) -> Result<(), TrainError> {
        for (variable, slice) in self.variables.iter().zip(slices(&self.layout, weights)?) {
            variable.set(&slice.to_dtype(self.dtype)?)?;
        }
        Ok(())
    }

    /// The gradient `[P]` in f32; zero for a parameter that was not used.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] when candle fails.
    pub fn flat_gradient(&self, gradients: &GradStore) -> Result<Tensor, TrainError> {
        let parts = self
            .variables
            .iter()
            .map(|variable| match gradients.get(variable.as_tensor()) {
                Some(gradient) => gradient.flatten_all()?.to_dtype(DType::F32),
                None => Tensor::zeros(variable.elem_count(), DType::F32, &self.device),
            })
            .collect::<candle_core::Result<Vec<_>>>()?;
        Ok(Tensor::cat(&parts, 0)?)
    }

    /// The variables in the layout's order.
    #[cfg(test)]
    pub(super) fn variables(&self) -> &[Var] {
        &self.variables
    }

    /// Number format of the variables.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Where the variables are.
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// All parameters of a network in the order of the flat tensor.
pub(crate) fn layout(config: &UNetConfig) -> Vec<Parameter> {
    Topology::new(config).parameters(config)
}

/// Number of parameters of a network, the length P of the flat tensor.
pub fn parameter_count(config: &UNetConfig) -> usize {
    layout(config).iter().map(Parameter::len).sum()
}

/// The parts of the flat tensor `[P]` of all parameters by name, as constants.
///
/// # Errors
/// [`TrainError::Tensor`] when the length of `flat` is not that of the network of `config`.
pub fn named_parameters(config: &UNetConfig, flat: &Tensor) -> Result<HashMap<String, Tensor>, TrainError> {
    let layout = layout(config);
    let parts = slices(&layout, flat)?;
    let names = layout.into_iter().map(|parameter| parameter.name);
    Ok(names.zip(parts).collect())
}

/// The flat tensor's parts in their shapes.
fn slices(layout: &[Parameter], flat: &Tensor) -> candle_core::Result<Vec<Tensor>> {
    let count: usize = layout.iter().map(Parameter::len).sum();
    if flat.dims() != [count] {
        candle_core::bail!("{count} parameters expected, found a tensor {:?}", flat.shape());
    }
    let mut start = 0;
    layout
        .iter()
        .map(|parameter| {
            let slice = flat.narrow(0, start, parameter.len())?;
            start += parameter.len();
            slice.reshape(parameter.shape.as_slice())
        })
        .collect()
}
