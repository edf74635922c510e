//! The loss below which no network can learn.
//!
//! Where several pairs pass through one point at one time, their velocities differ, and the best answer is
//! their mean: the marginal field. What is left is the mean squared deviation from it. Pairs from one batch
//! leave less than pairs from two, since a control then says from which batch its target comes; that a
//! control of the same batch says more of the target is the paper's Proposition 1.

use crate::error::LabError;
use crate::exact::ExactField;
use crate::examples::examples;
use crate::pairs::Pairing;
use crate::plane::{difference, mean, square};
use crate::plane_field::PlaneField as _;
use crate::settings::Settings;

/// Steps whose pairs are averaged; the loss curve's steps begin at 0, these begin here.
const FIRST_STEP: u64 = 1 << 40;

/// The loss of the exact marginal fields, as a learning step computes it, over `pairs` pairs: an estimate of
/// the least loss that can be reached.
///
/// # Errors
/// [`LabError::NoClosedForm`] where no exact field is known, and [`LabError`] for settings out of range.
pub fn least_loss(settings: &Settings, pairs: usize) -> Result<f64, LabError> {
    let conditions = (0..settings.conditions.len()).map(Some);
    let fields: Vec<ExactField> = std::iter::once(None)
        .chain(conditions)
        .map(|condition| ExactField::new(settings, condition))
        .collect::<Result<_, _>>()?;
    let drawn = Pairing::new(settings)?.draw(FIRST_STEP, pairs);
    let mut squares = Vec::with_capacity(drawn.len());
    for example in examples(settings, FIRST_STEP, &drawn) {
        let field = example.condition.map_or(0, |condition| condition + 1);
        if let Some(field) = fields.get(field) {
            for velocity in field.velocity(example.t, &[example.x])? {
                squares.push(square(difference(example.velocity, velocity)) / 2.0);
            }
        }
    }
    Ok(mean(squares.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coupling::Coupling;
    use crate::distribution::Distribution;

    #[test]
    fn between_two_gaussians_the_least_loss_is_that_of_the_formula() {
        // Equal Gaussians: Var(x1 - x0 | x_t) = s^2 / ((1 - t)^2 + t^2), whose mean over t is s^2 pi / 2.
        let mut settings = Settings::default();
        settings.conditions[0].target = Distribution::STANDARD;
        let found = least_loss(&settings, 20_000).unwrap();
        let expected = std::f64::consts::FRAC_PI_2;
        // Five standard errors: the square of a normal number of this variance has about the deviation 2.
        assert!(
            (found - expected).abs() < 5.0 * 2.0 / 2e4f64.sqrt(),
            "{found} {expected}"
        );
    }

    #[test]
    fn pairs_within_a_batch_leave_less_than_pairs_across_batches() {
        let mut settings = Settings {
            source: Distribution::Gaussian {
                mean: [0.0, 0.0],
                spread: 0.3,
            },
            batches: vec![[-2.0, 0.0], [2.0, 0.0]],
            ..Settings::default()
        };
        settings.conditions[0].target = Distribution::Gaussian {
            mean: [0.0, 2.0],
            spread: 0.3,
        };
        let mut of = |coupling| {
            settings.path.coupling = coupling;
            least_loss(&settings, 4000).unwrap()
        };
        let (within, across) = (of(Coupling::SameBatch), of(Coupling::Independent));
        // Within a batch as of one Gaussian: 0.09 pi / 2.
        assert!(within < 0.16 && across > 2.0 * within, "{within} {across}");
    }
}
