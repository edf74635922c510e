//! What a flow is: probability path, time grids, ODE solvers, guidance and source noise.
//!
//! No GPU, no framework, no input or output: a solver steps any [`field::Field`], and everything that must
//! be the same number on every platform (grids, embeddings, noise) is computed here in f64 with `libm`.

pub mod distance;
pub mod dopri5;
pub mod error;
pub mod field;
pub mod guidance;
mod integrate;
pub mod noise;
pub mod ode;
pub mod path;
pub mod solver;
pub mod time_embedding;
pub mod time_grid;

#[cfg(test)]
mod test_fields;

pub use error::FlowError;
pub use integrate::integrate;
