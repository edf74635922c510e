//! Texts of which one is in view. Without a script all of them stand below each other.

use serde::Deserialize;
use toml::Spanned;

use super::Components;
use crate::error::SiteError;
use crate::html::{escape, slug};
use crate::place::Place;
use crate::source::SourceText;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tabs {
    #[serde(default)]
    label: String,
    #[serde(default, rename = "tab")]
    tabs: Vec<Tab>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tab {
    title: Spanned<String>,
    text: Spanned<String>,
}

impl Components<'_> {
    pub(super) fn tabs(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let wanted: Tabs = settings.toml()?;
        if wanted.tabs.len() < 2 {
            return Err(at.wrong("tabs: expected two or more [[tab]], each with `title` and `text`"));
        }
        self.uses.article = true;
        let mut html = String::new();
        for tab in &wanted.tabs {
            let title = tab.title.get_ref().trim();
            if title.is_empty() {
                return Err(settings.wrong(&tab.title.span(), "title is empty, expected the tab's name"));
            }
            let wished = format!("{}{}", self.prefix, slug(title));
            let id = self.ids.free(&wished, &settings.place(tab.title.span().start));
            let text = self.block(&settings.text(&tab.text), at)?;
            html.push_str(&format!(
                "<div class=\"tab\" id=\"{}\"><p class=\"tab-title\">{}</p>\n{text}</div>\n",
                escape(&id),
                escape(title)
            ));
        }
        let label = if wanted.label.is_empty() {
            String::new()
        } else {
            format!(" data-label=\"{}\"", escape(&wanted.label))
        };
        Ok(format!(
            "<cellflux-tabs class=\"component tabs\"{label}>\n{html}</cellflux-tabs>\n"
        ))
    }
}
