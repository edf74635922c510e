//! A table with titles, read row by row.

use std::collections::HashSet;
use std::io::{self, Cursor, Read};
use std::path::Path;

use crate::encoding::{self, TextError};
use crate::lines::{Counted, LineStarts};
use crate::quotes::Unclosed;
use crate::unpacked::unpacked;

/// Why a table cannot be read. Messages name the line as an editor shows it, but not the file, which the
/// caller knows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The stream broke off.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The bytes are not UTF-8 text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// There is no header, or one without a title.
    #[error("has no header, expected a first line of column titles")]
    NoHeader,
    /// A header whose titles are separated by another delimiter.
    #[error(
        "has titles separated by {found}, expected {expected} (commas in .csv, tabs in .tsv); save the \
        table with those"
    )]
    Delimiter {
        /// What parts them, in words.
        found: &'static str,
        /// What should.
        expected: &'static str,
    },
    /// Two columns with one title: it is not clear which is meant.
    #[error("has two columns called {title:?} (columns {first} and {second}), expected each title once")]
    TitleTwice {
        /// The title.
        title: String,
        /// The first of the two columns, from 1.
        first: usize,
        /// The second, from 1.
        second: usize,
    },
    /// A quote that makes everything below it part of one cell.
    #[error(
        "line {line}: a cell begins with a quote that is never closed; close it, or double a quote that \
        belongs to the text"
    )]
    UnclosedQuote {
        /// The line of the quote, from 1.
        line: u64,
    },
    /// A row of another length than the header.
    #[error("line {line}: {found} cells, expected {expected} as in the header")]
    Cells {
        /// The line on which the row starts, from 1.
        line: u64,
        /// Cells found.
        found: usize,
        /// Columns of the header.
        expected: usize,
    },
}

/// One row below the header.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The line on which it starts, as an editor numbers it, from 1.
    pub line: u64,
    /// As many cells as there are titles, without surrounding white space.
    pub cells: csv::StringRecord,
}

/// An open table (CSV, or with another delimiter) whose header has been read.
///
/// ```
/// let mut table = cellflux_table::Table::new(&b"name,dose\r\n\r\n\"two\r\nlines\",1\r\nx,2\r\n"[..], b',')?;
/// let mut row = cellflux_table::Row::default();
/// let mut lines = Vec::new();
/// while table.read(&mut row)? {
///     lines.push(row.line);
/// }
/// assert_eq!(lines, [3, 5]);
/// # Ok::<(), cellflux_table::TableError>(())
/// ```
pub struct Table<'a> {
    titles: Vec<String>,
    reader: csv::Reader<Counted<Box<dyn Read + 'a>>>,
    starts: LineStarts,
    unclosed: Unclosed,
    bytes: csv::ByteRecord,
}

impl<'a> Table<'a> {
    /// Opens a table of UTF-8 text, with or without a byte order mark, whose cells are separated by
    /// `delimiter`; one that is compressed with gzip is unpacked, up to 1 GiB.
    ///
    /// # Errors
    /// [`TableError`] for another encoding or kind of file, for no header, and for two columns of one title.
    pub fn new(source: impl Read + 'a, delimiter: u8) -> Result<Self, TableError> {
        let mut source: Box<dyn Read + 'a> = Box::new(source);
        let mut start = Vec::new();
        source.by_ref().take(512).read_to_end(&mut start)?;
        let mut source = unpacked(start, source);
        let mut start = Vec::new();
        source.by_ref().take(512).read_to_end(&mut start)?;
        let mark = encoding::check_start(&start)?;
        let start = start.split_off(mark);
        let whole: Box<dyn Read + 'a> = Box::new(Cursor::new(start).chain(source));
        let (counted, starts, unclosed) = Counted::new(whole, delimiter);
        // The header is read like a row, so that its lines and its encoding are checked in the same way.
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(counted);
        let mut table = Self {
            titles: Vec::new(),
            reader,
            starts,
            unclosed,
            bytes: csv::ByteRecord::new(),
        };
        let mut header = Row::default();
        if !table.next(&mut header)? || header.cells.iter().all(str::is_empty) {
            return Err(TableError::NoHeader);
        }
        check_delimiter(&header.cells, delimiter)?;
        table.titles = header.cells.iter().map(str::to_owned).collect();
        let mut seen = HashSet::new();
        for (index, title) in table.titles.iter().enumerate() {
            if !title.is_empty() && !seen.insert(title.as_str()) {
                let first = table.titles.iter().position(|found| found == title);
                return Err(TableError::TitleTwice {
                    title: title.clone(),
                    first: first.unwrap_or_default() + 1,
                    second: index + 1,
                });
            }
        }
        Ok(table)
    }

    /// The column titles in the file's order.
    pub fn titles(&self) -> &[String] {
        &self.titles
    }

    /// Reads the next row into `row`; false at the end. Blank lines are skipped.
    ///
    /// # Errors
    /// [`TableError::UnclosedQuote`], [`TableError::Cells`] for a row of another length than the header,
    /// [`TableError::Text`] for text that is not UTF-8, [`TableError::Io`] where the stream breaks off.
    pub fn read(&mut self, row: &mut Row) -> Result<bool, TableError> {
        if !self.next(row)? {
            return Ok(false);
        }
        if row.cells.len() == self.titles.len() {
            return Ok(true);
        }
        Err(TableError::Cells {
            line: row.line,
            found: row.cells.len(),
            expected: self.titles.len(),
        })
    }

    fn next(&mut self, row: &mut Row) -> Result<bool, TableError> {
        let found = self.reader.read_byte_record(&mut self.bytes).map_err(|error| {
            let message = error.to_string();
            match error.into_kind() {
                csv::ErrorKind::Io(error) => TableError::Io(error),
                _ => TableError::Io(io::Error::other(message)),
            }
        })?;
        if let Some(line) = self.unclosed.line() {
            return Err(TableError::UnclosedQuote { line });
        }
        if !found {
            return Ok(false);
        }
        let offset = self.bytes.position().map_or(0, csv::Position::byte);
        row.line = self.starts.line_at(offset);
        let line = row.line;
        row.cells = csv::StringRecord::from_byte_record(self.bytes.clone()).map_err(|error| {
            let at = error.utf8_error().clone();
            let cells = error.into_byte_record();
            let cell = cells.get(at.field()).unwrap_or_default();
            let above = cells
                .iter()
                .take(at.field())
                .map(crate::lines::breaks)
                .sum::<u64>();
            let before = cell.get(..at.valid_up_to()).unwrap_or_default();
            encoding::latin1(
                line + above + crate::lines::breaks(before),
                cell.get(at.valid_up_to()).copied(),
            )
        })?;
        row.cells.trim();
        Ok(true)
    }
}

/// What separates the cells of a table of this name: tabs in `.tsv` and `.tsv.gz`, commas in every other.
///
/// ```
/// assert_eq!(cellflux_table::delimiter("genes.TSV.gz".as_ref()), b'\t');
/// assert_eq!(cellflux_table::delimiter("genes.csv".as_ref()), b',');
/// ```
pub fn delimiter(path: &Path) -> u8 {
    let ends = |path: &Path, known: &str| {
        path.extension()
            .is_some_and(|found| found.eq_ignore_ascii_case(known))
    };
    let unzipped = if ends(path, "gz") {
        path.with_extension("")
    } else {
        path.to_owned()
    };
    if ends(&unzipped, "tsv") { b'\t' } else { b',' }
}

/// What may separate the cells of a table, in words.
const DELIMITERS: [(u8, &str); 3] = [(b',', "commas"), (b';', "semicolons"), (b'\t', "tabs")];

/// Refuses a header of one cell that another delimiter would divide: spreadsheet programs write the delimiter
/// that is usual in their language.
fn check_delimiter(header: &csv::StringRecord, delimiter: u8) -> Result<(), TableError> {
    let (1, Some(only)) = (header.len(), header.get(0)) else {
        return Ok(());
    };
    let expected = DELIMITERS.iter().find(|(byte, _)| *byte == delimiter);
    // A title in quotes may hold the right one.
    let other = |(byte, _): &&(u8, &str)| *byte != delimiter && only.contains(char::from(*byte));
    match (DELIMITERS.iter().find(other), expected) {
        (Some((_, found)), Some((_, expected))) => Err(TableError::Delimiter { found, expected }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_is_never_closed_takes_no_row_with_it_in_silence() {
        for (text, line) in [
            ("a,b\n1,\"open\n2,3\n4,5\n", Some(2)),
            ("a,b\r\n1,\"x\ny\"\r\n\"2,3", Some(4)),
            ("\"a,b\n1,2\n", Some(1)),
            ("a,b\n1,5\" pipe\n2,\"say \"\"hi\"\"\"\n", None),
        ] {
            let read = || {
                let mut table = Table::new(text.as_bytes(), b',')?;
                let mut row = Row::default();
                while table.read(&mut row)? {}
                Ok(())
            };
            match (read(), line) {
                (Ok(()), None) => {}
                (Err(TableError::UnclosedQuote { line: found }), Some(line)) => {
                    assert_eq!(found, line, "{text}");
                }
                (other, _) => panic!("{other:?} for {text}"),
            }
        }
    }

    fn lines(text: &str) -> Vec<(u64, String)> {
        let mut table = Table::new(text.as_bytes(), b',').unwrap();
        let mut row = Row::default();
        let mut found = Vec::new();
        while table.read(&mut row).unwrap() {
            found.push((row.line, row.cells[0].to_owned()));
        }
        found
    }

    fn refused(bytes: &[u8]) -> String {
        let mut table = match Table::new(bytes, b',') {
            Ok(table) => table,
            Err(error) => return error.to_string(),
        };
        let mut row = Row::default();
        loop {
            match table.read(&mut row) {
                Ok(true) => {}
                Ok(false) => panic!("nothing is refused"),
                Err(error) => return error.to_string(),
            }
        }
    }

    #[test]
    fn lines_are_numbered_as_an_editor_does_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["name,b", "x,1", "", "", "\"two", "lines\",2", "y,3", "z,4"].join(end);
            let found = lines(&text);
            let numbers: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
            assert_eq!(numbers, [2, 5, 7, 8], "{end:?}");
            assert_eq!(found[1].0, 5);
            // Blank lines before the header, a byte order mark, and a short row at the end.
            let text = format!("\u{feff}{end}{end}name,b{end}x,1{end}{end}y{end}");
            assert_eq!(
                lines(&text[..text.len() - 1 - 2 * end.len()]),
                [(4, "x".to_owned())]
            );
            assert_eq!(
                refused(text.as_bytes()),
                "line 6: 1 cells, expected 2 as in the header"
            );
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "fifty thousand rows")]
    fn numbers_stay_right_in_a_table_longer_than_any_buffer() {
        let rows = (0..50_000).map(|index| format!("row {index},\"a\r\nb\"\r\n"));
        let text: String = std::iter::once("name,text\r\n".to_owned()).chain(rows).collect();
        for (index, (line, name)) in lines(&text).into_iter().enumerate() {
            assert_eq!((line, name), (2 + 2 * index as u64, format!("row {index}")));
        }
    }

    #[test]
    fn two_columns_of_one_title_are_refused_by_title_and_place() {
        assert_eq!(
            refused(b"dose,name,dose\n1,a,2\n"),
            "has two columns called \"dose\" (columns 1 and 3), expected each title once"
        );
        // Empty titles do not count; spreadsheet programs write them for columns that were once used.
        assert_eq!(lines("name,,\nx,,\n").len(), 1);
    }

    #[test]
    fn a_table_with_another_delimiter_is_told_so() {
        assert_eq!(
            refused(b"name;dose\nx;1\n"),
            "has titles separated by semicolons, expected commas (commas in .csv, tabs in .tsv); save the \
            table with those"
        );
        assert!(refused(b"name\tdose\nx\t1\n").contains("separated by tabs, expected commas"));
        // One column needs no delimiter, and a title among others may hold any.
        assert_eq!(lines("name\nx\n").len(), 1);
        assert_eq!(lines("name,dose; uM\nx,1\n").len(), 1);
    }

    #[test]
    fn another_encoding_is_called_by_its_name_and_line() {
        assert!(refused(b"name,b\rx,1\ry,caf\xe9\r").contains("line 3: byte 0xe9 is not UTF-8"));
        assert!(refused(b"n\xe4me,b\n").contains("line 1"));
        assert!(refused(b"PK\x03\x04\0\0").contains(".xlsx"));
        assert!(refused(b"\xff\xfen\0,\0").contains("UTF-16"));
        assert!(refused(b"").contains("no header") && refused(b",,\n").contains("no header"));
    }
}
