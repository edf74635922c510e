//! What a visitor finds beside the model: control crops to start from, real treated cells, recorded
//! trajectories.

use cellflux_flow::{solver::Solver, time_grid::TimeGrid};
use serde::{Deserialize, Serialize};

use crate::{
    check::{self, ensure, shown},
    error::BundleError,
    files::{check_path, has_extension},
    sampling::Sampling,
};

/// The pictures of a bundle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gallery {
    /// Control crops that a visitor may start from.
    #[serde(default)]
    pub controls: Vec<Example>,
    /// Real treated cells, to compare a generated one with.
    #[serde(default)]
    pub treated: Vec<Example>,
}

/// One crop, at the model's size, channels and coding, as the lossless PNG that `cellflux_image::coded_png`
/// writes: RGB for a model of three channels, else a grey picture of the channels below one another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Name in links and commands, unique among the bundle's examples.
    pub id: String,
    /// Path of the crop, one of the bundle's files.
    pub file: String,
    /// Id of its condition. A control's may be in no list of conditions where the bundle lists no control:
    /// the untreated state of such a model has no vector, and needs none to be started from.
    pub condition: String,
    /// Dose in micromolar, for a treated cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose_um: Option<f64>,
    /// Experimental batch: cells of other batches differ without any treatment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// Plate, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// Well, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub well: Option<String>,
    /// Where the picture comes from; shown with it.
    pub source: String,
    /// The licence it may be shown under; shown with it.
    pub licence: String,
    /// Whether a program drew it; shown with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
    /// Which part of the training data the crop is of; `None` where that is not known, or where it is of
    /// none. Shown with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<CropSplit>,
}

/// What training had of a crop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CropSplit {
    /// The network's weights were fitted to it.
    Train,
    /// It measured progress during training; no weight was fitted to it.
    Validation,
    /// It was kept for the final measurement.
    Test,
}

/// A trajectory that was computed when the bundle was made; it plays before any engine is ready.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// Id of the control crop it starts from (of the treated one when `reverse`).
    pub start: String,
    /// Id of the condition.
    pub condition: String,
    /// Dose in micromolar, where the model takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose_um: Option<f64>,
    /// Whether it runs from t = 1 to t = 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reverse: bool,
    /// How it was integrated.
    pub sampling: Sampling,
    /// Path of the frames, side by side in order in one lossless PNG, each laid out as an [`Example`]'s
    /// crop.
    pub strip: String,
    /// The time of each frame, strictly rising (falling when `reverse`) within 0 to 1.
    pub times: Vec<f64>,
}

impl Gallery {
    /// The example with this id.
    pub fn get(&self, id: &str) -> Option<&Example> {
        self.examples()
            .map(|(_, example)| example)
            .find(|example| example.id == id)
    }

    /// The control crops of plates from which the gallery also shows cells of a condition, in order: neither
    /// batch nor plate explains how these differ. A drawn cell is compared with drawn controls only.
    pub fn controls_beside<'a>(&'a self, condition: &'a str) -> impl Iterator<Item = &'a Example> {
        let cells = move || {
            self.treated
                .iter()
                .filter(move |cell| cell.condition == condition)
        };
        let is_beside = move |control: &&Example| cells().any(|cell| cell.is_on_plate_of(control));
        self.controls.iter().filter(is_beside)
    }

    /// All examples, with the field each stands in.
    pub(crate) fn examples(&self) -> impl Iterator<Item = (String, &Example)> {
        let named =
            |list: &'static str| move |(index, example)| (format!("gallery.{list}[{index}]"), example);
        self.controls
            .iter()
            .enumerate()
            .map(named("controls"))
            .chain(self.treated.iter().enumerate().map(named("treated")))
    }
}

impl Example {
    /// Whether both are of one plate, known by name, and both photographed or both drawn.
    fn is_on_plate_of(&self, other: &Self) -> bool {
        self.plate.is_some() && self.plate == other.plate && self.synthetic == other.synthetic
    }

    pub(crate) fn validate(&self, field: &str) -> Result<(), BundleError> {
        check::id(format!("{field}.id"), &self.id)?;
        check_picture(&format!("{field}.file"), &self.file)?;
        if let Some(dose_um) = self.dose_um {
            check::dose(format!("{field}.dose_um"), dose_um)?;
        }
        for (name, value) in [
            ("batch", &self.batch),
            ("plate", &self.plate),
            ("well", &self.well),
        ] {
            if let Some(value) = value {
                check::label(format!("{field}.{name}"), value)?;
            }
        }
        // Without them a page could not say whose picture it shows.
        check::label(format!("{field}.source"), &self.source)?;
        check::label(format!("{field}.licence"), &self.licence)
    }
}

impl Trajectory {
    pub(crate) fn validate(&self, field: &str) -> Result<(), BundleError> {
        check_picture(&format!("{field}.strip"), &self.strip)?;
        if let Some(dose_um) = self.dose_um {
            check::dose(format!("{field}.dose_um"), dose_um)?;
        }
        self.sampling.validate(&format!("{field}.sampling"))?;
        let grid = TimeGrid::user(self.times.clone())
            .map_err(|error| BundleError::field(format!("{field}.times"), error, "a time grid"))?;
        ensure(
            (grid.start() > grid.end()) == self.reverse,
            format!("{field}.times"),
            format!("{} to {}", grid.start(), grid.end()),
            if self.reverse {
                "falling times, as reverse is true"
            } else {
                "rising times, as reverse is false"
            },
        )?;
        if let Solver::Fixed(_) = self.sampling.solver {
            ensure(
                grid.steps() == self.sampling.steps,
                format!("length of {field}.times"),
                self.times.len(),
                format!("{}: one more than sampling.steps", self.sampling.steps + 1),
            )?;
        }
        Ok(())
    }
}

fn check_picture(field: &str, path: &str) -> Result<(), BundleError> {
    check_path(field, path)?;
    ensure(
        has_extension(path, "png"),
        field,
        shown(path),
        "the path of a .png file",
    )
}
