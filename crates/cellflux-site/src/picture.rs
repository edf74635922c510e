//! Whether browsers show a picture: by its first bytes, not by its name, and whole.

use std::io::Cursor;

use crate::svg;

/// What browsers show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// AVIF.
    Avif,
    /// SVG.
    Svg,
    /// A Windows icon.
    Icon,
}

impl Kind {
    /// The extension by which hosts give it its type.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Avif => "avif",
            Self::Svg => "svg",
            Self::Icon => "ico",
        }
    }
}

/// What to use instead of a picture that browsers do not show.
const EXPECTED: &str = "expected PNG, JPEG, WebP, GIF, AVIF or SVG";

/// Kinds that people have and browsers do not show, by their first bytes.
const OTHERS: [(&[u8], &str); 9] = [
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"II+\0", "a BigTIFF"),
    (b"MM\0+", "a BigTIFF"),
    (b"%PDF", "a PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"8BPS", "a Photoshop file"),
    (b"PK\x03\x04", "a ZIP archive or an Office file"),
];

/// The kind of a picture that browsers show.
///
/// # Errors
/// What it is instead, or how it is damaged.
pub fn shown(content: &[u8]) -> Result<Kind, String> {
    let damaged = |kind: &str, reason: String| format!("a damaged {kind} ({reason}), expected a whole one");
    if content.is_empty() {
        return Err(format!("is empty, {EXPECTED}"));
    }
    if content.starts_with(b"\x89PNG") {
        whole(content, image::ImageFormat::Png).map_err(|reason| damaged("PNG", reason))?;
        return Ok(Kind::Png);
    }
    if content.starts_with(b"\xff\xd8") {
        // Tolerant decoders draw a missing part grey, so the end is looked for too.
        if !content.windows(2).any(|pair| pair == b"\xff\xd9") {
            return Err(damaged("JPEG", "its end is missing".into()));
        }
        whole(content, image::ImageFormat::Jpeg).map_err(|reason| damaged("JPEG", reason))?;
        return Ok(Kind::Jpeg);
    }
    if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
        image_webp::WebPDecoder::new(Cursor::new(content))
            .and_then(|mut decoder| {
                let mut pixels = vec![0; decoder.output_buffer_size().unwrap_or_default()];
                decoder.read_image(&mut pixels)
            })
            .map_err(|error| damaged("WebP", error.to_string()))?;
        return Ok(Kind::Webp);
    }
    if content.starts_with(b"GIF8") {
        // Its last byte, unless a program added bytes of its own after it.
        return if content.len() > 13 && content.contains(&0x3b) {
            Ok(Kind::Gif)
        } else {
            Err(damaged("GIF", "its end is missing".into()))
        };
    }
    if content.starts_with(b"\0\0\x01\0") {
        return Ok(Kind::Icon);
    }
    if content.get(4..8) == Some(b"ftyp") {
        let brand = content.get(8..12).unwrap_or_default();
        return match brand {
            b"avif" | b"avis" => Ok(Kind::Avif),
            b"heic" | b"heix" | b"mif1" | b"hevc" => Err(format!("a HEIC picture, {EXPECTED}")),
            _ => Err(format!("a video, {EXPECTED}; a video has the component `video`")),
        };
    }
    if let Some((_, name)) = OTHERS.iter().find(|(first, _)| content.starts_with(first)) {
        return Err(format!("{name}, which browsers do not show: {EXPECTED}"));
    }
    let start = content.get(..content.len().min(4096)).unwrap_or_default();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if start.trim_ascii_start().starts_with(b"<") && start.windows(4).any(|part| part == b"<svg") {
        svg::harmless(content)?;
        return Ok(Kind::Svg);
    }
    if std::str::from_utf8(content).is_ok() {
        return Err(format!(
            "a text, {EXPECTED}; a CSV file has the component `table`"
        ));
    }
    Err(format!("not a picture that browsers show, {EXPECTED}"))
}

/// Decodes a whole picture.
fn whole(content: &[u8], format: image::ImageFormat) -> Result<(), String> {
    let mut reader = image::ImageReader::with_format(Cursor::new(content), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(512 << 20);
    reader.limits(limits);
    reader.decode().map(|_| ()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png() -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::RgbImage::from_fn(40, 40, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]))
            .write_to(&mut bytes, image::ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn what_browsers_do_not_show_is_called_what_it_is() {
        for (content, expected) in [
            (&b"II*\0abcd"[..], "a TIFF"),
            (b"%PDF-1.7", "a PDF"),
            (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
            (b"method,FID\nours,3\n", "a text"),
            (b"", "is empty"),
            (b"\0\0\0\x18ftypisom", "a video"),
            (b"\0\0\0\x18ftypheic", "a HEIC"),
            (b"\xff\xd8\xff\xe0 cut", "a damaged JPEG"),
        ] {
            let error = shown(content).unwrap_err();
            assert!(error.contains(expected) && error.contains("expected"), "{error}");
        }
    }

    #[test]
    fn a_picture_is_known_by_its_bytes_and_a_damaged_one_is_refused() {
        let sound = png();
        assert_eq!(shown(&sound), Ok(Kind::Png));
        assert_eq!(
            shown(
                b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>"
            ),
            Ok(Kind::Svg)
        );
        let mut cut = sound.clone();
        cut.truncate(sound.len() / 2);
        assert!(shown(&cut).unwrap_err().contains("a damaged PNG"));
        let mut changed = sound.clone();
        let middle = sound.len() / 2;
        changed[middle] ^= 0x55;
        assert!(shown(&changed).unwrap_err().contains("a damaged PNG"));
    }
}
