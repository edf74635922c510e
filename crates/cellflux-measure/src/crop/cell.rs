//! How large the cell around the nucleus in the middle is.

use super::column::{Column, Unit};
use super::nuclei::{Nuclei, foreground};
use super::plane::Plane;
use super::region::Region;
use super::smooth::smooth;
use super::watershed;

const SOURCE: &str = "IdentifySecondaryObjects of CellProfiler, method Watershed - Image; Otsu 1979";

/// What [`measure`] measures, in its order.
pub const COLUMNS: [Column; 2] = [
    Column {
        name: "cell.area",
        unit: Unit::Pixels,
        about: "area of the cell around the nucleus in the middle, its nucleus included",
        source: SOURCE,
    },
    Column {
        name: "cell.cut-off",
        unit: Unit::None,
        about: "1 where the cell reaches the crop's border, so that its area is a lower bound, else 0",
        source: SOURCE,
    },
];

/// The cell of the nucleus in the middle: the [`foreground`] of a channel that shows whole cells, divided
/// among all nuclei in view by a watershed of its smoothed brightness, together with its nucleus. `None` for
/// a constant channel.
pub fn find(plane: &Plane, nuclei: &Nuclei) -> Option<Region> {
    let heights: Vec<u64> = smooth(plane).into_iter().map(u64::from).collect();
    let labels = nuclei.labels().to_vec();
    let labels = watershed::flood(&heights, &foreground(plane)?, labels, plane.grid());
    Region::of(
        labels.into_iter().map(|label| label == nuclei.middle()),
        plane.grid(),
    )
}

/// The measures of [`COLUMNS`].
pub fn measure(plane: &Plane, nuclei: Option<&Nuclei>) -> [Option<f64>; 2] {
    match nuclei.and_then(|nuclei| find(plane, nuclei)) {
        Some(cell) => [
            Some(cell.area() as f64),
            Some(f64::from(u8::from(cell.is_cut_off()))),
        ],
        None => [None, None],
    }
}
