//! From compounds to conditions: each gets its vector, and a drawing of its structure.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use cellflux_bundle::conditions::{Condition, ConditionVectors, Conditions, DoseFeatures, Encoder};
use cellflux_chem::{Molecule, MorganSettings};
use cellflux_data::NamedVectors;

use super::compounds::{Compound, Compounds};

/// The conditions of a bundle, with what belongs to them.
pub struct Encoded {
    /// The conditions; dose features are not decided here.
    pub conditions: Conditions,
    /// Their vectors, in the same order.
    pub vectors: ConditionVectors,
    /// Drawings by path in the bundle.
    pub structures: BTreeMap<String, Vec<u8>>,
    /// Id of the untreated state, where a row is marked as the control. It may have no vector; then it is not
    /// a condition: a flow starts from it and never goes to it.
    pub untreated: Option<String>,
    /// What a person should know: rows left out, structures that could not be drawn, columns not read.
    pub notes: Vec<String>,
}

/// Encodes compounds by their Morgan counts in `bits` positions; a row without SMILES is left out (or, with
/// `strict`, an error).
pub fn from_morgan_counts(
    compounds: Compounds,
    radius: u32,
    bits: usize,
    strict: bool,
) -> anyhow::Result<Encoded> {
    let settings = MorganSettings {
        radius,
        bits: u32::try_from(bits).context("condition_dim is too large for a fingerprint")?,
    };
    let encoder = Encoder::MorganCounts { radius, bits };
    encode(compounds, encoder, strict, |_, molecule| {
        let Some(molecule) = molecule else {
            return Ok(Err("has no SMILES".to_owned()));
        };
        Ok(Ok(molecule.morgan_counts(settings)?.to_dense()))
    })
}

/// Takes the compounds' vectors, `width` numbers each, from a table (CSV with a header line; names first).
pub fn from_table(compounds: Compounds, path: &Path, width: usize, strict: bool) -> anyhow::Result<Encoded> {
    let wanted: HashSet<&str> = compounds.rows.iter().map(|row| row.name.as_str()).collect();
    let named = NamedVectors::read(path, |name| wanted.contains(name))?;
    ensure!(
        named.width() == width,
        "{}: has {} columns of numbers, expected {width} (the network's condition_dim less the dose)",
        path.display(),
        named.width()
    );
    let source = path.file_name().map_or_else(
        || "a table".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    encode(compounds, Encoder::Table { source }, strict, |compound, _| {
        Ok(named
            .get(&compound.name)
            .map(<[f32]>::to_vec)
            .ok_or_else(|| format!("is not in {}", path.display())))
    })
}

/// Gives each compound the vector that `vector` finds, or leaves it out for the reason that it says.
fn encode(
    compounds: Compounds,
    encoder: Encoder,
    strict: bool,
    vector: impl Fn(&Compound, Option<&Molecule>) -> anyhow::Result<Result<Vec<f32>, String>>,
) -> anyhow::Result<Encoded> {
    let mut notes: Vec<String> = compounds
        .ignored
        .iter()
        .map(|column| format!("column {column} of the compounds is not read"))
        .collect();
    let (mut list, mut rows, mut structures) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut untreated = None;
    for compound in compounds.rows {
        let place = format!("{}: line {}", compounds.file, compound.line);
        if compound.control {
            untreated = Some(compound.id.clone());
        }
        let molecule = compound
            .smiles
            .as_deref()
            .map(Molecule::from_smiles)
            .transpose()
            .with_context(|| format!("{place}: {}", compound.name))?;
        match vector(&compound, molecule.as_ref()).with_context(|| format!("{place}: {}", compound.name))? {
            Ok(row) => rows.push(row),
            Err(reason) if compound.control => {
                notes.push(format!(
                    "{place}: {} {reason}; as the untreated control it needs none: walks start from its \
                    crops, and it is not offered as a treatment",
                    compound.name
                ));
                continue;
            }
            Err(reason) if strict => bail!("{place}: {} {reason}", compound.name),
            Err(reason) => {
                notes.push(format!("{place}: {} {reason}; left out", compound.name));
                continue;
            }
        }
        let drawing = molecule
            .map(|molecule| molecule.to_svg(&compound.name))
            .transpose();
        let structure = match drawing {
            Ok(drawing) => drawing.map(|svg| {
                let path = format!("structures/{}.svg", compound.id);
                structures.insert(path.clone(), svg.into_bytes());
                path
            }),
            Err(error) => {
                notes.push(format!("{place}: {error}"));
                None
            }
        };
        let condition = Condition {
            id: compound.id,
            name: compound.name,
            kind: compound.kind,
            smiles: compound.smiles,
            structure,
            mode_of_action: compound.mode_of_action,
            doses_um: compound.doses_um,
            trained_doses_um: compound.trained_doses_um,
            batches: compound.batches,
            target: None,
            split: compound.split,
            control: compound.control,
        };
        condition
            .validate(&format!("conditions.list[{}]", list.len()))
            .with_context(|| format!("{place}: {}", condition.name))?;
        list.push(condition);
    }
    ensure!(!list.is_empty(), "no compound has a vector: {}", notes.join("; "));
    Ok(Encoded {
        conditions: Conditions {
            encoder,
            dose: DoseFeatures::None,
            list,
        },
        vectors: ConditionVectors::from_rows(&rows)?,
        structures,
        untreated,
        notes,
    })
}

#[cfg(test)]
mod tests {
    use cellflux_bundle::conditions::Split;
    use cellflux_bundle::perturbation::Perturbation;

    use super::*;

    fn compound(name: &str, smiles: Option<&str>) -> Compound {
        Compound {
            line: 2,
            id: cellflux_bundle::conditions::slug(name),
            name: name.into(),
            kind: Perturbation::Compound,
            smiles: smiles.map(str::to_owned),
            mode_of_action: None,
            doses_um: Vec::new(),
            trained_doses_um: None,
            split: Split::Seen,
            control: false,
            batches: Vec::new(),
        }
    }

    fn compounds(rows: Vec<Compound>) -> Compounds {
        Compounds {
            file: "compounds.csv".into(),
            rows,
            ignored: Vec::new(),
        }
    }

    #[test]
    fn a_compound_becomes_its_counts_and_a_drawing() {
        let encoded =
            from_morgan_counts(compounds(vec![compound("DMSO", Some("CS(=O)C"))]), 2, 1024, true).unwrap();
        let row = encoded.vectors.row(0).unwrap();
        assert_eq!((row.len(), row[33], row[589], row[0]), (1024, 2.0, 2.0, 0.0));
        let drawing = encoded.conditions.list[0].structure.as_deref().unwrap();
        assert!(encoded.structures[drawing].starts_with(b"<svg"));
        assert!(encoded.notes.is_empty());
    }

    #[test]
    fn a_compound_without_smiles_is_left_out_and_named_or_refused() {
        let rows = vec![compound("AZ-U", None), compound("DMSO", Some("CS(=O)C"))];
        let encoded = from_morgan_counts(compounds(rows.clone()), 2, 1024, false).unwrap();
        assert_eq!(encoded.conditions.list.len(), 1);
        assert_eq!(
            encoded.notes,
            ["compounds.csv: line 2: AZ-U has no SMILES; left out"]
        );
        let refused = from_morgan_counts(compounds(rows), 2, 1024, true).err().unwrap();
        assert_eq!(refused.to_string(), "compounds.csv: line 2: AZ-U has no SMILES");
    }

    #[test]
    fn a_control_without_a_vector_is_the_untreated_state_and_no_condition() {
        let control = Compound {
            control: true,
            ..compound("EMPTY", None)
        };
        let rows = vec![control, compound("DMSO", Some("CS(=O)C"))];
        let encoded = from_morgan_counts(compounds(rows), 2, 1024, true).unwrap();
        assert_eq!(encoded.untreated.as_deref(), Some("empty"));
        assert_eq!(encoded.conditions.list.len(), 1);
        assert!(encoded.notes[0].contains("EMPTY has no SMILES; as the untreated control"));
    }

    #[test]
    fn bad_smiles_are_named_with_their_compound() {
        let refused = from_morgan_counts(compounds(vec![compound("x", Some("C1CC"))]), 2, 1024, false);
        let message = format!("{:#}", refused.err().unwrap());
        assert_eq!(
            message,
            "compounds.csv: line 2: x: SMILES `C1CC`: ring 1 is opened and never closed"
        );
    }

    #[test]
    fn vectors_from_a_table_are_found_by_name_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("genes.csv");
        let read = |text: &str| {
            std::fs::write(&table, text).unwrap();
            from_table(compounds(vec![compound("PLK1", None)]), &table, 2, true)
        };
        let encoded = read("gene,0,1\nPLK1,0.5,-1\nKIF11,0,0\n").unwrap();
        assert_eq!(encoded.vectors.row(0).unwrap(), [0.5, -1.0]);
        assert_eq!(
            encoded.conditions.encoder,
            Encoder::Table {
                source: "genes.csv".into()
            }
        );
        for (text, expected) in [
            ("gene,0\nPLK1,1\n", "expected 2"),
            (
                "gene,0,1\nPLK1,1,x\n",
                "line 2, column 1: found \"x\", expected a finite number",
            ),
            ("gene,0,1\nPLK1,1,NaN\n", "expected a finite number"),
            (
                "gene,0,1\nPLK1,1,2\nPLK1,1,2\n",
                "line 3, column gene: found \"PLK1\"",
            ),
            ("gene,0,1\nKIF11,1,2\n", "PLK1 is not in"),
        ] {
            let message = format!("{:#}", read(text).err().unwrap());
            assert!(message.contains(expected), "{message}");
        }
    }
}
