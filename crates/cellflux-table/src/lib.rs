//! Text and tables that people bring: the encoding by name, rows with the line numbers that an editor shows.
//!
//! [`decode`] turns a file's bytes into text, and names the encoding or the kind of file where they are not
//! UTF-8. [`Table`] reads CSV and TSV row by row, from a stream of any length. Lines end with LF, CRLF or CR,
//! as editors have it; blank lines and line breaks inside quotes count.

mod encoding;
mod lines;
mod quotes;
mod table;

pub use encoding::{TextError, decode};
pub use lines::unix_lines;
pub use table::{Row, Table, TableError, delimiter};
