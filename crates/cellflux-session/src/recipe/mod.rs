//! The recipe: everything that decides a trajectory, and which of its pictures is looked at.

mod change_map;
mod json;
mod treatment;
mod view;

use std::fmt::Debug;
use std::ops::RangeInclusive;

use cellflux_bundle::Manifest;
use cellflux_bundle::conditions::{BatchMatch, Condition, DoseFeatures};
use cellflux_bundle::gallery::Example;
use cellflux_bundle::limits;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::sampling::{FlowSource, Sampling};
use cellflux_flow::solver::Solver;
use serde::{Deserialize, Serialize};

use crate::error::{SessionError, shown};
use json::number_from;

pub use change_map::ChangeMap;
pub use treatment::Treatment;
pub use view::{ChannelView, GAMMA, Thousandths, View, WindowView};

/// Guidance strength; 0 is the null condition alone, 1 the condition alone.
pub const ALPHA: RangeInclusive<f64> = 0.0..=limits::ALPHA;
/// Standard deviation of the source noise, in model range.
pub const NOISE: RangeInclusive<f64> = 0.0..=limits::NOISE;
/// Steps of a fixed-step solver from one end of the flow to the other.
pub const STEPS: RangeInclusive<usize> = 1..=limits::STEPS;
/// Relative and absolute tolerance of the adaptive solver.
pub const TOLERANCE: RangeInclusive<f64> = limits::TOLERANCE;
/// Dose in micromolar, for a model that takes one.
pub const DOSE_UM: RangeInclusive<f64> = 0.0..=limits::DOSE_UM;
/// The largest number of steps of an adaptive solver that are kept.
pub const ADAPTIVE_STEPS: usize = limits::STEPS;

/// Everything that decides a trajectory. As JSON it is a file for `cellflux run --recipe`; as the hash of a
/// page's address ([`crate::link`]) it is what a visitor sends to a colleague.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Id of the bundle.
    pub model: String,
    /// The image that is walked from.
    pub start: Start,
    /// What the cell is treated with.
    pub condition: Treatment,
    /// Dose in micromolar; given exactly when the model takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose_um: Option<f64>,
    /// Solver, time grid, guidance and source noise. Fields that do not matter are kept anyway: the grid and
    /// its steps under an adaptive solver, the tolerances under a fixed-step one, the seed without noise.
    pub sampling: Sampling,
    /// Which way the flow is walked.
    #[serde(default)]
    pub direction: Direction,
    /// What is looked at; it changes no number.
    #[serde(default, skip_serializing_if = "View::is_default")]
    pub view: View,
}

/// Where a walk starts: at a control, in reverse at a treated cell, or at noise for a flow that starts from
/// noise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// An example of the bundle, by id.
    Example(String),
    /// An uploaded crop: the model's coded bytes `[C, H, W]` (base64url in JSON).
    Crop(#[serde(with = "base64_bytes")] Vec<u8>),
    /// Standard normal noise of the recipe's seed, for a flow whose source is noise; no image enters.
    Noise,
}

/// Which way the flow is walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the control at t = 0 to the treated image at t = 1. Noise is added to the start.
    #[default]
    Forward,
    /// From a treated image at t = 1 to a control at t = 0 (paper, appendix G). Noise is not part of this
    /// end, so none is added to the start.
    Reverse,
    /// Forward, then back to where it started: the difference between the last frame and the first is the
    /// solver's error.
    Return,
}

impl Direction {
    /// Every direction, in the order in which a page offers them.
    pub const ALL: [Self; 3] = [Self::Forward, Self::Reverse, Self::Return];

    /// The name, the same in JSON, links and commands.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Reverse => "reverse",
            Self::Return => "return",
        }
    }

    /// Whether the start image is at t = 0, where source noise is added.
    pub fn starts_at_source(self) -> bool {
        self != Self::Reverse
    }

    /// How often the walk passes from one end of the flow to the other.
    pub fn legs(self) -> usize {
        match self {
            Self::Forward | Self::Reverse => 1,
            Self::Return => 2,
        }
    }
}

impl Recipe {
    /// This recipe as a picture of steps has it that ran under these quick weights, or under the bundle's own
    /// where there are none.
    #[must_use]
    pub fn seen_in(&self, quick: Option<WeightDtype>) -> Self {
        let mut seen = self.clone();
        seen.view.weights = quick;
        seen
    }

    /// A recipe with the bundle's recommended sampling, and the largest dose that the condition may have
    /// where the model takes one.
    pub fn new(manifest: &Manifest, start: Start, condition: &Condition) -> Self {
        let dose_um = match manifest.conditions.dose {
            DoseFeatures::None => None,
            DoseFeatures::Log1p { .. } => {
                let range = manifest.conditions.dose_range(Some(condition));
                range.map(|range| *range.end())
            }
        };
        Self {
            model: manifest.id.clone(),
            start,
            condition: Treatment::Listed(condition.id.clone()),
            dose_um,
            sampling: manifest.sampling.clone(),
            direction: Direction::default(),
            view: View::default(),
        }
    }

    /// What a page shows before a visitor has chosen anything: the bundle's first condition that is not the
    /// control's own, from [`Start::first`]. `None` for a bundle without sample controls.
    pub fn first(manifest: &Manifest) -> Option<Self> {
        let condition = first_condition(manifest)?;
        Some(Self::new(manifest, Start::first(manifest, condition)?, condition))
    }

    /// Steps that the walk will have, known beforehand for a fixed-step solver only.
    pub fn planned_steps(&self) -> Option<usize> {
        match self.sampling.solver {
            Solver::Fixed(_) => Some(self.sampling.steps * self.direction.legs()),
            Solver::Dopri5 => None,
        }
    }

    /// Checks every field against its range and against the model.
    ///
    /// # Errors
    /// [`SessionError::Field`] naming the first field that does not fit, what it is and what was expected.
    pub fn validate(&self, manifest: &Manifest) -> Result<(), SessionError> {
        if self.model != manifest.id {
            return Err(SessionError::field(
                "model",
                shown(&self.model),
                format!("{:?}, the model that is loaded", manifest.id),
            ));
        }
        self.start.validate(manifest)?;
        self.validate_source(manifest.source)?;
        self.condition.validate(manifest)?;
        self.validate_dose(manifest)?;
        let sampling = &self.sampling;
        within("alpha", &sampling.alpha, &ALPHA)?;
        within("noise", &sampling.noise, &NOISE)?;
        within("steps", &sampling.steps, &STEPS)?;
        within("rtol", &sampling.rtol, &TOLERANCE)?;
        within("atol", &sampling.atol, &TOLERANCE)?;
        self.validate_view(manifest)
    }

    /// A walk that begins at t = 0 begins with what the model's flow starts from.
    fn validate_source(&self, source: FlowSource) -> Result<(), SessionError> {
        let expected = match (source, self.direction.starts_at_source(), &self.start) {
            (FlowSource::Noise, true, Start::Example(_) | Start::Crop(_)) => {
                "noise, as this model's flow starts from noise and not from a control"
            }
            (FlowSource::Noise, false, Start::Noise) => "a treated image, as a reverse walk begins with one",
            (FlowSource::Control, _, Start::Noise) => "an image, as this model's flow starts from a control",
            _ => return Ok(()),
        };
        Err(SessionError::field("start", self.start.what(), expected))
    }

    fn validate_dose(&self, manifest: &Manifest) -> Result<(), SessionError> {
        match (manifest.conditions.dose, self.dose_um) {
            (DoseFeatures::None, None) => Ok(()),
            (DoseFeatures::None, Some(found)) => Err(SessionError::field(
                "dose",
                number(&found),
                "none, as this model takes no dose",
            )),
            (DoseFeatures::Log1p { .. }, None) => {
                Err(SessionError::field("dose", "missing", "a dose in micromolar"))
            }
            (DoseFeatures::Log1p { .. }, Some(dose_um)) => self.validate_dose_range(dose_um, manifest),
        }
    }

    /// Between the doses of the data any number is one that the network can be asked for; beyond them it
    /// would be asked for what it never saw on either side.
    fn validate_dose_range(&self, dose_um: f64, manifest: &Manifest) -> Result<(), SessionError> {
        let condition = self.condition.condition(manifest);
        let Some(range) = manifest.conditions.dose_range(condition) else {
            return within("dose", &dose_um, &DOSE_UM);
        };
        if range.contains(&dose_um) {
            return Ok(());
        }
        let of = match condition {
            Some(condition) if !condition.doses_um.is_empty() => "this compound in the data",
            Some(condition) if condition.control => "an untreated control",
            _ => "the compounds that training saw",
        };
        Err(SessionError::field(
            "dose",
            number(&dose_um),
            format!(
                "{} micromolar, the lowest and the highest dose of {of}",
                number_from(&range)
            ),
        ))
    }

    fn validate_view(&self, manifest: &Manifest) -> Result<(), SessionError> {
        let last = self
            .planned_steps()
            .unwrap_or(ADAPTIVE_STEPS * self.direction.legs());
        self.view.validate(&manifest.image, last)
    }
}

/// The first condition that is not the untreated control, or the first at all.
pub(crate) fn first_condition(manifest: &Manifest) -> Option<&Condition> {
    let list = &manifest.conditions.list;
    list.iter().find(|condition| !condition.control).or(list.first())
}

impl Start {
    /// The start for a condition where none is named: noise, where the flow starts from noise; else a control
    /// of a plate from which the bundle shows treated cells of the condition, one of a batch of the
    /// condition, or the first. `None` for a bundle without sample controls.
    pub fn first(manifest: &Manifest, condition: &Condition) -> Option<Self> {
        if manifest.source == FlowSource::Noise {
            return Some(Self::Noise);
        }
        let gallery = &manifest.gallery;
        let same_batch =
            |control: &&Example| condition.batch_match(control.batch.as_deref()) == BatchMatch::Same;
        let beside = gallery.controls_beside(&condition.id).next();
        let control = beside
            .or_else(|| gallery.controls.iter().find(same_batch))
            .or(gallery.controls.first())?;
        Some(Self::Example(control.id.clone()))
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Example(_) => "an example of the bundle",
            Self::Crop(_) => "an uploaded crop",
            Self::Noise => "noise",
        }
    }

    fn validate(&self, manifest: &Manifest) -> Result<(), SessionError> {
        match self {
            Self::Example(id) if manifest.gallery.get(id).is_none() => Err(SessionError::field(
                "start",
                shown(id),
                "the id of an example of this model",
            )),
            Self::Crop(coded) if coded.len() != manifest.image.len() => Err(SessionError::field(
                "crop",
                format!("{} bytes", coded.len()),
                format!(
                    "{} ({} channels of {} x {} px)",
                    manifest.image.len(),
                    manifest.image.channels.len(),
                    manifest.image.height,
                    manifest.image.width
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// NaN is in no range.
fn within<T: PartialOrd + Debug>(
    field: &'static str,
    value: &T,
    range: &RangeInclusive<T>,
) -> Result<(), SessionError> {
    if range.contains(value) {
        return Ok(());
    }
    Err(SessionError::field(field, number(value), number_from(range)))
}

/// A number as text that is read back exactly and stays short: `0.5`, `2`, `1e-9`.
pub(crate) fn number(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// Bytes as base64url text.
mod base64_bytes {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use cellflux_bundle::conditions::Encoder;

    use super::*;
    use crate::test_model::{manifest, manifest_with_dose, recipe};

    #[test]
    fn a_fresh_page_starts_with_the_first_control_and_the_first_treatment() {
        let manifest = manifest();
        let recipe = Recipe::first(&manifest).unwrap();
        assert_eq!(recipe.start, Start::Example("control-1".into()));
        assert_eq!(recipe.condition.id(), Some("taxol"));
        assert_eq!(recipe.sampling, manifest.sampling);
        recipe.validate(&manifest).unwrap();
    }

    #[test]
    fn a_condition_is_shown_from_a_control_of_its_plate_or_else_of_its_batch() {
        let mut manifest = manifest();
        let control = |id: &str, batch: &str, plate: &str| Example {
            id: id.into(),
            batch: Some(batch.into()),
            plate: Some(plate.into()),
            ..manifest.gallery.controls[0].clone()
        };
        let controls = vec![
            control("a", "Week1", "P1"),
            control("b", "Week4", "P2"),
            control("c", "Week4", "P3"),
        ];
        let cell = Example {
            condition: "taxol".into(),
            ..control("cell", "Week4", "P3")
        };
        manifest.gallery.controls = controls;
        manifest.gallery.treated = vec![cell];
        let start = |manifest: &Manifest| Recipe::first(manifest).unwrap().start;
        assert_eq!(start(&manifest), Start::Example("c".into()));
        manifest.gallery.treated.clear();
        assert_eq!(start(&manifest), Start::Example("a".into()));
        manifest.conditions.list[1].batches = vec!["Week4".into()];
        assert_eq!(start(&manifest), Start::Example("b".into()));
    }

    #[test]
    fn json_gives_the_recipe_back() {
        let mut recipe = recipe();
        recipe.start = Start::Crop((0..=255).collect());
        recipe.direction = Direction::Return;
        recipe.view.hidden = vec![1];
        let text = recipe.to_json().unwrap();
        assert_eq!(Recipe::from_json(text.as_bytes()).unwrap(), recipe);
        let mistyped = text.replace("condition", "compound");
        assert!(matches!(
            Recipe::from_json(mistyped.as_bytes()),
            Err(SessionError::Json { .. })
        ));
    }

    #[test]
    fn each_field_out_of_range_is_named_with_its_range() {
        let manifest = manifest();
        let refused = |change: fn(&mut Recipe), message: &str| {
            let mut recipe = recipe();
            change(&mut recipe);
            assert_eq!(recipe.validate(&manifest).unwrap_err().to_string(), message);
        };
        refused(
            |r| r.model = "other".into(),
            "model is \"other\", expected \"test-model\", the model that is loaded",
        );
        refused(
            |r| r.start = Start::Example("x".into()),
            "start is \"x\", expected the id of an example of this model",
        );
        refused(
            |r| r.start = Start::Crop(vec![0; 7]),
            "crop is 7 bytes, expected 32 (2 channels of 4 x 4 px)",
        );
        refused(
            |r| r.condition = Treatment::Listed("water".into()),
            "condition is \"water\", expected the id of a condition of this model",
        );
        refused(
            |r| r.dose_um = Some(1.0),
            "dose is 1, expected none, as this model takes no dose",
        );
        refused(
            |r| r.sampling.alpha = 10.5,
            "alpha is 10.5, expected a number from 0 to 10",
        );
        refused(
            |r| r.sampling.noise = f64::NAN,
            "noise is NaN, expected a number from 0 to 10",
        );
        refused(
            |r| r.sampling.steps = 0,
            "steps is 0, expected a number from 1 to 1000",
        );
        refused(
            |r| r.sampling.rtol = 0.0,
            "rtol is 0, expected a number from 1e-9 to 1",
        );
        refused(
            |r| r.sampling.atol = 2.0,
            "atol is 2, expected a number from 1e-9 to 1",
        );
        refused(
            |r| r.view.step = Some(5),
            "step shown is 5, expected a number from 0 to 4",
        );
        refused(
            |r| r.view.hidden = vec![2],
            "hidden channel is 2, expected a number from 0 to 1",
        );
        refused(
            |r| r.view.hidden = vec![1, 0],
            "list of hidden channels is [1, 0], expected rising numbers, each once",
        );
    }

    #[test]
    fn a_walk_starts_with_what_its_flow_starts_from() {
        let mut manifest = manifest();
        let mut recipe = recipe();
        recipe.start = Start::Noise;
        let message = recipe.validate(&manifest).unwrap_err().to_string();
        assert_eq!(
            message,
            "start is noise, expected an image, as this model's flow starts from a control"
        );
        manifest.source = FlowSource::Noise;
        recipe.validate(&manifest).unwrap();
        assert_eq!(Recipe::first(&manifest).unwrap().start, Start::Noise);
        recipe.direction = Direction::Reverse;
        assert!(recipe.validate(&manifest).is_err());
        recipe.start = Start::Example("treated-1".into());
        recipe.validate(&manifest).unwrap();
        recipe.direction = Direction::Forward;
        let message = recipe.validate(&manifest).unwrap_err().to_string();
        assert!(message.contains("expected noise"), "{message}");
    }

    #[test]
    fn a_model_that_takes_a_dose_must_be_given_one() {
        let manifest = manifest_with_dose();
        let mut recipe = Recipe::first(&manifest).unwrap();
        assert_eq!(recipe.dose_um, Some(3.0));
        recipe.validate(&manifest).unwrap();
        recipe.dose_um = None;
        let message = recipe.validate(&manifest).unwrap_err().to_string();
        assert_eq!(message, "dose is missing, expected a dose in micromolar");
        recipe.dose_um = Some(-1.0);
        assert!(recipe.validate(&manifest).is_err());
    }

    #[test]
    fn any_dose_between_those_of_the_data_is_taken_and_none_beyond_them() {
        let manifest = manifest_with_dose();
        let mut recipe = Recipe::first(&manifest).unwrap();
        for dose_um in [0.3, 0.7, 3.0] {
            recipe.dose_um = Some(dose_um);
            recipe.validate(&manifest).unwrap();
        }
        for (dose_um, found) in [(0.2, "0.2"), (50.0, "50"), (f64::NAN, "NaN")] {
            recipe.dose_um = Some(dose_um);
            let message = recipe.validate(&manifest).unwrap_err().to_string();
            let expected = "expected a number from 0.3 to 3 micromolar, the lowest and the highest dose of \
                            this compound in the data";
            assert_eq!(message, format!("dose is {found}, {expected}"));
        }
    }

    #[test]
    fn a_control_that_lists_no_dose_starts_with_none() {
        let mut manifest = manifest_with_dose();
        manifest.conditions.list[0].doses_um.clear();
        let control = &manifest.conditions.list[0];
        let recipe = Recipe::new(&manifest, Start::Example("control-1".into()), control);
        assert_eq!(recipe.dose_um, Some(0.0));
        recipe.validate(&manifest).unwrap();
        let dosed = Recipe {
            dose_um: Some(1.0),
            ..recipe
        };
        let message = dosed.validate(&manifest).unwrap_err().to_string();
        assert!(message.ends_with("dose of an untreated control"), "{message}");
    }

    #[test]
    fn a_typed_compound_may_have_the_doses_that_training_saw() {
        let mut manifest = manifest_with_dose();
        manifest.conditions.encoder = Encoder::MorganCounts { radius: 2, bits: 2 };
        let mut recipe = Recipe::first(&manifest).unwrap();
        recipe.condition = Treatment::Typed("CCO".into());
        recipe.validate(&manifest).unwrap();
        recipe.dose_um = Some(0.0);
        let message = recipe.validate(&manifest).unwrap_err().to_string();
        assert!(
            message.ends_with("the lowest and the highest dose of the compounds that training saw"),
            "{message}"
        );
    }
}
