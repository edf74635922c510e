//! The real cells of an evaluation, row by row as its tensors have them: what each was treated with, its
//! batch, and which cells belong together. With these and the tensors the evaluation can be resampled again.

use std::path::Path;

use cellflux_bundle::Bundle;
use cellflux_data::Experiment;
use cellflux_measure::sets::groups::{Groups, Unit};
use serde::{Deserialize, Serialize};

use super::cells::Cells;
use super::gathered::Gathered;
use super::{EvaluateError, written};

/// The file.
pub const FILE: &str = "real.csv";

/// One real cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealCell {
    /// Its image.
    pub image: String,
    /// The id of its condition in the bundle; empty for a control.
    pub condition: String,
    /// That condition's position in the bundle's list, which decides how its cells are divided in halves;
    /// nothing for a control.
    pub place: Option<usize>,
    /// Its batch.
    pub batch: String,
    /// The number of its group, from 0, among the treated cells or among the controls.
    pub group: usize,
}

/// The real cells, treated ones first in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealCells {
    /// What a group is.
    pub unit: Unit,
    /// Treated cells.
    pub treated: Vec<RealCell>,
    /// Controls.
    pub controls: Vec<RealCell>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    set: String,
    image: String,
    condition: String,
    place: Option<usize>,
    batch: String,
    group: usize,
}

const TREATED: &str = "treated";
const CONTROL: &str = "control";

impl RealCells {
    pub(super) fn of(gathered: &Gathered, bundle: &Bundle, cells: &Cells, experiment: &Experiment) -> Self {
        let batch = |number: u32| {
            let entry = experiment.entries().get(number as usize);
            let batch = entry.and_then(|entry| experiment.batches().get(entry.batch as usize));
            batch.cloned().unwrap_or_default()
        };
        let treated = cells.partners.iter().zip(&gathered.treated.paths);
        let treated = treated.zip(gathered.treated.groups.of_rows());
        let controls = cells.controls.iter().zip(&gathered.controls.paths);
        let controls = controls.zip(gathered.controls.groups.of_rows());
        Self {
            unit: gathered.treated.groups.unit(),
            treated: treated
                .map(|((partner, image), &group)| RealCell {
                    image: image.clone(),
                    condition: bundle
                        .manifest
                        .conditions
                        .list
                        .get(partner.condition)
                        .map_or_else(String::new, |condition| condition.id.clone()),
                    place: Some(partner.condition),
                    batch: batch(partner.treated),
                    group,
                })
                .collect(),
            controls: controls
                .map(|((&number, image), &group)| RealCell {
                    image: image.clone(),
                    condition: String::new(),
                    place: None,
                    batch: batch(number),
                    group,
                })
                .collect(),
        }
    }

    /// The groups of the treated cells, and of the controls.
    pub fn groups(&self) -> [Groups; 2] {
        [&self.treated, &self.controls].map(|cells| {
            let labels: Vec<usize> = cells.iter().map(|cell| cell.group).collect();
            Groups::of(self.unit, &labels)
        })
    }

    /// Writes [`FILE`] into `folder`.
    ///
    /// # Errors
    /// [`EvaluateError::File`] for a file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), EvaluateError> {
        let path = folder.join(FILE);
        let wrong = |reason: String| EvaluateError::Text {
            path: path.clone(),
            reason,
        };
        let mut table = csv::Writer::from_writer(Vec::new());
        for (set, cells) in [(TREATED, &self.treated), (CONTROL, &self.controls)] {
            for cell in cells {
                let RealCell {
                    image,
                    condition,
                    place,
                    batch,
                    group,
                } = cell.clone();
                let line = Line {
                    set: set.to_owned(),
                    image,
                    condition,
                    place,
                    batch,
                    group,
                };
                table.serialize(line).map_err(|error| wrong(error.to_string()))?;
            }
        }
        let text = table.into_inner().map_err(|error| wrong(error.to_string()))?;
        written(&path, &text)
    }

    /// Reads [`FILE`] in `folder`, whose groups are of this unit.
    ///
    /// # Errors
    /// [`EvaluateError::Text`] with the line, for a file that is missing or not what it should be.
    pub fn read(folder: &Path, unit: Unit) -> Result<Self, EvaluateError> {
        let path = folder.join(FILE);
        let wrong = |reason: String| EvaluateError::Text {
            path: path.clone(),
            reason,
        };
        let mut table = csv::Reader::from_path(&path).map_err(|error| wrong(error.to_string()))?;
        let (mut treated, mut controls) = (Vec::new(), Vec::new());
        for (number, line) in (2..).zip(table.deserialize::<Line>()) {
            let line = line.map_err(|error| wrong(format!("{error}; evaluate again with this version")))?;
            let cell = RealCell {
                image: line.image,
                condition: line.condition,
                place: line.place,
                batch: line.batch,
                group: line.group,
            };
            match line.set.as_str() {
                TREATED => treated.push(cell),
                CONTROL => controls.push(cell),
                other => {
                    return Err(wrong(format!(
                        "line {number}: the set is {other:?}, expected {TREATED} or {CONTROL}"
                    )));
                }
            }
        }
        Ok(Self {
            unit,
            treated,
            controls,
        })
    }
}
