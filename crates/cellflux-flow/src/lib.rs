#![doc = include_str!("../README.md")]

pub mod distance;
pub mod dopri5;
pub mod error;
pub mod field;
pub mod guidance;
pub mod halves;
mod integrate;
pub mod noise;
pub mod ode;
pub mod path;
pub mod random;
pub mod solver;
pub mod time_embedding;
pub mod time_grid;

#[cfg(test)]
mod test_fields;

pub use error::FlowError;
pub use integrate::integrate;
