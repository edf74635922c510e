//! Everything that decides what a lab shows, as links and lessons hold it.

use serde::{Deserialize, Serialize};

use crate::coupling::Coupling;
use crate::distribution::{Distribution, FARTHEST};
use crate::error::{LabError, counted, within};
use crate::plane::Point;
use crate::times::Times;

/// The most conditions.
const MOST_CONDITIONS: usize = 6;
/// The most batches.
const MOST_BATCHES: usize = 6;
/// The most characters of a condition's label.
const LONGEST_LABEL: usize = 40;

/// What a flow of the plane is, and how it is learnt. Fields that are left out have the values of
/// [`Settings::default`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Names all random numbers.
    pub seed: u32,
    /// Where the flow starts, unless a condition has a source of its own.
    pub source: Distribution,
    /// Where it leads: one or several conditions, from 1 to 6.
    pub conditions: Vec<Condition>,
    /// The batches, from 1 to 6, each as the shift that it gives to sources and targets alike; a draw comes
    /// from each batch equally often.
    pub batches: Vec<Point>,
    /// How pairs and points between them are drawn.
    pub path: PathSettings,
    /// The network.
    pub network: NetworkSettings,
    /// How it learns.
    pub learning: LearningSettings,
}

/// One condition: in the plane, what a compound is for cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What it is called, up to 40 characters.
    pub label: String,
    /// Where its flow starts; the settings' source when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Distribution>,
    /// Where its flow leads.
    pub target: Distribution,
}

/// The probability path: `x_t = (1 - t) x0 + t x1` between a source `x0` and a target `x1`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PathSettings {
    /// Which source is paired with which target.
    pub coupling: Coupling,
    /// At which times the flow is learnt.
    pub times: Times,
    /// Standard deviation of the noise that is added to sources, from 0 to 2.
    pub noise: f64,
    /// How often it is added, from 0 to 1.
    pub noise_probability: f64,
}

/// The velocity network: a multilayer perceptron with `SiLU`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkSettings {
    /// Neurons of each hidden layer: from 1 to 4 layers of 4 to 128.
    pub widths: Vec<usize>,
    /// Sinusoids of the time that the network is given, an even number from 2 to 32.
    pub time_features: usize,
}

/// How the network learns: `AdamW` with the betas 0.9 and 0.95, weight decay 0.01 and epsilon 1e-8, as the
/// paper's public code has them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearningSettings {
    /// Pairs in a step, from 8 to 1024.
    pub batch: usize,
    /// Learning rate, from 1e-6 to 100; beyond 0.1 hardly any network learns.
    pub rate: f64,
    /// How often a pair's condition is left out, from 0 to 0.9, so that the network learns the null velocity
    /// that guidance needs.
    pub drop_condition: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            source: Distribution::STANDARD,
            conditions: vec![Condition {
                label: "moons".to_owned(),
                source: None,
                target: Distribution::Moons { spread: 0.1 },
            }],
            batches: vec![[0.0, 0.0]],
            path: PathSettings::default(),
            network: NetworkSettings::default(),
            learning: LearningSettings::default(),
        }
    }
}

impl Default for PathSettings {
    fn default() -> Self {
        Self {
            coupling: Coupling::default(),
            times: Times::default(),
            noise: 0.0,
            noise_probability: 0.5,
        }
    }
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            widths: vec![64, 64, 64],
            time_features: 8,
        }
    }
}

impl Default for LearningSettings {
    fn default() -> Self {
        Self {
            batch: 256,
            rate: 2e-3,
            drop_condition: 0.2,
        }
    }
}

impl Settings {
    /// Checks every number.
    ///
    /// # Errors
    /// [`LabError`] for the first that is out of its range, by its path in the settings.
    pub fn check(&self) -> Result<(), LabError> {
        self.source.check("source")?;
        counted(
            "conditions",
            "conditions",
            self.conditions.len(),
            1,
            MOST_CONDITIONS,
        )?;
        for (index, condition) in self.conditions.iter().enumerate() {
            let setting = format!("conditions[{index}]");
            let characters = condition.label.chars().count();
            counted(
                &format!("{setting}.label"),
                "characters",
                characters,
                1,
                LONGEST_LABEL,
            )?;
            if let Some(source) = &condition.source {
                source.check(&format!("{setting}.source"))?;
            }
            condition.target.check(&format!("{setting}.target"))?;
        }
        counted("batches", "batches", self.batches.len(), 1, MOST_BATCHES)?;
        for (index, shift) in self.batches.iter().enumerate() {
            for &value in shift {
                within(&format!("batches[{index}]"), value, -FARTHEST, FARTHEST)?;
            }
        }
        within("path.noise", self.path.noise, 0.0, 2.0)?;
        within("path.noise_probability", self.path.noise_probability, 0.0, 1.0)?;
        self.network.check()?;
        self.learning.check()
    }

    /// Where a condition's flow starts.
    ///
    /// # Errors
    /// [`LabError::Unknown`] for a condition that the settings do not have.
    pub fn source_of(&self, condition: usize) -> Result<&Distribution, LabError> {
        let found = self.condition(condition)?;
        Ok(found.source.as_ref().unwrap_or(&self.source))
    }

    /// A condition by its number, from 0.
    ///
    /// # Errors
    /// [`LabError::Unknown`] for a condition that the settings do not have.
    pub fn condition(&self, condition: usize) -> Result<&Condition, LabError> {
        self.conditions.get(condition).ok_or(LabError::Unknown {
            what: "condition",
            found: condition,
            count: self.conditions.len(),
        })
    }
}

impl NetworkSettings {
    /// Checks every number.
    ///
    /// # Errors
    /// [`LabError`] for the first that is out of its range.
    pub fn check(&self) -> Result<(), LabError> {
        counted("network.widths", "layers", self.widths.len(), 1, 4)?;
        for (index, &width) in self.widths.iter().enumerate() {
            counted(&format!("network.widths[{index}]"), "neurons", width, 4, 128)?;
        }
        counted("network.time_features", "sinusoids", self.time_features, 2, 32)?;
        if self.time_features.is_multiple_of(2) {
            return Ok(());
        }
        Err(LabError::OutOfRange {
            setting: "network.time_features".to_owned(),
            found: self.time_features as f64,
            expected: "an even number".to_owned(),
        })
    }
}

impl LearningSettings {
    /// Checks every number.
    ///
    /// # Errors
    /// [`LabError`] for the first that is out of its range.
    pub fn check(&self) -> Result<(), LabError> {
        counted("learning.batch", "pairs", self.batch, 8, 1024)?;
        check_rate(self.rate)?;
        within("learning.drop_condition", self.drop_condition, 0.0, 0.9)
    }
}

/// Checks a learning rate.
pub(crate) fn check_rate(rate: f64) -> Result<(), LabError> {
    within("learning.rate", rate, 1e-6, 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_back_and_what_is_left_out_has_its_default() {
        let settings = Settings::default();
        settings.check().unwrap();
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
        assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), settings);
        let text = r#"{"path":{"coupling":"optimal-transport","times":"skewed"},"learning":{"rate":0.01}}"#;
        let settings: Settings = serde_json::from_str(text).unwrap();
        assert_eq!(settings.path.coupling, Coupling::OptimalTransport);
        assert_eq!(settings.learning.batch, 256);
        assert!(serde_json::from_str::<Settings>(r#"{"sead":1}"#).is_err());
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let refused = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        for (found, expected) in [
            (
                refused(|settings| settings.conditions.clear()),
                "conditions has 0 conditions, expected 1 to 6",
            ),
            (
                refused(|settings| settings.batches[0][1] = f64::NAN),
                "batches[0] is NaN, expected a number from -10 to 10",
            ),
            (
                refused(|settings| settings.path.noise = -1.0),
                "path.noise is -1, expected a number from 0 to 2",
            ),
            (
                refused(|settings| settings.network.widths = vec![64, 1000]),
                "network.widths[1] has 1000 neurons, expected 4 to 128",
            ),
            (
                refused(|settings| settings.network.time_features = 7),
                "network.time_features is 7, expected an even number",
            ),
            (
                refused(|settings| settings.learning.rate = 1000.0),
                "learning.rate is 1000, expected a number from 0.000001 to 100",
            ),
            (
                refused(|settings| settings.conditions[0].label = String::new()),
                "conditions[0].label has 0 characters, expected 1 to 40",
            ),
        ] {
            assert_eq!(found, expected);
        }
        assert!(Settings::default().condition(1).is_err());
    }
}
