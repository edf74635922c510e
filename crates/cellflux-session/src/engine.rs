//! The two engines as one type, with one error that tells apart what a page must react to differently.

use std::future::Future;

use cellflux_candle::{CandleEngine, CandleError};
use cellflux_flow::field::{AdaptiveField, Engine, Field, Tolerance};
use cellflux_flow::guidance::Guidance;
use cellflux_wgpu::{GpuError, WgpuEngine, WgpuState};
use serde::Serialize;

/// The velocity network on whichever device was chosen.
#[derive(Debug)]
pub enum AnyEngine {
    /// On the CPU, through candle.
    Candle(Box<CandleEngine>),
    /// On a GPU (or its software stand-in), through wgpu.
    Wgpu(Box<WgpuEngine>),
}

/// A tensor on the CPU.
type CandleState = <CandleEngine as Field>::State;

/// A batch of images `[N, C, H, W]` on the engine's device.
#[derive(Clone, Debug)]
pub enum AnyState {
    /// A tensor on the CPU.
    Candle(CandleState),
    /// A buffer on a GPU.
    Wgpu(WgpuState),
}

/// Why an engine failed; [`EngineError::failure`] says what that means for the way on.
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

/// What a failure means for the way on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// There is no GPU here, or it gives no device: the CPU is the way on.
    NoAdapter,
    /// The GPU allows less than the network needs: the CPU is the way on.
    Limits,
    /// The device's memory is full: free some, or use the CPU.
    OutOfMemory,
    /// The device is gone: a new one goes on from the last step.
    DeviceLost,
    /// Anything else, such as a network that does not fit its weights.
    Other,
}

/// Which engine computes, on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineReport {
    /// `candle` or `wgpu`.
    pub engine: &'static str,
    /// The adapter in one line; `CPU` for candle.
    pub adapter: String,
    /// Whether a GPU engine computes on the CPU after all; false for candle, which never claims otherwise.
    pub software: bool,
    /// Storage of weights and activations, `f32` or `f16`.
    pub dtype: String,
    /// Whether a GPU engine's kernel variants are the adapter's `default` or `tuned` on it; nothing for candle.
    pub tiles: Option<&'static str>,
}

impl EngineError {
    /// What this means for the way on.
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

impl AnyEngine {
    /// Which engine this is.
    pub fn report(&self) -> EngineReport {
        match self {
            Self::Candle(_) => EngineReport {
                engine: "candle",
                adapter: "CPU".into(),
                software: false,
                dtype: "f32".into(),
                tiles: None,
            },
            Self::Wgpu(engine) => {
                let adapter = engine.gpu().report();
                let measured = engine.tuning().measured();
                let tuned = engine
                    .plan()
                    .sites()
                    .keys()
                    .any(|site| measured.contains_key(site));
                EngineReport {
                    engine: "wgpu",
                    adapter: adapter.to_string(),
                    software: adapter.software,
                    dtype: engine.precision().to_string(),
                    tiles: Some(if tuned { "tuned" } else { "default" }),
                }
            }
        }
    }
}

impl From<CandleEngine> for AnyEngine {
    fn from(engine: CandleEngine) -> Self {
        Self::Candle(Box::new(engine))
    }
}

impl From<WgpuEngine> for AnyEngine {
    fn from(engine: WgpuEngine) -> Self {
        Self::Wgpu(Box::new(engine))
    }
}

impl AnyState {
    fn candle(&self) -> Result<&CandleState, EngineError> {
        match self {
            Self::Candle(state) => Ok(state),
            Self::Wgpu(_) => Err(EngineError::ForeignState),
        }
    }

    fn wgpu(&self) -> Result<&WgpuState, EngineError> {
        match self {
            Self::Wgpu(state) => Ok(state),
            Self::Candle(_) => Err(EngineError::ForeignState),
        }
    }
}

impl Field for AnyEngine {
    type State = AnyState;
    type Error = EngineError;

    fn velocity(&mut self, t: f64, x: &AnyState) -> Result<AnyState, EngineError> {
        Ok(match self {
            Self::Candle(engine) => AnyState::Candle(engine.velocity(t, x.candle()?)?),
            Self::Wgpu(engine) => AnyState::Wgpu(engine.velocity(t, x.wgpu()?)?),
        })
    }

    fn combine(&mut self, terms: &[(f64, &AnyState)]) -> Result<AnyState, EngineError> {
        Ok(match self {
            Self::Candle(engine) => {
                let terms: Vec<_> = terms
                    .iter()
                    .map(|(weight, x)| Ok((*weight, x.candle()?)))
                    .collect::<Result<_, EngineError>>()?;
                AnyState::Candle(engine.combine(&terms)?)
            }
            Self::Wgpu(engine) => {
                let terms: Vec<_> = terms
                    .iter()
                    .map(|(weight, x)| Ok((*weight, x.wgpu()?)))
                    .collect::<Result<_, EngineError>>()?;
                AnyState::Wgpu(engine.combine(&terms)?)
            }
        })
    }
}

impl AdaptiveField for AnyEngine {
    async fn error_norm(
        &mut self,
        error: &AnyState,
        from: &AnyState,
        to: &AnyState,
        tolerance: Tolerance,
    ) -> Result<f64, EngineError> {
        Ok(match self {
            Self::Candle(engine) => {
                engine
                    .error_norm(error.candle()?, from.candle()?, to.candle()?, tolerance)
                    .await?
            }
            Self::Wgpu(engine) => {
                engine
                    .error_norm(error.wgpu()?, from.wgpu()?, to.wgpu()?, tolerance)
                    .await?
            }
        })
    }
}

/// A read-back that was started on either engine.
enum Reading<A, B> {
    Candle(A),
    Wgpu(B),
}

impl Engine for AnyEngine {
    fn upload(&mut self, values: &[f32]) -> Result<AnyState, EngineError> {
        Ok(match self {
            Self::Candle(engine) => AnyState::Candle(engine.upload(values)?),
            Self::Wgpu(engine) => AnyState::Wgpu(engine.upload(values)?),
        })
    }

    fn read(&mut self, state: &AnyState) -> impl Future<Output = Result<Vec<f32>, EngineError>> + use<> {
        let reading = match self {
            Self::Candle(engine) => state.candle().map(|state| Reading::Candle(engine.read(state))),
            Self::Wgpu(engine) => state.wgpu().map(|state| Reading::Wgpu(engine.read(state))),
        };
        async move {
            match reading? {
                Reading::Candle(values) => Ok(values.await?),
                Reading::Wgpu(values) => Ok(values.await?),
            }
        }
    }

    fn condition(&mut self, conditions: &[Vec<f32>], guidance: Guidance) -> Result<(), EngineError> {
        match self {
            Self::Candle(engine) => engine.condition(conditions, guidance)?,
            Self::Wgpu(engine) => engine.condition(conditions, guidance)?,
        }
        Ok(())
    }

    fn evaluate(
        &mut self,
        x: &AnyState,
        t: &[f64],
        conditions: &[Option<&[f32]>],
    ) -> Result<AnyState, EngineError> {
        Ok(match self {
            Self::Candle(engine) => AnyState::Candle(engine.evaluate(x.candle()?, t, conditions)?),
            Self::Wgpu(engine) => AnyState::Wgpu(engine.evaluate(x.wgpu()?, t, conditions)?),
        })
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
