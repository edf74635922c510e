//! Where everything stands. Places are whole dots at [`paper::DPI`](crate::paper::DPI), so that each pixel of
//! a panel is as many dots as its neighbour; both writers take them from here.

use crate::about::About;
use crate::error::PrintError;
use crate::font::Font;
use crate::paper::{Width, dots, points};
use crate::text::{plain, wrapped};

/// The most dots of a figure: 200 mm x 3 m.
pub const MOST_DOTS: usize = 80_000_000;

/// Around everything, in millimetres.
const MARGIN: f64 = 2.0;
/// Between two lines of panels, and between what is of another kind.
pub(crate) const PARAGRAPH: f64 = 2.0;

/// Letter sizes in points.
const TITLE: f32 = 9.0;
pub(crate) const LABEL: f32 = 7.0;
pub(crate) const SMALL: f32 = 6.0;
/// From one line to the next, in letter sizes.
const LINE: f32 = 1.3;

/// The most lines of each text.
const TITLE_LINES: usize = 2;
const FOOTER_LINES: usize = 3;

/// Letters: nearly black, and a grey that is still legible in print (contrast 7 to 1).
pub(crate) const INK: [u8; 3] = [17, 17, 17];
pub(crate) const QUIET: [u8; 3] = [85, 85, 85];

/// A figure, laid out.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Dots a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// What is drawn, the first below the others.
    pub marks: Vec<Mark>,
}

/// Something that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A picture of the sheet, by number.
    Picture(usize, Place),
    /// A rectangle of one colour.
    Box(Place, [u8; 3]),
    /// A line of text.
    Text(Line),
    /// A line through points.
    Stroke(Stroke),
    /// The area within an outline.
    Area(Vec<(f32, f32)>, [u8; 3]),
    /// A circle.
    Disc(Disc),
}

/// A line through points, in dots.
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    /// The points.
    pub points: Vec<(f32, f32)>,
    /// How thick it is.
    pub width: f32,
    /// Red, green, blue.
    pub colour: [u8; 3],
}

/// A circle, in dots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disc {
    /// Its middle.
    pub centre: (f32, f32),
    /// How far its edge is from there.
    pub radius: f32,
    /// How thick its edge is around white; `None` for a full one.
    pub ring: Option<f32>,
    /// Red, green, blue.
    pub colour: [u8; 3],
}

/// A rectangle, in dots from the top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its left edge.
    pub x: usize,
    /// Its upper edge.
    pub y: usize,
    /// Its width.
    pub width: usize,
    /// Its height.
    pub height: usize,
}

/// A line of text; lengths in dots.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The text, which fits its place.
    pub text: String,
    /// Where the first letter begins.
    pub x: f32,
    /// The line that letters stand on.
    pub baseline: f32,
    /// An em.
    pub size: f32,
    /// How long it is in the embedded font.
    pub length: f32,
    /// Red, green, blue.
    pub colour: [u8; 3],
}

/// A layout in the making, from top to bottom.
pub(crate) struct Composer<'a> {
    pub about: &'a About,
    pub font: &'a Font,
    /// The left margin.
    pub left: usize,
    /// Between the margins.
    pub inner: usize,
    /// Where the next thing begins.
    pub top: usize,
    pub marks: Vec<Mark>,
    /// Dots a row.
    width: usize,
}

/// The height of a line of letters of `size` dots per em.
pub(crate) fn line_height(size: f32) -> usize {
    (size * LINE).ceil() as usize
}

impl<'a> Composer<'a> {
    /// Begins with the heading.
    pub fn begin(about: &'a About, width: Width, font: &'a Font) -> Self {
        let width = dots(width.mm());
        let mut composer = Self {
            about,
            font,
            left: dots(MARGIN),
            inner: width - 2 * dots(MARGIN),
            top: dots(MARGIN),
            marks: Vec::new(),
            width,
        };
        composer.paragraph(&about.title, points(TITLE), TITLE_LINES, INK);
        composer.space(PARAGRAPH);
        composer
    }

    /// Ends with the lines below the figure.
    ///
    /// # Errors
    /// [`PrintError::TooLarge`].
    pub fn end(mut self) -> Result<Layout, PrintError> {
        for line in &self.about.footer {
            self.paragraph(line, points(SMALL), FOOTER_LINES, QUIET);
        }
        let (width, height) = (self.width, self.top + dots(MARGIN));
        let found = width.saturating_mul(height);
        if found > MOST_DOTS {
            return Err(PrintError::TooLarge {
                found,
                allowed: MOST_DOTS,
            });
        }
        Ok(Layout {
            width,
            height,
            marks: self.marks,
        })
    }

    /// Leaves room, in millimetres.
    pub fn space(&mut self, mm: f64) {
        self.top += dots(mm);
    }

    /// A text over the whole width.
    pub fn paragraph(&mut self, text: &str, size: f32, most: usize, colour: [u8; 3]) {
        let lines = wrapped(self.font, &plain(text), size, self.inner as f32, most);
        for line in lines {
            self.line(line, self.left as f32, size, colour);
            self.top += line_height(size);
        }
    }

    /// A line of text at `x` whose upper edge is `top`, which stays.
    pub fn line(&mut self, text: String, x: f32, size: f32, colour: [u8; 3]) {
        let baseline = self.top as f32 + size;
        self.line_on(text, (x, baseline), size, colour);
    }

    /// A line of text from `x` on the line `baseline`.
    pub fn line_on(&mut self, text: String, (x, baseline): (f32, f32), size: f32, colour: [u8; 3]) {
        let length = self.font.length(&text, size);
        if length > 0.0 {
            self.marks.push(Mark::Text(Line {
                text,
                x,
                baseline,
                size,
                length,
                colour,
            }));
        }
    }
}
