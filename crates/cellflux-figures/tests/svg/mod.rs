//! Where the texts of a chart stand.

pub mod fonts;

use cellflux_figures::width;
use roxmltree::{Document, Node};

/// The texts of a chart, and its size.
pub struct Texts {
    pub list: Vec<Text>,
    size: (f64, f64),
}

/// A text with the box that its letters take at most.
pub struct Text {
    pub words: String,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

/// Rounding of places to a tenth of a pixel.
const ROUNDING: f64 = 0.2;

impl Texts {
    /// Reads a chart; what is wrong with it as XML is an error.
    pub fn of(svg: &str) -> Result<Self, String> {
        let document = Document::parse(svg).map_err(|error| error.to_string())?;
        let root = document.root_element();
        let size: Vec<f64> = root
            .attribute("viewBox")
            .ok_or("no viewBox")?
            .split(' ')
            .skip(2)
            .map(|number| number.parse::<f64>().map_err(|error| error.to_string()))
            .collect::<Result<_, _>>()?;
        let list = document
            .descendants()
            .filter(|node| node.tag_name().name() == "text")
            .map(text)
            .collect();
        Ok(Self {
            list,
            size: (size[0], size[1]),
        })
    }

    /// Fails where a text leaves the chart.
    pub fn are_within(&self, about: &str) {
        for text in &self.list {
            let Text {
                words,
                left,
                top,
                right,
                bottom,
            } = text;
            assert!(
                *left >= -ROUNDING
                    && *top >= -ROUNDING
                    && *right <= self.size.0 + ROUNDING
                    && *bottom <= self.size.1 + ROUNDING,
                "{about}: {words:?} takes {left:.1} to {right:.1}, {top:.1} to {bottom:.1} of {:?}",
                self.size
            );
        }
    }

    /// Fails where two texts overlap.
    pub fn are_apart(&self, about: &str) {
        for (number, one) in self.list.iter().enumerate() {
            for other in &self.list[number + 1..] {
                let across = one.left + ROUNDING < other.right && other.left + ROUNDING < one.right;
                let down = one.top + ROUNDING < other.bottom && other.top + ROUNDING < one.bottom;
                assert!(
                    !(across && down),
                    "{about}: {:?} and {:?} overlap",
                    one.words,
                    other.words
                );
            }
        }
    }
}

/// A text's box. Letters reach from 0.78 of their size above the line to 0.22 below it.
fn text(node: Node) -> Text {
    let words: String = node
        .children()
        .filter_map(|child| child.text().filter(|_| child.is_text()).map(str::to_owned))
        .collect();
    let (size, bold) = match node.attribute("class") {
        Some("title") => (16.0, 1.16),
        Some("heading") => (12.0, 1.16),
        Some("note" | "tick") => (11.0, 1.0),
        _ => (12.0, 1.0),
    };
    let length = bold * width(&words, size);
    let start = match node.attribute("text-anchor") {
        Some("middle") => -length / 2.0,
        Some("end") => -length,
        _ => 0.0,
    };
    let number = |name| {
        node.attribute(name)
            .map_or(0.0, |text: &str| text.parse().unwrap())
    };
    let (mut x, mut y) = (number("x"), number("y"));
    let mut turned = false;
    for transform in node.ancestors().filter_map(|node| node.attribute("transform")) {
        let inside = transform
            .strip_prefix("translate(")
            .and_then(|rest| rest.split(')').next())
            .unwrap_or_else(|| panic!("{transform}"));
        let moved: Vec<f64> = inside.split(' ').map(|part| part.parse().unwrap()).collect();
        (x, y) = (x + moved[0], y + moved[1]);
        turned |= transform.contains("rotate(-90)");
    }
    let (above, below) = (0.78 * size, 0.22 * size);
    // From below to above: along the text is up.
    let (left, top, right, bottom) = if turned {
        (x - above, y - start - length, x + below, y - start)
    } else {
        (x + start, y - above, x + start + length, y + below)
    };
    Text {
        words,
        left,
        top,
        right,
        bottom,
    }
}

/// An attribute of every element of a name, in their order.
pub fn numbers(svg: &str, element: &str, attribute: &str) -> Vec<f64> {
    let document = Document::parse(svg).unwrap();
    document
        .descendants()
        .filter(|node| node.tag_name().name() == element)
        .map(|node| node.attribute(attribute).unwrap().parse().unwrap())
        .collect()
}
