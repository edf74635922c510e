//! A page made with the Nerfies or the Academic project page template, read to start a site from.
//!
//! Taken are its title, authors and affiliations, links, abstract and BibTeX; what else is there is named.
//! Such a page is HTML of any quality. It is read as browsers read it, within bounds, and nothing in it is
//! run or fetched.

mod authors;
#[cfg(test)]
mod tests;
mod written;

use std::path::Path;

use scraper::{CaseSensitivity, ElementRef, Html};

use crate::error::SiteError;

pub use authors::Author;

/// The most bytes of a page. Pictures may be inside.
const MOST_BYTES: usize = 8 << 20;
/// The most tags of a page: a tree of so many is walked at once, however they are nested.
const MOST_TAGS: usize = 20_000;
/// The most characters of a text that is taken.
const MOST_CHARACTERS: usize = 20_000;
/// The most authors, links, or things that are named as not taken.
const MOST_PARTS: usize = 300;

/// What a page says of a paper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Its heading.
    pub title: String,
    /// What it tells search engines.
    pub description: String,
    /// Where and when the work appeared, as the page has it.
    pub venue: String,
    /// Its authors in order.
    pub authors: Vec<Author>,
    /// Its buttons.
    pub links: Vec<Link>,
    /// The abstract, paragraphs with an empty line between them.
    pub summary: String,
    /// The reference.
    pub bibtex: String,
    /// What was not taken, a sentence each.
    pub left: Vec<String>,
}

/// A button of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it leads, as the page has it.
    pub href: String,
    /// Its kind in `site.toml`; none for a kind that has no name there.
    pub kind: Option<&'static str>,
}

/// Reads a saved page, or the `index.html` of a folder.
///
/// # Errors
/// [`SiteError::Page`] for what is no such page or too large, [`SiteError::Io`].
pub fn read(path: &Path) -> Result<Imported, SiteError> {
    let wrong = |problem: String| SiteError::Page {
        path: path.to_owned(),
        problem,
    };
    let named = path.to_string_lossy();
    if named.starts_with("https://") || named.starts_with("http://") {
        return Err(wrong("expected a file: save the page and name that".into()));
    }
    let file = if path.is_dir() {
        path.join("index.html")
    } else {
        path.to_owned()
    };
    let bytes = cellflux_files::read(&file).map_err(SiteError::io(&file))?;
    if bytes.len() > MOST_BYTES {
        return Err(wrong(format!(
            "has {} bytes, expected at most {MOST_BYTES}",
            bytes.len()
        )));
    }
    of_html(&String::from_utf8_lossy(&bytes)).map_err(wrong)
}

/// What a page's HTML says.
///
/// # Errors
/// A sentence for a page with neither a heading nor a title, and for one with too many tags.
pub fn of_html(text: &str) -> Result<Imported, String> {
    let tags = text.bytes().filter(|byte| *byte == b'<').count();
    if tags > MOST_TAGS {
        return Err(format!("has {tags} tags, expected at most {MOST_TAGS}"));
    }
    let html = Html::parse_document(text);
    let elements: Vec<ElementRef> = html.root_element().descendent_elements().collect();
    let title = [
        first(&elements, |element| has_class(*element, "publication-title")),
        first(&elements, |element| is(*element, "h1")),
        first(&elements, |element| is(*element, "title")),
    ]
    .into_iter()
    .flatten()
    .map(words)
    .find(|title| !title.is_empty());
    let Some(title) = title else {
        return Err("has no <h1> and no <title>, expected a page of the Nerfies or Academic template".into());
    };
    let mut imported = Imported {
        title,
        description: description(&elements),
        links: links(&elements),
        summary: summary(&elements),
        bibtex: bibtex(&elements),
        ..Imported::default()
    };
    authors::take(&elements, &mut imported);
    name_the_rest(&elements, &mut imported);
    Ok(imported)
}

/// The first element that is wanted.
fn first<'a>(
    elements: &[ElementRef<'a>],
    wanted: impl Fn(&ElementRef<'a>) -> bool,
) -> Option<ElementRef<'a>> {
    elements.iter().find(|element| wanted(element)).copied()
}

fn is(element: ElementRef, name: &str) -> bool {
    element.value().name() == name
}

fn has_class(element: ElementRef, class: &str) -> bool {
    element.value().has_class(class, CaseSensitivity::CaseSensitive)
}

fn is_heading(element: ElementRef) -> bool {
    matches!(element.value().name(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// The text of an element in one line.
fn words(element: ElementRef) -> String {
    clean(&element.text().collect::<String>())
}

/// A text in one line, without control characters, not longer than is taken.
fn clean(text: &str) -> String {
    let line = text
        .split_whitespace()
        .map(|word| word.chars().filter(|c| !c.is_control()).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    line.chars().take(MOST_CHARACTERS).collect()
}

/// What the page tells search engines or link previews.
fn description(elements: &[ElementRef]) -> String {
    ["description", "og:description", "twitter:description"]
        .into_iter()
        .find_map(|name| {
            let meta = first(elements, |element| {
                is(*element, "meta") && [element.attr("name"), element.attr("property")].contains(&Some(name))
            })?;
            let content = clean(meta.attr("content")?);
            // What the template says to its user stays behind.
            (!content.is_empty() && content != "DESCRIPTION META TAG").then_some(content)
        })
        .unwrap_or_default()
}

/// The buttons below the authors.
fn links(elements: &[ElementRef]) -> Vec<Link> {
    let blocks = elements
        .iter()
        .filter(|element| has_class(**element, "link-block"));
    let anchors = blocks.flat_map(|block| block.descendent_elements().filter(|element| is(*element, "a")));
    let link = |anchor: ElementRef| {
        let href = clean(anchor.attr("href")?);
        let label = words(anchor);
        let label = if label.is_empty() { href.clone() } else { label };
        let kind = kind(&label, &href);
        (!href.is_empty()).then_some(Link { label, href, kind })
    };
    anchors.filter_map(link).take(MOST_PARTS).collect()
}

/// The kind of a button, by what it says and where it leads.
fn kind(label: &str, href: &str) -> Option<&'static str> {
    let (label, href) = (label.to_lowercase(), href.to_lowercase());
    let is_pdf = href.contains("/pdf/") || href.rsplit_once('.').is_some_and(|(_, kind)| kind == "pdf");
    let says = |words: &[&str]| words.iter().any(|word| label.contains(word));
    if says(&["supp"]) {
        None
    } else if says(&["code", "github"]) {
        Some("code")
    } else if says(&["data"]) {
        Some("data")
    } else if says(&["video", "youtube"]) {
        Some("video")
    } else if says(&["pdf"]) || (says(&["paper"]) && is_pdf) {
        Some("pdf")
    } else if says(&["paper", "arxiv"]) {
        Some("paper")
    } else {
        None
    }
}

/// The paragraphs below the heading “Abstract”.
fn summary(elements: &[ElementRef]) -> String {
    let heading = first(elements, |element| {
        is_heading(*element) && words(*element).to_lowercase() == "abstract"
    });
    let below: Vec<ElementRef> = heading
        .map(|heading| heading.next_siblings().filter_map(ElementRef::wrap).collect())
        .unwrap_or_default();
    let paragraphs: Vec<String> = below
        .iter()
        .take_while(|element| !is_heading(**element))
        .flat_map(|element| element.descendent_elements().filter(|inner| is(*inner, "p")))
        .map(words)
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    let text = if paragraphs.is_empty() {
        below.first().copied().map(words).unwrap_or_default()
    } else {
        paragraphs.join("\n\n")
    };
    text.chars().take(MOST_CHARACTERS).collect()
}

/// The first preformatted text that begins as BibTeX does, its lines as they are.
fn bibtex(elements: &[ElementRef]) -> String {
    let preformatted = elements.iter().filter(|element| is(**element, "pre"));
    let text = |element: &ElementRef| -> String {
        let text: String = element.text().collect();
        let kept = text
            .chars()
            .filter(|c| *c == '\n' || *c == '\t' || !c.is_control());
        kept.take(MOST_CHARACTERS).collect::<String>().trim().to_owned()
    };
    preformatted
        .map(text)
        .find(|text| text.starts_with('@') && text.contains('{'))
        .unwrap_or_default()
}

/// Names what is on the page and has not been taken.
fn name_the_rest(elements: &[ElementRef], imported: &mut Imported) {
    let missing = [
        ("authors", imported.authors.is_empty()),
        ("links", imported.links.is_empty()),
        ("abstract", imported.summary.is_empty()),
        ("BibTeX", imported.bibtex.is_empty()),
    ];
    for (what, _) in missing.into_iter().filter(|(_, is_missing)| *is_missing) {
        imported.left.push(format!("no {what} found"));
    }
    for link in &imported.links {
        if !crate::config::is_web_address(&link.href) {
            let (label, href) = (&link.label, &link.href);
            imported.left.push(format!(
                "link {label:?} leads to {href:?}: copy that file beside site.toml and take the # away"
            ));
        }
    }
    for heading in elements
        .iter()
        .filter(|element| matches!(element.value().name(), "h2" | "h3"))
    {
        let said = words(*heading);
        if !said.is_empty() && !["abstract", "bibtex"].contains(&said.to_lowercase().as_str()) {
            imported.left.push(format!("section {said:?}"));
        }
    }
    for (name, what) in [("img", "pictures"), ("video", "videos"), ("iframe", "frames")] {
        let count = elements.iter().filter(|element| is(**element, name)).count();
        if count > 0 {
            imported.left.push(format!("{what}: {count}"));
        }
    }
    imported.left.truncate(MOST_PARTS);
}
