//! What can be wrong with a compound.

use crate::limits::{MAX_BITS, MAX_FUSED_RINGS, MAX_RADIUS, MAX_RINGS, MAX_SMILES_LENGTH, MAX_WILDCARDS};

/// Why a compound cannot be read, described by a fingerprint, or drawn.
///
/// Positions count characters from 1, as an editor's column does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChemError {
    /// No text at all.
    #[error("SMILES is empty, expected at least one atom")]
    Empty,
    /// Longer than any small molecule; parsing time grows fast with length.
    #[error("SMILES `{start}...` has {length} characters, expected at most {MAX_SMILES_LENGTH}")]
    TooLong {
        /// The first characters.
        start: String,
        /// Number of characters.
        length: usize,
    },
    /// A character that SMILES does not know.
    #[error("SMILES `{smiles}`: {found:?} at character {position} is not part of SMILES")]
    Character {
        /// The whole text.
        smiles: String,
        /// The character.
        found: char,
        /// Where it stands.
        position: usize,
    },
    /// Characters of SMILES in an order that SMILES does not know.
    #[error("SMILES `{smiles}`: {reason} at character {position}")]
    Syntax {
        /// The whole text.
        smiles: String,
        /// What is wrong.
        reason: String,
        /// Where.
        position: usize,
    },
    /// An impossible molecule: an open ring, a wrong valence, rings without an alternating bond pattern.
    #[error("SMILES `{smiles}`: {reason}")]
    Chemistry {
        /// The whole text.
        smiles: String,
        /// What is wrong.
        reason: String,
    },
    /// More wildcard atoms in aromatic ring systems than the search for alternating bonds has time for.
    #[error(
        "SMILES `{smiles}` has {found} wildcard atoms in aromatic ring systems, expected at most \
         {MAX_WILDCARDS}: write the atoms that are meant, from the wildcard at character {position} on"
    )]
    Wildcards {
        /// The whole text.
        smiles: String,
        /// How many.
        found: usize,
        /// Where the first one too many stands.
        position: usize,
    },
    /// More rings than there is time to list: where a large ring can be closed in many ways of equal length.
    #[error(
        "SMILES `{smiles}` has {found} rings or more that are not sums of smaller rings, expected at most \
         {MAX_RINGS}: write a smaller part of the molecule"
    )]
    Rings {
        /// The whole text.
        smiles: String,
        /// How many at least.
        found: usize,
    },
    /// A fused system of more rings than the search for aromatic ones has time for.
    #[error(
        "SMILES `{smiles}` has a fused system of {found} rings, expected at most {MAX_FUSED_RINGS}: write a \
         smaller part of the molecule"
    )]
    FusedRings {
        /// The whole text.
        smiles: String,
        /// How many rings.
        found: usize,
    },
    /// Several molecules, where one is asked for.
    #[error(
        "SMILES `{smiles}` is a mixture of {parts} molecules, expected one: write the one that is meant, \
         without its counter-ions"
    )]
    Mixture {
        /// The whole text.
        smiles: String,
        /// How many.
        parts: usize,
    },
    /// An atom that is not named, where all must be.
    #[error(
        "SMILES `{smiles}`: the atom at character {position} is a wildcard, expected every atom by its name"
    )]
    Unnamed {
        /// The whole text.
        smiles: String,
        /// Where it stands.
        position: usize,
    },
    /// A number that counts nothing.
    #[error("number {position} of a fingerprint is {found}, expected a count: a whole number from 0")]
    Count {
        /// Which one, from 1.
        position: usize,
        /// The number.
        found: String,
    },
    /// A file that holds no structure.
    #[error("{place}: {reason}")]
    File {
        /// The file and the line, from 1. One text, so that the error stays small.
        place: String,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// A molecule that the layout cannot place on paper.
    #[error("SMILES `{smiles}` cannot be drawn: {reason}")]
    Drawing {
        /// The whole text.
        smiles: String,
        /// What is wrong.
        reason: String,
    },
    /// A fingerprint radius that no table uses.
    #[error("Morgan radius is {found}, expected 0 to {MAX_RADIUS}")]
    Radius {
        /// The radius asked for.
        found: u32,
    },
    /// A fingerprint length that no table uses.
    #[error("Morgan bits are {found}, expected 1 to {MAX_BITS}")]
    Bits {
        /// The length asked for.
        found: u32,
    },
    /// Two fingerprints of different lengths have no similarity.
    #[error("a fingerprint of {right} bits cannot be compared with one of {left}")]
    Width {
        /// Length of the first.
        left: u32,
        /// Length of the second.
        right: u32,
    },
}
