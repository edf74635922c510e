//! How a channel's light is distributed around the nucleus.

use std::f64::consts::PI;

use super::column::{Column, Unit};
use super::histogram::Histogram;
use super::intensity::background;
use super::plane::Plane;
use super::region::Region;

/// What [`measure`] measures, in its order.
pub const COLUMNS: [Column; 4] = [
    ring(
        "ring-1",
        "share of the light up to 0.5 nuclear radii from the nucleus's centroid",
    ),
    ring(
        "ring-2",
        "share of the light from 0.5 to 1 nuclear radius from the nucleus's centroid",
    ),
    ring(
        "ring-3",
        "share of the light from 1 to 1.5 nuclear radii from the nucleus's centroid",
    ),
    ring(
        "ring-4",
        "share of the light from 1.5 to 2 nuclear radii from the nucleus's centroid",
    ),
];

const fn ring(name: &'static str, about: &'static str) -> Column {
    Column {
        name,
        unit: Unit::None,
        about,
        source: "after FracAtD of CellProfiler's MeasureObjectIntensityDistribution; rings as defined here",
    }
}

/// The measures of [`COLUMNS`]: shares, 0..=1 with a sum of 1, of the light within two nuclear radii. A
/// nuclear radius is that of a disc with the nucleus's area; a pixel lies in the ring that holds its centre,
/// where a ring includes its outer edge; light is what a pixel has above the channel's background
/// ([`super::intensity`]). Where the border cuts a ring, only what is in view counts. `None` where there is
/// no light.
pub fn measure(plane: &Plane, nucleus: &Region) -> [Option<f64>; 4] {
    let Some(dark) = background(&Histogram::of(plane.values())) else {
        return [None; 4];
    };
    let (cx, cy) = nucleus.centroid();
    let radius_squared = nucleus.area() as f64 / PI;
    let edges = [0.25, 1.0, 2.25, 4.0].map(|squared| squared * radius_squared);
    // Whole numbers: the background is a byte.
    let mut light = [0u64; 4];
    for (pixel, &value) in plane.values().iter().enumerate() {
        let (x, y) = plane.grid().place(pixel);
        let (dx, dy) = (x as f64 - cx, y as f64 - cy);
        let squared = dx * dx + dy * dy;
        let ring = light.iter_mut().zip(edges).find(|(_, edge)| squared <= *edge);
        if let Some((light, _)) = ring {
            *light += u64::from(value.saturating_sub(dark));
        }
    }
    let total: u64 = light.iter().sum();
    light.map(|light| (total > 0).then(|| light as f64 / total as f64))
}
