//! A molecule: the sanitised graph that a SMILES text describes.

use cosmolkit_core::{RemoveHsParams, RingInfo, RingSearchParams, ValenceAssignment};
use cosmolkit_model::{CoordinateBlock, MoleculeProperties, TopologyBlock};
use cosmolkit_smiles::{SmilesParseError, SmilesParseParams, SmilesRecord};

use crate::limits::MAX_SMILES_LENGTH;
use crate::{ChemError, search_effort};

/// Largest depth of branches inside branches; a recursive reader must not run out of stack on `((((...`.
const MAX_BRANCH_DEPTH: usize = 100;

/// A molecule as chemistry sees it: hydrogens implicit, aromatic rings found, valences checked.
#[derive(Clone, Debug)]
pub struct Molecule {
    pub(crate) smiles: String,
    pub(crate) topology: TopologyBlock,
    pub(crate) coordinates: CoordinateBlock,
    pub(crate) properties: MoleculeProperties,
    pub(crate) valence: ValenceAssignment,
    pub(crate) rings: RingInfo,
}

impl Molecule {
    /// Reads one SMILES text (no name after it, no extension), with `RDKit`'s default clean-up.
    ///
    /// # Errors
    /// [`ChemError`] names the text and, where it is known, the position.
    pub fn from_smiles(smiles: &str) -> Result<Self, ChemError> {
        check_text(smiles)?;
        let impossible = |reason: String| ChemError::Chemistry {
            smiles: smiles.to_owned(),
            reason: cause(&reason),
        };
        let params = SmilesParseParams {
            allow_cxsmiles: false,
            parse_name: false,
            ..SmilesParseParams::default()
        };
        let record =
            cosmolkit_smiles::parse_smiles(smiles, &params).map_err(|error| syntax(smiles, &error))?;
        search_effort::check_written(smiles, &record.topology)?;
        // The two steps after parsing, in the order of `RDKit`'s reader: explicit hydrogens become counts
        // (with sanitisation), then stereo marks are settled on the final graph.
        let cleaned = cosmolkit_core::remove_hydrogens_with_params(
            record.topology,
            record.coordinates,
            record.properties,
            &RemoveHsParams {
                update_explicit_count: true,
                sanitize: true,
                ..RemoveHsParams::default()
            },
        )
        .map_err(|error| impossible(error.to_string()))?;
        let (mut valence, mut rings) = (cleaned.final_valence, cleaned.final_rings);
        let record = cosmolkit_smiles::finalize_smiles_stereo(
            SmilesRecord {
                topology: cleaned.topology,
                coordinates: cleaned.coordinates,
                properties: cleaned.properties,
            },
            &params,
            &mut valence,
            &mut rings,
        )
        .map_err(|error| impossible(error.to_string()))?;
        if record.topology.atoms.is_empty() {
            return Err(impossible("it has no atom".to_owned()));
        }
        let rings = match rings.filter(RingInfo::is_initialized) {
            Some(rings) => rings,
            None => cosmolkit_core::symmetrized_sssr(&record.topology, &RingSearchParams::default())
                .map_err(|error| impossible(error.to_string()))?,
        };
        // Again, now that rings written with double bonds are known to be aromatic: a drawing looks for
        // alternating bonds.
        search_effort::check_wildcards(smiles, &record.topology, &rings)?;
        Ok(Self {
            smiles: smiles.to_owned(),
            valence: valence.ok_or_else(|| impossible("its valences are unknown".to_owned()))?,
            rings,
            topology: record.topology,
            coordinates: record.coordinates,
            properties: record.properties,
        })
    }

    /// The text that the molecule was read from.
    pub fn smiles(&self) -> &str {
        &self.smiles
    }

    /// Number of atoms other than implicit hydrogens.
    pub fn heavy_atoms(&self) -> usize {
        self.topology.atoms.len()
    }
}

/// Refuses what the parser should never see: absurd lengths, foreign characters, bottomless branches.
fn check_text(smiles: &str) -> Result<(), ChemError> {
    if smiles.is_empty() {
        return Err(ChemError::Empty);
    }
    let length = smiles.chars().count();
    if length > MAX_SMILES_LENGTH {
        return Err(ChemError::TooLong {
            start: smiles.chars().take(24).collect(),
            length,
        });
    }
    let mut depth = 0_usize;
    for (index, found) in smiles.chars().enumerate() {
        let position = index + 1;
        if !(found.is_ascii_alphanumeric() || "()[]{}.-=#$:/\\~%@+*<>'".contains(found)) {
            return Err(ChemError::Character {
                smiles: smiles.to_owned(),
                found,
                position,
            });
        }
        match found {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_BRANCH_DEPTH {
            return Err(ChemError::Syntax {
                smiles: smiles.to_owned(),
                reason: format!("more than {MAX_BRANCH_DEPTH} branches inside one another"),
                position,
            });
        }
    }
    Ok(())
}

fn syntax(smiles: &str, error: &SmilesParseError) -> ChemError {
    let at = |offset: usize, reason: String| ChemError::Syntax {
        smiles: smiles.to_owned(),
        reason: without_newlines(&reason),
        // The text is ASCII, so a byte offset is a character offset; errors at the end point past it.
        position: offset.min(smiles.len()) + 1,
    };
    match error {
        SmilesParseError::Syntax { offset, message } => at(*offset, message.clone()),
        SmilesParseError::Unsupported { token, offset } => at(*offset, format!("unexpected {token:?}")),
        SmilesParseError::Atom { offset, text } => at(*offset, format!("`{text}` is not an atom")),
        SmilesParseError::UnclosedRing { index } => ChemError::Chemistry {
            smiles: smiles.to_owned(),
            reason: format!("ring {index} is opened and never closed"),
        },
        other => ChemError::Chemistry {
            smiles: smiles.to_owned(),
            reason: without_newlines(&other.to_string()),
        },
    }
}

/// Library messages may span lines; ours are one sentence.
fn without_newlines(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The last link of the library's chain of causes, which is the one about the molecule.
fn cause(message: &str) -> String {
    if message.contains("could not kekulize") {
        return "its aromatic rings have no pattern of alternating single and double bonds".to_owned();
    }
    let last = message.rsplit(": ").next().unwrap_or(message);
    without_newlines(last).replace("atom # ", "atom ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MorganSettings;

    fn error(smiles: &str) -> ChemError {
        Molecule::from_smiles(smiles).unwrap_err()
    }

    #[test]
    fn hydrogens_written_out_become_counts() {
        assert_eq!(
            Molecule::from_smiles("[H]C([H])([H])[H]").unwrap().heavy_atoms(),
            1
        );
    }

    #[test]
    fn what_is_not_smiles_is_named_with_its_position() {
        assert_eq!(error(""), ChemError::Empty);
        assert_eq!(
            error("CC!O"),
            ChemError::Character {
                smiles: "CC!O".into(),
                found: '!',
                position: 3
            }
        );
        assert_eq!(
            error("CC O"),
            ChemError::Character {
                smiles: "CC O".into(),
                found: ' ',
                position: 3
            }
        );
        assert!(
            matches!(error("CC(=O"), ChemError::Syntax { .. }),
            "{}",
            error("CC(=O")
        );
        assert!(
            matches!(error("CXC"), ChemError::Syntax { position: 2, .. }),
            "{}",
            error("CXC")
        );
        let text = error("C1CC").to_string();
        assert_eq!(text, "SMILES `C1CC`: ring 1 is opened and never closed");
    }

    #[test]
    fn impossible_molecules_are_refused_with_the_reason() {
        for (smiles, reason) in [
            (
                "C(C)(C)(C)(C)C",
                "Explicit valence for atom 0 C, 5, is greater than permitted",
            ),
            (
                "c1cccc1",
                "its aromatic rings have no pattern of alternating single and double bonds",
            ),
            ("Cc", "aromatic atom 1 is not in a ring"),
        ] {
            assert_eq!(error(smiles).to_string(), format!("SMILES `{smiles}`: {reason}"));
        }
    }

    #[test]
    fn very_long_and_very_deep_texts_are_refused() {
        assert!(matches!(
            error(&"C".repeat(MAX_SMILES_LENGTH + 1)),
            ChemError::TooLong { length, .. } if length == MAX_SMILES_LENGTH + 1
        ));
        let deep = format!("{}{}", "C(".repeat(200), ")".repeat(200));
        assert!(matches!(error(&deep), ChemError::Syntax { .. }));
    }

    #[test]
    fn the_longest_chain_allowed_is_read() {
        let chain = Molecule::from_smiles(&"C".repeat(MAX_SMILES_LENGTH)).unwrap();
        assert_eq!(chain.heavy_atoms(), MAX_SMILES_LENGTH);
        chain.morgan_counts(MorganSettings::default()).unwrap();
    }

    proptest! {
        /// Any text gives a molecule or an error, and a molecule can be described and drawn or says why not.
        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            exercise(&text);
        }

        /// The same for texts that are put together as SMILES is, which therefore get as far as the
        /// chemistry.
        #[test]
        fn no_well_formed_text_panics(pieces in prop::collection::vec(piece(), 1..30)) {
            exercise(&well_formed(&pieces));
        }

        /// The same for real compounds with pieces cut out, doubled or replaced by other tokens: most of them
        /// parse, and many are odd chemistry.
        #[test]
        fn no_damaged_compound_panics(
            compound in prop::sample::select(COMPOUNDS.to_vec()),
            damage in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, token()), 1..5),
        ) {
            let mut text = compound.to_owned();
            for (place, cut, token) in damage {
                let start = place.index(text.len() + 1);
                let end = (start + cut).min(text.len());
                text.replace_range(start..end, token);
            }
            exercise(&text);
        }
    }

    #[derive(Clone, Debug)]
    enum Piece {
        Atom(&'static str, &'static str),
        Branch,
        Return,
        Ring(usize),
    }

    fn piece() -> impl Strategy<Value = Piece> {
        let bonds = vec!["", "", "", "", "=", "#", "/", "\\", "-", ":", "~", "->"];
        let atoms = vec![
            "C", "C", "C", "c", "c", "c", "n", "N", "O", "o", "s", "S", "P", "B", "F", "*", "[nH]", "[N+]",
            "[O-]", "[C@H]", "[C@@]", "[C@TH1]", "[Co@OH3]", "[As@TB7]", "[Pt@SP2]", "[H]", "[2H]", "[Si]",
            "[te]", "[cH-]", "[Lr-2]",
        ];
        prop_oneof![
            6 => (prop::sample::select(bonds), prop::sample::select(atoms))
                .prop_map(|(bond, atom)| Piece::Atom(bond, atom)),
            1 => Just(Piece::Branch),
            1 => Just(Piece::Return),
            2 => (1..5_usize).prop_map(Piece::Ring),
        ]
    }

    /// Writes pieces down, leaving out what cannot stand where it is and closing what is open at the end.
    fn well_formed(pieces: &[Piece]) -> String {
        let mut text = String::from("C");
        let (mut depth, mut open_rings, mut after_atom) = (0, [false; 5], true);
        for piece in pieces {
            match piece {
                Piece::Atom(bond, atom) => {
                    text.push_str(bond);
                    text.push_str(atom);
                    after_atom = true;
                }
                Piece::Branch if after_atom => {
                    text.push('(');
                    (depth, after_atom) = (depth + 1, false);
                }
                Piece::Return if after_atom && depth > 0 => {
                    text.push(')');
                    depth -= 1;
                }
                Piece::Ring(number) if after_atom && !text.ends_with(')') => {
                    text.push_str(&number.to_string());
                    open_rings[*number] = !open_rings[*number];
                }
                _ => {}
            }
        }
        text.push('C');
        text.push_str(&")C".repeat(depth));
        let unclosed = open_rings.iter().enumerate().filter(|(_, open)| **open);
        text.extend(unclosed.map(|(number, _)| format!("CC{number}")));
        text
    }

    /// Stereo marks, ions, a metal, fused and bridged rings, a macrocycle.
    const COMPOUNDS: [&str; 8] = [
        "C[C@H](N)C(=O)O",
        "[O-][N+](=O)c1ccc2[nH]c3c(CC(=O)Nc4ccccc34)c2c1",
        "N[Pt](N)(Cl)Cl",
        "COC12C3NC3CN1C4=C(C2COC(=O)N)C(=O)C(=C(C)C4=O)N",
        "C[C@H]1CCC[C@@]2(C)O[C@H]2C[C@H](OC(=O)CC1)/C(C)=C/c3csc(C)n3",
        "C1C2CC3CC1CC(C2)C3",
        "OC[C@H]1O[C@@H](n2cnc3c(N)ncnc23)[C@H](O)[C@@H]1O",
        "C/C=C\\C#CC(=O)[13CH3].[Na+].[Cl-]",
    ];

    fn token() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "", "C", "c", "N", "n", "O", "o", "S", "s", "P", "B", "F", "Cl", "*", "(C)", "(", ")", "1", "2",
            "3", "%12", "=", "#", "/", "\\", "-", ":", "~", ".", "$", "->", "<-", "[nH]", "[N+]", "[O-]",
            "[C@H]", "[C@@H]", "[C@]", "[Pt]", "[H]", "[2H]", "[Si]", "[C@TH1]", "[C@AL2]", "[Co@OH3]",
            "[As@TB7]", "[Pt@SP2]", "[U+9]", "[CH9]", "[Lr-9]", "[999C]", "[", "]", "@", "+", "H", "0", "9",
            "%", "c1ccccc1", "C1CC1", "[cH-]", "[te]",
        ])
    }

    fn exercise(text: &str) {
        if let Ok(molecule) = Molecule::from_smiles(text) {
            let _ = molecule.morgan_counts(MorganSettings::default());
            let _ = molecule.to_svg("a compound");
        }
    }
}
