//! A coded crop as a lossless PNG: links hold one, and sample controls are stored as one.
//!
//! Three channels are one RGB picture; any other number is a grey picture of the channels below one another,
//! which PNG's filters compress as well.

use png::ColorType;

use crate::error::ImageError;
use crate::picture::{Depth, Limits};
use crate::spec::ImageSpec;
use crate::{raster, strip};

/// Writes coded bytes `[C, H, W]`.
///
/// # Errors
/// [`ImageError::Length`] unless they have the spec's shape.
pub fn write(spec: &ImageSpec, coded: &[u8]) -> Result<Vec<u8>, ImageError> {
    spec.check_length("coded image", coded.len())?;
    if spec.channels.len() == 3 {
        let (first, rest) = coded.split_at(spec.pixels());
        let (second, third) = rest.split_at(spec.pixels());
        let rgb: Vec<u8> = first
            .iter()
            .zip(second)
            .zip(third)
            .flat_map(|((&r, &g), &b)| [r, g, b])
            .collect();
        strip::encode(&rgb, spec.width, spec.height, ColorType::Rgb, &[])
    } else {
        strip::encode(
            coded,
            spec.width,
            spec.height * spec.channels.len(),
            ColorType::Grayscale,
            &[],
        )
    }
}

/// Reads coded bytes `[C, H, W]` back; `name` is for messages.
///
/// # Errors
/// [`ImageError::Damaged`] for bytes that are no PNG or break off, [`ImageError::Unsupported`] for a picture
/// whose shape or depth is not the spec's, and [`ImageError::TooLarge`] from the header alone.
pub fn read(spec: &ImageSpec, name: &str, bytes: &[u8]) -> Result<Vec<u8>, ImageError> {
    let channels = spec.channels.len();
    let (planes, height) = if channels == 3 {
        (3, spec.height)
    } else {
        (1, spec.height * channels)
    };
    let limits = Limits {
        side: spec.width.max(height),
        planes,
        numbers: spec.len(),
    };
    let picture = raster::decode_png(name, bytes, &limits)?;
    let found = (
        picture.planes.len(),
        picture.height(),
        picture.width(),
        picture.depth,
    );
    if found != (planes, height, spec.width, Depth::Eight) {
        return Err(ImageError::unsupported(
            name,
            format!(
                "{} x {} px in {} {} planes",
                picture.width(),
                picture.height(),
                picture.planes.len(),
                picture.depth
            ),
            format!("{} x {height} px in {planes} 8-bit planes", spec.width),
        ));
    }
    // Whole numbers up to 255 are exact in f32.
    Ok(picture
        .planes
        .iter()
        .flat_map(|plane| plane.values.iter().map(|&v| v as u8))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_coded_crop_survives(
            channels in 1usize..7, height in 1usize..20, width in 1usize..20, seed in any::<u32>()
        ) {
            let spec = ImageSpec::plain(channels, height, width);
            let coded: Vec<u8> = (0..spec.len() as u32)
                .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 24) as u8)
                .collect();
            let png = write(&spec, &coded).unwrap();
            prop_assert_eq!(read(&spec, "link", &png).unwrap(), coded);
        }
    }

    #[test]
    fn another_shape_is_refused() {
        let spec = ImageSpec::plain(3, 8, 8);
        let png = write(&spec, &[7; 192]).unwrap();
        let error = read(&ImageSpec::plain(3, 8, 9), "the link's crop", &png).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the link's crop holds 8 x 8 px in 3 8-bit planes, expected 9 x 8 px in 3 8-bit planes"
        );
        assert!(read(&ImageSpec::plain(3, 4, 4), "the link's crop", &png).is_err());
        assert!(write(&spec, &[7; 191]).is_err());
    }
}
