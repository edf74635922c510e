//! A picture of the author's, with its words, its source and its licence.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{Components, credit_of, credited, figure};
use crate::error::SiteError;
use crate::files::Use;
use crate::html::escape;
use crate::source::SourceText;

impl Components<'_> {
    pub(super) fn figure(&mut self, settings: &SourceText) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Figure {
            file: Spanned<PathBuf>,
            alt: Spanned<String>,
            caption: Option<Spanned<String>>,
            #[serde(default)]
            source: String,
            #[serde(default)]
            licence: String,
        }
        let wanted: Figure = settings.toml()?;
        if wanted.alt.get_ref().trim().is_empty() {
            return Err(settings.wrong(
                &wanted.alt.span(),
                "alt is empty, expected words for what the picture shows",
            ));
        }
        let address = self.author_file(&wanted.file, Use::Picture, settings)?;
        let said = self.words_of(wanted.caption.as_ref(), settings);
        let credit = credit_of(&wanted.source, &wanted.licence);
        Ok(figure(
            "picture",
            &format!(
                "<img src=\"{}\" alt=\"{}\" loading=\"lazy\" decoding=\"async\">",
                escape(&address),
                escape(wanted.alt.get_ref())
            ),
            &format!("{said}{}", credited(&credit)),
        ))
    }
}
