//! Smoothing before a threshold, in whole numbers.

use super::plane::Plane;

/// The binomial filter along one axis: its standard deviation is exactly 1 px, and its weights sum to 16.
const WEIGHTS: [u32; 5] = [1, 4, 6, 4, 1];

/// A plane smoothed by the binomial filter `[1 4 6 4 1] / 16` along both axes, rounded to bytes; beyond the
/// border its pixels are repeated. Whole numbers give the same bytes on every machine and in every
/// orientation.
pub fn smooth(plane: &Plane) -> Vec<u8> {
    let (height, width) = (plane.grid().height(), plane.grid().width());
    let values: Vec<u32> = plane.values().iter().map(|&value| u32::from(value)).collect();
    let along_rows = filter(&values, width, 1);
    let along_both = filter(&along_rows, height, width);
    // Both axes' weights sum to 256; half of that rounds.
    along_both
        .into_iter()
        .map(|sum| ((sum + 128) / 256) as u8)
        .collect()
}

/// Weighted sums along an axis of `length` pixels, which lie `stride` apart in memory.
fn filter(values: &[u32], length: usize, stride: usize) -> Vec<u32> {
    let sum = |pixel: usize| {
        let own = pixel / stride % length;
        let first = pixel - own * stride;
        let weighted = WEIGHTS.iter().zip(own..).map(|(weight, place)| {
            let place = place.saturating_sub(2).min(length - 1);
            weight * values.get(first + place * stride).copied().unwrap_or_default()
        });
        weighted.sum()
    };
    (0..values.len()).map(sum).collect()
}
