#![doc = include_str!("../README.md")]
//!
//! [`decode`] turns a file's bytes into text, and names the encoding or the kind of file where they are not
//! UTF-8. [`Table`] reads CSV and TSV. Lines end with LF, CRLF or CR, as in editors; blank lines and line
//! breaks inside quotes count.

mod encoding;
mod lines;
mod quotes;
mod table;
mod unpacked;

pub use encoding::{TextError, decode};
pub use lines::unix_lines;
pub use table::{Row, Table, TableError, delimiter};
