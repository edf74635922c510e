//! Self-attention of packed queries, keys and values, by cuBLAS and two softmax kernels.
//!
//! The weights `softmax(q k^T)` are kept from the forward for the backward pass where they are small, and
//! computed again where they are not.

#[cfg(feature = "cudnn")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, D, Layout, Result, Shape, Tensor};
use cellflux_candle::attention::Heads;

#[cfg(feature = "cudnn")]
use super::cuda::{
    blas::{self, Matrices},
    memory::{Reading, Writing, allocate, on_cuda},
    softmax,
};
use super::on_cpu;

/// Weights up to this many values (1 GiB in bf16) are kept for the backward pass.
const KEPT: usize = 1 << 29;

/// Fused attention of `qkv` `[N, H, W, 3 C]`, to `[N, H, W, C]`. H W is a multiple of 8 on a GPU.
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub fn fused(qkv: &Tensor, heads: Heads, tf32: bool) -> Result<Tensor> {
    let qkv = qkv.contiguous()?;
    let (images, height, width, _) = qkv.dims4()?;
    let scores = images * heads.count * (height * width).pow(2);
    let weights = (scores <= KEPT)
        .then(|| qkv.apply_op1_no_bwd(&Weights { heads, tf32 }))
        .transpose()?;
    qkv.apply_op1(Attend { heads, tf32, weights })
}

/// The twin of [`fused`] in plain candle operations.
///
/// # Errors
/// When shapes do not fit, or candle fails.
pub fn twin(qkv: &Tensor, heads: Heads) -> Result<Tensor> {
    let image = qkv.permute((0, 3, 1, 2))?.contiguous()?;
    let attended = cellflux_candle::attention::plain(&image, heads)?;
    attended.permute((0, 2, 3, 1))?.contiguous()
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

/// `depth^(-1/2)`.
fn scale(shape: &Shape, heads: Heads) -> Result<f64> {
    let depth = shape.dims4()?.3 / 3 / heads.count;
    Ok((depth as f64).powf(-0.5))
}

/// `softmax(q k^T / sqrt(depth))`, `[N, heads, pixels, pixels]`, of packed q, k, v.
struct Weights {
    heads: Heads,
    #[cfg_attr(not(feature = "cudnn"), allow(dead_code, reason = "the kernel alone uses it"))]
    // the CPU knows no TF32
    tf32: bool,
}

impl Weights {
    fn of(qkv: &Tensor, heads: Heads) -> Result<Tensor> {
        let [q, k, _] = split(qkv, heads)?;
        let scores = (q.matmul(&k.t()?)? * scale(qkv.shape(), heads)?)?;
        candle_nn::ops::softmax(&scores, D::Minus1)
    }
}

impl CustomOp1 for Weights {
    fn name(&self) -> &'static str {
        "attention-weights"
    }

    fn cpu_fwd(&self, qkv: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let qkv = &on_cpu::tensors(&[(qkv, layout)])?[0];
        on_cpu::storage(&Self::of(qkv, self.heads)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(&self, qkv: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let packed = Packed::of(layout.shape(), self.heads)?;
        let qkv = Reading::of(qkv, layout)?;
        let shape = packed.scores_shape();
        let mut weights = allocate(qkv.device(), &shape, qkv.dtype())?;
        let Packed { pixels, depth, .. } = packed;
        for head in 0..self.heads.count {
            let product = blas::Product {
                tf32: self.tf32,
                sizes: packed.sizes(pixels, pixels, depth),
                factor: (depth as f32).powf(-0.5),
            };
            let [q, k, _] = packed.parts(head);
            let scores = (Writing::whole(&mut weights)?, packed.scores(head));
            blas::multiply(product, (qkv, q), (qkv, k.transposed()), scores)?;
        }
        softmax::softmax(Writing::whole(&mut weights)?, pixels)?;
        Ok((weights, shape))
    }
}

/// The weights applied to the values.
struct Attend {
    heads: Heads,
    tf32: bool,
    weights: Option<Tensor>,
}

impl CustomOp1 for Attend {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, qkv: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let qkv = &on_cpu::tensors(&[(qkv, layout)])?[0];
        let (images, height, width, channels) = qkv.dims4()?;
        let [_, _, v] = split(qkv, self.heads)?;
        let attended = Weights::of(qkv, self.heads)?.matmul(&v)?;
        let attended = attended.transpose(1, 2)?.contiguous()?;
        on_cpu::storage(&attended.reshape((images, height, width, channels / 3))?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(&self, qkv: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let packed = Packed::of(layout.shape(), self.heads)?;
        let (images, height, width, channels) = layout.shape().dims4()?;
        let shape = Shape::from((images, height, width, channels / 3));
        let (kept, again);
        let weights = if let Some(weights) = &self.weights {
            kept = weights.storage_and_layout();
            Reading::of(on_cuda(&kept.0)?, kept.1)?
        } else {
            let (heads, tf32) = (self.heads, self.tf32);
            again = Weights { heads, tf32 }.cuda_fwd(qkv, layout)?.0;
            Reading::whole(&again)?
        };
        let qkv = Reading::of(qkv, layout)?;
        let mut out = allocate(qkv.device(), &shape, qkv.dtype())?;
        let Packed { pixels, depth, .. } = packed;
        for head in 0..self.heads.count {
            let product = blas::Product {
                tf32: self.tf32,
                sizes: packed.sizes(pixels, depth, pixels),
                factor: 1.0,
            };
            let [_, _, v] = packed.parts(head);
            let attended = (Writing::whole(&mut out)?, packed.attended(head));
            blas::multiply(product, (weights, packed.scores(head)), (qkv, v), attended)?;
        }
        Ok((out, shape))
    }

    fn bwd(&self, qkv: &Tensor, _attended: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let backward = Backward {
            heads: self.heads,
            tf32: self.tf32,
            weights: match &self.weights {
                Some(weights) => weights.clone(),
                None => qkv.apply_op1_no_bwd(&Weights {
                    heads: self.heads,
                    tf32: self.tf32,
                })?,
            },
        };
        Ok(Some(qkv.apply_op2_no_bwd(&gradient.contiguous()?, &backward)?))
    }
}

/// The gradient of packed q, k, v, of the attended values' gradient.
struct Backward {
    heads: Heads,
    #[cfg_attr(not(feature = "cudnn"), allow(dead_code, reason = "the kernel alone uses it"))]
    // the CPU knows no TF32
    tf32: bool,
    weights: Tensor,
}

impl CustomOp2 for Backward {
    fn name(&self) -> &'static str {
        "attention-gradient"
    }

    fn cpu_fwd(
        &self,
        qkv: &CpuStorage,
        qkv_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = on_cpu::tensors(&[(qkv, qkv_layout), (gradient, gradient_layout)])?;
        let (images, height, width, channels) = inputs[1].dims4()?;
        let depth = channels / self.heads.count;
        let [q, k, v] = split(&inputs[0], self.heads)?;
        let gradient = inputs[1]
            .reshape((images, height * width, self.heads.count, depth))?
            .transpose(1, 2)?
            .contiguous()?;
        let weights = &self.weights;
        let of_v = weights.t()?.contiguous()?.matmul(&gradient)?;
        let of_weights = gradient.matmul(&v.t()?)?;
        let mean = (weights * &of_weights)?.sum_keepdim(D::Minus1)?;
        let of_scores = (weights * of_weights.broadcast_sub(&mean)?)?;
        let of_scores = (of_scores * scale(inputs[0].shape(), self.heads)?)?;
        let of_q = of_scores.matmul(&k)?;
        let of_k = of_scores.t()?.contiguous()?.matmul(&q)?;
        on_cpu::storage(&join(&[of_q, of_k, of_v], self.heads, qkv_layout.shape())?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        qkv: &CudaStorage,
        qkv_layout: &Layout,
        gradient: &CudaStorage,
        gradient_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let packed = Packed::of(qkv_layout.shape(), self.heads)?;
        let qkv = Reading::of(qkv, qkv_layout)?;
        let gradient = Reading::of(gradient, gradient_layout)?;
        let (weights, in_weights) = self.weights.storage_and_layout();
        let weights = Reading::of(on_cuda(&weights)?, in_weights)?;
        let (device, dtype) = (qkv.device(), qkv.dtype());
        let mut out = allocate(device, qkv_layout.shape(), dtype)?;
        let mut of_scores = allocate(device, &packed.scores_shape(), dtype)?;
        let Packed { pixels, depth, .. } = packed;
        let product = |sizes| blas::Product {
            tf32: self.tf32,
            sizes,
            factor: 1.0,
        };
        let to_depth = product(packed.sizes(pixels, depth, pixels));
        let to_pixels = product(packed.sizes(pixels, pixels, depth));
        for head in 0..self.heads.count {
            // Queries, keys and values lie in `qkv` as their gradients do in `out`.
            let [_, _, v] = packed.parts(head);
            let (scores, own) = (packed.scores(head), (gradient, packed.attended(head)));
            let of_v = (Writing::whole(&mut out)?, v);
            blas::multiply(to_depth, (weights, scores.transposed()), own, of_v)?;
            let of_weights = (Writing::whole(&mut of_scores)?, scores);
            blas::multiply(to_pixels, own, (qkv, v.transposed()), of_weights)?;
        }
        let scale = (depth as f32).powf(-0.5);
        softmax::gradient(weights, Writing::whole(&mut of_scores)?, pixels, scale)?;
        let of_scores = Reading::whole(&of_scores)?;
        for head in 0..self.heads.count {
            let [q, k, _] = packed.parts(head);
            let scores = packed.scores(head);
            let of_q = (Writing::whole(&mut out)?, q);
            blas::multiply(to_depth, (of_scores, scores), (qkv, k), of_q)?;
            let of_k = (Writing::whole(&mut out)?, k);
            blas::multiply(to_depth, (of_scores, scores.transposed()), (qkv, q), of_k)?;
        }
        Ok((out, qkv_layout.shape().clone()))
    }
}

/// Where the matrices of packed queries, keys and values lie, those of attended values, and those of scores.
#[cfg(feature = "cudnn")]
#[derive(Clone, Copy)]
struct Packed {
    images: usize,
    pixels: usize,
    depth: usize,
    heads: Heads,
}

#[cfg(feature = "cudnn")]
impl Packed {
    fn of(qkv: &Shape, heads: Heads) -> Result<Self> {
        let (images, height, width, channels) = qkv.dims4()?;
        let pixels = height * width;
        if !pixels.is_multiple_of(8) {
            candle_core::bail!("fused attention over {pixels} pixels, expected a multiple of 8")
        }
        Ok(Self {
            images,
            pixels,
            depth: channels / 3 / heads.count,
            heads,
        })
    }

    /// Queries, keys and values `[pixels, depth]` of a head.
    fn parts(&self, head: usize) -> [Matrices; 3] {
        let leading = 3 * self.heads.count * self.depth;
        [0, 1, 2].map(|part| {
            let place = if self.heads.new_order {
                part * self.heads.count + head
            } else {
                head * 3 + part
            };
            Matrices {
                first: place * self.depth,
                leading,
                stride: self.pixels * leading,
                transposed: false,
            }
        })
    }

    /// Attended values `[pixels, depth]` of a head.
    fn attended(&self, head: usize) -> Matrices {
        let leading = self.heads.count * self.depth;
        Matrices {
            first: head * self.depth,
            leading,
            stride: self.pixels * leading,
            transposed: false,
        }
    }

    /// Scores `[pixels, pixels]` of a head.
    fn scores(&self, head: usize) -> Matrices {
        let matrix = self.pixels * self.pixels;
        Matrices {
            first: head * matrix,
            leading: self.pixels,
            stride: self.heads.count * matrix,
            transposed: false,
        }
    }

    fn scores_shape(&self) -> Shape {
        Shape::from((self.images, self.heads.count, self.pixels, self.pixels))
    }

    fn sizes(&self, rows: usize, columns: usize, inner: usize) -> blas::Sizes {
        blas::Sizes {
            rows,
            columns,
            inner,
            batch: self.images,
        }
    }
}
