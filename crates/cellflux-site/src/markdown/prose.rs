//! The plain text of a text: bare addresses become links, and so does what names a figure or a publication.

use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::{Surroundings, kept};
use crate::html::escape;
use crate::mentions::{self, Mention};
use crate::place::Place;
use crate::text_run::Run;

/// The plain text of a text that is being read.
pub(super) struct Prose<'a> {
    text: &'a str,
    run: Run,
    /// How many links and pictures are open: inside of a link nothing leads elsewhere, and the words of a
    /// picture are no text of the page.
    inside: usize,
    /// Where the id of a formula ends, which is no text.
    labelled: usize,
}

impl<'a> Prose<'a> {
    /// That of a text.
    pub fn of(text: &'a str) -> Self {
        Self {
            text,
            run: Run::default(),
            inside: 0,
            labelled: 0,
        }
    }

    /// Whether text may name something here.
    pub fn is_open(&self) -> bool {
        self.inside == 0
    }

    /// Takes a piece of text.
    pub fn take(
        &mut self,
        words: &str,
        at: Range<usize>,
        events: &mut Vec<Event>,
        place: &dyn Fn(usize) -> Place,
        around: &mut impl Surroundings,
    ) {
        if !self.run.reaches(&at) {
            self.settle(events, place, around);
        }
        // Of a piece that begins with a formula's id only the rest is text.
        let cut = self.labelled.max(at.start) - at.start;
        if let Some(rest) = words.get(cut..).filter(|rest| !rest.is_empty()) {
            self.run.push(rest, at.start + cut..at.end, self.text);
        }
    }

    /// Looks at what is no text.
    pub fn see(&mut self, event: &Event, allow_html: bool) {
        match event {
            Event::Start(Tag::Image { .. } | Tag::Link { .. }) => self.inside += 1,
            Event::End(TagEnd::Image | TagEnd::Link) => self.inside = self.inside.saturating_sub(1),
            Event::InlineHtml(html) if allow_html && html.starts_with("<a ") => self.inside += 1,
            Event::InlineHtml(html) if allow_html && html.starts_with("</a") => {
                self.inside = self.inside.saturating_sub(1);
            }
            _ => {}
        }
    }

    /// Writes the text so far, with what it names as links.
    pub fn settle(
        &mut self,
        events: &mut Vec<Event>,
        place: &dyn Fn(usize) -> Place,
        around: &mut impl Surroundings,
    ) {
        let Some(at) = self.run.at() else { return };
        let before = self
            .text
            .get(..at.start)
            .and_then(|text| text.chars().next_back());
        let written = self.text.get(at.clone()).unwrap_or_default();
        let mut done = at.start;
        for (found, mention) in mentions::find(written, before) {
            let (start, end) = (at.start + found.start, at.start + found.end);
            let Some(html) = named(&mention, &place(start), around) else {
                continue;
            };
            let words = self.run.part(done, start);
            if !words.is_empty() {
                events.push(Event::Text(words.into()));
            }
            events.push(Event::InlineHtml(html.into()));
            done = end;
        }
        let words = self.run.part(done, at.end);
        if !words.is_empty() {
            events.push(Event::Text(words.into()));
        }
        self.run.clear();
    }

    /// A formula that ends at `end`, with its number where it has an id.
    pub fn formula(
        &mut self,
        formula: Event<'static>,
        end: usize,
        at: &Place,
        around: &mut impl Surroundings,
    ) -> Event<'static> {
        let Some((id, length)) = label(self.text.get(end..).unwrap_or_default()) else {
            return formula;
        };
        self.labelled = end + length;
        equation(formula, id, at, around)
    }
}

/// The HTML for what a text names; nothing where it stays text.
fn named(mention: &Mention, at: &Place, around: &mut impl Surroundings) -> Option<String> {
    match mention {
        Mention::Address(address) => {
            let address = escape(address);
            Some(format!("<a href=\"{address}\">{address}</a>"))
        }
        Mention::Numbered(ids) => {
            let marks: Vec<String> = ids.iter().map(|id| around.numbers().ask(id, at)).collect();
            Some(marks.join(", "))
        }
        Mention::Cited(cited, prose) => {
            let cited = around.cite(cited, *prose, at);
            kept(cited, around).flatten()
        }
    }
}

/// `{#eq-flow}` behind a formula: the id, and where it ends.
fn label(behind: &str) -> Option<(&str, usize)> {
    let trimmed = behind.trim_start_matches([' ', '\t']);
    let (id, _) = trimmed.strip_prefix("{#")?.split_once('}')?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let length = behind.len() - trimmed.len() + "{#}".len() + id.len();
    id.chars().all(plain).then_some((id, length))
}

/// A formula with its number.
fn equation(formula: Event<'static>, id: &str, at: &Place, around: &mut impl Surroundings) -> Event<'static> {
    let claimed = around.ids().claim(id, at);
    kept(claimed, around);
    let number = around.numbers().give(id, at);
    match (kept(number, around), formula) {
        (Some(number), Event::InlineHtml(formula)) => {
            let html = format!(
                "<span class=\"equation\" id=\"{}\">{formula}<span class=\"number\">({number})</span></span>",
                escape(id)
            );
            Event::InlineHtml(html.into())
        }
        (_, formula) => formula,
    }
}
