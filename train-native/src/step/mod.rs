//! One training step: what is drawn, the point on the path, the loss, the gradient, the optimiser.
//!
//! ```text
//! bytes ─ augment ─▶ x0, x1 ─ noise ─▶ x_t ─ network ─▶ v ─ mean (v - (x1 - x0))^2 ─▶ gradient
//!            ▲                  ▲                 ▲                                      │
//!            └────── draws ─────┴─────────────────┘            weights, average ◀─ optimiser
//!                    a pure function of (seed, step, sample)
//! ```
//!
//! A step takes micro-batches and gives a flat gradient `[P]`; it does not know how many processes there are:
//! gradients of several ([`crate::ranks`]) are averaged between [`gradient`] and [`Optimiser::step`].

mod augment;
mod batch;
mod draws;
mod initialise;
mod loss;
mod loss_scale;
mod optimiser;
mod parameters;
mod rate;
#[cfg(test)]
mod tests;
mod times;

pub use augment::{View, to_model_range};
pub use batch::FlowBatch;
pub use cellflux_fused::adamw::FlatState;
pub(crate) use draws::normal;
pub use draws::{Draws, Part, Sample};
pub use initialise::initial_weights;
pub(crate) use loss::point_and_target;
pub(crate) use loss::squares;
pub use loss::{Losses, Velocity, gradient, losses};
pub use loss_scale::LossScale;
pub use optimiser::{Optimiser, ema_decay};
pub(crate) use parameters::layout;
pub use parameters::{Parameters, named_parameters, parameter_count};
pub use rate::learning_rate;
