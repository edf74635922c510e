//! Morgan counts equal `RDKit`'s (release 2026.09.1, radius 2, 1024 positions), row by row, exactly: they are
//! integers.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;

use cellflux_chem::{Molecule, MorganSettings};

/// Counts of well-known compounds: ions, metals, macrocycles, fused aromatic rings and stereo marks among
/// them.
const COMMITTED: &str = include_str!("morgan_counts.csv");

fn sparse_counts(smiles: &str) -> String {
    Molecule::from_smiles(smiles)
        .and_then(|molecule| molecule.morgan_counts(MorganSettings::default()))
        .map_or_else(|error| format!("error: {error}"), |counts| counts.to_string())
}

fn assert_all_equal(rows: impl Iterator<Item = (String, String, String)>, expected_rows: usize) {
    let mut compared = 0;
    let mut different = Vec::new();
    for (name, smiles, expected) in rows {
        compared += 1;
        let found = sparse_counts(&smiles);
        if found != expected {
            different.push(format!(
                "{name} {smiles}\n  expected {expected}\n  found    {found}"
            ));
        }
    }
    assert_eq!(compared, expected_rows);
    assert!(
        different.is_empty(),
        "{} rows differ:\n{}",
        different.len(),
        different.join("\n")
    );
}

fn shared_table(name: &str) -> Option<csv::Reader<File>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/bbbc021-metadata")
        .join(name);
    let Ok(file) = File::open(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(csv::Reader::from_reader(file))
}

#[test]
fn counts_of_the_committed_compounds_are_rdkits() {
    let mut table = csv::Reader::from_reader(COMMITTED.as_bytes());
    let rows = table.records().map(|row| {
        let row = row.unwrap();
        (row[0].to_owned(), row[1].to_owned(), row[2].to_owned())
    });
    assert_all_equal(rows, 14);
}

#[test]
fn counts_of_all_test_vectors_are_rdkits() {
    let Some(mut table) = shared_table("morgan_test_vectors.csv") else {
        return;
    };
    let rows = table.records().map(|row| {
        let row = row.unwrap();
        (row[1].to_owned(), row[3].to_owned(), row[4].to_owned())
    });
    assert_all_equal(rows, 1098);
}

#[test]
fn every_compound_of_the_test_vectors_can_be_drawn() {
    let Some(mut table) = shared_table("morgan_test_vectors.csv") else {
        return;
    };
    let mut refused = Vec::new();
    for row in table.records() {
        let row = row.unwrap();
        let drawn = Molecule::from_smiles(&row[3]).and_then(|molecule| molecule.to_svg(&row[1]));
        match drawn {
            Ok(svg) => assert!(
                svg.starts_with("<svg ") && svg.len() < 16_384,
                "{}: {} bytes",
                &row[1],
                svg.len()
            ),
            Err(error) => refused.push(error.to_string()),
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// The condition table of the public networks: names, then one column per position.
#[test]
fn counts_of_the_published_condition_table_are_equal() {
    let (Some(mut vectors), Some(mut table)) = (
        shared_table("morgan_test_vectors.csv"),
        shared_table("impa_emb_fp_counts_35.csv"),
    ) else {
        return;
    };
    let smiles: HashMap<String, String> = vectors
        .records()
        .map(|row| row.unwrap())
        .filter(|row| &row[0] == "bbbc021")
        .map(|row| (row[1].to_owned(), row[3].to_owned()))
        .collect();
    let mut names = Vec::new();
    let rows = table.records().map(|row| {
        let row = row.unwrap();
        let name = row[0].to_owned();
        let sparse = row
            .iter()
            .skip(1)
            .enumerate()
            .filter_map(|(position, count)| {
                let count: f64 = count.parse().unwrap();
                (count != 0.0).then(|| format!("{position}:{count}"))
            })
            .collect::<Vec<_>>()
            .join(" ");
        names.push(name.clone());
        (name.clone(), smiles[&name].clone(), sparse)
    });
    assert_all_equal(rows, 35);
    assert!(names.iter().any(|name| name == "DMSO"));
}
