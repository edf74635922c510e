//! The two engines as one type.

use std::future::Future;

use cellflux_candle::CandleEngine;
use cellflux_flow::field::{AdaptiveField, Engine, Field, Tolerance};
use cellflux_flow::guidance::Guidance;
use cellflux_wgpu::{WgpuEngine, WgpuState};

use crate::error::EngineError;

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
