//! Which training compounds a compound is most like.

use crate::{ChemError, MorganCounts};

/// A compound of a list, with its similarity to the one asked about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Place in the list.
    pub index: usize,
    /// Tanimoto similarity, 0 (nothing in common) to 1 (equal counts).
    pub similarity: f64,
}

/// Tanimoto similarity of counts: shared environments over all environments, `sum min(a, b) / sum max(a, b)`.
///
/// This is the Tanimoto coefficient of D. Bajusz, A. Rácz and K. Héberger, Why is Tanimoto index an
/// appropriate choice for fingerprint-based similarity calculations?, Journal of Cheminformatics 7, 20
/// (2015), for counts in place of bits: what two counts share is the smaller one. `RDKit` computes
/// the same (`DataStructs.TanimotoSimilarity` of two count fingerprints). Two molecules without environments
/// are equal, hence 1.
///
/// # Errors
/// [`ChemError::Width`] when the fingerprints have different lengths.
pub fn tanimoto(left: &MorganCounts, right: &MorganCounts) -> Result<f64, ChemError> {
    if left.bits() != right.bits() {
        return Err(ChemError::Width {
            left: left.bits(),
            right: right.bits(),
        });
    }
    let total = |counts: &MorganCounts| counts.iter().map(|(_, count)| u64::from(count)).sum::<u64>();
    let shared: u64 = left
        .iter()
        .map(|(position, count)| u64::from(count.min(right.count(position))))
        .sum();
    let all = total(left) + total(right) - shared;
    Ok(if all == 0 { 1.0 } else { shared as f64 / all as f64 })
}

/// The `limit` compounds of `training` most like `compound`, most similar first; ties keep the list's order.
///
/// # Errors
/// [`ChemError::Width`] when a fingerprint has another length than the compound's.
pub fn nearest(
    compound: &MorganCounts,
    training: &[MorganCounts],
    limit: usize,
) -> Result<Vec<Neighbour>, ChemError> {
    let mut neighbours = training
        .iter()
        .enumerate()
        .map(|(index, other)| {
            let similarity = tanimoto(compound, other)?;
            Ok(Neighbour { index, similarity })
        })
        .collect::<Result<Vec<_>, ChemError>>()?;
    neighbours.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    neighbours.truncate(limit);
    Ok(neighbours)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Molecule, MorganSettings};

    fn counts(smiles: &str) -> MorganCounts {
        counts_of_width(smiles, 1024)
    }

    fn counts_of_width(smiles: &str, bits: u32) -> MorganCounts {
        Molecule::from_smiles(smiles)
            .unwrap()
            .morgan_counts(MorganSettings { radius: 2, bits })
            .unwrap()
    }

    #[test]
    fn a_statin_is_nearest_to_the_other_statin() {
        let simvastatin = "CCC(C)(C)C(=O)OC1CC(C)C=C2C=CC(C)C(CCC3CC(O)CC(=O)O3)C12";
        let lovastatin = "CCC(C)C(=O)OC1CC(C)C=C2C=CC(C)C(CCC3CC(O)CC(=O)O3)C12";
        let training = [
            counts("CS(=O)C"),
            counts(lovastatin),
            counts("OC(=O)CCCc1ccc(cc1)N(CCCl)CCCl"),
        ];
        let neighbours = nearest(&counts(simvastatin), &training, 2).unwrap();
        assert_eq!(neighbours.len(), 2);
        assert_eq!(neighbours[0].index, 1);
        assert!(neighbours[0].similarity > 0.7, "{neighbours:?}");
        assert!(neighbours[1].similarity < 0.3, "{neighbours:?}");
    }

    #[test]
    fn similarity_is_the_smaller_counts_over_the_larger_ones() {
        let of = |left: [f32; 4], right: [f32; 4]| {
            let [left, right] = [left, right].map(|dense| MorganCounts::from_dense(&dense).unwrap());
            tanimoto(&left, &right).unwrap()
        };
        // (1 + 2 + 0 + 0) / (3 + 2 + 4 + 0)
        assert!((of([3.0, 2.0, 0.0, 0.0], [1.0, 2.0, 4.0, 0.0]) - 3.0 / 9.0).abs() < 1e-15);
        assert!((of([2.0, 0.0, 0.0, 0.0], [4.0, 0.0, 0.0, 0.0]) - 0.5).abs() < 1e-15);
        assert!(of([1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]).abs() < 1e-15);
        assert!((of([0.0; 4], [0.0; 4]) - 1.0).abs() < 1e-15);
        // Ethanol and 1-propanol by hand, radius 0: CH3, CH2, OH against CH3, two CH2, OH.
        let atoms = |smiles: &str| {
            let settings = MorganSettings {
                radius: 0,
                bits: 1024,
            };
            Molecule::from_smiles(smiles)
                .unwrap()
                .morgan_counts(settings)
                .unwrap()
        };
        assert!((tanimoto(&atoms("CCO"), &atoms("CCCO")).unwrap() - 0.75).abs() < 1e-15);
    }

    #[test]
    fn fingerprints_of_different_lengths_are_not_compared() {
        let refused = tanimoto(&counts("CCO"), &counts_of_width("CCO", 512));
        assert_eq!(
            refused.unwrap_err(),
            ChemError::Width {
                left: 1024,
                right: 512
            }
        );
    }

    proptest! {
        #[test]
        fn similarity_is_symmetric_within_zero_and_one_and_one_for_equals(
            a in 1..12_usize,
            b in 1..12_usize,
        ) {
            let (a, b) = (counts(&format!("{}O", "C".repeat(a))), counts(&"N".repeat(b)));
            let similarity = tanimoto(&a, &b).unwrap();
            prop_assert!((0.0..=1.0).contains(&similarity));
            prop_assert!((similarity - tanimoto(&b, &a).unwrap()).abs() < f64::EPSILON);
            prop_assert!((tanimoto(&a, &a).unwrap() - 1.0).abs() < f64::EPSILON);
        }
    }
}
