//! Where an experiment's images come from: files to decode, or cells to draw.

use std::path::PathBuf;

use cellflux_image::assign::{self, Assignment};
use cellflux_image::coding::Meaning;
use cellflux_image::crop::{self, Crop};
use cellflux_image::{ImageSpec, Picture};

use super::config::{Fit, ImageConfig};
use super::error::{DataError, Place};
use super::experiment::Entry;
use super::synthetic::Design;

/// Where an experiment's images come from.
#[derive(Clone, Debug)]
pub(super) enum Images {
    /// Files below a folder, all like the first.
    Files(Box<Files>),
    /// Cells drawn by a procedure.
    Synthetic(Box<Design>),
}

/// Files below a folder.
#[derive(Clone, Debug)]
pub(super) struct Files {
    folder: PathBuf,
    /// Which plane of a file is which channel of the model, as the first file suggests.
    assignment: Assignment,
    /// Planes, rows and columns of the first file.
    shape: [usize; 3],
    first: String,
    crop: Crop,
    meaning: Option<Meaning>,
}

impl Images {
    /// Files that must all be like the first, which is decoded here.
    pub(super) fn files(
        folder: PathBuf,
        first: &Entry,
        spec: &ImageSpec,
        config: &ImageConfig,
        place: impl Fn() -> Place + Copy,
    ) -> Result<Self, DataError> {
        let picture = open(&folder, first, place)?;
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
        let pictures = [picture];
        let assignment = assign::suggest(&pictures, spec)
            .and_then(|suggestion| suggestion.complete(&pictures, spec))
            .map_err(DataError::image(place))?;
        let crop = match config.fit {
            Fit::Centre => Crop::centred(width, height, spec),
            Fit::Whole => largest(width, height, spec),
        };
        Ok(Self::Files(Box::new(Files {
            folder,
            assignment,
            shape,
            first: first.image.to_string(),
            crop,
            meaning: config.meaning,
        })))
    }

    /// One image, coded bytes `[C, H, W]`.
    pub(super) fn load(
        &self,
        index: usize,
        entry: &Entry,
        spec: &ImageSpec,
        place: impl Fn() -> Place + Copy,
    ) -> Result<Vec<u8>, DataError> {
        let files = match self {
            Self::Synthetic(design) => return design.render(index, spec),
            Self::Files(files) => files,
        };
        let picture = open(&files.folder, entry, place)?;
        if shape(&picture) != files.shape {
            return Err(DataError::Shape {
                place: Box::new(place()),
                image: entry.image.to_string(),
                found: shown(shape(&picture)),
                expected: format!("{} as the first image, {}", shown(files.shape), files.first),
            });
        }
        let cut = crop::cut(spec, &[picture], &files.assignment, files.crop, files.meaning)
            .map_err(DataError::image(place))?;
        Ok(cut.bytes)
    }
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

fn open(folder: &std::path::Path, entry: &Entry, place: impl Fn() -> Place) -> Result<Picture, DataError> {
    let path = folder.join(&*entry.image);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => {
            return Err(DataError::MissingImage {
                place: Box::new(place()),
                image: path,
                source,
            });
        }
    };
    cellflux_image::decode(&entry.image, &bytes).map_err(DataError::image(place))
}

/// Planes, rows, columns.
fn shape(picture: &Picture) -> [usize; 3] {
    [picture.planes.len(), picture.height(), picture.width()]
}

fn shown([planes, height, width]: [usize; 3]) -> String {
    let channels = if planes == 1 { "channel" } else { "channels" };
    format!("{width} x {height} px in {planes} {channels}")
}
