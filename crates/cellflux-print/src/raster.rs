//! A layout as dots: pictures enlarged by whole pixels, text with grey edges, on white paper.

use cellflux_image::composite::Rgba;

use crate::font::Font;
use crate::layout::{Layout, Line, Mark, Place};
use crate::strokes;

/// Dots, three bytes each, row by row.
pub(crate) struct Canvas {
    pub width: usize,
    pub height: usize,
    pub dots: Vec<u8>,
}

/// Draws a layout with these pictures.
pub(crate) fn draw(layout: &Layout, pictures: &[Rgba], font: &Font) -> Canvas {
    let mut canvas = Canvas::white(layout.width, layout.height);
    for mark in &layout.marks {
        match mark {
            Mark::Picture(picture, place) => {
                if let Some(picture) = pictures.get(*picture) {
                    canvas.picture(picture, *place);
                }
            }
            Mark::Box(place, colour) => canvas.fill(*place, *colour),
            Mark::Text(line) => canvas.text(line, font),
            Mark::Stroke(stroke) => strokes::stroke(&mut canvas, stroke),
            Mark::Area(outline, colour) => strokes::area(&mut canvas, outline, *colour),
            Mark::Disc(disc) => strokes::disc(&mut canvas, disc),
        }
    }
    canvas
}

impl Canvas {
    /// White paper.
    pub fn white(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            dots: vec![255; 3 * width * height],
        }
    }

    fn dot(&mut self, x: usize, y: usize) -> Option<&mut [u8]> {
        if x >= self.width {
            return None;
        }
        let at = 3 * (y * self.width + x);
        self.dots.get_mut(at..at + 3)
    }

    /// Fills a rectangle.
    pub fn fill(&mut self, place: Place, colour: [u8; 3]) {
        for y in place.y..place.y + place.height {
            for x in place.x..place.x + place.width {
                if let Some(dot) = self.dot(x, y) {
                    dot.copy_from_slice(&colour);
                }
            }
        }
    }

    /// Draws a picture over a rectangle: by its nearest pixels where it is enlarged, by the means of their
    /// blocks where it is reduced. Pictures are opaque.
    pub fn picture(&mut self, picture: &Rgba, place: Place) {
        let columns: Vec<(usize, usize)> = (0..place.width)
            .map(|x| block(x, place.width, picture.width))
            .collect();
        for row in 0..place.height {
            let rows = block(row, place.height, picture.height);
            for (column, &columns) in columns.iter().enumerate() {
                let colour = mean(picture, columns, rows);
                if let Some(dot) = self.dot(place.x + column, place.y + row) {
                    dot.copy_from_slice(&colour);
                }
            }
        }
    }

    /// Draws a line of text.
    pub fn text(&mut self, line: &Line, font: &Font) {
        let position = (line.x, line.baseline);
        font.draw(&line.text, position, line.size, |x, y, coverage| {
            let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
                return;
            };
            self.blend(x, y, line.colour, coverage);
        });
    }

    /// Covers a share of a dot with a colour.
    pub fn blend(&mut self, x: usize, y: usize, colour: [u8; 3], coverage: f32) {
        let Some(dot) = self.dot(x, y) else {
            return;
        };
        // What is no number covers nothing.
        let coverage = coverage.max(0.0);
        for (part, ink) in dot.iter_mut().zip(colour) {
            let (paper, ink) = (f32::from(*part), f32::from(ink));
            *part = (paper + (ink - paper) * coverage).round() as u8;
        }
    }
}

/// The pixels that a dot stands for, from the first to before the last, where `dots` stand for `pixels`.
fn block(dot: usize, dots: usize, pixels: usize) -> (usize, usize) {
    let first = dot * pixels / dots;
    (first, ((dot + 1) * pixels / dots).max(first + 1))
}

/// The mean colour of a block of pixels.
fn mean(picture: &Rgba, columns: (usize, usize), rows: (usize, usize)) -> [u8; 3] {
    let mut sums = [0usize; 3];
    for y in rows.0..rows.1 {
        for x in columns.0..columns.1 {
            let pixel = picture.pixels.iter().skip(4 * (y * picture.width + x));
            for (sum, part) in sums.iter_mut().zip(pixel) {
                *sum += usize::from(*part);
            }
        }
    }
    let count = (rows.1 - rows.0) * (columns.1 - columns.0);
    // A mean of bytes is a byte.
    sums.map(|sum| ((sum + count / 2) / count) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::about::Content;
    use crate::paper::Width;
    use crate::sheet::tests::{plain, sheet};

    #[test]
    fn an_enlarged_pixel_is_a_block_of_its_own_colour() {
        let mut picture = plain(2, 1, [10, 20, 30]);
        picture.pixels[4..7].copy_from_slice(&[200, 100, 0]);
        let mut canvas = Canvas::white(8, 4);
        let place = Place {
            x: 1,
            y: 1,
            width: 6,
            height: 2,
        };
        canvas.picture(&picture, place);
        let row: Vec<&[u8]> = canvas.dots[3 * 8..6 * 8].chunks(3).collect();
        assert_eq!(row[0], [255; 3]);
        assert_eq!(row[1..4], [[10, 20, 30]; 3]);
        assert_eq!(row[4..7], [[200, 100, 0]; 3]);
        assert_eq!(row[7], [255; 3]);
        assert!(
            canvas.dots[..24]
                .iter()
                .chain(&canvas.dots[72..])
                .all(|&part| part == 255)
        );
    }

    #[test]
    fn a_reduced_picture_is_the_means_of_its_blocks() {
        let mut picture = plain(4, 2, [0; 3]);
        picture.pixels[0] = 100;
        let mut canvas = Canvas::white(2, 1);
        let place = Place {
            x: 0,
            y: 0,
            width: 2,
            height: 1,
        };
        canvas.picture(&picture, place);
        assert_eq!(canvas.dots, [25, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn panels_hold_their_pictures_and_texts_leave_ink() {
        let font = Font::embedded().unwrap();
        let sheet = sheet(2);
        let layout = sheet.layout(Width::Single, &font).unwrap();
        let canvas = draw(&layout, &sheet.pictures, &font);
        for mark in &layout.marks {
            match mark {
                Mark::Picture(picture, place) => {
                    let at = 3 * (place.y * canvas.width + place.x);
                    assert_eq!(canvas.dots[at..at + 3], sheet.pictures[*picture].pixels[..3]);
                }
                Mark::Text(line) => {
                    let row = (line.baseline - line.size * 0.3) as usize * canvas.width;
                    let (from, to) = (line.x as usize, (line.x + line.length) as usize);
                    let dots = &canvas.dots[3 * (row + from)..3 * (row + to)];
                    assert!(dots.iter().any(|&part| part < 200), "{line:?}");
                }
                _ => {}
            }
        }
    }
}
