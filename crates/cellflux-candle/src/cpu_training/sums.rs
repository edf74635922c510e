//! Sums over images and pixels, which candle makes with three divisions for every number.

use rayon::prelude::*;

use crate::group_norm::sum;

/// The sums over images and pixels of `[N, channels, pixels]`: the gradient of a bias.
pub(super) fn of_channels(values: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    (0..channels)
        .into_par_iter()
        .map(|channel| {
            let planes = values.chunks_exact(pixels).skip(channel).step_by(channels);
            planes.map(|plane| sum(plane, |x| x)).sum::<f64>() as f32
        })
        .collect()
}
