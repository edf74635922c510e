//! Self-attention over all pixels of a feature map.

use candle_core::{D, DType, Result, Tensor};
use candle_nn::VarBuilder;
use cellflux_bundle::layer_names;

use crate::convolution::Convolution;
use crate::group_norm::{Activation, GroupNorm};
pub use crate::operations::Heads;
use crate::operations::{Operations, Then};
use crate::softmax::softmax_rows;

/// Queries attended at a time by [`in_pieces`]: all scores at once would need pixels^2 floats per head.
const QUERIES: usize = 256;

/// `x + proj_out(softmax(q^T k) v)` with `[q, k, v] = qkv(GroupNorm(x))`; tensors `norm`, `qkv`, `proj_out`.
#[derive(Clone, Debug)]
pub struct Attention {
    heads: Heads,
    norm: GroupNorm,
    qkv: Convolution,
    projection: Convolution,
}

impl Attention {
    /// Takes the block at `vars`.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn new(
        channels: usize,
        heads: Heads,
        vars: &VarBuilder,
        operations: &dyn Operations,
    ) -> Result<Self> {
        Ok(Self {
            heads,
            norm: GroupNorm::new(channels, &vars.pp(layer_names::attention::NORM))?,
            qkv: Convolution::pointwise_1d(
                channels,
                3 * channels,
                &vars.pp(layer_names::attention::QKV),
                operations,
            )?,
            projection: Convolution::pointwise_1d(
                channels,
                channels,
                &vars.pp(layer_names::attention::PROJECTION),
                operations,
            )?,
        })
    }

    /// A feature map to one of the same shape.
    ///
    /// # Errors
    /// When candle fails.
    pub fn forward(&self, x: &Tensor, operations: &dyn Operations) -> Result<Tensor> {
        let normed = operations.normalise(x, &self.norm, &Then::activation(Activation::None))?;
        let qkv = operations.convolution(&normed, &self.qkv, None)?;
        let attended = operations.attention(&qkv, self.heads)?;
        operations.convolution(&attended, &self.projection, Some(x))
    }
}

/// Attention of qkv channels `[N, 3 C, H, W]`, to `[N, C, H, W]`: differentiable, on any device, softmax in
/// f32.
///
/// # Errors
/// When candle fails.
pub fn plain(qkv: &Tensor, heads: Heads) -> Result<Tensor> {
    let (batch, channels, height, width) = qkv.dims4()?;
    let [q, k, v] = split(qkv, heads)?;
    let scores = q.transpose(1, 2)?.matmul(&k)?;
    let weights = candle_nn::ops::softmax(&scores.to_dtype(DType::F32)?, D::Minus1)?;
    mix(&weights.to_dtype(qkv.dtype())?, &v)?.reshape((batch, channels / 3, height, width))
}

/// The same as [`plain`] for f32 on the CPU without gradients, a few queries at a time.
///
/// # Errors
/// When candle fails.
pub fn in_pieces(qkv: &Tensor, heads: Heads) -> Result<Tensor> {
    let (batch, channels, height, width) = qkv.dims4()?;
    let pixels = height * width;
    let [q, k, v] = split(qkv, heads)?;
    let pieces = (0..pixels).step_by(QUERIES).map(|first| {
        let queries = q.narrow(2, first, QUERIES.min(pixels - first))?;
        let scores = queries.transpose(1, 2)?.matmul(&k)?;
        softmax_rows(&scores)?;
        mix(&scores, &v)
    });
    Tensor::cat(&pieces.collect::<Result<Vec<_>>>()?, 2)?.reshape((batch, channels / 3, height, width))
}

/// Queries, keys and values, each `[N x heads, depth, pixels]`, queries and keys scaled.
fn split(qkv: &Tensor, heads: Heads) -> Result<[Tensor; 3]> {
    let (batch, channels, height, width) = qkv.dims4()?;
    let (count, pixels) = (heads.count, height * width);
    let depth = channels / 3 / count;
    let (axis, qkv) = if heads.new_order {
        (1, qkv.reshape((batch, 3, count, depth, pixels))?)
    } else {
        (2, qkv.reshape((batch, count, 3, depth, pixels))?)
    };
    let part = |i| {
        let part = qkv.narrow(axis, i, 1)?.squeeze(axis)?.contiguous()?;
        part.reshape((batch * count, depth, pixels))
    };
    // Scaling q and k each by depth^(-1/4) keeps the products small; together it is the usual depth^(-1/2).
    let scale = (depth as f64).powf(-0.25);
    Ok([(part(0)? * scale)?, (part(1)? * scale)?, part(2)?])
}

/// Values `[N x heads, depth, keys]` mixed by weights `[N x heads, queries, keys]`.
fn mix(weights: &Tensor, values: &Tensor) -> Result<Tensor> {
    values.matmul(&weights.transpose(1, 2)?)
}
