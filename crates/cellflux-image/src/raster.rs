//! PNG through the `image` crate, JPEG through the decoder that it and the `tiff` crate use.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::{ColorType, ImageDecoder};
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::error::ImageError;
use crate::orientation::Orientation;
use crate::picture::{Depth, Limits, Picture, Plane, deinterleave};

const GREY: &[Option<&str>] = &[None];
const GREY_ALPHA: &[Option<&str>] = &[None, Some("alpha")];
const RGB: &[Option<&str>] = &[Some("red"), Some("green"), Some("blue")];
const RGBA: &[Option<&str>] = &[Some("red"), Some("green"), Some("blue"), Some("alpha")];

/// A PNG of 1 to 16 bits, grey, palette or colour. Fewer than 8 bits become 8, a palette becomes colour.
pub(crate) fn decode_png(name: &str, bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    let damaged = |error: image::ImageError| ImageError::damaged(name, "PNG", &error);
    let mut decoder = PngDecoder::with_limits(Cursor::new(bytes), codec_limits(limits)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    let colour = decoder.color_type();
    limits.check(name, width, height, usize::from(colour.channel_count()))?;
    let (names, depth) = samples(colour).ok_or_else(|| {
        ImageError::unsupported(name, format!("{colour:?} pixels"), "8- or 16-bit grey or colour")
    })?;
    let exif = decoder.exif_metadata().ok().flatten();
    let samples = width * height * names.len();
    let mut bytes = vec![0; samples * if depth == Depth::Sixteen { 2 } else { 1 }];
    decoder.read_image(&mut bytes).map_err(damaged)?;
    let planes = if depth == Depth::Sixteen {
        let (pairs, _) = bytes.as_chunks::<2>();
        let words: Vec<u16> = pairs.iter().map(|&pair| u16::from_ne_bytes(pair)).collect();
        deinterleave(&words, width, height, names)
    } else {
        deinterleave(&bytes, width, height, names)
    };
    finished(name, planes, depth, exif.and_then(|exif| exif_orientation(&exif)))
}

/// A JPEG, grey or colour. It has lost detail; nothing here can tell how much.
///
/// Through the decoder itself and over the same kind of bytes as the TIFF codec uses it: `image` would add
/// two more copies of its code to the page's module, a tenth of a visitor's first download.
pub(crate) fn decode_jpeg(name: &str, bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    let damaged = |error: DecodeErrors| ImageError::damaged(name, "JPEG", &error);
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes.to_vec()), options);
    decoder.decode_headers().map_err(damaged)?;
    let broken = || ImageError::damaged(name, "JPEG", &"its header does not say what it holds");
    let (width, height) = decoder.dimensions().ok_or_else(broken)?;
    let (names, colours) = match decoder.input_colorspace().ok_or_else(broken)? {
        ColorSpace::Luma => (GREY, ColorSpace::Luma),
        _ => (RGB, ColorSpace::RGB),
    };
    limits.check(name, width, height, names.len())?;
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(colours));
    let samples = decoder.decode().map_err(damaged)?;
    if samples.len() != width * height * names.len() {
        return Err(ImageError::damaged(
            name,
            "JPEG",
            &"it holds fewer samples than it says",
        ));
    }
    let orientation = decoder.exif().and_then(|exif| exif_orientation(exif));
    let planes = deinterleave(&samples, width, height, names);
    finished(name, planes, Depth::Eight, orientation)
}

/// What EXIF says of the rows and columns; a picture whose EXIF part cannot be read is upright.
fn exif_orientation(exif: &[u8]) -> Option<u8> {
    image::metadata::Orientation::from_exif_chunk(exif).map(image::metadata::Orientation::to_exif)
}

fn finished(
    name: &str,
    planes: Vec<Plane>,
    depth: Depth,
    orientation: Option<u8>,
) -> Result<Picture, ImageError> {
    let orientation = Orientation::of_exif(orientation.unwrap_or(1));
    let planes = planes
        .into_iter()
        .map(|plane| orientation.upright(plane))
        .collect();
    Picture::new(name, planes, depth)
}

/// What a pixel's samples are called, and how they are stored. Grey has no name; colours and alpha have.
/// Alpha stays a plane, since 4-channel data is often saved so.
fn samples(colour: ColorType) -> Option<(&'static [Option<&'static str>], Depth)> {
    Some(match colour {
        ColorType::L8 => (GREY, Depth::Eight),
        ColorType::La8 => (GREY_ALPHA, Depth::Eight),
        ColorType::Rgb8 => (RGB, Depth::Eight),
        ColorType::Rgba8 => (RGBA, Depth::Eight),
        ColorType::L16 => (GREY, Depth::Sixteen),
        ColorType::La16 => (GREY_ALPHA, Depth::Sixteen),
        ColorType::Rgb16 => (RGB, Depth::Sixteen),
        ColorType::Rgba16 => (RGBA, Depth::Sixteen),
        _ => return None,
    })
}

/// The codec's own guard: at most 16-bit samples of what the limits allow, and as much again for its working
/// memory.
fn codec_limits(limits: &Limits) -> image::Limits {
    let mut codec = image::Limits::default();
    // With less than a few megabytes a codec could not read a header, and could not say which limit the
    // picture exceeds.
    codec.max_alloc = Some((limits.numbers as u64 * 4).max(1 << 24));
    codec
}
