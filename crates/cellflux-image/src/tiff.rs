//! TIFF and `BigTIFF`, through the `tiff` crate: strips or tiles, chunky or planar samples, one page or many.

use std::io::Cursor;

use ::tiff::decoder::{Decoder, DecodingResult, Limits as CodecLimits};
use ::tiff::tags::{SampleFormat, Tag};
use ::tiff::{ColorType, TiffError};

use crate::error::ImageError;
use crate::picture::{Depth, Limits, Picture, Plane, deinterleave};

type Pages<'a> = Decoder<Cursor<&'a [u8]>>;

/// What a page's directory says.
struct Page {
    /// Place in the file's list of pages.
    index: usize,
    name: Option<String>,
    width: usize,
    height: usize,
    colour: ColorType,
    depth: Depth,
}

/// Reads every full-size page; all pages' headers are checked before the first pixel is decoded.
pub(crate) fn decode(name: &str, bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    let damaged = |error: TiffError| explain(name, error);
    let mut codec_limits = CodecLimits::default();
    // Eight bytes a number: the widest sample that is read is an f64.
    codec_limits.decoding_buffer_size = limits.numbers.saturating_mul(8);
    codec_limits.intermediate_buffer_size = limits.numbers.saturating_mul(8);
    let mut file = Decoder::new(Cursor::new(bytes))
        .map_err(damaged)?
        .with_limits(codec_limits);

    let pages = survey(name, &mut file, limits)?;
    let depth = pages.first().map_or(Depth::Eight, |page| page.depth);
    let mut planes = Vec::new();
    let mut samples = DecodingResult::U8(Vec::new());
    for page in &pages {
        file.seek_to_image(page.index).map_err(damaged)?;
        let layout = file.read_image_to_buffer(&mut samples).map_err(damaged)?;
        if samples.as_buffer(0).byte_len() < layout.complete_len {
            return Err(ImageError::damaged(
                name,
                "TIFF",
                &"a page holds fewer samples than it says",
            ));
        }
        planes.extend(split(name, page, layout.planes > 1, &samples)?);
    }
    Picture::new(name, planes, depth)
}

/// Reads the directories and checks them: sizes, sample types, one size and type for all pages.
fn survey(name: &str, file: &mut Pages, limits: &Limits) -> Result<Vec<Page>, ImageError> {
    let damaged = |error: TiffError| explain(name, error);
    let mut pages: Vec<Page> = Vec::new();
    let mut planes = 0;
    for index in 0.. {
        // NewSubfileType bit 0: a reduced-resolution copy of another page (a pyramid, a thumbnail).
        let reduced = file
            .find_tag_unsigned::<u32>(Tag::NewSubfileType)
            .map_err(damaged)?
            .unwrap_or(0)
            & 1;
        if reduced == 0 || pages.is_empty() {
            let page = read_header(name, index, file)?;
            planes += usize::from(page.colour.num_samples());
            limits.check(name, page.width, page.height, planes)?;
            if let Some(first) = pages.first() {
                same_kind(name, first, &page)?;
            }
            pages.push(page);
        }
        if !file.more_images() {
            break;
        }
        if index >= 4 * limits.planes {
            return Err(ImageError::TooLarge {
                name: name.into(),
                found: format!("more than {index} pages"),
                allowed: format!("{} planes", limits.planes),
            });
        }
        file.next_image().map_err(damaged)?;
    }
    Ok(pages)
}

fn read_header(name: &str, index: usize, file: &mut Pages) -> Result<Page, ImageError> {
    let damaged = |error: TiffError| explain(name, error);
    let (width, height) = file.dimensions().map_err(damaged)?;
    let colour = file.colortype().map_err(damaged)?;
    let stored = file
        .find_tag_unsigned::<u16>(Tag::SamplesPerPixel)
        .map_err(damaged)?
        .unwrap_or(1);
    if stored != colour.num_samples() {
        return Err(ImageError::unsupported(
            name,
            format!(
                "{stored} samples a pixel, of which {} are called colours",
                colour.num_samples()
            ),
            "grey samples, or one channel a page",
        ));
    }
    let format = file
        .find_tag_unsigned_vec::<u16>(Tag::SampleFormat)
        .map_err(damaged)?
        .and_then(|formats| formats.first().copied())
        .map_or(SampleFormat::Uint, SampleFormat::from_u16_exhaustive);
    let depth = depth(name, colour, format)?;
    // PageName, where a program wrote one. A text that cannot be read is no reason to refuse a picture.
    let page_name = file.get_tag_ascii_string(Tag::Unknown(285)).ok();
    Ok(Page {
        index,
        name: page_name
            .map(|n| n.trim().to_owned())
            .filter(|n| !n.is_empty() && n.len() <= 200),
        width: width as usize,
        height: height as usize,
        colour,
        depth,
    })
}

fn depth(name: &str, colour: ColorType, format: SampleFormat) -> Result<Depth, ImageError> {
    const EXPECTED: &str = "grey or RGB samples of 8 or 16 bits, or 16-, 32- or 64-bit floating point";
    let bits = match colour {
        ColorType::Gray(bits)
        | ColorType::RGB(bits)
        | ColorType::GrayA(bits)
        | ColorType::RGBA(bits)
        | ColorType::Multiband { bit_depth: bits, .. } => bits,
        other => {
            return Err(ImageError::unsupported(
                name,
                format!("{other:?} samples"),
                EXPECTED,
            ));
        }
    };
    match (format, bits) {
        (SampleFormat::Uint, 8) => Ok(Depth::Eight),
        (SampleFormat::Uint, 16) => Ok(Depth::Sixteen),
        (SampleFormat::IEEEFP, 16 | 32 | 64) => Ok(Depth::Float),
        (SampleFormat::Int, bits) => Err(ImageError::unsupported(
            name,
            format!("signed {bits}-bit samples"),
            EXPECTED,
        )),
        (_, bits) => Err(ImageError::unsupported(
            name,
            format!("{bits}-bit samples"),
            EXPECTED,
        )),
    }
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

/// One page's samples as planes.
fn split(name: &str, page: &Page, planar: bool, samples: &DecodingResult) -> Result<Vec<Plane>, ImageError> {
    let names: Vec<Option<&str>> = match page.colour {
        ColorType::RGB(_) => vec![Some("red"), Some("green"), Some("blue")],
        ColorType::RGBA(_) => vec![Some("red"), Some("green"), Some("blue"), Some("alpha")],
        ColorType::GrayA(_) => vec![page.name.as_deref(), Some("alpha")],
        other => vec![page.name.as_deref(); usize::from(other.num_samples())],
    };
    let planes = match samples {
        DecodingResult::U8(values) => arrange(values, page, planar, &names),
        DecodingResult::U16(values) => arrange(values, page, planar, &names),
        DecodingResult::F32(values) => arrange(values, page, planar, &names),
        DecodingResult::F16(values) => {
            let values: Vec<f32> = values.iter().map(|v| v.to_f32()).collect();
            arrange(&values, page, planar, &names)
        }
        DecodingResult::F64(values) => {
            let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
            arrange(&values, page, planar, &names)
        }
        _ => {
            return Err(ImageError::unsupported(
                name,
                "samples of an odd width",
                "8 or 16 bits",
            ));
        }
    };
    let pixels = page.width * page.height;
    if planes.len() != names.len() || planes.iter().any(|plane| plane.values.len() != pixels) {
        return Err(ImageError::damaged(
            name,
            "TIFF",
            &"a page holds fewer samples than it says",
        ));
    }
    Ok(planes)
}

fn arrange<T: Copy + Into<f32>>(
    values: &[T],
    page: &Page,
    planar: bool,
    names: &[Option<&str>],
) -> Vec<Plane> {
    if !planar {
        return deinterleave(values, page.width, page.height, names);
    }
    let planes = values.chunks_exact(page.width * page.height);
    planes
        .zip(names)
        .map(|(plane, plane_name)| Plane {
            name: plane_name.map(str::to_owned),
            width: page.width,
            height: page.height,
            values: plane.iter().map(|&v| v.into()).collect(),
        })
        .collect()
}

/// The codec's words, without its "format error:" in front.
fn explain(name: &str, error: TiffError) -> ImageError {
    match error {
        TiffError::FormatError(inner) => ImageError::damaged(name, "TIFF", &inner),
        TiffError::UnsupportedError(inner) => ImageError::unsupported(
            name,
            format!("a TIFF that is not read ({inner})"),
            "8- or 16-bit or floating-point samples, uncompressed or LZW, deflate, PackBits or JPEG compressed",
        ),
        TiffError::LimitsExceeded | TiffError::IntSizeError => ImageError::damaged(
            name,
            "TIFF",
            &"a directory asks for more memory than its picture needs",
        ),
        other => ImageError::damaged(name, "TIFF", &other),
    }
}
