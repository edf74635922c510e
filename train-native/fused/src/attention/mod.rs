//! Self-attention of packed queries, keys and values: cuBLAS's products and two kernels for the softmax.
//!
//! With `q`, `k`, `v` `[pixels, d]` of a head of an image, in `qkv` `[N, H, W, 3 C]` as [`Heads`] says
//! (Vaswani et al. 2017, section 3.2.1; no mask):
//!
//! ```text
//! P = softmax(q k^T / sqrt(d))    [pixels, pixels], rows add up to one
//! y = P v                         [pixels, d]
//! dv = P^T dy,  dP = dy v^T,  dS = softmax's gradient of dP, times 1 / sqrt(d),  dq = dS k,  dk = dS^T q
//! ```
//!
//! The weights P are kept from the forward to the backward pass where they are small, and computed again
//! where they are large.

#[cfg(feature = "cudnn")]
mod cuda;
mod plain;

#[cfg(feature = "cudnn")]
use candle_core::CudaStorage;
use candle_core::{Result, Shape, Tensor};
use cellflux_candle::attention::Heads;

#[cfg(feature = "cudnn")]
use crate::adapter::Input;
use crate::adapter::{Apply as _, Operation};
#[cfg(feature = "cudnn")]
use crate::cuda::memory::{Reading, on_cuda};

pub use plain::twin;

/// Weights up to this many values (1 GiB in bf16) are kept for the backward pass.
const KEPT: usize = 1 << 29;

/// Fused attention of `qkv` `[N, H, W, 3 C]`, to `[N, H, W, C]`. On a GPU, H W is a multiple of
/// [`CHANNEL_UNIT`](crate::CHANNEL_UNIT).
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub fn fused(qkv: &Tensor, heads: Heads, tf32: bool) -> Result<Tensor> {
    let qkv = qkv.contiguous()?;
    let (images, height, width, _) = qkv.dims4()?;
    let scores = images * heads.count * (height * width).pow(2);
    let weigh = Weigh { heads, tf32 };
    let weights = (scores <= KEPT).then(|| weigh.evaluate([&qkv])).transpose()?;
    Attend { weigh, weights }.apply([&qkv])
}

/// `d^(-1/2)` of packed queries, keys and values.
fn scale(qkv: &Shape, heads: Heads) -> Result<f64> {
    let depth = qkv.dims4()?.3 / 3 / heads.count;
    Ok((depth as f64).powf(-0.5))
}

/// The weights P, `[N, heads, pixels, pixels]`, of packed queries, keys and values.
#[derive(Clone, Copy)]
struct Weigh {
    heads: Heads,
    #[cfg_attr(not(feature = "cudnn"), allow(dead_code, reason = "the kernel alone uses it"))]
    // the CPU knows no TF32
    tf32: bool,
}

impl Operation<1> for Weigh {
    const NAME: &'static str = "attention-weights";

    fn on_cpu(&self, [qkv]: [Tensor; 1]) -> Result<Tensor> {
        plain::weights(&qkv, self.heads)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [qkv]: [Input; 1]) -> Result<(CudaStorage, Shape)> {
        let packed = cuda::Packed::of(qkv.shape, self.heads)?;
        Ok((packed.weights(qkv.values, self.tf32)?, packed.scores_shape()))
    }
}

/// The weights applied to the values.
struct Attend {
    weigh: Weigh,
    weights: Option<Tensor>,
}

impl Operation<1> for Attend {
    const NAME: &'static str = "attention";

    fn on_cpu(&self, [qkv]: [Tensor; 1]) -> Result<Tensor> {
        plain::attend(&qkv, self.weigh.heads)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [qkv]: [Input; 1]) -> Result<(CudaStorage, Shape)> {
        let (images, height, width, channels) = qkv.shape.dims4()?;
        let packed = cuda::Packed::of(qkv.shape, self.weigh.heads)?;
        let (kept, again);
        let weights = if let Some(weights) = &self.weights {
            kept = weights.storage_and_layout();
            Reading::of(on_cuda(&kept.0)?, kept.1)?
        } else {
            again = packed.weights(qkv.values, self.weigh.tf32)?;
            Reading::whole(&again)?
        };
        let attended = packed.attend(qkv.values, weights, self.weigh.tf32)?;
        Ok((attended, Shape::from((images, height, width, channels / 3))))
    }

    fn gradients(&self, [qkv]: [&Tensor; 1], gradient: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let weights = match &self.weights {
            Some(weights) => weights.clone(),
            None => self.weigh.evaluate([qkv])?,
        };
        let backward = Backward(self.weigh);
        let gradient = backward.evaluate([qkv, &gradient.contiguous()?, &weights])?;
        Ok([Some(gradient)])
    }
}

/// The gradient of packed q, k, v, of the attended values' gradient and the weights.
struct Backward(Weigh);

impl Operation<3> for Backward {
    const NAME: &'static str = "attention-gradient";

    fn on_cpu(&self, [qkv, gradient, weights]: [Tensor; 3]) -> Result<Tensor> {
        plain::gradient(&qkv, &gradient, &weights, self.0.heads)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [qkv, gradient, weights]: [Input; 3]) -> Result<(CudaStorage, Shape)> {
        let packed = cuda::Packed::of(qkv.shape, self.0.heads)?;
        let out = packed.gradient(qkv.values, gradient.values, weights.values, self.0.tf32)?;
        Ok((out, qkv.shape.clone()))
    }
}
