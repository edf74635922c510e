//! Nuclei in a DNA field: what is brighter than the background, divided where two touch.
//!
//! Square roots of the intensities (so that a dim nucleus counts beside a bright one) are smoothed a little
//! and split by Otsu's threshold (1979) into background and nuclei. Local maxima of a stronger smoothing, no
//! closer than half a nucleus, are the nuclei's seeds, and a watershed (Meyer 1994: pixels are taken from the
//! brightest down, each by the seed whose region it touches) divides regions that hold several.

use cellflux_image::resize::smooth;
use cellflux_measure::crop::plane::Grid;
use cellflux_measure::crop::threshold::otsu;
use cellflux_measure::crop::watershed;

/// One nucleus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nucleus {
    /// Column of its centroid, px.
    pub x: f64,
    /// Row of its centroid, px.
    pub y: f64,
    /// Pixels it covers.
    pub area: usize,
    /// Mean intensity above the field's background, in the field's own units.
    pub brightness: f64,
    /// Width of its edge in pixels: its brightness over the mean steepness along its outline. About 3 px in
    /// focus.
    pub edge_px: f64,
    /// The length of its outline over that of a disc of the same area, at least 1: a smooth ellipse has 1.0
    /// to 1.2, debris and clumps more.
    pub raggedness: f64,
}

/// Finds the nuclei of a field `[height, width]`, whose diameter is about `diameter_px`. A field without
/// contrast has none.
pub fn find(dna: &[f32], width: usize, height: usize, diameter_px: f64) -> Vec<Nucleus> {
    let roots: Vec<f32> = dna.iter().map(|v| v.max(0.0).sqrt()).collect();
    let size = (width, height);
    let fine = smooth(&roots, size, (diameter_px / 24.0).max(0.5) as f32);
    let coarse = smooth(&roots, size, (diameter_px / 5.0) as f32);
    let (Some(fine), Some(coarse), Ok(grid)) = (fine, coarse, Grid::new(height, width)) else {
        return Vec::new();
    };
    let Some(threshold) = threshold(&fine) else {
        return Vec::new();
    };
    let bright: Vec<bool> = fine.iter().map(|&v| v > threshold).collect();
    let seeds = seeds(&coarse, &bright, grid, diameter_px / 2.0);
    let labels = divide(&coarse, &bright, &seeds, grid);
    measure(dna, &labels, seeds.len(), grid)
}

/// Otsu's threshold on 256 levels between the darkest pixel and the 99.9th percentile, above which a few dead
/// cells would use up most of the levels.
pub(super) fn threshold(values: &[f32]) -> Option<f32> {
    let mut sorted = values.to_vec();
    let (_, high, _) = {
        let rank = (values.len() * 999) / 1000;
        sorted.select_nth_unstable_by(rank.min(values.len().checked_sub(1)?), f32::total_cmp)
    };
    let high = *high;
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    if high <= low {
        return None;
    }
    let levels: Vec<u8> = values
        .iter()
        .map(|v| (255.0 * (v - low) / (high - low)) as u8)
        .collect();
    let level = otsu(&levels)?;
    Some(low + (f32::from(level) + 1.0) / 255.0 * (high - low))
}

/// Local maxima within the mask, brightest first, none closer than `apart` to a brighter one.
fn seeds(values: &[f32], mask: &[bool], grid: Grid, apart: f64) -> Vec<usize> {
    let is_peak = |index: usize| {
        let own = values.get(index).copied().unwrap_or_default();
        grid.neighbours(index).all(|other| {
            let value = values.get(other).copied().unwrap_or_default();
            // Among equal neighbours the first is the peak.
            value < own || (value.total_cmp(&own).is_eq() && other > index)
        })
    };
    let mut peaks: Vec<usize> = (0..values.len())
        .filter(|&index| mask.get(index) == Some(&true) && is_peak(index))
        .collect();
    peaks.sort_by(|&a, &b| {
        let value = |index: usize| values.get(index).copied().unwrap_or_default();
        value(b).total_cmp(&value(a)).then(a.cmp(&b))
    });
    let mut kept: Vec<usize> = Vec::new();
    for peak in peaks {
        let far = kept.iter().all(|&other| {
            let along = |a: usize, b: usize| a.abs_diff(b) as f64;
            let ((x, y), (other_x, other_y)) = (grid.place(peak), grid.place(other));
            along(x, other_x).hypot(along(y, other_y)) >= apart
        });
        if far {
            kept.push(peak);
        }
    }
    kept
}

/// The watershed: each pixel of the mask gets the number of a seed, from 1; 0 is background.
fn divide(values: &[f32], mask: &[bool], seeds: &[usize], grid: Grid) -> Vec<u32> {
    let mut labels = vec![0u32; values.len()];
    for (label, &seed) in (1u32..).zip(seeds) {
        if let Some(own) = labels.get_mut(seed) {
            *own = label;
        }
    }
    // An f32 of 0 and more orders like its bits.
    let heights: Vec<u64> = values.iter().map(|v| u64::from(v.max(0.0).to_bits())).collect();
    watershed::flood(&heights, mask, labels, grid)
}

fn measure(dna: &[f32], labels: &[u32], count: usize, grid: Grid) -> Vec<Nucleus> {
    #[derive(Clone, Default)]
    struct Sums {
        area: usize,
        x: f64,
        y: f64,
        light: f64,
        outline: usize,
        steepness: f64,
    }
    let value = |index: usize| f64::from(dna.get(index).copied().unwrap_or_default());
    let mut background: Vec<f32> = dna
        .iter()
        .zip(labels)
        .filter(|(_, label)| **label == 0)
        .map(|(v, _)| *v)
        .collect();
    let dark = match background.len() {
        0 => 0.0,
        length => f64::from(*background.select_nth_unstable_by(length / 2, f32::total_cmp).1),
    };
    let mut sums = vec![Sums::default(); count];
    for (index, &label) in labels.iter().enumerate() {
        let Some(sum) = (label as usize)
            .checked_sub(1)
            .and_then(|label| sums.get_mut(label))
        else {
            continue;
        };
        let (x, y) = grid.place(index);
        sum.area += 1;
        sum.x += x as f64 + 0.5;
        sum.y += y as f64 + 0.5;
        sum.light += value(index) - dark;
        if grid.neighbours(index).any(|other| labels.get(other) == Some(&0)) {
            sum.outline += 1;
            // The steepest of the central differences two pixels to either side.
            let across = |step: usize, back: bool, forth: bool| {
                let (before, after) = (index.wrapping_sub(step), index + step);
                if back && forth {
                    (value(after) - value(before)).abs() / 4.0
                } else {
                    0.0
                }
            };
            let horizontal = across(2, x >= 2, x + 2 < grid.width());
            let vertical = across(2 * grid.width(), y >= 2, y + 2 < grid.height());
            sum.steepness += horizontal.hypot(vertical);
        }
    }
    let of = |sum: Sums| {
        let area = sum.area as f64;
        let (brightness, outline) = (sum.light / area, sum.outline as f64);
        Nucleus {
            x: sum.x / area,
            y: sum.y / area,
            area: sum.area,
            brightness,
            edge_px: brightness * outline / sum.steepness.max(f64::MIN_POSITIVE),
            // Pixels on a disc's outline, each with a neighbour outside: its circumference over the mean
            // step, 1.11 px.
            raggedness: outline / (2.0 * (std::f64::consts::PI * area).sqrt() / 1.11),
        }
    };
    sums.into_iter().filter(|sum| sum.area > 0).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Discs of brightness 1000 with soft edges on a background of 100: x, y, radius, softness in px.
    fn field(width: usize, height: usize, discs: &[(f64, f64, f64, f64)]) -> Vec<f32> {
        (0..width * height)
            .map(|i| {
                let (x, y) = ((i % width) as f64 + 0.5, (i / width) as f64 + 0.5);
                let inside = discs
                    .iter()
                    .map(|&(cx, cy, radius, soft)| {
                        let distance = (x - cx).hypot(y - cy) - radius;
                        (0.5 - distance / soft).clamp(0.0, 1.0)
                    })
                    .fold(0.0, f64::max);
                (100.0 + 900.0 * inside) as f32
            })
            .collect()
    }

    #[test]
    fn single_nuclei_are_found_where_they_are_with_their_area_and_brightness() {
        let discs = [
            (40.0, 50.0, 15.0, 2.0),
            (130.0, 90.0, 17.0, 2.0),
            (60.0, 140.0, 13.0, 2.0),
        ];
        let mut found = find(&field(180, 170, &discs), 180, 170, 30.0);
        found.sort_by(|a, b| a.y.total_cmp(&b.y));
        assert_eq!(found.len(), 3);
        for (nucleus, (x, y, radius, _)) in found.iter().zip(discs) {
            assert!(
                (nucleus.x - x).abs() < 0.6 && (nucleus.y - y).abs() < 0.6,
                "{nucleus:?}"
            );
            let area = std::f64::consts::PI * radius * radius;
            // Otsu's threshold on square roots lies below the middle of the edge, so a little of it counts.
            assert!(
                (nucleus.area as f64 / area - 1.0).abs() < 0.15,
                "{nucleus:?} for {area}"
            );
            assert!((nucleus.brightness / 900.0 - 1.0).abs() < 0.15, "{nucleus:?}");
            assert!((nucleus.raggedness - 1.0).abs() < 0.15, "{nucleus:?}");
        }
    }

    #[test]
    fn two_that_touch_are_two() {
        let discs = [(60.0, 60.0, 15.0, 2.0), (87.0, 60.0, 15.0, 2.0)];
        let found = find(&field(150, 120, &discs), 150, 120, 30.0);
        assert_eq!(found.len(), 2, "{found:?}");
        let ratio = found[0].area as f64 / found[1].area as f64;
        assert!((ratio - 1.0).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn a_blurred_nucleus_has_a_wider_edge() {
        let width =
            |soft: f64| find(&field(100, 100, &[(50.0, 50.0, 15.0, soft)]), 100, 100, 30.0)[0].edge_px;
        let (sharp, blurred) = (width(2.0), width(16.0));
        assert!(sharp < 6.0 && blurred > 2.0 * sharp, "{sharp} {blurred}");
    }

    #[test]
    fn a_field_without_contrast_and_none_at_all_have_no_nuclei() {
        assert_eq!(find(&[5.0; 40 * 40], 40, 40, 10.0), []);
        assert_eq!(find(&[], 0, 0, 10.0), []);
        assert_eq!(find(&[1.0; 7], 3, 3, 10.0), []);
    }
}
