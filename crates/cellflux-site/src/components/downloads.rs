//! Files to take away, each with its size, its digest and its licence.

use std::path::PathBuf;

use cellflux_bundle::files::digest;
use serde::Deserialize;
use toml::Spanned;

use super::{Components, credit_of, credited, paragraph, worded};
use crate::error::SiteError;
use crate::files::Use;
use crate::html::escape;
use crate::place::Place;
use crate::report::size;
use crate::source::SourceText;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Downloads {
    #[serde(default, rename = "file")]
    files: Vec<Download>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Download {
    path: Spanned<PathBuf>,
    label: Spanned<String>,
    about: Option<Spanned<String>>,
    #[serde(default)]
    source: String,
    #[serde(default)]
    licence: String,
}

impl Components<'_> {
    pub(super) fn downloads(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let wanted: Downloads = settings.toml()?;
        if wanted.files.is_empty() {
            return Err(at.wrong("downloads: expected one or more [[file]], each with `path` and `label`"));
        }
        let mut list = String::new();
        for file in &wanted.files {
            worded(&file.label, "label", settings)?;
            let address = self.author_file(&file.path, Use::Link, settings)?;
            let content = self
                .files
                .files
                .get(&address)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let (bytes, sum) = (size(content.len() as u64), digest(content));
            let name = file
                .path
                .get_ref()
                .file_name()
                .unwrap_or_default()
                .to_string_lossy();
            let about = paragraph(&self.words_of(file.about.as_ref(), settings));
            list.push_str(&format!(
                "<li><a href=\"{}\" download=\"{}\">{}</a> <span class=\"bytes\">{bytes}</span>{about}\
                <code class=\"digest\">SHA-256 {sum}</code>{}</li>\n",
                escape(&address),
                escape(&name),
                escape(file.label.get_ref()),
                credited(&credit_of(&file.source, &file.licence))
            ));
        }
        Ok(format!("<ul class=\"component downloads\">\n{list}</ul>\n"))
    }
}
