//! Time as the network sees it: sinusoids of t, then two linear layers.

use candle_core::{Device, Tensor};
use candle_nn::{Linear, VarBuilder};
use cellflux_flow::time_embedding::timestep_embedding;

use crate::CandleError;
use crate::operations::Operations;

/// `Linear(SiLU(Linear(sinusoids(t))))`; tensors `time_embed.{0,2}`.
#[derive(Clone, Debug)]
pub struct TimeEmbedding {
    width: usize,
    first: Linear,
    second: Linear,
}

impl TimeEmbedding {
    /// Takes the layers at `vars` (`time_embed`): `width` sinusoids (an even number) to `embedding` values.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn new(width: usize, embedding: usize, vars: &VarBuilder) -> candle_core::Result<Self> {
        Ok(Self {
            width,
            first: candle_nn::linear(width, embedding, vars.pp("0"))?,
            second: candle_nn::linear(embedding, embedding, vars.pp("2"))?,
        })
    }

    /// The embedding `[N, 4 x model_channels]` of N times in `[0, 1]`.
    ///
    /// # Errors
    /// When the width is odd, or candle fails.
    pub fn forward(
        &self,
        times: &[f64],
        device: &Device,
        operations: &dyn Operations,
    ) -> Result<Tensor, CandleError> {
        let mut sinusoids = Vec::with_capacity(times.len() * self.width);
        for &t in times {
            sinusoids.extend(timestep_embedding(t, self.width)?);
        }
        let sinusoids = Tensor::from_vec(sinusoids, (times.len(), self.width), device)?;
        let sinusoids = operations.cast(&sinusoids, self.first.weight().dtype())?;
        let hidden = operations.silu(&operations.linear(&sinusoids, &self.first)?)?;
        Ok(operations.linear(&hidden, &self.second)?)
    }
}
