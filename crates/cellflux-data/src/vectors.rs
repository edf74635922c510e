//! How a compound, a gene or another perturbation becomes its vector, without features of the dose.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use cellflux_bundle::conditions::Encoder;
use cellflux_bundle::perturbation::Perturbation;
use cellflux_chem::{Molecule, MorganSettings};

use crate::config::{EncoderConfig, VectorTable};
use crate::entry::Compound;
use crate::error::DataError;
use crate::experiment::Experiment;
use crate::named_vectors::NamedVectors;

/// A vector for every compound that has one.
pub(crate) type Vectors = Vec<Option<Vec<f32>>>;

/// The encoder and every compound's vector; tables that say what their rows are say so in `kinds`.
pub(crate) fn encode(
    experiment: &Experiment,
    config: &EncoderConfig,
    kinds: &mut [Perturbation],
) -> Result<(Encoder, Vectors), DataError> {
    let compounds = experiment.compounds();
    match config {
        EncoderConfig::OneHot {} => {
            let unit = |index: usize| {
                (0..compounds.len())
                    .map(|at| f32::from(u8::from(at == index)))
                    .collect()
            };
            let vectors = (0..compounds.len()).map(|index| Some(unit(index))).collect();
            Ok((Encoder::OneHot, vectors))
        }
        EncoderConfig::MorganCounts { radius, bits } => {
            let settings = MorganSettings {
                radius: *radius,
                bits: *bits,
            };
            let vectors = compounds
                .iter()
                .map(|compound| morgan(experiment, compound, settings))
                .collect::<Result<_, _>>()?;
            let encoder = Encoder::MorganCounts {
                radius: *radius,
                bits: *bits as usize,
            };
            Ok((encoder, vectors))
        }
        EncoderConfig::Table { file } => {
            let named = read_vectors(file, compounds)?;
            let vector = |compound: &Compound| named.get(&compound.name).map(<[f32]>::to_vec);
            let vectors = compounds.iter().map(vector).collect();
            Ok((
                Encoder::Table {
                    source: file_name(file),
                },
                vectors,
            ))
        }
        EncoderConfig::Tables { tables } => {
            let (width, vectors) = read_tables(tables, experiment, kinds)?;
            let names: Vec<String> = tables.iter().map(|table| file_name(&table.file)).collect();
            let source = format!("{}; filled up with zeros to {width} numbers", names.join(", "));
            Ok((Encoder::Table { source }, vectors))
        }
    }
}

fn file_name(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn morgan(
    experiment: &Experiment,
    compound: &Compound,
    settings: MorganSettings,
) -> Result<Option<Vec<f32>>, DataError> {
    let Some(smiles) = &compound.smiles else {
        return Ok(None);
    };
    let counts = Molecule::from_smiles(smiles).and_then(|molecule| molecule.morgan_counts(settings));
    match counts {
        Ok(counts) => Ok(Some(counts.to_dense())),
        Err(reason) => Err(DataError::Smiles {
            place: Box::new(experiment.titles.place(&experiment.titles.smiles, compound.line)),
            compound: compound.name.clone(),
            reason,
        }),
    }
}

/// The vectors of an experiment's compounds in a table by name.
fn read_vectors(file: &Path, compounds: &[Compound]) -> Result<NamedVectors, DataError> {
    let wanted: HashSet<&str> = compounds.iter().map(|compound| compound.name.as_str()).collect();
    NamedVectors::read(file, |name| wanted.contains(name))
}

/// The vectors of an experiment's compounds in several tables, each filled up with zeros to the width of the
/// widest table, and that width.
fn read_tables(
    tables: &[VectorTable],
    experiment: &Experiment,
    kinds: &mut [Perturbation],
) -> Result<(usize, Vectors), DataError> {
    if tables.is_empty() {
        let expected = "at least one table of vectors";
        return Err(DataError::config("conditions.encoder.tables", "empty", expected));
    }
    let compounds = experiment.compounds();
    let mut width = 0;
    let mut vectors: Vectors = vec![None; compounds.len()];
    let mut found: Vec<Option<&Path>> = vec![None; compounds.len()];
    for VectorTable { file, perturbation } in tables {
        let named = read_vectors(file, compounds)?;
        width = width.max(named.width());
        let places = vectors.iter_mut().zip(&mut found).zip(kinds.iter_mut());
        for (compound, ((vector, earlier), kind)) in compounds.iter().zip(places) {
            let Some(own) = named.get(&compound.name) else {
                continue;
            };
            if let Some(earlier) = *earlier {
                return Err(DataError::InTwoTables {
                    name: compound.name.clone(),
                    one: earlier.to_path_buf(),
                    other: file.clone(),
                });
            }
            *vector = Some(own.to_vec());
            *earlier = Some(file.as_path());
            *kind = *perturbation;
        }
    }
    for vector in vectors.iter_mut().flatten() {
        vector.resize(width, 0.0);
    }
    Ok((width, vectors))
}

/// Refuses treatments without a vector, naming the first and how many more.
pub(crate) fn refuse_missing(
    experiment: &Experiment,
    vectors: &[Option<Vec<f32>>],
    encoder: &EncoderConfig,
) -> Result<(), DataError> {
    let mut missing = experiment
        .compounds()
        .iter()
        .zip(vectors)
        .filter(|(compound, vector)| vector.is_none() && !compound.control)
        .map(|(compound, _)| compound);
    let Some(first) = missing.next() else {
        return Ok(());
    };
    let others: Vec<&str> = missing.map(|compound| compound.name.as_str()).collect();
    let others = match others.len() {
        0 => String::new(),
        count => format!(
            "{count} more have none ({}); ",
            others.iter().take(10).copied().collect::<Vec<_>>().join(", ")
        ),
    };
    let titles = &experiment.titles;
    let not_in = |tables: Vec<PathBuf>| DataError::NotInTable {
        place: Box::new(titles.place(&titles.compound, first.line)),
        kind: match first.kind {
            // Several tables may hold several kinds, and nothing says of which this one is.
            Perturbation::Compound if tables.len() > 1 => "perturbation".into(),
            kind => kind.to_string().into(),
        },
        name: first.name.as_str().into(),
        tables: tables.into(),
        others: others.as_str().into(),
    };
    Err(match encoder {
        EncoderConfig::Table { file } => not_in(vec![file.clone()]),
        EncoderConfig::Tables { tables } => not_in(tables.iter().map(|table| table.file.clone()).collect()),
        EncoderConfig::MorganCounts { .. } | EncoderConfig::OneHot {} => DataError::NoVector {
            place: Box::new(titles.place(&titles.smiles, first.line)),
            compound: first.name.clone(),
            reason: "its structure is empty in every row".into(),
            others,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::ConditionTable;
    use crate::config::{ConditionsConfig, PairingConfig};
    use crate::fixtures::Folder;
    use crate::pairing::Pairing;

    fn with(encoder: EncoderConfig) -> ConditionsConfig {
        ConditionsConfig {
            encoder,
            ..ConditionsConfig::default()
        }
    }

    #[test]
    fn a_table_of_vectors_is_looked_up_by_name() {
        let folder = Folder::usual();
        let file = folder.path().join("embedding.csv");
        let build = |text: &str| {
            fs::write(&file, text).unwrap();
            let config = with(EncoderConfig::Table { file: file.clone() });
            ConditionTable::build(&folder.read().unwrap(), &config)
        };
        let table = build("name,0,1\nunused,9,9\nbenzene,0.5,-1\nethanol,3,4\n").unwrap();
        let experiment = folder.read().unwrap();
        assert_eq!(
            table
                .row(table.row_of(&experiment.entries()[2]).unwrap())
                .unwrap(),
            [3.0, 4.0]
        );
        // The control has no vector and needs none.
        assert_eq!(table.row_of(&experiment.entries()[0]), None);
        assert_eq!(
            table.encoder(),
            &Encoder::Table {
                source: "embedding.csv".into()
            }
        );

        let place = format!("{}: line 3, column 1: found", file.display());
        for wrong in ["x", "NaN", "inf", ""] {
            let error = build(&format!("name,0,1\nethanol,3,4\nbenzene,0,{wrong}\n"))
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(&place), "{error}");
        }
        let error = build("name,0,1\nethanol,3,4\nethanol,3,4\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with(
                "line 3, column name: found \"ethanol\", expected a name that no earlier line has"
            )
        );
        assert!(
            build("name\nethanol\n")
                .unwrap_err()
                .to_string()
                .contains("has one column")
        );
        let error = build("name,0,1\nethanol,3,4\n").unwrap_err().to_string();
        let expected = format!(
            "{}: line 7, column CPD_NAME: compound benzene is in no row of {}; add its row there",
            folder.table().display(),
            file.display()
        );
        assert!(error.starts_with(&expected), "{error}");
    }

    #[test]
    fn a_gene_without_a_row_is_named_with_its_kind_its_table_and_what_to_do() {
        let folder = Folder::usual();
        folder.edit("1,ethanol,1,", "1,ATF4,1,");
        let mut config = folder.config();
        config.perturbation = Perturbation::KnockDown;
        let experiment = crate::read_experiment(&config).unwrap();
        let file = folder.path().join("gene2vec.csv");
        fs::write(&file, "name,0\nethanol,1\nbenzene,2\n").unwrap();
        let config = with(EncoderConfig::Table { file: file.clone() });
        let error = ConditionTable::build(&experiment, &config).unwrap_err();
        let DataError::NotInTable { name, tables, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!((&**name, &**tables), ("ATF4", [file].as_slice()));
        let error = error.to_string();
        for part in [
            "line 4, column CPD_NAME: gene knock-down ATF4 is in no row of ",
            "data.except = [\"ATF4\"]",
            "conditions.without_vector = \"skip\"",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn several_tables_share_one_space_filled_up_with_zeros_and_say_what_their_rows_are() {
        let folder = Folder::usual();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            fs::write(&file, text).unwrap();
            file
        };
        let config = |genes: &str| {
            let tables = vec![
                VectorTable {
                    file: write("compounds.csv", "name,0,1,2\nDMSO,7,8,9\nethanol,1,2,3\n"),
                    perturbation: Perturbation::Compound,
                },
                VectorTable {
                    file: write("genes.csv", genes),
                    perturbation: Perturbation::OverExpression,
                },
            ];
            with(EncoderConfig::Tables { tables })
        };
        let experiment = folder.read().unwrap();
        let table = ConditionTable::build(&experiment, &config("name,0\nbenzene,4\n")).unwrap();
        assert_eq!(table.width(), 3);
        let of = |entry: usize| {
            table
                .row(table.row_of(&experiment.entries()[entry]).unwrap())
                .unwrap()
        };
        assert_eq!(
            (of(0), of(2), of(5)),
            (
                [7.0, 8.0, 9.0].as_slice(),
                [1.0, 2.0, 3.0].as_slice(),
                [4.0, 0.0, 0.0].as_slice()
            )
        );
        assert_eq!(
            table.encoder(),
            &Encoder::Table {
                source: "compounds.csv, genes.csv; filled up with zeros to 3 numbers".into()
            }
        );
        let pairing = Pairing::new(&experiment, &table, &PairingConfig::default()).unwrap();
        let (conditions, _) = crate::conditions_for_bundle(&table, &experiment, &pairing).unwrap();
        let kinds: Vec<Perturbation> = conditions.list.iter().map(|condition| condition.kind).collect();
        assert_eq!(
            kinds,
            [
                Perturbation::Compound,
                Perturbation::Compound,
                Perturbation::OverExpression
            ]
        );

        let build = |genes: &str| {
            ConditionTable::build(&experiment, &config(genes))
                .unwrap_err()
                .to_string()
        };
        let twice = build("name,0\nbenzene,4\nethanol,4\n");
        assert!(
            twice.starts_with("ethanol is in two tables of vectors, ") && twice.contains("genes.csv"),
            "{twice}"
        );
        let missing = build("name,0\nATF4,4\n");
        assert!(
            missing.contains("perturbation benzene is in no row of ") && missing.contains("genes.csv"),
            "{missing}"
        );
        let none = with(EncoderConfig::Tables { tables: Vec::new() });
        let error = ConditionTable::build(&experiment, &none).unwrap_err().to_string();
        assert!(error.starts_with("conditions.encoder.tables is empty"), "{error}");
    }

    #[test]
    fn a_smiles_that_does_not_parse_is_named_with_its_line() {
        let folder = Folder::usual();
        for _ in 0..2 {
            folder.edit("CCO", "CC(O");
        }
        let error = ConditionTable::build(&folder.read().unwrap(), &ConditionsConfig::default())
            .unwrap_err()
            .to_string();
        let expected = format!(
            "{}: line 4, column SMILES: compound ethanol: SMILES `CC(O`",
            folder.table().display()
        );
        assert!(error.starts_with(&expected), "{error}");
    }
}
