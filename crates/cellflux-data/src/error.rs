//! What can be wrong with the data, as one sentence each, naming the file, the line and the column.

use std::path::{Path, PathBuf};

use cellflux_chem::ChemError;
use cellflux_image::ImageError;

use crate::containers::ContainerError;

/// A cell of a table: where a message points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The table.
    pub file: PathBuf,
    /// Its line as an editor counts; the header is line 1.
    pub line: u64,
    /// The column's title.
    pub column: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: line {}, column {}",
            self.file.display(),
            self.line,
            self.column
        )
    }
}

/// Why data could not be read, packed, paired or cut. A message is whole: it contains its reason, which is
/// therefore not offered again as a `source`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder that the operating system refused.
    #[error("{}: {doing}: {reason}", file.display())]
    File {
        /// The file or folder.
        file: PathBuf,
        /// What was attempted.
        doing: &'static str,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// A file that is not a table: unequal rows, text that is not UTF-8, nothing below the header.
    #[error("{}: {reason}", file.display())]
    Table {
        /// The table.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A column that is needed and missing.
    #[error("{}: line 1: no column {column} ({role}); the columns are {found}", file.display())]
    MissingColumn {
        /// The table.
        file: PathBuf,
        /// The title looked for.
        column: String,
        /// What the column is for.
        role: &'static str,
        /// The titles there are.
        found: String,
    },
    /// A cell that holds something it may not hold.
    #[error("{place}: found {found:?}, expected {expected}")]
    Cell {
        /// Which cell.
        place: Box<Place>,
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: String,
    },
    /// An image that the table names and that is missing or cannot be read.
    #[error("{place}: {}: {reason}", image.display())]
    MissingImage {
        /// The cell that names it.
        place: Box<Place>,
        /// Where it should be.
        image: PathBuf,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// More images are missing than may be left out.
    #[error(
        "{}: {missing} of {of} images are missing, more than the share of {at_most} that \
        data.missing_at_most allows; the first is {first}: expected the images of the table below {}",
        file.display(),
        folder.display()
    )]
    TooManyMissing {
        /// The table.
        file: Box<Path>,
        /// The folder of images.
        folder: Box<Path>,
        /// Images that are not there.
        missing: usize,
        /// Images that the table names, of those rows that are read.
        of: usize,
        /// The largest share that may be missing.
        at_most: f64,
        /// The first missing one's path below the folder.
        first: Box<str>,
    },
    /// An image that cannot be decoded, or holds other numbers than it should.
    #[error("{place}: {reason}")]
    Image {
        /// The cell that names it.
        place: Box<Place>,
        /// What is wrong with it.
        reason: Box<ImageError>,
    },
    /// A shard or an image in OME-Zarr that cannot be read.
    #[error("{}{reason}", prefix(place.as_deref()))]
    Container {
        /// The cell that names the image, where one does.
        place: Option<Box<Place>>,
        /// What is wrong.
        reason: Box<ContainerError>,
    },
    /// An image of another size or with another number of channels than the first.
    #[error("{place}: {image} is {found}, expected {expected}")]
    Shape {
        /// The cell that names it.
        place: Box<Place>,
        /// The image.
        image: String,
        /// Its size and channels.
        found: String,
        /// The size and channels that all images must have, and why.
        expected: String,
    },
    /// A structure that is none.
    #[error("{place}: compound {compound}: {reason}")]
    Smiles {
        /// The cell that holds it.
        place: Box<Place>,
        /// The compound.
        compound: String,
        /// What is wrong with it.
        reason: ChemError,
    },
    /// A compound that has no vector.
    #[error(
        "{place}: compound {compound} has no vector: {reason}; {others}give it one, or set \
        conditions.without_vector = \"skip\" to leave such compounds out"
    )]
    NoVector {
        /// The cell that first names the compound.
        place: Box<Place>,
        /// The compound.
        compound: String,
        /// Why it has none.
        reason: String,
        /// Which other compounds lack one, as part of a sentence; empty for none.
        others: String,
    },
    /// A compound or gene of which no table of vectors has a row.
    #[error(
        "{place}: {kind} {name} is in no row of {}; {others}add its row there, leave it out by name \
        (data.except = [{name:?}]), or set conditions.without_vector = \"skip\" to leave all such images out",
        listed(tables)
    )]
    NotInTable {
        /// The cell that first names it.
        place: Box<Place>,
        /// What was done to the cells, in words.
        kind: Box<str>,
        /// The compound or gene.
        name: Box<str>,
        /// The tables.
        tables: Box<[PathBuf]>,
        /// Which others are missing, as part of a sentence; empty for none.
        others: Box<str>,
    },
    /// A name of which two tables of vectors have a row.
    #[error(
        "{name} is in two tables of vectors, {} and {}, expected it in one of them",
        one.display(),
        other.display()
    )]
    InTwoTables {
        /// The name.
        name: String,
        /// The first table that has it.
        one: PathBuf,
        /// The second.
        other: PathBuf,
    },
    /// Treated images without a control of their own batch.
    #[error(
        "{place}: batch {batch} has {treated} treated images and no control in the {split} split ({batches} \
        such batches in all); set data.pairing.without_control to \"skip\" or \"any\", or pair by another \
        column"
    )]
    NoControl {
        /// The cell that first names the batch.
        place: Box<Place>,
        /// The batch.
        batch: String,
        /// The split.
        split: String,
        /// Its treated images in that split.
        treated: usize,
        /// Batches without a control in that split.
        batches: usize,
    },
    /// No images of a kind that is needed.
    #[error("{}: column {column}: {what}, expected at least one; {found}", file.display())]
    Nothing {
        /// The table.
        file: PathBuf,
        /// The column that decides.
        column: String,
        /// What is missing.
        what: String,
        /// What there is instead.
        found: String,
    },
    /// A key of the configuration that holds something impossible.
    #[error("{field} is {found}, expected {expected}")]
    Config {
        /// The key's path in the configuration.
        field: String,
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: String,
    },
    /// The images' own specification or pictures made here.
    #[error(transparent)]
    Picture(Box<ImageError>),
    /// A packed cache whose content is not what its description says, or which would not fit the disk.
    #[error("{}: {reason}", file.display())]
    Cache {
        /// The cache's file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A loader whose threads are gone.
    #[error("batch {position} could not be loaded: {reason}")]
    Loader {
        /// The batch's position in the run.
        position: u64,
        /// Why.
        reason: String,
    },
}

/// A place as the start of a message.
fn prefix(place: Option<&Place>) -> String {
    place.map_or_else(String::new, |place| format!("{place}: "))
}

fn listed(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    names.join(", ")
}

impl From<ImageError> for DataError {
    fn from(error: ImageError) -> Self {
        Self::Picture(Box::new(error))
    }
}

impl DataError {
    /// An image that the cell at `place` names and that cannot be used; for `map_err`.
    pub(crate) fn image(place: impl FnOnce() -> Place) -> impl FnOnce(ImageError) -> Self {
        |reason| Self::Image {
            place: Box::new(place()),
            reason: Box::new(reason),
        }
    }

    /// Wraps an operating system's error; for `map_err`.
    pub(crate) fn file(file: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let file = file.to_owned();
        move |reason| Self::File { file, doing, reason }
    }

    pub(crate) fn config(
        field: impl Into<String>,
        found: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Config {
            field: field.into(),
            found: found.to_string(),
            expected: expected.into(),
        }
    }
}
