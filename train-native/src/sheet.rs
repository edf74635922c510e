//! A sheet of cells to look at: captioned rows of pictures, such as `control | t = .25 .5 .75 1 | treated`.

use cellflux_image::ImageSpec;
use cellflux_image::composite::{Display, Rgba, composite};
use cellflux_image::strip::{encode_png, strip};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::TrainError;

/// The times whose frames a sheet of samples shows.
pub const TIMES: [f64; 4] = [0.25, 0.5, 0.75, 1.0];
/// Pixels of the sheet per pixel of a crop.
const ZOOM: usize = 2;
/// Pixels between rows, and between the parts of a row.
const GAP: usize = 6;
/// The colour between pictures.
const PAPER: [u8; 4] = [255, 255, 255, 255];

/// The captions' font: rows of pixels; letters may reach below the line.
const FONT: (FontWeight, RasterHeight) = (FontWeight::Regular, RasterHeight::Size16);
/// Pixels between the edge and a caption.
const MARGIN: usize = 2;

/// One row of a sheet.
#[derive(Clone, Debug)]
pub struct SheetRow {
    /// What stands above it.
    pub caption: String,
    /// Parts from left to right, of one or more model-range images `[C, H, W]` each: images of one part
    /// belong together, as the frames of a walk do. A row without parts is a line of text.
    pub parts: Vec<Vec<Vec<f32>>>,
}

/// A sheet as PNG.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Pixels a row.
    pub width: usize,
    /// Pixels a column.
    pub height: usize,
    /// The file.
    pub png: Vec<u8>,
}

/// Draws the sheet.
///
/// # Errors
/// [`TrainError::Image`] without any picture, for a part without images, or for images that do not fit
/// `spec`.
pub fn draw(spec: &ImageSpec, rows: &[SheetRow]) -> Result<Sheet, TrainError> {
    let display = Display::of(spec);
    let picture =
        |image: &Vec<f32>| -> Result<Rgba, TrainError> { Ok(zoomed(&composite(spec, &display, image)?)) };
    let part = |images: &Vec<Vec<f32>>| -> Result<Rgba, TrainError> {
        Ok(strip(
            &images.iter().map(picture).collect::<Result<Vec<_>, _>>()?,
        )?)
    };
    let drawn = rows
        .iter()
        .map(|row| row.parts.iter().map(part).collect())
        .collect::<Result<Vec<Vec<Rgba>>, TrainError>>()?;
    let width = drawn.iter().map(|parts| length(parts)).max().unwrap_or(0);
    let mut pixels = Vec::new();
    for (row, parts) in rows.iter().zip(&drawn) {
        if !pixels.is_empty() {
            pixels.extend(PAPER.repeat(GAP * width));
        }
        pixels.extend(written(&row.caption, width));
        let height = parts.first().map_or(0, |part| part.height);
        for y in 0..height {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    pixels.extend(PAPER.repeat(GAP));
                }
                let line = part.pixels.chunks(4 * part.width).nth(y).unwrap_or_default();
                pixels.extend_from_slice(line);
            }
            pixels.extend(PAPER.repeat(width - length(parts)));
        }
    }
    let height = pixels.len() / (4 * width.max(1));
    let png = encode_png(&Rgba {
        width,
        height,
        pixels,
    })?;
    Ok(Sheet { width, height, png })
}

/// Pixels in a row of these parts.
fn length(parts: &[Rgba]) -> usize {
    let gaps = parts.len().saturating_sub(1) * GAP;
    parts.iter().map(|part| part.width).sum::<usize>() + gaps
}

/// A line of dark text on paper, RGBA of `width` pixels per row; text that does not fit ends in dots.
fn written(text: &str, width: usize) -> Vec<u8> {
    let (weight, size) = FONT;
    let (letter, rows) = (get_raster_width(weight, size), size.val());
    let room = width.saturating_sub(2 * MARGIN) / letter;
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() > room {
        letters.truncate(room.saturating_sub(3));
        letters.extend(std::iter::repeat_n('.', room.min(3)));
    }
    let mut pixels = PAPER.repeat(width * rows);
    for (number, letter_of) in letters.into_iter().enumerate() {
        let drawn = get_raster(letter_of, weight, size).or_else(|| get_raster('?', weight, size));
        let Some(drawn) = drawn else { continue };
        for (y, row) in drawn.rows().enumerate() {
            let start = 4 * (y * width + MARGIN + number * letter);
            let places = pixels.get_mut(start..).unwrap_or_default().chunks_exact_mut(4);
            for (pixel, ink) in places.zip(row.iter()) {
                let grey = 255 - ink;
                pixel.copy_from_slice(&[grey, grey, grey, 255]);
            }
        }
    }
    pixels
}

/// Every pixel as a square of `ZOOM` pixels: a sheet is for looking at cells, not for measuring them.
fn zoomed(picture: &Rgba) -> Rgba {
    let mut pixels = Vec::with_capacity(picture.pixels.len() * ZOOM * ZOOM);
    for line in picture.pixels.chunks(4 * picture.width.max(1)) {
        let wide: Vec<u8> = line.chunks(4).flat_map(|pixel| pixel.repeat(ZOOM)).collect();
        pixels.extend(wide.repeat(ZOOM));
    }
    Rgba {
        width: ZOOM * picture.width,
        height: ZOOM * picture.height,
        pixels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_shows_control_frames_and_real_cell_in_this_order() {
        let spec = ImageSpec::plain(1, 2, 2);
        let image = |level: f32| vec![level; 4];
        let row = SheetRow {
            caption: "X".into(),
            parts: vec![vec![image(-1.0)], vec![image(0.0); 4], vec![image(1.0)]],
        };
        let sheet = draw(&spec, &[row.clone(), row]).unwrap();
        let side = 2 * ZOOM;
        let top = FONT.1.val();
        let strip = 4 * side + 3 * cellflux_image::strip::SEPARATOR;
        assert_eq!(
            (sheet.width, sheet.height),
            (2 * side + strip + 2 * GAP, 2 * (side + top) + GAP)
        );
        let picture = cellflux_image::decode("sheet.png", &sheet.png).unwrap();
        let red = |x: usize, y: usize| picture.planes[0].values[y * sheet.width + x];
        let (control, first, real) = (red(0, top), red(side + GAP, top), red(sheet.width - 1, top));
        assert!(control < first && first < real, "{control} {first} {real}");
        assert!((red(side, top) - 255.0).abs() < 1.0 && (red(0, top + side) - 255.0).abs() < 1.0);
        assert!(draw(&spec, &[]).is_err());
    }

    #[test]
    fn every_row_names_its_compound_and_a_long_name_ends_in_dots() {
        let letter = get_raster_width(FONT.0, FONT.1);
        let width = 2 * MARGIN + 8 * letter;
        let (taxol, dmso) = (written("taxol", width), written("DMSO", width));
        assert_ne!(taxol, dmso);
        assert!(taxol.iter().any(|&value| value < 64));
        assert_eq!(written("cytochalasin B", width), written("cytoc...", width));
        // Not in the font: shown by a mark, not left out.
        assert_eq!(written("\u{4e2d}", width), written("?", width));
        assert_eq!(written("taxol", 3), PAPER.repeat(3 * FONT.1.val()));
    }
}
