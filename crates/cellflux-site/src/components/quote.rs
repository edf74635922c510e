//! A quotation with its origin.

use serde::Deserialize;

use super::Components;
use crate::error::SiteError;
use crate::html::escape;
use crate::source::SourceText;

impl Components<'_> {
    pub(super) fn quote(&mut self, settings: &SourceText) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Quote {
            text: toml::Spanned<String>,
            #[serde(default)]
            by: String,
            #[serde(default)]
            source: String,
        }
        let quote: Quote = settings.toml()?;
        let text = self.inline(&settings.text(&quote.text));
        let cited = format!("<cite>{}</cite>", escape(&quote.source));
        let origin = match (quote.by.is_empty(), quote.source.is_empty()) {
            (true, true) => String::new(),
            (false, true) => format!("<figcaption>{}</figcaption>", escape(&quote.by)),
            (true, false) => format!("<figcaption>{cited}</figcaption>"),
            (false, false) => format!("<figcaption>{}, {cited}</figcaption>", escape(&quote.by)),
        };
        Ok(format!(
            "<figure class=\"component quote\"><blockquote><p>{text}</p></blockquote>{origin}</figure>\n"
        ))
    }
}
