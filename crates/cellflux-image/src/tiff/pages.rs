//! Which pages of a TIFF are its planes: thumbnails left out, stacks of one directory taken apart, and
//! missing tags filled in as other readers do. Everything is checked here, before the codec decodes the first
//! pixel.

use std::collections::BTreeSet;

use cellflux_microscope::ImageJ;

use super::directory::{Container, Directory, tag};
use super::jpeg;
use crate::error::ImageError;
use crate::picture::{Depth, Limits};

/// The longest description that is read: OME-XML of a large experiment takes a few hundred kilobytes.
const LONGEST_DESCRIPTION: usize = 1 << 24;

/// A page to decode.
pub(super) struct Page {
    /// Its directory's place in the file, counted from 0; the planes of a stack of one directory share it.
    pub(super) index: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples a pixel.
    pub(super) samples: usize,
    pub(super) depth: Depth,
    pub(super) colours: Colours,
    /// The samples beyond grey or colours that are called alpha, counted from 0 within the pixel.
    pub(super) alpha: Vec<usize>,
    /// How the rows and columns lie, as EXIF counts it; 1 is upright.
    pub(super) orientation: u8,
    pub(super) directory: Directory,
}

/// What a page's samples are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Colours {
    /// Brightness, one channel per sample.
    Grey,
    /// Darkness (`MinIsWhite`): turned round when it is read.
    Inverted,
    /// Red, green and blue, and what comes after them.
    Rgb,
    /// Luma and two colour differences, with the luma's shares of red, green and blue.
    YCbCr([f32; 3]),
    /// Places in a palette of 256 colours: 256 red, 256 green and 256 blue numbers of 16 bits.
    Palette(Vec<u16>),
}

/// What is read of a page.
const EXPECTED: &str = "grey or RGB samples of 8 or 16 bits, or 16-, 32- or 64-bit floating point";

/// A file's pages, and what its first directory says of them all.
pub(super) struct Survey {
    /// The pages to decode, in the file's order.
    pub(super) pages: Vec<Page>,
    /// The first directory's description; empty without one.
    pub(super) description: String,
}

/// The pages in the file's order.
///
/// # Errors
/// [`ImageError::Damaged`] for directories that break off or lead in a circle, [`ImageError::Unsupported`]
/// for pages that are not read, [`ImageError::TooLarge`] from the directories alone.
pub(super) fn survey(name: &str, file: Container, limits: &Limits) -> Result<Survey, ImageError> {
    let directories = chain(name, file, limits)?;
    let description = directories
        .first()
        .and_then(|(_, first)| description(file, first))
        .unwrap_or_default();
    let whole: Vec<&(usize, Directory)> = directories.iter().filter(|(_, d)| !is_reduced(file, d)).collect();
    let chosen: Vec<&(usize, Directory)> = if whole.is_empty() {
        directories.iter().take(1).collect()
    } else {
        whole
    };
    let mut pages: Vec<Page> = Vec::new();
    let (mut planes, mut stored) = (0, 0u64);
    for &(index, directory) in &chosen {
        let page = Page::of(name, file, *index, directory, limits)?;
        let images = if chosen.len() == 1 {
            stacked(name, file, &page)?
        } else {
            1
        };
        planes += page.planes().saturating_mul(images);
        limits.check(name, page.width, page.height, planes)?;
        if let Some(first) = pages.first() {
            same_kind(name, first, &page)?;
        }
        stored = stored.saturating_add(
            page.check_chunks(name, file, limits)?
                .saturating_mul(images as u64),
        );
        if stored > 4 * limits.numbers as u64 {
            return Err(ImageError::damaged(
                name,
                "TIFF",
                &"its tiles are far larger than its pages",
            ));
        }
        if images == 1 {
            pages.push(page);
        } else {
            pages.extend(page.taken_apart(name, file, images)?);
        }
    }
    Ok(Survey { pages, description })
}

/// A directory's description.
fn description(file: Container, directory: &Directory) -> Option<String> {
    file.text(directory, tag::DESCRIPTION, LONGEST_DESCRIPTION)
}

/// Every directory with its place.
fn chain(name: &str, file: Container, limits: &Limits) -> Result<Vec<(usize, Directory)>, ImageError> {
    let damaged = |reason: &str| ImageError::damaged(name, "TIFF", &reason);
    let mut next = file.first().ok_or_else(|| damaged("it ends within its header"))?;
    let mut seen = BTreeSet::new();
    let mut directories = Vec::new();
    while next != 0 {
        if directories.len() >= 4 * limits.planes {
            return Err(ImageError::TooLarge {
                name: name.into(),
                found: format!("more than {} pages", directories.len()),
                allowed: format!("{} planes", limits.planes),
            });
        }
        if !seen.insert(next) {
            return Err(damaged("its pages lead in a circle"));
        }
        let (directory, after) = file
            .directory(next)
            .ok_or_else(|| damaged("it ends within a directory of its pages"))?;
        directories.push((directories.len(), directory));
        next = after;
    }
    if directories.is_empty() {
        return Err(damaged("it has no pages"));
    }
    Ok(directories)
}

/// A copy of another page (a thumbnail, a step of a pyramid) or a mask.
fn is_reduced(file: Container, directory: &Directory) -> bool {
    let kind = file.number_of(directory, tag::NEW_SUBFILE_TYPE).unwrap_or(0);
    let old_kind = file.number_of(directory, tag::SUBFILE_TYPE).unwrap_or(0);
    kind & 0b101 != 0 || old_kind == 2
}

/// How many images a lone directory stands for: what ImageJ's description says, or `MetaMorph`'s own tag.
fn stacked(name: &str, file: Container, page: &Page) -> Result<usize, ImageError> {
    let said = description(file, &page.directory)
        .and_then(|text| ImageJ::of(&text)?.images)
        .map(|images| ("an ImageJ stack", images));
    let metamorph = page.directory.0.get(&tag::METAMORPH_PLANES);
    let (program, images) = match (said, metamorph) {
        (Some(said), _) => said,
        (None, Some(entry)) => ("a MetaMorph stack", entry.count as usize),
        (None, None) => return Ok(1),
    };
    if images <= 1 {
        return Ok(1);
    }
    // Not compressed, its images follow one another; compressed, nothing says where the second begins.
    if page.compression(file) != 1 || page.tiled() || (page.samples > 1 && page.planar(file)) {
        return Err(ImageError::unsupported(
            name,
            format!("{program} of {images} images in one compressed, tiled or planar page"),
            "one page per image, or an uncompressed stack (Fiji: File, Save As, Tiff)",
        ));
    }
    Ok(images)
}

impl Page {
    fn of(
        name: &str,
        file: Container,
        index: usize,
        directory: &Directory,
        limits: &Limits,
    ) -> Result<Self, ImageError> {
        let damaged = |reason: String| ImageError::damaged(name, "TIFF", &reason);
        let number = |tag: u16| file.number_of(directory, tag);
        let side = |tag: u16, called: &str| {
            let length = number(tag).ok_or_else(|| damaged(format!("a page without its {called}")))?;
            Ok(usize::try_from(length).unwrap_or(usize::MAX))
        };
        let (width, height) = (side(tag::WIDTH, "width")?, side(tag::LENGTH, "height")?);
        let bits = file
            .numbers(directory, tag::BITS_PER_SAMPLE)
            .unwrap_or_else(|| vec![1]);
        let samples = number(tag::SAMPLES_PER_PIXEL).map_or(bits.len(), |samples| samples as usize);
        if samples == 0 || samples > usize::from(u16::MAX) {
            return Err(damaged(format!("a page of {samples} samples per pixel")));
        }
        let depth = depth(name, &bits, number(tag::SAMPLE_FORMAT).unwrap_or(1))?;
        let colours = colours(name, file, directory, samples, depth)?;
        let called = match colours {
            Colours::Rgb | Colours::YCbCr(_) => 3,
            _ => 1,
        };
        let extra = file.numbers(directory, tag::EXTRA_SAMPLES).unwrap_or_default();
        let alpha = match (&colours, extra.as_slice()) {
            // Four samples, and nothing says what the fourth is: alpha, as other readers take it.
            (Colours::Rgb, []) if samples == 4 => vec![3],
            _ => {
                let first = samples.saturating_sub(extra.len()).max(called);
                let extra = extra.iter().zip(first..samples);
                extra
                    .filter(|(kind, _)| matches!(kind, 1 | 2))
                    .map(|(_, place)| place)
                    .collect()
            }
        };
        let mut page = Self {
            index,
            width,
            height,
            samples,
            depth,
            colours,
            alpha,
            orientation: number(tag::ORIENTATION).map_or(1, |number| u8::try_from(number).unwrap_or(1)),
            directory: directory.clone(),
        };
        limits.check(name, width, height, page.planes())?;
        page.complete(name, file, &bits)?;
        Ok(page)
    }

    /// Planes that the page becomes.
    pub(super) fn planes(&self) -> usize {
        match self.colours {
            Colours::Palette(_) => 3,
            _ => self.samples,
        }
    }

    fn compression(&self, file: Container) -> u64 {
        file.number_of(&self.directory, tag::COMPRESSION).unwrap_or(1)
    }

    fn planar(&self, file: Container) -> bool {
        file.number_of(&self.directory, tag::PLANAR) == Some(2)
    }

    fn tiled(&self) -> bool {
        self.directory.0.contains_key(&tag::TILE_OFFSETS)
    }

    /// Bytes of one sample once unpacked.
    fn sample_bytes(&self, file: Container) -> u64 {
        file.number_of(&self.directory, tag::BITS_PER_SAMPLE)
            .unwrap_or(8)
            .div_ceil(8)
    }

    /// Sets what the codec asks for and the file leaves to its readers.
    fn complete(&mut self, name: &str, file: Container, bits: &[u64]) -> Result<(), ImageError> {
        let mut set = |tag: u16, numbers: &[u64]| self.directory.0.insert(tag, file.entry(numbers));
        // The codec hands the samples out as they are; what they mean is settled here.
        set(
            tag::PHOTOMETRIC,
            &[if matches!(self.colours, Colours::YCbCr(_)) {
                6
            } else {
                1
            }],
        );
        set(tag::SAMPLES_PER_PIXEL, &[self.samples as u64]);
        set(
            tag::BITS_PER_SAMPLE,
            &vec![bits.first().copied().unwrap_or(8); self.samples],
        );
        set(
            tag::SAMPLE_FORMAT,
            &vec![if self.depth == Depth::Float { 3 } else { 1 }; self.samples],
        );
        let compression = self.compression(file);
        if let Some(called) = unread_compression(compression) {
            return Err(ImageError::unsupported(
                name,
                format!("a TIFF page compressed as {called}"),
                "uncompressed samples, or LZW, deflate, PackBits or JPEG compression",
            ));
        }
        if self.tiled() {
            return Ok(());
        }
        let Some(offsets) = file.numbers(&self.directory, tag::STRIP_OFFSETS) else {
            return Err(ImageError::damaged(
                name,
                "TIFF",
                &"a page does not say where its pixels are",
            ));
        };
        let height = self.height as u64;
        let rows = file
            .number_of(&self.directory, tag::ROWS_PER_STRIP)
            .unwrap_or(height)
            .clamp(1, height.max(1));
        self.directory.0.insert(tag::ROWS_PER_STRIP, file.entry(&[rows]));
        if !self.directory.0.contains_key(&tag::STRIP_BYTE_COUNTS) {
            let counts = self.byte_counts(file, &offsets, rows, compression);
            self.directory
                .0
                .insert(tag::STRIP_BYTE_COUNTS, file.entry(&counts));
        }
        Ok(())
    }

    /// How long each strip is where the file does not say: by its pixels if they are not compressed,
    /// otherwise up to the next strip or the file's end.
    fn byte_counts(&self, file: Container, offsets: &[u64], rows: u64, compression: u64) -> Vec<u64> {
        if compression == 1 {
            let row = self.row_bytes(file);
            let strips = (self.height as u64).div_ceil(rows).max(1);
            let of =
                |strip: u64| row.saturating_mul(rows.min((self.height as u64).saturating_sub(strip * rows)));
            return (0..offsets.len() as u64)
                .map(|strip| of(strip % strips))
                .collect();
        }
        let mut sorted = offsets.to_vec();
        sorted.sort_unstable();
        let end = file.bytes.len() as u64;
        let next = |offset: u64| {
            sorted
                .get(sorted.partition_point(|&other| other <= offset))
                .copied()
        };
        offsets
            .iter()
            .map(|&offset| next(offset).unwrap_or(end).saturating_sub(offset))
            .collect()
    }

    /// Bytes of a row of one strip.
    fn row_bytes(&self, file: Container) -> u64 {
        let samples = if self.planar(file) { 1 } else { self.samples as u64 };
        (self.width as u64)
            .saturating_mul(samples)
            .saturating_mul(self.sample_bytes(file))
    }

    /// Bytes of the whole page, not compressed.
    fn page_bytes(&self, file: Container) -> u64 {
        let rows =
            (self.height as u64).saturating_mul(if self.planar(file) { self.samples as u64 } else { 1 });
        self.row_bytes(file).saturating_mul(rows)
    }

    /// The samples that the page's strips or tiles hold, their padding included.
    fn check_chunks(&self, name: &str, file: Container, limits: &Limits) -> Result<u64, ImageError> {
        let damaged = |reason: String| Err(ImageError::damaged(name, "TIFF", &reason));
        let samples = self.samples as u64;
        let pixels = self.width as u64 * self.height as u64;
        let number = |tag: u16| file.number_of(&self.directory, tag).unwrap_or(0);
        let (chunk_width, chunk_height, stored) = if self.tiled() {
            let (width, height) = (number(tag::TILE_WIDTH), number(tag::TILE_LENGTH));
            let side = limits.side as u64;
            if width == 0 || height == 0 || width > side || height > side {
                return damaged(format!("tiles of {width} x {height} px"));
            }
            let padded =
                (self.width as u64).next_multiple_of(width) * (self.height as u64).next_multiple_of(height);
            (width, height, padded)
        } else {
            (self.width as u64, number(tag::ROWS_PER_STRIP), pixels)
        };
        match self.compression(file) {
            1 if self.page_bytes(file) > file.bytes.len() as u64 => {
                return damaged("a page holds fewer samples than it says".into());
            }
            7 => {
                let (offsets, counts) = if self.tiled() {
                    (tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS)
                } else {
                    (tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS)
                };
                let offsets = file.numbers(&self.directory, offsets).unwrap_or_default();
                let counts = file.numbers(&self.directory, counts).unwrap_or_default();
                let tables = file.data(&self.directory, tag::JPEG_TABLES);
                jpeg::check(
                    name,
                    file,
                    tables,
                    offsets.into_iter().zip(counts),
                    [chunk_width, chunk_height],
                )?;
            }
            _ => {}
        }
        Ok(stored.saturating_mul(samples))
    }

    /// The images of a stack that follow one another, as pages.
    fn taken_apart(&self, name: &str, file: Container, images: usize) -> Result<Vec<Self>, ImageError> {
        let offsets = file
            .numbers(&self.directory, tag::STRIP_OFFSETS)
            .unwrap_or_default();
        let rows = file.number_of(&self.directory, tag::ROWS_PER_STRIP).unwrap_or(1);
        let strip = self.row_bytes(file).saturating_mul(rows);
        let first = offsets.first().copied().unwrap_or(0);
        if offsets
            .iter()
            .zip(0u64..)
            .any(|(&at, strips)| at != first.saturating_add(strips.saturating_mul(strip)))
        {
            return Err(ImageError::unsupported(
                name,
                format!("a stack of {images} images in one page whose strips do not follow one another"),
                "one page per image (Fiji: File, Save As, Tiff)",
            ));
        }
        let bytes = self.page_bytes(file);
        let starts = (0..images as u64).map(|image| first.saturating_add(image.saturating_mul(bytes)));
        let end = starts.clone().next_back().unwrap_or(first).saturating_add(bytes);
        if end > file.bytes.len() as u64 {
            let whole = (file.bytes.len() as u64).saturating_sub(first) / bytes.max(1);
            return Err(ImageError::damaged(
                name,
                "TIFF",
                &format!("it says that it is a stack of {images} images and holds {whole}"),
            ));
        }
        Ok(starts
            .map(|start| {
                let mut directory = self.directory.clone();
                directory.0.insert(tag::STRIP_OFFSETS, file.entry(&[start]));
                directory.0.insert(tag::STRIP_BYTE_COUNTS, file.entry(&[bytes]));
                directory
                    .0
                    .insert(tag::ROWS_PER_STRIP, file.entry(&[self.height as u64]));
                Self {
                    colours: self.colours.clone(),
                    alpha: self.alpha.clone(),
                    directory,
                    ..*self
                }
            })
            .collect())
    }
}

fn depth(name: &str, bits: &[u64], format: u64) -> Result<Depth, ImageError> {
    let unsupported = |found: String| Err(ImageError::unsupported(name, found, EXPECTED));
    let first = bits.first().copied().unwrap_or(1);
    if bits.iter().any(|&other| other != first) {
        return unsupported(format!("samples of {first} and other bits in one pixel"));
    }
    match (format, first) {
        (1 | 4, 8) => Ok(Depth::Eight),
        (1 | 4, 16) => Ok(Depth::Sixteen),
        (3, 16 | 32 | 64) => Ok(Depth::Float),
        (2, bits) => unsupported(format!("signed {bits}-bit samples")),
        (5 | 6, bits) => unsupported(format!("complex {bits}-bit samples")),
        (_, bits) => unsupported(format!("{bits}-bit samples")),
    }
}

fn colours(
    name: &str,
    file: Container,
    directory: &Directory,
    samples: usize,
    depth: Depth,
) -> Result<Colours, ImageError> {
    let unsupported = |found: &str| Err(ImageError::unsupported(name, found, EXPECTED));
    // A file that does not say is read as libtiff reads it: by the number of its samples.
    let said = file.number_of(directory, tag::PHOTOMETRIC);
    match said.unwrap_or(if samples == 3 || samples == 4 { 2 } else { 1 }) {
        0 => Ok(Colours::Inverted),
        2 if samples >= 3 => Ok(Colours::Rgb),
        // One or two samples that are called RGB are treated as other channels.
        1 | 2 => Ok(Colours::Grey),
        3 => palette(name, file, directory, samples, depth),
        4 => unsupported("a transparency mask"),
        5 => unsupported("CMYK colours"),
        6 if samples == 3 && depth == Depth::Eight => Ok(Colours::YCbCr(luma(file, directory))),
        6 => unsupported("YCbCr samples that are not three of 8 bits"),
        8..=10 => unsupported("L*a*b* colours"),
        32_844 | 32_845 => unsupported("LogLuv colours"),
        other => unsupported(&format!("samples of photometric interpretation {other}")),
    }
}

/// Where the palette is a ramp or ImageJ wrote it, it only says how to show the numbers, and they are the
/// values themselves. In any other picture they stand for colours.
fn palette(
    name: &str,
    file: Container,
    directory: &Directory,
    samples: usize,
    depth: Depth,
) -> Result<Colours, ImageError> {
    let map: Vec<u16> = file
        .numbers(directory, tag::COLOUR_MAP)
        .unwrap_or_default()
        .into_iter()
        .map(|part| part as u16)
        .collect();
    if samples != 1 || depth != Depth::Eight || map.len() != 3 * 256 {
        return Err(ImageError::unsupported(
            name,
            format!(
                "palette colours of {samples} samples, {} colours long",
                map.len() / 3
            ),
            "one 8-bit sample per pixel and a palette of 256 colours",
        ));
    }
    let ramp = map.chunks_exact(256).all(<[u16]>::is_sorted)
        && map
            .chunks_exact(256)
            .any(|part| part.windows(2).filter(|pair| pair[0] != pair[1]).count() > 128);
    let imagej = description(file, directory).is_some_and(|text| ImageJ::of(&text).is_some());
    Ok(if ramp || imagej {
        Colours::Grey
    } else {
        Colours::Palette(map)
    })
}

/// The shares of red, green and blue in luma: the file's, or ITU-R BT.601's.
fn luma(file: Container, directory: &Directory) -> [f32; 3] {
    const BT_601: [f32; 3] = [0.299, 0.587, 0.114];
    let Some(data) = file
        .data(directory, tag::CHROMA_COEFFICIENTS)
        .filter(|data| data.len() == 24)
    else {
        return BT_601;
    };
    let mut shares = [0.0; 3];
    for (share, fraction) in shares.iter_mut().zip(data.chunks_exact(8)) {
        let (above, below) = fraction.split_at(4);
        *share = file.number(above) as f32 / file.number(below) as f32;
    }
    // Shares of 0 cannot be divided by.
    if shares.iter().all(|&share| share > 0.01 && share < 1.0) {
        shares
    } else {
        BT_601
    }
}

/// What a compression that is not read is called.
fn unread_compression(number: u64) -> Option<String> {
    let called = match number {
        1 | 5 | 7 | 8 | 32_773 | 32_946 => return None,
        2..=4 => "a fax",
        6 => "JPEG of the old kind",
        33_003 | 33_005 | 34_712 => "JPEG 2000",
        34_887 => "LERC",
        34_925 => "LZMA",
        50_000 => "Zstandard",
        50_001 => "WebP",
        50_002 => "JPEG XL",
        other => return Some(format!("number {other}")),
    };
    Some(called.into())
}

fn same_kind(name: &str, first: &Page, page: &Page) -> Result<(), ImageError> {
    let (number, first_number) = (page.index + 1, first.index + 1);
    if (page.width, page.height) != (first.width, first.height) {
        return Err(ImageError::Sizes {
            name: format!("{name} page {number}"),
            width: page.width,
            height: page.height,
            other: format!("page {first_number}"),
            other_width: first.width,
            other_height: first.height,
        });
    }
    if page.depth != first.depth {
        return Err(ImageError::unsupported(
            name,
            format!(
                "a {} page {number} beside a {} page {first_number}",
                page.depth, first.depth
            ),
            "pages of one kind",
        ));
    }
    Ok(())
}
