//! Where everything stands. Places are whole dots at [`paper::DPI`](crate::paper::DPI), so that each pixel of
//! a panel is as many dots as its neighbour; both writers take them from here.

use crate::error::PrintError;
use crate::font::Font;
use crate::legend;
use crate::paper::{Width, dots, points};
use crate::sheet::{Column, Sheet};
use crate::text::{plain, shortened, wrapped};

/// The most dots of a figure: 200 mm x 3 m.
pub const MOST_DOTS: usize = 80_000_000;

/// Around everything, in millimetres.
const MARGIN: f64 = 2.0;
/// Between two panels.
const GAP: f64 = 1.5;
/// Between two lines of panels, and between what is of another kind.
const PARAGRAPH: f64 = 2.0;
/// Between a text and its picture.
const CLOSE: f64 = 0.6;
/// The least and the most room of a panel: its label has to be legible.
const NARROWEST: f64 = 15.0;
const WIDEST: f64 = 60.0;

/// Letter sizes in points.
const TITLE: f32 = 9.0;
const LABEL: f32 = 7.0;
pub(crate) const SMALL: f32 = 6.0;
/// From one line to the next, in letter sizes.
const LINE: f32 = 1.3;

/// The most lines of each text.
const TITLE_LINES: usize = 2;
const CAPTION_LINES: usize = 3;
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

impl Layout {
    /// Lays a sheet out.
    ///
    /// # Errors
    /// As [`Sheet::panel_size`]; [`PrintError::TooLarge`] above [`MOST_DOTS`].
    pub fn of(sheet: &Sheet, width: Width, font: &Font) -> Result<Self, PrintError> {
        let pixels = sheet.panel_size()?;
        let width = dots(width.mm());
        let mut composer = Composer {
            sheet,
            font,
            left: dots(MARGIN),
            inner: width - 2 * dots(MARGIN),
            top: dots(MARGIN),
            marks: Vec::new(),
        };
        composer.paragraph(&sheet.title, points(TITLE), TITLE_LINES, INK);
        composer.space(PARAGRAPH);
        let panel = composer.bands(pixels);
        legend::channels(&mut composer, (panel.0, pixels.0));
        legend::change_scale(&mut composer);
        for line in &sheet.footer {
            composer.paragraph(line, points(SMALL), FOOTER_LINES, QUIET);
        }
        let height = composer.top + dots(MARGIN);
        let found = width.saturating_mul(height);
        if found > MOST_DOTS {
            return Err(PrintError::TooLarge {
                found,
                allowed: MOST_DOTS,
            });
        }
        Ok(Self {
            width,
            height,
            marks: composer.marks,
        })
    }
}

/// A layout in the making, from top to bottom.
pub(crate) struct Composer<'a> {
    pub sheet: &'a Sheet,
    pub font: &'a Font,
    /// The left margin.
    pub left: usize,
    /// Between the margins.
    pub inner: usize,
    /// Where the next thing begins.
    pub top: usize,
    pub marks: Vec<Mark>,
}

/// The height of a line of letters of `size` dots per em.
pub(crate) fn line_height(size: f32) -> usize {
    (size * LINE).ceil() as usize
}

impl Composer<'_> {
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
        let length = self.font.length(&text, size);
        if length > 0.0 {
            self.marks.push(Mark::Text(Line {
                text,
                x,
                baseline: self.top as f32 + size,
                size,
                length,
                colour,
            }));
        }
    }

    /// All columns, in as many lines of panels as they need. Returns the size of a panel.
    fn bands(&mut self, pixels: (usize, usize)) -> (usize, usize) {
        let sheet = self.sheet;
        let gap = dots(GAP);
        let most = ((self.inner + gap) / (dots(NARROWEST) + gap)).max(1);
        // Lines of panels are equally full.
        let lines = sheet.columns.len().div_ceil(most).max(1);
        let across = sheet.columns.len().div_ceil(lines).max(1);
        let room = ((self.inner + gap) / across).saturating_sub(gap);
        let panel = panel_size(room.clamp(1, dots(WIDEST)), pixels);
        for band in sheet.columns.chunks(across) {
            self.band(band, panel, gap);
            self.space(PARAGRAPH);
        }
        panel
    }

    /// A line of panels: labels and captions, pictures, and what changed in them.
    fn band(&mut self, band: &[Column], panel: (usize, usize), gap: usize) {
        let (width, height) = panel;
        let left = self.left;
        let place = |column: usize, y: usize| Place {
            x: left + column * (width + gap),
            y,
            width,
            height,
        };
        for (index, column) in band.iter().enumerate() {
            let label = shortened(self.font, &plain(&column.label), points(LABEL), width as f32);
            self.line(label, place(index, 0).x as f32, points(LABEL), INK);
        }
        self.top += line_height(points(LABEL));
        let (top, row_height) = (self.top, line_height(points(SMALL)));
        let captions: Vec<Vec<String>> = band
            .iter()
            .map(|column| {
                let caption = plain(&column.caption);
                wrapped(self.font, &caption, points(SMALL), width as f32, CAPTION_LINES)
            })
            .collect();
        // All pictures of a line begin below the longest caption.
        let rows = captions.iter().map(Vec::len).max().unwrap_or_default();
        for (index, lines) in captions.into_iter().enumerate() {
            for (row, line) in lines.into_iter().enumerate() {
                self.top = top + row * row_height;
                self.line(line, place(index, 0).x as f32, points(SMALL), QUIET);
            }
        }
        self.top = top + rows * row_height;
        self.space(CLOSE);
        for (index, column) in band.iter().enumerate() {
            self.marks
                .push(Mark::Picture(column.picture, place(index, self.top)));
        }
        self.top += height;
        if band.iter().all(|column| column.change.is_none()) {
            return;
        }
        self.space(CLOSE);
        let heading = shortened(
            self.font,
            &plain(&self.sheet.change_heading),
            points(SMALL),
            self.inner as f32,
        );
        self.line(heading, left as f32, points(SMALL), QUIET);
        self.top += line_height(points(SMALL));
        self.space(CLOSE);
        for (index, column) in band.iter().enumerate() {
            if let Some(change) = column.change {
                self.marks.push(Mark::Picture(change, place(index, self.top)));
            }
        }
        self.top += height;
    }
}

/// A panel's size in dots where there is room for `room` of them: each pixel is a whole number of dots. Of a
/// picture with more pixels than that, a dot is the mean of a block of them.
fn panel_size(room: usize, (width, height): (usize, usize)) -> (usize, usize) {
    let times = room / width;
    if times > 0 {
        return (width * times, height * times);
    }
    let block = width.div_ceil(room);
    (width.div_ceil(block), height.div_ceil(block))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::tests::{plain as coloured, sheet};

    fn layout(sheet: &Sheet, width: Width) -> Layout {
        Layout::of(sheet, width, &Font::embedded().unwrap()).unwrap()
    }

    fn pictures(layout: &Layout) -> Vec<(usize, Place)> {
        let pictures = layout.marks.iter().filter_map(|mark| match mark {
            Mark::Picture(picture, place) => Some((*picture, *place)),
            Mark::Box(..) | Mark::Text(_) => None,
        });
        pictures.collect()
    }

    fn texts(layout: &Layout) -> Vec<&Line> {
        let lines = layout.marks.iter().filter_map(|mark| match mark {
            Mark::Text(line) => Some(line),
            Mark::Box(..) | Mark::Picture(..) => None,
        });
        lines.collect()
    }

    #[test]
    fn everything_stands_inside_and_no_picture_on_another() {
        for width in Width::ALL {
            for steps in [0, 1, 4, 23] {
                let layout = layout(&sheet(steps), width);
                assert_eq!(layout.width, dots(width.mm()));
                let pictures = pictures(&layout);
                // The start, each step with its change, and the strip of colours.
                assert_eq!(pictures.len(), 1 + 2 * steps + 1);
                for (index, (_, place)) in pictures.iter().enumerate() {
                    assert!(place.x + place.width <= layout.width && place.y + place.height <= layout.height);
                    for (_, other) in &pictures[..index] {
                        let apart = place.x >= other.x + other.width
                            || other.x >= place.x + place.width
                            || place.y >= other.y + other.height
                            || other.y >= place.y + place.height;
                        assert!(apart, "{place:?} {other:?}");
                    }
                }
                for line in texts(&layout) {
                    assert!(
                        line.x >= 0.0 && line.x + line.length <= layout.width as f32,
                        "{line:?}"
                    );
                    assert!(line.baseline <= layout.height as f32, "{line:?}");
                }
            }
        }
    }

    #[test]
    fn a_pixel_of_a_panel_is_a_whole_number_of_dots() {
        for steps in [1, 4, 23] {
            for (picture, place) in pictures(&layout(&sheet(steps), Width::Single)) {
                if picture < 3 {
                    assert_eq!((place.width % 64, place.height), (0, place.width), "{place:?}");
                }
            }
        }
        assert_eq!(panel_size(500, (64, 32)), (448, 224));
        assert_eq!(panel_size(500, (2048, 1024)), (410, 205));
    }

    #[test]
    fn labels_captions_legends_and_footer_are_all_there() {
        let layout = layout(&sheet(2), Width::Double);
        let texts: Vec<&str> = texts(&layout).iter().map(|line| line.text.as_str()).collect();
        for expected in [
            "taxol at 3 µM, from the control to the treated end",
            "t = 0.000",
            "start (measured control)",
            "t = 0.500",
            "generated",
            "Change from the start",
            "DNA",
            "actin",
            "less",
            "same",
            "more",
            "−0.25",
            "+0.25",
            "Generated, not measured",
        ] {
            assert!(texts.contains(&expected), "{expected} in {texts:?}");
        }
    }

    #[test]
    fn a_figure_that_would_be_endless_is_refused_before_it_is_drawn() {
        let mut endless = sheet(0);
        endless.change_scale = None;
        endless.pictures = vec![coloured(1, 200, [0; 3])];
        let font = Font::embedded().unwrap();
        let error = Layout::of(&endless, Width::Double, &font).unwrap_err();
        assert!(matches!(error, PrintError::TooLarge { .. }), "{error}");
    }
}
