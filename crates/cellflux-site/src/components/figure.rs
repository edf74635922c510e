//! A picture of the author's, with its words, its source and its licence.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{Components, credit_of, credited, figure};
use crate::error::SiteError;
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
            /// The page of a PDF, from 1.
            page: Option<Spanned<usize>>,
            /// Whether a click shows it as large as the window; as `[pictures]` says where this is absent.
            enlarge: Option<bool>,
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
        let enlarge = wanted.enlarge.unwrap_or(self.pictures.enlarge);
        let shown = self.shown(
            &wanted.file,
            wanted.alt.get_ref(),
            wanted.page.as_ref(),
            enlarge,
            settings,
        )?;
        let said = self.words_of(wanted.caption.as_ref(), settings);
        let credit = credit_of(&wanted.source, &wanted.licence);
        let origin = shown.origin.map_or_else(String::new, |address| {
            format!(" <small><a href=\"{}\">PDF</a></small>", escape(&address))
        });
        Ok(figure(
            "picture",
            &shown.html,
            &format!("{said}{origin}{}", credited(&credit)),
        ))
    }
}
