//! The small run's config, with other settings.

use std::path::Path;

use cellflux_train::config::{Config, Setting};

use crate::common::CONFIG;

/// The config of a run in `folder`, overridden by `settings`.
pub fn config(folder: &Path, settings: &[&str]) -> Config {
    let mut settings: Vec<Setting> = settings.iter().map(|text| text.parse().unwrap()).collect();
    settings.push(Setting::new("run", "folder", folder.to_str().unwrap()));
    Config::from_text("test", CONFIG, &settings).unwrap()
}
