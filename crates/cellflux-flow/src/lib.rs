//! What a flow is: probability path, time grids, ODE solvers, guidance and source noise.

pub mod field;
pub mod guidance;
