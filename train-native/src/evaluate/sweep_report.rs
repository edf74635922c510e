//! A sweep for people and for other programs: `sweep.md` and `sweep.csv`.

use std::fmt::Write;
use std::path::Path;

use super::shown::{numbers, shown};
use super::sweep::{Sweep, Tried, label};
use super::{Estimate, EvaluateError, written};

/// The report for people.
pub const REPORT: &str = "sweep.md";
/// The same figures as a table.
pub const TABLE: &str = "sweep.csv";

/// Writes both files into `folder`, for a sweep over this many treated cells.
///
/// # Errors
/// [`EvaluateError::File`] for a file that cannot be written.
pub fn write(folder: &Path, sweep: &Sweep, cells: usize) -> Result<(), EvaluateError> {
    written(&folder.join(TABLE), &csv(folder, sweep)?)?;
    written(&folder.join(REPORT), markdown(sweep, cells).as_bytes())
}

/// The report.
pub fn markdown(sweep: &Sweep, cells: usize) -> String {
    let nature = sweep.data.nature();
    let mut text = format!(
        "# Samplings compared on {cells} validation cells\n\n\
         Every sampling made the same cells from the same controls with the same noise. The score is the \
         mean of two shares, each 0 for a copy of the control and 1 for {nature} cells: the gap closed, and \
         the kernel distance taken away{}. Intervals hold 95 % of resamplings; differences to the best \
         are of the same draws.\n\n",
        match &sweep.space {
            Some(space) => format!(
                " (KID in {space}: {nature} cells {}, copied controls {})",
                shown(sweep.floor, 3),
                shown(sweep.copied, 3)
            ),
            None => format!(", which could not be measured: halves of the {nature} cells are too few groups"),
        }
    );
    if let Some(chosen) = sweep.tried.get(sweep.chosen) {
        let _ = writeln!(
            text,
            "Preferred: **{}**. {}\n",
            label(&chosen.sampling),
            reason(sweep, chosen)
        );
    }
    text.push_str(
        "| sampling | evaluations per cell | score | gap closed | behind the best by | KID | KID taken away \
         | behind the best by | fine detail |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
    for (at, one) in sweep.tried.iter().enumerate() {
        let mark = if at == sweep.chosen { "**" } else { "" };
        // The best is not behind itself.
        let behind = |estimate: Option<Estimate>| shown(estimate.filter(|_| at != sweep.best), 3);
        let _ = writeln!(
            text,
            "| {mark}{}{mark} | {} | {} | {} | {} | {} | {} | {} | {} |",
            label(&one.sampling),
            one.evaluations,
            number(one.score),
            shown(one.gap_closed, 2),
            behind(one.gap_behind),
            shown(one.kid, 3),
            number(one.kid_taken_away),
            behind(one.kid_behind),
            shown(one.fine_detail, 2),
        );
    }
    text
}

fn reason(sweep: &Sweep, chosen: &Tried) -> String {
    match sweep.tried.get(sweep.best) {
        Some(best) if sweep.best != sweep.chosen => format!(
            "The best score is that of {}; the preferred one takes {} evaluations per cell in place of {} \
             and is not shown to be worse.",
            label(&best.sampling),
            chosen.evaluations,
            best.evaluations
        ),
        _ => "It has the best score, and none that takes fewer evaluations is as good within its interval."
            .to_owned(),
    }
}

fn csv(folder: &Path, sweep: &Sweep) -> Result<Vec<u8>, EvaluateError> {
    let wrong = |reason: String| EvaluateError::Text {
        path: folder.join(TABLE),
        reason,
    };
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut titles: Vec<String> = [
        "alpha",
        "noise",
        "steps",
        "evaluations",
        "score",
        "kid_taken_away",
        "chosen",
    ]
    .map(str::to_owned)
    .to_vec();
    for name in ["gap_closed", "kid", "fine_detail", "gap_behind", "kid_behind"] {
        titles.extend(["", "_low", "_high"].map(|end| format!("{name}{end}")));
    }
    table
        .write_record(&titles)
        .map_err(|error| wrong(error.to_string()))?;
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for (at, one) in sweep.tried.iter().enumerate() {
        let mut record = vec![
            one.sampling.alpha.to_string(),
            one.sampling.noise.to_string(),
            one.sampling.steps.to_string(),
            one.evaluations.to_string(),
            number(one.score),
            number(one.kid_taken_away),
            (at == sweep.chosen).to_string(),
        ];
        for estimate in [
            one.gap_closed,
            one.kid,
            one.fine_detail,
            one.gap_behind,
            one.kid_behind,
        ] {
            record.extend(numbers(estimate));
        }
        table
            .write_record(&record)
            .map_err(|error| wrong(error.to_string()))?;
    }
    table.into_inner().map_err(|error| wrong(error.to_string()))
}
