//! Whether the chemistry's searches come to an end. Three of them take time that doubles, or worse, as some
//! number grows, and a short text can make that number large: so it is counted first, in a time that grows
//! with about the square of the text's length.

use std::collections::BTreeSet;

use cosmolkit_core::{RingFindingError, RingInfo, RingSearchParams, find_ring_families, symmetrized_sssr};
use cosmolkit_model::{Atom, TopologyBlock};

use crate::ChemError;
use crate::limits::{MAX_FUSED_RINGS, MAX_RINGS, MAX_WILDCARDS};

/// Rings with more atoms than this are in no fused system: aromaticity looks at each by itself.
const LARGEST_FUSED_RING: usize = 24;

/// This many independent rings make at most `2^5 - 1` rings, however they are combined: fewer than any limit
/// here.
const FEW_RINGS: usize = 5;

/// Refuses a molecule, as it was written, whose rings or wildcards would take too long.
pub(crate) fn check_written(smiles: &str, topology: &TopologyBlock) -> Result<(), ChemError> {
    // Dots separate molecules, but ring numbers may join them again: so this is the largest possible number.
    let most_parts = 1 + smiles.matches('.').count();
    let most_rings = (topology.bonds.len() + most_parts).saturating_sub(topology.atoms.len());
    let few_wildcards = wildcards(topology).count() <= MAX_WILDCARDS;
    if most_rings == 0 || (most_rings <= FEW_RINGS && few_wildcards) {
        return Ok(());
    }
    let unreadable = |error: RingFindingError| ChemError::Chemistry {
        smiles: smiles.to_owned(),
        reason: error.to_string(),
    };
    let params = RingSearchParams::default();
    let too_many = |found| ChemError::Rings {
        smiles: smiles.to_owned(),
        found,
    };
    // Counted without a list of them.
    let counted = find_ring_families(topology, &params).and_then(|families| families.num_relevant_cycles());
    match counted {
        Ok(found) if found > MAX_RINGS => return Err(too_many(found)),
        Ok(_) => {}
        Err(RingFindingError::RelevantCycleCountOutOfRange) => return Err(too_many(u32::MAX as usize)),
        Err(error) => return Err(unreadable(error)),
    }
    let rings = symmetrized_sssr(topology, &params).map_err(unreadable)?;
    let found = largest_fused_system(&rings);
    if found > MAX_FUSED_RINGS {
        return Err(ChemError::FusedRings {
            smiles: smiles.to_owned(),
            found,
        });
    }
    check_wildcards(smiles, topology, &rings)
}

/// Refuses a molecule with too many wildcards in aromatic ring systems, as `topology` sees aromaticity.
pub(crate) fn check_wildcards(
    smiles: &str,
    topology: &TopologyBlock,
    rings: &RingInfo,
) -> Result<(), ChemError> {
    if wildcards(topology).count() <= MAX_WILDCARDS {
        return Ok(());
    }
    let aromatic = atoms_of_aromatic_systems(topology, rings);
    let inside: Vec<usize> = wildcards(topology)
        .enumerate()
        .filter(|(_, atom)| aromatic.contains(atom))
        .map(|(number, _)| number)
        .collect();
    let Some(&first_too_many) = inside.get(MAX_WILDCARDS) else {
        return Ok(());
    };
    Err(ChemError::Wildcards {
        smiles: smiles.to_owned(),
        found: inside.len(),
        position: wildcard_positions(smiles).nth(first_too_many).unwrap_or(1),
    })
}

/// Places of the wildcards among the atoms, in the order of the text.
fn wildcards(topology: &TopologyBlock) -> impl Iterator<Item = usize> {
    let atoms = topology.atoms.iter().enumerate();
    atoms.filter_map(|(place, atom)| (atom.atomic_number() == 0).then_some(place))
}

/// Where the wildcards stand in the text, in characters from 1. A `*` stands for nothing else, and `[#0]` is
/// its other name.
pub(crate) fn wildcard_positions(smiles: &str) -> impl Iterator<Item = usize> {
    let characters: Vec<char> = smiles.chars().collect();
    (0..characters.len()).filter_map(move |index| {
        let from = |offset| characters.get(index + offset).copied();
        let other_name = from(0) == Some('#')
            && from(1) == Some('0')
            && !from(2).is_some_and(|next| next.is_ascii_digit())
            && characters
                .iter()
                .take(index)
                .rfind(|found| matches!(found, '[' | ']'))
                == Some(&'[');
        (from(0) == Some('*') || other_name).then_some(index + 1)
    })
}

/// All atoms of ring systems, rings that share a bond, in which an atom is aromatic.
fn atoms_of_aromatic_systems(topology: &TopologyBlock, rings: &RingInfo) -> BTreeSet<usize> {
    let bonds: Vec<BTreeSet<usize>> = rings
        .bond_rings()
        .iter()
        .map(|ring| ring.iter().map(|bond| bond.index()).collect())
        .collect();
    let share_a_bond = |a: usize, b: usize| match (bonds.get(a), bonds.get(b)) {
        (Some(a), Some(b)) => !a.is_disjoint(b),
        _ => false,
    };
    let mut atoms = BTreeSet::new();
    for system in systems(bonds.len(), share_a_bond) {
        let of_system = || {
            let rings = system.iter().filter_map(|&ring| rings.atom_rings().get(ring));
            rings.flatten().map(|atom| atom.index())
        };
        let aromatic = |atom: usize| topology.atoms.get(atom).is_some_and(Atom::is_aromatic);
        if of_system().any(aromatic) {
            atoms.extend(of_system());
        }
    }
    atoms
}

/// Number of rings in the largest system whose rings share one bond each.
fn largest_fused_system(rings: &RingInfo) -> usize {
    let bonds: Vec<BTreeSet<usize>> = rings
        .bond_rings()
        .iter()
        .filter(|ring| ring.len() <= LARGEST_FUSED_RING)
        .map(|ring| ring.iter().map(|bond| bond.index()).collect())
        .collect();
    let share_one_bond = |a: usize, b: usize| match (bonds.get(a), bonds.get(b)) {
        (Some(a), Some(b)) => a.intersection(b).count() == 1,
        _ => false,
    };
    systems(bonds.len(), share_one_bond)
        .iter()
        .map(Vec::len)
        .max()
        .unwrap_or(0)
}

/// Divides `count` things into groups that `joined` pairs hold together.
fn systems(count: usize, joined: impl Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let mut left: Vec<usize> = (0..count).collect();
    let mut systems = Vec::new();
    while let Some(first) = left.pop() {
        let mut system = vec![first];
        let mut looked_at = 0;
        while let Some(&from) = system.get(looked_at) {
            let (near, far) = left.into_iter().partition(|&other| joined(from, other));
            left = far;
            system.extend::<Vec<usize>>(near);
            looked_at += 1;
        }
        systems.push(system);
    }
    systems
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::Molecule;

    /// Far above what any molecule here takes in a debug build, and far below what the searches would take.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn error(smiles: &str) -> ChemError {
        let begun = Instant::now();
        let error = Molecule::from_smiles(smiles).unwrap_err();
        assert!(begun.elapsed() < PATIENCE, "{smiles}: {:?}", begun.elapsed());
        error
    }

    /// A system with `wildcards` that has no pattern of alternating bonds, whatever the wildcards are.
    fn hopeless(wildcards: usize) -> String {
        format!("c1ccn2n1c{}c2", "*".repeat(wildcards))
    }

    #[test]
    fn a_ninth_wildcard_in_an_aromatic_system_is_refused_with_its_place() {
        let impossible = error(&hopeless(MAX_WILDCARDS)).to_string();
        assert!(impossible.contains("alternating"), "{impossible}");
        for wildcards in [9, 24, 60] {
            let smiles = hopeless(wildcards);
            let expected = ChemError::Wildcards {
                smiles: smiles.clone(),
                found: wildcards,
                // After `c1ccn2n1c` and eight others.
                position: 18,
            };
            assert_eq!(error(&smiles), expected);
            let told = error(&smiles).to_string();
            for word in [
                &wildcards.to_string(),
                "at most 8",
                "character 18",
                "write the atoms",
            ] {
                assert!(told.contains(word), "{told}");
            }
        }
        // Those before the system are not counted, however they are written; the place is still the ninth
        // one's in it.
        let smiles = "*[*-][2*]C(*)[#0]c1ccn2n1c****[3*]**[#0]*c2";
        let ChemError::Wildcards { found, position, .. } = error(smiles) else {
            unreachable!("{}", error(smiles))
        };
        assert_eq!((found, smiles.chars().nth(position - 1)), (9, Some('*')));
        assert_eq!(&smiles[position..], "c2");
    }

    #[test]
    fn wildcards_elsewhere_are_as_many_as_one_likes() {
        for smiles in [
            "*".repeat(200),
            format!("C1{}C1", "*".repeat(50)),
            format!("c1ccccc1{}", "*".repeat(50)),
            // Eight in each of two systems would be sixteen: four in each are eight.
            "c1cc****1-c1cc****1".to_owned(),
        ] {
            Molecule::from_smiles(&smiles).unwrap();
        }
    }

    #[test]
    fn wildcards_of_a_system_that_is_found_aromatic_later_count_too() {
        let kekule = |wildcards: usize| format!("C1=CC=C2C(=C1){}C=C2", "*=*".repeat(wildcards / 2));
        Molecule::from_smiles(&kekule(8)).unwrap();
        assert!(matches!(
            error(&kekule(10)),
            ChemError::Wildcards { found: 10, .. }
        ));
    }

    /// A ring of `count` rings, each of which can be passed on two sides of equal length.
    fn ring_of_rings(count: usize) -> String {
        format!("C%99{}C%99", "C1CCC(CC1)".repeat(count))
    }

    #[test]
    fn rings_that_double_in_number_are_refused_before_they_are_listed() {
        Molecule::from_smiles(&ring_of_rings(9))
            .unwrap()
            .to_svg("")
            .unwrap();
        for (count, expected) in [(12, 4096 + 12), (20, (1 << 20) + 20), (60, u32::MAX as usize)] {
            let smiles = ring_of_rings(count);
            let ChemError::Rings { found, .. } = error(&smiles) else {
                unreachable!("{}", error(&smiles))
            };
            assert_eq!(found, expected);
        }
    }

    /// A sheet of six-rings as of `rows` of a honeycomb, all of one kind of atom.
    fn sheet(atom: &str, rows: usize) -> String {
        let width = 2 * rows + 2;
        // Row by row, there and back; ring numbers are the columns'.
        let mut text = String::new();
        for row in 0..=rows {
            for step in 0..width {
                let column = if row % 2 == 0 { step } else { width - 1 - step };
                text.push_str(atom);
                let (up, down) = (
                    row > 0 && (row + column) % 2 == 1,
                    row < rows && (row + column) % 2 == 0,
                );
                // The last of a row is bound to the first of the next already.
                let turns_down = step == width - 1;
                let turned = step == 0;
                if (up && !turned) || (down && !turns_down) {
                    text.push('%');
                    text.push_str(&(10 + column).to_string());
                }
            }
        }
        text
    }

    #[test]
    fn a_sheet_of_many_rings_is_refused_before_its_aromaticity_is_looked_for() {
        Molecule::from_smiles(&sheet("N", 4)).unwrap();
        for rows in [7, 10] {
            let smiles = sheet("N", rows);
            assert!(matches!(error(&smiles), ChemError::FusedRings { found, .. } if found > 40));
        }
    }

    #[test]
    fn a_fullerene_is_read_and_drawn() {
        let c60 = "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1\
                   c6c6c%11c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41";
        let molecule = Molecule::from_smiles(c60).unwrap();
        assert_eq!(molecule.heavy_atoms(), 60);
        molecule.to_svg("buckminsterfullerene").unwrap();
    }

    #[test]
    fn the_worst_that_the_limits_let_through_comes_to_its_end() {
        // The worst of long chains, trees, rings in rings and dense graphs that were measured, at the length
        // that is allowed.
        for smiles in [
            "C".repeat(1000),
            format!("{}C{}", "C(".repeat(99), ")C".repeat(99)),
            format!("c1{}1", "c".repeat(899)),
            format!("c1ccn2n1c{}{}c2", "*".repeat(8), "c".repeat(900)),
            "[C@H](F)".repeat(124),
            "C=C=C".repeat(200),
            format!("[U]{}", "(C)".repeat(330)),
        ] {
            let begun = Instant::now();
            let molecule = Molecule::from_smiles(&smiles);
            if let Ok(molecule) = molecule {
                let _ = molecule.to_svg("");
            }
            assert!(begun.elapsed() < PATIENCE, "{smiles}: {:?}", begun.elapsed());
        }
    }
}
