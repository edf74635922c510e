//! Attention and its gradient in candle's operations.

use candle_core::{Result, Shape, Tensor};
use cellflux_candle::attention::Heads;

use super::scale;
use crate::softmax;

/// The twin of [`fused`](super::fused) in plain candle operations.
///
/// # Errors
/// When shapes do not fit, or candle fails.
pub fn twin(qkv: &Tensor, heads: Heads) -> Result<Tensor> {
    let image = qkv.permute((0, 3, 1, 2))?.contiguous()?;
    let attended = cellflux_candle::attention::plain(&image, heads)?;
    attended.permute((0, 2, 3, 1))?.contiguous()
}

/// The weights `[N, heads, pixels, pixels]` of packed queries, keys and values `[N, H, W, 3 C]`.
pub fn weights(qkv: &Tensor, heads: Heads) -> Result<Tensor> {
    let [q, k, _] = split(qkv, heads)?;
    softmax::softmax(&(q.matmul(&k.t()?)? * scale(qkv.shape(), heads)?)?)
}

/// The weights applied to the values, `[N, H, W, C]`.
pub fn attend(qkv: &Tensor, heads: Heads) -> Result<Tensor> {
    let (images, height, width, channels) = qkv.dims4()?;
    let [_, _, v] = split(qkv, heads)?;
    let attended = weights(qkv, heads)?.matmul(&v)?;
    let attended = attended.transpose(1, 2)?.contiguous()?;
    attended.reshape((images, height, width, channels / 3))
}

/// The gradient of `qkv`, of the attended values' `gradient` `[N, H, W, C]` and the weights.
pub fn gradient(qkv: &Tensor, gradient: &Tensor, weights: &Tensor, heads: Heads) -> Result<Tensor> {
    let (images, height, width, channels) = gradient.dims4()?;
    let depth = channels / heads.count;
    let [q, k, v] = split(qkv, heads)?;
    let gradient = gradient
        .reshape((images, height * width, heads.count, depth))?
        .transpose(1, 2)?
        .contiguous()?;
    let of_v = weights.t()?.contiguous()?.matmul(&gradient)?;
    let of_weights = gradient.matmul(&v.t()?)?;
    let of_scores = softmax::gradient(weights, &of_weights, scale(qkv.shape(), heads)?)?;
    let of_q = of_scores.matmul(&k)?;
    let of_k = of_scores.t()?.contiguous()?.matmul(&q)?;
    join(&[of_q, of_k, of_v], heads, qkv.shape())
}

/// Queries, keys, values, each `[N, heads, pixels, depth]`.
fn split(qkv: &Tensor, heads: Heads) -> Result<[Tensor; 3]> {
    let (images, height, width, channels) = qkv.dims4()?;
    let (pixels, depth) = (height * width, channels / 3 / heads.count);
    let (axis, parts) = if heads.new_order {
        (2, qkv.reshape((images, pixels, 3, heads.count, depth))?)
    } else {
        (3, qkv.reshape((images, pixels, heads.count, 3, depth))?)
    };
    let part = |k| {
        let part = parts.narrow(axis, k, 1)?.squeeze(axis)?;
        part.transpose(1, 2)?.contiguous()
    };
    Ok([part(0)?, part(1)?, part(2)?])
}

/// The way back of [`split`].
fn join(parts: &[Tensor; 3], heads: Heads, shape: &Shape) -> Result<Tensor> {
    let parts: Vec<Tensor> = parts
        .iter()
        .map(|part| part.transpose(1, 2)?.contiguous())
        .collect::<Result<_>>()?;
    let axis = if heads.new_order { 2 } else { 3 };
    Tensor::stack(&parts, axis)?.reshape(shape)
}
