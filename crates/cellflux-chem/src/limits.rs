//! Limits on what the chemistry is asked to do, as its errors state them.

/// Characters that a SMILES text may have. The longest of the 115,795 JUMP compounds has 810.
pub const MAX_SMILES_LENGTH: usize = 1000;

/// Wildcard atoms (`*`) in aromatic ring systems. Each of them may take a double bond or none, and a pattern
/// of alternating bonds is looked for with every choice: twice as many with each wildcard.
pub const MAX_WILDCARDS: usize = 8;

/// Rings that are not sums of smaller ones. All of them are listed, and where ways of equal length lead
/// around a large ring, as in cyclodextrins, their number doubles with every pair of ways: nine glucoses make
/// 521, and twelve would make 4108.
pub const MAX_RINGS: usize = 600;

/// Rings in one fused system, each with one bond in common with another. Aromaticity looks at every choice of
/// up to six of them: 3.8 million choices of 40 rings. Fullerene C70 has 37.
pub const MAX_FUSED_RINGS: usize = 40;

/// Largest radius of Morgan counts (bonds from the central atom).
pub const MAX_RADIUS: u32 = 8;

/// Largest length of a fingerprint.
pub const MAX_BITS: u32 = 1 << 16;
