//! Fields and densities on a grid, to be drawn.

use crate::error::{LabError, counted};
use crate::plane::Point;

/// The most columns and rows of a grid.
const LARGEST: usize = 512;

/// A rectangle of the plane, divided into equal cells: row after row from the bottom, each from the left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// The lower left corner.
    pub least: Point,
    /// The upper right corner.
    pub most: Point,
    /// Cells beside each other, from 1 to 512.
    pub columns: usize,
    /// Cells above each other, from 1 to 512.
    pub rows: usize,
}

impl Grid {
    /// A square around the origin, from `-half` to `half`, of `cells` by `cells`.
    ///
    /// # Errors
    /// [`LabError::Count`] for no cells or more than 512 beside each other.
    pub fn square(half: f64, cells: usize) -> Result<Self, LabError> {
        counted("grid", "columns", cells, 1, LARGEST)?;
        Ok(Self {
            least: [-half; 2],
            most: [half; 2],
            columns: cells,
            rows: cells,
        })
    }

    /// The middle of every cell, at which a field is asked for its arrows.
    pub fn centres(&self) -> Vec<Point> {
        let [width, height] = self.cell();
        (0..self.columns * self.rows)
            .map(|cell| {
                let (column, row) = (cell % self.columns, cell / self.columns);
                [
                    self.least[0] + (column as f64 + 0.5) * width,
                    self.least[1] + (row as f64 + 0.5) * height,
                ]
            })
            .collect()
    }

    /// The density of points in each cell: the share of all points that is there, divided by the cell's area.
    /// Points outside the grid count among all, so that the cells together may hold less than 1.
    pub fn density(&self, points: &[Point]) -> Vec<f64> {
        let [width, height] = self.cell();
        let mut density = vec![0.0; self.columns * self.rows];
        let each = 1.0 / (points.len().max(1) as f64 * width * height);
        for point in points {
            let column = ((point[0] - self.least[0]) / width).floor();
            let row = ((point[1] - self.least[1]) / height).floor();
            let inside =
                (0.0..self.columns as f64).contains(&column) && (0.0..self.rows as f64).contains(&row);
            if inside && let Some(cell) = density.get_mut(row as usize * self.columns + column as usize) {
                *cell += each;
            }
        }
        density
    }

    /// Width and height of a cell.
    fn cell(&self) -> Point {
        [
            (self.most[0] - self.least[0]) / self.columns as f64,
            (self.most[1] - self.least[1]) / self.rows as f64,
        ]
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "sums and products of few bits are exact")]
mod tests {
    use super::*;

    const GRID: Grid = Grid {
        least: [-1.0, 0.0],
        most: [1.0, 3.0],
        columns: 2,
        rows: 3,
    };

    #[test]
    fn cells_go_from_left_to_right_and_from_the_bottom_up() {
        assert_eq!(
            GRID.centres(),
            [
                [-0.5, 0.5],
                [0.5, 0.5],
                [-0.5, 1.5],
                [0.5, 1.5],
                [-0.5, 2.5],
                [0.5, 2.5]
            ]
        );
    }

    #[test]
    fn the_density_is_each_cell_s_share_and_points_outside_are_in_none() {
        let points = [[-0.5, 0.5], [-0.9, 0.1], [0.5, 2.9], [5.0, 5.0], [f64::NAN, 0.0]];
        let expected = [0.4, 0.0, 0.0, 0.0, 0.0, 0.2];
        for (found, expected) in GRID.density(&points).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(GRID.density(&[]), [0.0; 6]);
    }

    #[test]
    fn a_grid_without_cells_or_of_too_many_is_refused() {
        assert!(Grid::square(3.0, 0).is_err() && Grid::square(3.0, 513).is_err());
        assert_eq!(Grid::square(3.0, 2).unwrap().centres()[0], [-1.5, -1.5]);
    }
}
