//! A TIFF's directories as they stand in the file, and the file as it is shown to the codec.
//!
//! The codec refuses a directory without the tags that other readers fill in, sees one plane where a program
//! wrote its whole stack as one picture, and knows no channel names. So the directories are read here first;
//! what the codec decodes is the same file with one directory written by this module after it ([`Shown`]).

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

/// A directory with more entries than this does not belong to a picture: baseline and private tags together
/// are a few dozen.
const MAX_ENTRIES: u64 = 4096;

/// The tags that are used, by the names of the TIFF 6.0 specification.
pub(super) mod tag {
    pub(in super::super) const NEW_SUBFILE_TYPE: u16 = 254;
    pub(in super::super) const SUBFILE_TYPE: u16 = 255;
    pub(in super::super) const WIDTH: u16 = 256;
    pub(in super::super) const LENGTH: u16 = 257;
    pub(in super::super) const BITS_PER_SAMPLE: u16 = 258;
    pub(in super::super) const COMPRESSION: u16 = 259;
    pub(in super::super) const PHOTOMETRIC: u16 = 262;
    pub(in super::super) const DESCRIPTION: u16 = 270;
    pub(in super::super) const STRIP_OFFSETS: u16 = 273;
    pub(in super::super) const ORIENTATION: u16 = 274;
    pub(in super::super) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(in super::super) const ROWS_PER_STRIP: u16 = 278;
    pub(in super::super) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(in super::super) const X_RESOLUTION: u16 = 282;
    pub(in super::super) const Y_RESOLUTION: u16 = 283;
    pub(in super::super) const PLANAR: u16 = 284;
    pub(in super::super) const PAGE_NAME: u16 = 285;
    pub(in super::super) const RESOLUTION_UNIT: u16 = 296;
    pub(in super::super) const PREDICTOR: u16 = 317;
    pub(in super::super) const COLOUR_MAP: u16 = 320;
    pub(in super::super) const TILE_WIDTH: u16 = 322;
    pub(in super::super) const TILE_LENGTH: u16 = 323;
    pub(in super::super) const TILE_OFFSETS: u16 = 324;
    pub(in super::super) const TILE_BYTE_COUNTS: u16 = 325;
    pub(in super::super) const EXTRA_SAMPLES: u16 = 338;
    pub(in super::super) const SAMPLE_FORMAT: u16 = 339;
    pub(in super::super) const JPEG_TABLES: u16 = 347;
    pub(in super::super) const CHROMA_COEFFICIENTS: u16 = 529;
    pub(in super::super) const CHROMA_SUBSAMPLING: u16 = 530;
    /// `UIC2Tag` of a `MetaMorph` stack, which has one entry per plane.
    pub(in super::super) const METAMORPH_PLANES: u16 = 33_629;
    /// ImageJ's own metadata: how long each part is, and the parts.
    pub(in super::super) const IMAGEJ_COUNTS: u16 = 50_838;
    pub(in super::super) const IMAGEJ_METADATA: u16 = 50_839;

    /// What the codec needs for the pixels; nothing else reaches it.
    pub(in super::super) const OF_PIXELS: [u16; 18] = [
        WIDTH,
        LENGTH,
        BITS_PER_SAMPLE,
        COMPRESSION,
        PHOTOMETRIC,
        STRIP_OFFSETS,
        SAMPLES_PER_PIXEL,
        ROWS_PER_STRIP,
        STRIP_BYTE_COUNTS,
        PLANAR,
        PREDICTOR,
        TILE_WIDTH,
        TILE_LENGTH,
        TILE_OFFSETS,
        TILE_BYTE_COUNTS,
        SAMPLE_FORMAT,
        JPEG_TABLES,
        CHROMA_SUBSAMPLING,
    ];

    /// What is kept of a directory beside [`OF_PIXELS`].
    pub(in super::super) const OF_MEANING: [u16; 14] = [
        NEW_SUBFILE_TYPE,
        SUBFILE_TYPE,
        DESCRIPTION,
        ORIENTATION,
        X_RESOLUTION,
        Y_RESOLUTION,
        PAGE_NAME,
        RESOLUTION_UNIT,
        COLOUR_MAP,
        EXTRA_SAMPLES,
        CHROMA_COEFFICIENTS,
        METAMORPH_PLANES,
        IMAGEJ_COUNTS,
        IMAGEJ_METADATA,
    ];
}

/// The type code of a 32-bit number.
const LONG: u16 = 4;
/// The type code of a fraction: two 32-bit numbers.
const RATIONAL: u16 = 5;
/// The type code of a 64-bit number, in `BigTIFF` only.
const LONG8: u16 = 16;

/// The bytes of a TIFF and how numbers are written in it.
#[derive(Clone, Copy)]
pub(super) struct Container<'a> {
    pub(super) bytes: &'a [u8],
    big_endian: bool,
    /// `BigTIFF`: offsets of 8 bytes.
    big: bool,
}

/// An entry of a directory.
#[derive(Clone)]
pub(super) struct Entry {
    kind: u16,
    /// Values of that type.
    pub(super) count: u64,
    value: Stored,
}

#[derive(Clone)]
enum Stored {
    /// The entry's value field as it stands in the file: the values themselves where they fit, otherwise
    /// their offset.
    InFile([u8; 8]),
    /// Values made by this module, in the file's byte order.
    Own(Vec<u8>),
}

/// A directory's entries by tag, those of [`tag::OF_PIXELS`] and [`tag::OF_MEANING`].
#[derive(Clone, Default)]
pub(super) struct Directory(pub(super) BTreeMap<u16, Entry>);

impl<'a> Container<'a> {
    /// Reads the header; none unless it is a TIFF's or a `BigTIFF`'s.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (big_endian, big) = match bytes.get(..4)? {
            b"II*\0" => (false, false),
            b"MM\0*" => (true, false),
            b"II+\0" => (false, true),
            b"MM\0+" => (true, true),
            _ => return None,
        };
        Some(Self {
            bytes,
            big_endian,
            big,
        })
    }

    /// Bytes of an offset.
    fn word(self) -> usize {
        if self.big { 8 } else { 4 }
    }

    /// Bytes of the header: the first directory's offset is its last word.
    fn header(self) -> usize {
        2 * self.word()
    }

    /// Where the first directory is.
    pub(super) fn first(self) -> Option<u64> {
        self.at(self.word() as u64, self.word())
    }

    /// A number of at most 8 bytes in the file's byte order.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
        if self.big_endian {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        }
    }

    /// A number's bytes in the file's byte order.
    fn written(self, number: u64, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = number.to_le_bytes().into_iter().take(length).collect();
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    fn slice(self, at: u64, length: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(at).ok()?;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        self.bytes.get(start..end)
    }

    fn at(self, at: u64, length: usize) -> Option<u64> {
        Some(self.number(self.slice(at, length as u64)?))
    }

    /// The directory at an offset and the offset of the next one, 0 where it is the last; none where the file
    /// ends within it.
    pub(super) fn directory(self, at: u64) -> Option<(Directory, u64)> {
        let word = self.word() as u64;
        let count_bytes = if self.big { 8 } else { 2 };
        let count = self.at(at, count_bytes)?;
        if count > MAX_ENTRIES {
            return None;
        }
        let length = 4 + 2 * word;
        let mut directory = Directory::default();
        for index in 0..count {
            let start = at + count_bytes as u64 + index * length;
            let tag = self.at(start, 2)? as u16;
            // Every entry must be there, wanted or not.
            let stored = self.slice(start + 4 + word, word)?;
            if !tag::OF_PIXELS.contains(&tag) && !tag::OF_MEANING.contains(&tag) {
                continue;
            }
            let mut value = [0; 8];
            for (to, &from) in value.iter_mut().zip(stored) {
                *to = from;
            }
            directory.0.insert(
                tag,
                Entry {
                    kind: self.at(start + 2, 2)? as u16,
                    count: self.at(start + 4, self.word())?,
                    value: Stored::InFile(value),
                },
            );
        }
        let next = self.at(at + count_bytes as u64 + count * length, self.word())?;
        Some((directory, next))
    }

    /// The bytes of a tag's values; none where there is no such tag or the file does not hold them.
    pub(super) fn data<'e>(self, directory: &'e Directory, tag: u16) -> Option<&'e [u8]>
    where
        'a: 'e,
    {
        let entry = directory.0.get(&tag)?;
        match &entry.value {
            Stored::Own(bytes) => Some(bytes),
            Stored::InFile(field) => {
                let length = entry.count.checked_mul(size_of_kind(entry.kind)?)?;
                if length <= self.word() as u64 {
                    field.get(..length as usize)
                } else {
                    let offset = self.number(field.get(..self.word())?);
                    self.slice(offset, length)
                }
            }
        }
    }

    /// A tag's whole numbers; none where it is absent, cut off or holds something else.
    pub(super) fn numbers(self, directory: &Directory, tag: u16) -> Option<Vec<u64>> {
        let entry = directory.0.get(&tag)?;
        let size = match entry.kind {
            // Byte, short, long, directory offset, and the 64-bit long and directory offset.
            1 | 3 | 4 | 13 | 16 | 18 => size_of_kind(entry.kind)? as usize,
            _ => return None,
        };
        let data = self.data(directory, tag)?;
        Some(data.chunks_exact(size).map(|bytes| self.number(bytes)).collect())
    }

    /// A tag's first whole number.
    pub(super) fn number_of(self, directory: &Directory, tag: u16) -> Option<u64> {
        self.numbers(directory, tag)?.first().copied()
    }

    /// A tag's first fraction: what lies above the line over what lies below it. Not finite where that is 0.
    pub(super) fn ratio(self, directory: &Directory, tag: u16) -> Option<f64> {
        directory.0.get(&tag).filter(|entry| entry.kind == RATIONAL)?;
        let (above, below) = self.data(directory, tag)?.get(..8)?.split_at_checked(4)?;
        Some(self.number(above) as f64 / self.number(below) as f64)
    }

    /// A tag's text up to its first NUL, of at most `longest` bytes; what is not UTF-8 is replaced.
    pub(super) fn text(self, directory: &Directory, tag: u16, longest: usize) -> Option<String> {
        let data = self.data(directory, tag).filter(|data| data.len() <= longest)?;
        let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
        data.get(..end)
            .map(|text| String::from_utf8_lossy(text).into_owned())
    }

    /// An entry of whole numbers.
    pub(super) fn entry(self, numbers: &[u64]) -> Entry {
        let kind = if self.big { LONG8 } else { LONG };
        Entry {
            kind,
            count: numbers.len() as u64,
            value: Stored::Own(
                numbers
                    .iter()
                    .flat_map(|&n| self.written(n, self.word()))
                    .collect(),
            ),
        }
    }
}

/// Bytes of one value of a type.
fn size_of_kind(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16 | 17 | 18 => Some(8),
        _ => None,
    }
}

/// A TIFF as it is shown to the codec: the file's bytes, except for its header, which points to a directory
/// after them.
pub(super) struct Shown<'a> {
    header: Vec<u8>,
    file: &'a [u8],
    behind: Vec<u8>,
    at: u64,
}

impl<'a> Shown<'a> {
    /// The file with this as its only directory, of the tags of [`tag::OF_PIXELS`].
    pub(super) fn new(container: Container<'a>, directory: &Directory) -> Self {
        let word = container.word();
        let end = container.bytes.len() as u64;
        let pixels: Vec<(&u16, &Entry)> = directory
            .0
            .iter()
            .filter(|(tag, _)| tag::OF_PIXELS.contains(tag))
            .collect();
        let mut behind = Vec::new();
        let mut entries = Vec::new();
        for &(&tag, entry) in &pixels {
            entries.extend(container.written(u64::from(tag), 2));
            entries.extend(container.written(u64::from(entry.kind), 2));
            entries.extend(container.written(entry.count, word));
            let mut field = match &entry.value {
                Stored::InFile(field) => field.to_vec(),
                Stored::Own(bytes) if bytes.len() <= word => bytes.clone(),
                Stored::Own(bytes) => {
                    let offset = end + behind.len() as u64;
                    behind.extend_from_slice(bytes);
                    container.written(offset, word)
                }
            };
            field.resize(word, 0);
            entries.extend(field);
        }
        let directory_at = end + behind.len() as u64;
        behind.extend(container.written(pixels.len() as u64, if container.big { 8 } else { 2 }));
        behind.extend(entries);
        behind.extend(vec![0; word]);

        let mut header: Vec<u8> = container.bytes.iter().copied().take(word).collect();
        header.extend(container.written(directory_at, word));
        debug_assert_eq!(header.len(), container.header());
        Self {
            header,
            file: container.bytes,
            behind,
            at: 0,
        }
    }

    fn length(&self) -> u64 {
        (self.file.len() + self.behind.len()) as u64
    }
}

impl Read for Shown<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let at = usize::try_from(self.at).unwrap_or(usize::MAX);
        let part = if at < self.header.len() {
            self.header.get(at..)
        } else if at < self.file.len() {
            self.file.get(at..)
        } else {
            self.behind.get(at - self.file.len()..)
        };
        let mut part = part.unwrap_or_default();
        let read = part.read(out)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Shown<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length().checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
