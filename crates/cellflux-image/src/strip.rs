//! Pictures to keep: one frame, or a trajectory's frames side by side, as PNG.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::composite::Rgba;
use crate::error::ImageError;

/// Pixels between two frames of a strip.
pub const SEPARATOR: usize = 2;
/// The separator's colour: no cell is this grey, and it shows on black and on white pages.
const SEPARATOR_COLOUR: [u8; 4] = [96, 96, 96, 255];

/// Frames side by side, left to right, `SEPARATOR` pixels between them.
///
/// # Errors
/// [`ImageError::Write`] without frames, or for frames of different sizes.
pub fn strip(frames: &[Rgba]) -> Result<Rgba, ImageError> {
    let wrong = |reason: String| ImageError::Write {
        what: "strip",
        reason,
    };
    let first = frames
        .first()
        .ok_or_else(|| wrong("there are no frames".into()))?;
    if let Some(odd) = frames
        .iter()
        .find(|f| (f.width, f.height) != (first.width, first.height))
    {
        return Err(wrong(format!(
            "a frame is {} x {} px, the first {} x {} px",
            odd.width, odd.height, first.width, first.height
        )));
    }
    let width = frames.len() * (first.width + SEPARATOR) - SEPARATOR;
    let mut pixels = Vec::with_capacity(4 * width * first.height);
    for y in 0..first.height {
        for (index, frame) in frames.iter().enumerate() {
            if index > 0 {
                pixels.extend(SEPARATOR_COLOUR.repeat(SEPARATOR));
            }
            let row = 4 * frame.width;
            pixels.extend(frame.pixels.iter().skip(y * row).take(row));
        }
    }
    Ok(Rgba {
        width,
        height: first.height,
        pixels,
    })
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
            "could not write the strip: a frame is 2 x 2 px, the first 3 x 2 px"
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
