//! One exploration without a page: recipe and link, the steps reached, what a change restarts, recovery.
//!
//! The way of a visit:
//!
//! 1. A [`Recipe`] says everything that decides a picture; [`link`] writes it as the hash of a page's address
//!    and reads it back.
//! 2. An [`Experiment`] is the recipe made concrete with a bundle: start image, condition vector, times.
//! 3. An [`Exploration`] walks the experiment on an engine ([`AnyEngine`]), one solver step a call, and keeps every
//!    step it reached as plain numbers.
//! 4. [`export`] writes what was reached as files.
//!
//! There is no page, clock, thread or file system in here: the worker of a page and `cellflux run` drive the
//! same code.

pub mod engine;
pub mod error;
pub mod experiment;
pub mod exploration;
pub mod export;
pub mod frame;
pub mod link;
pub mod recipe;
pub mod start_image;
pub mod timing;
pub mod verify;
mod walker;

#[cfg(test)]
mod test_engine;
#[cfg(test)]
mod test_model;

pub use engine::{AnyEngine, EngineError, EngineReport, Failure};
pub use error::SessionError;
pub use experiment::Experiment;
pub use exploration::{Change, Exploration, Pacing, StepError};
pub use frame::Frame;
pub use recipe::{Direction, Recipe, Start, View};
pub use timing::Timing;
