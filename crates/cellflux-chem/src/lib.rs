//! Compounds: SMILES to Morgan counts (the condition vector of a chemical perturbation), the nearest
//! training compounds, and 2-d structures as SVG.
//!
//! Chemistry itself (SMILES, aromaticity, hashing, 2-d layout) is cosmolkit's, which follows `RDKit`; this
//! crate takes its parts directly instead of its facade, which would also build file readers, writers and
//! force fields.
//!
//! ```
//! use cellflux_chem::{Molecule, MorganSettings};
//!
//! let dmso = Molecule::from_smiles("CS(=O)C")?;
//! let counts = dmso.morgan_counts(MorganSettings::default())?;
//! assert_eq!(counts.to_string(), "33:2 241:1 427:1 552:1 589:2 650:1");
//! assert_eq!(counts.to_dense().len(), 1024);
//! # Ok::<(), cellflux_chem::ChemError>(())
//! ```

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
