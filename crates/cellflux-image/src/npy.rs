//! `.npy`, NumPy's array file (format versions 1 to 3): crops come in as one, trajectories go out as one.
//!
//! The header is a Python dictionary of three fixed keys; the crates that read it bring a Python literal
//! grammar and an array type along, which the page would have to download. This reads the three keys only.

use crate::error::ImageError;
use crate::picture::{Depth, Limits, Picture, Plane};
use crate::spec::MAX_CHANNELS;

/// A header longer than this is refused; NumPy itself refuses 10,000 characters by default.
const MAX_HEADER: usize = 65_536;
const MAX_DIMENSIONS: usize = 8;

/// An array as the file holds it, in C order (last axis fastest).
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    /// The numbers; f64 becomes f32.
    pub values: Vec<f32>,
    /// How the file stored them.
    pub depth: Depth,
}

#[derive(Clone, Copy)]
enum Element {
    U8,
    U16,
    F32,
    F64,
}

struct Header {
    element: Element,
    big_endian: bool,
    fortran: bool,
    shape: Vec<usize>,
    /// Where the numbers start.
    offset: usize,
}

/// Writes numbers as a version 1.0 file: little-endian f32, C order.
///
/// # Errors
/// [`ImageError::Write`] unless the shape's product is the number of values.
pub fn write_f32(shape: &[usize], values: &[f32]) -> Result<Vec<u8>, ImageError> {
    write("<f4", shape, values, f32::to_le_bytes)
}

/// Writes bytes as a version 1.0 file: u8, C order.
///
/// # Errors
/// [`ImageError::Write`] unless the shape's product is the number of values.
pub fn write_u8(shape: &[usize], values: &[u8]) -> Result<Vec<u8>, ImageError> {
    write("|u1", shape, values, |value| [value])
}

fn write<T: Copy, const N: usize>(
    descr: &str,
    shape: &[usize],
    values: &[T],
    element: impl Fn(T) -> [u8; N],
) -> Result<Vec<u8>, ImageError> {
    let numbers = shape
        .iter()
        .try_fold(1usize, |product, &axis| product.checked_mul(axis));
    if numbers != Some(values.len()) || shape.len() > MAX_DIMENSIONS {
        return Err(ImageError::Write {
            what: ".npy",
            reason: format!("{} numbers do not fill shape {shape:?}", values.len()),
        });
    }
    let axes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    // Python writes a 1-tuple with its comma.
    let comma = if shape.len() == 1 { "," } else { "" };
    let axes = format!("{}{comma}", axes.join(", "));
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({axes}), }}");
    // Magic, version and length take 10 bytes; the numbers start at a multiple of 64.
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let length = u16::try_from(header.len()).map_err(|_| ImageError::Write {
        what: ".npy",
        reason: "its header is too long".into(),
    })?;
    let mut bytes = Vec::with_capacity(10 + header.len() + N * values.len());
    bytes.extend_from_slice(b"\x93NUMPY\x01\x00");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    for &value in values {
        bytes.extend_from_slice(&element(value));
    }
    Ok(bytes)
}

/// Reads an array of any shape: u8, u16, f32 or f64, either byte order, C or Fortran order (returned in C
/// order).
///
/// # Errors
/// [`ImageError::Damaged`] for a header or length that contradicts itself, [`ImageError::Unsupported`] for
/// other element types, [`ImageError::TooLarge`] for more than `limits.numbers` numbers.
pub fn read(name: &str, bytes: &[u8], limits: &Limits) -> Result<Array, ImageError> {
    let header = parse_header(name, bytes)?;
    let numbers = header
        .shape
        .iter()
        .try_fold(1usize, |product, &axis| product.checked_mul(axis))
        .filter(|&numbers| numbers <= limits.numbers)
        .ok_or_else(|| ImageError::TooLarge {
            name: name.into(),
            found: format!("shape {:?}", header.shape),
            allowed: format!("{} numbers", limits.numbers),
        })?;
    let data = bytes.get(header.offset..).unwrap_or_default();
    let width = match header.element {
        Element::U8 => 1,
        Element::U16 => 2,
        Element::F32 => 4,
        Element::F64 => 8,
    };
    if numbers.checked_mul(width) != Some(data.len()) {
        return Err(ImageError::damaged(
            name,
            ".npy",
            &format!(
                "{} bytes of numbers, expected {numbers} times {width} for shape {:?}",
                data.len(),
                header.shape
            ),
        ));
    }
    let big = header.big_endian;
    let (stored, depth) = match header.element {
        Element::U8 => (data.iter().map(|&b| f32::from(b)).collect(), Depth::Eight),
        Element::U16 => (
            elements(data, |b: [u8; 2]| {
                f32::from(if big {
                    u16::from_be_bytes(b)
                } else {
                    u16::from_le_bytes(b)
                })
            }),
            Depth::Sixteen,
        ),
        Element::F32 => (
            elements(data, |b: [u8; 4]| {
                if big {
                    f32::from_be_bytes(b)
                } else {
                    f32::from_le_bytes(b)
                }
            }),
            Depth::Float,
        ),
        Element::F64 => (
            elements(data, |b: [u8; 8]| {
                (if big {
                    f64::from_be_bytes(b)
                } else {
                    f64::from_le_bytes(b)
                }) as f32
            }),
            Depth::Float,
        ),
    };
    let values = if header.fortran {
        from_fortran(&stored, &header.shape)
    } else {
        stored
    };
    Ok(Array {
        shape: header.shape,
        values,
        depth,
    })
}

/// Reads a picture: `[H, W]`, or `[H, W, C]` or `[C, H, W]`, where the channels' axis is the shorter of the
/// first and the last.
///
/// # Errors
/// As [`read`]; [`ImageError::Unsupported`] for other shapes and where first and last axis are equally long.
pub(crate) fn decode(name: &str, bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    let shape = parse_header(name, bytes)?.shape;
    let refuse = || {
        ImageError::unsupported(
            name,
            format!("an array of shape {shape:?}"),
            format!(
                "height x width, or height x width x channels, or channels x height x width with at most \
                {MAX_CHANNELS} channels"
            ),
        )
    };
    let (channels, height, width, channels_last) = match shape[..] {
        [height, width] => (1, height, width, false),
        [height, width, channels] if channels < height && channels <= MAX_CHANNELS => {
            (channels, height, width, true)
        }
        [channels, height, width] if channels < width && channels <= MAX_CHANNELS => {
            (channels, height, width, false)
        }
        _ => return Err(refuse()),
    };
    limits.check(name, width, height, channels)?;
    let array = read(name, bytes, limits)?;
    let pixels = width * height;
    let planes = (0..channels)
        .map(|channel| Plane {
            name: None,
            colour: None,
            width,
            height,
            values: if channels_last {
                array
                    .values
                    .iter()
                    .skip(channel)
                    .step_by(channels)
                    .copied()
                    .collect()
            } else {
                array
                    .values
                    .iter()
                    .skip(channel * pixels)
                    .take(pixels)
                    .copied()
                    .collect()
            },
        })
        .collect();
    Picture::new(name, planes, array.depth)
}

fn elements<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (elements, _) = data.as_chunks::<N>();
    elements.iter().map(|&bytes| number(bytes)).collect()
}

/// Fortran order (first axis fastest) to C order (last axis fastest).
fn from_fortran(stored: &[f32], shape: &[usize]) -> Vec<f32> {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for axis in shape {
        strides.push(stride);
        stride *= axis;
    }
    let mut index = vec![0usize; shape.len()];
    let mut offset = 0usize;
    let mut values = Vec::with_capacity(stored.len());
    for _ in 0..stored.len() {
        values.extend(stored.get(offset));
        // Count up like an odometer, the last axis fastest.
        for ((place, axis), stride) in index.iter_mut().zip(shape).zip(&strides).rev() {
            *place += 1;
            offset += stride;
            if *place < *axis {
                break;
            }
            offset -= stride * axis;
            *place = 0;
        }
    }
    values
}

fn parse_header(name: &str, bytes: &[u8]) -> Result<Header, ImageError> {
    let damaged = |reason: &str| ImageError::damaged(name, ".npy", &reason);
    let short = || damaged("it ends within its header");
    let (length, start) = match bytes.get(6).ok_or_else(short)? {
        1 => match bytes.get(8..10) {
            Some(&[a, b]) => (usize::from(u16::from_le_bytes([a, b])), 10),
            _ => return Err(short()),
        },
        2 | 3 => match bytes.get(8..12) {
            Some(&[a, b, c, d]) => (u32::from_le_bytes([a, b, c, d]) as usize, 12),
            _ => return Err(short()),
        },
        version => {
            return Err(ImageError::unsupported(
                name,
                format!(".npy format version {version}"),
                "version 1, 2 or 3",
            ));
        }
    };
    if length > MAX_HEADER {
        return Err(damaged(&format!(
            "its header of {length} bytes is longer than {MAX_HEADER}"
        )));
    }
    let text = bytes.get(start..start + length).ok_or_else(short)?;
    let text = std::str::from_utf8(text).map_err(|_| damaged("its header is not text"))?;
    let fields = Fields::parse(text)
        .ok_or_else(|| damaged("its header is not a dictionary of 'descr', 'fortran_order' and 'shape'"))?;
    let (element, big_endian) = element(name, &fields.descr)?;
    Ok(Header {
        element,
        big_endian,
        fortran: fields.fortran,
        shape: fields.shape,
        offset: start + length,
    })
}

fn element(name: &str, descr: &str) -> Result<(Element, bool), ImageError> {
    let (big, code) = match descr.strip_prefix('>') {
        Some(code) => (true, code),
        None => (false, descr.trim_start_matches(['<', '|', '='])),
    };
    let element = match code {
        "u1" => Element::U8,
        "u2" => Element::U16,
        "f4" => Element::F32,
        "f8" => Element::F64,
        _ => {
            let shown: String = descr.chars().take(40).collect();
            return Err(ImageError::unsupported(
                name,
                format!("elements of type '{shown}'"),
                "u1, u2, f4 or f8 (uint8, uint16, float32 or float64)",
            ));
        }
    };
    Ok((element, big))
}

/// The three keys of the header's dictionary.
struct Fields {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
}

impl Fields {
    /// Reads `{'descr': '...', 'fortran_order': True|False, 'shape': (a, b, ...), }`, keys in any order.
    fn parse(text: &str) -> Option<Self> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
        while !rest.is_empty() {
            let (key, after) = quoted(rest)?;
            let value = after.trim_start().strip_prefix(':')?.trim_start();
            rest = match key {
                "descr" => {
                    let (code, after) = quoted(value)?;
                    descr = Some(code.to_owned());
                    after
                }
                "fortran_order" => {
                    let (flag, after) = value
                        .strip_prefix("True")
                        .map(|after| (true, after))
                        .or_else(|| value.strip_prefix("False").map(|after| (false, after)))?;
                    fortran = Some(flag);
                    after
                }
                "shape" => {
                    let (axes, after) = value.strip_prefix('(')?.split_once(')')?;
                    shape = Some(tuple(axes)?);
                    after
                }
                _ => return None,
            };
            rest = rest.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(after) => after.trim_start(),
                None if rest.is_empty() => rest,
                None => return None,
            };
        }
        Some(Self {
            descr: descr?,
            fortran: fortran?,
            shape: shape?,
        })
    }
}

/// A string in single or double quotes, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.get(1..)?.split_once(quote)
}

fn tuple(axes: &str) -> Option<Vec<usize>> {
    let axes = axes.trim().trim_end_matches(',');
    if axes.is_empty() {
        return Some(Vec::new());
    }
    let axes: Option<Vec<usize>> = axes.split(',').map(|axis| axis.trim().parse().ok()).collect();
    axes.filter(|axes| axes.len() <= MAX_DIMENSIONS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A version 1.0 file with any header text.
    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn header(descr: &str, fortran: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
    }

    fn all(bytes: &[u8]) -> Result<Array, ImageError> {
        read("a.npy", bytes, &Limits::default())
    }

    #[test]
    fn the_header_is_the_one_numpy_writes() {
        let bytes = write_f32(&[2, 3], &[0.0; 6]).unwrap();
        // numpy.save of a float32 array of shape (2, 3): 128 bytes of header, spaces, newline.
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(std::str::from_utf8(&bytes[10..10 + text.len()]).unwrap(), text);
        assert_eq!(bytes[127], b'\n');
        assert_eq!(bytes.len(), 128 + 24);
        let one = write_f32(&[3], &[0.0; 3]).unwrap();
        assert!(String::from_utf8_lossy(&one).contains("'shape': (3,), }"));
        assert!(String::from_utf8_lossy(&write_f32(&[], &[1.0]).unwrap()).contains("'shape': (), }"));
        assert!(write_f32(&[2, 3], &[0.0; 5]).is_err());
        assert!(write_f32(&[usize::MAX, 3], &[0.0; 5]).is_err());
    }

    #[test]
    fn all_element_types_and_byte_orders_are_read() {
        let cases: [(&str, &[u8]); 7] = [
            ("|u1", &[1, 200]),
            ("<u2", &[1, 0, 200, 0]),
            (">u2", &[0, 1, 0, 200]),
            ("<f4", &[0, 0, 128, 63, 0, 0, 72, 67]),
            (">f4", &[63, 128, 0, 0, 67, 72, 0, 0]),
            ("<f8", &[0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 105, 64]),
            (">f8", &[63, 240, 0, 0, 0, 0, 0, 0, 64, 105, 0, 0, 0, 0, 0, 0]),
        ];
        for (descr, data) in cases {
            let array = all(&file(&header(descr, "False", "(2,)"), data)).unwrap();
            assert_eq!(array.values, [1.0, 200.0], "{descr}");
        }
    }

    #[test]
    fn fortran_order_is_turned_into_c_order() {
        let c = all(&file(
            &header("|u1", "False", "(2, 3, 2)"),
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        ))
        .unwrap();
        // numpy.asfortranarray of the same array, as bytes in memory.
        let f = all(&file(
            &header("|u1", "True", "(2, 3, 2)"),
            &[0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11],
        ))
        .unwrap();
        assert_eq!(c, f);
    }

    #[test]
    fn both_channel_orders_give_the_same_planes() {
        let last: Vec<u8> = (0..5 * 6 * 3).map(|i| i as u8).collect();
        let first: Vec<u8> = (0..3)
            .flat_map(|c| last.iter().skip(c).step_by(3).copied().collect::<Vec<_>>())
            .collect();
        let limits = Limits::default();
        let a = decode("a", &file(&header("|u1", "False", "(5, 6, 3)"), &last), &limits).unwrap();
        let b = decode("a", &file(&header("|u1", "False", "(3, 5, 6)"), &first), &limits).unwrap();
        assert_eq!(a, b);
        assert_eq!((a.width(), a.height(), a.planes.len()), (6, 5, 3));
    }

    #[test]
    fn hostile_headers_are_refused_in_words() {
        let refused = |bytes: &[u8], part: &str| {
            let error = decode("a.npy", bytes, &Limits::default())
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{error}");
        };
        refused(b"\x93NUMPY", "ends within its header");
        refused(b"\x93NUMPY\x09\x00\x10\x00", "format version 9");
        refused(b"\x93NUMPY\x01\x00\xff\xff{", "ends within its header");
        refused(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{", "longer than 65536");
        refused(&file("import os", &[]), "not a dictionary");
        refused(
            &file(&header("<f4", "maybe", "(4, 4)"), &[0; 64]),
            "not a dictionary",
        );
        refused(
            &file(&header("<f4", "False", "(4, -4)"), &[0; 64]),
            "not a dictionary",
        );
        refused(
            &file(&header("<c8", "False", "(4, 4)"), &[0; 128]),
            "elements of type '<c8'",
        );
        refused(
            &file(&header("|O", "False", "(4, 4)"), &[0; 128]),
            "elements of type '|O'",
        );
        refused(
            &file(&header("<f4", "False", "(4, 4)"), &[0; 63]),
            "63 bytes of numbers, expected 16 times 4",
        );
        refused(
            &file(&header("<f4", "False", "(4, 4)"), &[0; 65]),
            "65 bytes of numbers, expected 16 times 4",
        );
        refused(
            &file(&header("|u1", "False", "(30000, 30000)"), &[]),
            "30000 x 30000 px",
        );
        refused(
            &file(&header("|u1", "False", "(18446744073709551615, 3)"), &[]),
            "at most sides of 16384 px",
        );
        refused(
            &file(&header("|u1", "False", "(99999999999999999999, 3)"), &[]),
            "not a dictionary",
        );
        refused(&file(&header("|u1", "False", "(0, 3)"), &[]), "no pixels");
        refused(
            &file(&header("|u1", "False", "(8, 8, 8)"), &[0; 512]),
            "an array of shape [8, 8, 8]",
        );
        refused(
            &file(&header("|u1", "False", "(11, 3, 8, 8)"), &[0; 2112]),
            "an array of shape",
        );
        refused(
            &file(&header("<f4", "False", "(1, 2)"), &[0, 0, 0, 0, 0, 0, 192, 127]),
            "plane 1 is NaN at x 1",
        );
        let huge = file(
            &header("<f8", "False", "(1000000, 1000000, 1000000, 1000000)"),
            &[],
        );
        assert!(
            all(&huge)
                .unwrap_err()
                .to_string()
                .contains("at most 67108864 numbers")
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            shape in proptest::collection::vec(1usize..6, 0..5),
            seed in any::<u32>(),
        ) {
            let numbers = shape.iter().product::<usize>() as u32;
            let values: Vec<f32> =
                (0..numbers).map(|i| f32::from_bits(i.wrapping_mul(seed) & 0x7f7f_ffff)).collect();
            let array = all(&write_f32(&shape, &values).unwrap()).unwrap();
            prop_assert_eq!(array.shape, shape);
            prop_assert_eq!(array.values, values);
        }

        #[test]
        fn bytes_that_are_written_are_a_picture_of_as_many_channels(
            height in 8usize..20, width in 8usize..20, channels in 1usize..7, seed in any::<u8>()
        ) {
            let numbers = height * width * channels;
            let values: Vec<u8> = (0..numbers).map(|i| (i as u8).wrapping_mul(seed)).collect();
            let file = write_u8(&[height, width, channels], &values).unwrap();
            let picture = decode("a.npy", &file, &Limits::default()).unwrap();
            prop_assert_eq!((picture.planes.len(), picture.depth), (channels, Depth::Eight));
            for (channel, plane) in picture.planes.iter().enumerate() {
                let own = values.iter().skip(channel).step_by(channels);
                prop_assert!(plane.values.iter().zip(own).all(|(read, &written)| *read as u8 == written));
            }
        }

        #[test]
        fn any_bytes_after_the_magic_are_read_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut file = b"\x93NUMPY".to_vec();
            file.extend(bytes);
            let _ = decode("a.npy", &file, &Limits::default());
        }

        #[test]
        fn any_header_text_is_read_or_refused(text in "[{}()',:a-z0-9_ TF<|]{0,80}") {
            let _ = decode("a.npy", &file(&text, &[0; 64]), &Limits::default());
        }
    }
}
