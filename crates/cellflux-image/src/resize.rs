//! Resampling one plane of linear intensities, with a filter that suppresses what the new grid cannot hold,
//! and smoothing it.

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Luma};

/// Resamples `[height, width]` linear intensities to another size.
///
/// Lanczos with three lobes, its support widened to the coarser of the two grids, so that detail above the
/// new grid's Nyquist frequency becomes its mean instead of a false pattern. What the filter's negative lobes
/// add beyond the source's own smallest and largest value is cut off: no pixel is darker or brighter than any
/// that was measured. Equal sizes return the numbers untouched. `None` if `values` is not `width * height`
/// long or a size is zero.
pub fn resize(
    values: Vec<f32>,
    (width, height): (usize, usize),
    (new_width, new_height): (usize, usize),
) -> Option<Vec<f32>> {
    if values.len() != width.checked_mul(height)? || values.is_empty() || new_width * new_height == 0 {
        return None;
    }
    if (width, height) == (new_width, new_height) {
        return Some(values);
    }
    let (new_width, new_height) = (u32::try_from(new_width).ok()?, u32::try_from(new_height).ok()?);
    through_unit_range(&values, (width, height), |plane| {
        imageops::resize(plane, new_width, new_height, FilterType::Lanczos3)
    })
}

/// Smooths `[height, width]` numbers with a Gaussian of standard deviation `sigma` in pixels, above 0; beyond
/// the border its pixels are repeated. `None` if `values` is not `width * height` long or a size is zero.
pub fn smooth(values: &[f32], (width, height): (usize, usize), sigma: f32) -> Option<Vec<f32>> {
    if values.len() != width.checked_mul(height)? || values.is_empty() {
        return None;
    }
    through_unit_range(values, (width, height), |plane| imageops::blur(plane, sigma))
}

type Plane = ImageBuffer<Luma<f32>, Vec<f32>>;

/// Brings numbers to 0..=1 and back, since the library clamps floating-point pixels to that range; `change`
/// may return another size.
fn through_unit_range(
    values: &[f32],
    (width, height): (usize, usize),
    change: impl Fn(&Plane) -> Plane,
) -> Option<Vec<f32>> {
    let (low, high) = values
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| {
            (low.min(v), high.max(v))
        });
    // Numbers that are all equal stay so.
    let span = if high > low { high - low } else { 1.0 };
    let unit: Vec<f32> = values.iter().map(|v| (v - low) / span).collect();
    let plane = Plane::from_raw(u32::try_from(width).ok()?, u32::try_from(height).ok()?, unit)?;
    let changed = change(&plane).into_raw();
    Some(changed.into_iter().map(|u| low + u * span).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: usize, height: usize, f: impl Fn(usize, usize) -> f32) -> Vec<f32> {
        (0..width * height).map(|i| f(i % width, i / width)).collect()
    }

    fn mean(values: &[f32]) -> f64 {
        values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64
    }

    #[test]
    fn equal_sizes_are_exact() {
        let values = image(7, 5, |x, y| (x * 31 + y * 17) as f32 * 0.37);
        assert_eq!(resize(values.clone(), (7, 5), (7, 5)).unwrap(), values);
    }

    #[test]
    fn a_pattern_above_nyquist_becomes_grey_and_not_another_pattern() {
        // One-pixel squares, at ratios where nearest neighbour or bilinear would show moiré.
        for size in [40, 64, 77] {
            let board = image(128, 128, |x, y| ((x + y) % 2) as f32 * 1000.0);
            let small = resize(board, (128, 128), (size, size)).unwrap();
            // Two pixels at each edge see a half-filter; the rest is the mean to 5 % of the contrast.
            for y in 2..size - 2 {
                for x in 2..size - 2 {
                    let v = small[y * size + x];
                    assert!((v - 500.0).abs() < 50.0, "{size}: {v} at {x}, {y}");
                }
            }
        }
    }

    #[test]
    fn the_mean_is_kept_when_shrinking_and_when_enlarging() {
        let blob = image(100, 100, |x, y| {
            let (dx, dy) = (x as f32 - 45.0, y as f32 - 55.0);
            3.0 + 4000.0 * (-(dx * dx + dy * dy) / 150.0).exp()
        });
        let before = mean(&blob);
        for size in [31, 64, 96, 150] {
            let after = mean(&resize(blob.clone(), (100, 100), (size, size)).unwrap());
            assert!(
                (after / before - 1.0).abs() < 2e-3,
                "{size}: {after} from {before}"
            );
        }
    }

    #[test]
    fn no_pixel_leaves_the_sources_range_and_a_flat_plane_stays_flat() {
        let edge = image(60, 60, |x, _| if x < 30 { 10.0 } else { 4095.0 });
        for v in resize(edge, (60, 60), (37, 37)).unwrap() {
            assert!((10.0..=4095.0).contains(&v), "{v}");
        }
        assert_eq!(resize(vec![7.5; 36], (6, 6), (4, 3)).unwrap(), vec![7.5; 12]);
    }

    #[test]
    fn impossible_sizes_are_none() {
        assert!(resize(vec![1.0; 5], (2, 3), (2, 2)).is_none());
        assert!(resize(vec![], (0, 0), (2, 2)).is_none());
        assert!(resize(vec![1.0; 4], (2, 2), (0, 2)).is_none());
    }

    #[test]
    fn smoothing_keeps_the_mean_and_spreads_a_point_by_its_sigma() {
        let sigma = 3.0;
        let point = image(61, 61, |x, y| if (x, y) == (30, 30) { 5000.0 } else { 100.0 });
        let smoothed = smooth(&point, (61, 61), sigma).unwrap();
        assert!((mean(&smoothed) - mean(&point)).abs() < 0.01 * (mean(&point) - 100.0) + 0.05);
        // The variance along x of what the point became.
        let row: Vec<f64> = (0..61)
            .map(|x| (0..61).map(|y| f64::from(smoothed[y * 61 + x]) - 100.0).sum())
            .collect();
        let total: f64 = row.iter().sum();
        let variance = row
            .iter()
            .enumerate()
            .map(|(x, v)| v * (x as f64 - 30.0).powi(2))
            .sum::<f64>()
            / total;
        // The library cuts the Gaussian off at about two standard deviations.
        assert!(
            (variance.sqrt() - f64::from(sigma)).abs() < 0.5,
            "{}",
            variance.sqrt()
        );
        assert_eq!(smooth(&[7.0; 6], (3, 2), 1.0).unwrap(), [7.0; 6]);
        assert_eq!(smooth(&[1.0; 5], (3, 2), 1.0), None);
    }
}
