//! What `cellflux-train evaluate` found: generated cells beside real ones, with counts and intervals.
//!
//! *Real* cells are here those of the data, whatever these are: where a program drew them, `data.drawn` says
//! so, and every sentence calls them drawn ([`Nature`]).
//!
//! The same object is `evaluation.json` and the manifest's section `evaluation`. It holds figures and
//! intervals, and no image and no row of a single cell.

mod findings;
mod nature;
mod unmeasured;
mod validation;

use serde::{Deserialize, Serialize};

use crate::{check, error::BundleError, sampling::Sampling};

pub use findings::{Clause, Finding, NO_BETTER, Remark};
pub use nature::Nature;
pub use unmeasured::{LEAST_CONTROLS, Reason, Unmeasured};

/// What an evaluation is called on disk.
pub const FILE: &str = "evaluation.json";

/// The version of [`Evaluation`] that this crate reads and writes.
pub const VERSION: u32 = 1;

/// A figure with its 95 % interval, by resampling the groups of [`MeasuredData::resampled_by`]: of 100 such
/// intervals from repetitions of the experiment about 95 would hold the true value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// What is resampled for an interval: cells of one group are not independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resampled {
    /// Fields of view.
    Field,
    /// Wells.
    Well,
    /// Plates.
    Plate,
    /// Single cells: the data name no field, well or plate, so the intervals are too narrow.
    Cell,
}

impl Resampled {
    /// What one is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Field => "field of view",
            Self::Well => "well",
            Self::Plate => "plate",
            Self::Cell => "cell",
        }
    }

    /// What several are called.
    pub fn names(self) -> &'static str {
        match self {
            Self::Field => "fields of view",
            Self::Well => "wells",
            Self::Plate => "plates",
            Self::Cell => "cells",
        }
    }

    /// A number of them: `1 well`, `31 fields of view`.
    pub fn counted(self, count: usize) -> String {
        let thing = if count == 1 { self.name() } else { self.names() };
        format!("{count} {thing}")
    }
}

/// Which real cells were compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeasuredSplit {
    /// Cells that chose the checkpoint or the sampling.
    Validation,
    /// Cells that decided nothing.
    Test,
    /// Cells of compounds that training never saw.
    HeldOut,
}

/// A run of the evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// [`VERSION`].
    pub version: u32,
    /// The day, `YYYY-MM-DD`.
    pub date: String,
    /// The program and its version.
    pub program: String,
    /// Digest of the weights that were measured ([`crate::Manifest::weights_digest`]); none for a run's
    /// checkpoint, whose figures cannot be attached to a bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Digest of what the network was given for each condition ([`crate::Manifest::vectors_digest`]); none
    /// for a run's checkpoint, and in files of programs that did not state it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors: Option<String>,
    /// The real cells.
    pub data: MeasuredData,
    /// How the cells were generated.
    pub sampling: Sampling,
    /// The feature spaces in which distances were measured.
    pub spaces: Vec<Space>,
    /// Sets of cells against the real treated ones, the first is real against real.
    pub rows: Vec<Row>,
    /// What each condition's cells measure.
    pub conditions: Vec<MeasuredCondition>,
    /// Modes of action as a classifier sees them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modes_of_action: Option<ModesOfAction>,
    /// Where batches lie in the plane of most variance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batches: Option<BatchPlane>,
    /// Whether the compound matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compound_use: Option<CompoundUse>,
}

/// The real cells that generated ones were compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasuredData {
    /// What the data are called.
    pub name: String,
    /// Whether a program drew the cells, so that none of them was imaged. False in files of programs that did
    /// not state it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drawn: bool,
    /// Their split.
    pub split: MeasuredSplit,
    /// Real treated cells, of which each has a generated partner.
    pub treated: usize,
    /// Real control cells.
    pub controls: usize,
    /// What intervals resample.
    pub resampled_by: Resampled,
    /// Groups of that kind among the treated cells.
    pub groups: usize,
    /// Wells of the treated cells; none where the data do not name them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wells: Option<usize>,
    /// How many of these wells have other cells that the network was trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wells_in_training: Option<usize>,
    /// How many times groups were resampled.
    pub replicates: usize,
    /// Conditions of fewer treated cells than this are listed and have no figures.
    pub least_cells: usize,
    /// Seed of pairs, noise and resampling.
    pub seed: u64,
}

/// A space of features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Space {
    /// Its name: `morphology`, `moa`, `inception`, `table`.
    pub name: String,
    /// Features.
    pub width: usize,
    /// A sentence: which features, from where.
    pub about: String,
    /// Whether figures in it may stand beside the paper's: Inception features of the published weights.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub comparable: bool,
}

/// The kinds of sets that stand beside the real treated cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowKind {
    /// Real treated cells of other groups: no generator is expected to be nearer. The first row has
    /// distances; a later one may have the gap closed, of real cells of other wells in place of generated
    /// ones.
    Real,
    /// The controls themselves, as if nothing happened.
    Copied,
    /// Generated from a control of the same batch, under the cell's own condition.
    Generated,
    /// The same with conditions exchanged between cells.
    Shuffled,
    /// From a control of another batch (paper, Table 2c).
    OtherBatch,
    /// Under the control's own condition, against real controls: should stay.
    Untreated,
    /// From noise (paper, Figure 4b).
    NoiseStart,
    /// Images from elsewhere.
    External,
}

/// One set of cells against real treated ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it is.
    pub kind: RowKind,
    /// Its name in tables.
    pub name: String,
    /// Cells in it.
    pub cells: usize,
    /// Different images that its walks started from: without source noise, equal starts under one condition
    /// give equal pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<usize>,
    /// Distances in each space.
    pub distances: Vec<Distances>,
    /// Mean share of the measured change that it makes, over measures and conditions with an effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_closed: Option<Estimate>,
    /// Cosine between its mean change and the real one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Estimate>,
    /// How far it is from the real cells in the measures that the real cells leave unchanged, in standard
    /// deviations of real controls, without what noise makes: 0 is right. For [`RowKind::Untreated`] in all
    /// measures, from the controls that its walks started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side_change: Option<Estimate>,
    /// Its fine detail (energy of the Laplacian) as a multiple of the real cells' own: 1 is right, 2 twice as
    /// grainy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fine_detail: Option<Estimate>,
}

/// Distances between two sets in one space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// The space's name.
    pub space: String,
    /// Frechet distance; none where a side has fewer cells than features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frechet: Option<Estimate>,
    /// Kernel distance, unbiased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<Estimate>,
    /// Mean of the kernel distances of each condition's cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid_by_condition: Option<Estimate>,
    /// Share of generated cells among the real ones' neighbours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Estimate>,
    /// Share of real cells among the generated ones' neighbours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<Estimate>,
    /// Generated cells by real neighbourhood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density: Option<Estimate>,
    /// Share of real neighbourhoods that hold a generated cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Estimate>,
    /// Energy distance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy: Option<Estimate>,
}

/// What the cells of one condition measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasuredCondition {
    /// The condition's id in the bundle.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The dose in micromolar; none where doses are taken together or unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose_um: Option<f64>,
    /// Whether training had cells of this compound.
    pub seen: bool,
    /// Real treated cells, each with a generated partner.
    pub treated: usize,
    /// Real control cells of the same batches.
    pub controls: usize,
    /// Groups of [`MeasuredData::resampled_by`] among the treated cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<usize>,
    /// Different controls that the generated cells started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<usize>,
    /// Share of the measured change that the generated cells make: 1 is all of it, 0 a copy of the control.
    /// None below [`MeasuredData::least_cells`], where the real cells do not differ from controls, or where
    /// generated cells lack what is measured, such as a nucleus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_closed: Option<Estimate>,
    /// Cosine between the generated cells' mean change and the real one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Estimate>,
    /// How far the generated cells are from the real ones in the measures that the real cells leave
    /// unchanged, in standard deviations of real controls, without what noise makes: 0 is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side_change: Option<Estimate>,
    /// Nuclear area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nuclei: Option<NuclearArea>,
}

/// Mean nuclear area in pixels (paper, Table 7).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NuclearArea {
    /// Of real controls.
    pub control: Estimate,
    /// Of real treated cells.
    pub treated: Estimate,
    /// Of generated ones.
    pub generated: Estimate,
}

/// What can be said from a condition's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The interval of the gap closed lies above 0.
    BetterThanCopy,
    /// The interval includes 0: a copy of the control may be as near.
    NotShown,
    /// The interval lies below 0: a copy of the control is nearer.
    WorseThanCopy,
    /// Too few real cells, or no measured effect.
    Unmeasured,
}

impl MeasuredCondition {
    /// What the gap closed says.
    pub fn verdict(&self) -> Verdict {
        match self.gap_closed {
            None => Verdict::Unmeasured,
            Some(gap) if gap.low > 0.0 => Verdict::BetterThanCopy,
            Some(gap) if gap.high < 0.0 => Verdict::WorseThanCopy,
            Some(_) => Verdict::NotShown,
        }
    }
}

/// Modes of action as a classifier that was trained on real cells of the training split sees them (paper,
/// Table 2a). Matrices are `[truth][seen as]` in the order of [`ModesOfAction::labels`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModesOfAction {
    /// The classes.
    pub labels: Vec<String>,
    /// Counts for real cells: the ceiling.
    pub real: Confusion,
    /// Counts for generated cells.
    pub generated: Confusion,
    /// Accuracy of always saying the most frequent class.
    pub majority: f64,
}

/// A confusion matrix and what follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// Counts `[truth][seen as]`.
    pub counts: Vec<Vec<usize>>,
    /// Share of cells seen as what they are.
    pub accuracy: Estimate,
    /// Mean of the classes' own accuracies.
    pub balanced_accuracy: Estimate,
    /// Mean of the classes' F1.
    pub macro_f1: Estimate,
    /// F1, weighted by the classes' cells.
    pub weighted_f1: Estimate,
}

/// How far end points of one control under different compounds lie apart, as a share of how far the real
/// cells of these compounds do, over all pairs of compounds: 0 for a network that ignores its compound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompoundUse {
    /// The share.
    pub value: f64,
    /// The lower end of its interval, which resamples the groups of [`MeasuredData::resampled_by`] of each
    /// compound's cells, and the shared controls one by one.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// Controls, each of which was walked under every compound. None in files of programs that did not state
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controls: Option<usize>,
    /// Pairs of compounds, as `controls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<usize>,
}

impl CompoundUse {
    /// The share with its interval.
    pub fn estimate(&self) -> Estimate {
        Estimate {
            value: self.value,
            low: self.low,
            high: self.high,
        }
    }
}

/// Batches in the plane of the two largest principal components of real cells' features (paper, Figure 5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchPlane {
    /// The space's name.
    pub space: String,
    /// Shares of variance along the two axes.
    pub explained: [f64; 2],
    /// The clouds.
    pub clouds: Vec<Cloud>,
}

/// The kinds of cells of a [`Cloud`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloudKind {
    /// Real controls.
    Control,
    /// Real treated cells.
    Treated,
    /// Generated cells.
    Generated,
}

/// One batch's cells of one kind: their mean and covariance in the plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cloud {
    /// The batch.
    pub batch: String,
    /// Which cells.
    pub kind: CloudKind,
    /// How many.
    pub cells: usize,
    /// Of generated cells: different controls that they started from. None for other cells, for walks from
    /// noise, and in files of programs that did not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<usize>,
    /// Their mean.
    pub mean: [f64; 2],
    /// Variance along the first axis, covariance, variance along the second.
    pub covariance: [f64; 3],
}

impl Evaluation {
    /// Reads `evaluation.json`.
    ///
    /// # Errors
    /// [`BundleError::Size`] above [`MANIFEST_BYTES`](crate::limits::MANIFEST_BYTES), [`BundleError::Json`],
    /// and [`BundleError::Evaluation`] naming the first field with an impossible value; the version is
    /// checked first.
    pub fn from_json(bytes: &[u8]) -> Result<Self, BundleError> {
        let evaluation: Self = check::versioned(FILE, bytes, VERSION, |found| BundleError::Evaluation {
            field: "version".into(),
            found,
            expected: format!("{VERSION}, which this CellFlux reads; use a newer one, or evaluate again"),
        })?;
        evaluation.validate("").map_err(of_file)?;
        Ok(evaluation)
    }

    /// The evaluation as indented JSON with a final newline.
    ///
    /// # Errors
    /// [`BundleError::Evaluation`]: one that [`Evaluation::from_json`] would refuse is not written.
    pub fn to_json(&self) -> Result<Vec<u8>, BundleError> {
        self.validate("").map_err(of_file)?;
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| BundleError::Json {
            file: FILE.into(),
            reason: error.to_string(),
        })?;
        text.push(b'\n');
        Ok(text)
    }
}

/// A field's error as one of `evaluation.json`, which is not the manifest.
fn of_file(error: BundleError) -> BundleError {
    match error {
        BundleError::Field {
            field,
            found,
            expected,
        } => BundleError::Evaluation {
            field,
            found,
            expected,
        },
        other => other,
    }
}
