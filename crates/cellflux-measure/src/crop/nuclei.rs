//! The nuclei that a crop shows, and the one in its middle.
//!
//! The DNA channel is smoothed by 1 px and split by Otsu's threshold (1979). Holes smaller than a nucleus are
//! filled, what touches is divided where it is narrow ([`super::watershed`]), and what is smaller than a
//! nucleus does not count. Otsu's threshold splits every plane that is not constant, so that the noise of an
//! empty channel may give regions too; their solidity is low.

use super::column::{Column, Unit};
use super::plane::{Grid, Plane};
use super::region::Region;
use super::smooth::smooth;
use super::threshold::otsu;
use super::{distance, regions, watershed};

/// Fewer pixels than this, those of a disc 6 px across, are debris, noise, or a hole in a nucleus.
pub const LEAST_AREA: usize = 30;

const SHAPE: &str = "regionprops of scikit-image; nuclei by Otsu 1979 and Meyer 1994";

/// What [`measure`] measures, in its order.
pub const COLUMNS: [Column; 6] = [
    Column {
        name: "nucleus.area",
        unit: Unit::Pixels,
        about: "area of the nucleus nearest to the middle of the crop",
        source: SHAPE,
    },
    Column {
        name: "nucleus.eccentricity",
        unit: Unit::None,
        about: "eccentricity of the ellipse with the nucleus's second moments: 0 a disc, 1 a line",
        source: SHAPE,
    },
    Column {
        name: "nucleus.solidity",
        unit: Unit::None,
        about: "the nucleus's area over that of its convex hull, from 0 to 1",
        source: SHAPE,
    },
    Column {
        name: "nucleus.brightness",
        unit: Unit::ShareOfFullScale,
        about: "mean of the DNA channel within the nucleus",
        source: "arithmetic mean; nuclei by Otsu 1979 and Meyer 1994",
    },
    Column {
        name: "nucleus.cut-off",
        unit: Unit::None,
        about: "1 where the nucleus reaches the crop's border, so that its area is a lower bound, else 0",
        source: "defined here",
    },
    Column {
        name: "nuclei.count",
        unit: Unit::Count,
        about: "nuclei in view, those that the border cuts too",
        source: "Otsu 1979 and Meyer 1994, as defined here",
    },
];

/// The nuclei of a crop, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nuclei {
    labels: Vec<u32>,
    count: usize,
    middle: u32,
    nucleus: Region,
}

impl Nuclei {
    /// Finds the nuclei in the coded bytes `[H, W]` of a DNA channel; `None` where there is none, and for
    /// another number of bytes.
    pub fn of(dna: &[u8], height: usize, width: usize) -> Option<Self> {
        let grid = Grid::new(height, width).ok()?;
        Self::find(&Plane::new(dna, grid).ok()?)
    }

    /// Finds the nuclei in a DNA channel; `None` where there is none.
    pub fn find(dna: &Plane) -> Option<Self> {
        let grid = dna.grid();
        let mask = foreground(dna)?;
        let squared = distance::squared(&mask, grid)?;
        let mut labels = vec![0; mask.len()];
        for (label, pixel) in (1..).zip(watershed::middles(&squared, grid)) {
            if let Some(own) = labels.get_mut(pixel) {
                *own = label;
            }
        }
        let labels = watershed::flood(&squared, &mask, labels, grid);
        Self::large_enough(labels, grid)
    }

    /// Keeps those labelled regions (from 1) that are large enough, and labels them anew from 1.
    fn large_enough(mut labels: Vec<u32>, grid: Grid) -> Option<Self> {
        let most = labels.iter().copied().max().unwrap_or_default();
        let mut areas = vec![0usize; most as usize + 1];
        for &label in &labels {
            if let Some(area) = areas.get_mut(label as usize) {
                *area += 1;
            }
        }
        let mut count = 0u32;
        let renamed: Vec<u32> = areas
            .iter()
            .enumerate()
            .map(|(label, &area)| {
                let kept = label > 0 && area >= LEAST_AREA;
                count += u32::from(kept);
                if kept { count } else { 0 }
            })
            .collect();
        for label in &mut labels {
            *label = renamed.get(*label as usize).copied().unwrap_or_default();
        }
        let pixels = labels.iter().enumerate().filter(|(_, label)| **label > 0);
        let (_, &middle) = pixels.min_by_key(|(pixel, _)| from_middle(*pixel, grid))?;
        let nucleus = Region::of(labels.iter().map(|&label| label == middle), grid)?;
        Some(Self {
            count: count as usize,
            labels,
            middle,
            nucleus,
        })
    }

    /// The number of the nucleus that each pixel `[H, W]` belongs to, from 1; 0 for none.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The number of the nucleus with the pixel nearest to the middle of the crop.
    pub fn middle(&self) -> u32 {
        self.middle
    }

    /// The nucleus with the pixel nearest to the middle of the crop.
    pub fn nucleus(&self) -> &Region {
        &self.nucleus
    }
}

/// Pixels `[H, W]` above Otsu's threshold in the smoothed channel, and dark regions among them of fewer than
/// [`LEAST_AREA`] pixels; `None` for a constant channel.
pub fn foreground(plane: &Plane) -> Option<Vec<bool>> {
    let smooth = smooth(plane);
    let threshold = otsu(&smooth)?;
    let dark: Vec<bool> = smooth.iter().map(|&value| value <= threshold).collect();
    let holes = regions::smaller_than(LEAST_AREA, &dark, plane.grid());
    Some(
        dark.iter()
            .zip(holes)
            .map(|(&dark, hole)| !dark || hole)
            .collect(),
    )
}

/// Four times the squared distance of a pixel from the middle of the grid: a whole number.
fn from_middle(pixel: usize, grid: Grid) -> u64 {
    let (x, y) = grid.place(pixel);
    let (dx, dy) = (
        (2 * x + 1).abs_diff(grid.width()) as u64,
        (2 * y + 1).abs_diff(grid.height()) as u64,
    );
    dx * dx + dy * dy
}

/// The measures of [`COLUMNS`]; without nuclei the count is 0 and the others `None`.
pub fn measure(dna: &Plane, nuclei: Option<&Nuclei>) -> [Option<f64>; 6] {
    let Some(nuclei) = nuclei else {
        return [None, None, None, None, None, Some(0.0)];
    };
    let nucleus = nuclei.nucleus();
    [
        Some(nucleus.area() as f64),
        Some(nucleus.eccentricity()),
        Some(nucleus.solidity()),
        Some(nucleus.mean(dna) / 255.0),
        Some(f64::from(u8::from(nucleus.is_cut_off()))),
        Some(nuclei.count() as f64),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use cellflux_image::synthetic::{Batch, Cell, Effects};

    /// Discs of brightness 80 on a ground of 20: x, y, radius.
    fn discs(size: usize, discs: &[(f64, f64, f64)]) -> Vec<u8> {
        (0..size * size)
            .map(|i| {
                let (x, y) = ((i % size) as f64, (i / size) as f64);
                let inside = discs.iter().any(|(cx, cy, r)| (x - cx).hypot(y - cy) <= *r);
                if inside { 80 } else { 20 }
            })
            .collect()
    }

    #[test]
    fn the_disc_in_the_middle_is_measured_and_not_its_larger_neighbour() {
        let plane = discs(64, &[(31.5, 31.5, 9.0), (8.0, 8.0, 14.0)]);
        let found = Nuclei::of(&plane, 64, 64).unwrap();
        let alone: usize = discs(64, &[(31.5, 31.5, 9.0)])
            .iter()
            .map(|&value| usize::from(value == 80))
            .sum();
        let nucleus = found.nucleus();
        assert_eq!((found.count(), nucleus.is_cut_off()), (2, false));
        // Smoothing before the threshold may move the edge a little.
        assert!(
            nucleus.area().abs_diff(alone) <= 16,
            "{} for {alone}",
            nucleus.area()
        );
        let corner = Nuclei::of(&discs(64, &[(8.0, 8.0, 14.0)]), 64, 64).unwrap();
        assert!(corner.nucleus().is_cut_off());
    }

    #[test]
    fn no_contrast_and_wrong_lengths_have_no_nucleus() {
        for (plane, height, width) in [(&[7; 16][..], 4, 4), (&[7; 16], 4, 5), (&[], 0, 0)] {
            assert_eq!(Nuclei::of(plane, height, width), None);
        }
        assert_eq!(Nuclei::of(&[1, 2], usize::MAX, 2), None);
    }

    #[test]
    fn a_drawn_nucleus_is_measured_in_proportion_to_its_size() {
        let batch = Batch {
            density: 0.0,
            ..Batch::default()
        };
        let area = |nuclear_size: f64| -> f64 {
            let areas = (0..8).map(|seed| {
                let effects = Effects {
                    nuclear_size,
                    ..Effects::default()
                };
                let crop = Cell { seed, effects, batch }.render(64, 64).unwrap();
                Nuclei::of(&crop[2 * 64 * 64..], 64, 64).unwrap().nucleus().area() as f64
            });
            areas.sum::<f64>() / 8.0
        };
        let (usual, large) = (area(1.0), area(1.4));
        // Half axes of 19 and 16 px, give or take 10 %.
        assert!((850.0..1150.0).contains(&usual), "{usual}");
        assert!((large / usual - 1.4).abs() < 0.1, "{large} over {usual}");
    }
}
