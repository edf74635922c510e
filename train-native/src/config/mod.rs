//! The one TOML file that decides a run: its sections, its presets, and the flags over it.
//!
//! A section's `preset` names the values that it starts from; the file's own keys go over those, and flags over the file.
//! An unknown key is an error, so that a misspelt one does not vanish. The resolved config, with every value written out,
//! is saved with the run and reads back as itself.

mod about;
mod network;
mod overlay;
mod run;
mod training;

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::TrainError;
use crate::data::{ConditionsConfig, DataConfig};

pub use about::{AboutConfig, DataSetConfig};
pub use network::NetworkConfig;
pub use overlay::Setting;
pub use run::{DeviceChoice, OpsChoice, RunConfig};
pub use training::{OptimiserKind, Precision, RateSchedule, Source, TimeDistribution, TrainingConfig};

/// Everything that decides a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The images and what is known of them.
    pub data: DataConfig,
    /// How a perturbation becomes a vector.
    pub conditions: ConditionsConfig,
    /// The velocity network.
    pub network: NetworkConfig,
    /// The flow's training.
    pub training: TrainingConfig,
    /// Seed, device, logging, checkpoints.
    pub run: RunConfig,
    /// What an exported bundle says of itself.
    #[serde(default)]
    pub about: AboutConfig,
}

impl Config {
    /// Reads the file at `path`, puts `settings` over it and resolves the presets.
    ///
    /// # Errors
    /// [`TrainError::Io`], [`TrainError::ConfigText`] naming the file or the flag, [`TrainError::ConfigValue`].
    pub fn read(path: &Path, settings: &[Setting]) -> Result<Self, TrainError> {
        let text = std::fs::read_to_string(path).map_err(TrainError::io(path))?;
        Self::from_text(&path.display().to_string(), &text, settings)
    }

    /// As [`Config::read`] for text that came from `origin`.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn from_text(origin: &str, text: &str, settings: &[Setting]) -> Result<Self, TrainError> {
        let wrong = |reason: String| TrainError::ConfigText {
            origin: origin.to_owned(),
            reason,
        };
        let mut table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| wrong(error.to_string()))?;
        for setting in settings {
            setting.put(&mut table)?;
        }
        for (section, base) in [
            (
                "network",
                network::preset as fn(Option<&str>) -> Result<Table, TrainError>,
            ),
            ("training", training::preset),
            ("run", |_| Ok(Table::new())),
        ] {
            let entry = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(own) = entry else {
                return Err(wrong(format!(
                    "{section} is no table, expected a section [{section}]"
                )));
            };
            let name = own.get("preset").and_then(Value::as_str);
            let mut resolved = base(name)?;
            overlay::merge(&mut resolved, std::mem::take(own));
            *own = resolved;
        }
        let config: Self = table
            .try_into()
            .map_err(|error: toml::de::Error| wrong(error.to_string()))?;
        config.training.validate()?;
        config.run.validate()?;
        Ok(config)
    }

    /// The resolved config as TOML.
    ///
    /// # Errors
    /// [`TrainError::ConfigText`] should the writer refuse, which it does not for a valid value.
    pub fn to_toml(&self) -> Result<String, TrainError> {
        toml::to_string_pretty(self).map_err(|error| TrainError::ConfigText {
            origin: "resolved config".to_owned(),
            reason: error.to_string(),
        })
    }
}

/// A section's values as a table.
fn to_table(section: &str, values: &impl Serialize) -> Result<Table, TrainError> {
    Table::try_from(values).map_err(|error| TrainError::ConfigText {
        origin: format!("[{section}]"),
        reason: error.to_string(),
    })
}
