//! The device of a run, and who carries out the network's operations on it.

use std::sync::Arc;

use candle_core::{DType, Device};
use cellflux_candle::Operations;
use cellflux_candle::cpu_training::CpuTraining;
use cellflux_candle::operations::Plain;

use crate::TrainError;
use crate::config::{DeviceChoice, OpsChoice, Precision};

impl DeviceChoice {
    /// The device itself.
    ///
    /// # Errors
    /// [`TrainError::Device`] when there is no such GPU, or this program was built without CUDA.
    pub fn open(self) -> Result<Device, TrainError> {
        let Self::Cuda(index) = self else {
            return Ok(Device::Cpu);
        };
        if !candle_core::utils::cuda_is_available() {
            return Err(TrainError::Device {
                wanted: self.to_string(),
                reason: "this program was built for the CPU only; build it with --features cudnn, or use --device cpu".into(),
            });
        }
        Device::new_cuda(index).map_err(|error| TrainError::Device {
            wanted: self.to_string(),
            reason: error.to_string(),
        })
    }
}

impl Precision {
    /// candle's name of it.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
        }
    }
}

impl OpsChoice {
    /// The operations to train with on `device`.
    pub fn operations(self, device: &Device) -> Arc<dyn Operations> {
        match self {
            Self::Fused if device.is_cpu() => Arc::new(CpuTraining),
            Self::Candle | Self::Fused => Arc::new(Plain),
        }
    }
}
