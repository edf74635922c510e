//! Dormand-Prince 5(4): an adaptive solver that chooses its steps by tolerances.
//!
//! The fifth-order solution is carried on and the embedded fourth-order one (Shampine's weights) only
//! measures the error; the last velocity of a step is the first of the next. Initial step after Hairer,
//! Norsett and Wanner, "Solving Ordinary Differential Equations I", section II.4. It ends exactly at the end
//! time.

use crate::field::{AdaptiveField, Tolerance};

/// Nodes of stages 2 to 7, as fractions of the step.
const NODES: [f64; 6] = [1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0];

/// Weights of the earlier velocities in the states of stages 2 to 7; the last row is the solution.
const STAGES: [&[f64]; 6] = [
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[
        19372.0 / 6561.0,
        -25360.0 / 2187.0,
        64448.0 / 6561.0,
        -212.0 / 729.0,
    ],
    &[
        9017.0 / 3168.0,
        -355.0 / 33.0,
        46732.0 / 5247.0,
        49.0 / 176.0,
        -5103.0 / 18656.0,
    ],
    &[
        35.0 / 384.0,
        0.0,
        500.0 / 1113.0,
        125.0 / 192.0,
        -2187.0 / 6784.0,
        11.0 / 84.0,
    ],
];

/// The solution's weights minus the embedded ones: those of the error.
const ERROR: [f64; 7] = [
    35.0 / 384.0 - 1951.0 / 21600.0,
    0.0,
    500.0 / 1113.0 - 22642.0 / 50085.0,
    125.0 / 192.0 - 451.0 / 720.0,
    -2187.0 / 6784.0 + 12231.0 / 42400.0,
    11.0 / 84.0 - 649.0 / 6300.0,
    -1.0 / 60.0,
];

/// The share of the optimal step that is tried.
const SAFETY: f64 = 0.9;
/// The largest growth from step to step.
const GROW: f64 = 10.0;
/// The largest shrinking after a rejected step.
const SHRINK: f64 = 0.2;
/// The reciprocal of the order to which the error is measured.
const EXPONENT: f64 = 0.2;

/// Rejected trials in a row after which a step is given up: the first few find the scale, each five times
/// smaller; a velocity field on which thirty do not help has no solution at this tolerance.
pub const MAX_REJECTED: usize = 30;

/// Why an adaptive step failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AdaptiveError<E> {
    /// The field itself failed.
    #[error(transparent)]
    Field(#[from] E),
    /// The velocity or the state is not finite.
    #[error("the adaptive solver's error at t = {t} is {found}, expected a finite number")]
    NotFinite {
        /// Time at which the step started.
        t: f64,
        /// The measured error.
        found: f64,
    },
    /// No step is small enough.
    #[error(
        "the adaptive solver rejected {rejected} steps in a row at t = {t}, expected one within the \
        tolerances"
    )]
    TooManyRejected {
        /// Time at which the step started.
        t: f64,
        /// Trials rejected.
        rejected: usize,
    },
}

/// What an accepted step was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accepted {
    /// Time it started from.
    pub from: f64,
    /// Time it reached.
    pub to: f64,
    /// Its error in units of the tolerances, at most 1.
    pub error: f64,
    /// Trials rejected before it.
    pub rejected: usize,
    /// Velocities evaluated, those of rejected trials included.
    pub evaluations: usize,
}

/// A walk between two times in accepted steps; states live wherever the field keeps them.
#[derive(Clone, Debug)]
pub struct Dopri5<S> {
    t: f64,
    end: f64,
    step_size: f64,
    x: S,
    /// Velocity at `(t, x)`, once it is known.
    velocity: Option<S>,
    tolerance: Tolerance,
}

impl<S: Clone> Dopri5<S> {
    /// Starts at `x` at time `start`, towards `end` on either side of it; two evaluations choose the first
    /// step.
    ///
    /// # Errors
    /// [`AdaptiveError::Field`], or [`AdaptiveError::NotFinite`] when `x` or its velocity is not finite.
    pub async fn start<F: AdaptiveField<State = S>>(
        field: &mut F,
        start: f64,
        end: f64,
        x: S,
        tolerance: Tolerance,
    ) -> Result<Self, AdaptiveError<F::Error>> {
        let velocity = velocity_at(field, start, &x).await?;
        let step_size = initial_step(field, start, end, &x, &velocity, tolerance).await?;
        Ok(Self {
            velocity: Some(velocity),
            ..Self::resume(start, end, x, step_size, tolerance)
        })
    }

    /// Continues a walk that had reached `x` at time `t`, with the [`Self::step_size`] it had chosen next. It
    /// goes on exactly as that walk would have, and costs one evaluation more.
    pub fn resume(t: f64, end: f64, x: S, step_size: f64, tolerance: Tolerance) -> Self {
        Self {
            t,
            end,
            step_size: step_size.abs(),
            x,
            velocity: None,
            tolerance,
        }
    }

    /// Evaluations that [`Self::start`] takes.
    pub const START_EVALUATIONS: usize = 2;

    /// The time reached.
    pub fn time(&self) -> f64 {
        self.t
    }

    /// The state reached.
    pub fn state(&self) -> &S {
        &self.x
    }

    /// The length of the step to be tried next, above 0 in either direction.
    pub fn step_size(&self) -> f64 {
        self.step_size
    }

    /// Whether the end is reached.
    #[allow(clippy::float_cmp, reason = "the last step ends exactly there")]
    pub fn is_finished(&self) -> bool {
        self.t == self.end
    }

    /// Walks on by one accepted step; `None` when the end is reached already.
    ///
    /// After an error the walk is where it was before.
    ///
    /// # Errors
    /// See [`AdaptiveError`].
    pub async fn step<F: AdaptiveField<State = S>>(
        &mut self,
        field: &mut F,
    ) -> Result<Option<Accepted>, AdaptiveError<F::Error>> {
        if self.is_finished() {
            return Ok(None);
        }
        let from = self.t;
        let mut evaluations = 0;
        let first = if let Some(velocity) = self.velocity.take() {
            velocity
        } else {
            evaluations += 1;
            velocity_at(field, from, &self.x).await?
        };
        self.velocity = Some(first.clone());
        for rejected in 0..=MAX_REJECTED {
            let (to, h) = self.trial();
            let (x, last, error) = self.attempt(field, &first, to, h).await?;
            evaluations += STAGES.len();
            if !error.is_finite() {
                return Err(AdaptiveError::NotFinite {
                    t: from,
                    found: error,
                });
            }
            self.step_size = h.abs() * factor(error);
            if error <= 1.0 {
                self.t = to;
                self.x = x;
                self.velocity = Some(last);
                return Ok(Some(Accepted {
                    from,
                    to,
                    error,
                    rejected,
                    evaluations,
                }));
            }
        }
        Err(AdaptiveError::TooManyRejected {
            t: from,
            rejected: MAX_REJECTED + 1,
        })
    }

    /// End and signed length of the next trial; one that would leave less than a rounding error before the
    /// end, or pass it, ends there.
    fn trial(&self) -> (f64, f64) {
        let remaining = self.end - self.t;
        if self.step_size >= remaining.abs() * (1.0 - 1e-12) {
            return (self.end, remaining);
        }
        let h = self.step_size.copysign(remaining);
        (self.t + h, h)
    }

    /// The state and the velocity at the end of a trial, and its error.
    async fn attempt<F: AdaptiveField<State = S>>(
        &self,
        field: &mut F,
        first: &S,
        to: f64,
        h: f64,
    ) -> Result<(S, S, f64), F::Error> {
        let mut velocities = vec![first.clone()];
        let mut state = self.x.clone();
        for (weights, node) in STAGES.iter().zip(NODES) {
            state = weighted(field, Some(&self.x), h, weights, &velocities)?;
            let t = if node < 1.0 { self.t + node * h } else { to };
            velocities.push(velocity_at(field, t, &state).await?);
        }
        let error = weighted(field, None, h, &ERROR, &velocities)?;
        let norm = field.error_norm(&error, &self.x, &state, self.tolerance).await?;
        let last = velocities.pop().unwrap_or_else(|| first.clone());
        Ok((state, last, norm))
    }
}

/// The velocity at `(t, x)`, with what others compute of it.
async fn velocity_at<F: AdaptiveField>(field: &mut F, t: f64, x: &F::State) -> Result<F::State, F::Error> {
    let velocity = field.velocity(t, x)?;
    field.settle(&velocity).await?;
    Ok(velocity)
}

/// `x + h sum w_i k_i`, leaving out weights of 0.
fn weighted<F: AdaptiveField>(
    field: &mut F,
    x: Option<&F::State>,
    h: f64,
    weights: &[f64],
    velocities: &[F::State],
) -> Result<F::State, F::Error> {
    let scaled = weights.iter().zip(velocities).filter(|(w, _)| **w != 0.0);
    let terms: Vec<_> = x
        .map(|x| (1.0, x))
        .into_iter()
        .chain(scaled.map(|(w, k)| (h * w, k)))
        .collect();
    field.combine(&terms)
}

/// The next step over the last one, from the error of the last.
fn factor(error: f64) -> f64 {
    if error == 0.0 {
        return GROW;
    }
    let shrink = if error < 1.0 { 1.0 } else { SHRINK };
    (SAFETY * libm::pow(error, -EXPONENT)).clamp(shrink, GROW)
}

/// The length of the first step to try: Hairer's guess from the sizes of state, velocity and its change.
async fn initial_step<F: AdaptiveField>(
    field: &mut F,
    start: f64,
    end: f64,
    x: &F::State,
    velocity: &F::State,
    tolerance: Tolerance,
) -> Result<f64, AdaptiveError<F::Error>> {
    let size = field.error_norm(x, x, x, tolerance).await?;
    let slope = field.error_norm(velocity, x, x, tolerance).await?;
    let guess = if size < 1e-5 || slope < 1e-5 {
        1e-6
    } else {
        0.01 * size / slope
    };
    let h = guess.copysign(end - start);
    let ahead = field.combine(&[(1.0, x), (h, velocity)])?;
    let next = velocity_at(field, start + h, &ahead).await?;
    let change = field.combine(&[(1.0, &next), (-1.0, velocity)])?;
    let curvature = field.error_norm(&change, x, x, tolerance).await? / guess;
    for found in [size, slope, curvature] {
        if !found.is_finite() {
            return Err(AdaptiveError::NotFinite { t: start, found });
        }
    }
    let steepest = slope.max(curvature);
    let second = if steepest <= 1e-15 {
        (guess * 1e-3).max(1e-6)
    } else {
        libm::pow(0.01 / steepest, EXPONENT)
    };
    Ok(second.min(100.0 * guess))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ode::Ode;
    use crate::test_fields::{distance, driven, driven_solution};
    use pollster::block_on;

    fn tolerance(value: f64) -> Tolerance {
        Tolerance {
            rtol: value,
            atol: value,
        }
    }

    /// Error at the end, accepted steps and evaluations of a walk.
    fn walk(start: f64, end: f64, tolerance: Tolerance) -> (f64, Vec<Accepted>) {
        let mut field = driven();
        let begin = Dopri5::start(&mut field, start, end, driven_solution(start), tolerance);
        let mut solver = block_on(begin).unwrap();
        let mut steps = Vec::new();
        while let Some(step) = block_on(solver.step(&mut field)).unwrap() {
            assert!(step.error <= 1.0);
            steps.push(step);
        }
        let counted: usize = steps.iter().map(|step| step.evaluations).sum();
        assert_eq!(
            field.evaluations(),
            counted + Dopri5::<Vec<f64>>::START_EVALUATIONS
        );
        (distance(solver.state(), &driven_solution(end)), steps)
    }

    #[test]
    fn the_tableau_is_consistent() {
        for (weights, node) in STAGES.iter().zip(NODES) {
            assert!((weights.iter().sum::<f64>() - node).abs() < 1e-13);
        }
        assert!(ERROR.iter().sum::<f64>().abs() < 1e-15);
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "\"exactly\" is the promise")]
    fn it_ends_exactly_at_the_end_with_errors_of_the_size_of_the_tolerance() {
        for (start, end) in [(0.0, 1.0), (1.0, 0.0), (0.2, 0.7)] {
            for exponent in [4, 6, 8, 10] {
                let value = 10f64.powi(-exponent);
                let (error, steps) = walk(start, end, tolerance(value));
                assert_eq!(steps.last().unwrap().to, end);
                assert!(steps.windows(2).all(|pair| pair[0].to == pair[1].from));
                // The tolerance bounds each step; ten or so steps of a mildly growing motion add up.
                assert!(error < 20.0 * value, "{start} to {end} at {value}: {error}");
            }
        }
    }

    #[test]
    fn one_step_has_local_order_six() {
        let error = |h: f64| {
            let mut field = driven();
            let loose = tolerance(1e6);
            let mut solver = Dopri5::resume(0.0, h, driven_solution(0.0), h, loose);
            block_on(solver.step(&mut field)).unwrap();
            distance(solver.state(), &driven_solution(h))
        };
        let order = (error(0.1) / error(0.05)).log2();
        assert!((order - 6.0).abs() < 0.3, "{order}");
    }

    #[test]
    fn tighter_tolerances_cost_the_fifth_root_in_steps() {
        let (_, few) = walk(0.0, 1.0, tolerance(1e-6));
        let (_, many) = walk(0.0, 1.0, tolerance(1e-11));
        let ratio = many.len() as f64 / few.len() as f64;
        // 1e5 in tolerance is a factor of ten in steps; starting and ending cost a few more.
        assert!((6.0..14.0).contains(&ratio), "{ratio}");
    }

    #[test]
    fn a_resumed_walk_goes_on_with_the_same_numbers() {
        let mut field = driven();
        let begin = Dopri5::start(&mut field, 0.0, 1.0, driven_solution(0.0), tolerance(1e-6));
        let mut solver = block_on(begin).unwrap();
        for _ in 0..3 {
            block_on(solver.step(&mut field)).unwrap();
        }
        let (t, x, h) = (solver.time(), solver.state().clone(), solver.step_size());
        let mut again = Dopri5::resume(t, 1.0, x, h, tolerance(1e-6));
        while !solver.is_finished() {
            let step = block_on(solver.step(&mut field)).unwrap().unwrap();
            let same = block_on(again.step(&mut field)).unwrap().unwrap();
            assert_eq!((step.to, step.error), (same.to, same.error));
            assert_eq!(solver.state(), again.state());
        }
    }

    #[test]
    fn a_sharp_turn_is_found_by_rejecting_steps() {
        let mut field = Ode::new(|t, _| vec![1.0 / (1.0 + libm::exp(-400.0 * (t - 0.5)))]);
        let begin = Dopri5::start(&mut field, 0.0, 1.0, vec![1.0], tolerance(1e-8));
        let mut solver = block_on(begin).unwrap();
        let mut rejected = 0;
        while let Some(step) = block_on(solver.step(&mut field)).unwrap() {
            rejected += step.rejected;
        }
        assert!(rejected > 0);
        assert!((solver.state()[0] - 1.5).abs() < 1e-6); // the integral of the switch from 0 to 1 is a half
    }

    #[test]
    fn numbers_that_are_none_end_the_walk_with_an_error() {
        let mut field = Ode::new(|t, _| vec![if t > 0.5 { f64::NAN } else { 1.0 }]);
        let begin = Dopri5::start(&mut field, 0.0, 1.0, vec![1.0], tolerance(1e-3));
        let mut solver = block_on(begin).unwrap();
        let error = loop {
            match block_on(solver.step(&mut field)) {
                Ok(step) => assert!(step.is_some(), "the end was reached through NaN"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, AdaptiveError::NotFinite { .. }), "{error}");
    }

    #[test]
    fn a_field_that_no_step_can_follow_is_given_up() {
        let mut field = Ode::new(|t, _| vec![(t * 1e40).sin() * 1e30]);
        let mut solver = Dopri5::resume(0.0, 1.0, vec![1.0], 0.1, tolerance(1e-12));
        let error = block_on(solver.step(&mut field)).unwrap_err();
        assert!(
            matches!(error, AdaptiveError::TooManyRejected { t: 0.0, .. }),
            "{error}"
        );
    }
}
