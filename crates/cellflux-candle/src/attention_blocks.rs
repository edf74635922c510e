//! Self-attention on the CPU, eight queries at a time, one per lane.
//!
//! Eight queries' scores against all keys are a few dozen kB, so they stay in a core's cache between the two
//! matrix products; with one query per lane the softmax runs down the keys without ever looking across lanes,
//! and leaves its weights in just the order in which the second product reads its right factor.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;
use wide::f32x4;

use crate::exponential::exp;
use crate::lanes::{Lanes, load, store};
use crate::matrix_product::{COLUMNS, LeftFactor, ROWS, block};
use crate::memory::contiguous;
use crate::operations::Heads;

/// Attention of qkv channels `[N, 3 C, H, W]`, to `[N, C, H, W]`, in f32.
pub(crate) fn attend(qkv: &Tensor, heads: Heads) -> Result<Tensor> {
    qkv.contiguous()?.apply_op1_no_bwd(&Attend(heads))
}

struct Attend(Heads);

impl CustomOp1 for Attend {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, qkv: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (images, channels, height, width) = layout.shape().dims4()?;
        let Heads { count, new_order } = self.0;
        if count == 0 || !channels.is_multiple_of(3 * count) {
            candle_core::bail!(
                "{count} heads of {:?}, expected queries, keys and values of each",
                layout.shape()
            );
        }
        let qkv = contiguous(qkv, layout)?;
        let pixels = height * width;
        let depth = channels / 3 / count;
        let mut out = vec![0.0; images * channels / 3 * pixels];
        out.par_chunks_mut(depth * pixels)
            .enumerate()
            .for_each(|(at, out)| {
                let (image, head) = (at / count, at % count);
                // In units of one head's channels: where its queries start, and how far it is to its keys and
                // on to its values.
                let (first, apart) = if new_order { (head, count) } else { (3 * head, 1) };
                let part = |index: usize| {
                    let start = (3 * image * count + first + index * apart) * depth * pixels;
                    &qkv[start..start + depth * pixels]
                };
                Head { pixels, depth }.attend(part(0), part(1), part(2), out);
            });
        let shape = Shape::from((images, channels / 3, height, width));
        Ok((CpuStorage::F32(out), shape))
    }
}

/// One head of one image; queries, keys and values are `[depth, pixels]`.
#[derive(Clone, Copy)]
struct Head {
    pixels: usize,
    depth: usize,
}

impl Head {
    fn attend(self, queries: &[f32], keys: &[f32], values: &[f32], out: &mut [f32]) {
        let Self { pixels, depth } = self;
        let scale = 1.0 / (depth as f32).sqrt();
        let keys = LeftFactor::new(pixels, depth, |key, at| scale * keys[at * pixels + key]);
        let values = LeftFactor::new(depth, pixels, |channel, key| values[channel * pixels + key]);
        let padded = depth.next_multiple_of(ROWS);
        let mut attended = vec![[f32x4::ZERO; 2]; pixels.div_ceil(COLUMNS) * padded];
        attended.par_chunks_mut(padded).enumerate().for_each_init(
            Scratch::default,
            |scratch, (panel, attended)| {
                let Scratch {
                    queries: eight,
                    weights,
                } = scratch;
                let first = panel * COLUMNS;
                eight.clear();
                eight.extend(queries.chunks_exact(pixels).map(|row| load(&row[first..])));
                weights.clear();
                weights.extend(keys.panels().flat_map(|keys| block(keys, eight)));
                // The last panel is filled up with keys that do not exist.
                weights.truncate(pixels);
                let shares = softmax_down(weights);
                for (attended, values) in attended.as_chunks_mut::<ROWS>().0.iter_mut().zip(values.panels()) {
                    *attended = block(values, weights).map(|sums| [sums[0] * shares[0], sums[1] * shares[1]]);
                }
            },
        );
        for (channel, out) in out.chunks_exact_mut(pixels).enumerate() {
            for (out, attended) in out
                .chunks_mut(COLUMNS)
                .zip(attended[channel..].iter().step_by(padded))
            {
                store(*attended, out);
            }
        }
    }
}

/// What a task keeps between panels of queries.
#[derive(Default)]
struct Scratch {
    /// `[depth]`.
    queries: Vec<Lanes>,
    /// `[keys]`.
    weights: Vec<Lanes>,
}

/// Replaces the scores of every lane by the exponentials of their distances to the highest, and returns the
/// reciprocals of their sums.
fn softmax_down(scores: &mut [Lanes]) -> Lanes {
    let lowest = [f32x4::splat(f32::NEG_INFINITY); 2];
    let highest = scores.iter().fold(lowest, |high, score| {
        [high[0].fast_max(score[0]), high[1].fast_max(score[1])]
    });
    let mut sums = [f32x4::ZERO; 2];
    for score in scores {
        for half in 0..2 {
            score[half] = exp(score[half] - highest[half]);
            sums[half] += score[half];
        }
    }
    sums.map(|sum| f32x4::ONE / sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention;
    use candle_core::Device;

    #[test]
    fn blocks_of_queries_equal_the_definition() {
        // Pixels that fill no panel, one head and several, both orders of the channels.
        for (count, depth, height, width) in [(1, 32, 8, 8), (3, 8, 5, 7), (2, 5, 1, 3)] {
            for new_order in [false, true] {
                let heads = Heads { count, new_order };
                let shape = (2, 3 * count * depth, height, width);
                let qkv = Tensor::randn(0.0f32, 2.0, shape, &Device::Cpu).unwrap();
                let expected = attention::plain(&qkv, heads).unwrap();
                let apart = (attend(&qkv, heads).unwrap() - expected).unwrap().abs().unwrap();
                let worst: f32 = apart.max_all().unwrap().to_scalar().unwrap();
                // Weighted means of values up to about 8; scores up to about 50 carry their rounding into the
                // exponent.
                assert!(
                    worst < 2e-5,
                    "{heads:?} of {depth} at {height} x {width}: {worst:.1e}"
                );
            }
        }
    }

    #[test]
    fn scores_beyond_the_exponential_s_range_are_no_trouble() {
        let mut scores = [1e30, -1e30, 1e30, 0.0].map(|score| [f32x4::splat(score); 2]);
        let shares = softmax_down(&mut scores)[0].to_array()[0];
        let weights = scores.map(|score| score[1].to_array()[3] * shares);
        assert!((weights[0] - 0.5).abs() < 1e-6 && (weights[2] - 0.5).abs() < 1e-6);
        assert!(weights[1].abs() < 1e-6 && weights[3].abs() < 1e-6);
    }
}
