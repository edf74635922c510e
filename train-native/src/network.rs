//! The velocity network with its table of conditions: what the loss, validation and sampling see.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use cellflux_bundle::UNetConfig;
use cellflux_candle::{CandleError, Operations, UNet};

use crate::TrainError;
use crate::step::{Parameters, Velocity, named_parameters};
use cellflux_data::ConditionTable;

/// A U-Net and the vectors of its conditions.
#[derive(Clone, Debug)]
pub struct Network {
    unet: UNet,
    conditions: Arc<ConditionTable>,
    dtype: DType,
    device: Device,
}

impl Network {
    /// The network on trainable parameters.
    ///
    /// # Errors
    /// [`TrainError::Candle`] when the parameters belong to another network.
    pub fn trainable(
        config: &UNetConfig,
        parameters: &Parameters,
        conditions: Arc<ConditionTable>,
        operations: Arc<dyn Operations>,
    ) -> Result<Self, TrainError> {
        Ok(Self {
            unet: UNet::with_operations(config, &parameters.builder(), operations)?,
            conditions,
            dtype: parameters.dtype(),
            device: parameters.device().clone(),
        })
    }

    /// The network on constant weights `[P]` in f32: for validation and sampling.
    ///
    /// # Errors
    /// [`TrainError::Candle`] when the weights belong to another network.
    pub fn constant(
        config: &UNetConfig,
        weights: &Tensor,
        conditions: Arc<ConditionTable>,
        operations: &Arc<dyn Operations>,
    ) -> Result<Self, TrainError> {
        let device = weights.device().clone();
        let builder = VarBuilder::from_tensors(named_parameters(config, weights)?, DType::F32, &device);
        // On a CPU the network itself chooses the fastest operations for constants.
        let unet = if device.is_cpu() {
            UNet::new(config, &builder)?
        } else {
            UNet::with_operations(config, &builder, Arc::clone(operations))?
        };
        Ok(Self {
            unet,
            conditions,
            dtype: DType::F32,
            device,
        })
    }

    /// The U-Net alone.
    pub fn into_unet(self) -> UNet {
        self.unet
    }
}

impl Velocity for Network {
    fn velocity(
        &self,
        x: &Tensor,
        times: &[f64],
        conditions: &[Option<u32>],
        dropout: Option<u64>,
    ) -> Result<Tensor, TrainError> {
        let rows = conditions
            .iter()
            .map(|row| row.map(|row| self.row(row)).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        let embedded = self.unet.embed_conditions(&rows, &self.device)?;
        let x = x.to_dtype(self.dtype)?;
        let velocity = self.unet.forward(&x, times, Some(&embedded), dropout)?;
        Ok(velocity.to_dtype(DType::F32)?)
    }
}

impl Network {
    fn row(&self, row: u32) -> Result<&[f32], TrainError> {
        let unknown = CandleError::Length {
            what: "the table of conditions",
            found: self.conditions.rows().len(),
            expected: format!("a row {row}"),
        };
        Ok(self.conditions.row(row).ok_or(unknown)?)
    }
}
