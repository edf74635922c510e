//! Softmax of attention scores, in place, on the CPU.

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor};
use rayon::prelude::*;

use crate::exponential::exp;
use crate::lanes::{self, load, store};
use crate::memory::contiguous_mut;

/// Replaces every row (last axis) of contiguous f32 `scores` by its softmax.
///
/// Nothing else may use the tensor: its memory is overwritten.
pub(crate) fn softmax_rows(scores: &Tensor) -> Result<()> {
    scores.inplace_op1(&Softmax)
}

struct Softmax;

impl InplaceOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax-rows"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let columns = layout.dims().last().copied().unwrap_or(1);
        let values = contiguous_mut(storage, layout)?;
        values.par_chunks_mut(columns).for_each(softmax);
        Ok(())
    }
}

/// Replaces a row of scores by its softmax.
pub(crate) fn softmax(row: &mut [f32]) {
    let highest = fold(row, f32::NEG_INFINITY, |a, b| if a > b { a } else { b });
    for eight in row.chunks_mut(lanes::COUNT) {
        store(load(eight).map(|score| exp(score - highest)), eight);
    }
    // A row of attention is short enough to be summed in f32.
    let share = 1.0 / fold(row, 0.0, |a, b| a + b);
    for value in row {
        *value *= share;
    }
}

/// Folds a row in eight lanes, which compilers turn into SIMD, and the lanes at the end.
fn fold(row: &[f32], start: f32, join: impl Fn(f32, f32) -> f32) -> f32 {
    let (blocks, rest) = row.as_chunks::<8>();
    let mut lanes = [start; 8];
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane = join(*lane, value);
        }
    }
    lanes.into_iter().chain(rest.iter().copied()).fold(start, join)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{D, Device};

    #[test]
    fn rows_add_up_to_one_and_equal_the_library_s() {
        for columns in [1, 7, 64, 2304] {
            let scores = Tensor::randn(0.0f32, 8.0, (3, 5, columns), &Device::Cpu).unwrap();
            let expected = candle_nn::ops::softmax(&scores, D::Minus1).unwrap();
            softmax_rows(&scores).unwrap();
            let worst = (&scores - expected).unwrap().abs().unwrap().max_all().unwrap();
            // Weights up to 1, a few roundings each.
            assert!(worst.to_scalar::<f32>().unwrap() < 1e-6, "{columns}");
            for total in scores
                .sum(D::Minus1)
                .unwrap()
                .flatten_all()
                .unwrap()
                .to_vec1::<f32>()
                .unwrap()
            {
                assert!((total - 1.0).abs() < 1e-5, "{columns}: {total}");
            }
        }
    }

    #[test]
    fn scores_beyond_the_exponential_s_range_are_no_trouble() {
        let mut row = [1e30, -1e30, 1e30, 0.0];
        softmax(&mut row);
        assert!((row[0] - 0.5).abs() < 1e-6 && (row[2] - 0.5).abs() < 1e-6);
        assert!(row[1].abs() < 1e-6 && row[3].abs() < 1e-6);
    }
}
