//! The network as an engine: states are candle tensors on the network's device, guidance is one batch of two.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::state_dict::StateDict;
use cellflux_flow::field::{AdaptiveField, Engine, Field, Tolerance};
use cellflux_flow::guidance::Guidance;

use crate::inference::Inference;
use crate::{CandleError, UNet, split, weights};

/// The guided velocity field of a batch of images, on the network's device.
#[derive(Debug)]
pub struct CandleEngine {
    network: UNet,
    height: usize,
    width: usize,
    guided: Option<Guided>,
}

/// What [`Field::velocity`] evaluates: every image once per branch, the branches stacked into one batch.
#[derive(Debug)]
struct Guided {
    images: usize,
    /// Weight of each branch's velocity; the weights add up to 1.
    branches: Vec<f64>,
    /// Embedded conditions of the stacked batch; `None` when no branch has a condition.
    conditions: Option<Tensor>,
}

impl CandleEngine {
    /// Loads `config`'s network from `state` on the CPU, for images of `height` x `width` pixels.
    ///
    /// # Errors
    /// [`CandleError::Config`] for an impossible config or size, [`CandleError::Bundle`] for a state dict
    /// that does not fit it.
    pub fn new(
        config: &UNetConfig,
        state: &StateDict,
        height: usize,
        width: usize,
    ) -> Result<Self, CandleError> {
        let vars = weights::from_state_dict(config, state, &Device::Cpu)?;
        let network = UNet::with_operations(config, &vars, Arc::new(Inference))?;
        Self::of_network(network, height, width)
    }

    /// Wraps a network that is already built, wherever it is, for images of `height` x `width` pixels.
    ///
    /// # Errors
    /// [`CandleError::Config`] when a side cannot be halved at every level.
    pub fn of_network(network: UNet, height: usize, width: usize) -> Result<Self, CandleError> {
        network.config().validate_size(height, width)?;
        Ok(Self {
            network,
            height,
            width,
            guided: None,
        })
    }
}

impl Field for CandleEngine {
    type State = Tensor;
    type Error = CandleError;

    fn velocity(&mut self, t: f64, x: &Tensor) -> Result<Tensor, CandleError> {
        let guided = self.guided.as_ref().ok_or(CandleError::NoCondition)?;
        let images = x.dims4()?.0;
        if images != guided.images {
            return Err(CandleError::Length {
                what: "a state's batch axis",
                found: images,
                expected: format!("{}, one image per condition", guided.images),
            });
        }
        let count = guided.branches.len();
        let stacked = Tensor::cat(&vec![x; count], 0)?;
        let times = vec![t; images * count];
        let velocities = split::forward(&self.network, &stacked, &times, guided.conditions.as_ref())?;
        let operations = self.network.operations();
        // Operations may compute in fewer bits than the state has.
        let velocities = operations.cast(&velocities, x.dtype())?.chunk(count, 0)?;
        let terms: Vec<_> = guided.branches.iter().copied().zip(&velocities).collect();
        Ok(operations.combine(&terms)?)
    }

    fn combine(&mut self, terms: &[(f64, &Tensor)]) -> Result<Tensor, CandleError> {
        if terms.is_empty() {
            return Err(CandleError::NoTerms);
        }
        Ok(self.network.operations().combine(terms)?)
    }
}

impl AdaptiveField for CandleEngine {
    async fn error_norm(
        &mut self,
        error: &Tensor,
        from: &Tensor,
        to: &Tensor,
        tolerance: Tolerance,
    ) -> Result<f64, CandleError> {
        let (error, from, to) = (values(error)?, values(from)?, values(to)?);
        let sum: f64 = error
            .iter()
            .zip(from.iter().zip(&to))
            .map(|(&error, (&from, &to))| {
                let size = f64::from(from.abs().max(to.abs()));
                (f64::from(error) / (tolerance.atol + tolerance.rtol * size)).powi(2)
            })
            .sum();
        Ok((sum / error.len() as f64).sqrt())
    }
}

impl Engine for CandleEngine {
    fn upload(&mut self, values: &[f32]) -> Result<Tensor, CandleError> {
        let channels = self.network.config().in_channels;
        let image = channels * self.height * self.width;
        if values.is_empty() || !values.len().is_multiple_of(image) {
            return Err(CandleError::Length {
                what: "a batch of images",
                found: values.len(),
                expected: format!("a multiple of {channels} x {} x {}", self.height, self.width),
            });
        }
        let shape = (values.len() / image, channels, self.height, self.width);
        Ok(Tensor::from_slice(values, shape, self.network.device())?)
    }

    fn read(&mut self, state: &Tensor) -> impl Future<Output = Result<Vec<f32>, CandleError>> + use<> {
        std::future::ready(values(state))
    }

    fn condition(&mut self, conditions: &[Vec<f32>], guidance: Guidance) -> Result<(), CandleError> {
        let mut branches = Vec::new();
        let mut stacked = Vec::new();
        // A branch of weight zero is not worth an evaluation.
        if guidance.conditional() != 0.0 {
            branches.push(guidance.conditional());
            stacked.extend(conditions.iter().map(|vector| Some(vector.as_slice())));
        }
        if guidance.needs_unconditional() {
            branches.push(guidance.unconditional());
            stacked.resize(stacked.len() + conditions.len(), None);
        }
        self.guided = Some(Guided {
            images: conditions.len(),
            branches,
            conditions: self.embed(&stacked)?,
        });
        Ok(())
    }

    fn evaluate(
        &mut self,
        x: &Tensor,
        t: &[f64],
        conditions: &[Option<&[f32]>],
    ) -> Result<Tensor, CandleError> {
        let images = x.dims4()?.0;
        if conditions.len() != images {
            return Err(CandleError::Length {
                what: "the list of conditions",
                found: conditions.len(),
                expected: format!("{images}, one per image"),
            });
        }
        let conditions = self.embed(conditions)?;
        split::forward(&self.network, x, t, conditions.as_ref())
    }
}

impl CandleEngine {
    fn embed(&self, conditions: &[Option<&[f32]>]) -> Result<Option<Tensor>, CandleError> {
        if conditions.iter().all(Option::is_none) {
            return Ok(None);
        }
        self.network
            .embed_conditions(conditions, self.network.device())
            .map(Some)
    }
}

fn values(state: &Tensor) -> Result<Vec<f32>, CandleError> {
    Ok(state.flatten_all()?.to_vec1()?)
}
