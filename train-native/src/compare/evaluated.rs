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
use crate::evaluate::compounds::{SameControls, TENSOR};
use crate::evaluate::measured::{Measured, Ruler};
use crate::evaluate::name_of;
use crate::evaluate::plan;
use crate::evaluate::real::{CONTROLS, TREATED};
use crate::evaluate::real_cells::{FILE as REAL, RealCells};
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
    same_controls: Option<SameControls>,
    planned: Planned,
}

/// What the plan says of the real cells.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Planned {
    /// Digest of the data.
    data: String,
    most: usize,
    seed: u64,
}

/// What a file of measures holds.
struct Measures {
    ruler: Ruler,
    sets: BTreeMap<String, Measured>,
    same_controls: Option<SameControls>,
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
        let Measures {
            ruler,
            sets: measures,
            same_controls,
        } = measures(&folder.join(MEASURES))?;
        let path = folder.join(plan::FILE);
        let planned = serde_json::from_slice(&bytes(&path)?).map_err(|error| CompareError::File {
            reason: cellflux_bundle::parser_words(&error),
            path,
        })?;
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
        let real = RealCells::read(folder, unit)?;
        for (set, cells) in [(TREATED, &real.treated), (CONTROLS, &real.controls)] {
            let found = measures.get(&tensor_name(set)).map_or(0, Measured::len);
            if found != cells.len() {
                return Err(CompareError::File {
                    path: folder.join(MEASURES),
                    reason: format!(
                        "{found} rows of {set}, expected {} as {REAL} lists; evaluate again",
                        cells.len()
                    ),
                });
            }
        }
        let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Ok(Self {
            name: name
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            evaluation,
            real,
            ruler,
            measures,
            features,
            same_controls,
            planned,
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

    /// The walks of the same controls under each compound.
    pub(super) fn same_controls(&self) -> Option<&SameControls> {
        self.same_controls.as_ref()
    }

    /// Refuses an evaluation whose figures mean something else.
    ///
    /// # Errors
    /// [`CompareError::Split`] and [`CompareError::Images`].
    pub(super) fn accepts(&self, other: &Self) -> Result<(), CompareError> {
        let (name, first) = (other.name.clone(), self.name.clone());
        let split = |one: &Self| name_of(&one.evaluation.data.split);
        if split(self) != split(other) {
            return Err(CompareError::Split {
                name,
                found: split(other),
                first,
                expected: split(self),
            });
        }
        if self.ruler.images() != other.ruler.images() {
            let images = |one: &Self| {
                let (channels, [height, width]) = one.ruler.images();
                format!("{height} x {width} px of {}", channels.join(", "))
            };
            return Err(CompareError::Images {
                name,
                found: images(other),
                first,
                expected: images(self),
            });
        }
        Ok(())
    }

    /// Why another evaluation's draws cannot be this one's; nothing where they can.
    pub(super) fn differs_from(&self, other: &Self) -> Option<String> {
        let (own, theirs) = (&self.planned, &other.planned);
        let data = [&self.evaluation.data, &other.evaluation.data];
        let settings = [
            ("--most", own.most as u64, theirs.most as u64),
            ("--evaluation-seed", own.seed, theirs.seed),
            ("--least", data[0].least_cells as u64, data[1].least_cells as u64),
            (
                "--replicates",
                data[0].replicates as u64,
                data[1].replicates as u64,
            ),
        ];
        if own.data != theirs.data {
            // Cells of another experiment may have the same names.
            return Some("its real cells are those of other data".to_owned());
        }
        if let Some((flag, own, theirs)) = settings.into_iter().find(|(_, own, theirs)| own != theirs) {
            return Some(format!(
                "it was measured with {flag} {theirs}, the first with {own}"
            ));
        }
        (self.real != other.real).then(|| {
            format!(
                "its real cells are others ({} treated and {} controls, the first has {} and {}), \
                 or in another order",
                data[1].treated, data[1].controls, data[0].treated, data[0].controls
            )
        })
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

fn measures(path: &Path) -> Result<Measures, CompareError> {
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
    let ids: Vec<String> = about
        .get("compounds")
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| wrong("it does not name the compounds under which controls were walked"))?;
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
    let same = measured.remove(&tensor_name(TENSOR));
    if !same
        .as_ref()
        .map_or(0, Measured::len)
        .is_multiple_of(ids.len().max(1))
    {
        return Err(wrong("its compounds have not as many walks each"));
    }
    Ok(Measures {
        ruler,
        sets: measured,
        same_controls: same.map(|measured| SameControls { ids, measured }),
    })
}

fn features(path: &Path) -> Result<BTreeMap<String, Features>, CompareError> {
    let content = bytes(path)?;
    tensors(path, &content)?
        .into_iter()
        .map(|(name, (width, values))| Ok((name, Features::new(values.len() / width, width, values)?)))
        .collect()
}
