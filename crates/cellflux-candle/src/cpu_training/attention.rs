//! Self-attention with its gradient, head by head: the softmax's weights are computed again on the way back
//! and never kept.
//!
//! With scores `s = q^T k / sqrt(depth)`, weights `w = softmax(s)` and results `y = v w^T`: the gradient of
//! `v` is `dy w`, that of the weights `dy^T v`, that of the scores `ds = w (dw - sum(dw w))` row by row, and
//! those of `q` and `k` are `k ds^T` and `q ds` over `sqrt(depth)`.

use std::cell::Cell;

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::factors::{Factor, Onto, multiply};
use crate::memory::{contiguous, with_values};
use crate::operations::Heads;
use crate::softmax::softmax;

thread_local! {
    /// A head's weights, and their gradient, kept between layers and steps: a task takes them, and one that
    /// starts inside it on the same thread gets new ones.
    static WEIGHTS: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    static WANTED: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// Attention of qkv channels `[N, 3 C, H, W]`, to `[N, C, H, W]`, in f32.
pub(super) fn attend(qkv: &Tensor, heads: Heads) -> Result<Tensor> {
    qkv.contiguous()?.apply_op1(Attend(heads))
}

struct Attend(Heads);

impl Attend {
    /// Channels, and one head of an image.
    fn sizes(&self, shape: &Shape) -> Result<(usize, Head)> {
        let (_, channels, height, width) = shape.dims4()?;
        let count = self.0.count;
        if count == 0 || !channels.is_multiple_of(3 * count) {
            candle_core::bail!("{count} heads of {shape:?}, expected queries, keys and values of each");
        }
        let head = Head {
            pixels: height * width,
            depth: channels / 3 / count,
        };
        Ok((channels, head))
    }

    /// Queries, keys and values of every head of an image, each `[depth, pixels]`.
    fn parts<'a>(&self, image: &'a [f32], head: Head) -> Vec<[&'a [f32]; 3]> {
        let parts: Vec<&[f32]> = image.chunks_exact(head.len()).collect();
        let Heads { count, new_order } = self.0;
        let part = |of: usize, which: usize| {
            if new_order {
                parts[which * count + of]
            } else {
                parts[3 * of + which]
            }
        };
        (0..count)
            .map(|of| [0, 1, 2].map(|which| part(of, which)))
            .collect()
    }

    /// The same to be written to.
    fn parts_mut<'a>(&self, image: &'a mut [f32], head: Head) -> Vec<[&'a mut [f32]; 3]> {
        let Heads { count, new_order } = self.0;
        if new_order {
            let (queries, rest) = image.split_at_mut(count * head.len());
            let (keys, values) = rest.split_at_mut(count * head.len());
            let keys_and_values = keys
                .chunks_exact_mut(head.len())
                .zip(values.chunks_exact_mut(head.len()));
            return queries
                .chunks_exact_mut(head.len())
                .zip(keys_and_values)
                .map(|(queries, (keys, values))| [queries, keys, values])
                .collect();
        }
        image
            .chunks_exact_mut(3 * head.len())
            .map(|three| {
                let (queries, rest) = three.split_at_mut(head.len());
                let (keys, values) = rest.split_at_mut(head.len());
                [queries, keys, values]
            })
            .collect()
    }
}

impl CustomOp1 for Attend {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, qkv: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (images, channels, height, width) = layout.shape().dims4()?;
        let (_, head) = self.sizes(layout.shape())?;
        let qkv = contiguous(qkv, layout)?;
        let mut out = vec![0.0; images * channels / 3 * head.pixels];
        let parts: Vec<_> = qkv
            .chunks_exact(channels * head.pixels)
            .flat_map(|image| self.parts(image, head))
            .collect();
        out.par_chunks_mut(head.len())
            .zip(parts)
            .for_each(|(out, [queries, keys, values])| {
                let weights = head.weights(queries, keys);
                let weights_of = Factor::of_rows(&weights, head.pixels, head.pixels, head.pixels);
                multiply(
                    head.factor(values),
                    weights_of.transposed(),
                    1.0,
                    Onto::Nothing,
                    out,
                );
                WEIGHTS.set(weights);
            });
        let shape = Shape::from((images, channels / 3, height, width));
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(&self, qkv: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (channels, head) = self.sizes(qkv.shape())?;
        let mut out = vec![0.0; qkv.elem_count()];
        let image = channels * head.pixels;
        with_values(qkv, |qkv| {
            with_values(gradient, |gradient| {
                let tasks: Vec<_> = out
                    .chunks_exact_mut(image)
                    .zip(qkv.chunks_exact(image))
                    .flat_map(|(out, qkv)| self.parts_mut(out, head).into_iter().zip(self.parts(qkv, head)))
                    .zip(gradient.chunks_exact(head.len()))
                    .collect();
                tasks
                    .into_par_iter()
                    .for_each(|((out, parts), gradient)| head.gradients(parts, gradient, out));
            })
        })??;
        Ok(Some(Tensor::from_vec(out, qkv.shape(), &Device::Cpu)?))
    }
}

/// One head of one image; queries, keys and values are `[depth, pixels]`.
#[derive(Clone, Copy)]
struct Head {
    pixels: usize,
    depth: usize,
}

impl Head {
    fn len(self) -> usize {
        self.pixels * self.depth
    }

    fn scale(self) -> f32 {
        1.0 / (self.depth as f32).sqrt()
    }

    fn factor(self, values: &[f32]) -> Factor<'_> {
        Factor::of_rows(values, self.depth, self.pixels, self.pixels)
    }

    /// The softmax's weights, `[queries, keys]`, in the thread's buffer.
    fn weights(self, queries: &[f32], keys: &[f32]) -> Vec<f32> {
        let mut weights = WEIGHTS.take();
        weights.resize(self.pixels * self.pixels, 0.0);
        let queries = self.factor(queries).transposed();
        multiply(
            queries,
            self.factor(keys),
            self.scale(),
            Onto::Nothing,
            &mut weights,
        );
        weights.chunks_exact_mut(self.pixels).for_each(softmax);
        weights
    }

    fn gradients(self, [queries, keys, values]: [&[f32]; 3], gradient: &[f32], out: [&mut [f32]; 3]) {
        let [towards_queries, towards_keys, towards_values] = out;
        let pixels = self.pixels;
        let weights = self.weights(queries, keys);
        let square = |numbers| Factor::of_rows(numbers, pixels, pixels, pixels);
        let gradient = self.factor(gradient);
        multiply(gradient, square(&weights), 1.0, Onto::Nothing, towards_values);

        // Of the weights, then of the scores in the same place.
        let mut wanted = WANTED.take();
        wanted.resize(pixels * pixels, 0.0);
        multiply(
            gradient.transposed(),
            self.factor(values),
            1.0,
            Onto::Nothing,
            &mut wanted,
        );
        for (wanted, weights) in wanted.chunks_exact_mut(pixels).zip(weights.chunks_exact(pixels)) {
            slope_of_softmax(wanted, weights);
        }
        let of_scores = square(&wanted);
        let scale = self.scale();
        multiply(
            self.factor(keys),
            of_scores.transposed(),
            scale,
            Onto::Nothing,
            towards_queries,
        );
        multiply(
            self.factor(queries),
            of_scores,
            scale,
            Onto::Nothing,
            towards_keys,
        );
        WEIGHTS.set(weights);
        WANTED.set(wanted);
    }
}

/// Replaces the gradient of a row of weights by that of its scores.
fn slope_of_softmax(gradient: &mut [f32], weights: &[f32]) {
    let (blocks, rest) = gradient.as_chunks::<8>();
    let (weight_blocks, weight_rest) = weights.as_chunks::<8>();
    // In eight lanes, which compilers turn into SIMD.
    let mut lanes = [0.0f32; 8];
    for (block, weights) in blocks.iter().zip(weight_blocks) {
        for (lane, (gradient, weight)) in lanes.iter_mut().zip(block.iter().zip(weights)) {
            *lane += gradient * weight;
        }
    }
    let rest = rest
        .iter()
        .zip(weight_rest)
        .map(|(gradient, weight)| gradient * weight);
    let mean: f32 = lanes.into_iter().chain(rest).sum();
    for (gradient, weight) in gradient.iter_mut().zip(weights) {
        *gradient = weight * (*gradient - mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention;
    use candle_core::Var;

    #[test]
    fn attention_and_its_gradient_are_candle_s() {
        for (count, depth, height, width) in [(1, 32, 8, 8), (3, 8, 5, 7), (2, 5, 1, 3)] {
            for new_order in [false, true] {
                let heads = Heads { count, new_order };
                let shape = (2, 3 * count * depth, height, width);
                let qkv = Var::randn(0.0f32, 1.0, shape, &Device::Cpu).unwrap();
                let results = [attend(&qkv, heads), attention::plain(&qkv, heads)].map(Result::unwrap);
                let weights = Tensor::randn(0.0f32, 1.0, results[0].shape(), &Device::Cpu).unwrap();
                let [ours, plain] = results.map(|result| {
                    let sum = (&result * &weights).unwrap().sum_all().unwrap();
                    let gradients = sum.backward().unwrap();
                    [result.detach(), gradients.get(&qkv).unwrap().clone()]
                });
                for (what, (ours, plain)) in ["result", "gradient"].iter().zip(ours.iter().zip(&plain)) {
                    let norm = |t: &Tensor| {
                        let squares = t.sqr().unwrap().sum_all().unwrap();
                        squares.to_scalar::<f32>().unwrap().sqrt()
                    };
                    let error = norm(&(ours - plain).unwrap()) / norm(plain);
                    // Scores of up to about 20 carry their rounding into the exponent.
                    assert!(
                        error < 5e-6,
                        "{what} of {heads:?}, {height} x {width}: {error:.1e}"
                    );
                }
            }
        }
    }
}
