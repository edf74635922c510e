//! Guidance: a condition's velocity, the null velocity, or beyond.

use cellflux_flow::guidance::Guidance;

use crate::error::LabError;
use crate::plane::{Point, scaled, sum};
use crate::plane_field::PlaneField;

/// A weighted sum of fields: `v = alpha v(x, t, c) + (1 - alpha) v(x, t, null)`.
#[derive(Clone, Debug)]
pub struct Guided<F> {
    terms: Vec<(f64, F)>,
}

impl<F: PlaneField> Guided<F> {
    /// The guided field of a condition, from the field `of` each condition and `of` none. Without a condition
    /// it is the null field, whatever the guidance; with guidance 1 the condition's alone.
    ///
    /// # Errors
    /// What `of` says.
    pub fn new(
        condition: Option<usize>,
        guidance: Guidance,
        mut of: impl FnMut(Option<usize>) -> Result<F, LabError>,
    ) -> Result<Self, LabError> {
        if condition.is_none() || !guidance.needs_unconditional() {
            let terms = vec![(1.0, of(condition)?)];
            return Ok(Self { terms });
        }
        let terms = vec![
            (guidance.conditional(), of(condition)?),
            (guidance.unconditional(), of(None)?),
        ];
        Ok(Self { terms })
    }
}

impl<F: PlaneField> PlaneField for Guided<F> {
    fn velocity(&self, t: f64, at: &[Point]) -> Result<Vec<Point>, LabError> {
        let mut velocity = vec![[0.0; 2]; at.len()];
        for (weight, field) in &self.terms {
            for (all, one) in velocity.iter_mut().zip(field.velocity(t, at)?) {
                *all = sum(*all, scaled(*weight, one));
            }
        }
        Ok(velocity)
    }

    fn divergence(&self, t: f64, at: &[Point]) -> Result<Vec<f64>, LabError> {
        let mut divergence = vec![0.0; at.len()];
        for (weight, field) in &self.terms {
            for (all, one) in divergence.iter_mut().zip(field.divergence(t, at)?) {
                *all += weight * one;
            }
        }
        Ok(divergence)
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "sums and products of few bits are exact")]
mod tests {
    use super::*;

    /// The null field points up, that of condition c to the right by c + 1, and grows with x.
    struct Written(Option<usize>);

    impl PlaneField for Written {
        fn velocity(&self, _: f64, at: &[Point]) -> Result<Vec<Point>, LabError> {
            let velocity = |&[x, _]: &Point| self.0.map_or([0.0, 1.0], |c| [(c as f64 + 1.0) * x, 0.0]);
            Ok(at.iter().map(velocity).collect())
        }
    }

    fn velocity(condition: Option<usize>, alpha: f64) -> Point {
        let field = Guided::new(condition, Guidance { alpha }, |condition| Ok(Written(condition)));
        field.unwrap().velocity(0.0, &[[1.0, 0.0]]).unwrap()[0]
    }

    #[test]
    fn guidance_leads_from_the_null_velocity_through_the_condition_s_and_beyond() {
        assert_eq!(velocity(Some(1), 0.0), [0.0, 1.0]);
        assert_eq!(velocity(Some(1), 1.0), [2.0, 0.0]);
        assert_eq!(velocity(Some(1), 1.5), [3.0, -0.5]);
        assert_eq!(velocity(None, 1.5), [0.0, 1.0]);
    }

    #[test]
    fn divergences_are_weighted_as_velocities_are() {
        let field = Guided::new(Some(0), Guidance { alpha: 3.0 }, |condition| {
            Ok(Written(condition))
        })
        .unwrap();
        let divergence = field.divergence(0.0, &[[0.5, 0.5]]).unwrap()[0];
        // Difference quotients of linear fields: only rounding is left.
        assert!((divergence - 3.0).abs() < 1e-9, "{divergence}");
    }
}
