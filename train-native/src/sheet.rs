//! A sample sheet: one row a pair, `control | t = .25 .5 .75 1 | real`.

use cellflux_image::ImageSpec;
use cellflux_image::composite::{Display, Rgba, composite};
use cellflux_image::strip::{encode_png, strip};

use crate::TrainError;

/// The times whose frames a sheet shows.
pub const TIMES: [f64; 4] = [0.25, 0.5, 0.75, 1.0];
/// Pixels of the sheet a pixel of a crop.
const ZOOM: usize = 2;
/// Pixels between rows, and on either side of what the network made.
const GAP: usize = 6;
/// The colour between pictures.
const PAPER: [u8; 4] = [255, 255, 255, 255];

/// One pair and what the network made of it.
#[derive(Clone, Debug)]
pub struct SheetRow {
    /// Model-range images `[C, H, W]`: the control.
    pub control: Vec<f32>,
    /// The walk's frames at [`TIMES`].
    pub frames: Vec<Vec<f32>>,
    /// The real treated cell.
    pub real: Vec<f32>,
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
/// [`TrainError::Image`] without rows, or for images that are not `spec`'s.
pub fn draw(spec: &ImageSpec, rows: &[SheetRow]) -> Result<Sheet, TrainError> {
    let display = Display::of(spec);
    let picture =
        |image: &Vec<f32>| -> Result<Rgba, TrainError> { Ok(zoomed(&composite(spec, &display, image)?)) };
    let mut pixels = Vec::new();
    let (mut width, mut height) = (0, 0);
    for row in rows {
        let made = row.frames.iter().map(picture).collect::<Result<Vec<_>, _>>()?;
        let parts = [picture(&row.control)?, strip(&made)?, picture(&row.real)?];
        if height > 0 {
            pixels.extend(PAPER.repeat(GAP * width));
            height += GAP;
        }
        let side = parts[0].height;
        for y in 0..side {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    pixels.extend(PAPER.repeat(GAP));
                }
                let line = part.pixels.chunks(4 * part.width).nth(y).unwrap_or_default();
                pixels.extend_from_slice(line);
            }
        }
        width = parts.iter().map(|part| part.width).sum::<usize>() + 2 * GAP;
        height += side;
    }
    let png = encode_png(&Rgba {
        width,
        height,
        pixels,
    })?;
    Ok(Sheet { width, height, png })
}

/// Every pixel as a square of `ZOOM` pixels: cells are looked at, not measured, on a sheet.
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
            control: image(-1.0),
            frames: vec![image(0.0); 4],
            real: image(1.0),
        };
        let sheet = draw(&spec, &[row.clone(), row]).unwrap();
        let side = 2 * ZOOM;
        let strip = 4 * side + 3 * cellflux_image::strip::SEPARATOR;
        assert_eq!(
            (sheet.width, sheet.height),
            (2 * side + strip + 2 * GAP, 2 * side + GAP)
        );
        let picture = cellflux_image::decode("sheet.png", &sheet.png).unwrap();
        let red = |x: usize, y: usize| picture.planes[0].values[y * sheet.width + x];
        let (control, first, real) = (red(0, 0), red(side + GAP, 0), red(sheet.width - 1, 0));
        assert!(control < first && first < real, "{control} {first} {real}");
        assert!((red(side, 0) - 255.0).abs() < 1.0 && (red(0, side) - 255.0).abs() < 1.0);
        assert!(draw(&spec, &[]).is_err());
    }
}
