//! The operations that the network's forward pass is made of, and who carries them out.
//!
//! The forward pass (`unet.rs`, `residual_block.rs`, `attention.rs`, `resample.rs`) is written once. What it
//! calls is this trait: [`Plain`](crate::plain::Plain) is the definition, in candle operations that
//! differentiate and run on any device; [`Inference`](crate::inference::Inference) is fast on a CPU where
//! nothing is trained; a trainer brings its own.
//!
//! Between [`Operations::enter`] and [`Operations::leave`] an implementation chooses layout and number type
//! of its feature maps. The forward pass never looks inside them.

use std::fmt::Debug;

use candle_core::{DType, Result, Tensor};
use candle_nn::{Linear, Module};
use cellflux_bundle::topology::Resample;

use crate::convolution::Convolution;
use crate::dropout::Dropout;
use crate::group_norm::{Activation, GroupNorm};

/// What follows a normalisation.
#[derive(Clone, Copy, Debug)]
pub struct Then<'a> {
    /// Feature-wise modulation `h (1 + scale) + shift`, as `[scale | shift]`, `[N, 2 C]`.
    pub film: Option<&'a Tensor>,
    /// What is applied to the modulated values.
    pub activation: Activation,
    /// Which of the activated values are dropped, in training.
    pub dropout: Option<Dropout>,
}

impl Then<'_> {
    /// An activation alone.
    pub fn activation(activation: Activation) -> Self {
        Self {
            film: None,
            activation,
            dropout: None,
        }
    }

    /// The activated values without those that are dropped.
    pub(crate) fn dropped(&self, activated: Tensor) -> Result<Tensor> {
        match &self.dropout {
            None => Ok(activated),
            Some(dropout) => dropout.apply(&activated),
        }
    }
}

/// How an attention's qkv channels are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Heads.
    pub count: usize,
    /// Whether the channels are `[q | k | v]`, each split into heads; otherwise they are split into heads
    /// first, and each head's into q, k and v.
    pub new_order: bool,
}

/// The operations of the network, on feature maps whose layout and number type the implementation chooses.
/// Operations on vectors have a default, in candle operations that differentiate and run on any device.
///
/// # Errors
/// Every method fails when candle does, and where shapes do not fit.
#[allow(clippy::missing_errors_doc, reason = "said of all methods at once")]
pub trait Operations: Debug + Send + Sync {
    /// Whether networks are built for evaluation only: their kernels may then be kept in a form that has no
    /// gradient.
    fn inference_only(&self) -> bool {
        false
    }

    /// The same numbers in another type.
    fn cast(&self, x: &Tensor, to: DType) -> Result<Tensor> {
        x.to_dtype(to)
    }

    /// A linear layer of vectors `[N, in]`, to `[N, out]`.
    fn linear(&self, x: &Tensor, layer: &Linear) -> Result<Tensor> {
        layer.forward(x)
    }

    /// `x / (1 + exp(-x))`.
    fn silu(&self, x: &Tensor) -> Result<Tensor> {
        x.silu()
    }

    /// Vectors `[N, E]`, each times its factor `[N, 1]`.
    fn scale(&self, x: &Tensor, factors: &Tensor) -> Result<Tensor> {
        x.broadcast_mul(factors)
    }

    /// The sum of tensors of one shape, each times a factor; at least one.
    #[allow(clippy::float_cmp, reason = "a factor of exactly 1 needs no product")]
    fn combine(&self, terms: &[(f64, &Tensor)]) -> Result<Tensor> {
        let term = |&(factor, x): &(f64, &Tensor)| {
            if factor == 1.0 {
                Ok(x.clone())
            } else {
                x.affine(factor, 0.0)
            }
        };
        let Some((first, rest)) = terms.split_first() else {
            candle_core::bail!("a linear combination of no tensors")
        };
        rest.iter().try_fold(term(first)?, |sum, next| sum + term(next)?)
    }

    /// An image `[N, C, H, W]` as a feature map.
    fn enter(&self, image: &Tensor) -> Result<Tensor>;

    /// A feature map as an image `[N, C, H, W]` of its first `channels` channels; those behind them are
    /// unused.
    fn leave(&self, features: &Tensor, channels: usize) -> Result<Tensor>;

    /// A convolution with bias, plus `residual` where there is one.
    fn convolution(&self, x: &Tensor, layer: &Convolution, residual: Option<&Tensor>) -> Result<Tensor>;

    /// Group normalisation and what follows it.
    fn normalise(&self, x: &Tensor, norm: &GroupNorm, then: &Then) -> Result<Tensor>;

    /// Adds `offset` `[N, C]` to every pixel.
    fn shift(&self, x: &Tensor, offset: &Tensor) -> Result<Tensor>;

    /// Queries, keys and values (3 C channels, ordered as `heads` says) to the attended values (C channels).
    fn attention(&self, qkv: &Tensor, heads: Heads) -> Result<Tensor>;

    /// Halves the resolution by 2x2 average pooling, or doubles it by repeating the nearest pixel.
    fn resample(&self, x: &Tensor, to: Resample) -> Result<Tensor>;

    /// The channels of `x`, then those of `skip`.
    fn concatenate(&self, x: &Tensor, skip: &Tensor) -> Result<Tensor>;
}
