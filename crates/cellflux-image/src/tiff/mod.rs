//! TIFF and `BigTIFF`, through the `tiff` crate: strips or tiles, chunky or planar samples, one page or many.
//!
//! [`pages`] says which planes a file holds, [`names`] what they are called, [`colours`] how they are shown,
//! the codec what their numbers are. What descriptions mean is `cellflux-microscope`'s.

mod colours;
mod directory;
mod imagej;
mod jpeg;
mod names;
mod pages;

use ::tiff::TiffError;
use ::tiff::decoder::{Decoder, DecodingResult, Limits as CodecLimits};

use cellflux_microscope::{Resolution, Told};

use crate::error::ImageError;
use crate::orientation::Orientation;
use crate::picture::{Depth, Limits, Picture, Plane, deinterleave};
use directory::{Container, Directory, Shown, tag};
use pages::{Colours, Page, Survey};

/// Reads every full-size page; all pages' headers are checked before the first pixel is decoded.
pub(crate) fn decode(name: &str, bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    let file = Container::of(bytes)
        .ok_or_else(|| ImageError::damaged(name, "TIFF", &"it ends within its header"))?;
    let Survey { pages, description } = pages::survey(name, file, limits)?;
    let resolution = pages.first().and_then(|page| resolution(file, &page.directory));
    let told = Told::of(&description, resolution);
    let names = names::of(file, &pages, &told.description);
    let colours = colours::of(file, &pages, &told.description);
    let depth = pages.first().map_or(Depth::Eight, |page| page.depth);
    let mut planes = Vec::new();
    for ((page, names), colours) in pages.iter().zip(&names).zip(colours) {
        let decoded = samples(name, file, page, limits)?;
        let mut own = split(name, page, names, decoded)?;
        for (plane, colour) in own.iter_mut().zip(colours) {
            plane.colour = colour;
        }
        planes.extend(own);
    }
    Ok(Picture {
        scale: told.scale,
        ..Picture::new(name, planes, depth)?
    })
}

/// How many pixels lie in a unit of length; none where the file does not say.
fn resolution(file: Container, directory: &Directory) -> Option<Resolution> {
    Some(Resolution {
        across: file.ratio(directory, tag::X_RESOLUTION)?,
        down: file.ratio(directory, tag::Y_RESOLUTION)?,
        // The inch is the specification's default.
        unit: file.number_of(directory, tag::RESOLUTION_UNIT).unwrap_or(2),
    })
}

/// A page's samples as the file stores them, and whether they lie plane by plane.
fn samples(
    name: &str,
    file: Container,
    page: &Page,
    limits: &Limits,
) -> Result<(DecodingResult, bool), ImageError> {
    let damaged = |error: TiffError| explain(name, error);
    let mut codec_limits = CodecLimits::default();
    // Eight bytes per number: the widest sample that is read is an f64.
    codec_limits.decoding_buffer_size = limits.numbers.saturating_mul(8);
    codec_limits.intermediate_buffer_size = limits.numbers.saturating_mul(8);
    let mut decoder = Decoder::new(Shown::new(file, &page.directory))
        .map_err(damaged)?
        .with_limits(codec_limits);
    let mut samples = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut samples).map_err(damaged)?;
    if samples.as_buffer(0).byte_len() < layout.complete_len {
        return Err(fewer(name));
    }
    Ok((samples, layout.planes > 1))
}

fn fewer(name: &str) -> ImageError {
    ImageError::damaged(name, "TIFF", &"a page holds fewer samples than it says")
}

/// One page's samples as planes.
fn split(
    name: &str,
    page: &Page,
    names: &[Option<String>],
    (samples, planar): (DecodingResult, bool),
) -> Result<Vec<Plane>, ImageError> {
    // A palette makes three planes of one sample.
    let names = names.get(..page.samples).unwrap_or(names);
    let arranged = |values: &[f32]| arrange(values, page, planar, names);
    let mut planes = match &samples {
        DecodingResult::U8(values) => arrange(values, page, planar, names),
        DecodingResult::U16(values) => arrange(values, page, planar, names),
        DecodingResult::F32(values) => arranged(values),
        DecodingResult::F16(values) => arranged(&values.iter().map(|v| v.to_f32()).collect::<Vec<f32>>()),
        DecodingResult::F64(values) => arranged(&values.iter().map(|&v| v as f32).collect::<Vec<f32>>()),
        _ => {
            return Err(ImageError::unsupported(
                name,
                "samples of an odd width",
                "8 or 16 bits",
            ));
        }
    };
    let pixels = page.width * page.height;
    if planes.len() != page.samples || planes.iter().any(|plane| plane.values.len() != pixels) {
        return Err(fewer(name));
    }
    match &page.colours {
        Colours::Grey | Colours::Rgb => {}
        Colours::Inverted => invert(&mut planes, page.depth),
        Colours::YCbCr(luma) => to_rgb(&mut planes, *luma),
        Colours::Palette(map) => planes = coloured(&planes, map),
    }
    let orientation = Orientation::of_exif(page.orientation);
    Ok(planes
        .into_iter()
        .map(|plane| orientation.upright(plane))
        .collect())
}

fn arrange<T: Copy + Into<f32>>(
    values: &[T],
    page: &Page,
    planar: bool,
    names: &[Option<String>],
) -> Vec<Plane> {
    let names: Vec<Option<&str>> = names.iter().map(Option::as_deref).collect();
    if !planar {
        return deinterleave(values, page.width, page.height, &names);
    }
    let planes = values.chunks_exact(page.width * page.height);
    planes
        .zip(names)
        .map(|(plane, plane_name)| Plane {
            name: plane_name.map(str::to_owned),
            colour: None,
            width: page.width,
            height: page.height,
            values: plane.iter().map(|&v| v.into()).collect(),
        })
        .collect()
}

/// `MinIsWhite`: 0 is white, so stored numbers count down from the brightest possible one (1 in floating
/// point).
fn invert(planes: &mut [Plane], depth: Depth) {
    let white = match depth {
        Depth::Eight => 255.0,
        Depth::Sixteen => 65_535.0,
        Depth::Float => 1.0,
    };
    for value in planes.iter_mut().flat_map(|plane| &mut plane.values) {
        *value = white - *value;
    }
}

/// Luma and colour differences around 128 to red, green and blue, rounded to bytes (TIFF 6.0, section 21).
fn to_rgb(planes: &mut [Plane], [red, green, blue]: [f32; 3]) {
    let [y, cb, cr] = planes else { return };
    let colours = y.values.iter_mut().zip(&mut cb.values).zip(&mut cr.values);
    for ((y, cb), cr) in colours {
        let (light, towards_blue, towards_red) = (*y, *cb - 128.0, *cr - 128.0);
        let r = light + (2.0 - 2.0 * red) * towards_red;
        let b = light + (2.0 - 2.0 * blue) * towards_blue;
        let g = (light - red * r - blue * b) / green;
        for (to, colour) in [(y, r), (cb, g), (cr, b)] {
            *to = colour.round().clamp(0.0, 255.0);
        }
    }
}

/// Places in a palette of 16-bit colours to the bytes of red, green and blue.
fn coloured(places: &[Plane], map: &[u16]) -> Vec<Plane> {
    let Some(places) = places.first() else {
        return Vec::new();
    };
    let parts = ["red", "green", "blue"].into_iter().zip(map.chunks_exact(256));
    parts
        .map(|(colour, part)| Plane {
            name: Some(colour.into()),
            colour: None,
            width: places.width,
            height: places.height,
            values: places
                .values
                .iter()
                .map(|&place| {
                    part.get(place as usize)
                        .map_or(0.0, |&number| f32::from(number >> 8))
                })
                .collect(),
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
            "8- or 16-bit or floating-point samples, uncompressed or LZW, deflate, PackBits or JPEG \
            compressed",
        ),
        TiffError::LimitsExceeded | TiffError::IntSizeError => ImageError::damaged(
            name,
            "TIFF",
            &"a directory asks for more memory than its picture needs",
        ),
        other => ImageError::damaged(name, "TIFF", &other),
    }
}
