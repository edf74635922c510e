//! Attention and its gradient on a GPU: a batch of products for each head, on matrices inside the packed
//! tensors.

use candle_core::{CudaStorage, Result, Shape};
use cellflux_candle::attention::Heads;

use crate::CHANNEL_UNIT;
use crate::cuda::blas::{self, Matrices, Product};
use crate::cuda::memory::{Reading, Writing, allocate};
use crate::softmax::cuda as softmax;

/// Where the matrices of packed queries, keys and values lie, those of attended values, and those of scores.
#[derive(Clone, Copy)]
pub struct Packed {
    images: usize,
    pixels: usize,
    depth: usize,
    heads: Heads,
}

impl Packed {
    /// The matrices of packed queries, keys and values `[N, H, W, 3 C]`.
    pub fn of(qkv: &Shape, heads: Heads) -> Result<Self> {
        let (images, height, width, channels) = qkv.dims4()?;
        let (pixels, depth) = (height * width, channels / 3 / heads.count);
        if channels != 3 * heads.count * depth {
            candle_core::bail!("fused attention of {channels} channels in {heads:?}")
        }
        if !pixels.is_multiple_of(CHANNEL_UNIT) {
            candle_core::bail!("fused attention over {pixels} pixels, expected a multiple of {CHANNEL_UNIT}")
        }
        Ok(Self {
            images,
            pixels,
            depth,
            heads,
        })
    }

    /// The weights, of the shape [`Self::scores_shape`].
    pub fn weights(&self, qkv: Reading, tf32: bool) -> Result<CudaStorage> {
        let Self { pixels, depth, .. } = *self;
        let mut weights = allocate(qkv.device(), &self.scores_shape(), qkv.dtype())?;
        let product = Product {
            tf32,
            sizes: self.sizes(pixels, pixels, depth),
            factor: self.scale(),
        };
        for head in 0..self.heads.count {
            let [q, k, _] = self.parts(head);
            let scores = (Writing::whole(&mut weights)?, self.scores(head));
            blas::multiply(product, (qkv, q), (qkv, k.transposed()), scores)?;
        }
        softmax::softmax(Writing::whole(&mut weights)?, pixels)?;
        Ok(weights)
    }

    /// The weights applied to the values, `[N, H, W, C]`.
    pub fn attend(&self, qkv: Reading, weights: Reading, tf32: bool) -> Result<CudaStorage> {
        let Self { pixels, depth, .. } = *self;
        let shape = Shape::from((self.images, pixels, self.heads.count * depth));
        let mut out = allocate(qkv.device(), &shape, qkv.dtype())?;
        let product = Product {
            tf32,
            sizes: self.sizes(pixels, depth, pixels),
            factor: 1.0,
        };
        for head in 0..self.heads.count {
            let [_, _, v] = self.parts(head);
            let attended = (Writing::whole(&mut out)?, self.attended(head));
            blas::multiply(product, (weights, self.scores(head)), (qkv, v), attended)?;
        }
        Ok(out)
    }

    /// The gradient of `qkv`, of the attended values' `gradient` and the weights.
    pub fn gradient(
        &self,
        qkv: Reading,
        gradient: Reading,
        weights: Reading,
        tf32: bool,
    ) -> Result<CudaStorage> {
        let Self { pixels, depth, .. } = *self;
        let (device, dtype) = (qkv.device(), qkv.dtype());
        let mut out = allocate(device, &Shape::from(qkv.len()), dtype)?;
        let mut of_scores = allocate(device, &self.scores_shape(), dtype)?;
        let product = |sizes| Product {
            tf32,
            sizes,
            factor: 1.0,
        };
        let to_depth = product(self.sizes(pixels, depth, pixels));
        let to_pixels = product(self.sizes(pixels, pixels, depth));
        for head in 0..self.heads.count {
            // Queries, keys and values lie in `qkv` as their gradients do in `out`.
            let [_, _, v] = self.parts(head);
            let (scores, own) = (self.scores(head), (gradient, self.attended(head)));
            let of_v = (Writing::whole(&mut out)?, v);
            blas::multiply(to_depth, (weights, scores.transposed()), own, of_v)?;
            let of_weights = (Writing::whole(&mut of_scores)?, scores);
            blas::multiply(to_pixels, own, (qkv, v.transposed()), of_weights)?;
        }
        softmax::gradient(weights, Writing::whole(&mut of_scores)?, pixels, self.scale())?;
        let of_scores = Reading::whole(&of_scores)?;
        for head in 0..self.heads.count {
            let [q, k, _] = self.parts(head);
            let scores = self.scores(head);
            let of_q = (Writing::whole(&mut out)?, q);
            blas::multiply(to_depth, (of_scores, scores), (qkv, k), of_q)?;
            let of_k = (Writing::whole(&mut out)?, k);
            blas::multiply(to_depth, (of_scores, scores.transposed()), (qkv, q), of_k)?;
        }
        Ok(out)
    }

    /// `[N, heads, pixels, pixels]`.
    pub fn scores_shape(&self) -> Shape {
        Shape::from((self.images, self.heads.count, self.pixels, self.pixels))
    }

    /// What scores are multiplied by.
    fn scale(&self) -> f32 {
        (self.depth as f32).powf(-0.5)
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

    fn sizes(&self, rows: usize, columns: usize, inner: usize) -> blas::Sizes {
        blas::Sizes {
            rows,
            columns,
            inner,
            batch: self.images,
        }
    }
}
