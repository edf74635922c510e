//! Footnotes: numbers in the order in which a text first names them, a link from the text to its note, and
//! one back.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, TagEnd};

use crate::html::{escape, slug};
use crate::ids::Ids;
use crate::place::Place;
use crate::words::Words;

/// One note.
#[derive(Default)]
struct Note {
    number: usize,
    /// Where it is written, if it is.
    written: Option<Place>,
    /// The place among the events for the links back.
    links: Option<usize>,
    /// The ids of the places that refer to it.
    references: Vec<String>,
}

/// The footnotes of one text.
pub struct Footnotes<'a> {
    prefix: &'a str,
    notes: BTreeMap<String, Note>,
    /// The note that is being read.
    open: Option<String>,
}

impl<'a> Footnotes<'a> {
    /// Of a text whose ids begin with `prefix`.
    pub fn new(prefix: &'a str) -> Self {
        Self {
            prefix,
            notes: BTreeMap::new(),
            open: None,
        }
    }

    /// The id of a note on the page.
    pub fn id(&self, name: &str) -> String {
        format!("{}note-{}", self.prefix, slug(name))
    }

    fn note(&mut self, name: &str) -> &mut Note {
        let number = self.notes.len() + 1;
        self.notes.entry(name.to_owned()).or_insert(Note {
            number,
            ..Note::default()
        })
    }

    /// The number in the text that leads to the note.
    pub fn reference(&mut self, name: &str, ids: &mut Ids, at: &Place) -> Event<'static> {
        let id = self.id(name);
        let here = ids.free(&format!("{id}-ref"), at);
        let note = self.note(name);
        note.references.push(here.clone());
        let html = format!(
            "<sup class=\"footnote-reference\" id=\"{}\"><a href=\"#{}\" role=\"doc-noteref\">{}</a></sup>",
            escape(&here),
            escape(&id),
            note.number
        );
        Event::InlineHtml(html.into())
    }

    /// The beginning of a note, which stands at `at`.
    pub fn begin(&mut self, name: &str, at: Place) -> Event<'static> {
        let id = self.id(name);
        let note = self.note(name);
        note.written = Some(at);
        let html = format!(
            "<div class=\"footnote-definition\" id=\"{}\"><sup \
            class=\"footnote-definition-label\">{}</sup>\n",
            escape(&id),
            note.number
        );
        self.open = Some(name.to_owned());
        Event::Html(html.into())
    }

    /// The end of a note. References to it may follow later, so a place is left for the links back: at the
    /// end of its last paragraph, if there is one.
    pub fn end(&mut self, events: &mut Vec<Event>) {
        let Some(name) = self.open.take() else { return };
        let paragraph = matches!(events.last(), Some(Event::End(TagEnd::Paragraph)));
        let closing = if paragraph { events.pop() } else { None };
        self.note(&name).links = Some(events.len());
        events.push(Event::InlineHtml("".into()));
        events.extend(closing);
        events.push(Event::Html("</div>\n".into()));
    }

    /// Writes the links back, and returns the notes that nothing refers to, with their places, in the text's
    /// order.
    pub fn finish(self, events: &mut [Event], words: &Words) -> Vec<(String, Place)> {
        let mut unused = Vec::new();
        for (name, note) in self.notes {
            if let Some(place) = note.links.and_then(|at| events.get_mut(at)) {
                *place = Event::InlineHtml(links_back(&note.references, words).into());
            }
            if let (true, Some(place)) = (note.references.is_empty(), note.written) {
                unused.push((name, place));
            }
        }
        unused.sort_by_key(|(_, place)| place.line);
        unused
    }
}

/// A link to every place that refers to a note. Where there are several, numbers distinguish them.
fn links_back(references: &[String], words: &Words) -> String {
    let several = references.len() > 1;
    let link = |(index, id): (usize, &String)| {
        let number = index + 1;
        let (name, shown) = if several {
            (
                format!("{} ({number})", words.back_to_text),
                format!("<sup>{number}</sup>"),
            )
        } else {
            (words.back_to_text.to_owned(), String::new())
        };
        format!(
            " <a class=\"footnote-back\" href=\"#{}\" role=\"doc-backlink\" \
            aria-label=\"{}\">\u{21a9}\u{fe0e}{shown}</a>",
            escape(id),
            escape(&name)
        )
    };
    references.iter().enumerate().map(link).collect()
}
