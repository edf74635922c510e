//! Lossless WebP: small, exact, and drawn by every browser.

use cellflux_image::composite::Rgba;
use image_webp::{ColorType, WebPEncoder};

use crate::error::SiteError;

/// Encodes a picture; opaque pictures are written without alpha.
///
/// # Errors
/// [`SiteError::Picture`] for one whose pixels do not fill its size.
pub fn encode(picture: &Rgba) -> Result<Vec<u8>, SiteError> {
    let wrong = |reason: String| SiteError::Picture { reason };
    let side = |side: usize| u32::try_from(side).map_err(|error| wrong(error.to_string()));
    let opaque = picture
        .pixels
        .chunks_exact(4)
        .all(|pixel| pixel.get(3) == Some(&255));
    let (pixels, colour) = if opaque {
        let rgb = picture
            .pixels
            .chunks_exact(4)
            .flat_map(|pixel| pixel.iter().take(3).copied())
            .collect();
        (rgb, ColorType::Rgb8)
    } else {
        (picture.pixels.clone(), ColorType::Rgba8)
    };
    if picture.pixels.len() != 4 * picture.width * picture.height || picture.pixels.is_empty() {
        return Err(wrong(format!(
            "{} bytes do not fill {} x {} px",
            picture.pixels.len(),
            picture.width,
            picture.height
        )));
    }
    let mut webp = Vec::new();
    WebPEncoder::new(&mut webp)
        .encode(&pixels, side(picture.width)?, side(picture.height)?, colour)
        .map_err(|error| wrong(error.to_string()))?;
    Ok(webp)
}

/// Decodes an opaque picture; none where it is damaged.
pub fn decode(webp: &[u8]) -> Option<Rgba> {
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(webp)).ok()?;
    let (width, height) = decoder.dimensions();
    let mut rgb = vec![0; decoder.output_buffer_size()?];
    decoder.read_image(&mut rgb).ok()?;
    let pixels = rgb
        .chunks_exact(3)
        .flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255])
        .collect();
    Some(Rgba {
        width: width as usize,
        height: height as usize,
        pixels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_reads_back_pixel_for_pixel() {
        let pixels = (0..24 * 4)
            .map(|i: u32| if i % 4 == 3 { 255 } else { (i * 37 % 251) as u8 })
            .collect();
        let picture = Rgba {
            width: 6,
            height: 4,
            pixels,
        };
        assert_eq!(decode(&encode(&picture).unwrap()).unwrap(), picture);
        assert!(
            encode(&Rgba {
                width: 6,
                height: 5,
                ..picture
            })
            .is_err()
        );
    }
}
