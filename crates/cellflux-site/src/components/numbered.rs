//! Components with an `id` of a kind that is numbered: `Figure 2.` before the caption.

use super::Components;
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::references;
use crate::source::SourceText;

/// Components that may have a number.
const NUMBERED: [&str; 12] = [
    "slider",
    "gallery",
    "strip",
    "evaluation",
    "confusion",
    "batches",
    "nuclei",
    "table",
    "figure",
    "video",
    "carousel",
    "compare",
];

/// How every such component begins.
const BEGIN: &str = "<figure class=\"component";

/// The `id` in the settings of a component, with its place, and the settings without it. Components without a
/// number have none.
pub(super) fn id_in(name: &str, settings: &SourceText) -> Option<(String, Place, SourceText)> {
    if !NUMBERED.contains(&name) {
        return None;
    }
    // A text that is not TOML is reported where its values are read.
    let table = toml::de::DeTable::parse(&settings.text).ok()?;
    let (key, value) = table.get_ref().iter().find(|(key, _)| {
        let name: &str = key.get_ref();
        name == "id"
    })?;
    let id = value.get_ref().as_str()?.to_owned();
    let at = key.span().start..value.span().end;
    // Blanks in its place: every other setting keeps its place.
    let blank: String = settings
        .text
        .get(at.clone())?
        .chars()
        .map(|c| if c == '\n' { '\n' } else { ' ' })
        .collect();
    let mut rest = settings.clone();
    rest.text = [
        settings.text.get(..at.start)?,
        &blank,
        settings.text.get(at.end..)?,
    ]
    .concat();
    Some((id, settings.place(at.start), rest))
}

impl Components<'_> {
    /// A component's HTML with its number and id.
    pub(super) fn with_number(&mut self, html: String, id: &str, at: &Place) -> Result<String, SiteError> {
        // A walk whose real control the site does not have is left out of the page.
        if !html.starts_with(BEGIN) {
            return Ok(html);
        }
        self.ids.claim(id, at)?;
        let number = self.numbers.give(id, at)?;
        let kind = references::kind_of(id).unwrap_or_default();
        let label = format!(
            "<span class=\"number\">{}\u{a0}{number}.</span> ",
            escape(references::name(kind, &self.words))
        );
        let html = html.replacen("<figure ", &format!("<figure id=\"{}\" ", escape(id)), 1);
        Ok(match html.rsplit_once("<figcaption>") {
            Some((before, said)) => format!("{before}<figcaption>{label}{said}"),
            None => match html.rsplit_once("</figure>") {
                Some((before, behind)) => {
                    format!("{before}<figcaption>{label}</figcaption></figure>{behind}")
                }
                None => html,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_id_is_taken_out_of_the_settings_and_all_others_keep_their_lines() {
        let text = "file = \"a.png\"\nid = \"fig-a\" # mine\nalt = \"x\"\n";
        let settings = SourceText::part(Path::new("a.md"), 5, text);
        let (id, at, rest) = id_in("figure", &settings).unwrap();
        assert_eq!((id.as_str(), at.line), ("fig-a", 6));
        assert_eq!(rest.text.len(), text.len());
        let table: toml::Table = rest.toml().unwrap();
        assert_eq!(table.keys().collect::<Vec<_>>(), ["alt", "file"]);
        assert!(id_in("lesson", &settings).is_none());
    }
}
