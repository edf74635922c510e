//! A quick look at large or dim pictures while a person assigns channels and places the crop.

use crate::assign::Assignment;
use crate::composite::Rgba;
use crate::picture::{Picture, Plane};
use crate::spec::{Colour, ImageSpec};

/// The shares of pixels shown black and in full brightness.
const DARKEST: f64 = 0.01;
const BRIGHTEST: f64 = 0.998;

/// A reduced picture and how it maps to the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The reduced picture.
    pub picture: Rgba,
    /// Source pixels per preview pixel, along both sides.
    pub reduction: usize,
}

/// One plane in grey, with sides of at most `max_side` pixels, its 1st to 99.8th percentile stretched to
/// black and white.
pub fn plane(plane: &Plane, max_side: usize) -> Preview {
    blend(&[(plane, Colour::new(255, 255, 255))], max_side)
}

/// A plane of fewer pixels, whose numbers mean what the plane's do.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduced {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Source pixels per pixel, along both sides; 1 for a plane as it is.
    pub reduction: usize,
    /// Means of blocks of `reduction` x `reduction` pixels, row by row.
    pub values: Vec<f32>,
}

/// A plane reduced by the smallest whole number that leaves at most `most` pixels, at least one.
pub fn reduced(plane: &Plane, most: usize) -> Reduced {
    let left = |reduction: usize| plane.width.div_ceil(reduction) * plane.height.div_ceil(reduction);
    let mut reduction = 1;
    while left(reduction) > most.max(1) {
        reduction += 1;
    }
    Reduced {
        width: plane.width.div_ceil(reduction),
        height: plane.height.div_ceil(reduction),
        reduction,
        values: reduce(plane, reduction)
            .into_iter()
            .map(|mean| mean as f32)
            .collect(),
    }
}

/// All assigned planes in their channels' colours, each stretched for itself: for orientation, not for
/// comparing brightness.
pub fn assignment(
    spec: &ImageSpec,
    pictures: &[Picture],
    assignment: &Assignment,
    max_side: usize,
) -> Preview {
    let planes: Vec<(&Plane, Colour)> = assignment
        .resolve(pictures)
        .into_iter()
        .zip(&spec.channels)
        .map(|((_, plane), channel)| (plane, channel.colour))
        .collect();
    blend(&planes, max_side)
}

fn blend(planes: &[(&Plane, Colour)], max_side: usize) -> Preview {
    let (width, height) = planes
        .first()
        .map_or((0, 0), |(plane, _)| (plane.width, plane.height));
    let reduction = width.max(height).div_ceil(max_side.max(1)).max(1);
    let (small_width, small_height) = (width.div_ceil(reduction), height.div_ceil(reduction));
    let mut light = vec![[0f64; 3]; small_width * small_height];
    for (plane, colour) in planes {
        let reduced = reduce(plane, reduction);
        let (low, high) = percentiles(&reduced);
        let span = if high > low { high - low } else { 1.0 };
        for (pixel, value) in light.iter_mut().zip(reduced) {
            let share = ((value - low) / span).clamp(0.0, 1.0);
            for (sum, part) in pixel.iter_mut().zip([colour.red, colour.green, colour.blue]) {
                *sum += share * f64::from(part);
            }
        }
    }
    let pixels = light
        .iter()
        // `as` saturates.
        .flat_map(|&[red, green, blue]| [red.round() as u8, green.round() as u8, blue.round() as u8, 255])
        .collect();
    Preview {
        picture: Rgba {
            width: small_width,
            height: small_height,
            pixels,
        },
        reduction,
    }
}

/// Means of `reduction` x `reduction` blocks; blocks at the right and lower edge may be smaller.
fn reduce(plane: &Plane, reduction: usize) -> Vec<f64> {
    let width = plane.width.div_ceil(reduction);
    let height = plane.height.div_ceil(reduction);
    let mut sums = vec![(0f64, 0u32); width * height];
    for (y, row) in plane.values.chunks_exact(plane.width).enumerate() {
        let block_row = sums.iter_mut().skip(y / reduction * width).take(width);
        for ((sum, count), block) in block_row.zip(row.chunks(reduction)) {
            *sum += block.iter().map(|&v| f64::from(v)).sum::<f64>();
            *count += block.len() as u32;
        }
    }
    sums.into_iter()
        .map(|(sum, count)| sum / f64::from(count.max(1)))
        .collect()
}

fn percentiles(values: &[f64]) -> (f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(index).copied().unwrap_or_default()
    };
    (at(DARKEST), at(BRIGHTEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_plane_is_reduced_by_block_means_and_stretched() {
        let values = (0..1000 * 600)
            .map(|i| if i % 1000 < 500 { 100.0 } else { 4000.0 })
            .collect();
        let large = Plane {
            name: None,
            colour: None,
            width: 1000,
            height: 600,
            values,
        };
        let preview = plane(&large, 256);
        assert_eq!(preview.reduction, 4);
        assert_eq!((preview.picture.width, preview.picture.height), (250, 150));
        assert_eq!(preview.picture.pixels[..4], [0, 0, 0, 255]);
        assert_eq!(preview.picture.pixels[4 * 249..4 * 250], [255, 255, 255, 255]);
    }

    #[test]
    fn a_plane_is_reduced_as_little_as_is_needed_and_keeps_its_numbers() {
        let own = Plane {
            name: None,
            colour: None,
            width: 5,
            height: 3,
            values: (0..15u8).map(f32::from).collect(),
        };
        let whole = reduced(&own, 15);
        assert_eq!((whole.width, whole.height, whole.reduction), (5, 3, 1));
        assert_eq!(whole.values, own.values);
        let less = reduced(&own, 14);
        assert_eq!((less.width, less.height, less.reduction), (3, 2, 2));
        // The last column and row are of smaller blocks.
        assert_eq!(less.values, vec![3.0, 5.0, 6.5, 10.5, 12.5, 14.0]);
        let one = reduced(&own, 0).values;
        assert!(one.len() == 1 && (one[0] - 7.0).abs() < 1e-6, "{one:?}");
    }

    #[test]
    fn uneven_edges_and_flat_planes_are_fine() {
        let flat = Plane {
            name: None,
            colour: None,
            width: 7,
            height: 5,
            values: vec![3.0; 35],
        };
        let preview = plane(&flat, 3);
        assert_eq!(
            (preview.picture.width, preview.picture.height, preview.reduction),
            (3, 2, 3)
        );
        assert!(preview.picture.pixels.chunks(4).all(|p| p == [0, 0, 0, 255]));
    }
}
