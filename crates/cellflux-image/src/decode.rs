//! Bytes to a picture. The format is found from the content; the file's name is only for messages.

use crate::error::ImageError;
use crate::picture::{Limits, Picture};
use crate::{npy, raster, tiff};

/// Reads a PNG, JPEG, TIFF or `.npy` with the default [`Limits`].
///
/// # Errors
/// As [`decode_within`].
pub fn decode(name: &str, bytes: &[u8]) -> Result<Picture, ImageError> {
    decode_within(name, bytes, &Limits::default())
}

/// Reads a PNG, JPEG, TIFF or `.npy`; `name` is the file's name, for messages and channel matching.
///
/// # Errors
/// [`ImageError::Format`] for any other content, saying what it looks like; [`ImageError::Damaged`] where it breaks
/// off or contradicts itself; [`ImageError::TooLarge`] from the header alone; [`ImageError::Unsupported`] for sample
/// types without a meaning here; [`ImageError::NotFinite`] for NaN and infinities.
pub fn decode_within(name: &str, bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    match Content::of(bytes) {
        Content::Png => raster::decode_png(name, bytes, limits),
        Content::Jpeg => raster::decode_jpeg(name, bytes, limits),
        Content::Tiff => tiff::decode(name, bytes, limits),
        Content::Npy => npy::decode(name, bytes, limits),
        Content::Other(found) => Err(ImageError::Format {
            name: name.into(),
            found: found.into(),
        }),
    }
}

/// What the first bytes say.
enum Content {
    Png,
    Jpeg,
    Tiff,
    Npy,
    Other(&'static str),
}

/// Formats that people try and that are not read, by their first bytes.
const OTHERS: [(&[u8], &str); 9] = [
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive (.zip, .npz or an office document)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"RIFF", "a WebP or other RIFF file"),
    (b"\0\0\x00\x0cjP", "a JPEG 2000"),
    (b"FLEX", "a LIF file"),
];

impl Content {
    fn of(bytes: &[u8]) -> Self {
        let starts = |magic: &[u8]| bytes.starts_with(magic);
        if starts(b"\x89PNG\r\n\x1a\n") {
            Self::Png
        } else if starts(b"\xff\xd8\xff") {
            Self::Jpeg
        } else if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
            .iter()
            .any(|magic| starts(*magic))
        {
            Self::Tiff
        } else if starts(b"\x93NUMPY") {
            Self::Npy
        } else if bytes.is_empty() {
            Self::Other("an empty file")
        } else if let Some((_, found)) = OTHERS.iter().find(|(magic, _)| starts(magic)) {
            Self::Other(found)
        } else if looks_like_text(bytes) {
            Self::Other("a text file")
        } else {
            Self::Other("a file of an unknown kind")
        }
    }
}

/// Whether the first kilobyte is UTF-8 without control characters.
fn looks_like_text(bytes: &[u8]) -> bool {
    let head = bytes.get(..1024).unwrap_or(bytes);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character cut in two by the end of the head is still text.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && text.chars().all(|c| !c.is_control() || c.is_whitespace())
}
