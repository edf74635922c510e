//! The walk as a film: an animated PNG with a band below each frame that says what it is.

use cellflux_image::composite::Rgba;

use crate::error::PrintError;
use crate::font::Font;
use crate::layout::{INK, Line, Place, QUIET, line_height};
use crate::png_file;
use crate::raster::Canvas;
use crate::sheet::{Column, Sheet};
use crate::text::{plain, shortened};

/// The least dots across: a slide shows a film of a few hundred well.
const NARROWEST: usize = 256;
/// The most dots of all frames together.
const MOST_DOTS: usize = 400_000_000;

/// Letters of the band, in dots per em, and the room around them.
const LETTERS: f32 = 14.0;
const PADDING: usize = 6;

/// How long frames stay, in hundredths of a second: the first, those between, and the last.
const FIRST: u16 = 60;
const BETWEEN: u16 = 16;
const LAST: u16 = 200;

/// A sheet's columns, one after the other, as an animated PNG that starts over at its end, with the sheet's
/// texts. Each pixel is a block of dots; changes and legends are not shown.
///
/// # Errors
/// As [`Sheet::panel_size`]; [`PrintError::TooLarge`] for too many frames of too many dots.
pub fn animation(sheet: &Sheet) -> Result<Vec<u8>, PrintError> {
    let (width, height) = sheet.panel_size()?;
    let times = NARROWEST.div_ceil(width.max(height));
    let picture = Place {
        x: 0,
        y: 0,
        width: width * times,
        height: height * times,
    };
    let band = 2 * line_height(LETTERS) + 2 * PADDING;
    let size = (picture.width.max(NARROWEST), picture.height + band);
    let count = sheet.columns.len();
    let found = size.0.saturating_mul(size.1).saturating_mul(count);
    if found > MOST_DOTS {
        return Err(PrintError::TooLarge {
            found,
            allowed: MOST_DOTS,
        });
    }
    let font = Font::embedded()?;
    let frames = sheet.columns.iter().enumerate().map(|(index, column)| {
        let stays = match index {
            _ if index + 1 == count => LAST,
            0 => FIRST,
            _ => BETWEEN,
        };
        let shown = sheet.pictures.get(column.picture);
        (frame(&font, size, picture, column, shown), stays)
    });
    png_file::film(size, frames, &sheet.about.texts)
}

fn frame(
    font: &Font,
    (width, height): (usize, usize),
    place: Place,
    column: &Column,
    picture: Option<&Rgba>,
) -> Canvas {
    let mut canvas = Canvas::white(width, height);
    if let Some(picture) = picture {
        canvas.picture(picture, place);
    }
    let room = width.saturating_sub(2 * PADDING) as f32;
    for (row, (text, colour)) in [(&column.label, INK), (&column.caption, QUIET)]
        .into_iter()
        .enumerate()
    {
        let text = shortened(font, &plain(text), LETTERS, room);
        let top = place.height + PADDING + row * line_height(LETTERS);
        let line = Line {
            length: font.length(&text, LETTERS),
            text,
            x: PADDING as f32,
            baseline: top as f32 + LETTERS,
            size: LETTERS,
            colour,
        };
        canvas.text(&line, font);
    }
    canvas
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::tests::sheet;

    #[test]
    fn a_film_has_a_frame_for_each_step_and_holds_the_last_one() {
        let file = animation(&sheet(4)).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file))
            .read_info()
            .unwrap();
        let control = *reader.info().animation_control().unwrap();
        assert_eq!((control.num_frames, control.num_plays), (5, 0));
        assert_eq!(reader.info().utf8_text.len(), 1);
        let (width, height) = (reader.info().width as usize, reader.info().height as usize);
        assert_eq!(width, 256);
        let mut stays = Vec::new();
        let mut pixels = vec![0; 3 * width * height];
        for frame in 0..5 {
            reader.next_frame(&mut pixels).unwrap();
            let control = reader.info().frame_control().unwrap();
            stays.push((control.delay_num, control.delay_den));
            let expected = &sheet(4).pictures[usize::from(frame > 0)].pixels[..3];
            assert_eq!(&pixels[..3], expected);
            // The band has letters on white.
            let band = &pixels[3 * width * 256..];
            assert!(band.iter().any(|&part| part < 100) && band.ends_with(&[255; 3]));
        }
        assert_eq!(stays, [(60, 100), (16, 100), (16, 100), (16, 100), (200, 100)]);
    }

    #[test]
    fn a_film_of_too_many_dots_is_refused() {
        let mut endless = sheet(400);
        endless.change_scale = None;
        for column in &mut endless.columns {
            (column.picture, column.change) = (0, None);
        }
        endless.pictures = vec![crate::sheet::tests::plain(1000, 1000, [0; 3])];
        let error = animation(&endless).unwrap_err();
        assert!(matches!(error, PrintError::TooLarge { .. }), "{error}");
    }
}
