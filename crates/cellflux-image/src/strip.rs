//! Pictures to keep: one frame, a trajectory's frames side by side, or many in a grid, as PNG.

use png::{BitDepth, ColorType, Compression, Encoder, Filter};

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

/// A text that a PNG holds beside its pixels, as an `iTXt` chunk (PNG specification, section 11.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PngText {
    /// What the text is: one of the specification's keywords (`Description`, `Copyright`, `Source`, …), or
    /// another name of 1 to 79 Latin letters.
    pub keyword: &'static str,
    /// The text.
    pub text: String,
}

/// Encodes a picture as PNG; opaque pictures are written without alpha.
///
/// # Errors
/// [`ImageError::Write`] where the pixels do not fill the size.
pub fn encode_png(picture: &Rgba) -> Result<Vec<u8>, ImageError> {
    encode_png_with(picture, &[])
}

/// The same, with texts that say what the picture is.
///
/// # Errors
/// As [`encode_png`], and for a keyword that PNG does not allow.
pub fn encode_png_with(picture: &Rgba, texts: &[PngText]) -> Result<Vec<u8>, ImageError> {
    let opaque = picture
        .pixels
        .chunks_exact(4)
        .all(|pixel| pixel.last() == Some(&255));
    let (width, height) = (picture.width, picture.height);
    if opaque && picture.pixels.len().is_multiple_of(4) {
        let rgb: Vec<u8> = picture
            .pixels
            .chunks_exact(4)
            .flat_map(|pixel| pixel.iter().take(3).copied())
            .collect();
        encode(&rgb, width, height, ColorType::Rgb, texts)
    } else {
        encode(&picture.pixels, width, height, ColorType::Rgba, texts)
    }
}

/// The one place that writes PNG, 8 bits per sample: best compression, since pictures are small and links
/// hold them.
pub(crate) fn encode(
    bytes: &[u8],
    width: usize,
    height: usize,
    colour: ColorType,
    texts: &[PngText],
) -> Result<Vec<u8>, ImageError> {
    let wrong = |reason: String| ImageError::Write { what: "PNG", reason };
    if width == 0 || height == 0 || bytes.len() != width * height * colour.samples() {
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
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(colour);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    encoder.set_filter(Filter::Adaptive);
    let refused = |error: png::EncodingError| wrong(error.to_string());
    for PngText { keyword, text } in texts {
        encoder
            .add_itxt_chunk((*keyword).to_owned(), text.clone())
            .map_err(refused)?;
    }
    let mut writer = encoder.write_header().map_err(refused)?;
    writer.write_image_data(bytes).map_err(refused)?;
    writer.finish().map_err(refused)?;
    Ok(file)
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

    #[test]
    fn texts_stand_in_the_png_in_any_script_and_leave_the_pixels_alone() {
        let picture = frame(5, 4, 77);
        let text = PngText {
            keyword: "Description",
            text: "taxol at 3 µM, 細胞".into(),
        };
        let file = encode_png_with(&picture, std::slice::from_ref(&text)).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(&file))
            .read_info()
            .unwrap();
        let [chunk] = reader.info().utf8_text.as_slice() else {
            panic!("one text, found {:?}", reader.info().utf8_text);
        };
        assert_eq!(chunk.keyword, text.keyword);
        assert_eq!(chunk.get_text().unwrap(), text.text);
        let planes = |file: &[u8]| decode("x.png", file).unwrap().planes;
        let values = |file: &[u8]| {
            planes(file)
                .into_iter()
                .map(|plane| plane.values)
                .collect::<Vec<_>>()
        };
        assert_eq!(values(&file), values(&encode_png(&picture).unwrap()));
    }

    #[test]
    fn a_keyword_that_png_does_not_allow_is_refused() {
        let text = PngText {
            keyword: "",
            text: "x".into(),
        };
        assert!(encode_png_with(&frame(1, 1, 0), &[text]).is_err());
    }
}
