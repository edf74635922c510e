//! A table with titles: CSV or TSV, plain or gzip, and Parquet where the crate is built with its feature,
//! read row by row. Every message points at a line and a column.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::error::{DataError, Place};

/// The first bytes of a Parquet file.
const PARQUET: [u8; 4] = *b"PAR1";

/// An open table whose header has been read.
pub struct Table {
    file: PathBuf,
    titles: Vec<String>,
    reader: cellflux_table::Table<'static>,
}

/// A column that was found.
#[derive(Clone, Debug)]
pub struct Column {
    index: usize,
    title: String,
}

/// One row below the header.
pub struct Row<'a> {
    file: &'a Path,
    /// Its line in the file; the header is line 1.
    pub line: u64,
    cells: &'a csv::StringRecord,
}

impl Table {
    /// Opens a table: tab-separated where the name ends in `.tsv` (`.tsv.gz`), comma-separated otherwise;
    /// gzip and Parquet are recognised by their first bytes. A row of Parquet is the line after the one
    /// before it.
    ///
    /// # Errors
    /// [`DataError::File`] where it cannot be opened, [`DataError::Table`] without a header, and for Parquet
    /// in a build without it.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let mut file = cellflux_files::open(path).map_err(DataError::file(path, "cannot be opened"))?;
        let mut magic = [0; 4];
        let long = file.read_exact(&mut magic).is_ok();
        let file = cellflux_files::open(path).map_err(DataError::file(path, "cannot be opened"))?;
        let (bytes, delimiter): (Box<dyn Read>, u8) = match magic {
            PARQUET if long => (parquet(path, file)?, b','),
            [0x1f, 0x8b, ..] if long => (
                Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
                cellflux_table::delimiter(path),
            ),
            _ => (Box::new(file), cellflux_table::delimiter(path)),
        };
        Self::of_text(path, bytes, delimiter)
    }

    /// A table whose rows were made from the file or folder that messages point at, as CSV.
    ///
    /// # Errors
    /// [`DataError::Table`] without a header.
    #[cfg(feature = "tar")]
    pub(crate) fn of_rows(origin: &Path, rows: Vec<u8>) -> Result<Self, DataError> {
        Self::of_text(origin, std::io::Cursor::new(rows), b',')
    }

    fn of_text(path: &Path, text: impl Read + 'static, delimiter: u8) -> Result<Self, DataError> {
        let reader = cellflux_table::Table::new(text, delimiter).map_err(|error| unreadable(path, &error))?;
        Ok(Self {
            file: path.to_owned(),
            titles: reader.titles().to_vec(),
            reader,
        })
    }

    /// The column titles in the file's order.
    pub fn titles(&self) -> &[String] {
        &self.titles
    }

    /// A column by its title, if it is there.
    pub fn find(&self, title: &str) -> Option<Column> {
        let index = self.titles.iter().position(|found| found == title)?;
        Some(self.at(index))
    }

    /// A column by its title; `role` says in the message what it is for.
    ///
    /// # Errors
    /// [`DataError::MissingColumn`] listing the columns that there are.
    pub fn column(&self, title: &str, role: &'static str) -> Result<Column, DataError> {
        self.find(title).ok_or_else(|| DataError::MissingColumn {
            file: self.file.clone(),
            column: title.to_owned(),
            role,
            found: shortened(&self.titles),
        })
    }

    /// The column at an index below the number of titles.
    pub fn at(&self, index: usize) -> Column {
        Column {
            index,
            title: self.titles.get(index).cloned().unwrap_or_default(),
        }
    }

    /// Calls `each` for every row, in order.
    ///
    /// # Errors
    /// [`DataError::Table`] for a row of another length than the header or text that is not UTF-8; whatever
    /// `each` returns.
    pub fn for_each_row(
        mut self,
        mut each: impl FnMut(&Row<'_>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut read = cellflux_table::Row::default();
        while self
            .reader
            .read(&mut read)
            .map_err(|error| unreadable(&self.file, &error))?
        {
            each(&Row {
                file: &self.file,
                line: read.line,
                cells: &read.cells,
            })?;
        }
        Ok(())
    }
}

/// A Parquet file as the text of a table.
#[cfg(feature = "parquet")]
fn parquet(path: &Path, file: File) -> Result<Box<dyn Read>, DataError> {
    match crate::parquet_table::RowsAsCsv::open(file) {
        Ok(rows) => Ok(Box::new(rows)),
        Err(error) => Err(DataError::Table {
            file: path.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// What is said of Parquet in a build without it.
#[cfg(not(feature = "parquet"))]
#[allow(
    clippy::needless_pass_by_value,
    reason = "a build with Parquet takes the file"
)]
fn parquet(path: &Path, _file: File) -> Result<Box<dyn Read>, DataError> {
    Err(DataError::Table {
        file: path.to_owned(),
        reason:
            "is a Parquet file, which this program reads only where it is built with --features parquet; \
            expected CSV or TSV"
                .into(),
    })
}

impl Column {
    /// The column's title.
    pub fn title(&self) -> &str {
        &self.title
    }
}

impl Row<'_> {
    /// A cell's text without surrounding white space.
    pub fn text(&self, column: &Column) -> &str {
        self.cells.get(column.index).unwrap_or_default()
    }

    /// A cell's text, which must not be empty.
    ///
    /// # Errors
    /// [`DataError::Cell`] naming the cell.
    pub fn filled(&self, column: &Column, expected: &str) -> Result<&str, DataError> {
        match self.text(column) {
            "" => Err(self.wrong(column, expected)),
            text => Ok(text),
        }
    }

    /// A cell's number from 0 up; none where the cell is empty.
    ///
    /// # Errors
    /// [`DataError::Cell`] naming the cell.
    pub fn amount(&self, column: &Column) -> Result<Option<f64>, DataError> {
        match self.text(column) {
            "" => Ok(None),
            text => match text.parse::<f64>() {
                Ok(value) if value.is_finite() && value >= 0.0 => Ok(Some(value)),
                _ => Err(self.wrong(column, "a number from 0 up, or nothing")),
            },
        }
    }

    /// Where a cell is, for messages.
    pub fn place(&self, column: &Column) -> Place {
        self.place_in(column.title.clone())
    }

    /// A place in this row, in the column of this title.
    pub fn place_in(&self, column: String) -> Place {
        Place {
            file: self.file.to_owned(),
            line: self.line,
            column,
        }
    }

    /// The error for a cell that holds something it may not hold.
    pub fn wrong(&self, column: &Column, expected: impl Into<String>) -> DataError {
        DataError::Cell {
            place: Box::new(self.place(column)),
            found: self.text(column).to_owned(),
            expected: expected.into(),
        }
    }
}

/// A table being written, comma-separated.
pub(super) struct TableWriter {
    file: PathBuf,
    writer: csv::Writer<File>,
}

impl TableWriter {
    /// Starts a table with its titles.
    pub(super) fn create(file: PathBuf, titles: &[&str]) -> Result<Self, DataError> {
        let handle = File::create(&file).map_err(DataError::file(&file, "cannot be written"))?;
        let mut table = Self {
            file,
            writer: csv::Writer::from_writer(handle),
        };
        table.row(titles)?;
        Ok(table)
    }

    /// Writes a row of as many cells as there are titles.
    pub(super) fn row(&mut self, cells: &[impl AsRef<[u8]>]) -> Result<(), DataError> {
        self.writer
            .write_record(cells)
            .map_err(|error| broken(&self.file, &error))
    }

    /// Writes what is still in memory.
    pub(super) fn finish(mut self) -> Result<(), DataError> {
        self.writer
            .flush()
            .map_err(DataError::file(&self.file, "cannot be written"))
    }
}

fn unreadable(file: &Path, error: &cellflux_table::TableError) -> DataError {
    DataError::Table {
        file: file.to_owned(),
        reason: error.to_string(),
    }
}

fn broken(file: &Path, error: &csv::Error) -> DataError {
    DataError::Table {
        file: file.to_owned(),
        reason: error.to_string(),
    }
}

/// Titles in a message: a fingerprint table has a thousand.
fn shortened(titles: &[String]) -> String {
    const SHOWN: usize = 24;
    let list: Vec<&str> = titles.iter().take(SHOWN).map(String::as_str).collect();
    let list = list.join(", ");
    if titles.len() > SHOWN {
        format!("{list}, ... ({} in all)", titles.len())
    } else {
        list
    }
}
