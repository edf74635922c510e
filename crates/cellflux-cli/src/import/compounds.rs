//! The table of compounds: what a person writes down about each.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use cellflux_bundle::conditions::{Split, slug};
use cellflux_bundle::files::check_path;
use cellflux_bundle::perturbation::Perturbation;
use cellflux_table::{Row, Table};

/// The columns, by the names they may have; the first is the one that the documentation uses.
const COLUMNS: [&[&str]; 10] = [
    &["name"],
    &["smiles"],
    &["mode_of_action", "moa"],
    &["doses_um", "dose_um", "doses", "dose"],
    &["split"],
    &["control"],
    &["id"],
    &["batches", "batch"],
    &["kind"],
    &[
        "trained_doses_um",
        "trained_dose_um",
        "trained_doses",
        "trained_dose",
    ],
];
/// What the column of the doses of training holds where there was training at none.
const NONE: &str = "none";

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Compound {
    /// Line in the table, for messages.
    pub line: u64,
    /// Name in links; made from `name` where the table has none.
    pub id: String,
    /// Name to show.
    pub name: String,
    /// What was done to the cells; a compound was given to them unless the table says otherwise.
    pub kind: Perturbation,
    /// Structure, where known.
    pub smiles: Option<String>,
    /// Mode of action, where known.
    pub mode_of_action: Option<String>,
    /// Doses in the data, micromolar.
    pub doses_um: Vec<f64>,
    /// Those of `doses_um` that training had; `None` where the table does not say.
    pub trained_doses_um: Option<Vec<f64>>,
    /// Whether training saw it.
    pub split: Split,
    /// Whether it is the untreated control.
    pub control: bool,
    /// Experimental batches in which the data has it; empty where the table does not say.
    pub batches: Vec<String>,
}

/// A table of compounds.
#[derive(Debug)]
pub struct Compounds {
    /// The table's path, for messages.
    pub file: String,
    /// The rows in the table's order.
    pub rows: Vec<Compound>,
    /// Columns of the table that an import does not read.
    pub ignored: Vec<String>,
}

/// Reads the table (CSV or TSV with a header line, UTF-8; columns in any order, any case).
pub fn read(path: &Path) -> anyhow::Result<Compounds> {
    let file = cellflux_files::open(path).with_context(|| format!("{}: cannot be opened", path.display()))?;
    let shown = path.display().to_string();
    parse(&shown, file, cellflux_table::delimiter(path)).context(shown)
}

fn parse(file: &str, source: impl Read, delimiter: u8) -> anyhow::Result<Compounds> {
    let mut table = Table::new(source, delimiter)?;
    let mut columns: [Option<(usize, String)>; COLUMNS.len()] = std::array::from_fn(|_| None);
    let mut ignored = Vec::new();
    for (index, title) in table.titles().iter().enumerate() {
        let lower = title.to_ascii_lowercase();
        match COLUMNS
            .iter()
            .zip(&mut columns)
            .find(|(names, _)| names.contains(&lower.as_str()))
        {
            None => ignored.push(lower),
            Some((_, Some((_, earlier)))) => {
                bail!("has the columns {earlier:?} and {title:?}, which mean the same, expected one of them")
            }
            Some((_, column)) => *column = Some((index, title.clone())),
        }
    }
    let [name, ..] = &columns;
    ensure!(
        name.is_some(),
        "has the columns {}, expected one called name",
        table.titles().join(", ")
    );
    let mut rows: Vec<Compound> = Vec::new();
    let mut ids: HashMap<String, u64> = HashMap::new();
    let mut record = Row::default();
    while table.read(&mut record)? {
        let line = record.line;
        let cell = |column: usize| {
            let (index, title) = columns.get(column)?.as_ref()?;
            let text = record.cells.get(*index).filter(|text| !text.is_empty())?;
            Some(Cell { title, text })
        };
        let compound = row(line, cell).with_context(|| format!("line {line}"))?;
        if let Some(earlier) = ids.insert(compound.id.clone(), line) {
            bail!(
                "line {line}: {} has the id {:?} of line {earlier}; give one of them another in a column \
                called id",
                compound.name,
                compound.id
            );
        }
        if compound.control
            && let Some(first) = rows.iter().find(|earlier| earlier.control)
        {
            bail!(
                "line {line}: {} is marked as the control, and so is {} on line {}, expected one untreated \
                state",
                compound.name,
                first.name,
                first.line
            );
        }
        rows.push(compound);
    }
    ensure!(!rows.is_empty(), "has no row, expected at least one compound");
    Ok(Compounds {
        file: file.to_owned(),
        rows,
        ignored,
    })
}

/// What stands in one column of a row.
#[derive(Clone, Copy)]
struct Cell<'a> {
    /// The column's name as the table has it, for messages.
    title: &'a str,
    /// Not empty.
    text: &'a str,
}

fn row<'a>(line: u64, cell: impl Fn(usize) -> Option<Cell<'a>>) -> anyhow::Result<Compound> {
    let text = |column: usize| cell(column).map(|cell| cell.text);
    let name = text(0).context("name is empty, expected the compound's name")?;
    let doses_um = cell(3).map(doses).transpose()?.unwrap_or_default();
    let batches = text(7).map(listed).unwrap_or_default();
    each_once("batch", &batches)?;
    let split = match text(4).map(str::to_ascii_lowercase).as_deref() {
        None | Some("seen" | "train") => Split::Seen,
        Some("held-out" | "held out" | "ood") => Split::HeldOut,
        Some(other) => bail!("split is {other:?}, expected seen or held-out"),
    };
    let control = match text(5).map(str::to_ascii_lowercase).as_deref() {
        None | Some("no" | "false" | "0") => false,
        Some("yes" | "true" | "1") => true,
        Some(other) => bail!("control is {other:?}, expected yes or no"),
    };
    let kind = match text(8).map(str::to_ascii_lowercase).as_deref() {
        None | Some("compound") => Perturbation::Compound,
        Some("knock-out") => Perturbation::KnockOut,
        Some("knock-down") => Perturbation::KnockDown,
        Some("over-expression") => Perturbation::OverExpression,
        Some(other) => {
            bail!("kind is {other:?}, expected compound, knock-out, knock-down or over-expression")
        }
    };
    let trained_doses_um = cell(9)
        .map(|cell| trained_doses(cell, &doses_um, split))
        .transpose()?;
    let id = text(6).map_or_else(|| slug(name), str::to_owned);
    // Its drawing is a file of this name.
    check_path("id", &format!("structures/{id}.svg")).map_err(|_| {
        anyhow::anyhow!(
            "id is {id:?}, which cannot be a file's name on every system; give it another in a column \
            called id"
        )
    })?;
    Ok(Compound {
        line,
        id,
        name: name.to_owned(),
        kind,
        smiles: text(1).map(str::to_owned),
        mode_of_action: text(2).map(str::to_owned),
        doses_um,
        trained_doses_um,
        split,
        control,
        batches,
    })
}

/// Doses joined by semicolons or blanks, each once.
fn doses(cell: Cell) -> anyhow::Result<Vec<f64>> {
    let all = cell.text.split([';', ' ']).filter(|dose| !dose.is_empty());
    let doses_um = all.map(dose).collect::<anyhow::Result<Vec<f64>>>();
    doses_um
        .and_then(|doses_um| each_once("dose", &doses_um).map(|()| doses_um))
        .with_context(|| format!("column {}", cell.title))
}

/// The doses that training had, which are some of those that the data have.
fn trained_doses(cell: Cell, doses_um: &[f64], split: Split) -> anyhow::Result<Vec<f64>> {
    if cell.text.eq_ignore_ascii_case(NONE) {
        return Ok(Vec::new());
    }
    let title = cell.title;
    ensure!(
        split == Split::Seen,
        "column {title}: found {:?} of a compound that is held out, expected {NONE}",
        cell.text
    );
    let trained = doses(cell)?;
    if let Some(other) = trained.iter().find(|dose_um| !doses_um.contains(dose_um)) {
        let own: Vec<String> = doses_um.iter().map(f64::to_string).collect();
        let own = if own.is_empty() {
            NONE.to_owned()
        } else {
            own.join(";")
        };
        bail!(
            "column {title}: found the dose {other}, expected doses that doses_um has, too, which in this \
            row are {own}"
        );
    }
    Ok(trained)
}

/// Names joined by semicolons; a name may hold blanks.
fn listed(text: &str) -> Vec<String> {
    let names = text.split(';').map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn each_once<T: PartialEq + std::fmt::Debug>(what: &str, list: &[T]) -> anyhow::Result<()> {
    for (index, value) in list.iter().enumerate() {
        let earlier = list.iter().take(index);
        ensure!(
            !earlier.into_iter().any(|earlier| earlier == value),
            "{what} {value:?} is there twice, expected it once"
        );
    }
    Ok(())
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
        let table = "\u{feff}MoA, Name ,SMILES,plate,dose,Batches\n\
            Actin disruptors, cytochalasin B,C,7,10;30,Week1; Week 2\n,DMSO,CS(=O)C,7,,\n";
        let compounds = parse("compounds.csv", table.as_bytes(), b',').unwrap();
        assert_eq!(compounds.ignored, ["plate"]);
        assert_eq!(
            compounds.rows[0],
            Compound {
                line: 2,
                id: "cytochalasin-b".into(),
                name: "cytochalasin B".into(),
                kind: Perturbation::Compound,
                smiles: Some("C".into()),
                mode_of_action: Some("Actin disruptors".into()),
                doses_um: vec![10.0, 30.0],
                trained_doses_um: None,
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
            ("name,name\na,b\n", "two columns called \"name\""),
            ("name\n", "expected at least one compound"),
            (
                "name,split\na,seen\nb,maybe\n",
                "line 3: split is \"maybe\", expected seen or held-out",
            ),
            (
                "name,kind\na,mutation\n",
                "line 2: kind is \"mutation\", expected compound",
            ),
            ("name,dose\na,much\n", "line 2: column dose: dose \"much\""),
            ("name,dose\na,-1\n", "line 2: column dose: dose \"-1\""),
            ("name,dose\na,nan\n", "line 2: column dose: dose \"nan\""),
            ("name,control\na,perhaps\n", "line 2: control is \"perhaps\""),
            ("name,smiles\n,C\n", "line 2: name is empty"),
            (
                "name\nMG-132\nMG 132\n",
                "line 3: MG 132 has the id \"mg-132\" of line 2",
            ),
            (
                "name,moa,mode_of_action\na,b,c\n",
                "the columns \"moa\" and \"mode_of_action\"",
            ),
            ("name,smiles\na\n", "line 2: 1 cells, expected 2"),
            // Lines as an editor numbers them: ends of both kinds, blank lines, a line break in quotes.
            (
                "name,dose\r\n\r\n\"a\r\nb\",1\r\nc,much\r\n",
                "line 5: column dose: ",
            ),
            ("name,dose\ra,1\rc,much\r", "line 3: column dose: "),
            ("PK\u{3}\u{4}", ".xlsx"),
            (
                "name,control\nDMSO,yes\na,\nwater,yes\n",
                "line 4: water is marked as the control, and so is DMSO on line 2",
            ),
            (
                "name,dose\na,0.3;1;0.30\n",
                "line 2: column dose: dose 0.3 is there twice",
            ),
            (
                "name,batch\na,Week1; Week1\n",
                "line 2: batch \"Week1\" is there twice",
            ),
            (
                "name\nNUL\n",
                "line 2: id is \"nul\", which cannot be a file's name",
            ),
            ("name,id\na,..\n", "line 2: id is \"..\""),
            ("name;dose\na;1\n", "separated by semicolons"),
            ("name\tdose\na\t1\n", "separated by tabs"),
        ] {
            let message = format!(
                "{:#}",
                parse("compounds.csv", table.as_bytes(), b',').unwrap_err()
            );
            assert!(message.contains(expected), "{message} for {table:?}");
        }
    }

    #[test]
    fn a_gene_s_kind_is_read_and_a_row_without_one_is_a_compound() {
        let table = b"name,kind\nATF4,Knock-out\ntaxol,\nBRAF,over-expression\n";
        let compounds = parse("compounds.csv", &table[..], b',').unwrap();
        let kinds: Vec<Perturbation> = compounds.rows.iter().map(|row| row.kind).collect();
        assert_eq!(
            kinds,
            [
                Perturbation::KnockOut,
                Perturbation::Compound,
                Perturbation::OverExpression
            ]
        );
    }

    #[test]
    fn held_out_compounds_and_the_control_are_told_apart() {
        let compounds = parse(
            "compounds.csv",
            &b"name,split,control\na,held-out,\nb,seen,yes\n"[..],
            b',',
        )
        .unwrap();
        assert_eq!(compounds.rows[0].split, Split::HeldOut);
        assert!(compounds.rows[1].control && !compounds.rows[0].control);
    }

    #[test]
    fn doses_of_training_are_some_or_none_of_the_data_s_or_not_known() {
        let table = "name,doses_um,trained_doses_um,split\n\
            taxol,0.3;1;3,1;3,\nemetine,1,None,\nMG-132,1,,\nALLN,3,none,held-out\n";
        let compounds = parse("compounds.csv", table.as_bytes(), b',').unwrap();
        let trained = compounds.rows.into_iter().map(|row| row.trained_doses_um);
        assert_eq!(
            trained.collect::<Vec<_>>(),
            [Some(vec![1.0, 3.0]), Some(vec![]), None, Some(vec![])]
        );
    }

    #[test]
    fn doses_that_training_cannot_have_had_are_named_with_line_and_column() {
        for (row, expected) in [
            ("a,1;3,much,", "line 2: column trained_dose: dose \"much\""),
            ("a,1;3,-1,", "line 2: column trained_dose: dose \"-1\""),
            (
                "a,1;3,3;3.0,",
                "line 2: column trained_dose: dose 3.0 is there twice",
            ),
            (
                "a,1;3,3;10,",
                "line 2: column trained_dose: found the dose 10, expected doses that doses_um has, too, \
                which in this row are 1;3",
            ),
            ("a,,3,", "which in this row are none"),
            (
                "a,1;3,3,held-out",
                "line 2: column trained_dose: found \"3\" of a compound that is held out, expected none",
            ),
        ] {
            let table = format!("name,dose,trained_dose,split\n{row}\n");
            let refused = parse("compounds.csv", table.as_bytes(), b',').unwrap_err();
            let message = format!("{refused:#}");
            assert!(message.contains(expected), "{message} for {row:?}");
        }
    }
}
