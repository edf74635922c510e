//! Where the nuclei of a whole field lie: what a person is offered who looks for a cell to crop.
//!
//! The numbers are as a file stores them. Their square roots (so that a dim nucleus counts beside a bright
//! one) become bytes, in which [`Nuclei`] are found as in a crop.

use std::cmp::Reverse;

use crate::crop::MeasureError;
use crate::crop::nuclei::Nuclei;
use crate::crop::plane::{Grid, Plane};
use crate::crop::smooth::smooth;

/// The most pixels of a field in which nuclei are looked for, 2,097,152: larger ones are to be reduced
/// before.
pub const MOST_PIXELS: usize = 1 << 21;

/// The most nuclei that are listed; of more the largest.
pub const MOST_LISTED: usize = 1000;

/// Of so many pixels the brightest one has the highest byte whatever it holds, so that a few hot pixels do
/// not use up the others. A single nucleus in a field of a thousand pixels' width covers more than these.
const ONE_IN: usize = 10_000;

/// A plane of which smoothing by 1 px leaves a smaller share of the variance is taken for noise. The filter
/// `[1 4 6 4 1] / 16` along both axes leaves (70/256)², 0.075, of the variance of noise that differs from
/// pixel to pixel; of things several pixels wide it leaves nearly all.
const NOISE: f64 = 0.12;

/// A nucleus of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nucleus {
    /// Its centroid in px from the field's left edge; the middle of the first pixel is at 0.5.
    pub x: f64,
    /// Its centroid in px from the field's upper edge.
    pub y: f64,
    /// Pixels that it covers, at least [`LEAST_AREA`](crate::crop::nuclei::LEAST_AREA).
    pub area: usize,
}

/// The nuclei of a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// From the top down, and from the left where two are equally far down; at most [`MOST_LISTED`].
    pub listed: Vec<Nucleus>,
    /// How many were found.
    pub count: usize,
}

/// Finds the nuclei in a plane `[height, width]` of any finite numbers, of which larger ones are brighter. A
/// number that is not finite counts as the darkest. A constant plane, and one that holds noise alone, have
/// none.
///
/// # Errors
/// [`MeasureError::Size`] where a side is 0, [`MeasureError::TooLarge`] for more than [`MOST_PIXELS`],
/// [`MeasureError::Numbers`] unless there is one number per pixel.
pub fn nuclei(values: &[f32], height: usize, width: usize) -> Result<Found, MeasureError> {
    let grid = Grid::new(height, width)?;
    if grid.pixels() > MOST_PIXELS {
        let most = MOST_PIXELS;
        return Err(MeasureError::TooLarge { height, width, most });
    }
    if values.len() != grid.pixels() {
        let found = values.len();
        return Err(MeasureError::Numbers { found, height, width });
    }
    let Some(bytes) = bytes(values) else {
        return Ok(Found::default());
    };
    let plane = Plane::new(&bytes, grid)?;
    if variance(&smooth(&plane)) < NOISE * variance(&bytes) {
        return Ok(Found::default());
    }
    Ok(Nuclei::find(&plane).map_or_else(Found::default, |nuclei| listed(&nuclei, grid)))
}

/// Square roots of what is above 0 (above the darkest number, where that is negative) as bytes, from the
/// darkest pixel to the brightest but one in ten thousand; `None` where these are equal.
fn bytes(values: &[f32]) -> Option<Vec<u8>> {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let floor = finite.fold(0.0, f32::min);
    let root = |&value: &f32| {
        if value.is_finite() {
            (value - floor).max(0.0).sqrt()
        } else {
            0.0
        }
    };
    let roots: Vec<f32> = values.iter().map(root).collect();
    let low = roots.iter().copied().fold(f32::INFINITY, f32::min);
    let mut sorted = roots.clone();
    let rank = sorted.len().checked_sub(1 + sorted.len() / ONE_IN)?;
    let high = *sorted.select_nth_unstable_by(rank, f32::total_cmp).1;
    if high <= low {
        return None;
    }
    // `as` saturates.
    let byte = |root: &f32| (255.0 * (root - low) / (high - low)).round() as u8;
    Some(roots.iter().map(byte).collect())
}

fn variance(bytes: &[u8]) -> f64 {
    let (mut sum, mut squares) = (0u64, 0u64);
    for &byte in bytes {
        sum += u64::from(byte);
        squares += u64::from(byte) * u64::from(byte);
    }
    let pixels = bytes.len().max(1) as f64;
    let mean = sum as f64 / pixels;
    squares as f64 / pixels - mean * mean
}

/// Centroids and areas of labelled nuclei.
fn listed(nuclei: &Nuclei, grid: Grid) -> Found {
    let mut sums = vec![(0u64, 0u64, 0usize); nuclei.count()];
    for (pixel, &label) in nuclei.labels().iter().enumerate() {
        let own = (label as usize).checked_sub(1);
        if let Some((x, y, area)) = own.and_then(|own| sums.get_mut(own)) {
            let (column, row) = grid.place(pixel);
            *x += column as u64;
            *y += row as u64;
            *area += 1;
        }
    }
    let middle = |sum: u64, area: usize| sum as f64 / area as f64 + 0.5;
    let mut listed: Vec<Nucleus> = sums
        .into_iter()
        .map(|(x, y, area)| Nucleus {
            x: middle(x, area),
            y: middle(y, area),
            area,
        })
        .collect();
    let count = listed.len();
    listed.sort_by_key(|nucleus| Reverse(nucleus.area));
    listed.truncate(MOST_LISTED);
    listed.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
    Found { listed, count }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cellflux_image::synthetic::{Batch, Cell, Effects};

    /// Discs of brightness 1000 on a ground of 200: x, y, radius; edges of pixels are whole numbers.
    fn discs(height: usize, width: usize, discs: &[(f64, f64, f64)]) -> Vec<f32> {
        (0..height * width)
            .map(|pixel| {
                let (x, y) = ((pixel % width) as f64 + 0.5, (pixel / width) as f64 + 0.5);
                let inside = discs.iter().any(|(cx, cy, r)| (x - cx).hypot(y - cy) <= *r);
                if inside { 1000.0 } else { 200.0 }
            })
            .collect()
    }

    /// Even noise from 0 to 1, the same at every run.
    fn noise(pixels: usize) -> Vec<f32> {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1u32 << 24) as f32
        };
        (0..pixels).map(|_| next()).collect()
    }

    fn places(found: &Found) -> Vec<(f64, f64)> {
        found
            .listed
            .iter()
            .map(|nucleus| (nucleus.x, nucleus.y))
            .collect()
    }

    fn assert_near(found: &[(f64, f64)], expected: &[(f64, f64)], within: f64) {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (&(x, y), &(at_x, at_y)) in found.iter().zip(expected) {
            assert!((x - at_x).hypot(y - at_y) < within, "{found:?} for {expected:?}");
        }
    }

    #[test]
    fn discs_are_found_where_they_are_from_the_top_down_with_their_areas() {
        let values = discs(
            120,
            200,
            &[(150.0, 80.0, 12.0), (40.0, 30.0, 9.0), (100.0, 30.0, 9.0)],
        );
        let found = nuclei(&values, 120, 200).unwrap();
        let middles = places(&found);
        assert_near(&middles[..2], &[(40.0, 30.0), (100.0, 30.0)], 0.5);
        assert_near(&middles[2..], &[(150.0, 80.0)], 0.5);
        let area = found.listed[2].area as f64;
        assert!(
            (area / (std::f64::consts::PI * 144.0) - 1.0).abs() < 0.15,
            "{area}"
        );
        assert_eq!(found.count, 3);
    }

    #[test]
    fn nuclei_that_touch_are_two() {
        let values = discs(80, 100, &[(38.0, 40.0, 13.0), (62.0, 40.0, 13.0)]);
        let mut middles = places(&nuclei(&values, 80, 100).unwrap());
        // Both are equally far down, but for the last digits of a mean.
        middles.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_near(&middles, &[(38.0, 40.0), (62.0, 40.0)], 2.0);
    }

    #[test]
    fn a_drawn_cell_s_nucleus_is_found_whatever_the_numbers_are_measured_in() {
        let batch = Batch {
            density: 0.0,
            ..Batch::default()
        };
        let effects = Effects::default();
        let cell = Cell {
            seed: 5,
            effects,
            batch,
        };
        let coded = cell.render(64, 64).unwrap();
        let coded = &coded[2 * 64 * 64..];
        let (x, y) = Nuclei::of(coded, 64, 64).unwrap().nucleus().centroid();
        let dna: Vec<f32> = coded.iter().map(|&byte| f32::from(byte)).collect();
        let found = nuclei(&dna, 64, 64).unwrap();
        // A range about 0 has its nuclei, too.
        let about_zero: Vec<f32> = dna.iter().map(|value| value / 127.5 - 1.0).collect();
        for found in [&found, &nuclei(&about_zero, 64, 64).unwrap()] {
            let is_there = |(at_x, at_y): (f64, f64)| (x + 0.5 - at_x).hypot(y + 0.5 - at_y) < 4.0;
            assert!(places(found).into_iter().any(is_there), "{found:?} for {x}, {y}");
        }
        // The same in 16 bits.
        let sixteen: Vec<f32> = dna.iter().map(|value| value * 256.0).collect();
        assert_eq!(nuclei(&sixteen, 64, 64).unwrap(), found);
    }

    #[test]
    fn noise_and_constant_planes_have_none() {
        let constant = nuclei(&[7.0; 60 * 50], 60, 50).unwrap();
        assert_eq!(constant, Found::default());
        assert_eq!(nuclei(&noise(200 * 200), 200, 200).unwrap(), Found::default());
        assert_eq!(nuclei(&[3.0], 1, 1).unwrap(), Found::default());
    }

    #[test]
    fn one_nucleus_in_a_large_noisy_field_is_found() {
        let mut values = discs(700, 700, &[(350.0, 200.0, 12.0)]);
        for (value, noise) in values.iter_mut().zip(noise(700 * 700)) {
            *value += 60.0 * noise;
        }
        assert_near(
            &places(&nuclei(&values, 700, 700).unwrap()),
            &[(350.0, 200.0)],
            1.0,
        );
    }

    #[test]
    fn numbers_that_are_not_finite_are_dark_and_hide_nothing_else() {
        let mut values = discs(80, 80, &[(40.0, 40.0, 10.0)]);
        values[0] = f32::NAN;
        values[1] = f32::INFINITY;
        values[2] = f32::NEG_INFINITY;
        assert_near(&places(&nuclei(&values, 80, 80).unwrap()), &[(40.0, 40.0)], 0.5);
        assert_eq!(
            nuclei(&vec![f32::NAN; 64 * 64], 64, 64).unwrap(),
            Found::default()
        );
    }

    #[test]
    fn of_very_many_nuclei_the_largest_are_listed_and_all_are_counted() {
        // 36 x 36 discs, of which the first row's are larger.
        let (apart, across) = (20usize, 36usize);
        let side = apart * across;
        let places: Vec<(f64, f64, f64)> = (0..across * across)
            .map(|number| {
                let (column, row) = (number % across, number / across);
                let middle = |place: usize| (place * apart + apart / 2) as f64;
                (middle(column), middle(row), if row == 0 { 7.0 } else { 5.0 })
            })
            .collect();
        // Painted disc by disc: every pixel lies in the square of one.
        let values: Vec<f32> = (0..side * side)
            .map(|pixel| {
                let (x, y) = (pixel % side, pixel / side);
                let (cx, cy, r) = places[y / apart * across + x / apart];
                let far = (x as f64 + 0.5 - cx).hypot(y as f64 + 0.5 - cy);
                if far <= r { 900.0 } else { 100.0 }
            })
            .collect();
        let found = nuclei(&values, side, side).unwrap();
        assert_eq!((found.count, found.listed.len()), (across * across, MOST_LISTED));
        let largest = found.listed.iter().filter(|nucleus| nucleus.area > 110).count();
        assert_eq!(largest, across);
    }

    #[test]
    fn sizes_that_cannot_be_are_refused_with_what_is_allowed() {
        assert_eq!(nuclei(&[], 0, 4), Err(MeasureError::Size { height: 0, width: 4 }));
        let error = nuclei(&[1.0; 5], 2, 3).unwrap_err().to_string();
        assert!(error.contains("5 numbers for a field of 2 x 3 pixels"), "{error}");
        // Refused before anything is reserved for it.
        let error = nuclei(&[], 2048, 1025).unwrap_err().to_string();
        assert!(
            error.contains("2048 x 1025") && error.contains("2097152"),
            "{error}"
        );
    }
}
