//! The files of an evaluation: figures as JSON, tables as CSV and Markdown, measures as safetensors.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use cellflux_bundle::Bundle;
use cellflux_bundle::evaluation::Evaluation;
use cellflux_data::Experiment;
use cellflux_figures::{Chart, MEASURES as DISTANCES, Measure};
use cellflux_measure::sets::Features;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

use super::assess::{Assessment, treatment};
use super::by_measure;
use super::cells::Cells;
use super::compounds::{SameControls, TENSOR};
use super::generate::file_name;
use super::measured::{Measured, Ruler};
use super::report_text::markdown;
use super::shown::numbers;
use super::{Estimate, EvaluateError, written};

/// The figures' file.
pub use cellflux_bundle::evaluation::FILE as EVALUATION;

/// Every crop's measures.
pub const MEASURES: &str = "measures.safetensors";
/// The report for people.
pub const REPORT: &str = "report.md";

/// Writes everything that an assessment has to say into `folder`. `sheets` are the names of the pictures that
/// were drawn there already; the charts it links to are written by [`super::plots::write`].
///
/// # Errors
/// [`EvaluateError::Bundle`] naming a figure that readers of `evaluation.json` would refuse, before anything
/// is written; [`EvaluateError::File`] for a file that cannot be written.
pub fn write(
    folder: &Path,
    assessment: &Assessment,
    bundle: &Bundle,
    sheets: &[String],
    plots: &[Chart],
) -> Result<(), EvaluateError> {
    let evaluation = &assessment.evaluation;
    let json = evaluation.to_json()?;
    // Its size is limited, too.
    Evaluation::from_json(&json)?;
    written(&folder.join(EVALUATION), &json)?;
    let text = markdown(
        assessment,
        &bundle.manifest.title,
        &bundle.manifest.conditions,
        sheets,
        plots,
    );
    written(&folder.join(REPORT), text.as_bytes())?;
    let path = folder.join("conditions.csv");
    written(&path, &conditions_csv(&path, assessment, bundle)?)?;
    let path = folder.join(by_measure::FILE);
    let list = &bundle.manifest.conditions.list;
    let id = |at: usize| list.get(at).map_or("", |condition| condition.id.as_str());
    written(&path, &by_measure::csv(&path, &assessment.by_measure, id)?)?;
    let path = folder.join("distances_by_condition.csv");
    written(&path, &within_csv(&path, assessment, bundle)?)?;
    let mut images = "path\n".to_owned();
    for (_, paths, _) in &assessment.measured {
        for path in paths {
            images.push_str(path);
            images.push('\n');
        }
    }
    written(&folder.join("images.csv"), images.as_bytes())?;
    assessment.real.write(folder)?;
    let same = assessment.same_controls.as_ref();
    let tensors = measures(folder, &assessment.ruler, &assessment.measured, same)?;
    written(&folder.join(MEASURES), &tensors)?;
    for (space, features) in &assessment.features {
        let path = folder.join(features_file(space));
        written(&path, &of_space(&path, &assessment.measured, features)?)?;
    }
    Ok(())
}

/// The table of generated cells, so that others can score the same cells: number and picture, what was done,
/// and the images of control and real cell.
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

fn conditions_csv(path: &Path, assessment: &Assessment, bundle: &Bundle) -> Result<Vec<u8>, EvaluateError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let wrong = |reason: String| EvaluateError::Text {
        path: path.to_owned(),
        reason,
    };
    let mut titles = vec![
        "id",
        "name",
        "seen_in_training",
        "treated_cells",
        "groups",
        "starts",
        "control_cells",
    ];
    let figures = [
        ["gap_closed", "gap_closed_low", "gap_closed_high"],
        ["direction", "direction_low", "direction_high"],
        ["side_change", "side_change_low", "side_change_high"],
        ["area_control", "area_control_low", "area_control_high"],
        ["area_real", "area_real_low", "area_real_high"],
        ["area_generated", "area_generated_low", "area_generated_high"],
        ["real_gap_closed", "real_gap_closed_low", "real_gap_closed_high"],
        [
            "same_plate_gap_closed",
            "same_plate_gap_closed_low",
            "same_plate_gap_closed_high",
        ],
    ];
    titles.extend(figures.iter().flatten());
    table
        .write_record(&titles)
        .map_err(|error| wrong(error.to_string()))?;
    for condition in &assessment.evaluation.conditions {
        let nuclei = condition.nuclei.as_ref();
        let position = bundle.manifest.conditions.position(&condition.id);
        let same_plate = assessment.same_plate.as_ref();
        let estimates = [
            condition.gap_closed,
            condition.direction,
            condition.side_change,
            nuclei.map(|nuclei| nuclei.control),
            nuclei.map(|nuclei| nuclei.treated),
            nuclei.map(|nuclei| nuclei.generated),
            position.and_then(|position| assessment.real_halves.of_condition(position)),
            position.and_then(|position| same_plate?.of_condition(position)),
        ];
        let mut record = vec![
            condition.id.clone(),
            condition.name.clone(),
            condition.seen.to_string(),
            condition.treated.to_string(),
            count(condition.groups),
            count(condition.starts),
            condition.controls.to_string(),
        ];
        record.extend(estimates.into_iter().flat_map(numbers));
        table
            .write_record(&record)
            .map_err(|error| wrong(error.to_string()))?;
    }
    table.into_inner().map_err(|error| wrong(error.to_string()))
}

/// A number that may be unknown.
fn count(number: Option<usize>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

/// Each distance within each condition: one line for a figure.
fn within_csv(path: &Path, assessment: &Assessment, bundle: &Bundle) -> Result<Vec<u8>, EvaluateError> {
    let wrong = |reason: String| EvaluateError::Text {
        path: path.to_owned(),
        reason,
    };
    let mut table = csv::Writer::from_writer(Vec::new());
    table
        .write_record(["space", "condition", "set", "figure", "value", "low", "high"])
        .map_err(|error| wrong(error.to_string()))?;
    let list = &bundle.manifest.conditions.list;
    for (space, measured) in &assessment.within {
        for (place, &condition) in measured.conditions.iter().enumerate() {
            let condition = list.get(condition).map_or("", |condition| &condition.id);
            for (set, row) in assessment.evaluation.rows.iter().enumerate() {
                let Some(found) = measured.within(space, place, set) else {
                    continue;
                };
                for Measure { name, figure, .. } in &DISTANCES {
                    let Some(Estimate { value, low, high }) = figure(&found) else {
                        continue;
                    };
                    let [value, low, high] = [value, low, high].map(|number| number.to_string());
                    table
                        .write_record([space, condition, &row.name, name, &value, &low, &high])
                        .map_err(|error| wrong(error.to_string()))?;
                }
            }
        }
    }
    table.into_inner().map_err(|error| wrong(error.to_string()))
}

/// Every set's measures, f64 `[N, D]`, NaN where a crop does not have one; the measures' names are in the
/// file's metadata.
fn measures(
    folder: &Path,
    ruler: &Ruler,
    sets: &[(String, Vec<String>, Measured)],
    same: Option<&SameControls>,
) -> Result<Vec<u8>, EvaluateError> {
    let wrong = |reason: String| EvaluateError::Text {
        path: folder.join(MEASURES),
        reason,
    };
    let named = sets.iter().map(|(name, _, set)| (name.as_str(), set));
    let data: Tensors = named
        .chain(same.map(|same| (TENSOR, &same.measured)))
        .map(|(name, set)| {
            let shape = vec![set.len(), ruler.catalogue().len()];
            let bytes = set
                .values()
                .flat_map(|value| value.unwrap_or(f64::NAN).to_le_bytes())
                .collect();
            (tensor_name(name), (shape, bytes))
        })
        .collect();
    let compounds = same.map_or(&[][..], |same| &same.ids);
    let names: Vec<&str> = ruler
        .catalogue()
        .iter()
        .map(|measure| measure.name.as_str())
        .collect();
    let (channels, [height, width]) = ruler.images();
    let images = json!({ "channels": channels, "height": height, "width": width });
    let about = HashMap::from([
        ("measures".to_owned(), names.join(",")),
        ("images".to_owned(), images.to_string()),
        ("compounds".to_owned(), json!(compounds).to_string()),
    ]);
    serialised(&data, Some(about)).map_err(wrong)
}

/// One space's features of every set, f64 `[N, D]`.
fn of_space(
    path: &Path,
    sets: &[(String, Vec<String>, Measured)],
    features: &[Features],
) -> Result<Vec<u8>, EvaluateError> {
    let data = sets
        .iter()
        .zip(features)
        .map(|((name, ..), features)| {
            let shape = vec![features.rows(), features.width()];
            let bytes = features
                .iter()
                .flatten()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            (tensor_name(name), (shape, bytes))
        })
        .collect();
    serialised(&data, None).map_err(|reason| EvaluateError::Text {
        path: path.to_owned(),
        reason,
    })
}

/// The file of a space's features.
pub fn features_file(space: &str) -> String {
    format!("features-{space}.safetensors")
}

/// Tensors by name: shape and bytes of f64.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

fn serialised(data: &Tensors, about: Option<HashMap<String, String>>) -> Result<Vec<u8>, String> {
    let views = data
        .iter()
        .map(|(name, (shape, bytes))| {
            let view = TensorView::new(Dtype::F64, shape.clone(), bytes);
            Ok((name.clone(), view.map_err(|error| error.to_string())?))
        })
        .collect::<Result<Vec<_>, String>>()?;
    safetensors::serialize(views, about).map_err(|error| error.to_string())
}

/// The name of a set's tensor.
pub fn tensor_name(set: &str) -> String {
    set.replace(' ', "_")
}
