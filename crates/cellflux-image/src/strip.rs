//! Pictures to keep: one frame, a trajectory's frames side by side, or many in a grid, as PNG.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::composite::Rgba;
use crate::error::ImageError;

/// Pixels between two frames of a strip.
pub const SEPARATOR: usize = 2;
/// The separator's colour: no cell is this grey, and it shows on black and on white pages.
const SEPARATOR_COLOUR: [u8; 4] = [96, 96, 96, 255];

/// How pictures of one size are laid out, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Pictures in a row; the last row may have fewer.
    pub columns: usize,
    /// Pixels between two pictures.
    pub gap: usize,
    /// Pixels around all of them.
    pub margin: usize,
    /// The colour of gaps, margin and empty places, RGBA.
    pub colour: [u8; 4],
}

impl Grid {
    /// One picture of all.
    ///
    /// # Errors
    /// [`ImageError::Write`] without pictures, or for pictures of different sizes.
    pub fn draw(&self, pictures: &[Rgba]) -> Result<Rgba, ImageError> {
        let wrong = |reason: String| ImageError::Write {
            what: "grid of pictures",
            reason,
        };
        let first = pictures
            .first()
            .ok_or_else(|| wrong("there are no pictures".into()))?;
        let size = (first.width, first.height);
        if let Some(odd) = pictures
            .iter()
            .find(|picture| (picture.width, picture.height) != size)
        {
            return Err(wrong(format!(
                "a picture is {} x {} px, the first {} x {} px",
                odd.width, odd.height, first.width, first.height
            )));
        }
        let columns = self.columns.clamp(1, pictures.len());
        let rows = pictures.len().div_ceil(columns);
        let length = |count: usize, side: usize| count * (side + self.gap) - self.gap + 2 * self.margin;
        let (width, height) = (length(columns, first.width), length(rows, first.height));
        let mut pixels = self.colour.repeat(width * height);
        for (index, picture) in pictures.iter().enumerate() {
            let left = self.margin + index % columns * (first.width + self.gap);
            let top = self.margin + index / columns * (first.height + self.gap);
            for (y, row) in picture.pixels.chunks(4 * first.width.max(1)).enumerate() {
                let start = 4 * ((top + y) * width + left);
                if let Some(place) = pixels.get_mut(start..start + row.len()) {
                    place.copy_from_slice(row);
                }
            }
        }
        Ok(Rgba {
            width,
            height,
            pixels,
        })
    }
}

/// Frames side by side, left to right, `SEPARATOR` pixels between them.
///
/// # Errors
/// [`ImageError::Write`] without frames, or for frames of different sizes.
pub fn strip(frames: &[Rgba]) -> Result<Rgba, ImageError> {
    let grid = Grid {
        columns: frames.len(),
        gap: SEPARATOR,
        margin: 0,
        colour: SEPARATOR_COLOUR,
    };
    grid.draw(frames)
}

/// Encodes a picture as PNG; opaque pictures are written without alpha.
///
/// # Errors
/// [`ImageError::Write`] where the pixels do not fill the size.
pub fn encode_png(picture: &Rgba) -> Result<Vec<u8>, ImageError> {
    let opaque = picture
        .pixels
        .chunks_exact(4)
        .all(|pixel| pixel.last() == Some(&255));
    if opaque && picture.pixels.len().is_multiple_of(4) {
        let rgb: Vec<u8> = picture
            .pixels
            .chunks_exact(4)
            .flat_map(|pixel| pixel.iter().take(3).copied())
            .collect();
        encode(&rgb, picture.width, picture.height, ExtendedColorType::Rgb8)
    } else {
        encode(
            &picture.pixels,
            picture.width,
            picture.height,
            ExtendedColorType::Rgba8,
        )
    }
}

/// The one place that writes PNG: best compression, since pictures are small and links carry them.
pub(crate) fn encode(
    bytes: &[u8],
    width: usize,
    height: usize,
    colour: ExtendedColorType,
) -> Result<Vec<u8>, ImageError> {
    let wrong = |reason: String| ImageError::Write { what: "PNG", reason };
    let samples = usize::from(colour.channel_count());
    if width == 0 || height == 0 || bytes.len() != width * height * samples {
        return Err(wrong(format!(
            "{} bytes do not fill {width} x {height} px",
            bytes.len()
        )));
    }
    let too_wide = |_| wrong(format!("{width} x {height} px are too many"));
    let (width, height) = (
        u32::try_from(width).map_err(too_wide)?,
        u32::try_from(height).map_err(too_wide)?,
    );
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive)
        .write_image(bytes, width, height, colour)
        .map_err(|error| wrong(error.to_string()))?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;

    fn frame(width: usize, height: usize, value: u8) -> Rgba {
        Rgba {
            width,
            height,
            pixels: [value, value / 2, 9, 255].repeat(width * height),
        }
    }

    #[test]
    fn a_strip_is_its_frames_with_separators() {
        let strip = strip(&[frame(3, 2, 100), frame(3, 2, 200)]).unwrap();
        assert_eq!((strip.width, strip.height), (8, 2));
        let row: Vec<u8> = strip.pixels[..32].iter().step_by(4).copied().collect();
        assert_eq!(row, [100, 100, 100, 96, 96, 200, 200, 200]);
        assert_eq!(strip.pixels[..32], strip.pixels[32..]);
    }

    #[test]
    fn no_frames_and_odd_frames_are_refused() {
        assert!(strip(&[]).is_err());
        let error = strip(&[frame(3, 2, 1), frame(2, 2, 1)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "could not write the grid of pictures: a picture is 2 x 2 px, the first 3 x 2 px"
        );
    }

    #[test]
    fn a_png_reads_back_as_the_same_pixels() {
        let mut picture = frame(5, 4, 77);
        picture.pixels[0] = 3;
        for (alpha, planes) in [(255, 3), (0, 4)] {
            picture.pixels[3] = alpha;
            let read = decode("x.png", &encode_png(&picture).unwrap()).unwrap();
            assert_eq!(read.planes.len(), planes);
            for (sample, plane) in read.planes.iter().enumerate() {
                for (value, pixel) in plane.values.iter().zip(picture.pixels.chunks(4)) {
                    assert_eq!(*value as u8, pixel[sample]);
                }
            }
        }
        picture.pixels.pop();
        assert!(encode_png(&picture).is_err());
    }
}
