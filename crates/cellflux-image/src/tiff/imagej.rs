//! ImageJ's own metadata in a TIFF (tags 50838 and 50839): labels, look-up tables and more.

use super::directory::{Container, Directory, tag};

/// The longest metadata that are read, in bytes.
const LONGEST: usize = 1 << 24;

/// The parts of one kind, in the file's order; empty where there are none or the metadata break off.
///
/// The tag's bytes begin with a header: `IJIJ`, then for each kind of part its name of four letters and how
/// many there are. The other tag holds the length of that header and of every part.
pub(super) fn parts<'e>(file: Container<'e>, directory: &'e Directory, wanted: [u8; 4]) -> Vec<&'e [u8]> {
    let read = || {
        let counts = file.numbers(directory, tag::IMAGEJ_COUNTS)?;
        let data = file
            .data(directory, tag::IMAGEJ_METADATA)
            .filter(|data| data.len() <= LONGEST)?;
        let (header, mut rest) = data.split_at_checked(usize::try_from(*counts.first()?).ok()?)?;
        let mut lengths = counts.into_iter().skip(1);
        let mut words = header.chunks_exact(4).map(|word| file.number(word) as u32);
        words
            .next()
            .filter(|&magic| magic == u32::from_be_bytes(*b"IJIJ"))?;
        let mut found = Vec::new();
        while let (Some(kind), Some(parts)) = (words.next(), words.next()) {
            for _ in 0..parts {
                let Some(length) = lengths.next() else {
                    return Some(found);
                };
                let (part, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                rest = after;
                if kind == u32::from_be_bytes(wanted) {
                    found.push(part);
                }
            }
        }
        Some(found)
    };
    read().unwrap_or_default()
}

/// ImageJ's labels, one per image: UTF-16 in the file's byte order.
pub(super) fn labels(file: Container, directory: &Directory) -> Vec<String> {
    let text = |part: &[u8]| {
        let units: Vec<u16> = part
            .chunks_exact(2)
            .map(|unit| file.number(unit) as u16)
            .collect();
        String::from_utf16_lossy(&units)
    };
    parts(file, directory, *b"labl").into_iter().map(text).collect()
}
