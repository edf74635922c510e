//! Images in a column of a Parquet table: each cell holds a whole file, such as a PNG.
//!
//! Blocks of rows are read when one of their images is asked for, and a few of them are kept, since images
//! are asked for in about the order of the rows.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use parquet::basic::{ConvertedType, Type};
use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::stamp::Stamp;
use super::{ContainerError, Unopened};

/// Rows of a block.
const BLOCK: usize = 256;
/// Blocks that are kept: as many images as the packed cache decodes at once, and as many again.
const KEPT: usize = 4;
/// What an image's name begins with, before the number of its row, counted from 1.
const NAME: &str = "row ";

/// The name of the image in a row, counted from 0.
pub(crate) fn name(row: usize) -> String {
    format!("{NAME}{}", row + 1)
}

/// The images in one column of a table.
#[derive(Debug)]
pub(crate) struct Rows {
    file: PathBuf,
    stamp: Stamp,
    /// The column's number.
    column: usize,
    /// Rows of every row group, in order.
    groups: Vec<usize>,
    kept: Mutex<VecDeque<Block>>,
}

/// Images of successive rows; none where a cell is empty.
#[derive(Debug)]
struct Block {
    first: usize,
    images: Vec<Option<ByteArray>>,
}

impl Rows {
    /// The column of a Parquet table, if it is one and the column holds bytes that are not text.
    pub(super) fn of(path: &Path, title: &str) -> Result<Option<Self>, ContainerError> {
        let mut file = cellflux_files::open(path).map_err(ContainerError::file(path))?;
        let mut magic = [0; 4];
        if io::Read::read_exact(&mut file, &mut magic).is_err() || magic != *b"PAR1" {
            return Ok(None);
        }
        let reader = open(path)?;
        let about = reader.metadata();
        let columns = about.file_metadata().schema_descr().columns();
        let found = columns.iter().position(|column| {
            column.name() == title
                && column.path().parts().len() == 1
                && column.max_rep_level() == 0
                && column.physical_type() == Type::BYTE_ARRAY
                && column.converted_type() == ConvertedType::NONE
        });
        let Some(column) = found else {
            return Ok(None);
        };
        let groups = about.row_groups().iter();
        Ok(Some(Self {
            stamp: Stamp::of(path).map_err(ContainerError::file(path))?,
            file: path.to_owned(),
            column,
            groups: groups
                .map(|group| usize::try_from(group.num_rows()).unwrap_or(0))
                .collect(),
            kept: Mutex::default(),
        }))
    }

    /// An image's bytes.
    pub(super) fn read(&self, image: &str) -> Result<Vec<u8>, Unopened> {
        let row = self.row(image)?;
        // A block is there whole or not at all, also after a panic.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let held = kept.iter().position(|block| block.holds(row));
        let found = if let Some(at) = held {
            kept.get(at).and_then(|block| block.image(row))
        } else {
            let block = self.block(row)?;
            let found = block.image(row);
            kept.push_front(block);
            kept.truncate(KEPT);
            found
        };
        found.ok_or_else(|| self.missing(image))
    }

    /// The time of the file.
    pub(super) fn stamp(&self, image: &str) -> Result<Stamp, Unopened> {
        self.row(image).map(|_| self.stamp)
    }

    /// The row, counted from 0, that an image's name states.
    fn row(&self, image: &str) -> Result<usize, Unopened> {
        let number = image
            .strip_prefix(NAME)
            .and_then(|number| number.parse::<usize>().ok());
        let row = number.and_then(|number| number.checked_sub(1));
        row.ok_or_else(|| self.missing(image))
    }

    fn missing(&self, image: &str) -> Unopened {
        Unopened::Missing {
            image: self.file.join(image),
            reason: io::Error::new(io::ErrorKind::NotFound, "the cell holds no image"),
        }
    }

    /// Reads the block of a row, which does not go beyond its row group.
    fn block(&self, row: usize) -> Result<Block, ContainerError> {
        let wrong = |reason: String| ContainerError::Rows {
            file: self.file.clone(),
            row: row + 1,
            reason,
        };
        let damaged = |error: ParquetError| wrong(error.to_string());
        let mut start = 0;
        let mut place = None;
        for (number, &rows) in self.groups.iter().enumerate() {
            if row < start + rows {
                place = Some((number, rows));
                break;
            }
            start += rows;
        }
        let Some((group, rows)) = place else {
            return Err(wrong("the table has no such row".into()));
        };
        let before = (row - start) / BLOCK * BLOCK;
        let count = BLOCK.min(rows - before);
        let reader = open(&self.file)?;
        let reader = reader.get_row_group(group).map_err(damaged)?;
        let column = reader.get_column_reader(self.column).map_err(damaged)?;
        let ColumnReader::ByteArrayColumnReader(mut column) = column else {
            return Err(wrong("the column holds no bytes any more".into()));
        };
        column.skip_records(before).map_err(damaged)?;
        let (mut present, mut values) = (Vec::new(), Vec::new());
        let (read, _, levels) = column
            .read_records(count, Some(&mut present), None, &mut values)
            .map_err(damaged)?;
        if read != count {
            return Err(wrong(format!("its block has {read} rows, expected {count}")));
        }
        let mut values = values.into_iter();
        // Where every cell must have a value, there are no levels.
        let images = if levels == count && present.len() == count {
            present
                .into_iter()
                .map(|level| (level > 0).then(|| values.next()).flatten())
                .collect()
        } else {
            values.map(Some).collect()
        };
        Ok(Block {
            first: start + before,
            images,
        })
    }
}

impl Block {
    fn holds(&self, row: usize) -> bool {
        (self.first..self.first + self.images.len()).contains(&row)
    }

    /// The image of a row; none where its cell is empty, and for a row of another block.
    fn image(&self, row: usize) -> Option<Vec<u8>> {
        let image = self.images.get(row.checked_sub(self.first)?)?.as_ref()?;
        Some(image.data().to_vec())
    }
}

fn open(path: &Path) -> Result<SerializedFileReader<File>, ContainerError> {
    let file = cellflux_files::open(path).map_err(ContainerError::file(path))?;
    SerializedFileReader::new(file).map_err(|error| ContainerError::File {
        file: path.to_owned(),
        reason: io::Error::other(error),
    })
}
