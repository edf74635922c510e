//! How large the JPEG pictures within a TIFF say they are.
//!
//! Each strip or tile is a JPEG of its own with a size of its own, and the codec decodes it whole: without
//! this check a few kilobytes of strips that all claim 16,384 x 16,384 pixels would take minutes and
//! gigabytes.

use super::directory::Container;
use crate::error::ImageError;

/// Checks that no strip or tile holds a larger JPEG than its place in the page.
pub(super) fn check(
    name: &str,
    file: Container,
    tables: Option<&[u8]>,
    chunks: impl Iterator<Item = (u64, u64)>,
    [width, height]: [u64; 2],
) -> Result<(), ImageError> {
    let damaged = |reason: String| Err(ImageError::damaged(name, "TIFF", &reason));
    if tables.is_some_and(|tables| !frames(tables).is_empty()) {
        return damaged("a picture among its JPEG tables".into());
    }
    for (offset, length) in chunks {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start
            .saturating_add(usize::try_from(length).unwrap_or(usize::MAX))
            .min(file.bytes.len());
        let found = frames(file.bytes.get(start..end).unwrap_or_default());
        if found.is_empty() {
            return damaged("a strip or tile that should be a JPEG and is not".into());
        }
        for [wide, high] in found {
            if u64::from(wide) > width || u64::from(high) > height {
                return damaged(format!(
                    "a JPEG of {wide} x {high} px in a strip or tile of {width} x {height} px"
                ));
            }
        }
    }
    Ok(())
}

/// Width and height of every frame header before the first scan.
fn frames(jpeg: &[u8]) -> Vec<[u16; 2]> {
    let mut found = Vec::new();
    let Some(mut rest) = jpeg.strip_prefix(b"\xff\xd8") else {
        return found;
    };
    while let [0xff, marker, after @ ..] = rest {
        match (*marker, after) {
            // A padding byte before a marker.
            (0xff, _) => rest = rest.get(1..).unwrap_or_default(),
            // Restarts and the like stand alone.
            (0x01 | 0xd0..=0xd8, _) => rest = after,
            // The scan or the end.
            (0xd9 | 0xda, _) => break,
            (marker, &[high, low, ..]) => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                // All 0xc.. are frame headers, except Huffman tables, extensions and arithmetic conditions.
                if matches!(marker, 0xc0..=0xcf)
                    && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
                    && let [_, _, _, h1, h0, w1, w0, ..] = *after
                {
                    found.push([u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0])]);
                }
                rest = after.get(length.max(2)..).unwrap_or_default();
            }
            _ => break,
        }
    }
    found
}
