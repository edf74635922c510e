//! The residual block: two convolutions around which the embedding modulates the features.

use candle_core::{Result, Tensor};
use candle_nn::{Linear, VarBuilder};
use cellflux_bundle::layer_names::residual;
use cellflux_bundle::topology::Resample;

use crate::convolution::Convolution;
use crate::dropout::Dropout;
use crate::group_norm::{Activation, GroupNorm};
use crate::operations::{Operations, Then};

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
    number: usize,
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
    /// Numbers by which it modulates the block: `UNetConfig::modulation_width`.
    pub modulation: usize,
    /// Whether the embedding scales and shifts the second norm's output, or is added before it.
    pub scale_shift: bool,
    /// Resampling inside the block.
    pub resample: Option<Resample>,
    /// Share of features dropped before the last convolution, in training.
    pub dropout: f32,
    /// Which of the network's residual blocks it is: each drops features of its own.
    pub number: usize,
}

impl ResidualBlock {
    /// Takes the block at `vars`.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn new(shape: ResidualShape, vars: &VarBuilder, operations: &dyn Operations) -> Result<Self> {
        let ResidualShape {
            input,
            output,
            embedding,
            modulation,
            scale_shift,
            resample,
            dropout,
            number,
        } = shape;
        let skip = (input != output)
            .then(|| Convolution::pointwise(input, output, &vars.pp(residual::SKIP), operations));
        Ok(Self {
            in_norm: GroupNorm::new(input, &vars.pp(residual::IN_NORM))?,
            in_convolution: Convolution::same(input, output, &vars.pp(residual::IN_CONVOLUTION), operations)?,
            embedding: candle_nn::linear(embedding, modulation, vars.pp(residual::EMBEDDING))?,
            scale_shift,
            out_norm: GroupNorm::new(output, &vars.pp(residual::OUT_NORM))?,
            out_convolution: Convolution::same(
                output,
                output,
                &vars.pp(residual::OUT_CONVOLUTION),
                operations,
            )?,
            skip: skip.transpose()?,
            resample,
            dropout,
            number,
        })
    }

    /// `skip(x) + h` for a feature map `x` and the activated embedding `SiLU(e)` of `[N, E]`; `dropout` is
    /// the step's key, where features are to be dropped.
    ///
    /// # Errors
    /// When candle fails.
    pub fn forward(
        &self,
        x: &Tensor,
        activated: &Tensor,
        dropout: Option<u64>,
        operations: &dyn Operations,
    ) -> Result<Tensor> {
        let h = operations.normalise(x, &self.in_norm, &Then::activation(Activation::Silu))?;
        let (h, x) = match self.resample {
            None => (h, x.clone()),
            Some(to) => (operations.resample(&h, to)?, operations.resample(x, to)?),
        };
        let h = operations.convolution(&h, &self.in_convolution, None)?;
        let embedding = operations.linear(activated, &self.embedding)?;
        let (h, film) = if self.scale_shift {
            (h, Some(&embedding))
        } else {
            (operations.shift(&h, &embedding)?, None)
        };
        let then = Then {
            film,
            activation: Activation::Silu,
            dropout: dropout
                .filter(|_| self.dropout > 0.0)
                .map(|step| Dropout::of_block(self.dropout, step, self.number)),
        };
        let h = operations.normalise(&h, &self.out_norm, &then)?;
        let skip = match &self.skip {
            None => x,
            Some(skip) => operations.convolution(&x, skip, None)?,
        };
        operations.convolution(&h, &self.out_convolution, Some(&skip))
    }
}
