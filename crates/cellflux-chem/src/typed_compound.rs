//! A compound that somebody types: one molecule whose atoms are all named, that a network can be asked about.

use cosmolkit_model::TopologyBlock;

use crate::search_effort::wildcard_positions;
use crate::{ChemError, Molecule, MorganCounts, MorganSettings};

/// One molecule and its Morgan counts.
///
/// [`Molecule`] takes all that SMILES can say. A picture of a compound is of one molecule: a mixture's counts
/// are sums, which no network here has learned from, and a wildcard has no chemistry.
#[derive(Clone, Debug)]
pub struct TypedCompound {
    molecule: Molecule,
    counts: MorganCounts,
}

impl TypedCompound {
    /// Reads a SMILES text; white space around it is left out.
    ///
    /// # Errors
    /// [`ChemError`], for a mixture or a wildcard too.
    pub fn read(text: &str, settings: MorganSettings) -> Result<Self, ChemError> {
        let smiles = text.trim();
        let molecule = Molecule::from_smiles(smiles)?;
        let topology = &molecule.topology;
        if topology.atoms.iter().any(|atom| atom.atomic_number() == 0) {
            return Err(ChemError::Unnamed {
                smiles: smiles.to_owned(),
                position: wildcard_positions(smiles).next().unwrap_or(1),
            });
        }
        let parts = parts(topology);
        if parts > 1 {
            return Err(ChemError::Mixture {
                smiles: smiles.to_owned(),
                parts,
            });
        }
        let counts = molecule.morgan_counts(settings)?;
        Ok(Self { molecule, counts })
    }

    /// The text, without white space around it.
    pub fn smiles(&self) -> &str {
        self.molecule.smiles()
    }

    /// The molecule.
    pub fn molecule(&self) -> &Molecule {
        &self.molecule
    }

    /// Its Morgan counts.
    pub fn counts(&self) -> &MorganCounts {
        &self.counts
    }
}

/// Number of molecules: groups of atoms without a bond between them. A dot in the text does not decide it,
/// since ring numbers may join what a dot separates.
fn parts(topology: &TopologyBlock) -> usize {
    let mut group: Vec<usize> = (0..topology.atoms.len()).collect();
    let mut parts = group.len();
    for bond in &topology.bonds {
        let of = |atom: usize| group.get(atom).copied();
        let (Some(kept), Some(joined)) = (of(bond.begin().index()), of(bond.end().index())) else {
            continue;
        };
        if kept == joined {
            continue;
        }
        parts -= 1;
        for each in &mut group {
            if *each == joined {
                *each = kept;
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TypedCompound, ChemError> {
        TypedCompound::read(text, MorganSettings::default())
    }

    #[test]
    fn a_compound_has_the_counts_of_its_molecule() {
        let aspirin = read(" CC(=O)Oc1ccccc1C(=O)O\n").unwrap();
        assert_eq!(aspirin.smiles(), "CC(=O)Oc1ccccc1C(=O)O");
        let molecule = Molecule::from_smiles(aspirin.smiles()).unwrap();
        assert_eq!(
            *aspirin.counts(),
            molecule.morgan_counts(MorganSettings::default()).unwrap()
        );
        // Two parts in the text, one molecule: the ring number joins them.
        assert_eq!(
            read("C1CC.C1C").unwrap().counts(),
            read("CCCCC").unwrap().counts()
        );
    }

    #[test]
    fn whatever_is_no_single_named_molecule_is_refused_in_one_sentence() {
        for (text, expected) in [
            ("", "SMILES is empty, expected at least one atom"),
            ("  \t ", "SMILES is empty"),
            ("CC O", "' ' at character 3 is not part of SMILES"),
            ("taxol", "is not"),
            ("CC(=O", "at character"),
            ("C1CC", "ring 1 is opened and never closed"),
            ("C(C)(C)(C)(C)C", "is greater than permitted"),
            ("c1cccc1", "no pattern of alternating single and double bonds"),
            ("CC(=O)[O-].[Na+]", "is a mixture of 2 molecules, expected one"),
            ("O.O.O", "is a mixture of 3 molecules"),
            ("CC*", "the atom at character 3 is a wildcard"),
            ("C[#0]C", "the atom at character 3 is a wildcard"),
            (&"C".repeat(1001), "has 1001 characters, expected at most 1000"),
            (&"*".repeat(1000), "is a wildcard"),
            ("🧪", "is not part of SMILES"),
            (&format!("C%99{}C%99", "C1CCC(CC1)".repeat(20)), "rings"),
        ] {
            let sentence = read(text).unwrap_err().to_string();
            assert!(sentence.contains(expected), "{text}: {sentence}");
            assert!(!sentence.contains('\n'), "{text}: {sentence}");
        }
    }

    #[test]
    fn many_atoms_without_bonds_are_counted_in_time() {
        let many = vec!["C"; 500].join(".");
        assert!(matches!(read(&many), Err(ChemError::Mixture { parts: 500, .. })));
    }
}
