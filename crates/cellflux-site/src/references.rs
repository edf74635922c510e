//! Numbered figures, tables, videos and equations, and the words that refer to them.
//!
//! A number follows the order of the pages and of the texts on them, so that each is on the site once. A
//! reference may come before what it names: a mark stands in its place until all pages have been read.

use std::collections::BTreeMap;

use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::suggestion;
use crate::words::Words;

/// What the ids of numbered elements begin with.
const KINDS: [&str; 4] = ["fig", "tbl", "vid", "eq"];

/// The longest id.
const LONGEST: usize = 60;

/// One numbered element.
#[derive(Clone, Debug)]
struct Given {
    page: String,
    kind: &'static str,
    number: usize,
    place: Place,
}

/// The numbers that a site's elements have, and the references to them.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// The file of the page that is being read.
    page: String,
    counts: BTreeMap<&'static str, usize>,
    given: BTreeMap<String, Given>,
    asked: Vec<(String, Place)>,
}

/// The kind of a numbered element, by its id: `fig` of `fig-overview`.
pub fn kind_of(id: &str) -> Option<&'static str> {
    let (kind, name) = id.split_once('-')?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if name.is_empty() || id.len() > LONGEST || !name.chars().all(plain) {
        return None;
    }
    KINDS.into_iter().find(|known| *known == kind)
}

impl Numbers {
    /// What comes next stands on this page.
    pub(crate) fn begin_page(&mut self, file: &str) {
        file.clone_into(&mut self.page);
    }

    /// The number of the next element of its kind, which has this id.
    ///
    /// # Errors
    /// [`SiteError::At`] for an id that another element has, or whose kind is not known.
    pub fn give(&mut self, id: &str, at: &Place) -> Result<usize, SiteError> {
        let kind = kind_of(id).ok_or_else(|| {
            at.wrong(format!(
                "id {id:?}, expected fig-, tbl-, vid- or eq- and a name of a to z, 0 to 9, `-` and `_`"
            ))
        })?;
        if let Some(first) = self.given.get(id) {
            return Err(at.wrong(format!(
                "a second element with the id {id:?}, expected another: the first is at {}",
                first.place
            )));
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let number = *count;
        let given = Given {
            page: self.page.clone(),
            kind,
            number,
            place: at.clone(),
        };
        self.given.insert(id.to_owned(), given);
        Ok(number)
    }

    /// The mark that stands in a text for the words that lead to an element.
    pub fn ask(&mut self, id: &str, at: &Place) -> String {
        self.asked.push((id.to_owned(), at.clone()));
        mark(id)
    }

    /// References to elements that no page has.
    pub(crate) fn missing(&self) -> Vec<SiteError> {
        let lost = self.asked.iter().filter(|(id, _)| !self.given.contains_key(id));
        lost.map(|(id, at)| {
            let near = suggestion(id, self.given.keys().map(String::as_str));
            at.wrong(format!("@{id}: nothing has this id{near}"))
        })
        .collect()
    }

    /// The text of a page with words in the place of each mark.
    pub(crate) fn filled(&self, html: &str, page: &str, words: &Words) -> String {
        let mut filled = String::with_capacity(html.len());
        let mut rest = html;
        while let Some((before, after)) = rest.split_once(MARK) {
            filled.push_str(before);
            let Some((id, behind)) = after.split_once(END) else {
                filled.push_str(MARK);
                rest = after;
                continue;
            };
            if let Some(given) = self.given.get(id) {
                let file = if given.page == page {
                    ""
                } else {
                    given.page.as_str()
                };
                filled.push_str(&format!(
                    "<a class=\"ref\" href=\"{}#{}\">{}\u{a0}{}</a>",
                    escape(file),
                    escape(id),
                    escape(name(given.kind, words)),
                    given.number
                ));
            }
            rest = behind;
        }
        filled.push_str(rest);
        filled
    }
}

const MARK: &str = "<!--cellflux ref ";
const END: &str = "-->";

fn mark(id: &str) -> String {
    format!("{MARK}{id}{END}")
}

/// What elements of a kind are called on the page.
pub(crate) fn name(kind: &str, words: &Words) -> &'static str {
    match kind {
        "tbl" => words.table,
        "vid" => words.video,
        "eq" => words.equation,
        _ => words.figure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize) -> Place {
        Place {
            path: "a.md".into(),
            line,
        }
    }

    #[test]
    fn each_kind_has_its_own_numbers_in_the_order_of_the_texts() {
        let mut numbers = Numbers::default();
        let given: Vec<usize> = ["fig-a", "eq-flow", "fig-b", "tbl-a"]
            .iter()
            .map(|id| numbers.give(id, &at(1)).unwrap())
            .collect();
        assert_eq!(given, [1, 1, 2, 1]);
        for id in ["figure-a", "fig-", "fig-A b", "a"] {
            assert!(numbers.give(id, &at(1)).is_err(), "{id}");
        }
        let error = numbers.give("fig-a", &at(9)).unwrap_err().to_string();
        assert!(
            error.starts_with("a.md:9: ") && error.ends_with("a.md:1"),
            "{error}"
        );
    }

    #[test]
    fn a_reference_leads_to_an_element_that_comes_later_or_stands_on_another_page() {
        let words = Words::or_english("en");
        let mut numbers = Numbers::default();
        numbers.begin_page("index.html");
        let text = format!("see {}.", numbers.ask("fig-a", &at(1)));
        numbers.give("fig-a", &at(2)).unwrap();
        assert_eq!(
            numbers.filled(&text, "index.html", &words),
            "see <a class=\"ref\" href=\"#fig-a\">Figure\u{a0}1</a>."
        );
        assert!(
            numbers
                .filled(&text, "more.html", &words)
                .contains("href=\"index.html#fig-a\"")
        );
        assert!(numbers.missing().is_empty());
    }

    #[test]
    fn a_reference_to_nothing_is_told_with_its_line_and_the_nearest_id() {
        let mut numbers = Numbers::default();
        numbers.ask("fig-overveiw", &at(7));
        numbers.give("fig-overview", &at(1)).unwrap();
        let missing = numbers.missing();
        assert_eq!(missing.len(), 1);
        assert_eq!(
            missing[0].to_string(),
            "a.md:7: @fig-overveiw: nothing has this id, did you mean \"fig-overview\"?"
        );
    }
}
