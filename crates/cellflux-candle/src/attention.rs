//! Self-attention over all pixels of a feature map.

use candle_core::{D, Result, Tensor};
use candle_nn::VarBuilder;

use crate::convolution::Convolution;
use crate::group_norm::{Activation, GroupNorm};
use crate::softmax::softmax_rows;

/// Queries attended at a time where no gradient is wanted: all scores at once would need pixels^2 floats a head.
const QUERIES: usize = 256;

/// `x + proj_out(softmax(q^T k) v)` with `[q, k, v] = qkv(GroupNorm(x))`; tensors `norm`, `qkv`, `proj_out`.
#[derive(Clone, Debug)]
pub struct Attention {
    heads: usize,
    new_order: bool,
    norm: GroupNorm,
    qkv: Convolution,
    projection: Convolution,
}

impl Attention {
    /// Takes the block at `vars`. `new_order` says that the qkv channels are `[q | k | v]`, each split into
    /// heads; otherwise they are split into heads first, and each head's into q, k and v.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn new(channels: usize, heads: usize, new_order: bool, vars: &VarBuilder) -> Result<Self> {
        Ok(Self {
            heads,
            new_order,
            norm: GroupNorm::new(channels, &vars.pp("norm"))?,
            qkv: Convolution::pointwise_1d(channels, 3 * channels, &vars.pp("qkv"))?,
            projection: Convolution::pointwise_1d(channels, channels, &vars.pp("proj_out"))?,
        })
    }

    /// `[N, C, H, W]` to the same shape.
    ///
    /// # Errors
    /// When candle fails.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, channels, height, width) = x.dims4()?;
        let (heads, pixels) = (self.heads, height * width);
        let depth = channels / heads;
        let qkv = self.qkv.forward(&self.norm.forward(x, None, Activation::None)?)?;
        let (axis, qkv) = if self.new_order {
            (1, qkv.reshape((batch, 3, heads, depth, pixels))?)
        } else {
            (2, qkv.reshape((batch, heads, 3, depth, pixels))?)
        };
        // Each of q, k and v: [N x heads, depth, pixels].
        let part = |i| {
            let part = qkv.narrow(axis, i, 1)?.squeeze(axis)?.contiguous()?;
            part.reshape((batch * heads, depth, pixels))
        };
        // Scaling q and k each by depth^(-1/4) keeps the products small; together it is the usual depth^(-1/2).
        let scale = (depth as f64).powf(-0.25);
        let (q, k, v) = ((part(0)? * scale)?, (part(1)? * scale)?, part(2)?);
        let attended = if !x.device().is_cpu() || q.track_op() {
            let scores = q.transpose(1, 2)?.matmul(&k)?;
            mix(&candle_nn::ops::softmax(&scores, D::Minus1)?, &v)?
        } else {
            let pieces = (0..pixels).step_by(QUERIES).map(|first| {
                let queries = q.narrow(2, first, QUERIES.min(pixels - first))?;
                let scores = queries.transpose(1, 2)?.matmul(&k)?;
                softmax_rows(&scores)?;
                mix(&scores, &v)
            });
            Tensor::cat(&pieces.collect::<Result<Vec<_>>>()?, 2)?
        };
        let attended = attended.reshape((batch, channels, height, width))?;
        x + self.projection.forward(&attended)?
    }
}

/// Values `[N x heads, depth, keys]` mixed by weights `[N x heads, queries, keys]`.
fn mix(weights: &Tensor, values: &Tensor) -> Result<Tensor> {
    values.matmul(&weights.transpose(1, 2)?)
}
