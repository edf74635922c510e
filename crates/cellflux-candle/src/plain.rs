//! The operations as their definition says: plain candle, on feature maps `[N, C, H, W]`, differentiable, on
//! any device.

use candle_core::{Result, Tensor};
use cellflux_bundle::topology::Resample;

use crate::attention;
use crate::convolution::Convolution;
use crate::group_norm::{self, GroupNorm};
use crate::operations::{Heads, Operations, Then};
use crate::resample;

/// Every operation as its definition says.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Operations for Plain {
    fn enter(&self, image: &Tensor) -> Result<Tensor> {
        Ok(image.clone())
    }

    fn leave(&self, features: &Tensor, channels: usize) -> Result<Tensor> {
        features.narrow(1, 0, channels)
    }

    fn convolution(&self, x: &Tensor, layer: &Convolution, residual: Option<&Tensor>) -> Result<Tensor> {
        layer.forward(x, residual)
    }

    fn normalise(&self, x: &Tensor, norm: &GroupNorm, then: &Then) -> Result<Tensor> {
        then.dropped(group_norm::plain(x, norm, then.film, then.activation)?)
    }

    fn shift(&self, x: &Tensor, offset: &Tensor) -> Result<Tensor> {
        let (batch, channels) = offset.dims2()?;
        x.broadcast_add(&offset.reshape((batch, channels, 1, 1))?)
    }

    fn attention(&self, qkv: &Tensor, heads: Heads) -> Result<Tensor> {
        attention::plain(qkv, heads)
    }

    fn resample(&self, x: &Tensor, to: Resample) -> Result<Tensor> {
        match to {
            Resample::Down => resample::average_pool(x),
            Resample::Up => resample::nearest(x),
        }
    }

    fn concatenate(&self, x: &Tensor, skip: &Tensor) -> Result<Tensor> {
        Tensor::cat(&[x, skip], 1)
    }
}
