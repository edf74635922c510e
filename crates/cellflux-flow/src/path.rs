//! The linear probability path between a control image `x0` and a treated image `x1`.
//!
//! `x_t = (1 - t) x0 + t x1`, whose velocity `x1 - x0` is what the network learns to predict (paper,
//! section 3.1).

use crate::error::FlowError;

/// Weights of `x0` and `x1` in the point `x_t`, for any framework's linear combination.
pub fn point_weights(t: f64) -> [f64; 2] {
    [1.0 - t, t]
}

/// Weights of `x0` and `x1` in the target velocity; it is the same at every time.
pub const VELOCITY_WEIGHTS: [f64; 2] = [-1.0, 1.0];

/// Weights of the noise `z` in the point of a path that is noisy between its ends, and in its velocity:
/// `x_t = (1 - t) x0 + t x1 + γ(t) z` with `γ(t) = 4 t (1 - t)`, which is 0 at both ends and 1 half-way, and
/// `x1 - x0 + γ'(t) z`. A flow that learns this velocity leads from the distribution of the starts to that of
/// the ends, as without noise (Albergo, Boffi, Vanden-Eijnden 2023, "Stochastic interpolants").
pub fn noise_weights(t: f64) -> [f64; 2] {
    [4.0 * t * (1.0 - t), 4.0 * (1.0 - 2.0 * t)]
}

/// The point `x_t` of the path; `x0` and `x1` have the same shape, for example `[C, H, W]`.
///
/// # Errors
/// [`FlowError::Length`] when the two differ in length.
pub fn point(t: f64, x0: &[f32], x1: &[f32]) -> Result<Vec<f32>, FlowError> {
    weighted(point_weights(t), x0, x1)
}

/// The target velocity `x1 - x0`; `x0` and `x1` have the same shape.
///
/// # Errors
/// [`FlowError::Length`] when the two differ in length.
pub fn target_velocity(x0: &[f32], x1: &[f32]) -> Result<Vec<f32>, FlowError> {
    weighted(VELOCITY_WEIGHTS, x0, x1)
}

fn weighted([w0, w1]: [f64; 2], x0: &[f32], x1: &[f32]) -> Result<Vec<f32>, FlowError> {
    if x0.len() != x1.len() {
        return Err(FlowError::Length {
            found: x1.len(),
            expected: x0.len(),
        });
    }
    Ok(x0
        .iter()
        .zip(x1)
        .map(|(&a, &b)| (w0 * f64::from(a) + w1 * f64::from(b)) as f32)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_starts_at_the_control_and_ends_at_the_treated_image() {
        let (x0, x1) = ([-1.0, 0.25], [1.0, -0.5]);
        assert_eq!(point(0.0, &x0, &x1).unwrap(), x0);
        assert_eq!(point(1.0, &x0, &x1).unwrap(), x1);
        assert_eq!(point(0.25, &x0, &x1).unwrap(), [-0.5, 0.0625]);
    }

    #[test]
    fn the_velocity_is_the_path_s_derivative() {
        let (x0, x1) = ([-1.0, 0.25], [1.0, -0.5]);
        let (early, late) = (point(0.25, &x0, &x1).unwrap(), point(0.75, &x0, &x1).unwrap());
        for ((a, b), v) in early.iter().zip(&late).zip(target_velocity(&x0, &x1).unwrap()) {
            assert!((f64::from(b - a) / 0.5 - f64::from(v)).abs() < 1e-6); // f32 rounding of values near 1
        }
    }

    #[test]
    fn noise_on_the_path_is_gone_at_its_ends_and_its_velocity_is_the_derivative() {
        for (t, expected) in [(0.0, [0.0, 4.0]), (0.5, [1.0, 0.0]), (1.0, [0.0, -4.0])] {
            for (found, expected) in noise_weights(t).into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-15, "{found} {expected}");
            }
        }
        for t in [0.1, 0.4, 0.8] {
            let [before, after] = [t - 1e-4, t + 1e-4].map(|t| noise_weights(t)[0]);
            // A parabola's central difference is exact but for rounding.
            assert!(((after - before) / 2e-4 - noise_weights(t)[1]).abs() < 1e-9);
        }
    }

    #[test]
    fn images_of_different_sizes_are_no_pair() {
        let error = point(0.5, &[0.0], &[0.0, 1.0]).unwrap_err();
        assert_eq!(
            error,
            FlowError::Length {
                found: 2,
                expected: 1
            }
        );
    }
}
