//! Why an engine failed, and what a program can do about it.

use cellflux_candle::CandleError;
use cellflux_wgpu::GpuError;
use serde::Serialize;

/// Why an engine failed; [`EngineError::failure`] says what a program can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The CPU engine.
    #[error(transparent)]
    Candle(#[from] CandleError),
    /// The GPU engine.
    #[error(transparent)]
    Wgpu(#[from] GpuError),
    /// A state of one engine was given to the other.
    #[error("the image is on another engine's device, expected one of this engine")]
    ForeignState,
}

/// What a program can do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// There is no GPU here, or it gives no device: use the CPU.
    NoAdapter,
    /// The GPU allows less than the network needs: use the CPU.
    Limits,
    /// The device's memory is full: free some, or use the CPU.
    OutOfMemory,
    /// The device is gone: open a new one and go on from the last step.
    DeviceLost,
    /// Anything else, such as a network that does not fit its weights.
    Other,
}

impl EngineError {
    /// What a program can do about it.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Wgpu(GpuError::NoAdapter { .. } | GpuError::NoDevice { .. }) => Failure::NoAdapter,
            Self::Wgpu(GpuError::Limit { .. } | GpuError::NoHalfPrecision { .. }) => Failure::Limits,
            Self::Wgpu(GpuError::OutOfMemory { .. }) => Failure::OutOfMemory,
            Self::Wgpu(GpuError::DeviceLost { .. }) => Failure::DeviceLost,
            _ => Failure::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_that_need_different_answers_are_told_apart() {
        let reason = || String::from("x");
        let cases = [
            (GpuError::NoAdapter { reason: reason() }, Failure::NoAdapter),
            (GpuError::OutOfMemory { needed_mib: 1 }, Failure::OutOfMemory),
            (GpuError::DeviceLost { reason: reason() }, Failure::DeviceLost),
            (GpuError::NoHalfPrecision { adapter: reason() }, Failure::Limits),
            (GpuError::Device { message: reason() }, Failure::Other),
        ];
        for (error, failure) in cases {
            let message = error.to_string();
            let error = EngineError::from(error);
            assert_eq!(error.failure(), failure);
            assert_eq!(error.to_string(), message);
        }
        assert_eq!(
            EngineError::from(CandleError::NoCondition).failure(),
            Failure::Other
        );
    }
}
