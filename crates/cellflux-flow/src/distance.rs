//! How far numbers are from those expected.

/// The relative error of numbers, gathered part by part: `||found - expected|| / ||expected||` in the
/// Euclidean norm, summed in f64.
///
/// ```
/// use cellflux_flow::distance::{RelativeError, relative_error};
///
/// assert_eq!(relative_error(&[3.0f32, 3.0], &[3.0f64, 4.0]), 0.2);
/// let mut parts = RelativeError::default();
/// parts.add(&[3.0f32], &[3.0f32]);
/// parts.add(&[3.0f32], &[4.0f32]);
/// assert_eq!(parts.value(), 0.2);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RelativeError {
    difference: f64,
    size: f64,
}

impl RelativeError {
    /// Takes another part of the numbers. Parts of two lengths are infinitely far apart.
    pub fn add<A: Copy + Into<f64>, B: Copy + Into<f64>>(&mut self, found: &[A], expected: &[B]) {
        if found.len() != expected.len() {
            self.difference = f64::INFINITY;
        }
        for (&found, &expected) in found.iter().zip(expected) {
            let expected: f64 = expected.into();
            self.difference += (found.into() - expected).powi(2);
            self.size += expected.powi(2);
        }
    }

    /// The error so far: 0 for equal numbers, NaN where one of them is NaN, infinite where all are expected
    /// to be 0 and are not.
    pub fn value(self) -> f64 {
        if self.difference == 0.0 {
            return 0.0;
        }
        (self.difference / self.size).sqrt()
    }
}

/// `||found - expected|| / ||expected||`, as [`RelativeError`] computes it.
pub fn relative_error<A: Copy + Into<f64>, B: Copy + Into<f64>>(found: &[A], expected: &[B]) -> f64 {
    let mut error = RelativeError::default();
    error.add(found, expected);
    error.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_cannot_be_compared_are_not_close() {
        assert!(relative_error(&[f32::NAN], &[1.0f32]).is_nan());
        for infinite in [
            relative_error(&[1.0f32], &[1.0f32, 2.0]),
            relative_error(&[1.0f32], &[0.0f32]),
        ] {
            assert!(infinite.is_infinite());
        }
        for equal in [
            relative_error(&[0.0f32], &[0.0f32]),
            relative_error::<f32, f32>(&[], &[]),
        ] {
            assert!(equal.abs() < f64::EPSILON);
        }
    }
}
