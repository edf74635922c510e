//! Sums over two rows, in an order that does not depend on the machine.

/// Partial sums that are independent of each other, so that a processor need not wait for the previous
/// addition.
const LANES: usize = 8;

/// The sum of `term` over both rows' values: eight sums of every eighth value, added from the first to the
/// last, then the values that are left over.
#[inline]
fn sum(a: &[f64], b: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    let ((whole_a, rest_a), (whole_b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for (a, b) in whole_a.iter().zip(whole_b) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += term(a, b);
        }
    }
    let whole: f64 = lanes.iter().sum();
    rest_a
        .iter()
        .zip(rest_b)
        .fold(whole, |sum, (&a, &b)| sum + term(a, b))
}

/// The inner product of two rows of one width.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    sum(a, b, |a, b| a * b)
}

/// The Euclidean distance of two rows of one width: the same bits in both directions, 0 for equal rows.
///
/// Differences are taken first. The expansion into three inner products, which libraries use for speed, loses
/// half of the digits where two rows are close, and close rows are the ones that matter here.
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    sum(a, b, |a, b| (a - b) * (a - b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_counts_once_at_any_width() {
        for width in 0..=20 {
            let a: Vec<f64> = (0..width).map(f64::from).collect();
            let b = vec![2.0; a.len()];
            let expected: f64 = a.iter().map(|value| 2.0 * value).sum();
            let square: f64 = a.iter().map(|value| (value - 2.0).powi(2)).sum();
            // Whole numbers: the sums are exact.
            assert!((dot(&a, &b) - expected).abs() < f64::EPSILON);
            assert!((distance(&a, &b) - square.sqrt()).abs() < f64::EPSILON);
        }
    }
}
