//! One exploration: the steps reached so far, one more per call, and which of them stay when the recipe
//! changes.
//!
//! Every finished step is read back, so going back, scrubbing, exporting and measuring are look-ups in
//! [`frames`], and a lost engine costs only the step it was on.
//!
//! [`frames`]: Exploration::frames

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use cellflux_bundle::quantise::WeightDtype;
use cellflux_flow::field::Engine;

use crate::frame::Frame;
use crate::prepared_walk::{Method, PreparedWalk};
use crate::recipe::ADAPTIVE_STEPS;
use crate::step_error::StepError;
use crate::walker::Walker;

/// A trajectory in the making, on an engine that may come and go.
pub struct Exploration<E: Engine> {
    walk: PreparedWalk,
    /// Never empty: the start is the first.
    frames: Vec<Frame>,
    engine: Option<E>,
    /// The quick weights that the engine has, where they are not the bundle's own.
    quick: Option<WeightDtype>,
    walker: Option<Walker<E::State>>,
}

/// How much of a trajectory stays when the recipe changes. Engine and weights are kept in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Everything: no number of any frame changes, reached or to come.
    Nothing,
    /// Every number; only the view changes.
    Display,
    /// The first `kept` frames; 1 is the start alone, 0 is another start. The steps after them are to be
    /// computed.
    Trajectory {
        /// Number of frames that remain, the start included.
        kept: usize,
    },
}

/// Whether the walk goes on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pacing {
    /// One step, and nothing after it until the next call.
    Single,
    /// The step after is enqueued behind the read-back of this one, so that the device works while the caller
    /// waits for and shows this one. For playing. With an adaptive solver, and on an engine that has the
    /// values at once (a CPU), it is as [`Pacing::Single`].
    Continuous,
}

impl<E: Engine> Exploration<E> {
    /// Starts at the walk's start image, without an engine.
    pub fn new(walk: PreparedWalk) -> Self {
        Self {
            frames: vec![start_frame(&walk)],
            walk,
            engine: None,
            quick: None,
            walker: None,
        }
    }

    /// The walk that is explored.
    pub fn walk(&self) -> &PreparedWalk {
        &self.walk
    }

    /// Every frame reached, the start first.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Whether the last waypoint is reached.
    pub fn is_finished(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|last| last.step_size.is_none() && last.waypoint + 1 >= self.walk.waypoints().len())
    }

    /// Guided velocities evaluated for the frames that are there.
    pub fn evaluations(&self) -> usize {
        self.frames.iter().map(|frame| frame.evaluations).sum()
    }

    /// The engine, while there is one.
    pub fn engine(&self) -> Option<&E> {
        self.engine.as_ref()
    }

    /// Puts an engine in place; the walk goes on with it from the last frame, with the same numbers as before
    /// if it is the same kind of engine. Returns the one it replaces.
    pub fn attach_engine(&mut self, engine: E) -> Option<E> {
        self.attach_engine_of(engine, None)
    }

    /// As [`Self::attach_engine`], with an engine whose weights are a bundle's quick ones: the frames that it
    /// computes say so, and those after them.
    pub fn attach_engine_of(&mut self, engine: E, quick: Option<WeightDtype>) -> Option<E> {
        self.walker = None;
        self.quick = quick;
        self.engine.replace(engine)
    }

    /// The quick weights that the engine has, or had; nothing where they are the bundle's own.
    pub fn quick(&self) -> Option<WeightDtype> {
        self.quick
    }

    /// Takes the engine out: a lost one to be dropped, or a good one to be used elsewhere. Every frame stays.
    pub fn detach_engine(&mut self) -> Option<E> {
        self.walker = None;
        self.engine.take()
    }

    /// Walks on to the end, one step at a time.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub async fn finish(&mut self) -> Result<(), StepError<E::Error>> {
        while self.advance(Pacing::Single).await?.is_some() {}
        Ok(())
    }

    /// Walks on by one solver step and reads it back; `None` when the walk is finished.
    ///
    /// If this future is dropped before it is done, only this step is lost.
    ///
    /// # Errors
    /// [`StepError`]; the frames reached before stay, and the next call tries again from the last of them.
    pub async fn advance(&mut self, pacing: Pacing) -> Result<Option<&Frame>, StepError<E::Error>> {
        if self.is_finished() {
            return Ok(None);
        }
        let Some(last) = self.frames.last() else {
            return Ok(None);
        };
        if matches!(self.walk.flow().method, Method::Adaptive(_)) && self.frames.len() > ADAPTIVE_STEPS {
            return Err(StepError::TooManySteps { t: last.t });
        }
        let engine = self.engine.as_mut().ok_or(StepError::NoEngine)?;
        // The walker is put back only when all went well, so that an error or a dropped future leaves no
        // half-done one.
        let mut walker = match self.walker.take() {
            Some(walker) => walker,
            None => Walker::at(engine, &self.walk, last).map_err(StepError::Engine)?,
        };
        let Some(step) = walker.step(engine, &self.walk, last).await? else {
            return Ok(None);
        };
        let mut reading = pin!(engine.read(&step.state));
        let mut ahead = Ok(());
        let values = match poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await {
            // An engine that has the values at once computes while it is called: a step ahead would only hold
            // this one up.
            Poll::Ready(values) => values,
            Poll::Pending => {
                if pacing == Pacing::Continuous {
                    ahead = walker.look_ahead(engine, &self.walk, step.waypoint);
                }
                reading.await
            }
        }
        .map_err(StepError::Engine)?;
        if !values.iter().all(|value| value.is_finite()) {
            return Err(StepError::NotFinite { t: last.t });
        }
        // If the step ahead fails, the next call meets that failure again and reports it; this step was
        // reached.
        self.walker = ahead.is_ok().then_some(walker);
        self.frames.push(Frame {
            t: step.t,
            evaluations: step.evaluations,
            rejected: step.rejected,
            waypoint: step.waypoint,
            step_size: step.next_size,
            quick: self.quick.or(last.quick),
            values,
        });
        Ok(self.frames.last())
    }

    /// Takes over the frame after the last one, which another exploration of the same walk has reached. The
    /// walk goes on from it with the same numbers as if it had been reached here. An exploration that has
    /// only its start may be put anywhere on the way like this; the frames between are not there then. After
    /// a frame under quick weights it says so too.
    ///
    /// # Errors
    /// [`StepError::ForeignFrame`] for one that does not lie ahead, or whose image has another size or holds
    /// a value that is not finite. Nothing has changed then.
    pub fn take_frame(&mut self, frame: Frame) -> Result<(), StepError<E::Error>> {
        let last = self.frames.last().map_or(0, |last| last.waypoint);
        let values = self.walk.start().len();
        let lies_ahead = frame.waypoint >= last && frame.waypoint < self.walk.waypoints().len();
        let is_image = frame.values.len() == values && frame.values.iter().all(|value| value.is_finite());
        if self.is_finished() || !lies_ahead || !is_image {
            return Err(StepError::ForeignFrame { t: frame.t, values });
        }
        // What the device has is of the frame before.
        self.walker = None;
        let quick = self.frames.last().and_then(|last| last.quick);
        self.frames.push(Frame {
            quick: frame.quick.or(quick),
            ..frame
        });
        Ok(())
    }

    /// Evaluates one velocity of the next step and waits for it, if the step needs more than this one. True
    /// until only the last one is missing, which [`Exploration::advance`] evaluates: a caller that checks
    /// between the calls whether the visitor has changed something can follow within one evaluation.
    ///
    /// An adaptive step is not taken to pieces: false.
    ///
    /// # Errors
    /// As [`Exploration::advance`].
    pub async fn evaluate(&mut self) -> Result<bool, StepError<E::Error>> {
        let Some(last) = self.frames.last().filter(|_| !self.is_finished()) else {
            return Ok(false);
        };
        let engine = self.engine.as_mut().ok_or(StepError::NoEngine)?;
        let mut walker = match self.walker.take() {
            Some(walker) => walker,
            None => Walker::at(engine, &self.walk, last).map_err(StepError::Engine)?,
        };
        let velocity = walker
            .evaluate(engine, &self.walk, last.waypoint)
            .map_err(StepError::Engine)?;
        if let Some(velocity) = &velocity {
            engine.settle(velocity).await.map_err(StepError::Engine)?;
            engine.read(velocity).await.map_err(StepError::Engine)?;
        }
        self.walker = Some(walker);
        Ok(velocity.is_some())
    }

    /// What the condition adds to the velocity at a frame: `v(x, t, c) - v(x, t, null)` `[C, H, W]`, in model
    /// range per unit of t; `None` for a step that is not reached. Guidance amplifies it: the walk follows
    /// `alpha v(x, t, c) + (1 - alpha) v(x, t, null)` (paper, section 3.3), which is
    /// `v(x, t, null) + alpha (v(x, t, c) - v(x, t, null))`. It is there for every alpha, also for the 1 of a
    /// walk that is not guided.
    ///
    /// A guided step evaluates both velocities and keeps only their sum, so this evaluates the network twice,
    /// which costs as much as one guided velocity. The walk goes on afterwards as if it had not been asked.
    ///
    /// # Errors
    /// As [`Exploration::advance`].
    pub async fn condition_effect(&mut self, step: usize) -> Result<Option<Vec<f32>>, StepError<E::Error>> {
        let Some(frame) = self.frames.get(step) else {
            return Ok(None);
        };
        let engine = self.engine.as_mut().ok_or(StepError::NoEngine)?;
        let times = [frame.t];
        let condition = self.walk.flow().condition.as_slice();
        let x = engine.upload(&frame.values).map_err(StepError::Engine)?;
        let with = engine
            .evaluate(&x, &times, &[Some(condition)])
            .map_err(StepError::Engine)?;
        let without = engine.evaluate(&x, &times, &[None]).map_err(StepError::Engine)?;
        let effect = engine
            .combine(&[(1.0, &with), (-1.0, &without)])
            .map_err(StepError::Engine)?;
        let values = engine.read(&effect).await.map_err(StepError::Engine)?;
        if values.iter().all(|value| value.is_finite()) {
            Ok(Some(values))
        } else {
            Err(StepError::NotFinite { t: frame.t })
        }
    }

    /// Changes to another walk and keeps every frame that is also one of its frames.
    pub fn apply(&mut self, walk: PreparedWalk) -> Change {
        let same_start =
            walk.start() == self.walk.start() && walk.waypoints().first() == self.walk.waypoints().first();
        let same_flow = walk.flow() == self.walk.flow();
        let same_way = walk.waypoints() == self.walk.waypoints();
        let same_view = walk.recipe().view == self.walk.recipe().view;
        if same_start && same_flow && same_way {
            self.walk = walk;
            return if same_view {
                Change::Nothing
            } else {
                Change::Display
            };
        }
        let kept = match (same_start, same_flow) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => self.frames_on_the_way_of(&walk),
        };
        self.walker = self
            .walker
            .take()
            .filter(|_| same_flow && kept == self.frames.len())
            .map(Walker::without_next_step);
        self.frames.truncate(kept);
        if self.frames.is_empty() {
            self.frames.push(start_frame(&walk));
        }
        self.walk = walk;
        Change::Trajectory { kept }
    }

    /// How many frames were walked towards waypoints that `other` has too.
    fn frames_on_the_way_of(&self, other: &PreparedWalk) -> usize {
        let common = self
            .walk
            .waypoints()
            .iter()
            .zip(other.waypoints())
            // Bits, since a time that is almost the same is another step.
            .take_while(|(a, b)| a.to_bits() == b.to_bits())
            .count();
        self.frames
            .iter()
            .take_while(|frame| frame.waypoint < common)
            .count()
    }
}

fn start_frame(walk: &PreparedWalk) -> Frame {
    Frame {
        t: walk.waypoints().first().copied().unwrap_or_default(),
        evaluations: 0,
        rejected: 0,
        waypoint: 0,
        step_size: None,
        quick: None,
        values: walk.start().to_vec(),
    }
}

#[cfg(test)]
#[path = "exploration_tests.rs"]
mod tests;
