//! The one TOML file that decides a run: its sections, its presets, and the flags that override it.
//!
//! A section's `preset` names the values that it starts from; the file's own keys override those, and flags
//! override the file. An unknown key is an error, so that a misspelt one does not vanish. The resolved
//! config, with every value written out, is saved with the run and reads back as itself.

mod about;
mod average;
mod network;
mod noise;
mod overlay;
mod run;
mod training;

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::TrainError;
use cellflux_data::{ConditionsConfig, DataConfig};

pub use about::{AboutConfig, DataSetConfig};
pub use average::PowerAverage;
pub use cellflux_bundle::sampling::FlowSource;
pub use network::NetworkConfig;
pub use noise::SourceNoise;
pub use overlay::Setting;
pub use run::{DeviceChoice, OpsChoice, RunConfig, Select};
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
        if let Some(Value::Table(section)) = table.get("training") {
            training::refuse_two_ways(section)?;
        }
        for setting in settings {
            if let Some(("training", key)) = setting.place()
                && let Some(other) = training::other_way(key)
                && let Some(Value::Table(section)) = table.get_mut("training")
            {
                section.remove(other);
            }
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
        let wrong = |reason: String| TrainError::ConfigText {
            origin: "resolved config".to_owned(),
            reason,
        };
        let text = toml::to_string_pretty(self).map_err(|error| wrong(error.to_string()))?;
        if self.training.epochs.is_none() && self.training.ema.is_none() {
            return Ok(text);
        }
        // Of two ways to say the same, the one that decides.
        let mut table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| wrong(error.to_string()))?;
        if let Some(Value::Table(section)) = table.get_mut("training") {
            for key in ["epochs", "ema"] {
                if section.contains_key(key)
                    && let Some(other) = training::other_way(key)
                {
                    section.remove(other);
                }
            }
        }
        toml::to_string_pretty(&table).map_err(|error| wrong(error.to_string()))
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
        assert_eq!(training.noise, SourceNoise::Level(0.75));
        assert_eq!(
            (config.network.model_channels, config.network.num_res_blocks),
            (32, 2)
        );
        assert!((config.network.dropout - 0.25).abs() < 1e-12);
        assert_eq!(config.run.device, DeviceChoice::Cuda(1));
    }

    #[test]
    fn epochs_stand_in_place_of_steps_and_a_flag_replaces_the_file_s_way() {
        let training = |more: &str, settings: &[&str]| read(more, settings).unwrap().training;
        let epochs = training("[training]\nepochs = 3\nbatch = 32\naccumulate = 2", &[]);
        // 3 x 1000 pairs in steps of 64.
        assert_eq!((epochs.steps_for(1000), epochs.steps_for(1)), (47, 1));
        let steps = training("[training]\nepochs = 3", &["training.steps=5"]);
        assert_eq!((steps.epochs, steps.steps_for(1000)), (None, 5));
        let replaced = training("[training]\nsteps = 5\nbatch = 10", &["training.epochs=0.5"]);
        assert_eq!(replaced.steps_for(100), 5);
        // Nothing stated is what it always was.
        assert_eq!(training("", &[]).steps_for(1000), 10_000);
        for (more, message) in [
            (
                "[training]\nsteps = 5\nepochs = 3",
                "training.epochs is 3, expected training.steps or training.epochs, not both",
            ),
            (
                "[training]\nema_decay = 0.9\nema = { power = 0.1 }",
                "expected training.ema_decay or training.ema, not both",
            ),
            ("[training]\nepochs = 0.0", "training.epochs is 0"),
        ] {
            let refused = read(more, &[]).unwrap_err().to_string();
            assert!(refused.contains(message), "{more}: {refused}");
        }
    }

    #[test]
    fn a_resolved_config_with_epochs_and_a_power_average_reads_back_as_itself() {
        let options = "[training]\nepochs = 3\nema = { power = 0.1 }\npath_noise = 0.2";
        let config = read(options, &[]).unwrap();
        let written = config.to_toml().unwrap();
        assert_eq!(config, Config::from_text("again", &written, &[]).unwrap());
        let default = read("", &[]).unwrap().to_toml().unwrap();
        for key in ["epochs", "ema =", "[data.draw]", "only", "select", "path_noise"] {
            assert!(!default.contains(key), "{key} in\n{default}");
        }
    }

    #[test]
    fn noise_is_a_level_or_a_range_that_a_bundle_can_state() {
        let noise = |more: &str| read(more, &[]).map(|config| config.training.noise);
        let range = SourceNoise::Range([0.0, 0.5]);
        assert_eq!(noise("[training]\nnoise = [0, 0.5]").unwrap(), range);
        noise("[training]\nnoise = [0.1, 0.5]\nnoise_probability = 1.0").unwrap();
        for (more, message) in [
            (
                "[training]\nnoise = [0.5, 0.1]",
                "training.noise is [0.5, 0.1], expected",
            ),
            (
                "[training]\npath_noise = 0",
                "training.path_noise is 0, expected a number above 0",
            ),
            (
                "[training]\nnoise = -1",
                "training.noise is -1, expected a number from 0",
            ),
            (
                "[training]\nnoise = [0.1, 0.5]",
                "training.noise_probability is 0.5, expected 1 where",
            ),
        ] {
            let refused = noise(more).unwrap_err().to_string();
            assert!(refused.contains(message), "{more}: {refused}");
        }
    }

    #[test]
    fn the_public_code_s_options_are_there_by_name() {
        let training = read("[training]\npreset = \"public-code\"", &[])
            .unwrap()
            .training;
        assert!(training.per_batch && training.precision == Precision::F16);
        // Four processes with 32 pairs each.
        assert_eq!((training.batch, training.images_per_step()), (32, 128));
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
