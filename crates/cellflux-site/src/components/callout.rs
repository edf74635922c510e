//! A remark in a box: a note, a tip, a warning.

use serde::Deserialize;
use toml::Spanned;

use super::Components;
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::SourceText;

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Note,
    Tip,
    Important,
    Warning,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Callout {
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    title: String,
    text: Spanned<String>,
    /// Whether it is folded at first.
    #[serde(default)]
    folded: bool,
}

impl Components<'_> {
    pub(super) fn callout(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let wanted: Callout = settings.toml()?;
        let words = self.words;
        let (class, usual) = match wanted.kind {
            Kind::Note => ("note", words.note),
            Kind::Tip => ("tip", words.tip),
            Kind::Important => ("important", words.important),
            Kind::Warning => ("warning", words.warning),
        };
        let title = if wanted.title.is_empty() {
            usual.to_owned()
        } else {
            wanted.title
        };
        let title = escape(&title);
        let text = self.block(&settings.text(&wanted.text), at)?;
        Ok(if wanted.folded {
            format!(
                "<details class=\"component callout callout-{class}\"><summary>{title}</summary>\n\
                {text}</details>\n"
            )
        } else {
            format!(
                "<div class=\"component callout callout-{class}\" role=\"note\" aria-label=\"{title}\">\
                <p class=\"callout-title\">{title}</p>\n{text}</div>\n"
            )
        })
    }
}
