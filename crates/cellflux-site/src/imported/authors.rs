//! The authors of a page: names, addresses, the marks that lead to institutions, and who contributed equally.

use std::collections::BTreeSet;

use scraper::ElementRef;

use super::{Imported, MOST_PARTS, clean, has_class, is};

/// An author of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub name: String,
    /// Where the name leads, if it does.
    pub address: Option<String>,
    /// Institutions.
    pub affiliations: Vec<String>,
    /// Whether the page says that they contributed equally with others.
    pub equal: bool,
    /// What stands raised behind the name.
    marks: Vec<String>,
}

/// A part of a line of authors or institutions.
enum Piece {
    /// Raised: what a name and its institution have in common.
    Mark(String),
    /// A text that leads somewhere.
    Linked(String, String),
    Plain(String),
    /// A line or a block begins.
    Break,
}

/// A line of what stands below the authors.
struct Line {
    mark: Option<String>,
    text: String,
}

/// Takes the authors, their institutions and the venue from the groups that both templates have for them.
pub(super) fn take(elements: &[ElementRef], imported: &mut Imported) {
    let groups: Vec<ElementRef> = elements
        .iter()
        .filter(|element| has_class(**element, "publication-authors"))
        .copied()
        .collect();
    let Some((names, below)) = groups.split_first() else {
        return;
    };
    let mut authors = authors(&pieces(*names));
    let mut institutions = Vec::new();
    let mut equal = BTreeSet::new();
    for line in below.iter().flat_map(|group| lines(&pieces(*group))) {
        let lower = line.text.to_lowercase();
        if lower.contains("equal") {
            equal.insert(line.mark.unwrap_or_else(|| "*".to_owned()));
        } else if line.mark.is_none() && has_year(&line.text) {
            if imported.venue.is_empty() {
                imported.venue = line.text;
            } else {
                imported.left.push(format!("line {:?}", line.text));
            }
        } else if institutions.len() < MOST_PARTS {
            institutions.push(line);
        }
    }
    let common: Vec<String> = institutions
        .iter()
        .filter(|line| line.mark.is_none())
        .map(|line| line.text.clone())
        .collect();
    for author in &mut authors {
        author.affiliations.clone_from(&common);
        for mark in std::mem::take(&mut author.marks) {
            let own = institutions
                .iter()
                .find(|line| line.mark.as_deref() == Some(mark.as_str()));
            if let Some(line) = own {
                author.affiliations.push(line.text.clone());
            } else if equal.contains(&mark) {
                author.equal = true;
            } else {
                imported.left.push(format!(
                    "mark {mark:?} of {}, which nothing explains",
                    author.name
                ));
            }
        }
    }
    imported.authors = authors;
}

/// The parts of a group in order.
fn pieces(group: ElementRef) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for node in group.descendants() {
        if let Some(element) = ElementRef::wrap(node) {
            if is(element, "br") || has_class(element, "author-block") || has_class(element, "eql-cntrb") {
                pieces.push(Piece::Break);
            }
            continue;
        }
        let Some(text) = node.value().as_text().map(|text| clean(text)) else {
            continue;
        };
        if text.is_empty() {
            continue;
        }
        let around = node
            .ancestors()
            .take_while(|above| above.id() != group.id())
            .filter_map(ElementRef::wrap)
            .find(|above| is(*above, "sup") || is(*above, "a"));
        pieces.push(match around {
            Some(above) if is(above, "sup") => Piece::Mark(text),
            Some(above) => Piece::Linked(text, above.attr("href").map(clean).unwrap_or_default()),
            None => Piece::Plain(text),
        });
    }
    pieces
}

/// The authors of a group's parts.
fn authors(pieces: &[Piece]) -> Vec<Author> {
    let mut authors: Vec<Author> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Break => {}
            Piece::Mark(text) => {
                if let Some(author) = authors.last_mut() {
                    author.marks.extend(marks(text));
                }
            }
            Piece::Linked(text, address) => {
                let name = bare(text);
                if is_name(name) {
                    authors.push(Author {
                        name: name.to_owned(),
                        address: Some(address.clone()).filter(|address| !address.is_empty()),
                        ..Author::default()
                    });
                }
            }
            Piece::Plain(text) => {
                let text = text.replace(" and ", ",");
                for name in text.split([',', ';', '&', '|', '·']).map(bare) {
                    if is_name(name) {
                        authors.push(Author {
                            name: name.to_owned(),
                            ..Author::default()
                        });
                    }
                }
            }
        }
    }
    authors.truncate(MOST_PARTS);
    authors
}

/// The lines of a group's parts, each with the mark before it.
fn lines(pieces: &[Piece]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut open = Line {
        mark: None,
        text: String::new(),
    };
    for piece in pieces {
        match piece {
            Piece::Linked(text, _) | Piece::Plain(text) => {
                if !open.text.is_empty() {
                    open.text.push(' ');
                }
                open.text.push_str(text);
            }
            Piece::Break | Piece::Mark(_) => {
                let mark = if let Piece::Mark(text) = piece {
                    marks(text).into_iter().next()
                } else {
                    None
                };
                lines.push(std::mem::replace(
                    &mut open,
                    Line {
                        mark,
                        text: String::new(),
                    },
                ));
            }
        }
    }
    lines.push(open);
    for line in &mut lines {
        line.text = bare(&line.text).to_owned();
    }
    lines.retain(|line| is_name(&line.text));
    lines
}

/// A text without the commas around it.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';'))
}

/// Whether a text names something, and is no punctuation or joining word.
fn is_name(text: &str) -> bool {
    text.chars().any(char::is_alphabetic) && text != "and"
}

/// Raised marks, one by one: `1,2*` is `1`, `2` and `*`.
fn marks(text: &str) -> Vec<String> {
    let mut marks: Vec<String> = Vec::new();
    let mut joins = false;
    for c in text.chars() {
        if c.is_alphanumeric() {
            match marks.last_mut().filter(|_| joins) {
                Some(last) => last.push(c),
                None => marks.push(c.to_string()),
            }
        } else if !c.is_whitespace() && !matches!(c, ',' | ';') {
            marks.push(c.to_string());
        }
        joins = c.is_alphanumeric();
    }
    marks
}

/// Whether a text holds a year, as a venue does.
fn has_year(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit())
        .any(|number| number.len() == 4 && (number.starts_with("19") || number.starts_with("20")))
}
