//! Where the panels of a walk stand: its steps in lines, what changed below them, and what colours mean.

use crate::error::PrintError;
use crate::font::Font;
use crate::layout::{Composer, INK, LABEL, Layout, Mark, PARAGRAPH, Place, QUIET, SMALL, line_height};
use crate::legend;
use crate::paper::{Width, dots, points};
use crate::sheet::{Column, Sheet};
use crate::text::{plain, shortened, wrapped};

/// Between two panels.
pub(crate) const GAP: f64 = 1.5;
/// Between a text and its picture.
pub(crate) const CLOSE: f64 = 0.6;
/// The least and the most room of a panel: its label has to be legible.
const NARROWEST: f64 = 15.0;
pub(crate) const WIDEST: f64 = 60.0;

/// The most lines of a caption.
pub(crate) const CAPTION_LINES: usize = 3;

/// Lays a sheet out.
pub(crate) fn layout(sheet: &Sheet, width: Width, font: &Font) -> Result<Layout, PrintError> {
    let pixels = sheet.panel_size()?;
    let mut composer = Composer::begin(&sheet.about, width, font);
    let panel = composer.bands(sheet, pixels);
    legend::channels(&mut composer, (panel.0, pixels.0));
    legend::change_scale(&mut composer, sheet);
    composer.end()
}

impl Composer<'_> {
    /// All columns, in as many lines of panels as they need. Returns the size of a panel.
    fn bands(&mut self, sheet: &Sheet, pixels: (usize, usize)) -> (usize, usize) {
        let gap = dots(GAP);
        let most = ((self.inner + gap) / (dots(NARROWEST) + gap)).max(1);
        // Lines of panels are equally full.
        let lines = sheet.columns.len().div_ceil(most).max(1);
        let across = sheet.columns.len().div_ceil(lines).max(1);
        let room = ((self.inner + gap) / across).saturating_sub(gap);
        let panel = panel_size(room.clamp(1, dots(WIDEST)), pixels);
        for band in sheet.columns.chunks(across) {
            self.band(band, &sheet.change_heading, panel, gap);
            self.space(PARAGRAPH);
        }
        panel
    }

    /// A line of panels: labels and captions, pictures, and what changed in them.
    fn band(&mut self, band: &[Column], change_heading: &str, panel: (usize, usize), gap: usize) {
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
            &plain(change_heading),
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
pub(crate) fn panel_size(room: usize, (width, height): (usize, usize)) -> (usize, usize) {
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
    use crate::layout::{Line, Mark};
    use crate::sheet::tests::{plain as coloured, sheet};

    fn layout(sheet: &Sheet, width: Width) -> Layout {
        super::layout(sheet, width, &Font::embedded().unwrap()).unwrap()
    }

    fn pictures(layout: &Layout) -> Vec<(usize, Place)> {
        let pictures = layout.marks.iter().filter_map(|mark| match mark {
            Mark::Picture(picture, place) => Some((*picture, *place)),
            _ => None,
        });
        pictures.collect()
    }

    fn texts(layout: &Layout) -> Vec<&Line> {
        let lines = layout.marks.iter().filter_map(|mark| match mark {
            Mark::Text(line) => Some(line),
            _ => None,
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
        let error = super::layout(&endless, Width::Double, &font).unwrap_err();
        assert!(matches!(error, PrintError::TooLarge { .. }), "{error}");
    }
}
