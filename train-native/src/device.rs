//! The device of a run, and who carries out the network's operations on it.

use std::io::{Write as _, stderr};
use std::sync::Arc;

use candle_core::{DType, Device};
use cellflux_candle::Operations;
use cellflux_candle::Plain;
use cellflux_candle::cpu_training::CpuTraining;
use cellflux_fused::check::check;
use cellflux_fused::convolution::Treatment;
use cellflux_fused::{Fused, Kind, adamw};

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
                reason: "this program was built for the CPU only; build it with --features cudnn, or use \
                    --device cpu"
                    .into(),
            });
        }
        open_gpu(index).map_err(|error| TrainError::Device {
            wanted: self.to_string(),
            reason: error.to_string(),
        })
    }

    /// The device itself, for computing in this precision.
    ///
    /// # Errors
    /// As [`Self::open`], and [`TrainError::Device`] where the device does not compute in it.
    pub fn open_for(self, precision: Precision) -> Result<Device, TrainError> {
        let device = self.open()?;
        if precision.is_computed_on(&device) {
            return Ok(device);
        }
        Err(TrainError::Device {
            wanted: self.to_string(),
            reason: "candle multiplies no bf16 matrices on a CPU; use --precision f32 or f16, or a GPU"
                .into(),
        })
    }
}

impl Precision {
    /// Whether a network can be computed in it there: candle has no matrix product of bf16 on a CPU.
    pub fn is_computed_on(self, device: &Device) -> bool {
        self != Self::Bf16 || !device.is_cpu()
    }

    /// candle's name of it.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
        }
    }
}

#[cfg(feature = "cudnn")]
fn open_gpu(index: usize) -> candle_core::Result<Device> {
    cellflux_fused::cuda::device::open(index)
}

#[cfg(not(feature = "cudnn"))]
fn open_gpu(index: usize) -> candle_core::Result<Device> {
    Device::new_cuda(index)
}

impl OpsChoice {
    /// The operations for `device` and `dtype`. On a GPU every fused operation is first
    /// compared with its twin; one that differs is replaced by it, with a warning that names it.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] when the device fails.
    pub fn operations(
        self,
        device: &Device,
        dtype: DType,
        deterministic: bool,
    ) -> Result<Arc<dyn Operations>, TrainError> {
        Ok(match self {
            Self::Fused if device.is_cpu() => Arc::new(CpuTraining),
            Self::Fused if cfg!(feature = "cudnn") => Arc::new(checked(device, dtype, deterministic)?),
            Self::Candle | Self::Fused => Arc::new(Plain),
        })
    }
}

fn checked(device: &Device, dtype: DType, deterministic: bool) -> Result<Fused, TrainError> {
    let treatment = Treatment {
        tf32: dtype == DType::F32 && !deterministic,
        deterministic,
    };
    let mut fused = Fused::new(dtype, treatment);
    for finding in check(device, dtype, treatment)? {
        if !finding.holds() {
            // `eprintln!` would panic where nobody reads it.
            let _ = writeln!(stderr(), "warning: {finding}; its plain twin is used instead");
            fused = fused.with_twins([finding.kind]);
            if finding.kind == Kind::Optimiser {
                adamw::replace();
            }
        }
    }
    Ok(fused)
}
