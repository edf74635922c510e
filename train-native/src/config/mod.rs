//! The one TOML file that decides a run: its sections, its presets, and the flags that override it.
//!
//! A section's `preset` names the values that it starts from; the file's own keys override those, and flags
//! override the file. An unknown key is an error, so that a misspelt one does not vanish. The resolved
//! config, with every value written out, is saved with the run and reads back as itself.

mod about;
mod network;
mod overlay;
mod run;
mod training;

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::TrainError;
use cellflux_data::{ConditionsConfig, DataConfig};

pub use about::{AboutConfig, DataSetConfig};
pub use cellflux_bundle::sampling::FlowSource;
pub use network::NetworkConfig;
pub use overlay::Setting;
pub use run::{DeviceChoice, OpsChoice, RunConfig};
pub use training::{OptimiserKind, Precision, RateSchedule, TimeDistribution, TrainingConfig};

/// Everything that decides a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The images and what is known about them.
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
    /// Reads the file at `path`, overrides it with `settings` and resolves the presets.
    ///
    /// # Errors
    /// [`TrainError::Io`], [`TrainError::ConfigText`] naming the file or the flag,
    /// [`TrainError::ConfigValue`].
    pub fn read(path: &Path, settings: &[Setting]) -> Result<Self, TrainError> {
        let text = read_text(path)?;
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
                    "{section} is not a table, expected a section [{section}]"
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
    /// [`TrainError::ConfigText`] if the writer refuses, which it does not for a valid value.
    pub fn to_toml(&self) -> Result<String, TrainError> {
        toml::to_string_pretty(self).map_err(|error| TrainError::ConfigText {
            origin: "resolved config".to_owned(),
            reason: error.to_string(),
        })
    }
}

/// The text of a configuration: UTF-8 with or without a byte order mark, its lines numbered as an editor
/// does.
///
/// # Errors
/// [`TrainError::Io`], and [`TrainError::ConfigText`] naming another encoding or kind of file.
pub fn read_text(path: &Path) -> Result<String, TrainError> {
    let bytes = cellflux_files::read(path).map_err(TrainError::io(path))?;
    let text = cellflux_table::decode(&bytes).map_err(|error| TrainError::ConfigText {
        origin: path.display().to_string(),
        reason: error.to_string(),
    })?;
    Ok(cellflux_table::unix_lines(&text).into_owned())
}

/// A section's values as a table.
fn to_table(section: &str, values: &impl Serialize) -> Result<Table, TrainError> {
    Table::try_from(values).map_err(|error| TrainError::ConfigText {
        origin: format!("[{section}]"),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = r#"
        [data.source]
        layout = "synthetic"
        seed = 1
        images = 100
        [data.image]
        preset = "bbbc021"
        height = 32
        width = 32
        [conditions.encoder]
        kind = "one-hot"
    "#;

    fn read(more: &str, settings: &[&str]) -> Result<Config, TrainError> {
        let settings: Vec<Setting> = settings.iter().map(|text| text.parse().unwrap()).collect();
        Config::from_text("run.toml", &format!("{SMALLEST}\n{more}"), &settings)
    }

    #[test]
    fn a_resolved_config_reads_back_as_itself() {
        let config = read(
            "[training]\npreset = \"public-code\"\nclip = 1.0",
            &["run.seed=7"],
        )
        .unwrap();
        let again = Config::from_text("again", &config.to_toml().unwrap(), &[]).unwrap();
        assert_eq!(config, again);
    }

    #[test]
    fn a_file_with_a_byte_order_mark_and_windows_lines_is_read_and_another_encoding_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.toml");
        let text = format!("\u{feff}{}", SMALLEST.replace('\n', "\r\n"));
        std::fs::write(&path, &text).unwrap();
        assert_eq!(Config::read(&path, &[]).unwrap(), read("", &[]).unwrap());
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        std::fs::write(&path, utf16).unwrap();
        let message = Config::read(&path, &[]).unwrap_err().to_string();
        assert!(
            message.contains("run.toml") && message.contains("UTF-16"),
            "{message}"
        );
    }

    #[test]
    fn a_file_goes_over_its_preset_and_flags_over_the_file() {
        let config = read(
            "[training]\npreset = \"paper\"\nbatch = 8\n[network]\npreset = \"tiny\"\ndropout = 0.25",
            &[
                "training.noise=0.75",
                "network.num_res_blocks=2",
                "run.device=cuda:1",
            ],
        )
        .unwrap();
        let training = &config.training;
        assert_eq!(
            (
                training.optimiser,
                training.times,
                training.batch,
                training.per_batch
            ),
            (OptimiserKind::Adam, TimeDistribution::Uniform, 8, false)
        );
        assert!((training.noise - 0.75).abs() < 1e-12);
        assert_eq!(
            (config.network.model_channels, config.network.num_res_blocks),
            (32, 2)
        );
        assert!((config.network.dropout - 0.25).abs() < 1e-12);
        assert_eq!(config.run.device, DeviceChoice::Cuda(1));
    }

    #[test]
    fn the_public_code_s_options_are_there_by_name() {
        let training = read("[training]\npreset = \"public-code\"", &[])
            .unwrap()
            .training;
        assert!(training.per_batch && training.precision == Precision::F16);
        assert_eq!(training.times, TimeDistribution::Skewed);
        let default = read("", &[]).unwrap().training;
        assert!(!default.per_batch && default.optimiser == OptimiserKind::Adamw);
    }

    #[test]
    fn what_no_run_can_be_is_refused_by_name() {
        for (more, expected) in [
            ("[training]\nlearning_rat = 1.0", "learning_rat"),
            ("radius = 2", "radius"),
            (
                "[training]\nbatch = 0",
                "training.batch is 0, expected at least 1",
            ),
            ("[training]\nlearning_rate = nan", "training.learning_rate is NaN"),
            (
                "[training]\npreset = \"fast\"",
                "expected one of default, paper, public-code",
            ),
            (
                "[network]\npreset = \"huge\"",
                "network.preset is huge, expected one of cellflux-bbbc021",
            ),
            ("[training]\nsource = \"treated\"", "treated"),
            (
                "[training]\noptimiser = \"adam\"\nweight_decay = 0.1",
                "0 with adam",
            ),
            ("[run]\ndevice = \"gpu\"", "expected cpu, cuda or cuda:N"),
            ("[runs]\nseed = 1", "runs"),
            ("= 3", "run.toml"),
        ] {
            let message = read(more, &[]).unwrap_err().to_string();
            assert!(message.contains(expected), "{more}: {message}");
        }
        assert!("training.batch".parse::<Setting>().is_err());
        assert!("batch=3".parse::<Setting>().is_err());
    }
}
