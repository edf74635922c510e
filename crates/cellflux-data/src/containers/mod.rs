//! Where images are: files below a folder, folders that are images in OME-Zarr, members of shards, or cells
//! of the table.

mod error;
#[cfg(feature = "zarr")]
mod ome_zarr;
#[cfg(feature = "parquet")]
mod rows;
#[cfg(feature = "tar")]
mod shards;
mod stamp;

use std::io;
use std::path::{Path, PathBuf};
#[cfg(any(feature = "parquet", feature = "tar"))]
use std::sync::Arc;

use cellflux_image::{ImageError, Picture};
use sha2::{Digest, Sha256};

use crate::error::{DataError, Place};
use crate::table::Table;

pub use error::ContainerError;
#[cfg(feature = "parquet")]
pub(crate) use rows::name as row_name;
use stamp::Stamp;

/// Where an experiment's images are.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    /// Below a folder, by their paths.
    Folder(PathBuf),
    /// In shards, by the shard's name and the member's.
    #[cfg(feature = "tar")]
    Shards(Arc<shards::Shards>),
    /// In a column of the table itself, by the number of the row.
    #[cfg(feature = "parquet")]
    Rows(Arc<rows::Rows>),
}

/// Why an image could not be opened.
#[derive(Debug)]
pub(crate) enum Unopened {
    /// It is missing, or the operating system refuses it.
    Missing {
        /// Where it should be.
        image: PathBuf,
        /// What the operating system says.
        reason: io::Error,
    },
    /// It is no picture that is read.
    Picture(Box<ImageError>),
    /// What it lies in is damaged.
    Container(Box<ContainerError>),
}

impl Unopened {
    /// The error for the cell that names the image.
    pub(crate) fn at(self, place: Place) -> DataError {
        let place = Box::new(place);
        match self {
            Self::Missing { image, reason } => DataError::MissingImage { place, image, reason },
            Self::Picture(reason) => DataError::Image { place, reason },
            Self::Container(reason) => DataError::Container {
                place: Some(place),
                reason,
            },
        }
    }
}

impl From<ImageError> for Unopened {
    fn from(error: ImageError) -> Self {
        Self::Picture(Box::new(error))
    }
}

impl From<ContainerError> for Unopened {
    fn from(error: ContainerError) -> Self {
        Self::Container(Box::new(error))
    }
}

impl Store {
    /// Decodes an image.
    pub(crate) fn open(&self, image: &str) -> Result<Picture, Unopened> {
        match self {
            Self::Folder(folder) => open(&folder.join(image), image),
            #[cfg(feature = "tar")]
            Self::Shards(shards) => Ok(cellflux_image::decode(image, &shards.read(image)?)?),
            #[cfg(feature = "parquet")]
            Self::Rows(rows) => Ok(cellflux_image::decode(image, &rows.read(image)?)?),
        }
    }

    /// Adds to a hash an image's name, and the length and time of every file that it is stored in.
    pub(crate) fn stamp(&self, image: &str, hash: &mut Sha256) -> Result<(), Unopened> {
        let stamps = match self {
            Self::Folder(folder) => stamps(&folder.join(image))?,
            #[cfg(feature = "tar")]
            Self::Shards(shards) => vec![shards.stamp(image)?],
            #[cfg(feature = "parquet")]
            Self::Rows(rows) => vec![rows.stamp(image)?],
        };
        hash.update(image.as_bytes());
        hash.update([0]);
        for stamp in stamps {
            stamp.add_to(hash);
        }
        Ok(())
    }
}

/// Decodes the image at a path, a file or a folder in OME-Zarr, which messages call `name`.
pub(crate) fn open(path: &Path, name: &str) -> Result<Picture, Unopened> {
    if is_zarr(path) {
        return zarr(path, name);
    }
    let bytes = cellflux_files::read(path).map_err(missing(path))?;
    Ok(cellflux_image::decode(name, &bytes)?)
}

/// Whether there is a file or a folder in OME-Zarr at a path; not whether it can be read.
pub(crate) fn exists(path: &Path) -> bool {
    path.is_file() || is_zarr(path)
}

/// The images in the column of this title, where a table is a Parquet file and the column holds images.
#[cfg(feature = "parquet")]
pub(crate) fn rows(table: &Path, title: &str) -> Result<Option<Store>, DataError> {
    let found = rows::Rows::of(table, title).map_err(|reason| DataError::Container {
        place: None,
        reason: Box::new(reason),
    })?;
    Ok(found.map(|rows| Store::Rows(Arc::new(rows))))
}

/// None in a build without Parquet.
#[cfg(not(feature = "parquet"))]
#[allow(
    clippy::unnecessary_wraps,
    reason = "a build with Parquet may refuse the table"
)]
pub(crate) fn rows(_table: &Path, _title: &str) -> Result<Option<Store>, DataError> {
    Ok(None)
}

/// The table and the images of shards.
#[cfg(feature = "tar")]
pub(crate) fn shards(path: &Path) -> Result<(Table, Store), DataError> {
    let found = shards::Shards::index(path).map_err(|reason| DataError::Container {
        place: None,
        reason: Box::new(reason),
    })?;
    let (shards, rows) = found;
    Ok((Table::of_rows(path, rows)?, Store::Shards(Arc::new(shards))))
}

/// What is said of shards in a build without them.
#[cfg(not(feature = "tar"))]
pub(crate) fn shards(path: &Path) -> Result<(Table, Store), DataError> {
    Err(DataError::Container {
        place: None,
        reason: Box::new(ContainerError::NotBuilt {
            file: path.to_owned(),
            kind: "a set of shards",
            feature: "tar",
        }),
    })
}

/// The files of which an image at a path consists.
fn stamps(path: &Path) -> Result<Vec<Stamp>, Unopened> {
    let files = if is_zarr(path) {
        zarr_files(path)?
    } else {
        vec![path.to_owned()]
    };
    let stamp = |file: &PathBuf| Stamp::of(file).map_err(missing(file));
    files.iter().map(stamp).collect()
}

fn missing(path: &Path) -> impl FnOnce(io::Error) -> Unopened {
    let image = path.to_owned();
    move |reason| Unopened::Missing { image, reason }
}

/// Whether a path is a folder that describes itself as Zarr, version 2 or 3.
fn is_zarr(path: &Path) -> bool {
    const DESCRIPTIONS: [&str; 4] = ["zarr.json", ".zgroup", ".zattrs", ".zarray"];
    path.is_dir() && DESCRIPTIONS.iter().any(|name| path.join(name).is_file())
}

#[cfg(feature = "zarr")]
fn zarr(path: &Path, name: &str) -> Result<Picture, Unopened> {
    ome_zarr::read(path, name)
}

#[cfg(feature = "zarr")]
fn zarr_files(path: &Path) -> Result<Vec<PathBuf>, Unopened> {
    ome_zarr::files(path)
}

/// What is said of OME-Zarr in a build without it.
#[cfg(not(feature = "zarr"))]
fn zarr(path: &Path, _name: &str) -> Result<Picture, Unopened> {
    Err(without_zarr(path))
}

#[cfg(not(feature = "zarr"))]
fn zarr_files(path: &Path) -> Result<Vec<PathBuf>, Unopened> {
    Err(without_zarr(path))
}

#[cfg(not(feature = "zarr"))]
fn without_zarr(path: &Path) -> Unopened {
    Unopened::from(ContainerError::NotBuilt {
        file: path.to_owned(),
        kind: "OME-Zarr",
        feature: "zarr",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(any(feature = "zarr", feature = "tar")))]
    fn a_build_without_a_reader_names_its_feature() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".zattrs"), "{}").unwrap();
        assert!(exists(folder.path()));
        let place = Place {
            file: "table.csv".into(),
            line: 2,
            column: "path".into(),
        };
        let refused = open(folder.path(), "a.zarr").unwrap_err().at(place).to_string();
        assert!(
            refused.starts_with("table.csv: line 2, column path: "),
            "{refused}"
        );
        assert!(refused.ends_with("built with --features zarr"), "{refused}");
        let refused = shards(folder.path()).err().map(|error| error.to_string());
        assert!(refused.is_some_and(|said| said.ends_with("built with --features tar")));
    }

    #[test]
    fn a_folder_without_a_description_is_no_image() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!exists(folder.path()) && !exists(&folder.path().join("a.png")));
        assert!(matches!(
            open(folder.path(), "a"),
            Err(Unopened::Missing { reason, .. }) if reason.kind() == io::ErrorKind::InvalidInput
        ));
    }
}
