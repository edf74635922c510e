//! Numbers for tests that are the same in every run, so that a bound on rounding errors holds in every run or
//! in none.

use candle_core::{Device, Tensor};

/// Numbers of mean 0 and variance 1, uniform; other seeds give others. Mixed as in `SplitMix64` (Steele, Lea
/// and Flood 2014).
pub(crate) fn numbers(seed: u64, shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count as u64)
        .map(|at| {
            let mut bits = (seed << 32 | at)
                .wrapping_add(1)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let unit = ((bits ^ (bits >> 31)) >> 40) as f32 / (1u32 << 24) as f32;
            (unit - 0.5) * 12.0f32.sqrt()
        })
        .collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}
