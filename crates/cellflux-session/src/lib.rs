#![doc = include_str!("../README.md")]
//!
//! The way of a visit:
//!
//! 1. A [`Recipe`] says everything that decides a picture; [`link`] writes it as the hash of a page's address
//!    and reads it back.
//! 2. A [`PreparedWalk`] is the recipe filled in from a bundle: start image, condition vector, times. The
//!    vector of a compound that a visitor has typed is given from outside.
//! 3. An [`Exploration`] computes the walk on an engine, one solver step per call, and keeps every step it
//!    reached as plain numbers.
//! 4. [`export`] writes what was reached as files; [`figure_content`] says what a printed figure of it shows.
//!
//! [`comparison`] says how far a network is from another, or from a file of expected outputs.
//!
//! An engine is anything that evaluates a velocity (`cellflux_flow::field::Engine`).

pub mod comparison;
pub mod error;
pub mod exploration;
pub mod export;
pub mod figure_content;
pub mod figure_map;
pub mod figure_words;
pub mod frame;
pub mod link;
pub mod picture_text;
pub mod prepared_walk;
pub mod recipe;
pub mod start_image;
pub mod step_error;
pub mod timing;
pub mod velocity;
mod walker;

#[cfg(test)]
mod test_engine;
#[cfg(test)]
mod test_model;

pub use error::SessionError;
pub use exploration::{Change, Exploration, Pacing};
pub use frame::Frame;
pub use prepared_walk::PreparedWalk;
pub use recipe::{ChangeMap, ChannelView, Direction, Recipe, Start, Treatment, View};
pub use step_error::StepError;
pub use timing::Timing;
