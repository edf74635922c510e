//! How large the bright structures of a channel are.
//!
//! The spectrum that `CellProfiler`'s `MeasureGranularity` takes of an image, without its subsampling, and
//! with a background element that covers the crop, so that the darkest pixel is subtracted. With `f`
//! the plane minus its darkest value, `e_0 = f`, `e_k` the erosion of `e_{k-1}` by a pixel and its 4
//! neighbours, and `r_k` the reconstruction of `f` by dilation from `e_k` (with the same element), step `k`
//! is `100 (mean r_{k-1} - mean r_k) / mean f`: the percentage of the light in structures that hold an
//! element of radius `k - 1` and none of radius `k`. The element of radius `k` is the diamond of pixels at
//! most `k` steps away. Nothing lies beyond the border: there, erosions take the minimum of fewer pixels.

use std::collections::VecDeque;

use super::column::{Column, Unit};
use super::plane::{Grid, Plane};

/// Steps of the spectrum: structures up to 15 px across, about half of a nucleus in a crop of 96 px.
pub const STEPS: usize = 8;

/// What [`measure`] measures, in its order.
pub const COLUMNS: [Column; STEPS] = [
    column("granularity-1"),
    column("granularity-2"),
    column("granularity-3"),
    column("granularity-4"),
    column("granularity-5"),
    column("granularity-6"),
    column("granularity-7"),
    column("granularity-8"),
];

const fn column(name: &'static str) -> Column {
    Column {
        name,
        unit: Unit::Percent,
        about: "light above the darkest pixel that the opening by reconstruction of this radius in px takes \
                away, and that of the radius before does not",
        source: "MeasureGranularity of CellProfiler, after Maragos 1989 and Vincent 2000",
    }
}

/// The measures of [`COLUMNS`], each and their sum within 0..=100; `None` for a constant plane.
pub fn measure(plane: &Plane) -> [Option<f64>; STEPS] {
    let grid = plane.grid();
    let darkest = plane.values().iter().copied().min().unwrap_or_default();
    let light: Vec<u8> = plane.values().iter().map(|value| value - darkest).collect();
    let total = sum(&light);
    if total == 0 {
        return [None; STEPS];
    }
    let mut eroded = light.clone();
    let mut before = total;
    [(); STEPS].map(|()| {
        eroded = erode(&eroded, grid);
        let after = sum(&reconstruct(eroded.clone(), &light, grid));
        let lost = before - after;
        before = after;
        Some(100.0 * lost as f64 / total as f64)
    })
}

fn sum(values: &[u8]) -> u64 {
    values.iter().map(|&value| u64::from(value)).sum()
}

/// The smallest of each pixel and its neighbours.
pub fn erode(values: &[u8], grid: Grid) -> Vec<u8> {
    let at = |pixel: usize| values.get(pixel).copied().unwrap_or(u8::MAX);
    (0..values.len())
        .map(|pixel| grid.neighbours(pixel).map(at).fold(at(pixel), u8::min))
        .collect()
}

/// Reconstruction by dilation: `marker`, nowhere above `mask`, grows under it until nothing changes (Vincent
/// 1993: a pass forwards, one backwards, then pixels in a queue).
pub fn reconstruct(mut marker: Vec<u8>, mask: &[u8], grid: Grid) -> Vec<u8> {
    let pixels = marker.len();
    let at = |values: &[u8], pixel: usize| values.get(pixel).copied().unwrap_or_default();
    for pixel in (0..pixels).chain((0..pixels).rev()) {
        let brightest = grid.neighbours(pixel).map(|next| at(&marker, next)).max();
        let grown = at(&marker, pixel).max(brightest.unwrap_or_default());
        if let Some(value) = marker.get_mut(pixel) {
            *value = grown.min(at(mask, pixel));
        }
    }
    let can_grow = |marker: &[u8], from: usize, to: usize| {
        at(marker, to) < at(marker, from) && at(marker, to) < at(mask, to)
    };
    let mut waiting: VecDeque<usize> = (0..pixels)
        .filter(|&pixel| grid.neighbours(pixel).any(|next| can_grow(&marker, pixel, next)))
        .collect();
    while let Some(pixel) = waiting.pop_front() {
        for next in grid.neighbours(pixel) {
            if can_grow(&marker, pixel, next) {
                let grown = at(&marker, pixel).min(at(mask, next));
                if let Some(value) = marker.get_mut(next) {
                    *value = grown;
                }
                waiting.push_back(next);
            }
        }
    }
    marker
}
