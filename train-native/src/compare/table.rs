//! A comparison for people and for other programs: `compare.md` and `compare.csv`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use cellflux_bundle::Estimate;

use super::{CompareError, Comparison, Figure};
use crate::evaluate::{EvaluateError, written};

/// The table for people.
pub const REPORT: &str = "compare.md";
/// The same as CSV.
pub const TABLE: &str = "compare.csv";

/// Writes both files into `folder`, which is made.
///
/// # Errors
/// [`CompareError`] for a file that cannot be written.
pub fn write(folder: &Path, comparison: &Comparison) -> Result<(), CompareError> {
    fs::create_dir_all(folder).map_err(EvaluateError::file(folder))?;
    let path = folder.join(TABLE);
    let table = csv(comparison).map_err(|error| CompareError::File {
        path: path.clone(),
        reason: error.to_string(),
    })?;
    written(&path, &table)?;
    written(&folder.join(REPORT), markdown(comparison).as_bytes())?;
    Ok(())
}

/// The table for people.
pub fn markdown(comparison: &Comparison) -> String {
    let first = comparison.names.first().map_or("", String::as_str);
    let mut text = format!(
        "# Evaluations compared\n\nIntervals hold 95 % of resamplings. Behind an arrow stands the difference \
         to {first}, on the same draws of the same real cells; **bold** where its interval leaves out 0.\n\n"
    );
    for (name, reason) in &comparison.unpaired {
        let _ = writeln!(text, "- {name} has no differences: {reason}.");
    }
    let _ = write!(
        text,
        "\n| of | figure | {} |\n|---|---|{}\n",
        comparison.names.join(" | "),
        "---|".repeat(comparison.names.len())
    );
    for figure in &comparison.figures {
        let cells: Vec<String> = figure.own.iter().zip(&figure.differences).map(cell).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            figure.of,
            figure.name,
            cells.join(" | ")
        );
    }
    text
}

fn cell((own, difference): (&Option<Estimate>, &Option<Estimate>)) -> String {
    let shown = |estimate: &Estimate, sign: bool| {
        let Estimate { value, low, high } = estimate;
        let value = if sign {
            format!("{value:+.2}")
        } else {
            format!("{value:.2}")
        };
        format!("{value} ({low:.2} to {high:.2})")
    };
    let own = own
        .as_ref()
        .map_or_else(|| "-".to_owned(), |own| shown(own, false));
    match difference {
        None => own,
        Some(difference) if difference.low > 0.0 || difference.high < 0.0 => {
            format!("{own} → **{}**", shown(difference, true))
        }
        Some(difference) => format!("{own} → {}", shown(difference, true)),
    }
}

fn csv(comparison: &Comparison) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "of",
        "figure",
        "evaluation",
        "value",
        "low",
        "high",
        "difference",
        "difference_low",
        "difference_high",
    ])?;
    for Figure {
        of,
        name,
        own,
        differences,
    } in &comparison.figures
    {
        for ((evaluation, own), difference) in comparison.names.iter().zip(own).zip(differences) {
            let numbers = |estimate: &Option<Estimate>| {
                let number = |which: fn(&Estimate) -> f64| estimate.as_ref().map(which);
                [number(|e| e.value), number(|e| e.low), number(|e| e.high)]
            };
            let mut record = vec![of.clone(), name.clone(), evaluation.clone()];
            let all = numbers(own).into_iter().chain(numbers(difference));
            record.extend(all.map(|number| number.map_or_else(String::new, |number| number.to_string())));
            table.write_record(&record)?;
        }
    }
    table.into_inner().map_err(|error| error.into_error().into())
}
