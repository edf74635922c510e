//! The titles of a table's columns, for messages that point at one.

use std::path::PathBuf;

use crate::error::Place;

/// The table and its columns' titles, for messages.
#[derive(Clone, Debug)]
pub(crate) struct Titles {
    pub(crate) table: PathBuf,
    pub(crate) image: String,
    pub(crate) split: String,
    pub(crate) state: String,
    pub(crate) compound: String,
    pub(crate) batch: String,
    pub(crate) dose: String,
    pub(crate) smiles: String,
}

impl Titles {
    pub(crate) fn place(&self, column: &str, line: u32) -> Place {
        Place {
            file: self.table.clone(),
            line: u64::from(line),
            column: column.to_owned(),
        }
    }
}
