//! Morgan counts: how often each circular atom environment occurs, hashed to a fixed length.

use std::collections::BTreeMap;
use std::fmt;

use cosmolkit_fingerprints::{
    MorganAtomInvariants, MorganCall, MorganGeneratorParams, MorganPreparedInput, morgan_count,
};
use serde::{Deserialize, Serialize};

use crate::limits::{MAX_BITS, MAX_RADIUS};
use crate::{ChemError, Molecule};

/// Which Morgan counts: the chemical condition of `CellFlux` (and of IMPA before it) is radius 2 in 1024
/// positions, counts rather than bits, not normalised, chirality ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MorganSettings {
    /// Environments reach this many bonds from their central atom, 0 to [`MAX_RADIUS`].
    pub radius: u32,
    /// Positions that environments are hashed to, 1 to [`MAX_BITS`].
    pub bits: u32,
}

impl Default for MorganSettings {
    fn default() -> Self {
        Self {
            radius: 2,
            bits: 1024,
        }
    }
}

/// The largest count that is exact as f32. A molecule has far fewer environments.
const MOST: f32 = 16_777_216.0;

/// Morgan counts of one molecule: position to number of environments, zeros left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MorganCounts {
    bits: u32,
    counts: BTreeMap<u32, u32>,
}

impl MorganCounts {
    /// Counts from a condition vector `[bits]`, as [`Self::to_dense`] writes it.
    ///
    /// # Errors
    /// [`ChemError::Bits`] for a length that no fingerprint has, [`ChemError::Count`] for a number that is
    /// not a count.
    pub fn from_dense(vector: &[f32]) -> Result<Self, ChemError> {
        let bits = u32::try_from(vector.len()).unwrap_or(u32::MAX);
        if !(1..=MAX_BITS).contains(&bits) {
            return Err(ChemError::Bits { found: bits });
        }
        let mut counts = BTreeMap::new();
        for (position, &number) in (0..).zip(vector) {
            if !(0.0..=MOST).contains(&number) || number.fract() > 0.0 {
                return Err(ChemError::Count {
                    position: position as usize + 1,
                    found: number.to_string(),
                });
            }
            if number > 0.0 {
                counts.insert(position, number as u32);
            }
        }
        Ok(Self { bits, counts })
    }

    /// Length of the dense vector.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Positions that occur, ascending, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.counts.iter().map(|(&position, &count)| (position, count))
    }

    /// How often environments hashed to this position occur.
    pub fn count(&self, position: u32) -> u32 {
        self.counts.get(&position).copied().unwrap_or_default()
    }

    /// All positions, zeros included: the condition vector, `[bits]`.
    pub fn to_dense(&self) -> Vec<f32> {
        (0..self.bits)
            .map(|position| self.count(position) as f32)
            .collect()
    }
}

/// `position:count` pairs, ascending, separated by spaces.
impl fmt::Display for MorganCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (position, count)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(f, "{separator}{position}:{count}")?;
        }
        Ok(())
    }
}

impl Molecule {
    /// The molecule's Morgan counts, equal to `RDKit`'s `GetMorganGenerator(radius,
    /// fpSize=bits).GetCountFingerprint`.
    ///
    /// # Errors
    /// [`ChemError::Radius`] and [`ChemError::Bits`] when a setting is out of range, [`ChemError::Chemistry`]
    /// when an atom has no invariant.
    pub fn morgan_counts(&self, settings: MorganSettings) -> Result<MorganCounts, ChemError> {
        let MorganSettings { radius, bits } = settings;
        if radius > MAX_RADIUS {
            return Err(ChemError::Radius { found: radius });
        }
        if !(1..=MAX_BITS).contains(&bits) {
            return Err(ChemError::Bits { found: bits });
        }
        let fingerprint = morgan_count(
            &MorganPreparedInput {
                topology: &self.topology,
                coordinates: &self.coordinates,
                properties: &self.properties,
                valence: &self.valence,
                rings: Some(&self.rings),
            },
            &MorganGeneratorParams {
                radius,
                fp_size: bits,
                ..MorganGeneratorParams::default()
            },
            &MorganCall::default(),
            MorganAtomInvariants::Connectivity,
            None,
        )
        .map_err(|error| ChemError::Chemistry {
            smiles: self.smiles.clone(),
            reason: error.to_string(),
        })?;
        let counts = fingerprint
            .nonzero_elements()
            .iter()
            .map(|(&position, &count)| (position, count.unsigned_abs()))
            .collect();
        Ok(MorganCounts { bits, counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(smiles: &str, settings: MorganSettings) -> MorganCounts {
        Molecule::from_smiles(smiles)
            .unwrap()
            .morgan_counts(settings)
            .unwrap()
    }

    #[test]
    fn radius_zero_counts_atoms() {
        let propane = counts(
            "CCC",
            MorganSettings {
                radius: 0,
                bits: 1024,
            },
        );
        // Two CH3 and one CH2.
        let mut occurring: Vec<u32> = propane.iter().map(|(_, count)| count).collect();
        occurring.sort_unstable();
        assert_eq!(occurring, [1, 2]);
    }

    #[test]
    fn fewer_positions_keep_the_number_of_environments() {
        let taxane_side_chain = "O=C(N[C@@H](c1ccccc1)[C@@H](O)C(O)=O)c1ccccc1";
        let total = |bits| -> u32 {
            counts(taxane_side_chain, MorganSettings { radius: 2, bits })
                .iter()
                .map(|(_, count)| count)
                .sum()
        };
        assert_eq!(total(1024), total(2048));
        assert_eq!(total(1024), total(7));
    }

    #[test]
    fn the_dense_vector_holds_the_sparse_counts() {
        let ethanol = counts("CCO", MorganSettings::default());
        let dense = ethanol.to_dense();
        assert_eq!(dense.len(), 1024);
        for (position, count) in ethanol.iter() {
            assert!((dense[position as usize] - count as f32).abs() < f32::EPSILON);
        }
        let total: f32 = dense.iter().sum();
        assert_eq!(total as u32, ethanol.iter().map(|(_, count)| count).sum::<u32>());
    }

    #[test]
    fn a_dense_vector_gives_its_counts_back_and_only_counts_are_taken() {
        let ethanol = counts("CCO", MorganSettings::default());
        assert_eq!(MorganCounts::from_dense(&ethanol.to_dense()).unwrap(), ethanol);
        for wrong in [-1.0, 0.5, f32::NAN, f32::INFINITY, 3e9] {
            let refused = MorganCounts::from_dense(&[1.0, wrong]).unwrap_err();
            assert!(
                matches!(refused, ChemError::Count { position: 2, .. }),
                "{refused}"
            );
        }
        assert_eq!(
            MorganCounts::from_dense(&[]).unwrap_err(),
            ChemError::Bits { found: 0 }
        );
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let methane = Molecule::from_smiles("C").unwrap();
        let refused = |radius, bits| {
            methane
                .morgan_counts(MorganSettings { radius, bits })
                .unwrap_err()
        };
        assert_eq!(refused(9, 1024), ChemError::Radius { found: 9 });
        assert_eq!(refused(2, 0), ChemError::Bits { found: 0 });
        assert_eq!(refused(2, u32::MAX), ChemError::Bits { found: u32::MAX });
    }
}
