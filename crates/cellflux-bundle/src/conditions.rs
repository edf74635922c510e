//! Conditions: the perturbations that a model knows, and the vectors that stand for them.

use std::collections::HashSet;
use std::hash::Hash;

use half::f16;
use safetensors::{Dtype, tensor::TensorView};
use serde::{Deserialize, Serialize};

use crate::{
    check::{self, ensure},
    error::BundleError,
    files::{self, check_path, has_extension},
    limits,
    perturbation::Perturbation,
    tensor::Values,
    tensor_file::TensorFile,
};

/// The conditions section of a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// How a perturbation became its vector.
    pub encoder: Encoder,
    /// Which features of the dose follow the encoder's part of the vector.
    #[serde(default)]
    pub dose: DoseFeatures,
    /// The conditions, in the order of the rows of `conditions.safetensors`.
    pub list: Vec<Condition>,
}

/// How a perturbation becomes its vector (the part before any dose features).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Encoder {
    /// Hashed Morgan fingerprint of the SMILES: how often each environment occurs, not whether.
    MorganCounts {
        /// Radius of the environments in bonds; the public code has 2.
        radius: u32,
        /// Length of the fingerprint; the public code has 1024.
        bits: usize,
    },
    /// Vectors from elsewhere (gene embeddings, a learned table).
    Table {
        /// Where they come from.
        source: String,
    },
    /// Condition `i` is the `i`-th unit vector.
    OneHot,
}

/// Which features of the dose the condition vector holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DoseFeatures {
    /// Nothing, as in the public code.
    #[default]
    None,
    /// One number, the last of the vector: `(ln(1 + dose in uM) - mean) / scale`.
    Log1p {
        /// Subtracted from the logarithm.
        mean: f64,
        /// Divides what is left; above 0.
        scale: f64,
    },
}

/// One perturbation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Name in links and commands, unique in the bundle; [`slug`] makes one from a display name.
    pub id: String,
    /// Name to show.
    pub name: String,
    /// What was done to the cells; of a control it says nothing.
    #[serde(default, skip_serializing_if = "Perturbation::is_compound")]
    pub kind: Perturbation,
    /// The compound's structure as SMILES, where it is a compound and known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smiles: Option<String>,
    /// Path of a drawing of the structure (SVG), one of the bundle's files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<String>,
    /// Mode of action, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode_of_action: Option<String>,
    /// Doses in the data, in micromolar.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doses_um: Vec<f64>,
    /// Those of `doses_um` at which images were ends of the paths that the flow was trained on; `None` where
    /// that is not known. Of a model that takes a dose, everything between them is interpolated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_doses_um: Option<Vec<f64>>,
    /// Experimental batches in which the data has this condition; empty where that is not known. A control of
    /// another batch differs from these cells without any treatment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batches: Vec<String>,
    /// Whether training saw it.
    pub split: Split,
    /// Whether images under this condition were ends of the paths that the flow was trained on. A control is
    /// one only where training paired controls with controls; otherwise nothing taught the network to leave
    /// a cell as it is. `None` where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<bool>,
    /// Whether it is the untreated control itself (DMSO).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub control: bool,
}

/// Whether training saw a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Cells under this condition were in the training data.
    Seen,
    /// None were: a picture of it is an extrapolation.
    HeldOut,
}

/// Whether a start image is of an experimental batch in which the data has a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchMatch {
    /// It is: the batch explains no difference from real treated cells.
    Same,
    /// It is of another batch: part of any difference comes from the batch, not from the treatment.
    Other,
    /// The image's batch or the condition's is not known.
    Unknown,
}

impl DoseFeatures {
    /// Numbers added to the vector.
    pub fn width(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Log1p { .. } => 1,
        }
    }

    /// The features of a dose in micromolar.
    ///
    /// # Errors
    /// [`BundleError::Field`] when the model takes a dose and there is none (or not a number from 0), or the
    /// other way round.
    pub fn features(&self, dose_um: Option<f64>) -> Result<Vec<f32>, BundleError> {
        match (*self, dose_um) {
            (Self::None, None) => Ok(Vec::new()),
            (Self::None, Some(found)) => Err(BundleError::field(
                "dose",
                found,
                "none: this model takes no dose",
            )),
            (Self::Log1p { .. }, None) => {
                Err(BundleError::field("dose", "not given", "a dose in micromolar"))
            }
            (Self::Log1p { mean, scale }, Some(dose_um)) => {
                check::dose("dose", dose_um)?;
                Ok(vec![((libm::log1p(dose_um) - mean) / scale) as f32])
            }
        }
    }
}

impl Conditions {
    /// Position of the condition with this id.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.list.iter().position(|condition| condition.id == id)
    }

    /// The condition with this id.
    pub fn get(&self, id: &str) -> Option<&Condition> {
        self.list.iter().find(|condition| condition.id == id)
    }

    /// The untreated control, where the bundle names one.
    pub fn control(&self) -> Option<&Condition> {
        self.list.iter().find(|condition| condition.control)
    }

    /// The compounds that training saw, with their positions: what a compound that it did not see is compared
    /// with. A control is none of them, as it is where paths start.
    pub fn trained(&self) -> impl Iterator<Item = (usize, &Condition)> {
        let seen = |condition: &Condition| condition.split == Split::Seen && !condition.control;
        let list = self.list.iter().enumerate();
        list.filter(move |(_, condition)| seen(condition))
    }

    /// Width of the stored vectors in a network of this `condition_dim`: without the dose features.
    pub fn stored_width(&self, condition_dim: usize) -> usize {
        condition_dim.saturating_sub(self.dose.width())
    }

    /// Checks ids, texts and doses, and that the encoder fits a network of this `condition_dim`.
    pub(crate) fn validate(&self, condition_dim: usize) -> Result<(), BundleError> {
        let count = self.list.len();
        ensure(
            (1..=limits::CONDITIONS).contains(&count),
            "length of conditions.list",
            count,
            format!("1 to {}", limits::CONDITIONS),
        )?;
        if let DoseFeatures::Log1p { mean, scale } = self.dose {
            check::within("conditions.dose.mean", mean, -1e6, 1e6)?;
            ensure(
                scale.is_finite() && scale > 1e-6,
                "conditions.dose.scale",
                scale,
                "a number above 0",
            )?;
        }
        let width = self.stored_width(condition_dim);
        ensure(
            width > 0,
            "model.config.condition_dim",
            condition_dim,
            "more than the dose features take",
        )?;
        match &self.encoder {
            Encoder::MorganCounts { radius, bits } => {
                ensure(*radius <= 8, "conditions.encoder.radius", radius, "0 to 8")?;
                ensure(
                    *bits == width,
                    "conditions.encoder.bits",
                    bits,
                    format!("{width}: condition_dim {condition_dim} less the dose features"),
                )?;
            }
            Encoder::Table { source } => check::text("conditions.encoder.source", source)?,
            Encoder::OneHot => ensure(
                count <= width,
                "length of conditions.list",
                count,
                format!("at most {width}, the width of the one-hot vectors"),
            )?,
        }
        let mut ids = HashSet::new();
        for (index, condition) in self.list.iter().enumerate() {
            condition.validate(&format!("conditions.list[{index}]"))?;
            ensure(
                ids.insert(condition.id.as_str()),
                format!("conditions.list[{index}].id"),
                format!("{:?}, which an earlier condition has", condition.id),
                "an id of its own",
            )?;
        }
        ensure(
            self.list.iter().filter(|condition| condition.control).count() <= 1,
            "conditions.list",
            "more than one control",
            "at most one condition with control: true",
        )
    }
}

impl Condition {
    /// How this condition's batches relate to that of a start image, where that has one.
    pub fn batch_match(&self, start: Option<&str>) -> BatchMatch {
        match start {
            Some(batch) if self.batches.iter().any(|own| own == batch) => BatchMatch::Same,
            Some(_) if !self.batches.is_empty() => BatchMatch::Other,
            _ => BatchMatch::Unknown,
        }
    }

    /// Checks what one condition says of itself; `field` is its place in the manifest, for messages.
    ///
    /// # Errors
    /// [`BundleError::Field`] names the field, what it is and what was expected.
    pub fn validate(&self, field: &str) -> Result<(), BundleError> {
        check::id(format!("{field}.id"), &self.id)?;
        check::label(format!("{field}.name"), &self.name)?;
        if let Some(smiles) = &self.smiles {
            check::text(format!("{field}.smiles"), smiles)?;
        }
        if let Some(mode) = &self.mode_of_action {
            check::label(format!("{field}.mode_of_action"), mode)?;
        }
        if let Some(path) = &self.structure {
            check_path(&format!("{field}.structure"), path)?;
            ensure(
                has_extension(path, "svg"),
                format!("{field}.structure"),
                check::shown(path),
                "the path of an .svg file",
            )?;
        }
        ensure(
            self.doses_um.len() <= limits::DOSES,
            format!("length of {field}.doses_um"),
            self.doses_um.len(),
            format!("at most {}", limits::DOSES),
        )?;
        for (index, dose_um) in self.doses_um.iter().enumerate() {
            check::dose(format!("{field}.doses_um[{index}]"), *dose_um)?;
        }
        ensure(
            self.batches.len() <= limits::BATCHES,
            format!("length of {field}.batches"),
            self.batches.len(),
            format!("at most {}", limits::BATCHES),
        )?;
        for (index, batch) in self.batches.iter().enumerate() {
            check::label(format!("{field}.batches[{index}]"), batch)?;
        }
        let trained = self.trained_doses_um.as_deref().unwrap_or_default();
        for (index, dose_um) in trained.iter().enumerate() {
            ensure(
                self.doses_um.contains(dose_um),
                format!("{field}.trained_doses_um[{index}]"),
                dose_um,
                "one of doses_um",
            )?;
        }
        doses_once(&format!("{field}.doses_um"), &self.doses_um)?;
        doses_once(&format!("{field}.trained_doses_um"), trained)?;
        let again = repeated(&self.batches);
        if let Some((index, batch)) = again.and_then(|index| Some((index, self.batches.get(index)?))) {
            let found = format!("{}, which is listed already", check::shown(batch));
            return Err(BundleError::field(
                format!("{field}.batches[{index}]"),
                found,
                "each batch once",
            ));
        }
        Ok(())
    }
}

/// Refuses a dose that is listed twice: a page offers each one, and links name one by its number.
fn doses_once(field: &str, doses_um: &[f64]) -> Result<(), BundleError> {
    // None is below 0, so equal ones have equal bits.
    let again = repeated(doses_um.iter().map(|dose_um| dose_um.to_bits()));
    if let Some((index, dose_um)) = again.and_then(|index| Some((index, doses_um.get(index)?))) {
        return Err(BundleError::field(
            format!("{field}[{index}]"),
            format!("{dose_um}, which is listed already"),
            "each dose once",
        ));
    }
    Ok(())
}

/// The position of the first of these that equals an earlier one.
fn repeated<T: Eq + Hash>(list: impl IntoIterator<Item = T>) -> Option<usize> {
    let mut seen = HashSet::new();
    list.into_iter().position(|value| !seen.insert(value))
}

/// An id from a display name: lower case, everything but letters and digits one `-`, at most 64 characters.
/// `"cytochalasin B"` becomes `"cytochalasin-b"`; a name without any letter or digit becomes `"condition"`.
pub fn slug(name: &str) -> String {
    let words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let mut id = words.join("-");
    id.truncate(64);
    let id = id.trim_end_matches('-');
    if id.is_empty() {
        "condition".into()
    } else {
        id.to_owned()
    }
}

/// The vectors of all conditions, `[n, width]`, in the order of [`Conditions::list`].
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionVectors {
    width: usize,
    values: Vec<f32>,
}

/// Name of the one tensor of `conditions.safetensors`.
const VECTORS: &str = "vectors";

impl ConditionVectors {
    /// Vectors from rows of equal width.
    ///
    /// # Errors
    /// [`BundleError::Shape`] when a row has another width than the first or there is none,
    /// [`BundleError::NotFinite`] for NaN or an infinity.
    pub fn from_rows(rows: &[Vec<f32>]) -> Result<Self, BundleError> {
        let width = rows.first().map_or(0, Vec::len);
        let odd = rows
            .iter()
            .map(Vec::len)
            .find(|&found| found != width || found == 0);
        if let Some(found) = odd.or((width == 0).then_some(0)) {
            return Err(BundleError::Shape {
                tensor: VECTORS.into(),
                found: vec![rows.len(), found],
                expected: vec![rows.len().max(1), width.max(1)],
            });
        }
        let values: Vec<f32> = rows.concat();
        if let Some((position, value)) = values.iter().enumerate().find(|(_, v)| !v.is_finite()) {
            return Err(BundleError::NotFinite {
                tensor: VECTORS.into(),
                position,
                value: *value,
            });
        }
        Ok(Self { width, values })
    }

    /// Reads `conditions.safetensors`: one tensor `vectors`, f32 or f16, of exactly this shape.
    ///
    /// # Errors
    /// [`BundleError::TensorFile`], [`BundleError::MissingTensor`], [`BundleError::UnexpectedTensor`],
    /// [`BundleError::Dtype`], [`BundleError::Shape`] or [`BundleError::NotFinite`].
    pub fn from_safetensors(bytes: &[u8], rows: usize, width: usize) -> Result<Self, BundleError> {
        let file = TensorFile::parse(files::CONDITIONS, bytes)?;
        if let Some(name) = file.names().into_iter().find(|name| *name != VECTORS) {
            return Err(BundleError::UnexpectedTensor { tensor: name.into() });
        }
        if file.names().is_empty() {
            return Err(BundleError::MissingTensor {
                tensor: VECTORS.into(),
                expected: format!("with shape {:?}", [rows, width]),
            });
        }
        let view = file.view(VECTORS)?;
        if view.shape() != [rows, width] {
            return Err(BundleError::Shape {
                tensor: VECTORS.into(),
                found: view.shape().to_vec(),
                expected: vec![rows, width],
            });
        }
        let values = file.tensor(VECTORS)?.to_f32();
        Ok(Self { width, values })
    }

    /// Writes `conditions.safetensors`: f16 where that changes no value (fingerprint counts), else f32.
    ///
    /// # Errors
    /// [`BundleError::TensorFile`] if the safetensors writer refuses, which it does not for a valid value.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, BundleError> {
        let halves: Vec<f16> = self.values.iter().map(|&v| f16::from_f32(v)).collect();
        let exact = halves
            .iter()
            .zip(&self.values)
            .all(|(half, value)| half.to_f32().to_bits() == value.to_bits());
        let values = if exact {
            Values::F16(halves)
        } else {
            Values::F32(self.values.clone())
        };
        let (dtype, bytes): (Dtype, Vec<u8>) = values.to_le_bytes();
        let refuse = |error: safetensors::SafeTensorError| BundleError::TensorFile {
            file: files::CONDITIONS.into(),
            reason: error.to_string(),
        };
        let view = TensorView::new(dtype, vec![self.len(), self.width], &bytes).map_err(refuse)?;
        safetensors::serialize([(VECTORS, view)], None).map_err(refuse)
    }

    /// Number of conditions.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Numbers per vector, without the dose features.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The vector of condition `index`.
    pub fn row(&self, index: usize) -> Option<&[f32]> {
        self.values.chunks_exact(self.width.max(1)).nth(index)
    }

    /// Checks that the vectors are what the encoder makes: whole numbers from 0 for counts, a single 1 in
    /// each row for one-hot.
    pub(crate) fn check_encoder(&self, encoder: &Encoder) -> Result<(), BundleError> {
        for (index, row) in self.values.chunks_exact(self.width.max(1)).enumerate() {
            let (holds, expected) = match encoder {
                Encoder::MorganCounts { .. } => (
                    row.iter().all(|v| *v >= 0.0 && v.fract() == 0.0),
                    "whole numbers from 0, as the encoder counts",
                ),
                Encoder::OneHot => (
                    row.iter()
                        .enumerate()
                        .all(|(at, v)| v.to_bits() == f32::from(u8::from(at == index)).to_bits()),
                    "a 1 at its own position and 0 elsewhere, as the encoder is one-hot",
                ),
                Encoder::Table { .. } => (true, ""),
            };
            ensure(
                holds,
                format!("{}: vectors[{index}]", files::CONDITIONS),
                "something else",
                expected,
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_dose_becomes_the_number_computed_by_hand() {
        let dose = DoseFeatures::Log1p {
            mean: 1.5,
            scale: 2.0,
        };
        let feature = |dose_um| f64::from(dose.features(Some(dose_um)).unwrap()[0]);
        // (ln(1 + 10) - 1.5) / 2 with ln(11) = 2.3978953, and ln(1.7) = 0.5306283.
        assert!((feature(10.0) - 0.448_947_6).abs() < 1e-6);
        assert!((feature(0.7) + 0.484_685_9).abs() < 1e-6);
        assert!((feature(0.0) + 0.75).abs() < 1e-6);
        let missing = dose.features(None).unwrap_err().to_string();
        assert!(missing.contains("a dose in micromolar"), "{missing}");
        let none = DoseFeatures::None.features(Some(1.0)).unwrap_err().to_string();
        assert!(none.contains("this model takes no dose"), "{none}");
    }

    #[test]
    fn compounds_that_training_saw_are_neither_controls_nor_held_out() {
        let conditions: Conditions = serde_json::from_str(
            r#"{"encoder": {"kind": "one-hot"}, "list": [
                {"id": "dmso", "name": "DMSO", "split": "seen", "control": true},
                {"id": "taxol", "name": "taxol", "split": "seen"},
                {"id": "colchicine", "name": "colchicine", "split": "held-out"},
                {"id": "emetine", "name": "emetine", "split": "seen"}]}"#,
        )
        .unwrap();
        let trained = conditions
            .trained()
            .map(|(position, condition)| (position, condition.id.as_str()));
        assert_eq!(trained.collect::<Vec<_>>(), [(1, "taxol"), (3, "emetine")]);
    }
}
