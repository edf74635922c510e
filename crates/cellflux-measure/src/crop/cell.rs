//! How large the cell around the nucleus in the middle is.

use super::column::{Column, Unit};
use super::nuclei::{Nuclei, foreground};
use super::plane::Plane;
use super::region::Region;
use super::watershed;

const SOURCE: &str =
    "after IdentifySecondaryObjects of CellProfiler; growth as defined here, mask by Otsu 1979";

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

/// The cell of the nucleus in the middle, together with its nucleus: of the [`foreground`] of a channel that
/// shows whole cells, the pixels that are fewer steps (4-connected, within the foreground) from it than from
/// every other nucleus in view. Nearness and not brightness decides, since bright rims of cells that touch
/// would lead one label around the other cell. `None` for a constant channel.
pub fn find(plane: &Plane, nuclei: &Nuclei) -> Option<Region> {
    // At one height everywhere, the flood grows all labels at the same pace.
    let heights = vec![0; plane.grid().pixels()];
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
