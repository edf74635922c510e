//! A field that looks through the site's pages, which a script does in the visitor's browser.

use serde::Deserialize;

use super::Components;
use crate::error::SiteError;
use crate::html::escape;
use crate::source::SourceText;

/// It has no settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {}

impl Components<'_> {
    pub(super) fn search(&mut self, settings: &SourceText) -> Result<String, SiteError> {
        let Search {} = settings.toml()?;
        self.uses.article = true;
        let words = self.words;
        Ok(format!(
            "<cellflux-search class=\"component search\" data-here=\"{}\" data-pages=\"{}\" \
            data-label=\"{}\" data-number=\"{}\" data-none=\"{}\" data-unread=\"{}\"{}></cellflux-search>\n",
            escape(&self.page),
            escape(&self.pages.join(" ")),
            escape(words.search),
            escape(words.places_found),
            escape(words.nothing_found),
            escape(words.not_searched),
            self.language_of_words()
        ))
    }
}
