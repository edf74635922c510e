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
/// [`ImageError::Format`] for any other content, saying what it looks like; [`ImageError::Damaged`] where it
/// breaks off or contradicts itself; [`ImageError::TooLarge`] from the header alone;
/// [`ImageError::Unsupported`] for sample types without a meaning here; [`ImageError::NotFinite`] for NaN and
/// infinities.
pub fn decode_within(name: &str, bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    match Content::of(bytes) {
        Content::Png => raster::decode_png(name, bytes, limits),
        Content::Jpeg => raster::decode_jpeg(name, bytes, limits),
        Content::Tiff => tiff::decode(name, bytes, limits),
        Content::Npy => npy::decode(name, bytes, limits),
        Content::Other(found, advice) => Err(ImageError::Format {
            name: name.into(),
            found: found.into(),
            advice,
        }),
    }
}

/// The largest count of numbers in all files of one drop together: 512 MiB once decoded. A single file may
/// have [`Limits::numbers`].
pub const NUMBERS_TOGETHER: usize = 1 << 27;

/// Reads files that are handed over together, each with the default [`Limits`] and all with
/// [`NUMBERS_TOGETHER`]: many small files that each unpack to a large picture are refused, as a single huge
/// one would be.
///
/// # Errors
/// As [`decode_within`] for the first file that cannot be read, and [`ImageError::TooLarge`] for the first
/// that has no room beside those before it.
pub fn decode_together<N: AsRef<str>, B: AsRef<[u8]>>(
    files: impl IntoIterator<Item = (N, B)>,
) -> Result<Vec<Picture>, ImageError> {
    decode_together_within(files, &Limits::default(), NUMBERS_TOGETHER)
}

fn decode_together_within<N: AsRef<str>, B: AsRef<[u8]>>(
    files: impl IntoIterator<Item = (N, B)>,
    limits: &Limits,
    together: usize,
) -> Result<Vec<Picture>, ImageError> {
    let mut pictures: Vec<Picture> = Vec::new();
    let mut left = together;
    for (name, bytes) in files {
        let own = Limits {
            numbers: limits.numbers.min(left),
            ..*limits
        };
        let picture = decode_within(name.as_ref(), bytes.as_ref(), &own).map_err(|error| match error {
            ImageError::TooLarge { name, found, .. }
                if left < limits.numbers && found.ends_with("numbers") =>
            {
                ImageError::TooLarge {
                    name,
                    found,
                    allowed: format!("{together} numbers in all files together, of which {left} are left,"),
                }
            }
            other => other,
        })?;
        left = left.saturating_sub(picture.planes.iter().map(|plane| plane.values.len()).sum());
        pictures.push(picture);
    }
    Ok(pictures)
}

/// What the first bytes say.
enum Content {
    Png,
    Jpeg,
    Tiff,
    Npy,
    /// What it is, and what to do about it.
    Other(&'static str, &'static str),
}

/// What to do with a microscope's own format.
const FIJI: &str = "; Fiji opens it (Bio-Formats) and saves its channels as TIFF";
/// What to do with a picture in another format.
const SAVE: &str = "; save it as PNG or TIFF";

/// Formats that people try and that are not read: where their mark is, the mark, what they are, what to do.
const OTHERS: [(usize, &[u8], &str, &str); 30] = [
    (0, b"ZISRAWFILE", "a CZI file (Zeiss)", FIJI),
    (0, b"\xda\xce\xbe\x0a", "an ND2 file (Nikon)", FIJI),
    (0, b"\x70\0\0\0", "a LIF file (Leica)", FIJI),
    (
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an OIB, ZVI or office file",
        FIJI,
    ),
    (96, b"\xa0\xc0", "a DeltaVision file", FIJI),
    (96, b"\xc0\xa0", "a DeltaVision file", FIJI),
    (208, b"MAP ", "an MRC file", FIJI),
    (0, b"ICS_VERSION", "an ICS file", FIJI),
    (
        0,
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file (Imaris, HDF5 of other programs)",
        FIJI,
    ),
    (0, b"SIMPLE  =", "a FITS file", FIJI),
    (0, b"NRRD000", "an NRRD file", FIJI),
    (128, b"DICM", "a DICOM file", FIJI),
    (4, b"ftypavif", "an AVIF picture", SAVE),
    (4, b"ftypavis", "an AVIF picture", SAVE),
    (4, b"ftyphei", "a HEIC picture", SAVE),
    (4, b"ftyphev", "a HEIC picture", SAVE),
    (4, b"ftypmif1", "a HEIC picture", SAVE),
    (4, b"ftypmsf1", "a HEIC picture", SAVE),
    (4, b"ftyp", "a video", ""),
    (0, b"\0\0\x00\x0cjP", "a JPEG 2000 (or an old ND2) file", SAVE),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 file", SAVE),
    (0, b"\0\0\x00\x0cJXL ", "a JPEG XL picture", SAVE),
    (0, b"II\xbc\x01", "a JPEG XR picture", SAVE),
    (0, b"8BPS", "a Photoshop file", SAVE),
    (0, b"GIF8", "a GIF", SAVE),
    (8, b"WEBP", "a WebP picture", SAVE),
    (0, b"%PDF", "a PDF", ""),
    (
        0,
        b"PK\x03\x04",
        "a ZIP archive (.zip, .npz or an office document)",
        "",
    ),
    (0, b"\x1f\x8b", "a gzip file", ""),
    (0, b"BM", "a BMP", SAVE),
];

impl Content {
    fn of(bytes: &[u8]) -> Self {
        let starts = |magic: &[u8]| bytes.starts_with(magic);
        let has = |at: usize, mark: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(mark));
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
            Self::Other("an empty file", "")
        } else if starts(b"version https://git-lfs") {
            Self::Other(
                "a Git LFS pointer, not the file itself",
                "; fetch it with git lfs pull",
            )
        } else {
            let text = looks_like_text(bytes);
            // A text may begin with any two letters, so two letters are not a mark there.
            let mut others = OTHERS.iter().filter(|(_, mark, ..)| mark.len() > 2 || !text);
            match others.find(|(at, mark, ..)| has(*at, mark)) {
                Some((_, _, found, advice)) => Self::Other(found, advice),
                None if text => Self::Other("a text file", ""),
                None => Self::Other("a file of an unknown kind", ""),
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_drop_share_one_limit_however_small_they_are() {
        let file = npy::write_u8(&[100, 100], &[7; 10_000]).unwrap_or_default();
        let drop = |count: usize| (0..count).map(|number| (format!("{number}.npy"), &file));
        let limits = Limits {
            numbers: 15_000,
            ..Limits::default()
        };
        assert_eq!(
            decode_together_within(drop(3), &limits, 30_000).map(|all| all.len()),
            Ok(3)
        );
        assert_eq!(
            decode_together_within(drop(4), &limits, 39_000).map_err(|error| error.to_string()),
            Err(
                "3.npy has 100 x 100 px in 1 planes, 10000 numbers, at most 39000 numbers in all files \
                together, of which 9000 are left, are read"
                    .into()
            )
        );
        // For a file that is too large by itself, the message says so.
        let large = decode_together_within(
            drop(1),
            &Limits {
                numbers: 9_000,
                ..limits
            },
            30_000,
        );
        assert_eq!(
            large.map_err(|error| error.to_string()),
            Err("0.npy has 100 x 100 px in 1 planes, 10000 numbers, at most 9000 numbers are read".into())
        );
    }
}
