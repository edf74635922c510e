//! The device's side of an exploration: the state of the last frame and, if asked for, of the next one.

use cellflux_flow::dopri5::{AdaptiveError, Dopri5};
use cellflux_flow::field::{Engine, Tolerance};
use cellflux_flow::solver::{FixedSolver, FixedStep};

use crate::frame::Frame;
use crate::prepared_walk::{Method, PreparedWalk};
use crate::step_error::StepError;

/// States on an engine's device. It is dropped on any error and made again from the last frame.
pub(crate) struct Walker<S> {
    /// The image of the last frame.
    x: S,
    /// The image of the next frame, when it is enqueued already.
    ahead: Option<S>,
    /// The next frame's step, when some of its velocities are known.
    underway: Option<FixedStep<S>>,
    /// The adaptive solver between two waypoints.
    adaptive: Option<Dopri5<S>>,
}

/// A step taken on the device, not read back yet.
pub(crate) struct Step<S> {
    pub state: S,
    pub t: f64,
    pub waypoint: usize,
    /// What the adaptive solver tries next, while it is between two waypoints.
    pub next_size: Option<f64>,
    pub evaluations: usize,
    /// Trials of the adaptive solver that were not good enough.
    pub rejected: usize,
}

impl<S: Clone> Walker<S> {
    /// Puts a frame on the device, under the walk's condition.
    pub fn at<E: Engine<State = S>>(
        engine: &mut E,
        walk: &PreparedWalk,
        frame: &Frame,
    ) -> Result<Self, E::Error> {
        let flow = walk.flow();
        engine.condition(std::slice::from_ref(&flow.condition), flow.guidance)?;
        Ok(Self {
            x: engine.upload(&frame.values)?,
            ahead: None,
            underway: None,
            adaptive: None,
        })
    }

    /// Takes the step after `last`; `None` at the last waypoint.
    pub async fn step<E: Engine<State = S>>(
        &mut self,
        engine: &mut E,
        walk: &PreparedWalk,
        last: &Frame,
    ) -> Result<Option<Step<S>>, StepError<E::Error>> {
        let step = match walk.flow().method {
            Method::Fixed(solver) => self.fixed(engine, walk, solver, last.waypoint).await?,
            Method::Adaptive(tolerance) => self.adaptive(engine, walk, tolerance, last).await?,
        };
        if let Some(step) = &step {
            self.x = step.state.clone();
        }
        Ok(step)
    }

    /// Enqueues the step after waypoint `from` without waiting for anything. An adaptive step cannot be
    /// enqueued: its length depends on an error that must be awaited.
    pub fn look_ahead<E: Engine<State = S>>(
        &mut self,
        engine: &mut E,
        walk: &PreparedWalk,
        from: usize,
    ) -> Result<(), E::Error> {
        if let (Method::Fixed(solver), Some((t0, t1))) = (walk.flow().method, stretch(walk, from)) {
            self.ahead = Some(solver.step(engine, t0, t1, &self.x)?);
        }
        Ok(())
    }

    /// The same place on the way, with nothing enqueued beyond it.
    pub fn without_next_step(self) -> Self {
        Self {
            ahead: None,
            underway: None,
            ..self
        }
    }

    /// Evaluates one velocity of the step after waypoint `from` and returns it, unless only one is missing:
    /// [`Self::step`] evaluates that one. An adaptive step is not taken to pieces.
    pub fn evaluate<E: Engine<State = S>>(
        &mut self,
        engine: &mut E,
        walk: &PreparedWalk,
        from: usize,
    ) -> Result<Option<S>, E::Error> {
        let Method::Fixed(solver) = walk.flow().method else {
            return Ok(None);
        };
        let (None, Some((t0, t1))) = (&self.ahead, stretch(walk, from)) else {
            return Ok(None);
        };
        let x = &self.x;
        let step = self
            .underway
            .get_or_insert_with(|| FixedStep::new(solver, t0, t1, x.clone()));
        if step.remaining() <= 1 {
            return Ok(None);
        }
        Ok(step.evaluate(engine)?.cloned())
    }

    async fn fixed<E: Engine<State = S>>(
        &mut self,
        engine: &mut E,
        walk: &PreparedWalk,
        solver: FixedSolver,
        from: usize,
    ) -> Result<Option<Step<S>>, StepError<E::Error>> {
        let Some((t0, t1)) = stretch(walk, from) else {
            return Ok(None);
        };
        let underway = self.underway.take();
        let state = if let Some(state) = self.ahead.take() {
            state
        } else {
            let mut step = underway.unwrap_or_else(|| FixedStep::new(solver, t0, t1, self.x.clone()));
            while step.remaining() > 0 {
                if let Some(velocity) = step.evaluate(engine).map_err(StepError::Engine)? {
                    engine.settle(velocity).await.map_err(StepError::Engine)?;
                }
            }
            step.finish(engine).map_err(StepError::Engine)?
        };
        Ok(Some(Step {
            state,
            t: t1,
            waypoint: from + 1,
            next_size: None,
            evaluations: solver.evaluations(),
            rejected: 0,
        }))
    }

    async fn adaptive<E: Engine<State = S>>(
        &mut self,
        engine: &mut E,
        walk: &PreparedWalk,
        tolerance: Tolerance,
        last: &Frame,
    ) -> Result<Option<Step<S>>, StepError<E::Error>> {
        let heading = if last.step_size.is_some() {
            last.waypoint
        } else {
            last.waypoint + 1
        };
        let Some(&end) = walk.waypoints().get(heading) else {
            return Ok(None);
        };
        let mut evaluations = 0;
        let mut solver = match (self.adaptive.take(), last.step_size) {
            (Some(solver), _) => solver,
            (None, Some(size)) => Dopri5::resume(last.t, end, self.x.clone(), size, tolerance),
            (None, None) => {
                evaluations += Dopri5::<S>::START_EVALUATIONS;
                Dopri5::start(engine, last.t, end, self.x.clone(), tolerance).await?
            }
        };
        let Some(accepted) = solver.step(engine).await? else {
            return Ok(None);
        };
        let step = Step {
            state: solver.state().clone(),
            t: accepted.to,
            waypoint: heading,
            next_size: (!solver.is_finished()).then(|| solver.step_size()),
            evaluations: evaluations + accepted.evaluations,
            rejected: accepted.rejected,
        };
        if step.next_size.is_some() {
            self.adaptive = Some(solver);
        }
        Ok(Some(step))
    }
}

/// Times of waypoint `from` and of the one after it.
fn stretch(walk: &PreparedWalk, from: usize) -> Option<(f64, f64)> {
    let waypoints = walk.waypoints();
    Some((*waypoints.get(from)?, *waypoints.get(from + 1)?))
}

impl<E> From<AdaptiveError<E>> for StepError<E> {
    fn from(error: AdaptiveError<E>) -> Self {
        match error {
            AdaptiveError::Field(error) => Self::Engine(error),
            AdaptiveError::NotFinite { t, .. } => Self::NotFinite { t },
            AdaptiveError::TooManyRejected { t, rejected } => Self::TooManyRejected { t, rejected },
        }
    }
}
