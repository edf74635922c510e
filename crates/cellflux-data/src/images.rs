//! Where an experiment's images come from: files to decode, or cells to draw.

use cellflux_image::assign::{self, Assignment, Basis};
use cellflux_image::coding::{Clipped, Meaning};
use cellflux_image::crop::{self, CodedCrop, Crop};
use cellflux_image::{ImageSpec, Picture};
use cellflux_microscope::Scale;

use crate::config::{Fit, ImageConfig};
use crate::containers::Store;
use crate::entry::Entry;
use crate::error::{DataError, Place};
use crate::pixel_size::{contradiction, figures};
use crate::synthetic::Design;

/// Where an experiment's images come from.
#[derive(Clone, Debug)]
pub(super) enum Images {
    /// Files, all like the first.
    Files(Box<Files>),
    /// Cells drawn by a procedure.
    Synthetic(Box<Design>),
}

/// Files below a folder or in shards.
#[derive(Clone, Debug)]
pub(super) struct Files {
    store: Store,
    /// How planes are assigned to channels in the first file; every other file must allow the same.
    basis: Basis,
    /// Planes, rows and columns of the first file.
    shape: [usize; 3],
    first: String,
    crop: Crop,
    meaning: Option<Meaning>,
    /// What the first file says of the size of its pixels.
    scale: Scale,
}

impl Images {
    /// Files that must all be like the first, which is decoded here.
    pub(super) fn files(
        store: Store,
        first: &Entry,
        spec: &ImageSpec,
        config: &ImageConfig,
        place: impl Fn() -> Place + Copy,
    ) -> Result<Self, DataError> {
        let picture = open(&store, first, spec, place)?;
        let shape = shape(&picture);
        let [_, height, width] = shape;
        let smaller = height < spec.height || width < spec.width;
        if smaller && config.fit == Fit::Centre {
            return Err(DataError::Shape {
                place: Box::new(place()),
                image: first.image.to_string(),
                found: shown(shape),
                expected: format!(
                    "at least {} x {} px, the model's input (or data.image.fit = \"whole\" to resample)",
                    spec.width, spec.height
                ),
            });
        }
        let scale = picture.scale.clone();
        let (_, basis) = assigned(&[picture], spec).map_err(DataError::image(place))?;
        let crop = match config.fit {
            Fit::Centre => Crop::centred(width, height, spec),
            Fit::Whole => largest(width, height, spec),
        };
        Ok(Self::Files(Box::new(Files {
            store,
            basis,
            shape,
            first: first.image.to_string(),
            crop,
            meaning: config.meaning,
            scale,
        })))
    }

    /// What the first file says of the size of its pixels, and how many of them, along a row, are one of the
    /// model's; none for drawn cells.
    pub(super) fn scale(&self, spec: &ImageSpec) -> Option<(&Scale, f64)> {
        match self {
            Self::Synthetic(_) => None,
            Self::Files(files) => {
                let (width, _) = files.crop.extent(spec);
                Some((&files.scale, width as f64 / spec.width as f64))
            }
        }
    }

    /// One image, coded bytes `[C, H, W]`, and how much of it is clipped.
    pub(super) fn load(
        &self,
        index: usize,
        entry: &Entry,
        spec: &ImageSpec,
        place: impl Fn() -> Place + Copy,
    ) -> Result<CodedCrop, DataError> {
        let files = match self {
            Self::Synthetic(design) => {
                return Ok(CodedCrop {
                    bytes: design.render(index, spec)?,
                    clipped: Clipped::default(),
                });
            }
            Self::Files(files) => files,
        };
        let picture = open(&files.store, entry, spec, place)?;
        if shape(&picture) != files.shape {
            return Err(DataError::Shape {
                place: Box::new(place()),
                image: entry.image.to_string(),
                found: shown(shape(&picture)),
                expected: format!("{} as the first image, {}", shown(files.shape), files.first),
            });
        }
        if let Some((first, own)) = contradiction(&files.scale, &picture.scale) {
            return Err(DataError::Shape {
                place: Box::new(place()),
                image: entry.image.to_string(),
                found: format!("an image whose pixels are {} \u{b5}m wide", figures(own)),
                expected: format!("{} \u{b5}m as the first image's, {}", figures(first), files.first),
            });
        }
        let pictures = [picture];
        let (assignment, basis) = assigned(&pictures, spec).map_err(DataError::image(place))?;
        // One plane is one channel, with or without a name.
        if basis != files.basis && spec.channels.len() > 1 {
            let told = |basis: Basis| match basis {
                Basis::Names => "by their names",
                Basis::Order | Basis::Unclear => "by their order",
            };
            return Err(DataError::Shape {
                place: Box::new(place()),
                image: entry.image.to_string(),
                found: format!("an image whose channels are assigned {}", told(basis)),
                expected: format!("{} as the first image's, {}", told(files.basis), files.first),
            });
        }
        crop::cut(spec, &pictures, &assignment, files.crop, files.meaning).map_err(DataError::image(place))
    }
}

/// Which plane of a file is which channel of the model: by the names that the file gives its planes, by their
/// order where it gives none.
fn assigned(
    pictures: &[Picture],
    spec: &ImageSpec,
) -> Result<(Assignment, Basis), cellflux_image::ImageError> {
    let suggestion = assign::suggest(pictures, spec)?;
    Ok((suggestion.complete(pictures, spec)?, suggestion.basis))
}

/// The largest centred part of the model's proportions.
fn largest(width: usize, height: usize, spec: &ImageSpec) -> Crop {
    let at = |side: usize| {
        let crop = Crop { x: 0, y: 0, side };
        let (w, h) = crop.extent(spec);
        (w <= width && h <= height).then(|| Crop {
            x: (width - w) / 2,
            y: (height - h) / 2,
            side,
        })
    };
    // A picture too small even for one pixel of it is refused when it is cut.
    (1..=width.max(height))
        .rev()
        .find_map(at)
        .unwrap_or(Crop { x: 0, y: 0, side: 1 })
}

fn open(
    store: &Store,
    entry: &Entry,
    spec: &ImageSpec,
    place: impl Fn() -> Place,
) -> Result<Picture, DataError> {
    let picture = store
        .open(&entry.image)
        .map_err(|unopened| unopened.at(place()))?;
    // Grey that was saved in colours is one channel to a model of one.
    Ok(if spec.channels.len() == 1 {
        picture.merge_grey()
    } else {
        picture
    })
}

/// Planes, rows, columns.
fn shape(picture: &Picture) -> [usize; 3] {
    [picture.planes.len(), picture.height(), picture.width()]
}

fn shown([planes, height, width]: [usize; 3]) -> String {
    let channels = if planes == 1 { "channel" } else { "channels" };
    format!("{width} x {height} px in {planes} {channels}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use cellflux_image::npy;

    use super::*;
    use crate::PackedCache;
    use crate::fixtures::{Folder, SIDE};
    use crate::report::Report;

    /// An uncompressed TIFF of three 8-bit pages with [`SIDE`] pixels per side, page by page of one value,
    /// with these page names.
    fn tiff(pages: [(&str, u8); 3]) -> Vec<u8> {
        let pixels = SIDE * SIDE;
        let mut file = b"II*\0".to_vec();
        file.extend((8 + 3 * pixels as u32).to_le_bytes());
        for (_, value) in pages {
            file.extend(vec![value; pixels]);
        }
        for (number, (name, _)) in (0u32..).zip(pages) {
            let side = SIDE as u32;
            let entries: [(u16, u16, u32, u32); 8] = [
                (256, 3, 1, side),
                (257, 3, 1, side),
                (258, 3, 1, 8),
                (262, 3, 1, 1),
                (273, 4, 1, 8 + number * pixels as u32),
                (278, 3, 1, side),
                (279, 4, 1, pixels as u32),
                (285, 2, 8, file.len() as u32 + 2 + 8 * 12 + 4),
            ];
            file.extend(8u16.to_le_bytes());
            for (tag, kind, count, value) in entries {
                file.extend(tag.to_le_bytes());
                file.extend(kind.to_le_bytes());
                file.extend(count.to_le_bytes());
                file.extend(value.to_le_bytes());
            }
            let next = if number == 2 { 0 } else { file.len() as u32 + 4 + 8 };
            file.extend(next.to_le_bytes());
            file.extend(name.bytes().chain([0; 8]).take(8));
        }
        file
    }

    #[test]
    fn planes_named_in_the_file_become_the_channels_of_those_names_in_every_file() {
        let folder = Folder::usual();
        let write = |name: &str, pages| fs::write(folder.path().join(name), tiff(pages)).unwrap();
        for name in [
            "a0.png", "a1.png", "a3.png", "b0.png", "b1.png", "b2.png", "b3.png",
        ] {
            write(name, [("DNA", 1), ("tubulin", 2), ("actin", 3)]);
        }
        // Another file may hold them in another order.
        write("a2.png", [("tubulin", 2), ("actin", 3), ("DNA", 1)]);
        let experiment = folder.read().unwrap();
        for index in 0..8 {
            let image = experiment.load(index).unwrap();
            let first: Vec<u8> = image.iter().copied().step_by(SIDE * SIDE).collect();
            assert_eq!(first, [3, 2, 1], "image {index}");
        }
        // A file without names among them would be read by its order.
        write("a2.png", [("", 1), ("", 2), ("", 3)]);
        let error = experiment.load(2).unwrap_err().to_string();
        assert!(
            error.ends_with(
                "line 4, column path: a2.png is an image whose channels are assigned by their order, \
                expected by their names as the first image's, a0.png"
            ),
            "{error}"
        );
        write("a0.png", [("Mito", 1), ("ER", 2), ("RNA", 3)]);
        let error = folder.read().unwrap_err().to_string();
        assert!(
            error.contains("actin: no plane is named like it among Mito, ER, RNA"),
            "{error}"
        );
    }

    fn one_channel(folder: &Folder) -> crate::DataConfig {
        let mut config = folder.config();
        config.image.channels = vec![ImageSpec::bbbc021(SIDE, SIDE).channels.remove(2)];
        config
    }

    #[test]
    fn grey_saved_in_colours_trains_a_model_of_one_channel() {
        let folder = Folder::usual();
        folder.write_image("a1.png", 1, SIDE, SIDE, 3);
        let experiment = crate::read_experiment(&one_channel(&folder)).unwrap();
        for index in 0..8 {
            assert_eq!(
                experiment.load(index).unwrap(),
                vec![index as u8 + 2; SIDE * SIDE]
            );
        }
    }

    #[test]
    fn floating_point_outside_its_range_stops_training_and_what_is_clipped_is_told() {
        let folder = Folder::usual();
        let write = |value: f32, black: f32| {
            let mut values = vec![value; SIDE * SIDE];
            values[..SIDE].fill(black);
            for line in 0..4 {
                for batch in ["a", "b"] {
                    let bytes = npy::write_f32(&[SIDE, SIDE], &values).unwrap();
                    fs::write(folder.path().join(format!("{batch}{line}.png")), bytes).unwrap();
                }
            }
        };
        let mut config = one_channel(&folder);
        write(200.0, 0.0);
        let error = crate::read_experiment(&config)
            .unwrap()
            .load(0)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(
                "line 2, column path: a0.png holds numbers from 0 to 200, expected light from 0 to 1"
            )
        );
        assert!(
            error.contains("meaning = { kind = \"coded\" } or { kind = \"linear\", black = 0, white = 255 }")
        );
        // The network's own range is stated, and read without clipping.
        write(0.5, -1.0);
        let refused = crate::read_experiment(&config)
            .unwrap()
            .load(0)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("meaning = { kind = \"model\" }"), "{refused}");
        config.image.meaning = Some(Meaning::Model);
        let image = crate::read_experiment(&config).unwrap().load(0).unwrap();
        assert_eq!((image[0], image[SIDE * SIDE - 1]), (0, 191));
        // A little beyond is clipped, and counted at both ends.
        write(1.04, -0.04);
        config.image.meaning = None;
        let experiment = crate::read_experiment(&config).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let cache = PackedCache::open(&experiment, dir.path()).unwrap();
        let report = Report::of(&experiment).with_values(&cache).to_string();
        assert!(
            report.contains(
                "clipped     6.250 % of the pixels darker than black, 93.750 % brighter than full scale"
            ),
            "{report}"
        );
    }
}
