//! A chart that is drawn: an element of a page, or a file.

use crate::drawing::{Anchor, Drawing, escape};
use crate::source::Source;
use crate::style;
use crate::text::{BOLD, NOTE, TITLE, wrapped};

/// The width that charts have where their names and numbers allow it: little enough to be read on a phone.
pub(crate) const WIDTH: f64 = 520.0;
/// How much larger than its own lengths a file shows itself where there is room.
const ENLARGED: f64 = 1.4;
/// The free border of a file.
const BORDER: f64 = 14.0;
/// From line to line.
const TITLE_LINE: f64 = 22.0;
const NOTE_LINE: f64 = 16.0;

/// A chart, drawn. Its title and description are for people who cannot see it, too.
#[derive(Debug)]
pub struct Figure {
    title: String,
    description: String,
    drawing: Drawing,
    /// Whether it shows intervals.
    intervals: bool,
}

impl Figure {
    pub(crate) fn new(title: impl Into<String>, description: impl Into<String>, drawing: Drawing) -> Self {
        Self {
            title: title.into(),
            description: description.into(),
            drawing,
            intervals: true,
        }
    }

    /// The same for a chart that shows no intervals, so that its file does not speak of them.
    pub(crate) fn without_intervals(self) -> Self {
        Self {
            intervals: false,
            ..self
        }
    }

    /// What it shows, in one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The chart as an element for a page. It has classes and no colours: the page's style sheet has rules
    /// for `.drawing` and the classes in it. The title is not drawn: a page has a caption.
    pub fn inline(&self) -> String {
        let Drawing { width, height, .. } = self.drawing;
        format!(
            "<svg class=\"drawing\" role=\"img\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\"><title>{}</title><desc>{}</desc>{}</svg>",
            escape(&self.title),
            escape(&self.description),
            self.drawing.body()
        )
    }

    /// The chart as a file: with its title, with where it comes from below, and with colours for light and
    /// dark surroundings.
    pub fn standalone(&self, source: &Source<'_>) -> String {
        let room = self.drawing.width.max(WIDTH);
        let title = wrapped(&self.title, TITLE, room / BOLD);
        let sentences = source.sentences(self.intervals);
        let notes: Vec<String> = sentences
            .iter()
            .flat_map(|sentence| wrapped(sentence, NOTE, room))
            .collect();
        let top = BORDER + TITLE_LINE * title.len() as f64 + 10.0;
        let below = top + self.drawing.height + 8.0;
        let width = (room + 2.0 * BORDER).ceil();
        let height = (below + NOTE_LINE * notes.len() as f64 + BORDER).ceil();
        let mut around = Drawing::new(width, height);
        for (number, line) in title.iter().enumerate() {
            let y = BORDER + TITLE_LINE * number as f64 + TITLE * 0.8;
            around.text((BORDER, y), Anchor::Start, "title", line);
        }
        for (number, line) in notes.iter().enumerate() {
            let y = below + NOTE_LINE * (number as f64 + 1.0);
            around.text((BORDER, y), Anchor::Start, "note", line);
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"drawing\" role=\"img\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{:.0}\" height=\"{:.0}\">\n\
             <title>{}</title>\n<desc>{} {}</desc>\n<style>{}</style>\n\
             <rect class=\"page\" width=\"{width:.0}\" height=\"{height:.0}\"/>\n{}\n\
             <g transform=\"translate({BORDER:.1} {top:.1})\">{}</g>\n</svg>\n",
            ENLARGED * width,
            ENLARGED * height,
            escape(&self.title),
            escape(&self.description),
            escape(&sentences.join(" ")),
            style::sheet(),
            around.body(),
            self.drawing.body()
        )
    }
}
