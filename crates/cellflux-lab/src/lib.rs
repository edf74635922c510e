#![doc = include_str!("../README.md")]
//!
//! | question | module |
//! |---|---|
//! | what is a lab made of, as links and lessons hold it | [`settings`] |
//! | which distributions are there, and which points are theirs | [`distribution`], [`pasted`] |
//! | which source is paired with which target | [`coupling`], [`pairs`] |
//! | at which times is a flow learnt | [`times`] |
//! | what does the network look like, and how does it learn | [`network`], [`learning`], [`loss_curve`] |
//! | what is the velocity at a point | [`plane_field`]: [`learnt`], [`exact`] in closed form, [`guided`] |
//! | which loss cannot be undercut | [`least_loss`] |
//! | what of all this is looked at | [`view`] |
//! | where do particles go, how straight, how exactly | [`walk`] |
//! | how likely is a point | [`likelihood`] |
//! | how far are generated points from real ones | [`comparison`] |
//! | what is drawn | [`grid`] |

pub mod comparison;
pub mod coupling;
pub mod distribution;
mod draws;
pub mod error;
pub mod exact;
mod examples;
pub mod grid;
pub mod guided;
pub mod learning;
pub mod learnt;
pub mod least_loss;
pub mod likelihood;
pub mod loss_curve;
pub mod network;
pub mod pairs;
pub mod pasted;
pub mod plane;
pub mod plane_field;
pub mod quantity;
pub mod settings;
pub mod times;
pub mod view;
pub mod walk;

pub use distribution::Distribution;
pub use error::LabError;
pub use exact::ExactField;
pub use learning::Learning;
pub use plane::Point;
pub use plane_field::PlaneField;
pub use quantity::Quantity;
pub use settings::Settings;
pub use view::View;
pub use walk::Walk;
