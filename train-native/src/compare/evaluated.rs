//! An evaluation as its folder holds it: figures, real cells, and what every crop measured.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cellflux_bundle::Evaluation;
use cellflux_bundle::evaluation::Resampled;
use cellflux_measure::sets::Features;
use cellflux_measure::sets::groups::Unit;
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use serde::Deserialize;

use super::CompareError;
use crate::evaluate::measured::{Measured, Ruler};
use crate::evaluate::real_cells::RealCells;
use crate::evaluate::report::{EVALUATION, MEASURES, features_file, tensor_name};

/// One evaluation.
#[derive(Debug)]
pub struct Evaluated {
    /// Its folder's name.
    pub name: String,
    /// The figures.
    pub evaluation: Evaluation,
    /// The real cells, row by row.
    pub real: RealCells,
    pub(super) ruler: Ruler,
    measures: BTreeMap<String, Measured>,
    features: BTreeMap<String, BTreeMap<String, Features>>,
}

/// What the file of measures says of its images.
#[derive(Deserialize)]
struct Images {
    channels: Vec<String>,
    height: usize,
    width: usize,
}

impl Evaluated {
    /// Reads the folder that `cellflux-train evaluate` wrote.
    ///
    /// # Errors
    /// [`CompareError`] naming the file that is missing, damaged, or of another version.
    pub fn read(folder: &Path) -> Result<Self, CompareError> {
        let path = folder.join(EVALUATION);
        let evaluation = Evaluation::from_json(&bytes(&path)?)
            .map_err(|source| CompareError::Evaluation { path, source })?;
        let unit = match evaluation.data.resampled_by {
            Resampled::Field => Unit::Field,
            Resampled::Well => Unit::Well,
            Resampled::Plate => Unit::Plate,
            Resampled::Cell => Unit::Cell,
        };
        let (ruler, measures) = measures(&folder.join(MEASURES))?;
        let features = evaluation
            .spaces
            .iter()
            .map(|space| {
                Ok((
                    space.name.clone(),
                    features(&folder.join(features_file(&space.name)))?,
                ))
            })
            .collect::<Result<_, CompareError>>()?;
        let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Ok(Self {
            name: name
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            evaluation,
            real: RealCells::read(folder, unit)?,
            ruler,
            measures,
            features,
        })
    }

    /// What a set's crops measured.
    pub(super) fn measured(&self, set: &str) -> Option<&Measured> {
        self.measures.get(&tensor_name(set))
    }

    /// A set's features in a space.
    pub(super) fn features(&self, space: &str, set: &str) -> Option<&Features> {
        self.features.get(space)?.get(&tensor_name(set))
    }

    /// Why this evaluation's draws cannot be another's; nothing where they can.
    pub(super) fn differs_from(&self, other: &Self) -> Option<String> {
        let (own, theirs) = (&self.evaluation.data, &other.evaluation.data);
        if own.split != theirs.split {
            return Some("it is of another split".to_owned());
        }
        if self.real != other.real {
            return Some(format!(
                "its real cells are others ({} treated and {} controls, here {} and {}), or in another order",
                theirs.treated, theirs.controls, own.treated, own.controls
            ));
        }
        if self.ruler.images() != other.ruler.images() {
            return Some("its images have other channels or another size".to_owned());
        }
        let settings = |data: &cellflux_bundle::evaluation::MeasuredData| (data.seed, data.replicates);
        if settings(own) != settings(theirs) || own.least_cells != theirs.least_cells {
            return Some(
                "it was measured with another seed, number of resamplings or least number of cells"
                    .to_owned(),
            );
        }
        None
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, CompareError> {
    fs::read(path).map_err(|error| CompareError::File {
        path: path.to_owned(),
        reason: format!("{error}; expected a folder that `cellflux-train evaluate` wrote"),
    })
}

/// Every tensor of a file: its rows of f64.
fn tensors(path: &Path, content: &[u8]) -> Result<BTreeMap<String, (usize, Vec<f64>)>, CompareError> {
    let wrong = |reason: String| CompareError::File {
        path: path.to_owned(),
        reason,
    };
    let read = SafeTensors::deserialize(content).map_err(|error| wrong(error.to_string()))?;
    read.iter()
        .map(|(name, view)| {
            let [_, width] = *view.shape() else {
                return Err(wrong(format!(
                    "{name} has the shape {:?}, expected two axes",
                    view.shape()
                )));
            };
            if view.dtype() != Dtype::F64 || width == 0 {
                return Err(wrong(format!("{name} is not rows of 64-bit numbers")));
            }
            let values = view.data().chunks_exact(8).map(|bytes| {
                let mut number = [0; 8];
                number.copy_from_slice(bytes);
                f64::from_le_bytes(number)
            });
            Ok((name.to_owned(), (width, values.collect())))
        })
        .collect()
}

fn measures(path: &Path) -> Result<(Ruler, BTreeMap<String, Measured>), CompareError> {
    let wrong = |reason: &str| CompareError::File {
        path: path.to_owned(),
        reason: format!("{reason}; evaluate again with this version"),
    };
    let content = bytes(path)?;
    let (_, metadata) = SafeTensors::read_metadata(&content).map_err(|error| wrong(&error.to_string()))?;
    let about = metadata.metadata().clone().unwrap_or_default();
    let images: Images = about
        .get("images")
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| wrong("it does not say which images were measured"))?;
    let ruler = Ruler::of_channels(&images.channels, [images.height, images.width])?;
    let known: Vec<&str> = ruler
        .catalogue()
        .iter()
        .map(|measure| measure.name.as_str())
        .collect();
    if about.get("measures").map(String::as_str) != Some(known.join(",").as_str()) {
        return Err(wrong("its measures are not those of this version"));
    }
    let mut measured = BTreeMap::new();
    for (name, (width, values)) in tensors(path, &content)? {
        if width != known.len() {
            return Err(wrong("a set has another number of measures"));
        }
        // NaN where a crop does not have a measure.
        let rows = values.chunks(width).map(|row| {
            row.iter()
                .map(|value| value.is_finite().then_some(*value))
                .collect()
        });
        measured.insert(name, Measured::of_rows(rows.collect(), width));
    }
    Ok((ruler, measured))
}

fn features(path: &Path) -> Result<BTreeMap<String, Features>, CompareError> {
    let content = bytes(path)?;
    tensors(path, &content)?
        .into_iter()
        .map(|(name, (width, values))| Ok((name, Features::new(values.len() / width, width, values)?)))
        .collect()
}
