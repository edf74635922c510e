//! Why two sets cannot be compared.

use super::unit::Unit;

/// Why a set of features, a comparison or a bootstrap was refused. Sets and sides are counted from 1, rows
/// and columns from 0.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// Features without a column.
    #[error("features: 0 columns, expected at least 1")]
    NoColumns,
    /// Values that do not fill the rows.
    #[error("features: {found} values, expected {rows} rows of {width}")]
    Length {
        /// Rows asked for.
        rows: usize,
        /// Columns asked for.
        width: usize,
        /// Values given.
        found: usize,
    },
    /// A value that is NaN or infinite.
    #[error("features: row {row}, column {column} is {found}, expected a finite number; leave the row out")]
    NotFinite {
        /// Row of the first such value.
        row: usize,
        /// Its column.
        column: usize,
        /// The value.
        found: f64,
    },
    /// A row that the set does not have.
    #[error("features: row {row} was asked for, but there are {rows} rows, counted from 0")]
    NoRow {
        /// The row asked for.
        row: usize,
        /// Rows of the set.
        rows: usize,
    },
    /// Sets whose columns cannot be the same features.
    #[error(
        "{measure}: set {set} has {found} columns, expected {expected} as the first has; measure both alike"
    )]
    Width {
        /// What was to be computed.
        measure: &'static str,
        /// The set, from 1.
        set: usize,
        /// Its columns.
        found: usize,
        /// Columns of the first set.
        expected: usize,
    },
    /// A set that is too small.
    #[error("{measure}: set {set} has {found} rows, expected at least {needed}")]
    TooFewRows {
        /// What was to be computed.
        measure: &'static str,
        /// The set, from 1.
        set: usize,
        /// Its rows.
        found: usize,
        /// Rows needed.
        needed: usize,
    },
    /// A covariance that fewer rows than features cannot give.
    #[error(
        "Fréchet distance: set {set} has n = {rows} rows of dimension {width}, expected n of at least \
         {width}: the covariance of fewer rows is singular and the distance would mostly say how few they \
         are; add rows, project both sets on fewer principal components, or use KID or the energy distance"
    )]
    FrechetRows {
        /// The set, from 1.
        set: usize,
        /// Its rows.
        rows: usize,
        /// The features' dimension.
        width: usize,
    },
    /// An eigenvalue problem that was not solved.
    #[error(
        "{measure}: the eigenvalues of a {width} x {width} matrix did not converge; standardise the features"
    )]
    NoConvergence {
        /// What was to be computed.
        measure: &'static str,
        /// The matrix's rows and columns.
        width: usize,
    },
    /// Numbers so large that the result is not finite.
    #[error("{measure}: the result is {found}, expected a finite number; standardise the features")]
    Overflow {
        /// What was to be computed.
        measure: &'static str,
        /// The result.
        found: f64,
    },
    /// A set in which no column varies.
    #[error("standardisation: each of the {width} columns is constant, expected one that varies")]
    AllConstant {
        /// Columns of the set.
        width: usize,
    },
    /// A number of neighbours or components that the sets do not allow.
    #[error("{measure}: {what} is {found}, expected {least} to {most}")]
    Outside {
        /// What was to be computed.
        measure: &'static str,
        /// The number's name.
        what: &'static str,
        /// The number.
        found: usize,
        /// The smallest allowed.
        least: usize,
        /// The largest allowed.
        most: usize,
    },
    /// Two lists that describe the same rows and have different lengths.
    #[error("{measure}: {found} {what}, expected {expected}, one for each row")]
    Count {
        /// What was to be computed.
        measure: &'static str,
        /// What the list holds.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length expected.
        expected: usize,
    },
    /// A row without the label that groups it.
    #[error(
        "bootstrap: row {row} has no {unit}, expected one in each row; group by a unit that all rows have"
    )]
    NoLabel {
        /// The row.
        row: usize,
        /// The unit asked for.
        unit: Unit,
    },
    /// A side with nothing to resample.
    #[error(
        "bootstrap: side {side} has {found} groups (unit: {unit}), expected at least 2: resampling one group \
         gives the same rows again; take a finer unit or more images"
    )]
    TooFewGroups {
        /// The side, from 1.
        side: usize,
        /// The unit of its groups.
        unit: Unit,
        /// Groups found.
        found: usize,
    },
    /// Too few replicates for the tails of an interval.
    #[error("bootstrap: {found} replicates, expected at least {needed}")]
    TooFewReplicates {
        /// Replicates asked for.
        found: usize,
        /// Replicates needed.
        needed: usize,
    },
    /// A side that the bootstrap does not have.
    #[error("bootstrap: side {side} was asked for, but there are {sides}, counted from 1")]
    NoSide {
        /// The side, from 1.
        side: usize,
        /// Sides that are resampled.
        sides: usize,
    },
    /// A statistic that is not finite, or that is missing.
    #[error(
        "bootstrap: statistic {statistic} of replicate {replicate} is {found:?}, expected a finite number"
    )]
    Replicate {
        /// Position of the statistic, from 0.
        statistic: usize,
        /// The replicate, from 1; 0 stands for the sample itself.
        replicate: usize,
        /// The value; nothing where the statistic was not returned.
        found: Option<f64>,
    },
    /// A class beyond those stated.
    #[error("confusion matrix: row {row} is of class {found}, expected one below {classes}")]
    NoClass {
        /// The row.
        row: usize,
        /// Its class.
        found: usize,
        /// How many classes there are.
        classes: usize,
    },
}

/// A result, where it is a finite number.
pub(super) fn finite(measure: &'static str, value: f64) -> Result<f64, SetError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(SetError::Overflow {
            measure,
            found: value,
        })
    }
}
