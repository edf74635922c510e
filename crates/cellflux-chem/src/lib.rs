#![doc = include_str!("../README.md")]
//!
//! cosmolkit's parts are taken directly instead of its facade, which would also build file readers, writers
//! and force fields.

mod error;
mod layout;
mod limits;
mod molecule;
mod morgan;
mod search_effort;
mod similarity;
mod structure_file;
mod structure_svg;
mod typed_compound;

pub use error::ChemError;
pub use limits::{MAX_BITS, MAX_FUSED_RINGS, MAX_RADIUS, MAX_RINGS, MAX_SMILES_LENGTH, MAX_WILDCARDS};
pub use molecule::Molecule;
pub use morgan::{MorganCounts, MorganSettings};
pub use similarity::{Neighbour, nearest, tanimoto};
pub use structure_file::smiles_of_file;
pub use typed_compound::TypedCompound;
