//! The files of an evaluation: figures as JSON, tables as CSV and Markdown, measures as safetensors.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::Path;

use cellflux_bundle::Bundle;
use cellflux_bundle::evaluation::{Distances, Evaluation, Row, Verdict};
use cellflux_data::Experiment;
use safetensors::tensor::{Dtype, TensorView};

use super::assess::{Assessment, Difference, treatment, unmeasured};
use super::cells::Cells;
use super::generate::file_name;
use super::measured::{Measured, Ruler};
use super::{Estimate, EvaluateError, written};

/// The figures' file.
pub const EVALUATION: &str = "evaluation.json";
/// The report for people.
pub const REPORT: &str = "report.md";

/// Writes everything that an assessment has to say into `folder`.
///
/// # Errors
/// [`EvaluateError::File`] for a file that cannot be written.
pub fn write(folder: &Path, assessment: &Assessment, title: &str) -> Result<(), EvaluateError> {
    let evaluation = &assessment.evaluation;
    let json = serde_json::to_vec_pretty(evaluation).map_err(|error| EvaluateError::Text {
        path: folder.join(EVALUATION),
        reason: error.to_string(),
    })?;
    written(&folder.join(EVALUATION), &[&json[..], b"\n"].concat())?;
    written(&folder.join(REPORT), markdown(assessment, title).as_bytes())?;
    written(
        &folder.join("conditions.csv"),
        &conditions_csv(folder, evaluation)?,
    )?;
    let tensors = measures(folder, &assessment.ruler, &assessment.measured)?;
    written(&folder.join("measures.safetensors"), &tensors)
}

/// The table of generated cells, so that others can score the same cells: number and picture, what was done, and
/// the images of control and real cell.
///
/// # Errors
/// [`EvaluateError::File`] for a file that cannot be written.
pub fn write_cells(
    folder: &Path,
    experiment: &Experiment,
    bundle: &Bundle,
    cells: &Cells,
) -> Result<(), EvaluateError> {
    let path = folder.join("cells.csv");
    let mut table = csv::Writer::from_writer(Vec::new());
    let wrong = |error: csv::Error| EvaluateError::Text {
        path: path.clone(),
        reason: error.to_string(),
    };
    table
        .write_record([
            "cell",
            "picture",
            "condition",
            "compound",
            "dose_um",
            "batch",
            "control",
            "real",
        ])
        .map_err(wrong)?;
    for (number, partner) in cells.partners.iter().enumerate() {
        let image = |at: u32| {
            experiment
                .entries()
                .get(at as usize)
                .map_or("", |entry| &*entry.image)
        };
        let batch = experiment
            .entries()
            .get(partner.treated as usize)
            .and_then(|entry| experiment.batches().get(entry.batch as usize));
        let condition = bundle.manifest.conditions.list.get(partner.condition);
        let record = [
            number.to_string(),
            file_name(number),
            condition.map_or_else(String::new, |condition| condition.id.clone()),
            treatment(experiment, partner.treated).to_owned(),
            partner.dose_um.map_or_else(String::new, |dose| dose.to_string()),
            batch.cloned().unwrap_or_default(),
            image(partner.control).to_owned(),
            image(partner.treated).to_owned(),
        ];
        table.write_record(record).map_err(wrong)?;
    }
    let text = table.into_inner().map_err(|error| EvaluateError::Text {
        path: path.clone(),
        reason: error.to_string(),
    })?;
    written(&path, &text)
}

fn conditions_csv(folder: &Path, evaluation: &Evaluation) -> Result<Vec<u8>, EvaluateError> {
    let path = folder.join("conditions.csv");
    let mut table = csv::Writer::from_writer(Vec::new());
    let wrong = |reason: String| EvaluateError::Text {
        path: path.clone(),
        reason,
    };
    let mut titles = vec!["id", "name", "seen_in_training", "treated_cells", "control_cells"];
    let figures = [
        ["gap_closed", "gap_closed_low", "gap_closed_high"],
        ["direction", "direction_low", "direction_high"],
        ["area_control", "area_control_low", "area_control_high"],
        ["area_real", "area_real_low", "area_real_high"],
        ["area_generated", "area_generated_low", "area_generated_high"],
    ];
    titles.extend(figures.iter().flatten());
    table
        .write_record(&titles)
        .map_err(|error| wrong(error.to_string()))?;
    for condition in &evaluation.conditions {
        let nuclei = condition.nuclei.as_ref();
        let estimates = [
            condition.gap_closed,
            condition.direction,
            nuclei.map(|nuclei| nuclei.control),
            nuclei.map(|nuclei| nuclei.treated),
            nuclei.map(|nuclei| nuclei.generated),
        ];
        let mut record = vec![
            condition.id.clone(),
            condition.name.clone(),
            condition.seen.to_string(),
            condition.treated.to_string(),
            condition.controls.to_string(),
        ];
        for estimate in estimates {
            let numbers = estimate.map(|Estimate { value, low, high }| [value, low, high]);
            record
                .extend((0..3).map(|at| numbers.map_or_else(String::new, |numbers| numbers[at].to_string())));
        }
        table
            .write_record(&record)
            .map_err(|error| wrong(error.to_string()))?;
    }
    table.into_inner().map_err(|error| wrong(error.to_string()))
}

/// Every set's measures, f64 `[N, D]`, NaN where a crop does not have one; the measures' names are in the file's
/// metadata.
fn measures(folder: &Path, ruler: &Ruler, sets: &[(String, Measured)]) -> Result<Vec<u8>, EvaluateError> {
    let wrong = |reason: String| EvaluateError::Text {
        path: folder.join("measures.safetensors"),
        reason,
    };
    let data: BTreeMap<String, (Vec<usize>, Vec<u8>)> = sets
        .iter()
        .map(|(name, set)| {
            let shape = vec![set.len(), ruler.catalogue().len()];
            let bytes = set
                .values()
                .flat_map(|value| value.unwrap_or(f64::NAN).to_le_bytes())
                .collect();
            (name.replace(' ', "_"), (shape, bytes))
        })
        .collect();
    let views = data
        .iter()
        .map(|(name, (shape, bytes))| {
            let view = TensorView::new(Dtype::F64, shape.clone(), bytes)
                .map_err(|error| wrong(error.to_string()))?;
            Ok((name.clone(), view))
        })
        .collect::<Result<Vec<_>, EvaluateError>>()?;
    let names: Vec<&str> = ruler
        .catalogue()
        .iter()
        .map(|measure| measure.name.as_str())
        .collect();
    let about = HashMap::from([("measures".to_owned(), names.join(","))]);
    safetensors::serialize(views, Some(about)).map_err(|error| wrong(error.to_string()))
}

/// A number with its interval.
fn shown(estimate: Option<Estimate>, digits: usize) -> String {
    estimate.map_or_else(
        || "-".to_owned(),
        |Estimate { value, low, high }| format!("{value:.digits$} ({low:.digits$} to {high:.digits$})"),
    )
}

fn markdown(assessment: &Assessment, title: &str) -> String {
    let evaluation = &assessment.evaluation;
    let data = &evaluation.data;
    let mut text = format!(
        "# Evaluation of {title}\n\n{} real treated cells and {} controls of {} ({} split, by {}); {} groups, intervals of 95 % \
         from {} resamplings. Sampling: {} steps of {}, alpha {}, noise {}.\n\n",
        data.treated,
        data.controls,
        data.name,
        name_of(&data.split),
        name_of(&data.resampled_by),
        data.groups,
        data.replicates,
        evaluation.sampling.steps,
        evaluation.sampling.solver.name(),
        evaluation.sampling.alpha,
        evaluation.sampling.noise,
    );
    text.push_str("## Against real treated cells\n\n");
    text.push_str(
        "Distances are between halves of the cells, both ways, so every row has as many cells on each side; rows of \
         controls are against real controls.\n\n",
    );
    rows_table(&mut text, &evaluation.rows);
    text.push_str("\n## The same, as differences\n\n| sets | gap closed | nearer to real cells by (KID) |\n|---|---|---|\n");
    for difference in &assessment.differences {
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            difference.name,
            shown(difference.gap_closed, 2),
            shown(difference.nearer, 3)
        );
    }
    conditions_table(&mut text, evaluation);
    text.push_str("\n## In words\n\n");
    for sentence in sentences(evaluation, &assessment.differences) {
        let _ = writeln!(text, "- {sentence}");
    }
    for note in &assessment.notes {
        let _ = writeln!(text, "- {note}");
    }
    text
}

fn name_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn rows_table(text: &mut String, rows: &[Row]) {
    text.push_str(
        "| set | cells | KID | energy | Frechet | precision | recall | density | coverage | gap closed | direction | fine detail |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let first: Option<&Distances> = row.distances.first();
        let of = |which: fn(&Distances) -> Option<Estimate>, digits| shown(first.and_then(which), digits);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.name,
            row.cells,
            of(|distances| distances.kid, 3),
            of(|distances| distances.energy, 2),
            of(|distances| distances.frechet, 1),
            of(|distances| distances.precision, 2),
            of(|distances| distances.recall, 2),
            of(|distances| distances.density, 2),
            of(|distances| distances.coverage, 2),
            shown(row.gap_closed, 2),
            shown(row.direction, 2),
            shown(row.fine_detail, 2),
        );
    }
}

fn conditions_table(text: &mut String, evaluation: &Evaluation) {
    text.push_str(
        "\n## By condition\n\n| condition | cells | controls | gap closed | direction | nuclear area: control, real, generated (px) |\n\
         |---|---|---|---|---|---|\n",
    );
    for condition in evaluation
        .conditions
        .iter()
        .filter(|condition| condition.treated >= evaluation.data.least_cells)
    {
        let area = |which: fn(&cellflux_bundle::evaluation::NuclearArea) -> Estimate| {
            shown(condition.nuclei.as_ref().map(which), 0)
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {}; {}; {} |",
            condition.name,
            condition.treated,
            condition.controls,
            shown(condition.gap_closed, 2),
            shown(condition.direction, 2),
            area(|nuclei| nuclei.control),
            area(|nuclei| nuclei.treated),
            area(|nuclei| nuclei.generated),
        );
    }
    let others = unmeasured(evaluation);
    if !others.is_empty() {
        let names: Vec<String> = others
            .iter()
            .map(|(name, cells)| format!("{name} ({cells})"))
            .collect();
        let _ = writeln!(
            text,
            "\nWithout figures, with their cells, since they are fewer than {}, lie in one group or do not differ from \
             controls beyond noise: {}.",
            evaluation.data.least_cells,
            names.join(", ")
        );
    }
}

/// What the figures allow to be said.
fn sentences(evaluation: &Evaluation, differences: &[Difference]) -> Vec<String> {
    let mut said = Vec::new();
    for condition in &evaluation.conditions {
        let Some(gap) = condition.gap_closed else {
            continue;
        };
        let share = |value: f64| format!("{:.0}", 100.0 * value);
        let range = format!(
            "{} % ({} to {})",
            share(gap.value),
            share(gap.low),
            share(gap.high)
        );
        said.push(match condition.verdict() {
            Verdict::BetterThanCopy => format!(
                "{}: makes {range} of the measured change ({} real cells).",
                condition.name, condition.treated
            ),
            Verdict::NotShown => format!(
                "{}: {range} of the measured change; not shown to be better than a copy of the control.",
                condition.name
            ),
            Verdict::WorseThanCopy => format!(
                "{}: {range} of the measured change: a copy of the control is nearer to the real cells.",
                condition.name
            ),
            Verdict::Unmeasured => continue,
        });
    }
    for difference in differences {
        if let Some(gap) = difference.gap_closed {
            let certain = gap.low > 0.0;
            said.push(format!(
                "{}: the gap closed differs by {}, {}.",
                difference.name,
                shown(Some(gap), 2),
                if certain {
                    "more than zero"
                } else {
                    "which is not shown to be more than zero"
                }
            ));
        }
    }
    if let Some(used) = evaluation.compound_use {
        said.push(format!(
            "The same controls under different compounds end {} times as far apart as the real compounds' cells.",
            shown(Some(used), 2)
        ));
    }
    said
}
