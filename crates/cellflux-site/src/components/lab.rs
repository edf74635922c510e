//! A lab: flow matching in the plane, which learns in the visitor's browser.

use cellflux_lab::{Settings, View};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Components;
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::SourceText;

/// What stands where a lab has not started, as HTML; the started lab's shadow tree has no slot for it.
const FALLBACK: &str = "<p lang=\"en\">The lab has not started. It needs JavaScript, WebAssembly and a web \
    server that sends its parts as they were built.</p>";

impl Components<'_> {
    pub(super) fn lab(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let (lab, view) = settings_and_view(settings.toml()?, at)?;
        self.uses.labs += 1;
        Ok(format!(
            "<cellflux-lab id=\"lab-{}\"{} settings=\"{}\" view=\"{}\">{FALLBACK}</cellflux-lab>\n",
            self.uses.labs,
            self.language_of_words(),
            escape(&json(&lab, at)?),
            escape(&json(&view, at)?)
        ))
    }
}

/// A lab's settings, with `view` among them, checked.
pub(super) fn settings_and_view(mut table: toml::Table, at: &Place) -> Result<(Settings, View), SiteError> {
    let view = table
        .remove("view")
        .unwrap_or(toml::Value::Table(toml::Table::new()));
    let lab: Settings = read(toml::Value::Table(table), at)?;
    let view: View = read(view, at)?;
    lab.check()
        .and_then(|()| view.check(&lab))
        .map_err(|error| at.wrong(error.to_string()))?;
    Ok((lab, view))
}

/// A part of the settings as what it describes.
fn read<T: DeserializeOwned>(value: toml::Value, at: &Place) -> Result<T, SiteError> {
    value
        .try_into()
        .map_err(|error: toml::de::Error| at.wrong(error.message().to_owned()))
}

fn json(value: &impl Serialize, at: &Place) -> Result<String, SiteError> {
    serde_json::to_string(value).map_err(|error| at.wrong(error.to_string()))
}
