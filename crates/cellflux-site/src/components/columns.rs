//! Texts side by side; below each other where it is narrow.

use serde::Deserialize;
use toml::Spanned;

use super::Components;
use crate::error::SiteError;
use crate::place::Place;
use crate::source::SourceText;

/// The most columns that a page has room for.
const MOST: usize = 4;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    #[serde(default, rename = "column")]
    columns: Vec<Column>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    text: Spanned<String>,
}

impl Components<'_> {
    pub(super) fn columns(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let wanted: Columns = settings.toml()?;
        let count = wanted.columns.len();
        if !(2..=MOST).contains(&count) {
            return Err(at.wrong(format!(
                "columns: found {count}, expected from 2 to {MOST} [[column]], each with `text`"
            )));
        }
        let mut html = String::new();
        for column in &wanted.columns {
            let text = self.block(&settings.text(&column.text), at)?;
            html.push_str(&format!("<div>\n{text}</div>\n"));
        }
        Ok(format!(
            "<div class=\"component columns columns-{count}\">\n{html}</div>\n"
        ))
    }
}
