//! Drawings made while building: SVG that stands in the page, whose style sheet gives it the colours of both
//! themes. It has no `style` attribute, which the page's policy would not apply.

use crate::html::escape;

/// A drawing that is being made. Lengths are in pixels of its own width, which a narrow page scales down.
#[derive(Debug)]
pub struct Drawing {
    width: f64,
    height: f64,
    body: String,
}

/// On which side of its place a text stands.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
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

impl Drawing {
    /// An empty one.
    pub fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            body: String::new(),
        }
    }

    /// A text, its base line at `y`.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, words: &str) {
        self.body.push_str(&format!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{}\">{}</text>",
            anchor.name(),
            escape(words)
        ));
    }

    /// A text that is read from below to above.
    pub fn upright_text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, words: &str) {
        self.body.push_str(&format!(
            "<text class=\"{class}\" transform=\"translate({x:.1} {y:.1}) rotate(-90)\" \
             text-anchor=\"{}\">{}</text>",
            anchor.name(),
            escape(words)
        ));
    }

    /// A straight line.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.body.push_str(&format!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    /// A dot.
    pub fn dot(&mut self, (x, y): (f64, f64), radius: f64, class: &str) {
        self.body.push_str(&format!(
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>"
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

    /// A frame.
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

    /// The drawing as an element, with a title and a description for people who cannot see it.
    pub fn finish(self, title: &str, description: &str) -> String {
        let Self { width, height, body } = self;
        format!(
            "<div class=\"scroll\" tabindex=\"0\"><svg class=\"drawing\" role=\"img\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\">\
             <title>{}</title><desc>{}</desc>{body}</svg></div>",
            escape(title),
            escape(description)
        )
    }
}

/// How opaque a full cell is: its number stays readable on it, light and dark.
const MOST_OPAQUE: f64 = 0.5;

/// A name of at most `most` letters; a longer one ends in dots.
pub fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let start: String = name.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_only_draws_says_what_it_shows_and_names_no_colour() {
        let mut drawing = Drawing::new(100.0, 50.0);
        drawing.text((1.0, 2.0), Anchor::End, "label", "a < b & \"c\"");
        drawing.upright_text((1.0, 2.0), Anchor::Start, "label", "up");
        drawing.line((0.0, 0.0), (1.0, 1.0), "axis");
        drawing.dot((0.0, 0.0), 3.0, "dot");
        drawing.cell((0.0, 0.0), 9.0, 2.0, "3 of 4");
        drawing.frame((0.0, 0.0), (9.0, 9.0), "frame");
        drawing.ellipse((0.0, 0.0), (2.0, 1.0), 30.0, "cloud", "Week4");
        let html = drawing.finish("A <plot>", "What it shows");
        assert!(
            html.contains("<title>A &lt;plot&gt;</title><desc>What it shows</desc>"),
            "{html}"
        );
        assert!(html.contains("fill-opacity=\"0.500\""), "{html}");
        assert!(!html.contains("style=") && !html.contains('#'), "{html}");
        let svg = html
            .replace(
                "<div class=\"scroll\" tabindex=\"0\"><svg",
                "<svg xmlns=\"http://www.w3.org/2000/svg\"",
            )
            .replace("</div>", "");
        assert_eq!(crate::svg::harmless(svg.as_bytes()), Ok(()));
    }

    #[test]
    fn a_long_name_ends_in_dots() {
        assert_eq!(shortened("taxol", 5), "taxol");
        assert_eq!(shortened("cytochalasin B", 10), "cytochala…");
    }
}
