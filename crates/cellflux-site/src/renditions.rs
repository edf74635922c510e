//! An author's picture in several widths, for screens that need fewer pixels.
//!
//! Photographs become AVIF. Drawings of few colours become lossless WebP where that is smaller, which is
//! tried at the smallest width. The author's own file stays on the site beside them.

use std::io::Cursor;

use cellflux_image::composite::Rgba;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use ravif::{Encoder, Img, RGBA8};

use crate::cache::Cache;
use crate::webp;

/// How long the encoder looks for a smaller file: 1 (longest) to 10.
const SPEED: u8 = 7;

/// A picture's renditions, all of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Renditions {
    /// Width and height of the picture itself.
    pub size: (u32, u32),
    /// The MIME type.
    pub kind: &'static str,
    /// The names' ending.
    pub extension: &'static str,
    /// Content by width in pixels; only what is smaller than the author's file.
    pub files: Vec<(u32, Vec<u8>)>,
}

/// The renditions of a PNG or JPEG at the widths that are smaller than its own, and at its own. Nothing of
/// other kinds, of a picture with a colour profile, whose colours would change, or without a smaller file.
///
/// # Errors
/// What went wrong, for one that cannot be decoded or coded.
pub(crate) fn of(
    content: &[u8],
    widths: &[u32],
    quality: u8,
    kept: &Cache,
) -> Result<Option<Renditions>, String> {
    let format = if content.starts_with(b"\x89PNG") {
        ImageFormat::Png
    } else if content.starts_with(b"\xff\xd8") {
        ImageFormat::Jpeg
    } else {
        return Ok(None);
    };
    let Some(picture) = upright(content, format).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let size = (picture.width(), picture.height());
    let mut wanted: Vec<u32> = widths.iter().copied().filter(|width| *width < size.0).collect();
    wanted.push(size.0);
    wanted.sort_unstable();
    wanted.dedup();
    let digest = cellflux_bundle::files::digest(content);
    let coded = |width: u32, code: Code| {
        let key = format!("rendition {digest} {width} {quality} {code:?}");
        if let Some(kept) = kept.read(&key) {
            return Ok(kept);
        }
        let made = code.encode(&at_width(&picture, width), quality)?;
        kept.write(&key, &made);
        Ok::<_, String>(made)
    };
    let least = wanted.first().copied().unwrap_or(size.0);
    let code = if coded(least, Code::Webp)?.len() < coded(least, Code::Avif)?.len() {
        Code::Webp
    } else {
        Code::Avif
    };
    let mut files = Vec::new();
    for width in wanted {
        let made = coded(width, code)?;
        if made.len() < content.len() {
            files.push((width, made));
        }
    }
    let (kind, extension) = match code {
        Code::Avif => ("image/avif", "avif"),
        Code::Webp => ("image/webp", "webp"),
    };
    Ok((!files.is_empty()).then_some(Renditions {
        size,
        kind,
        extension,
        files,
    }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    Avif,
    Webp,
}

impl Code {
    fn encode(self, picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, String> {
        let rgba = picture.to_rgba8();
        let (width, height) = (rgba.width() as usize, rgba.height() as usize);
        let pixels = rgba.into_raw();
        match self {
            Self::Webp => webp::encode(&Rgba {
                width,
                height,
                pixels,
            })
            .map_err(|error| error.to_string()),
            Self::Avif => {
                let pixels: Vec<RGBA8> = pixels
                    .chunks_exact(4)
                    .filter_map(|pixel| match pixel {
                        [r, g, b, a] => Some(RGBA8::new(*r, *g, *b, *a)),
                        _ => None,
                    })
                    .collect();
                Encoder::new()
                    .with_quality(f32::from(quality))
                    .with_alpha_quality(f32::from(quality))
                    .with_speed(SPEED)
                    .encode_rgba(Img::new(pixels.as_slice(), width, height))
                    .map(|coded| coded.avif_file)
                    .map_err(|error| error.to_string())
            }
        }
    }
}

/// The picture as a browser shows it; nothing where a colour profile says what its numbers are.
fn upright(content: &[u8], format: ImageFormat) -> image::ImageResult<Option<DynamicImage>> {
    let mut decoder = ImageReader::with_format(Cursor::new(content), format).into_decoder()?;
    if decoder.icc_profile()?.is_some() {
        return Ok(None);
    }
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(Some(picture))
}

fn at_width(picture: &DynamicImage, width: u32) -> DynamicImage {
    if width == picture.width() {
        return picture.clone();
    }
    let height = f64::from(picture.height()) * f64::from(width) / f64::from(picture.width());
    picture.resize_exact(width, (height.round() as u32).max(1), FilterType::Lanczos3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::RgbImage::from_fn(width, height, |x, y| image::Rgb(pixel(x, y)))
            .write_to(&mut bytes, ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    fn cache() -> (tempfile::TempDir, Cache) {
        let home = tempfile::tempdir().unwrap();
        let cache = Cache::of(home.path());
        (home, cache)
    }

    #[test]
    fn a_photograph_is_coded_as_avif_at_the_smaller_widths_and_at_its_own() {
        let (_home, cache) = cache();
        // Noise of a fixed kind, which no lossless code makes small.
        let noise = |x: u32, y: u32| {
            let mixed = (x * 7919 + y * 104_729).wrapping_mul(2_654_435_761) >> 24;
            [mixed as u8, (mixed / 2) as u8, 40]
        };
        let made = of(&png(96, 64, noise), &[32, 640], 50, &cache).unwrap().unwrap();
        assert_eq!((made.size, made.kind), ((96, 64), "image/avif"));
        assert!(
            made.files
                .iter()
                .all(|(_, file)| file.get(4..12) == Some(b"ftypavif"))
        );
        assert_eq!(
            made.files.iter().map(|(width, _)| *width).collect::<Vec<_>>(),
            [32, 96]
        );
    }

    #[test]
    fn what_is_kept_is_not_coded_again_and_other_kinds_stay_as_they_are() {
        let (_home, cache) = cache();
        let picture = png(80, 40, |x, y| [x as u8, y as u8, (x * y) as u8]);
        let first = of(&picture, &[40], 60, &cache).unwrap();
        assert_eq!(of(&picture, &[40], 60, &cache).unwrap(), first);
        assert_eq!(
            of(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", &[40], 60, &cache),
            Ok(None)
        );
    }
}
