//! An image in OME-Zarr: the finest level of one multiscale image, version 0.4 (Zarr 2) or 0.5 (Zarr 3).
//!
//! Every chunk is looked for before anything is decoded: Zarr takes a missing chunk for one of the fill
//! value, and a file that was lost looks the same. Of a sharded array the shards are looked for; which of
//! their inner chunks are left out only the shard knows.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cellflux_image::Picture;
use cellflux_image::picture::{Depth, Limits, Plane};
use cellflux_microscope::{PixelSize, Scale, Source, Unit, Untaken, unit};
use serde::Deserialize;
use zarrs::array::{Array, Element, ElementOwned, unravel_index};
use zarrs::filesystem::FilesystemStore;

use super::{ContainerError, Unopened};

/// What the group's attributes say of its image.
#[derive(Debug, Deserialize)]
struct Ome {
    #[serde(default)]
    multiscales: Vec<Multiscale>,
    omero: Option<Omero>,
}

/// An image in several sizes.
#[derive(Debug, Deserialize)]
struct Multiscale {
    axes: Vec<Axis>,
    /// The finest first.
    datasets: Vec<Level>,
    #[serde(default, rename = "coordinateTransformations")]
    transformations: Vec<Transformation>,
}

#[derive(Debug, Deserialize)]
struct Axis {
    name: String,
    unit: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Level {
    path: String,
    #[serde(default, rename = "coordinateTransformations")]
    transformations: Vec<Transformation>,
}

/// A scale for every axis; other transformations have none.
#[derive(Debug, Deserialize)]
struct Transformation {
    scale: Option<Vec<f64>>,
}

#[derive(Debug, Deserialize)]
struct Omero {
    #[serde(default)]
    channels: Vec<Channel>,
}

#[derive(Debug, Deserialize)]
struct Channel {
    label: Option<String>,
}

/// `zarr.json` of a group, of which only the attributes are wanted.
#[derive(Debug, Deserialize)]
struct Group {
    attributes: Attributes,
}

#[derive(Debug, Deserialize)]
struct Attributes {
    ome: Ome,
}

/// An image that is described and whose chunks are all there.
struct Image {
    array: Array<FilesystemStore>,
    /// Planes, rows, columns.
    shape: [usize; 3],
    /// The planes' names, as far as there are any.
    labels: Vec<Option<String>>,
    scale: Scale,
    /// Its description and its array's, then its chunks.
    files: Vec<PathBuf>,
    /// The chunks' keys, in the order of their numbers.
    chunks: Vec<String>,
}

/// Decodes the image in a folder, which messages call `name`.
pub(super) fn read(path: &Path, name: &str) -> Result<Picture, Unopened> {
    let image = Image::open(path, name)?;
    let kind = image.array.data_type();
    let picture = if u8::validate_data_type(kind).is_ok() {
        image.picture::<u8>(path, name, Depth::Eight)?
    } else if u16::validate_data_type(kind).is_ok() {
        image.picture::<u16>(path, name, Depth::Sixteen)?
    } else if f32::validate_data_type(kind).is_ok() {
        image.picture::<f32>(path, name, Depth::Float)?
    } else {
        return Err(described(
            path,
            "its numbers are of another kind, expected uint8, uint16 or float32",
        )
        .into());
    };
    Ok(picture)
}

/// The files of which the image consists.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, Unopened> {
    Ok(Image::open(path, &path.display().to_string())?.files)
}

impl Image {
    fn open(path: &Path, name: &str) -> Result<Self, Unopened> {
        let (ome, description) = describe(path)?;
        let Some(image) = ome.multiscales.first() else {
            return Err(described(
                path,
                "describes no image (multiscales); of a plate expected the path of one field, such as \
                plate.zarr/B/3/0",
            )
            .into());
        };
        let Some(level) = image.datasets.first() else {
            return Err(described(path, "its image has no level (datasets), expected at least one").into());
        };
        let wrong = |reason: String| described(path, reason);
        let store = FilesystemStore::new(path).map_err(|error| wrong(error.to_string()))?;
        let node = format!("/{}", level.path.trim_matches('/'));
        let array = Array::open(Arc::new(store), &node)
            .map_err(|error| wrong(format!("its level {} cannot be opened: {error}", level.path)))?;
        let shape = planes(&image.axes, array.shape()).map_err(wrong)?;
        let [count, height, width] = shape;
        Limits::default().check(name, width, height, count)?;
        let omero = ome.omero.map_or_else(Vec::new, |omero| omero.channels);
        let mut files = vec![description];
        let of_array = ["zarr.json", ".zarray"].map(|own| path.join(&level.path).join(own));
        files.extend(of_array.into_iter().filter(|file| file.is_file()));
        let chunks = chunks(path, &array)?;
        files.extend(chunks.iter().map(|key| path.join(key)));
        Ok(Self {
            shape,
            labels: omero.into_iter().map(|channel| channel.label).collect(),
            scale: scale(image, level),
            files,
            chunks,
            array,
        })
    }

    /// The planes with their names and the size of their pixels.
    fn picture<T: ElementOwned + Copy + Into<f32>>(
        &self,
        path: &Path,
        name: &str,
        depth: Depth,
    ) -> Result<Picture, Unopened> {
        let [count, height, width] = self.shape;
        let whole = self
            .array
            .retrieve_array_subset::<Vec<T>>(&self.array.subset_all());
        let values = match whole {
            Ok(values) => values,
            Err(error) => return Err(self.damaged::<T>(path, error.to_string()).into()),
        };
        // Other axes have one entry, so a plane follows the one before it.
        let planes: Vec<Plane> = values
            .chunks_exact((height * width).max(1))
            .take(count)
            .enumerate()
            .map(|(number, values)| Plane {
                name: self.labels.get(number).cloned().flatten(),
                width,
                height,
                values: values.iter().map(|&value| value.into()).collect(),
            })
            .collect();
        let mut picture = Picture::new(name, planes, depth)?;
        picture.scale = self.scale.clone();
        Ok(picture)
    }

    /// The error for an image that cannot be decoded: its first damaged chunk, each being decoded alone.
    fn damaged<T: ElementOwned>(&self, path: &Path, reason: String) -> ContainerError {
        for (number, chunk) in (0u64..).zip(&self.chunks) {
            let Some(indices) = unravel_index(number, self.array.chunk_grid_shape()) else {
                continue;
            };
            if let Err(error) = self.array.retrieve_chunk::<Vec<T>>(&indices) {
                return ContainerError::DamagedChunk {
                    image: path.to_owned(),
                    chunk: chunk.clone(),
                    reason: error.to_string(),
                };
            }
        }
        described(path, reason)
    }
}

/// What the folder's description says, and its file.
fn describe(path: &Path) -> Result<(Ome, PathBuf), ContainerError> {
    let damaged = |file: &Path, error: &serde_json::Error| {
        described(
            path,
            format!(
                "{}: {error}; expected the description of an image in OME-Zarr 0.4 or 0.5",
                file.display()
            ),
        )
    };
    let file = path.join("zarr.json");
    if file.is_file() {
        let bytes = cellflux_files::read(&file).map_err(ContainerError::file(&file))?;
        let group: Group = serde_json::from_slice(&bytes).map_err(|error| damaged(&file, &error))?;
        return Ok((group.attributes.ome, file));
    }
    let file = path.join(".zattrs");
    let bytes = cellflux_files::read(&file).map_err(ContainerError::file(&file))?;
    let ome = serde_json::from_slice(&bytes).map_err(|error| damaged(&file, &error))?;
    Ok((ome, file))
}

/// Planes, rows and columns of an array with these axes; in words why it is no stack of planes.
fn planes(axes: &[Axis], shape: &[u64]) -> Result<[usize; 3], String> {
    let names: Vec<String> = axes.iter().map(|axis| axis.name.to_lowercase()).collect();
    let wrong = || {
        let told = names
            .iter()
            .zip(shape)
            .map(|(name, length)| format!("{name} {length}"));
        format!(
            "its axes are {}, expected channels (c), rows (y) and columns (x), in this order, and one entry \
            of any other axis",
            told.collect::<Vec<_>>().join(", ")
        )
    };
    if names.len() != shape.len() {
        return Err(format!(
            "its description has {} axes and its array {}",
            names.len(),
            shape.len()
        ));
    }
    let ([others @ .., height, width], [rest @ .., y, x]) = (shape, names.as_slice()) else {
        return Err(wrong());
    };
    if y != "y" || x != "x" {
        return Err(wrong());
    }
    let length = |length: u64| usize::try_from(length).map_err(|_| wrong());
    let mut planes = 1;
    for (name, &count) in rest.iter().zip(others) {
        if name == "c" {
            planes = length(count)?;
        } else if count != 1 {
            return Err(wrong());
        }
    }
    Ok([planes, length(*height)?, length(*width)?])
}

/// The keys of all chunks, each of which is a file.
fn chunks(path: &Path, array: &Array<FilesystemStore>) -> Result<Vec<String>, ContainerError> {
    let grid = array.chunk_grid_shape();
    // As many as there are numbers in the image at most, which are within the limits.
    let count: u64 = grid.iter().product();
    let mut keys = Vec::new();
    for number in 0..count {
        let Some(indices) = unravel_index(number, grid) else {
            break;
        };
        let key = array.chunk_key(&indices).as_str().to_owned();
        if !path.join(&key).is_file() {
            return Err(ContainerError::MissingChunk {
                image: path.to_owned(),
                chunk: key,
            });
        }
        keys.push(key);
    }
    Ok(keys)
}

/// The size of a pixel, where both axes have a scale in a unit of length.
fn scale(image: &Multiscale, level: &Level) -> Scale {
    let axes = image.axes.len();
    let scales: Vec<&Vec<f64>> = level
        .transformations
        .iter()
        .chain(&image.transformations)
        .filter_map(|transformation| transformation.scale.as_ref())
        .filter(|scale| scale.len() == axes)
        .collect();
    let mut sizes = Vec::with_capacity(2);
    for (number, axis) in image.axes.iter().enumerate() {
        if !["x", "y"].contains(&axis.name.to_lowercase().as_str()) {
            continue;
        }
        let Some(name) = &axis.unit else {
            return Scale::default();
        };
        let um = match unit(name) {
            Some(Unit::Length(um)) => um,
            Some(Unit::None) => return Scale::default(),
            None => {
                return Scale {
                    pixel: None,
                    untaken: vec![Untaken::Unit {
                        found: format!("{:?}", name.chars().take(60).collect::<String>()),
                    }],
                };
            }
        };
        let factors = scales.iter().filter_map(|scale| scale.get(number));
        sizes.push(um * factors.product::<f64>());
    }
    match sizes.as_slice() {
        &[down, across] if !scales.is_empty() => match PixelSize::new(across, down, Source::OmeZarr) {
            Ok(pixel) => Scale {
                pixel: Some(pixel),
                untaken: Vec::new(),
            },
            Err(untaken) => Scale {
                pixel: None,
                untaken: vec![untaken],
            },
        },
        _ => Scale::default(),
    }
}

fn described(path: &Path, reason: impl Into<String>) -> ContainerError {
    ContainerError::Description {
        image: path.to_owned(),
        reason: reason.into(),
    }
}
