//! Nearest neighbours: whether a generated crop is a copy of a real one.

use super::error::SetError;
use super::features::{Features, check_sets};
use super::vectors::distance;

const MEASURE: &str = "nearest neighbours";

/// The closest row of a set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The row's number in the set that was searched.
    pub row: usize,
    /// Its Euclidean distance, in the unit of the features.
    pub distance: f64,
}

/// The closest row of `set` for each row of `queries`; among equally close ones the first.
///
/// # Errors
///
/// [`SetError::Width`] for sets of different width, [`SetError::TooFewRows`] where one is empty, and
/// [`SetError::Overflow`] for huge features.
///
/// ```
/// use cellflux_measure::sets::{Features, nearest::nearest};
///
/// let training = Features::new(3, 1, vec![0.0, 10.0, 20.0])?;
/// let generated = Features::new(2, 1, vec![11.0, 20.0])?;
/// let found = nearest(&generated, &training)?;
/// assert_eq!((found[0].row, found[0].distance), (1, 1.0));
/// assert_eq!((found[1].row, found[1].distance), (2, 0.0));
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
pub fn nearest(queries: &Features, set: &Features) -> Result<Vec<Neighbour>, SetError> {
    check_sets(MEASURE, &[queries, set], 1)?;
    queries
        .iter()
        .map(|query| closest(query, set.iter().enumerate()))
        .collect()
}

/// The closest other row of the same set for each row: the usual distance to the nearest neighbour among
/// crops that are not copies of each other.
///
/// # Errors
///
/// [`SetError::TooFewRows`] below 2 rows, [`SetError::Overflow`] for huge features.
pub fn nearest_other(set: &Features) -> Result<Vec<Neighbour>, SetError> {
    check_sets(MEASURE, &[set], 2)?;
    let others = |row| set.iter().enumerate().filter(move |&(other, _)| other != row);
    set.iter()
        .enumerate()
        .map(|(row, query)| closest(query, others(row)))
        .collect()
}

fn closest<'a>(query: &[f64], rows: impl Iterator<Item = (usize, &'a [f64])>) -> Result<Neighbour, SetError> {
    let mut best = Neighbour {
        row: 0,
        distance: f64::INFINITY,
    };
    for (row, values) in rows {
        let distance = distance(query, values);
        if distance < best.distance {
            best = Neighbour { row, distance };
        }
    }
    if best.distance.is_finite() {
        return Ok(best);
    }
    Err(SetError::Overflow {
        measure: MEASURE,
        found: best.distance,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equally_close_rows_is_taken_and_a_row_is_not_its_own_neighbour() {
        let set = Features::new(4, 1, vec![3.0, 1.0, 1.0, 9.0]).unwrap();
        let found = nearest(&Features::new(2, 1, vec![1.0, 2.0]).unwrap(), &set).unwrap();
        assert_eq!(
            found,
            [
                Neighbour {
                    row: 1,
                    distance: 0.0
                },
                Neighbour {
                    row: 0,
                    distance: 1.0
                }
            ]
        );
        let others: Vec<_> = nearest_other(&set)
            .unwrap()
            .iter()
            .map(|found| (found.row, found.distance))
            .collect();
        assert_eq!(others, [(1, 2.0), (2, 0.0), (1, 0.0), (0, 6.0)]);
    }

    #[test]
    fn empty_sets_and_distances_beyond_f64_are_refused() {
        let empty = Features::new(0, 1, vec![]).unwrap();
        let one = Features::new(1, 1, vec![f64::MAX]).unwrap();
        let other = Features::new(1, 1, vec![f64::MIN]).unwrap();
        assert!(matches!(
            nearest(&one, &empty),
            Err(SetError::TooFewRows { set: 2, .. })
        ));
        assert!(matches!(
            nearest_other(&one),
            Err(SetError::TooFewRows { needed: 2, .. })
        ));
        assert!(matches!(nearest(&one, &other), Err(SetError::Overflow { .. })));
    }
}
