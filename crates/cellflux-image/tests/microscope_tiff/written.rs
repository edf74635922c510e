//! Writing a TIFF entry by entry, and reading the result.

use cellflux_image::assign::{Basis, suggest};
use cellflux_image::{ImageSpec, Picture, decode};

/// An entry's values.
#[derive(Clone)]
pub enum Values {
    Short(Vec<u16>),
    Long(Vec<u32>),
    Fraction(u32, u32),
    Text(String),
    Bytes(Vec<u8>),
}
pub use Values::{Bytes, Fraction, Long, Short, Text};

pub type Entries = Vec<(u16, Values)>;

/// Writes 16-bit numbers in either byte order.
pub fn in_two(big_endian: bool) -> impl Fn(u16) -> [u8; 2] + Copy {
    move |v| {
        if big_endian {
            v.to_be_bytes()
        } else {
            v.to_le_bytes()
        }
    }
}

/// Writes 32-bit numbers in either byte order.
pub fn in_four(big_endian: bool) -> impl Fn(u32) -> [u8; 4] + Copy {
    move |v| {
        if big_endian {
            v.to_be_bytes()
        } else {
            v.to_le_bytes()
        }
    }
}

/// A TIFF in either byte order: pixels from byte 8 on, then a directory for each list of entries.
pub fn tiff(big_endian: bool, pixels: &[u8], directories: &[Entries]) -> Vec<u8> {
    let (two, four) = (in_two(big_endian), in_four(big_endian));
    let mut file = if big_endian {
        b"MM\0*".to_vec()
    } else {
        b"II*\0".to_vec()
    };
    file.extend(four(8 + pixels.len() as u32));
    file.extend(pixels);
    for (number, entries) in directories.iter().enumerate() {
        let mut entries = entries.clone();
        entries.sort_by_key(|(tag, _)| *tag);
        let mut data_at = file.len() as u32 + 2 + 12 * entries.len() as u32 + 4;
        let (mut head, mut data) = (Vec::from(two(entries.len() as u16)), Vec::new());
        for (tag, values) in entries {
            let (kind, count, mut bytes) = match values {
                Short(values) => (3, values.len(), values.iter().flat_map(|&v| two(v)).collect()),
                Long(values) => (4, values.len(), values.iter().flat_map(|&v| four(v)).collect()),
                Fraction(above, below) => (5, 1, [four(above), four(below)].concat()),
                Text(text) => (2, text.len() + 1, [text.as_bytes(), &[0]].concat()),
                Bytes(bytes) => (1, bytes.len(), bytes),
            };
            head.extend([two(tag), two(kind)].concat());
            head.extend(four(count as u32));
            if bytes.len() <= 4 {
                bytes.resize(4, 0);
                head.extend(bytes);
            } else {
                head.extend(four(data_at));
                data_at += bytes.len() as u32;
                data.extend(bytes);
            }
        }
        let last = number + 1 == directories.len();
        head.extend(four(if last { 0 } else { data_at }));
        file.extend(head);
        file.extend(data);
    }
    file
}

/// The usual entries of an uncompressed 8-bit grey page in one strip.
pub fn page(width: u16, height: u16, at: u32) -> Entries {
    vec![
        (256, Short(vec![width])),
        (257, Short(vec![height])),
        (258, Short(vec![8])),
        (259, Short(vec![1])),
        (262, Short(vec![1])),
        (273, Long(vec![at])),
        (277, Short(vec![1])),
        (278, Short(vec![height])),
        (279, Long(vec![u32::from(width) * u32::from(height)])),
    ]
}

pub fn with(mut entries: Entries, changes: Entries) -> Entries {
    for (tag, values) in changes {
        entries.retain(|(other, _)| *other != tag);
        entries.push((tag, values));
    }
    entries
}

pub fn without(mut entries: Entries, tag: u16) -> Entries {
    entries.retain(|(other, _)| *other != tag);
    entries
}

pub fn read(bytes: &[u8]) -> Picture {
    decode("a.tif", bytes).unwrap()
}

pub fn refusal(bytes: &[u8]) -> String {
    decode("a.tif", bytes).unwrap_err().to_string()
}

pub fn names(picture: &Picture) -> Vec<Option<&str>> {
    picture.planes.iter().map(|plane| plane.name.as_deref()).collect()
}

/// Three pages of 2 x 2 pixels: 1s, 2s and 3s.
pub fn three_pages(description: &str) -> Vec<u8> {
    let pixels = [[1u8; 4], [2; 4], [3; 4]].concat();
    let mut pages: Vec<Entries> = (0..3).map(|n| page(2, 2, 8 + 4 * n)).collect();
    pages[0].push((270, Text(description.into())));
    tiff(false, &pixels, &pages)
}

/// Which plane each of actin, tubulin and DNA gets, by the value that its pixels have.
pub fn assigned(picture: Picture) -> (Basis, Vec<f32>) {
    let spec = ImageSpec::bbbc021(16, 16);
    let pictures = [picture];
    let suggestion = suggest(&pictures, &spec).unwrap();
    let assignment = suggestion.complete(&pictures, &spec).unwrap();
    let values = assignment
        .resolve(&pictures)
        .iter()
        .map(|(_, plane)| plane.values[0])
        .collect();
    (suggestion.basis, values)
}
