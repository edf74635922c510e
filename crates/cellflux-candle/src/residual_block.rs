//! The residual block: two convolutions around which the embedding modulates the features.

use candle_core::{Result, Tensor};
use candle_nn::{Linear, Module, VarBuilder};
use cellflux_bundle::topology::Resample;

use crate::convolution::Convolution;
use crate::group_norm::{Activation, Film, GroupNorm};
use crate::resample::{average_pool, nearest};

/// A residual block; tensors `in_layers.{0,2}`, `emb_layers.1`, `out_layers.{0,3}`, and `skip_connection`
/// when the channel count changes.
#[derive(Clone, Debug)]
pub struct ResidualBlock {
    in_norm: GroupNorm,
    in_convolution: Convolution,
    embedding: Linear,
    scale_shift: bool,
    out_norm: GroupNorm,
    out_convolution: Convolution,
    skip: Option<Convolution>,
    resample: Option<Resample>,
    dropout: f32,
}

/// What a residual block is made of.
#[derive(Clone, Copy, Debug)]
pub struct ResidualShape {
    /// Input channels.
    pub input: usize,
    /// Output channels.
    pub output: usize,
    /// Width of the embedding.
    pub embedding: usize,
    /// Whether the embedding scales and shifts the second norm's output, or is added before it.
    pub scale_shift: bool,
    /// Resampling inside the block.
    pub resample: Option<Resample>,
    /// Share of features dropped before the last convolution, in training.
    pub dropout: f32,
}

impl ResidualBlock {
    /// Takes the block at `vars`.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn new(shape: ResidualShape, vars: &VarBuilder) -> Result<Self> {
        let ResidualShape {
            input,
            output,
            embedding,
            scale_shift,
            resample,
            dropout,
        } = shape;
        let modulation = if scale_shift { 2 * output } else { output };
        let skip =
            (input != output).then(|| Convolution::pointwise(input, output, &vars.pp("skip_connection")));
        Ok(Self {
            in_norm: GroupNorm::new(input, &vars.pp("in_layers.0"))?,
            in_convolution: Convolution::same(input, output, &vars.pp("in_layers.2"))?,
            embedding: candle_nn::linear(embedding, modulation, vars.pp("emb_layers.1"))?,
            scale_shift,
            out_norm: GroupNorm::new(output, &vars.pp("out_layers.0"))?,
            out_convolution: Convolution::same(output, output, &vars.pp("out_layers.3"))?,
            skip: skip.transpose()?,
            resample,
            dropout,
        })
    }

    /// `skip(x) + h` for `x` of `[N, C, H, W]` and the activated embedding `SiLU(e)` of `[N, E]`.
    ///
    /// # Errors
    /// When candle fails.
    pub fn forward(&self, x: &Tensor, activated: &Tensor, training: bool) -> Result<Tensor> {
        let h = self.in_norm.forward(x, None, Activation::Silu)?;
        let (h, x) = match self.resample {
            None => (h, x.clone()),
            Some(Resample::Down) => (average_pool(&h)?, average_pool(x)?),
            Some(Resample::Up) => (nearest(&h)?, nearest(x)?),
        };
        let h = self.in_convolution.forward(&h)?;
        let embedding = self.embedding.forward(activated)?;
        let h = if self.scale_shift {
            let halves = embedding.chunk(2, 1)?;
            let film = Film {
                scale: halves[0].clone(),
                shift: halves[1].clone(),
            };
            self.out_norm.forward(&h, Some(&film), Activation::Silu)?
        } else {
            let (batch, channels) = embedding.dims2()?;
            let h = h.broadcast_add(&embedding.reshape((batch, channels, 1, 1))?)?;
            self.out_norm.forward(&h, None, Activation::Silu)?
        };
        let h = if training && self.dropout > 0.0 {
            candle_nn::ops::dropout(&h, self.dropout)?
        } else {
            h
        };
        let h = self.out_convolution.forward(&h)?;
        match &self.skip {
            None => x + h,
            Some(skip) => skip.forward(&x)? + h,
        }
    }
}
