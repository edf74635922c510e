//! A comparison for people and for other programs: `compare.md` and `compare.csv`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use cellflux_bundle::Estimate;
use cellflux_bundle::markdown::escaped;

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
    let names: Vec<String> = comparison.names.iter().map(|name| escaped(name)).collect();
    let first = names.first().map_or("", String::as_str);
    let nature = comparison.nature;
    let mut text = format!(
        "# Evaluations compared\n\nIntervals hold 95 % of resamplings. Behind an arrow stands the difference \
         to {first}, on the same draws of the same {nature} cells; **bold** where its interval leaves out \
         0. A share above 1, which is 100 %, is more change than {nature} cells show: noise where its \
         interval holds 1.\n\nGenerated cells alone have differences, and of these the Frechet distance has \
         none, since its draws are its own. Others are missing where one of two evaluations lacks the \
         figure, where their spaces have other features under one name, and where the first one has no gap \
         in the condition.\n\n"
    );
    for (name, reason) in &comparison.unpaired {
        let _ = writeln!(
            text,
            "- {} has no differences: {}.",
            escaped(name),
            escaped(reason)
        );
    }
    let _ = write!(
        text,
        "\n| of | figure | {} |\n|---|---|{}\n",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    for figure in &comparison.figures {
        let cells: Vec<String> = figure.own.iter().zip(&figure.differences).map(cell).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            escaped(&figure.of),
            escaped(&figure.name),
            cells.join(" | ")
        );
    }
    text
}

fn cell((own, difference): (&Option<Estimate>, &Option<Estimate>)) -> String {
    let shown = |estimate: &Estimate, sign: bool| {
        let [low, high] = [estimate.low, estimate.high].map(unsigned_zero);
        let value = unsigned_zero(estimate.value);
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

/// A number of which two digits are shown: zero where these are zero, which would have a sign otherwise.
fn unsigned_zero(number: f64) -> f64 {
    if number.abs() < 0.005 { 0.0 } else { number }
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

#[cfg(test)]
mod tests {
    use cellflux_bundle::evaluation::Nature;

    use super::*;

    #[test]
    fn names_stay_in_their_cells_and_zero_has_no_sign() {
        let estimate = |value: f64| Estimate {
            value,
            low: value - 0.004,
            high: value + 0.2,
        };
        let text = markdown(&Comparison {
            nature: Nature::Real,
            names: vec!["one|two".into(), "b".into()],
            figures: vec![Figure {
                of: "<taxol>".into(),
                name: "gap closed".into(),
                own: vec![Some(estimate(0.5)), Some(estimate(-0.0))],
                differences: vec![None, Some(estimate(-0.002))],
            }],
            unpaired: vec![("b".into(), "line\nbreak".into())],
        });
        assert!(text.contains("\n- b has no differences: line break.\n"), "{text}");
        assert!(
            text.contains("| of | figure | one\\|two | b |\n|---|---|---|---|\n"),
            "{text}"
        );
        let row = "| \\<taxol> | gap closed | 0.50 (0.50 to 0.70) | 0.00 (0.00 to 0.20) → +0.00 (-0.01 to \
                   0.20) |\n";
        assert!(text.contains(row), "{text}");
    }
}
