//! The table of compounds: what a person writes down about each.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use cellflux_bundle::conditions::{Split, slug};

/// The columns, by the names they may have; the first is the one that the documentation uses.
const COLUMNS: [&[&str]; 8] = [
    &["name"],
    &["smiles"],
    &["mode_of_action", "moa"],
    &["doses_um", "dose_um", "doses", "dose"],
    &["split"],
    &["control"],
    &["id"],
    &["batches", "batch"],
];

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Compound {
    /// Line in the table, for messages.
    pub line: u64,
    /// Name in links; made from `name` where the table has none.
    pub id: String,
    /// Name to show.
    pub name: String,
    /// Structure, where known.
    pub smiles: Option<String>,
    /// Mode of action, where known.
    pub mode_of_action: Option<String>,
    /// Doses in the data, micromolar.
    pub doses_um: Vec<f64>,
    /// Whether training saw it.
    pub split: Split,
    /// Whether it is the untreated control.
    pub control: bool,
    /// Experimental batches that the data has it in; empty where the table does not say.
    pub batches: Vec<String>,
}

/// A table of compounds.
#[derive(Debug)]
pub struct Compounds {
    /// The rows in the table's order.
    pub rows: Vec<Compound>,
    /// Columns that the table has and an import does not read.
    pub ignored: Vec<String>,
}

/// Reads the table (CSV with a header line, UTF-8; columns in any order, any case).
pub fn read(path: &Path) -> anyhow::Result<Compounds> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    parse(&text).with_context(|| format!("{}", path.display()))
}

fn parse(text: &str) -> anyhow::Result<Compounds> {
    // Spreadsheets put a byte order mark first, which would become part of the first column's name.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut table = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header: Vec<String> = table.headers()?.iter().map(str::to_ascii_lowercase).collect();
    let mut columns: [Option<usize>; COLUMNS.len()] = [None; COLUMNS.len()];
    let mut ignored = Vec::new();
    for (index, title) in header.iter().enumerate() {
        match COLUMNS.iter().position(|names| names.contains(&title.as_str())) {
            None => ignored.push(title.clone()),
            Some(column) => {
                ensure!(
                    columns[column].is_none(),
                    "column {title} is there twice, expected it once"
                );
                columns[column] = Some(index);
            }
        }
    }
    ensure!(
        columns[0].is_some(),
        "has the columns {}, expected one called name",
        header.join(", ")
    );
    let mut rows: Vec<Compound> = Vec::new();
    let mut ids: HashMap<String, u64> = HashMap::new();
    for record in table.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| {
            columns[column]
                .and_then(|index| record.get(index))
                .filter(|text| !text.is_empty())
        };
        let compound = row(line, cell).with_context(|| format!("line {line}"))?;
        if let Some(earlier) = ids.insert(compound.id.clone(), line) {
            bail!(
                "line {line}: {} has the id {:?} of line {earlier}; give one of them another in a column called id",
                compound.name,
                compound.id
            );
        }
        rows.push(compound);
    }
    ensure!(!rows.is_empty(), "has no row, expected at least one compound");
    Ok(Compounds { rows, ignored })
}

fn row<'a>(line: u64, cell: impl Fn(usize) -> Option<&'a str>) -> anyhow::Result<Compound> {
    let name = cell(0).context("name is empty, expected the compound's name")?;
    let doses_um = cell(3)
        .map(|text| {
            text.split([';', ' '])
                .filter(|dose| !dose.is_empty())
                .map(dose)
                .collect()
        })
        .transpose()?
        .unwrap_or_default();
    let split = match cell(4).map(str::to_ascii_lowercase).as_deref() {
        None | Some("seen" | "train") => Split::Seen,
        Some("held-out" | "held out" | "ood") => Split::HeldOut,
        Some(other) => bail!("split is {other:?}, expected seen or held-out"),
    };
    let control = match cell(5).map(str::to_ascii_lowercase).as_deref() {
        None | Some("no" | "false" | "0") => false,
        Some("yes" | "true" | "1") => true,
        Some(other) => bail!("control is {other:?}, expected yes or no"),
    };
    Ok(Compound {
        line,
        id: cell(6).map_or_else(|| slug(name), str::to_owned),
        name: name.to_owned(),
        smiles: cell(1).map(str::to_owned),
        mode_of_action: cell(2).map(str::to_owned),
        doses_um,
        split,
        control,
        batches: cell(7).map(listed).unwrap_or_default(),
    })
}

/// Names joined by semicolons; a name may hold blanks.
fn listed(text: &str) -> Vec<String> {
    let names = text.split(';').map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn dose(text: &str) -> anyhow::Result<f64> {
    text.parse::<f64>()
        .ok()
        .filter(|dose| dose.is_finite() && *dose >= 0.0)
        .with_context(|| {
            format!("dose {text:?} is not a number of micromolar from 0, expected doses such as 0.3;1;3")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_may_come_in_any_order_and_case_and_be_missing() {
        let table = "\u{feff}MoA, Name ,SMILES,plate,dose,Batches\nActin disruptors, cytochalasin B,C,7,10;30,Week1; Week 2\n,DMSO,CS(=O)C,7,,\n";
        let compounds = parse(table).unwrap();
        assert_eq!(compounds.ignored, ["plate"]);
        assert_eq!(
            compounds.rows[0],
            Compound {
                line: 2,
                id: "cytochalasin-b".into(),
                name: "cytochalasin B".into(),
                smiles: Some("C".into()),
                mode_of_action: Some("Actin disruptors".into()),
                doses_um: vec![10.0, 30.0],
                split: Split::Seen,
                control: false,
                batches: vec!["Week1".into(), "Week 2".into()],
            }
        );
        assert!(compounds.rows[1].batches.is_empty());
        assert_eq!(compounds.rows[1].mode_of_action, None);
        assert!(compounds.rows[1].doses_um.is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (table, expected) in [
            ("smiles\nC\n", "expected one called name"),
            ("name,name\na,b\n", "column name is there twice"),
            ("name\n", "expected at least one compound"),
            (
                "name,split\na,seen\nb,maybe\n",
                "line 3: split is \"maybe\", expected seen or held-out",
            ),
            ("name,dose\na,much\n", "line 2: dose \"much\""),
            ("name,dose\na,-1\n", "line 2: dose \"-1\""),
            ("name,dose\na,nan\n", "line 2: dose \"nan\""),
            ("name,control\na,perhaps\n", "line 2: control is \"perhaps\""),
            ("name,smiles\n,C\n", "line 2: name is empty"),
            (
                "name\nMG-132\nMG 132\n",
                "line 3: MG 132 has the id \"mg-132\" of line 2",
            ),
            ("name,smiles\na\n", "line: 2"),
        ] {
            let message = format!("{:#}", parse(table).unwrap_err());
            assert!(message.contains(expected), "{message} for {table:?}");
        }
    }

    #[test]
    fn held_out_compounds_and_the_control_are_told_apart() {
        let compounds = parse("name,split,control\na,held-out,\nb,seen,yes\n").unwrap();
        assert_eq!(compounds.rows[0].split, Split::HeldOut);
        assert!(compounds.rows[1].control && !compounds.rows[0].control);
    }
}
