//! A list of the page's headings. It is written when the whole page has been read.

use serde::Deserialize;
use toml::Spanned;

use crate::error::SiteError;
use crate::html::escape;
use crate::source::SourceText;
use crate::words::Words;

/// A heading of the page.
#[derive(Clone, Debug)]
pub(crate) struct Headed {
    /// 2 for a section's title, 3 and more below it.
    pub level: u8,
    /// Its element's id.
    pub id: String,
    /// Its words.
    pub words: String,
}

/// What stands in a text for the list of headings down to a level.
fn mark(deepest: u8) -> String {
    format!("<!--cellflux contents {deepest}-->")
}

/// Where the list of headings comes, with its settings.
pub(super) fn place(settings: &SourceText) -> Result<String, SiteError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Contents {
        depth: Option<Spanned<u8>>,
    }
    let wanted: Contents = settings.toml()?;
    let Some(depth) = wanted.depth else {
        return Ok(mark(2));
    };
    match depth.get_ref() {
        deep @ 1..=3 => Ok(mark(deep + 1)),
        deep => Err(settings.wrong(
            &depth.span(),
            format!("depth {deep}, expected from 1 (sections) to 3"),
        )),
    }
}

/// A text with every list of headings in its place.
pub(crate) fn filled(html: String, headings: &[Headed], words: &Words) -> String {
    (2..=4).fold(html, |html, deepest| {
        let mark = mark(deepest);
        if html.contains(&mark) {
            html.replace(&mark, &list(headings, deepest, words))
        } else {
            html
        }
    })
}

fn list(headings: &[Headed], deepest: u8, words: &Words) -> String {
    let entries: String = headings
        .iter()
        .filter(|heading| heading.level <= deepest && !heading.words.is_empty())
        .map(|heading| {
            format!(
                "<li class=\"level-{}\"><a href=\"#{}\">{}</a></li>",
                heading.level,
                escape(&heading.id),
                escape(&heading.words)
            )
        })
        .collect();
    format!(
        "<nav class=\"component contents\" aria-label=\"{}\"><ul>{entries}</ul></nav>\n",
        escape(words.contents)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_the_headings_down_to_its_level_in_their_order() {
        let heading = |level, id: &str| Headed {
            level,
            id: id.to_owned(),
            words: format!("About <{id}>"),
        };
        let headings = [heading(2, "a"), heading(3, "a-b"), heading(2, "c")];
        let words = Words::or_english("en");
        let html = filled(format!("x{}y", mark(2)), &headings, &words);
        assert!(
            html.contains("href=\"#a\">About &lt;a&gt;</a>") && !html.contains("a-b"),
            "{html}"
        );
        let html = filled(mark(3), &headings, &words);
        assert!(html.find("#a-b").unwrap() < html.find("#c").unwrap(), "{html}");
        assert_eq!(filled("plain".into(), &headings, &words), "plain");
    }
}
