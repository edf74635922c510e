//! Publications from a `.bib` file: how a text cites them, and the list of those that a page cites.

use std::collections::BTreeMap;
use std::ops::Range;

use hayagriva::archive::{ArchivedStyle, locales};
use hayagriva::citationberg::taxonomy::Locator;
use hayagriva::citationberg::{
    FontStyle, FontVariant, FontWeight, IndependentStyle, Locale, LocaleCode, Style, VerticalAlign,
};
use hayagriva::{
    BibliographyDriver, BibliographyRequest, CitationItem, CitationRequest, CitePurpose, ElemChild,
    ElemChildren, ElemMeta, Entry, Formatted, LocatorPayload, SpecificLocator,
};

use crate::config::is_web_address;
use crate::error::SiteError;
use crate::html::{escape, slug};
use crate::ids::Ids;
use crate::mentions::Cited;
use crate::place::Place;
use crate::source::{SourceText, nearest, suggestion};

/// The style where none is named: numbers in square brackets.
pub const STYLE: &str = "ieee";

/// The publications that a site may cite, and how.
#[derive(Debug)]
pub struct Bibliography {
    entries: BTreeMap<String, Entry>,
    /// Entries that cannot be cited, with why and where.
    broken: BTreeMap<String, (Place, String)>,
    style: IndependentStyle,
    locales: Vec<Locale>,
    locale: Option<LocaleCode>,
}

/// What one page cites.
#[derive(Debug, Default)]
pub(crate) struct Citations {
    asked: Vec<(Vec<Cited>, bool)>,
    /// Ids of the entries in the page's list, by key.
    ids: BTreeMap<String, String>,
}

impl Bibliography {
    /// Reads a `.bib` file. An entry whose fields are malformed is an error only where it is cited.
    ///
    /// # Errors
    /// [`SiteError::At`] with the line and the entry for what is not `BibTeX`.
    pub fn read(source: &SourceText, style: IndependentStyle, language: &str) -> Result<Self, SiteError> {
        let parsed = biblatex::Bibliography::parse(&source.text).map_err(|error| {
            let near = entry_at(&source.text, error.span.start)
                .map_or_else(String::new, |key| format!(" in or after the entry {key:?}"));
            source.wrong(&error.span, format!("{}{near}", error.kind))
        })?;
        let (mut entries, mut broken) = (BTreeMap::new(), BTreeMap::new());
        for entry in parsed.iter() {
            match Entry::try_from(entry) {
                Ok(read) => {
                    entries.insert(entry.key.clone(), read);
                }
                Err(error) => {
                    let place = source.place(place_of(&source.text, &entry.key, &error.span));
                    broken.insert(entry.key.clone(), (place, error.kind.to_string()));
                }
            }
        }
        let locale = match language.get(..2).map(str::to_ascii_lowercase).as_deref() {
            Some("en") => Some("en-US"),
            Some("de") => Some("de-DE"),
            Some("fr") => Some("fr-FR"),
            Some("es") => Some("es-ES"),
            Some("zh") => Some("zh-CN"),
            _ => None,
        };
        Ok(Self {
            entries,
            broken,
            style,
            locales: locales(),
            locale: locale.map(|code| LocaleCode(code.to_owned())),
        })
    }

    /// Takes a citation of a page, and gives the mark that stands for it until the page has been read.
    /// Nothing for a word with `@` in a sentence that is no key, with what it may have meant.
    ///
    /// # Errors
    /// [`SiteError::At`] for a key in brackets that the bibliography does not have, with the nearest; for an
    /// entry that is malformed, where it stands.
    pub(crate) fn cite(
        &self,
        cited: &[Cited],
        prose: bool,
        page: &mut Citations,
        ids: &mut Ids,
        at: &Place,
    ) -> Result<Option<String>, SiteError> {
        for one in cited {
            if let Some((place, problem)) = self.broken.get(&one.key) {
                return Err(place.wrong(format!("the entry {:?}, which {at} cites: {problem}", one.key)));
            }
            if !self.entries.contains_key(&one.key) {
                if prose {
                    return Ok(None);
                }
                let near = suggestion(&one.key, self.entries.keys().map(String::as_str));
                return Err(at.wrong(format!("[@{}]: no such entry in the bibliography{near}", one.key)));
            }
            if !page.ids.contains_key(&one.key) {
                let id = ids.free(&format!("ref-{}", slug(&one.key)), at);
                page.ids.insert(one.key.clone(), id);
            }
        }
        page.asked.push((cited.to_vec(), prose));
        Ok(Some(mark(page.asked.len())))
    }

    /// The key that a word with `@` is close to.
    pub(crate) fn near(&self, key: &str) -> Option<&str> {
        nearest(key, self.entries.keys().map(String::as_str))
    }

    /// The citations of a page in their order, and the list of what it cites, as HTML; nothing where it cites
    /// nothing.
    pub(crate) fn written(&self, page: &Citations) -> Option<(Vec<String>, String)> {
        if page.asked.is_empty() {
            return None;
        }
        let mut driver = BibliographyDriver::new();
        for (cited, prose) in &page.asked {
            let items = cited.iter().filter_map(|one| self.item(one, *prose)).collect();
            let locale = self.locale.clone();
            driver.citation(CitationRequest::new(
                items,
                &self.style,
                locale,
                &self.locales,
                None,
            ));
        }
        let rendered = driver.finish(BibliographyRequest::new(
            &self.style,
            self.locale.clone(),
            &self.locales,
        ));
        let citations = rendered.citations.iter().zip(&page.asked);
        let citations = citations
            .map(|(citation, (cited, _))| {
                let link = |index: usize| cited.get(index).and_then(|one| page.ids.get(&one.key));
                format!(
                    "<span class=\"cite\">{}</span>",
                    children(&citation.citation, &link)
                )
            })
            .collect();
        let none = |_: usize| Option::<&String>::None;
        let items = rendered.bibliography.map(|list| list.items).unwrap_or_default();
        let list: String = items
            .iter()
            .filter_map(|item| {
                let id = page.ids.get(&item.key)?;
                let number = item.first_field.as_ref().map_or_else(String::new, |field| {
                    format!("<span class=\"label\">{}</span> ", child(field, &none))
                });
                let content = children(&item.content, &none);
                Some(format!(
                    "<li id=\"{}\">{number}<span>{content}</span></li>\n",
                    escape(id)
                ))
            })
            .collect();
        Some((citations, format!("<ul class=\"references\">\n{list}</ul>\n")))
    }

    fn item<'a>(&'a self, cited: &'a Cited, prose: bool) -> Option<CitationItem<'a, Entry>> {
        let entry = self.entries.get(&cited.key)?;
        let item = CitationItem::with_locator(entry, locator(&cited.locator));
        Some(if prose {
            item.kind(CitePurpose::Prose)
        } else {
            item
        })
    }
}

/// The style of a name.
///
/// # Errors
/// The nearest names, for one that is not known.
pub fn style(name: &str) -> Result<IndependentStyle, String> {
    let known = || ArchivedStyle::all().iter().flat_map(|style| style.names());
    let found = ArchivedStyle::by_name(name).map(ArchivedStyle::get);
    match found {
        Some(Style::Independent(style)) => Ok(style),
        _ => Err(format!(
            "citation_style {name:?}{}",
            suggestion(name, known().copied())
        )),
    }
}

/// A text of a page with its citations in the place of their marks.
pub(crate) fn filled(html: String, citations: &[String]) -> String {
    citations
        .iter()
        .enumerate()
        .fold(html, |html, (index, citation)| {
            html.replace(&mark(index + 1), citation)
        })
}

fn mark(number: usize) -> String {
    format!("<!--cellflux cite {number}-->")
}

/// `p. 3` as a page, `ch. 2` as a chapter, anything else as it stands.
fn locator(text: &str) -> Option<SpecificLocator<'_>> {
    let known = [
        ("pp.", Locator::Page),
        ("p.", Locator::Page),
        ("ch.", Locator::Chapter),
        ("sec.", Locator::Section),
        ("fig.", Locator::Figure),
        ("eq.", Locator::Equation),
    ];
    let named = known
        .into_iter()
        .find_map(|(short, kind)| Some((text.strip_prefix(short)?.trim(), kind)));
    let (text, kind) = named.unwrap_or((text, Locator::Custom));
    (!text.is_empty()).then(|| SpecificLocator(kind, LocatorPayload::Str(text)))
}

/// The key of the entry that a place in the file is in or follows.
fn entry_at(text: &str, at: usize) -> Option<&str> {
    let before = text.get(..at).unwrap_or(text);
    let head = before.rfind('@')?;
    let (_, behind) = text.get(head..)?.split_once(['{', '('])?;
    let key = behind.split([',', '}', '\n']).next()?.trim();
    (!key.is_empty()).then_some(key)
}

/// Where an entry's fault stands: its own place, where that is inside of the entry, else the entry's.
fn place_of(text: &str, key: &str, span: &Range<usize>) -> usize {
    if entry_at(text, span.end) == Some(key) {
        return span.start;
    }
    let heads = text.match_indices('@').map(|(at, _)| at);
    let mut own = heads.filter(|at| entry_at(text, at + 1) == Some(key));
    own.next().unwrap_or_default()
}

/// What a style has made, as HTML; `link` gives the id of the entry that a part of a citation is about.
fn children<'a>(parts: &ElemChildren, link: &dyn Fn(usize) -> Option<&'a String>) -> String {
    parts.0.iter().map(|part| child(part, link)).collect()
}

fn child<'a>(part: &ElemChild, link: &dyn Fn(usize) -> Option<&'a String>) -> String {
    match part {
        ElemChild::Elem(element) => {
            let inner = children(&element.children, link);
            let id = match element.meta {
                Some(ElemMeta::Entry(index)) => link(index),
                _ => None,
            };
            match id {
                Some(id) => format!("<a href=\"#{}\" role=\"doc-biblioref\">{inner}</a>", escape(id)),
                None => inner,
            }
        }
        ElemChild::Markup(text) => escape(text),
        ElemChild::Link { text, url } if is_web_address(url) => {
            format!("<a href=\"{}\">{}</a>", escape(url), formatted(text))
        }
        ElemChild::Text(text) | ElemChild::Link { text, .. } => formatted(text),
        ElemChild::Transparent { .. } => String::new(),
    }
}

fn formatted(part: &Formatted) -> String {
    let style = &part.formatting;
    let mut html = escape(&part.text);
    for (wanted, tag) in [
        (style.font_style == FontStyle::Italic, "em"),
        (style.font_weight == FontWeight::Bold, "strong"),
        (style.vertical_align == VerticalAlign::Sup, "sup"),
        (style.vertical_align == VerticalAlign::Sub, "sub"),
    ] {
        if wanted {
            html = format!("<{tag}>{html}</{tag}>");
        }
    }
    if style.font_variant == FontVariant::SmallCaps {
        html = format!("<span class=\"small-caps\">{html}</span>");
    }
    html
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const BIB: &str = "\
        @article{roe20,\n  author = {Roe, Ann and Doe, Bo},\n  title = {Cells & flows <b>},\n\
        journal = {Cell},\n  year = {2020},\n  doi = {10.1000/xyz}\n}\n\
        @book{doe19,\n  author = {Doe, Bo},\n  title = {A book},\n  publisher = {P},\n  year = {2019}\n}\n";

    fn read(text: &str) -> Result<Bibliography, SiteError> {
        let source = SourceText::part(Path::new("refs.bib"), 1, text);
        Bibliography::read(&source, style(STYLE).unwrap(), "en")
    }

    fn at() -> Place {
        Place {
            path: "a.md".into(),
            line: 3,
        }
    }

    fn cited(key: &str) -> Vec<Cited> {
        vec![Cited {
            key: key.to_owned(),
            locator: String::new(),
        }]
    }

    #[test]
    fn a_citation_leads_to_its_entry_in_the_list_of_what_the_page_cites() {
        let library = read(BIB).unwrap();
        let (mut page, mut ids) = (Citations::default(), Ids::default());
        let mark = library
            .cite(&cited("roe20"), false, &mut page, &mut ids, &at())
            .unwrap();
        let (citations, list) = library.written(&page).unwrap();
        let text = filled(format!("as shown {}.", mark.unwrap()), &citations);
        assert!(
            text.contains("href=\"#ref-roe20\"") && text.contains('1'),
            "{text}"
        );
        assert!(
            list.contains("id=\"ref-roe20\"") && !list.contains("A book"),
            "{list}"
        );
        assert!(!list.contains("<b>") && !list.contains("style="), "{list}");
    }

    #[test]
    fn a_syntax_error_is_told_with_its_line_and_entry() {
        let error = read("@article{roe20,\n  title = {Cells},\n  year = 2020\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("refs.bib:") && error.contains("\"roe20\""),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_key_is_answered_with_the_nearest_in_brackets_and_left_alone_in_a_sentence() {
        let library = read(BIB).unwrap();
        let (mut page, mut ids) = (Citations::default(), Ids::default());
        let error = library
            .cite(&cited("roe21"), false, &mut page, &mut ids, &at())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.md:3: [@roe21]: no such entry in the bibliography, did you mean \"roe20\"?"
        );
        let kept = library
            .cite(&cited("property"), true, &mut page, &mut ids, &at())
            .unwrap();
        assert_eq!(kept, None);
        assert!(library.written(&page).is_none());
    }

    #[test]
    fn a_style_that_is_not_known_is_answered_with_the_nearest() {
        let error = style("natur").unwrap_err();
        assert!(error.contains("did you mean \"nature\"?"), "{error}");
    }
}
