//! The crop: a part of a field, cut from every channel, resampled and coded for the model.

use serde::{Deserialize, Serialize};

use crate::assign::Assignment;
use crate::coding::{Clipped, Meaning};
use crate::error::ImageError;
use crate::picture::Picture;
use crate::resize::resize;
use crate::spec::ImageSpec;

/// Crops whose longer side has fewer source pixels than this do not show a cell, and are refused.
pub const MIN_CROP_SIDE: usize = 16;

/// Where the crop lies in the source, in source pixels. It has the proportions of the model's input: a square
/// for the usual square one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crop {
    /// The leftmost column.
    pub x: usize,
    /// The topmost row.
    pub y: usize,
    /// Pixels along the longer side.
    pub side: usize,
}

/// A crop as the model wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct CodedCrop {
    /// Coded bytes `[C, H, W]`.
    pub bytes: Vec<u8>,
    /// The shares of the crop's source pixels, 0..=1, that are darker than black or brighter than the
    /// coding's full scale by more than a coded step, and therefore cut off.
    pub clipped: Clipped,
}

impl Crop {
    /// The crop in the picture's middle: pixel for pixel where the picture is large enough, otherwise the
    /// largest.
    pub fn centred(width: usize, height: usize, spec: &ImageSpec) -> Self {
        let longer = spec.height.max(spec.width);
        let fits = |side: usize| {
            let (w, h) = extent(side, spec);
            w <= width && h <= height
        };
        let mut side = longer.min(width.max(height));
        while side > 1 && !fits(side) {
            side -= 1;
        }
        let (w, h) = extent(side, spec);
        Self {
            x: width.saturating_sub(w) / 2,
            y: height.saturating_sub(h) / 2,
            side,
        }
    }

    /// Width and height in source pixels.
    pub fn extent(&self, spec: &ImageSpec) -> (usize, usize) {
        extent(self.side, spec)
    }

    /// Checks that the crop lies within a picture and is large enough to show a cell.
    ///
    /// # Errors
    /// [`ImageError::Crop`] naming both sizes.
    pub fn check(&self, width: usize, height: usize, spec: &ImageSpec) -> Result<(), ImageError> {
        if self.side < MIN_CROP_SIDE {
            return Err(ImageError::Crop {
                found: format!("has sides of {} px", self.side),
                expected: format!("at least {MIN_CROP_SIDE} px"),
            });
        }
        let within = |start: usize, length: usize, end: usize| {
            start.checked_add(length).is_some_and(|stop| stop <= end)
        };
        // A side beyond both of the picture's cannot fit; asking first keeps the extent from overflowing.
        let fits = self.side <= width.max(height) && {
            let (w, h) = self.extent(spec);
            within(self.x, w, width) && within(self.y, h, height)
        };
        if fits {
            return Ok(());
        }
        Err(ImageError::Crop {
            found: format!(
                "of {} px at x {}, y {} leaves the picture",
                self.side, self.x, self.y
            ),
            expected: format!("it within {width} x {height} px"),
        })
    }
}

fn extent(side: usize, spec: &ImageSpec) -> (usize, usize) {
    let longer = spec.height.max(spec.width).max(1);
    let scaled = |length: usize| ((side * length + longer / 2) / longer).max(1);
    (scaled(spec.width), scaled(spec.height))
}

/// Cuts a crop out of every assigned plane, resamples it to the model's size in linear light and codes it.
///
/// `meaning` says what the files' numbers mean; `None` is [`Meaning::of_depth`] of each file.
///
/// # Errors
/// As [`cut_each`].
pub fn cut(
    spec: &ImageSpec,
    pictures: &[Picture],
    assignment: &Assignment,
    crop: Crop,
    meaning: Option<Meaning>,
) -> Result<CodedCrop, ImageError> {
    let of = |picture: &Picture| meaning.unwrap_or_else(|| Meaning::of_depth(picture.depth));
    let meanings: Vec<Meaning> = pictures.iter().map(of).collect();
    cut_each(spec, pictures, assignment, crop, &meanings)
}

/// As [`cut`], with a meaning for each of the pictures in their order: files of several kinds may make one
/// image.
///
/// # Errors
/// [`ImageError::Crop`] for a crop that is too small or leaves the picture, [`ImageError::Meaning`] for
/// numbers outside their meaning.
pub fn cut_each(
    spec: &ImageSpec,
    pictures: &[Picture],
    assignment: &Assignment,
    crop: Crop,
    meanings: &[Meaning],
) -> Result<CodedCrop, ImageError> {
    let mut bytes = Vec::with_capacity(spec.len());
    let mut clipped = Clipped::default();
    let mut pixels = 0usize;
    for (place, (picture, plane)) in assignment.planes().iter().zip(assignment.resolve(pictures)) {
        crop.check(plane.width, plane.height, spec)?;
        let meaning = meanings.get(place.picture).copied();
        let meaning = meaning.unwrap_or_else(|| Meaning::of_depth(picture.depth));
        meaning.check(picture, spec)?;
        let (width, height) = crop.extent(spec);
        let rows = plane.values.chunks_exact(plane.width).skip(crop.y).take(height);
        let part: Vec<f32> = rows
            .flat_map(|row| row.iter().skip(crop.x).take(width))
            .map(|&value| {
                meaning.count_clipped(value, spec, &mut clipped);
                meaning.intensity(value, spec) as f32
            })
            .collect();
        pixels += part.len();
        let resized =
            resize(part, (width, height), (spec.width, spec.height)).ok_or_else(|| ImageError::Crop {
                found: format!("of {width} x {height} px could not be resampled"),
                expected: format!("{} x {} px", spec.width, spec.height),
            })?;
        bytes.extend(resized.iter().map(|&v| spec.coding.encode(f64::from(v))));
    }
    spec.check_length("coded crop", bytes.len())?;
    let share = |count: f64| count / pixels.max(1) as f64;
    Ok(CodedCrop {
        bytes,
        clipped: Clipped {
            dark: share(clipped.dark),
            bright: share(clipped.bright),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::suggest;
    use crate::picture::{Depth, Plane};
    use proptest::prelude::*;

    fn picture(
        width: usize,
        height: usize,
        channels: usize,
        depth: Depth,
        f: impl Fn(usize) -> f32,
    ) -> Picture {
        let planes = (0..channels)
            .map(|c| Plane {
                name: None,
                colour: None,
                width,
                height,
                values: (0..width * height).map(|i| f(i + c * 7)).collect(),
            })
            .collect();
        Picture::new("field.png", planes, depth).unwrap()
    }

    fn assigned(pictures: &[Picture], spec: &ImageSpec) -> Assignment {
        suggest(pictures, spec).unwrap().complete(pictures, spec).unwrap()
    }

    #[test]
    fn a_coded_crop_of_the_models_size_is_taken_byte_for_byte() {
        let spec = ImageSpec::bbbc021(64, 64);
        let files = [picture(68, 68, 3, Depth::Eight, |i| (i * 37 % 256) as f32)];
        let crop = Crop::centred(68, 68, &spec);
        assert_eq!(crop, Crop { x: 2, y: 2, side: 64 });
        let cut = cut(&spec, &files, &assigned(&files, &spec), crop, None).unwrap();
        for (c, plane) in files[0].planes.iter().enumerate() {
            for y in 0..64 {
                for x in 0..64 {
                    let source = plane.values[(y + 2) * 68 + x + 2] as u8;
                    assert_eq!(cut.bytes[(c * 64 + y) * 64 + x], source);
                }
            }
        }
        assert_eq!(cut.clipped, Clipped::default());
    }

    #[test]
    fn raw_fields_are_coded_as_the_data_set_was() {
        let spec = ImageSpec::bbbc021(64, 64);
        let files = [picture(100, 90, 3, Depth::Sixteen, |i| (16 * (i % 4096)) as f32)];
        let cut = cut(
            &spec,
            &files,
            &assigned(&files, &spec),
            Crop {
                x: 30,
                y: 20,
                side: 64,
            },
            None,
        )
        .unwrap();
        let v = files[0].planes[0].values[20 * 100 + 30] / 16.0;
        let expected = (255.0 * (f64::from(v) / 4095.0).sqrt()).round() as u8;
        assert_eq!(cut.bytes[0], expected);
    }

    #[test]
    fn light_above_full_scale_is_counted() {
        let spec = ImageSpec::plain(1, 16, 16);
        let files = [picture(16, 16, 1, Depth::Sixteen, |i| {
            if i < 64 { 900.0 } else { 100.0 }
        })];
        let cut = cut(
            &spec,
            &files,
            &assigned(&files, &spec),
            Crop { x: 0, y: 0, side: 16 },
            None,
        )
        .unwrap();
        assert!((cut.clipped.bright - 0.25).abs() < 1e-12 && cut.clipped.dark == 0.0);
        assert_eq!(cut.bytes[0], 255);
    }

    #[test]
    fn darkness_below_black_is_counted_and_each_picture_has_its_own_meaning() {
        let spec = ImageSpec::plain(2, 16, 16);
        let dark = picture(16, 16, 1, Depth::Sixteen, |i| if i < 64 { 100.0 } else { 400.0 });
        let float = picture(16, 16, 1, Depth::Float, |_| 0.5);
        let files = [dark, float];
        let assignment = assigned(&files, &spec);
        let meanings = [
            Meaning::Linear {
                black: 200.0,
                white: 600.0,
            },
            Meaning::Linear {
                black: 0.0,
                white: 1.0,
            },
        ];
        let crop = Crop { x: 0, y: 0, side: 16 };
        let cut = cut_each(&spec, &files, &assignment, crop, &meanings).unwrap();
        assert_eq!((cut.bytes[0], cut.bytes[255], cut.bytes[256]), (0, 128, 128));
        assert!((cut.clipped.dark - 0.125).abs() < 1e-12 && cut.clipped.bright == 0.0);
        // A number below the network's range is dark too.
        let frame = [picture(
            16,
            16,
            2,
            Depth::Float,
            |i| if i < 32 { -1.4 } else { 0.0 },
        )];
        let cut = cut_each(&spec, &frame, &assigned(&frame, &spec), crop, &[Meaning::Model]).unwrap();
        assert!(cut.clipped.dark > 0.1 && cut.bytes[0] == 0, "{:?}", cut.clipped);
    }

    #[test]
    fn tiny_and_outlying_crops_are_refused_in_a_sentence() {
        let spec = ImageSpec::bbbc021(64, 64);
        let error = Crop { x: 0, y: 0, side: 5 }.check(100, 100, &spec).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the crop has sides of 5 px, expected at least 16 px"
        );
        let error = Crop {
            x: 50,
            y: 0,
            side: 64,
        }
        .check(100, 100, &spec)
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the crop of 64 px at x 50, y 0 leaves the picture, expected it within 100 x 100 px"
        );
        assert!(
            Crop {
                x: usize::MAX,
                y: 1,
                side: 64
            }
            .check(100, 100, &spec)
            .is_err()
        );
        assert!(
            Crop {
                x: 0,
                y: 0,
                side: usize::MAX
            }
            .check(100, 100, &spec)
            .is_err()
        );
    }

    #[test]
    fn a_model_that_is_not_square_gets_crops_of_its_proportions() {
        let spec = ImageSpec::plain(1, 32, 64);
        let crop = Crop {
            x: 0,
            y: 0,
            side: 128,
        };
        assert_eq!(crop.extent(&spec), (128, 64));
        let files = [picture(130, 70, 1, Depth::Eight, |i| (i % 200) as f32)];
        assert_eq!(
            cut(&spec, &files, &assigned(&files, &spec), crop, None)
                .unwrap()
                .bytes
                .len(),
            32 * 64
        );
    }

    proptest! {
        #[test]
        fn a_centred_crop_always_lies_within_its_picture(
            width in 1usize..400,
            height in 1usize..400,
            model_height in 1usize..130,
            model_width in 1usize..130,
        ) {
            let spec = ImageSpec::plain(1, model_height, model_width);
            let crop = Crop::centred(width, height, &spec);
            let (w, h) = crop.extent(&spec);
            // Each side of a crop has at least one pixel, whatever its proportions.
            prop_assert!(crop.x + w <= width && crop.y + h <= height);
            if crop.side >= MIN_CROP_SIDE {
                prop_assert!(crop.check(width, height, &spec).is_ok());
            }
        }

        #[test]
        fn any_crop_is_cut_or_refused(x in 0usize..200, y in 0usize..200, side in 0usize..200) {
            let spec = ImageSpec::plain(1, 16, 16);
            let files = [picture(90, 70, 1, Depth::Eight, |i| (i % 256) as f32)];
            let crop = Crop { x, y, side };
            let fits = side >= MIN_CROP_SIDE && x + side <= 90 && y + side <= 70;
            prop_assert_eq!(cut(&spec, &files, &assigned(&files, &spec), crop, None).is_ok(), fits);
        }
    }
}
