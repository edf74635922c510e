#![doc = include_str!("../README.md")]
//!
//! cosmolkit's parts are taken directly instead of its facade, which would also build file readers, writers
//! and force fields.

mod error;
mod layout;
mod limits;
mod molecule;
mod morgan;
mod similarity;
mod structure_svg;

pub use error::ChemError;
pub use limits::{MAX_FUSED_RINGS, MAX_RINGS, MAX_WILDCARDS};
pub use molecule::{MAX_SMILES_LENGTH, Molecule};
pub use morgan::{MAX_BITS, MAX_RADIUS, MorganCounts, MorganSettings};
pub use similarity::{Neighbour, nearest, tanimoto};
