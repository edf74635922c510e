//! Headings of an author's text: their names, and their level below the page's own.

use pulldown_cmark::{Event, HeadingLevel, Tag};

use crate::html::slug;
use crate::ids::Ids;
use crate::place::Place;

/// A heading that is being read. It gets its name when its words are known.
pub(crate) struct Heading {
    /// Where its beginning stands among the events.
    start: usize,
    place: Place,
    /// Its words so far.
    pub(crate) words: String,
}

impl Heading {
    pub(crate) fn new(start: usize, place: Place) -> Self {
        Self {
            start,
            place,
            words: String::new(),
        }
    }

    /// Gives a heading that the author has not named the name of its words; returns its name and its words.
    pub(crate) fn name(self, events: &mut [Event], prefix: &str, ids: &mut Ids) -> (String, String) {
        if let Some(Event::Start(Tag::Heading { id: id @ None, .. })) = events.get_mut(self.start) {
            *id = Some(
                ids.free(&format!("{prefix}{}", slug(&self.words)), &self.place)
                    .into(),
            );
        }
        let id = match events.get(self.start) {
            Some(Event::Start(Tag::Heading { id: Some(id), .. })) => id.to_string(),
            _ => String::new(),
        };
        (id, self.words)
    }
}

/// A section's title is the page's second level; a text's own headings come below it.
pub(crate) fn below_the_sections(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 | HeadingLevel::H3 => HeadingLevel::H3,
        HeadingLevel::H4 => HeadingLevel::H4,
        HeadingLevel::H5 => HeadingLevel::H5,
        HeadingLevel::H6 => HeadingLevel::H6,
    }
}

/// A level as a number, from 1.
pub(crate) fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
