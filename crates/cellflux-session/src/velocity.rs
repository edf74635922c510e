//! How fast a walk's image changes.
//!
//! A step evaluates one or several velocities and keeps none of them: reading them back would double what is
//! read and held of every step, most of which nobody looks at. What a step did with them is in its two
//! frames. Every fixed-step solver moves the image by a weighted mean of the guided velocities that it has
//! evaluated, times the step's length (`cellflux_flow::solver`), and so does the adaptive one. So the
//! difference of two neighbouring frames over the difference of their times is that mean, up to rounding; for
//! Euler it is the guided velocity at the earlier frame itself. It costs nothing, and is of any step reached.

use crate::frame::Frame;

/// The mean velocity `[C, H, W]` of the step from one frame to the next, in model range per unit of t:
/// `(x(t1) - x(t0)) / (t1 - t0)`. A walk back has falling times, and its velocity is still the change as t
/// rises.
///
/// `None` for frames of one time or of two sizes, between which there is no step.
#[must_use]
pub fn mean_velocity(before: &Frame, after: &Frame) -> Option<Vec<f32>> {
    let h = after.t - before.t;
    if h == 0.0 || before.values.len() != after.values.len() {
        return None;
    }
    let values = after.values.iter().zip(&before.values);
    Some(
        values
            .map(|(after, before)| ((f64::from(*after) - f64::from(*before)) / h) as f32)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use cellflux_flow::field::{Engine, Field};
    use cellflux_flow::solver::{FixedSolver, Solver};

    use super::*;
    use crate::exploration::Exploration;
    use crate::recipe::Direction;
    use crate::test_engine::{TestEngine, walked};

    /// A frame's values are rounded to f32 and divided by a step of a quarter.
    const ROUNDING: f32 = 4e-6;

    /// The guided velocity that the network gives at a frame.
    fn guided(exploration: &Exploration<TestEngine>, frame: &Frame) -> Vec<f32> {
        let flow = exploration.walk().flow().clone();
        let mut engine = TestEngine::default();
        engine.condition(&[flow.condition], flow.guidance).unwrap();
        let x = engine.upload(&frame.values).unwrap();
        engine.velocity(frame.t, &x).unwrap().to_vec()
    }

    fn assert_close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < ROUNDING, "{found} {expected}");
        }
    }

    #[test]
    fn the_velocity_of_an_euler_step_is_the_guided_one_that_it_used_in_every_direction() {
        for direction in Direction::ALL {
            let exploration = walked(|recipe| {
                recipe.sampling.solver = Solver::Fixed(FixedSolver::Euler);
                recipe.direction = direction;
            });
            for pair in exploration.frames().windows(2) {
                let found = mean_velocity(&pair[0], &pair[1]).unwrap();
                assert_close(&found, &guided(&exploration, &pair[0]));
            }
        }
    }

    #[test]
    fn the_velocity_of_a_heun_step_is_the_mean_of_both_that_it_used() {
        let exploration = walked(|recipe| recipe.sampling.solver = Solver::Fixed(FixedSolver::Heun));
        for pair in exploration.frames().windows(2) {
            let first = guided(&exploration, &pair[0]);
            let h = pair[1].t - pair[0].t;
            let ahead = pair[0].values.iter().zip(&first);
            let ahead = Frame {
                t: pair[1].t,
                values: ahead
                    .map(|(x, v)| (f64::from(*x) + h * f64::from(*v)) as f32)
                    .collect(),
                ..pair[1].clone()
            };
            let second = guided(&exploration, &ahead);
            let mean: Vec<f32> = first
                .iter()
                .zip(&second)
                .map(|(a, b)| f32::midpoint(*a, *b))
                .collect();
            assert_close(&mean_velocity(&pair[0], &pair[1]).unwrap(), &mean);
        }
    }

    #[test]
    fn between_frames_that_no_step_lies_between_there_is_no_velocity() {
        let exploration = walked(|_| ());
        let [first, second, ..] = exploration.frames() else {
            panic!("a walk of one step at least");
        };
        assert_eq!(mean_velocity(first, first), None);
        let cut = Frame {
            values: second.values[1..].to_vec(),
            ..second.clone()
        };
        assert_eq!(mean_velocity(first, &cut), None);
    }
}
