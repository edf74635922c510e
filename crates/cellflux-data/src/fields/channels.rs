//! A field's channels: read from their files, and with the plate's illumination divided out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cellflux_image::assign::{self, Assignment, PlaneRef};
use cellflux_image::{ImageSpec, Picture};

use super::config::{FieldsConfig, Illumination, MissingField};
use super::field_table::{ChannelFile, FieldOfView, FieldTable};
use super::illumination::{Estimate, Surface};
use super::report::CropsReport;
use crate::containers::{self, ContainerError};
use crate::error::{DataError, Place};

pub(super) type Estimates = BTreeMap<(String, usize), Estimate>;

/// A field's channels, or none where one is damaged and such fields are left out; then `damaged` is told.
pub(super) fn or_left_out(
    channels: Result<Vec<Picture>, DataError>,
    config: &FieldsConfig,
    damaged: &mut Vec<String>,
) -> Result<Option<Vec<Picture>>, DataError> {
    match channels {
        Ok(channels) => Ok(Some(channels)),
        Err(error) if config.missing == MissingField::Skip && is_of_the_field(&error) => {
            damaged.push(error.to_string());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether an error is one of the field's files, and not of this program's build.
fn is_of_the_field(error: &DataError) -> bool {
    match error {
        DataError::Image { .. } | DataError::MissingImage { .. } => true,
        DataError::Container { reason, .. } => !matches!(**reason, ContainerError::NotBuilt { .. }),
        _ => false,
    }
}

/// The first pass: every field of a plate adds to its illumination. Damaged fields are left out where the
/// configuration allows it.
pub(super) fn estimate_illumination(
    config: &FieldsConfig,
    spec: &ImageSpec,
    fields: &mut FieldTable,
    damaged: &mut Vec<String>,
    progress: impl Fn(usize),
) -> Result<Estimates, DataError> {
    let mut estimates = Estimates::new();
    if config.illumination == Illumination::None {
        return Ok(estimates);
    }
    let mut whole = Vec::with_capacity(fields.list.len());
    for (number, field) in std::mem::take(&mut fields.list).into_iter().enumerate() {
        let channels = read_channels(spec, &field);
        let Some(channels) = or_left_out(channels, config, damaged)? else {
            continue;
        };
        for (index, picture) in channels.iter().enumerate() {
            let estimate = estimates.entry((field.plate.clone(), index)).or_default();
            for plane in picture.planes.iter().take(1) {
                estimate.add(&plane.values, plane.width, plane.height);
            }
        }
        progress(number + 1);
        whole.push(field);
    }
    fields.list = whole;
    Ok(estimates)
}

/// Divides a channel by its plate's illumination.
pub(super) fn flatten(
    spec: &ImageSpec,
    field: &FieldOfView,
    index: usize,
    picture: &mut Picture,
    estimates: &Estimates,
    report: &mut CropsReport,
) -> Result<(), DataError> {
    let Some(estimate) = estimates.get(&(field.plate.clone(), index)) else {
        return Ok(());
    };
    let (width, height) = (picture.width(), picture.height());
    let channel = spec
        .channels
        .get(index)
        .map_or("", |channel| channel.name.as_str());
    let name = format!("{} {channel}", field.plate);
    let surface = estimate.surface(width, height).ok_or_else(|| {
        DataError::config(
            "illumination",
            format!(
                "quadratic, but the fields of {name} determine no surface: none has cells, or nearly \
                all are on one side"
            ),
            "\"none\" for such fields",
        )
    })?;
    let (low, high) = surface.range(width, height);
    report.illumination.insert(name, (low, high, estimate.fields));
    divide(picture, &surface);
    Ok(())
}

/// The picture keeps the range that its file holds: its meaning is checked against that range, not against
/// the corrected numbers.
fn divide(picture: &mut Picture, surface: &Surface) {
    for plane in &mut picture.planes {
        surface.divide(&mut plane.values, plane.width, plane.height);
    }
}

/// Decodes a field's channels, all of one size: one file for each, or one for all of them.
pub(super) fn read_channels(spec: &ImageSpec, field: &FieldOfView) -> Result<Vec<Picture>, DataError> {
    if let [first, others @ ..] = field.files.as_slice()
        && !others.is_empty()
        && others.iter().all(|other| other.path == first.path)
    {
        return split(spec, first);
    }
    let mut pictures: Vec<Picture> = Vec::with_capacity(spec.channels.len());
    for file in &field.files {
        let ChannelFile { path, place } = file;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let picture = open(file)?;
        let picture = picture.merge_grey();
        let shape = |picture: &Picture| {
            format!(
                "{} x {} px in {} channels",
                picture.width(),
                picture.height(),
                picture.planes.len()
            )
        };
        if picture.planes.len() != 1 {
            return Err(DataError::Shape {
                place: Box::new(place.clone()),
                image: name.into_owned(),
                found: shape(&picture),
                expected: "one channel: fields are one file per channel, or one file for all".into(),
            });
        }
        pictures.push(picture);
    }
    Ok(pictures)
}

/// The channels of a field whose one file holds all of them: planes by their names, or else by their order.
fn split(spec: &ImageSpec, file: &ChannelFile) -> Result<Vec<Picture>, DataError> {
    let pictures = [open(file)?];
    let assignment = assign::suggest(&pictures, spec)
        .and_then(|suggestion| suggestion.complete(&pictures, spec))
        .map_err(DataError::image(|| file.place.clone()))?;
    let channels = assignment.resolve(&pictures).into_iter();
    let alone = channels.map(|(picture, plane)| Picture {
        name: picture.name.clone(),
        planes: vec![plane.clone()],
        depth: picture.depth,
        min: picture.min,
        max: picture.max,
        scale: picture.scale.clone(),
    });
    Ok(alone.collect())
}

/// Decodes a file under its whole path: the same file name may be in every folder.
fn open(file: &ChannelFile) -> Result<Picture, DataError> {
    let opened = containers::open(&file.path, &file.path.display().to_string());
    opened.map_err(|unopened| unopened.at(file.place.clone()))
}

impl FieldOfView {
    /// Each channel is its own picture's only plane.
    pub(super) fn assignment(&self, channels: &[Picture], spec: &ImageSpec) -> Result<Assignment, DataError> {
        let planes = (0..channels.len()).map(|picture| PlaneRef { picture, plane: 0 });
        Assignment::new(planes.collect(), channels, spec).map_err(DataError::image(|| self.place()))
    }

    /// Where the table names the field: its first file, for what concerns all of them.
    pub(super) fn place(&self) -> Place {
        self.files.first().map_or_else(
            || Place {
                file: PathBuf::new(),
                line: 0,
                column: String::new(),
            },
            |file| file.place.clone(),
        )
    }
}
