//! A synthetic experiment: cells drawn by `cellflux-image`'s procedure, compounds with known effects that
//! grow with the dose, plates with known stain gains, backgrounds and densities. Its right answer is known,
//! and a seed makes it at any size.
//!
//! The design is balanced: within each batch every n-th image is a control, the others go through all pairs
//! of compound and dose in turn, and every n-th repeat of a pair is validation.

mod config;
mod design;
mod experiment;
mod files;

pub use config::{SyntheticCompound, SyntheticConfig, panel};
pub use design::{Design, Truth};
pub(crate) use experiment::experiment;
pub use files::write_synthetic;

/// The licence of what is drawn.
pub const LICENCE: &str = "CC0-1.0";

/// The name of the untreated condition.
pub(crate) const CONTROL: &str = "untreated";

/// A synthetic image's path in the folder layout.
pub(crate) fn image_path(index: usize) -> String {
    format!("images/{:03}/{index:06}.png", index / 1000)
}

/// A plate's name, counted from 1.
pub(crate) fn plate_name(plate: usize) -> String {
    format!("plate {}", plate + 1)
}
