//! An evaluation as its folder holds it: figures, real cells, and what every crop measured.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cellflux_bundle::Evaluation;
use cellflux_bundle::evaluation::{Resampled, RowKind};
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

/// How many rows each set has, by the list of real cells.
struct Rows {
    treated: usize,
    controls: usize,
    /// Tensors of the sets that stand beside controls; all others stand beside treated cells.
    of_controls: BTreeSet<String>,
}

impl Rows {
    fn of(evaluation: &Evaluation, real: &RealCells) -> Self {
        let rows = evaluation.rows.iter();
        let untreated = rows.filter(|row| row.kind == RowKind::Untreated);
        Self {
            treated: real.treated.len(),
            controls: real.controls.len(),
            of_controls: untreated
                .map(|row| row.name.as_str())
                .chain([CONTROLS])
                .map(tensor_name)
                .collect(),
        }
    }

    /// Refuses the tensors of a file, by their names, whose rows are not as many as the real cells are.
    fn check<'a>(
        &self,
        path: &Path,
        tensors: impl Iterator<Item = (&'a str, usize)>,
    ) -> Result<(), CompareError> {
        for (name, found) in tensors {
            let (beside, expected) = if self.of_controls.contains(name) {
                ("control", self.controls)
            } else {
                ("treated cell", self.treated)
            };
            if found != expected {
                return Err(CompareError::File {
                    path: path.to_owned(),
                    reason: format!(
                        "{name} has {found} rows, expected {expected}, one for each {beside}, as {REAL} \
                         lists; evaluate again"
                    ),
                });
            }
        }
        Ok(())
    }
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
        let real = RealCells::read(folder, unit)?;
        for set in [TREATED, CONTROLS] {
            if !measures.contains_key(&tensor_name(set)) {
                return Err(CompareError::File {
                    path: folder.join(MEASURES),
                    reason: format!("it has no {}; evaluate again", tensor_name(set)),
                });
            }
        }
        let rows = Rows::of(&evaluation, &real);
        let lengths = measures.iter().map(|(name, set)| (name.as_str(), set.len()));
        rows.check(&folder.join(MEASURES), lengths)?;
        let mut in_spaces = BTreeMap::new();
        for space in &evaluation.spaces {
            let path = folder.join(features_file(&space.name));
            let found = features(&path)?;
            let lengths = found.iter().map(|(name, set)| (name.as_str(), set.rows()));
            rows.check(&path, lengths)?;
            in_spaces.insert(space.name.clone(), found);
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
            features: in_spaces,
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
            return Some(format!("its {} cells are those of other data", data[1].nature()));
        }
        if let Some((flag, own, theirs)) = settings.into_iter().find(|(_, own, theirs)| own != theirs) {
            return Some(format!(
                "it was measured with {flag} {theirs}, the first with {own}"
            ));
        }
        (self.real != other.real).then(|| {
            format!(
                "its {} cells are others ({} treated and {} controls, the first has {} and {}), \
                 or in another order",
                data[1].nature(),
                data[1].treated,
                data[1].controls,
                data[0].treated,
                data[0].controls
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
    let sides = [images.height, images.width];
    let bytes_of_one = sides
        .iter()
        .try_fold(images.channels.len(), |product, &side| product.checked_mul(side));
    if bytes_of_one.is_none_or(|bytes| bytes == 0) {
        return Err(wrong(&format!(
            "it says that images are {} x {} px of {} channels, which no image is",
            images.height,
            images.width,
            images.channels.len()
        )));
    }
    let ruler = Ruler::of_channels(&images.channels, sides)?;
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
    let named: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    if named.len() != ids.len() || named.contains("") {
        return Err(wrong("it names a compound twice, or one without an id"));
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use safetensors::tensor::TensorView;

    use super::*;

    /// What is said of a file of measures without any set, of images of these sides and of these compounds.
    fn said(sides: [usize; 2], compounds: &str) -> String {
        let channels = ["DNA", "Actin"].map(str::to_owned);
        let ruler = Ruler::of_channels(&channels, [8, 8]).unwrap();
        let known: Vec<&str> = ruler
            .catalogue()
            .iter()
            .map(|measure| measure.name.as_str())
            .collect();
        let [height, width] = sides;
        let images = serde_json::json!({"channels": channels, "height": height, "width": width});
        let about = HashMap::from([
            ("measures".to_owned(), known.join(",")),
            ("images".to_owned(), images.to_string()),
            ("compounds".to_owned(), compounds.to_owned()),
        ]);
        let none: Vec<(String, TensorView<'_>)> = Vec::new();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(MEASURES);
        fs::write(&path, safetensors::serialize(none, Some(about)).unwrap()).unwrap();
        match measures(&path) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn images_that_cannot_be_and_compounds_that_are_not_named_once_are_refused_with_the_file() {
        assert_eq!(said([8, 8], r#"["taxol", "dmso"]"#), "");
        for (sides, compounds, expected) in [
            ([usize::MAX, 8], "[]", "px of 2 channels, which no image is"),
            ([0, 8], "[]", "it says that images are 0 x 8 px of 2 channels"),
            ([8, 8], r#"["taxol", "taxol"]"#, "it names a compound twice"),
            ([8, 8], r#"["taxol", ""]"#, "one without an id"),
        ] {
            let said = said(sides, compounds);
            assert!(said.contains(expected) && said.contains(MEASURES), "{said}");
        }
    }

    #[test]
    fn every_set_has_as_many_rows_as_the_real_cells_that_it_stands_beside() {
        let rows = Rows {
            treated: 5,
            controls: 3,
            of_controls: BTreeSet::from([tensor_name(CONTROLS), "stay".to_owned()]),
        };
        let check = |name: &str, found| rows.check(Path::new("measures"), std::iter::once((name, found)));
        assert!(check("generated", 5).is_ok() && check("stay", 3).is_ok());
        let said = check("generated", 3).unwrap_err().to_string();
        assert!(
            said.contains("measures: generated has 3 rows, expected 5, one for each treated cell"),
            "{said}"
        );
        let said = check("stay", 5).unwrap_err().to_string();
        assert!(
            said.contains("expected 3, one for each control, as real.csv lists"),
            "{said}"
        );
    }
}
