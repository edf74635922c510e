//! PNG and JPEG, through the `image` crate.

use std::io::Cursor;

use image::codecs::{jpeg::JpegDecoder, png::PngDecoder};
use image::{ColorType, ImageDecoder};

use crate::error::ImageError;
use crate::orientation::Orientation;
use crate::picture::{Depth, Limits, Picture, deinterleave};

/// A PNG of 1 to 16 bits, grey, palette or colour. Fewer than 8 bits become 8, a palette becomes colour.
pub(crate) fn decode_png(name: &str, bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), codec_limits(limits))
        .map_err(|error| ImageError::damaged(name, "PNG", &error))?;
    read(name, "PNG", decoder, limits)
}

/// A JPEG, grey or colour. It has lost detail; nothing here can tell how much.
pub(crate) fn decode_jpeg(name: &str, bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    let decoder =
        JpegDecoder::new(Cursor::new(bytes)).map_err(|error| ImageError::damaged(name, "JPEG", &error))?;
    read(name, "JPEG", decoder, limits)
}

fn read(
    name: &str,
    format: &'static str,
    mut decoder: impl ImageDecoder,
    limits: &Limits,
) -> Result<Picture, ImageError> {
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    limits.check(
        name,
        width,
        height,
        usize::from(decoder.color_type().channel_count()),
    )?;
    decoder
        .set_limits(codec_limits(limits))
        .map_err(|error| ImageError::damaged(name, format, &error))?;
    // A picture whose EXIF part cannot be read is upright.
    let orientation = decoder
        .orientation()
        .map_or(1, image::metadata::Orientation::to_exif);
    let colour = decoder.color_type();
    let (names, depth) = samples(colour).ok_or_else(|| {
        ImageError::unsupported(name, format!("{colour:?} pixels"), "8- or 16-bit grey or colour")
    })?;
    let samples = width * height * names.len();
    let mut bytes = vec![0; samples * if depth == Depth::Sixteen { 2 } else { 1 }];
    decoder
        .read_image(&mut bytes)
        .map_err(|error| ImageError::damaged(name, format, &error))?;
    let planes = if depth == Depth::Sixteen {
        let (pairs, _) = bytes.as_chunks::<2>();
        let words: Vec<u16> = pairs.iter().map(|&pair| u16::from_ne_bytes(pair)).collect();
        deinterleave(&words, width, height, names)
    } else {
        deinterleave(&bytes, width, height, names)
    };
    let orientation = Orientation::of_exif(orientation);
    Picture::new(
        name,
        planes
            .into_iter()
            .map(|plane| orientation.upright(plane))
            .collect(),
        depth,
    )
}

/// What a pixel's samples are called, and how they are stored. Grey has no name; colours and alpha have. Alpha stays a
/// plane, since 4-channel data is often saved so.
fn samples(colour: ColorType) -> Option<(&'static [Option<&'static str>], Depth)> {
    const GREY: &[Option<&str>] = &[None];
    const GREY_ALPHA: &[Option<&str>] = &[None, Some("alpha")];
    const RGB: &[Option<&str>] = &[Some("red"), Some("green"), Some("blue")];
    const RGBA: &[Option<&str>] = &[Some("red"), Some("green"), Some("blue"), Some("alpha")];
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

/// The codec's own guard: at most 16-bit samples of what the limits allow, and as much again for its work.
fn codec_limits(limits: &Limits) -> image::Limits {
    let mut codec = image::Limits::default();
    // Below some megabytes a codec could not read a header, and nobody would learn what the picture is too large for.
    codec.max_alloc = Some((limits.numbers as u64 * 4).max(1 << 24));
    codec
}
