//! A drawing that is being made: SVG whose elements have classes and no colours, and no `style` attribute,
//! which a page's policy may not apply.

use crate::text;

/// A drawing that is being made. Lengths are in pixels of its own width, which a narrow page scales down.
#[derive(Debug)]
pub(crate) struct Drawing {
    pub width: f64,
    pub height: f64,
    body: String,
}

/// On which side of its place a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

impl Anchor {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// How opaque a full cell is: its number stays readable on it, light and dark.
const MOST_OPAQUE: f64 = 0.5;

/// A text as XML text or attribute value. Control characters, which XML does not allow, become U+FFFD.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

impl Drawing {
    /// An empty one.
    pub fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            body: String::new(),
        }
    }

    /// What has been drawn.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// A text, its base line at `y`.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, words: &str) {
        self.body.push_str(&format!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{}\">{}</text>",
            anchor.name(),
            escape(words)
        ));
    }

    /// A label that takes at most `room` pixels: a longer one is shortened, and shows whole when it is
    /// pointed at.
    pub fn label(&mut self, (x, y): (f64, f64), anchor: Anchor, words: &str, room: f64) {
        let shown = text::fitted(words, text::LABEL, room);
        self.body.push_str(&format!(
            "<text class=\"label\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{}\">{}{}</text>",
            anchor.name(),
            escape(&shown),
            whole(&shown, words)
        ));
    }

    /// A label that ends at its place, and what shows when it is pointed at.
    pub fn titled(&mut self, (x, y): (f64, f64), shown: &str, words: &str) {
        self.body.push_str(&format!(
            "<text class=\"label\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{}{}</text>",
            escape(shown),
            whole(shown, words)
        ));
    }

    /// A label of a column, which is read from below to above and ends at the place.
    pub fn upright_label(&mut self, (x, y): (f64, f64), words: &str, room: f64) {
        let shown = text::fitted(words, text::LABEL, room);
        self.upright((x, y), Anchor::End, "label", &shown, words);
    }

    /// A text that is read from below to above.
    pub fn upright(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, shown: &str, words: &str) {
        self.body.push_str(&format!(
            "<text class=\"{class}\" transform=\"translate({x:.1} {y:.1}) rotate(-90)\" \
             text-anchor=\"{}\">{}{}</text>",
            anchor.name(),
            escape(shown),
            whole(shown, words)
        ));
    }

    /// A straight line.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.body.push_str(&format!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    /// Straight lines from point to point.
    pub fn path(&mut self, points: &[(f64, f64)], class: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.body.push_str(&format!(
            "<polyline class=\"{class}\" points=\"{}\"/>",
            points.join(" ")
        ));
    }

    /// A dot of one of four shapes, so that series are told apart without their colours; what it stands for
    /// shows when it is pointed at.
    pub fn marker(&mut self, (x, y): (f64, f64), shape: usize, class: &str, about: &str) {
        let about = escape(about);
        let corners: &[(f64, f64)] = match shape % 4 {
            0 => &[],
            1 => &[(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)],
            2 => &[(0.0, -5.5), (5.5, 0.0), (0.0, 5.5), (-5.5, 0.0)],
            _ => &[(0.0, -5.0), (5.0, 4.0), (-5.0, 4.0)],
        };
        if corners.is_empty() {
            self.body.push_str(&format!(
                "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\">\
                 <title>{about}</title></circle>"
            ));
            return;
        }
        let points: Vec<String> = corners
            .iter()
            .map(|(right, down)| format!("{:.1},{:.1}", x + right, y + down))
            .collect();
        self.body.push_str(&format!(
            "<polygon class=\"dot {class}\" points=\"{}\"><title>{about}</title></polygon>",
            points.join(" ")
        ));
    }

    /// A square of a matrix, filled by `share` from 0 to 1; what it stands for shows when it is pointed at.
    pub fn cell(&mut self, (x, y): (f64, f64), side: f64, share: f64, about: &str) {
        self.body.push_str(&format!(
            "<rect class=\"heat\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{side:.1}\" height=\"{side:.1}\" \
             fill-opacity=\"{:.3}\"><title>{}</title></rect>",
            share.clamp(0.0, 1.0) * MOST_OPAQUE,
            escape(about)
        ));
    }

    /// A rectangle.
    pub fn frame(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        self.body.push_str(&format!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        ));
    }

    /// An ellipse, turned by degrees clockwise.
    pub fn ellipse(
        &mut self,
        (x, y): (f64, f64),
        (rx, ry): (f64, f64),
        degrees: f64,
        class: &str,
        about: &str,
    ) {
        self.body.push_str(&format!(
            "<ellipse class=\"{class}\" rx=\"{rx:.1}\" ry=\"{ry:.1}\" transform=\"translate({x:.1} {y:.1}) \
             rotate({degrees:.1})\"><title>{}</title></ellipse>",
            escape(about)
        ));
    }

    /// An interval along a row at `y`, from `x1` to `x2`, with an arrow head at an end that lies beyond the
    /// axis.
    pub fn interval_across(&mut self, y: f64, (x1, x2): (f64, f64), beyond: (bool, bool), class: &str) {
        self.line((x1, y), (x2, y), class);
        for (x, inward, beyond) in [(x1, 5.0, beyond.0), (x2, -5.0, beyond.1)] {
            if beyond {
                self.path(&[(x + inward, y - 4.0), (x, y), (x + inward, y + 4.0)], class);
            }
        }
    }
}

/// The whole text, where it is not shown whole.
fn whole(shown: &str, words: &str) -> String {
    if shown == words {
        String::new()
    } else {
        format!("<title>{}</title>", escape(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_names_no_colour_and_no_style() {
        let mut drawing = Drawing::new(100.0, 50.0);
        drawing.text((1.0, 2.0), Anchor::End, "label", "a < b & \"c\"");
        drawing.upright_label((1.0, 2.0), "up", 50.0);
        drawing.line((0.0, 0.0), (1.0, 1.0), "axis");
        drawing.marker((0.0, 0.0), 1, "s0", "one");
        drawing.cell((0.0, 0.0), 9.0, 2.0, "3 of 4");
        drawing.ellipse((0.0, 0.0), (2.0, 1.0), 30.0, "cloud", "Week4");
        let body = drawing.body();
        assert!(body.contains(">a &lt; b &amp; &quot;c&quot;</text>"), "{body}");
        assert!(body.contains("fill-opacity=\"0.500\""), "{body}");
        assert!(!body.contains("style=") && !body.contains('#'), "{body}");
    }

    #[test]
    fn what_xml_does_not_allow_is_not_written() {
        assert_eq!(escape("a\0b\u{1b}c\td"), "a\u{fffd}b\u{fffd}c d");
    }

    #[test]
    fn a_label_that_is_cut_shows_whole_when_it_is_pointed_at() {
        let mut drawing = Drawing::new(100.0, 50.0);
        drawing.label((1.0, 2.0), Anchor::Start, "cytochalasin B", 50.0);
        let body = drawing.body();
        assert!(body.contains("…B<title>cytochalasin B</title>"), "{body}");
    }
}
