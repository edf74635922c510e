//! `.npy`, NumPy's array file (format versions 1 to 3): crops come in as one, trajectories go out as one.
//!
//! The header is a Python dictionary of three fixed keys; the crates that read it bring a Python literal grammar and an
//! array type along, which the page would have to download. This reads the three keys and nothing else.

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
    let numbers = shape
        .iter()
        .try_fold(1usize, |product, &axis| product.checked_mul(axis));
    if numbers != Some(values.len()) || shape.len() > MAX_DIMENSIONS {
        return Err(ImageError::Write {
            what: ".npy",
            reason: format!("{} numbers do not fill shape {shape:?}", values.len()),
        });
    }
    let mut axes: String = shape.iter().map(|axis| format!("{axis}, ")).collect();
    // Python writes a 1-tuple with its comma and longer tuples without a trailing one.
    if shape.len() == 1 {
        axes.truncate(axes.len() - 1);
    } else if axes.len() >= 2 {
        axes.truncate(axes.len() - 2);
    }
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({axes}), }}");
    // Magic, version and length take 10 bytes; the numbers start at a multiple of 64.
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let length = u16::try_from(header.len()).map_err(|_| ImageError::Write {
        what: ".npy",
        reason: "its header is too long".into(),
    })?;
    let mut bytes = Vec::with_capacity(10 + header.len() + 4 * values.len());
    bytes.extend_from_slice(b"\x93NUMPY\x01\x00");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    for value in values {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    Ok(bytes)
}

/// Reads an array of any shape: u8, u16, f32 or f64, either byte order, C or Fortran order (returned in C order).
///
/// # Errors
/// [`ImageError::Damaged`] for a header or length that contradicts itself, [`ImageError::Unsupported`] for other
/// element types, [`ImageError::TooLarge`] for more than `limits.numbers` numbers.
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
    if data.len() != numbers * width {
        return Err(ImageError::damaged(
            name,
            ".npy",
            format!(
                "{} bytes of numbers, expected {} for shape {:?}",
                data.len(),
                numbers * width,
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

/// Reads a picture: `[H, W]`, or `[H, W, C]` or `[C, H, W]`, of which the channels' axis is the shorter of the first and
/// the last.
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
                "height x width, or height x width x channels, or channels x height x width with at most {MAX_CHANNELS} channels"
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
    let damaged = |reason: &str| ImageError::damaged(name, ".npy", reason);
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
