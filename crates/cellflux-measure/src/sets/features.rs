//! A set of crops as a table of numbers: a row for each crop, a column for each feature.

use super::error::SetError;

/// Features `[N, D]` in f64, row after row. Every value is finite; `D` is at least 1, `N` may be 0.
///
/// ```
/// use cellflux_measure::sets::Features;
///
/// let features = Features::new(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(features.row(1), Some(&[4.0, 5.0, 6.0][..]));
/// assert_eq!(features.mean()?, [2.5, 3.5, 4.5]);
///
/// let refused = Features::new(1, 2, vec![0.0, f64::NAN]).unwrap_err();
/// assert!(refused.to_string().contains("row 0, column 1 is NaN"));
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    rows: usize,
    width: usize,
    values: Vec<f64>,
}

impl Features {
    /// Features of `rows` crops with `width` numbers each.
    ///
    /// # Errors
    ///
    /// [`SetError::NoColumns`] for a `width` of 0, [`SetError::Length`] where there are not `rows * width`
    /// values, and [`SetError::NotFinite`] with the place of the first NaN or infinity.
    pub fn new(rows: usize, width: usize, values: Vec<f64>) -> Result<Self, SetError> {
        if width == 0 {
            return Err(SetError::NoColumns);
        }
        if rows.checked_mul(width) != Some(values.len()) {
            return Err(SetError::Length {
                rows,
                width,
                found: values.len(),
            });
        }
        if let Some((place, &found)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(SetError::NotFinite {
                row: place / width,
                column: place % width,
                found,
            });
        }
        Ok(Self { rows, width, values })
    }

    /// How many crops there are, `N`.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many features each crop has, `D`.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// One crop's features; nothing beyond the last row.
    pub fn row(&self, row: usize) -> Option<&[f64]> {
        self.iter().nth(row)
    }

    /// The rows in order.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.width)
    }

    /// One feature of all crops; nothing beyond the last column.
    pub fn column(&self, column: usize) -> Option<Vec<f64>> {
        (column < self.width).then(|| {
            self.values
                .iter()
                .skip(column)
                .step_by(self.width)
                .copied()
                .collect()
        })
    }

    /// The rows of these numbers in this order; a number may come more than once.
    ///
    /// # Errors
    ///
    /// [`SetError::NoRow`] for a number that is not below [`rows`](Self::rows).
    pub fn select(&self, rows: &[usize]) -> Result<Self, SetError> {
        let mut values = Vec::with_capacity(rows.len() * self.width);
        for &row in rows {
            values.extend(self.row(row).ok_or(SetError::NoRow { row, rows: self.rows })?);
        }
        Ok(Self {
            rows: rows.len(),
            width: self.width,
            values,
        })
    }

    /// The mean of each column, `[D]`.
    ///
    /// # Errors
    ///
    /// [`SetError::TooFewRows`] without a row.
    pub fn mean(&self) -> Result<Vec<f64>, SetError> {
        self.weighted_mean(&vec![1; self.rows])
    }

    /// The mean of each column with each row counted `counts` times, `[D]`: the mean of a bootstrap
    /// replicate.
    ///
    /// # Errors
    ///
    /// [`SetError::Count`] where there is not one count for each row, [`SetError::TooFewRows`] where all are
    /// 0.
    pub fn weighted_mean(&self, counts: &[u32]) -> Result<Vec<f64>, SetError> {
        check_counts("mean", counts, self.rows)?;
        let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        if total == 0 {
            return Err(SetError::TooFewRows {
                measure: "mean",
                set: 1,
                found: 0,
                needed: 1,
            });
        }
        let mut sums = vec![0.0; self.width];
        for (row, &count) in self.iter().zip(counts) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += f64::from(count) * value;
            }
        }
        Ok(sums.into_iter().map(|sum| sum / total as f64).collect())
    }
}

impl<'a> IntoIterator for &'a Features {
    type Item = &'a [f64];
    type IntoIter = std::slice::ChunksExact<'a, f64>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Refuses counts that are not one for each row.
pub(super) fn check_counts(measure: &'static str, counts: &[u32], rows: usize) -> Result<(), SetError> {
    if counts.len() == rows {
        return Ok(());
    }
    Err(SetError::Count {
        measure,
        what: "counts",
        found: counts.len(),
        expected: rows,
    })
}

/// Refuses sets of different width, and sets with fewer rows than `needed`.
pub(super) fn check_sets(measure: &'static str, sets: &[&Features], needed: usize) -> Result<(), SetError> {
    let expected = sets.first().map_or(0, |set| set.width);
    for (set, features) in (1..).zip(sets) {
        if features.width != expected {
            return Err(SetError::Width {
                measure,
                set,
                found: features.width,
                expected,
            });
        }
        if features.rows < needed {
            return Err(SetError::TooFewRows {
                measure,
                set,
                found: features.rows,
                needed,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_are_none_are_refused_with_the_place() {
        assert_eq!(Features::new(0, 0, vec![]), Err(SetError::NoColumns));
        assert_eq!(
            Features::new(2, 2, vec![0.0; 3]),
            Err(SetError::Length {
                rows: 2,
                width: 2,
                found: 3
            })
        );
        assert_eq!(
            Features::new(usize::MAX, 2, vec![]),
            Err(SetError::Length {
                rows: usize::MAX,
                width: 2,
                found: 0
            })
        );
        let mut values = vec![0.0; 6];
        values[5] = f64::INFINITY;
        assert_eq!(
            Features::new(2, 3, values),
            Err(SetError::NotFinite {
                row: 1,
                column: 2,
                found: f64::INFINITY
            })
        );
    }

    #[test]
    fn rows_and_columns_are_found_where_they_were_put() {
        let features = Features::new(3, 2, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!(features.row(2), Some(&[4.0, 5.0][..]));
        assert_eq!(features.row(3), None);
        assert_eq!(features.column(1), Some(vec![1.0, 3.0, 5.0]));
        assert_eq!(features.column(2), None);
        let chosen = features.select(&[2, 0, 2]).unwrap();
        assert_eq!(chosen.values(), [4.0, 5.0, 0.0, 1.0, 4.0, 5.0]);
        assert_eq!(features.select(&[3]), Err(SetError::NoRow { row: 3, rows: 3 }));
    }

    #[test]
    fn a_row_counted_twice_is_a_row_that_is_there_twice() {
        let features = Features::new(3, 2, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let counted = features.weighted_mean(&[0, 2, 1]).unwrap();
        assert_eq!(counted, features.select(&[1, 1, 2]).unwrap().mean().unwrap());
        assert!(matches!(
            features.weighted_mean(&[0, 0, 0]),
            Err(SetError::TooFewRows { .. })
        ));
        assert!(matches!(
            features.weighted_mean(&[1]),
            Err(SetError::Count { .. })
        ));
    }
}
