//! The operations that the network's walk over its topology is made of, and who carries them out.
//!
//! The walk (`unet.rs`, `residual_block.rs`, `attention.rs`, `resample.rs`) is written once. What it calls is
//! this trait: [`Plain`] is the definition, in candle operations that differentiate and run on any device;
//! [`Inference`] is fast on a CPU where nothing is trained; a trainer brings its own.
//!
//! Between [`Operations::enter`] and [`Operations::leave`] an implementation chooses layout and number type of
//! its feature maps. The walk never looks inside them.

use std::fmt::Debug;

use candle_core::{Result, Tensor};
use cellflux_bundle::topology::Resample;

use crate::attention::{self, Heads};
use crate::attention_blocks;
use crate::convolution::Convolution;
use crate::dropout::Dropout;
use crate::group_norm::{self, Activation, GroupNorm};
use crate::resample;

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
    /// Nothing but an activation.
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

/// The operations of the network. The provided methods are their definition, in plain candle operations on
/// feature maps `[N, C, H, W]`; an implementation of another layout provides all of them.
///
/// # Errors
/// Every method fails when candle does, and where shapes do not fit.
pub trait Operations: Debug + Send + Sync {
    /// Whether networks are built to be evaluated only: their kernels may be kept in a form of which no
    /// gradient can be taken.
    fn inference_only(&self) -> bool {
        false
    }

    /// An image `[N, C, H, W]` as a feature map.
    #[allow(clippy::missing_errors_doc)] // said of all methods at the trait
    fn enter(&self, image: &Tensor) -> Result<Tensor> {
        Ok(image.clone())
    }

    /// A feature map as an image `[N, C, H, W]` of so many channels; there may be unused ones behind them.
    #[allow(clippy::missing_errors_doc)]
    fn leave(&self, features: &Tensor, channels: usize) -> Result<Tensor> {
        features.narrow(1, 0, channels)
    }

    /// A convolution with bias, plus `residual` where there is one.
    #[allow(clippy::missing_errors_doc)]
    fn convolution(&self, x: &Tensor, layer: &Convolution, residual: Option<&Tensor>) -> Result<Tensor> {
        layer.forward(x, residual)
    }

    /// Group normalisation and what follows it.
    #[allow(clippy::missing_errors_doc)]
    fn normalise(&self, x: &Tensor, norm: &GroupNorm, then: &Then) -> Result<Tensor> {
        then.dropped(group_norm::plain(x, norm, then.film, then.activation)?)
    }

    /// Adds `offset` `[N, C]` to every pixel.
    #[allow(clippy::missing_errors_doc)]
    fn shift(&self, x: &Tensor, offset: &Tensor) -> Result<Tensor> {
        let (batch, channels) = offset.dims2()?;
        x.broadcast_add(&offset.reshape((batch, channels, 1, 1))?)
    }

    /// Queries, keys and values (3 C channels, ordered as `heads` says) to the attended values (C channels).
    #[allow(clippy::missing_errors_doc)]
    fn attention(&self, qkv: &Tensor, heads: Heads) -> Result<Tensor> {
        attention::plain(qkv, heads)
    }

    /// Halves the resolution by 2x2 average pooling, or doubles it by repeating the nearest pixel.
    #[allow(clippy::missing_errors_doc)]
    fn resample(&self, x: &Tensor, to: Resample) -> Result<Tensor> {
        match to {
            Resample::Down => resample::average_pool(x),
            Resample::Up => resample::nearest(x),
        }
    }

    /// The channels of `x`, then those of `skip`.
    #[allow(clippy::missing_errors_doc)]
    fn concatenate(&self, x: &Tensor, skip: &Tensor) -> Result<Tensor> {
        Tensor::cat(&[x, skip], 1)
    }
}

/// Every operation as its definition says: differentiable, on any device.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Operations for Plain {}

/// What is fast on a CPU where no gradient is wanted: Winograd convolutions, normalisation in one pass, attention
/// some queries at a time. Inputs that take part in a gradient are refused.
#[derive(Clone, Copy, Debug)]
pub struct Inference;

impl Operations for Inference {
    fn inference_only(&self) -> bool {
        true
    }

    fn normalise(&self, x: &Tensor, norm: &GroupNorm, then: &Then) -> Result<Tensor> {
        then.dropped(group_norm::one_pass(x, norm, then.film, then.activation)?)
    }

    fn attention(&self, qkv: &Tensor, heads: Heads) -> Result<Tensor> {
        // Natively candle's products find vectors at run time that are wider than WebAssembly's.
        if cfg!(target_arch = "wasm32") {
            attention_blocks::attend(qkv, heads)
        } else {
            attention::in_pieces(qkv, heads)
        }
    }
}
