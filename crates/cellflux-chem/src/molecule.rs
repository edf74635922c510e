//! A molecule: the sanitised graph that a SMILES text describes.

use cosmolkit_core::{RemoveHsParams, RingInfo, RingSearchParams, ValenceAssignment};
use cosmolkit_model::{CoordinateBlock, MoleculeProperties, TopologyBlock};
use cosmolkit_smiles::{SmilesParseError, SmilesParseParams, SmilesRecord};

use crate::ChemError;

/// Characters that a SMILES text may have. The longest of the 115,795 JUMP compounds has 338.
pub const MAX_SMILES_LENGTH: usize = 1000;

/// Branches inside branches; a recursive reader must not run out of stack on `((((...`.
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
            reason: without_newlines(&reason),
        };
        let params = SmilesParseParams {
            allow_cxsmiles: false,
            parse_name: false,
            ..SmilesParseParams::default()
        };
        let record =
            cosmolkit_smiles::parse_smiles(smiles, &params).map_err(|error| syntax(smiles, &error))?;
        // The two steps after parsing, in the order of `RDKit`'s reader: explicit hydrogens become counts (with
        // sanitisation), then stereo marks are settled on the final graph.
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
    fn impossible_molecules_are_refused_in_one_line() {
        for smiles in ["C(C)(C)(C)(C)C", "c1cccc1", "[C@@@@@H]"] {
            let text = error(smiles).to_string();
            assert!(text.contains(smiles) && !text.contains('\n'), "{text}");
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

        /// The same for texts made of SMILES' own tokens, which get much further into the chemistry.
        #[test]
        fn no_sequence_of_smiles_tokens_panics(tokens in prop::collection::vec(token(), 0..24)) {
            exercise(&tokens.concat());
        }
    }

    fn token() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "C", "c", "N", "n", "O", "o", "S", "s", "P", "B", "F", "Cl", "Br", "I", "*", "(", ")", "1", "2",
            "3", "%12", "=", "#", "/", "\\", "-", ":", "~", ".", "[nH]", "[N+]", "[O-]", "[C@H]", "[C@@H]",
            "[C@]", "[Pt]", "[H]", "[2H]", "[Si]", "[Na+]", "[C@TH1]", "[Co@OH3]", "[", "]", "@", "+", "->",
            "<-", "$", "H",
        ])
    }

    fn exercise(text: &str) {
        if let Ok(molecule) = Molecule::from_smiles(text) {
            let _ = molecule.morgan_counts(MorganSettings::default());
            let _ = molecule.to_svg("a compound");
        }
    }
}
