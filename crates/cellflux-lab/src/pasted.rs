//! Points pasted as text: two numbers in each line.

use crate::plane::Point;

/// The fewest points that are a distribution worth learning.
pub const FEWEST: usize = 3;
/// The most points that are read.
pub const MOST: usize = 20_000;
/// Pasted points are placed inside a square from minus this to this.
const EXTENT: f64 = 2.0;

/// Why pasted text is no list of points.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PastedError {
    /// A line without two cells.
    #[error("line {line}: {found} cells, expected 2: the numbers x and y with a comma between them")]
    Cells {
        /// The line, from 1.
        line: u64,
        /// Cells found.
        found: usize,
    },
    /// A cell that holds no number.
    #[error("line {line}, column {column}: {found:?} is not a number; write decimals with a point")]
    NotANumber {
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: usize,
        /// The cell.
        found: String,
    },
    /// Too few points.
    #[error("{found} points, expected at least {least}, one in each line", least = FEWEST)]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// Too many points.
    #[error("line {line}: more than {most} points; leave some out", most = MOST)]
    TooMany {
        /// The first line that is too many, from 1.
        line: u64,
    },
}

/// The points of CSV text: two numbers in each line, separated by a comma, a semicolon or a tab, whichever
/// comes first in the text. A first line without any number is taken as titles; blank lines are skipped.
///
/// ```
/// use cellflux_lab::pasted::points;
///
/// assert_eq!(points("x,y\n0,0\n1,0\n\n1,2.5\n")?, [[0.0, 0.0], [1.0, 0.0], [1.0, 2.5]]);
/// let error = points("x,y\n0,0\n1,left\n").unwrap_err();
/// assert_eq!(error.to_string(), "line 3, column 2: \"left\" is not a number; write decimals with a point");
/// # Ok::<(), cellflux_lab::pasted::PastedError>(())
/// ```
///
/// # Errors
/// [`PastedError`] for the first line that is not two numbers, and for fewer than [`FEWEST`] or more than
/// [`MOST`] points.
pub fn points(text: &str) -> Result<Vec<Point>, PastedError> {
    let text = text.trim_start_matches('\u{feff}');
    let delimiter = text.bytes().find(|byte| b",;\t".contains(byte)).unwrap_or(b',');
    let mut points = Vec::new();
    let filled = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty());
    for (index, (line, cells)) in filled.enumerate() {
        let cells: Vec<&str> = cells.split(char::from(delimiter)).map(bare).collect();
        if index == 0 && cells.len() == 2 && cells.iter().all(|cell| number(cell).is_none()) {
            continue;
        }
        if points.len() == MOST {
            return Err(PastedError::TooMany { line });
        }
        points.push(point(line, &cells)?);
    }
    if points.len() < FEWEST {
        return Err(PastedError::TooFew { found: points.len() });
    }
    Ok(points)
}

/// The points, moved and scaled (by the same factor in both directions) so that they fill a square from -2 to
/// 2, as the lab's other distributions do. Points that are all the same become the origin.
#[must_use]
pub fn fitted(points: &[Point]) -> Vec<Point> {
    let ends = |axis: usize| {
        let values = points.iter().map(move |point| point[axis]);
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(f64::NEG_INFINITY, f64::max);
        (least, most)
    };
    let ((left, right), (bottom, top)) = (ends(0), ends(1));
    // Halves first, so that the difference of two huge numbers is still a number.
    let half = (right / 2.0 - left / 2.0).max(top / 2.0 - bottom / 2.0);
    let factor = if half > 0.0 { EXTENT / half } else { 0.0 };
    let centre = [left / 2.0 + right / 2.0, bottom / 2.0 + top / 2.0];
    points
        .iter()
        .map(|point| [(point[0] - centre[0]) * factor, (point[1] - centre[1]) * factor])
        .collect()
}

fn point(line: u64, cells: &[&str]) -> Result<Point, PastedError> {
    let &[x, y] = cells else {
        return Err(PastedError::Cells {
            line,
            found: cells.len(),
        });
    };
    let read = |column: usize, cell: &str| {
        number(cell).ok_or_else(|| PastedError::NotANumber {
            line,
            column,
            found: cell.to_owned(),
        })
    };
    Ok([read(1, x)?, read(2, y)?])
}

/// A cell without the white space and the quotes around it.
fn bare(cell: &str) -> &str {
    cell.trim().trim_matches('"').trim()
}

/// The finite number that a cell holds.
fn number(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_semicolons_and_tabs_part_numbers() {
        let expected = [[0.0, 1.0], [-2.0, 3.5], [4.0, 1e-3]];
        for text in [
            "0,1\n-2,3.5\n4,1e-3",
            "0;1\r\n-2; \"3.5\"\r\n4;1e-3\r\n",
            "\u{feff}a\tb\n0\t1\n-2\t3.5\n4\t1e-3\n",
        ] {
            assert_eq!(points(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_list_of_points_is_refused_with_its_line() {
        for (text, expected) in [
            (
                "Once upon a time",
                "line 1: 1 cells, expected 2: the numbers x and y with a comma between them",
            ),
            (
                "0,0\n1,1,1\n",
                "line 2: 3 cells, expected 2: the numbers x and y with a comma between them",
            ),
            (
                "0,0\n1,NaN\n",
                "line 2, column 2: \"NaN\" is not a number; write decimals with a point",
            ),
            ("0,0\n\n1,1\n", "2 points, expected at least 3, one in each line"),
            ("", "0 points, expected at least 3, one in each line"),
            ("x,y\n", "0 points, expected at least 3, one in each line"),
        ] {
            assert_eq!(points(text).unwrap_err().to_string(), expected, "{text:?}");
        }
        let many = "1,2\n".repeat(MOST + 1);
        assert_eq!(
            points(&many),
            Err(PastedError::TooMany {
                line: MOST as u64 + 1
            })
        );
        assert_eq!(points(&many[4..]).unwrap().len(), MOST);
    }

    #[test]
    fn fitted_points_fill_the_square_and_keep_their_shape() {
        let fitted_points = fitted(&[[100.0, 7.0], [104.0, 8.0], [102.0, 9.0]]);
        assert_eq!(fitted_points, [[-2.0, -1.0], [2.0, 0.0], [0.0, 1.0]]);
        assert_eq!(fitted(&[[5.0, 5.0], [5.0, 5.0]]), [[0.0, 0.0]; 2]);
        let huge = fitted(&[[-f64::MAX, 0.0], [f64::MAX, 0.0]]);
        assert!(huge.iter().flatten().all(|value| value.is_finite()), "{huge:?}");
    }
}
