//! A molecule on paper: where its atoms stand, and how each bond is to be drawn.

use cosmolkit_core::{
    AtropisomerConformer, KekulizeAttempt, KekulizeParams, WedgeInfo, determine_bond_wedge_state,
    kekulize_if_possible_with_query_state_and_ring_info, pick_bonds_to_wedge_with_existing_ring_info,
};
use cosmolkit_depict::{Compute2DCoordinatesParams, compute_2d_coordinates};
use cosmolkit_model::{BondDirection, BondId, BondOrder, Conformer2D, TopologyBlock};

use crate::{ChemError, Molecule};

/// Heavy atoms and separate molecules that are drawn. The time that the layout takes grows so fast with both
/// that one row of a table could stall an import, and nobody reads a formula that large.
const MAX_ATOMS: usize = 200;
const MAX_MOLECULES: usize = 20;

/// Bond length of the library's layout.
const LIBRARY_BOND_LENGTH: f64 = 1.5;

/// A molecule laid out in the plane; a bond is about one unit long, y grows downwards.
pub(crate) struct Layout {
    pub(crate) atoms: Vec<PlacedAtom>,
    pub(crate) bonds: Vec<PlacedBond>,
}

/// An atom and what its label needs.
pub(crate) struct PlacedAtom {
    pub(crate) at: [f64; 2],
    pub(crate) symbol: &'static str,
    pub(crate) hydrogens: u32,
    pub(crate) charge: i32,
    pub(crate) isotope: Option<u16>,
}

/// A bond between two places in [`Layout::atoms`].
pub(crate) struct PlacedBond {
    pub(crate) begin: usize,
    pub(crate) end: usize,
    pub(crate) stroke: Stroke,
    /// Centre of the smallest ring that the bond is in: the inner line of a double bond stands on that side.
    pub(crate) ring_centre: Option<[f64; 2]>,
}

/// How a bond is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    Single,
    Double,
    Triple,
    /// Towards the viewer at its end.
    Wedge,
    /// Away from the viewer at its end.
    Hashed,
    /// Neither single, double nor triple: coordination, or aromatic without an alternating pattern.
    Dashed,
}

impl Molecule {
    /// Lays the molecule out, with alternating bonds in aromatic rings and wedges at stereo centres.
    pub(crate) fn layout(&self) -> Result<Layout, ChemError> {
        let refused = |reason: String| ChemError::Drawing {
            smiles: self.smiles.clone(),
            reason,
        };
        for (what, found, limit) in [
            ("heavy atoms", self.heavy_atoms(), MAX_ATOMS),
            (
                "separate molecules",
                1 + self.smiles.matches('.').count(),
                MAX_MOLECULES,
            ),
        ] {
            if found > limit {
                return Err(refused(format!(
                    "it has {found} {what}, expected at most {limit}"
                )));
            }
        }
        let conformer = compute_2d_coordinates(
            &self.topology,
            &self.properties,
            &Compute2DCoordinatesParams {
                canonical_orientation: true,
                ..Compute2DCoordinatesParams::default()
            },
        )
        .map_err(|error| refused(error.to_string()))?;
        let positions = conformer.coordinates();
        if positions.len() != self.topology.atoms.len() {
            return Err(refused(format!(
                "{} of {} atoms have a place",
                positions.len(),
                self.topology.atoms.len()
            )));
        }
        if !positions.iter().flatten().all(|value| value.is_finite()) {
            return Err(refused("an atom has no finite place".to_owned()));
        }
        let places: Vec<[f64; 2]> = positions
            .iter()
            .map(|[x, y]| [x / LIBRARY_BOND_LENGTH, -y / LIBRARY_BOND_LENGTH])
            .collect();
        let atoms = self
            .topology
            .atoms
            .iter()
            .zip(&places)
            .zip(&self.valence.implicit_hydrogens)
            .map(|((atom, &at), &implicit)| PlacedAtom {
                at,
                symbol: if atom.atomic_number() == 0 {
                    "*"
                } else {
                    atom.element().symbol()
                },
                hydrogens: u32::from(atom.explicit_hydrogens()) + implicit.max(0) as u32,
                charge: i32::from(atom.formal_charge()),
                isotope: atom.isotope(),
            })
            .collect();
        let topology = self.with_alternating_bonds().map_err(&refused)?;
        let mut bonds: Vec<PlacedBond> = topology
            .bonds
            .iter()
            .map(|bond| PlacedBond {
                begin: bond.begin().index(),
                end: bond.end().index(),
                stroke: match bond.order() {
                    BondOrder::Single => Stroke::Single,
                    BondOrder::Double => Stroke::Double,
                    BondOrder::Triple => Stroke::Triple,
                    _ => Stroke::Dashed,
                },
                ring_centre: self.ring_centre(bond.id(), &places),
            })
            .collect();
        self.wedge(&topology, &conformer, &mut bonds).map_err(&refused)?;
        Ok(Layout { atoms, bonds })
    }

    /// The graph with aromatic bonds as alternating single and double ones, where there is such a pattern.
    fn with_alternating_bonds(&self) -> Result<TopologyBlock, String> {
        if self.topology.bonds.is_empty() {
            return Ok(self.topology.clone());
        }
        let params = KekulizeParams {
            mark_atoms_bonds: false,
            ..KekulizeParams::default()
        };
        let attempt = kekulize_if_possible_with_query_state_and_ring_info(
            &self.topology,
            &params,
            None,
            Some(&self.rings),
        );
        match attempt.map_err(|error| error.to_string())? {
            KekulizeAttempt::Applied(assignment) => Ok(assignment.topology),
            KekulizeAttempt::NotKekulizable { topology, .. } => Ok(topology),
        }
    }

    /// Turns the single bonds that carry stereo centres into wedges that begin at the centre.
    fn wedge(
        &self,
        topology: &TopologyBlock,
        conformer: &Conformer2D,
        bonds: &mut [PlacedBond],
    ) -> Result<(), String> {
        let view = Some(AtropisomerConformer::TwoD(conformer));
        // The reader keeps ring rows only up to the last atom in a ring; the picker wants one for every atom.
        let mut rings = self.rings.clone();
        rings.preallocate(topology.atoms.len(), topology.bonds.len());
        let (picked, _) = pick_bonds_to_wedge_with_existing_ring_info(topology, view, Some(rings))
            .map_err(|error| error.to_string())?;
        for (id, wedge) in picked.iter() {
            let (centre, direction) = match wedge {
                WedgeInfo::Chiral { center } => {
                    let direction = determine_bond_wedge_state(topology, id, *center, view)
                        .map_err(|error| error.to_string())?;
                    (*center, direction)
                }
                WedgeInfo::Atropisomer { update } => (update.begin, update.direction),
            };
            let Some(bond) = bonds.get_mut(id.index()) else {
                continue;
            };
            let stroke = match direction {
                BondDirection::BeginWedge => Stroke::Wedge,
                BondDirection::BeginDash => Stroke::Hashed,
                _ => continue,
            };
            bond.stroke = stroke;
            if bond.begin != centre.index() {
                std::mem::swap(&mut bond.begin, &mut bond.end);
            }
        }
        Ok(())
    }

    fn ring_centre(&self, bond: BondId, places: &[[f64; 2]]) -> Option<[f64; 2]> {
        let rings = self.rings.bond_rings().iter().zip(self.rings.atom_rings());
        let (_, ring) = rings
            .filter(|(bonds, _)| bonds.contains(&bond))
            .min_by_key(|(bonds, _)| bonds.len())?;
        let sum = ring
            .iter()
            .filter_map(|atom| places.get(atom.index()))
            .fold([0.0, 0.0], |sum, at| [sum[0] + at[0], sum[1] + at[1]]);
        Some(sum.map(|value| value / ring.len() as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(smiles: &str) -> Layout {
        Molecule::from_smiles(smiles).unwrap().layout().unwrap()
    }

    fn strokes(smiles: &str, stroke: Stroke) -> usize {
        layout(smiles)
            .bonds
            .iter()
            .filter(|bond| bond.stroke == stroke)
            .count()
    }

    #[test]
    fn an_aromatic_ring_alternates() {
        assert_eq!(strokes("c1ccccc1", Stroke::Double), 3);
        assert_eq!(strokes("c1ccccc1", Stroke::Single), 3);
    }

    #[test]
    fn a_stereo_centre_has_a_wedge_and_its_mirror_image_the_opposite_one() {
        let (left, right) = ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O");
        let wedges = |smiles| (strokes(smiles, Stroke::Wedge), strokes(smiles, Stroke::Hashed));
        assert_eq!(wedges(left).0 + wedges(left).1, 1);
        assert_eq!(wedges(left), (wedges(right).1, wedges(right).0));
    }

    #[test]
    fn bonds_are_one_unit_long_and_atoms_do_not_meet() {
        let molecule = layout("OC(=O)CCCc1ccc(cc1)N(CCCl)CCCl");
        let distance = |a: usize, b: usize| {
            let (a, b) = (molecule.atoms[a].at, molecule.atoms[b].at);
            (a[0] - b[0]).hypot(a[1] - b[1])
        };
        for bond in &molecule.bonds {
            assert!((distance(bond.begin, bond.end) - 1.0).abs() < 0.1);
        }
        for a in 0..molecule.atoms.len() {
            for b in 0..a {
                assert!(distance(a, b) > 0.5, "atoms {a} and {b}");
            }
        }
    }

    #[test]
    fn a_molecule_too_large_to_read_is_not_laid_out() {
        for smiles in ["C".repeat(MAX_ATOMS + 1), vec!["C"; MAX_MOLECULES + 1].join(".")] {
            let large = Molecule::from_smiles(&smiles).unwrap();
            assert!(matches!(large.layout(), Err(ChemError::Drawing { .. })));
        }
    }

    #[test]
    fn hydrogens_are_counted_where_they_sit() {
        let pyrrole = layout("c1cc[nH]c1");
        let nitrogen = pyrrole.atoms.iter().find(|atom| atom.symbol == "N").unwrap();
        assert_eq!(nitrogen.hydrogens, 1);
        let ammonium = layout("[NH4+]");
        assert_eq!((ammonium.atoms[0].hydrogens, ammonium.atoms[0].charge), (4, 1));
    }
}
