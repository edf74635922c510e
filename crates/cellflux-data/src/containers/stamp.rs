//! A file's length and time, by which a changed one is known.

use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

/// A file's length in bytes, and its time in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) length: u64,
    pub(super) nanoseconds: u128,
}

impl Stamp {
    /// Asks for the stamp of a regular file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let about = std::fs::metadata(path)?;
        if !about.is_file() {
            return Err(io::Error::other("is not a file"));
        }
        let time = about.modified()?;
        Ok(Self {
            length: about.len(),
            nanoseconds: time
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_nanos()),
        })
    }

    /// Adds the stamp to a hash.
    pub(super) fn add_to(self, hash: &mut Sha256) {
        hash.update(self.length.to_le_bytes());
        hash.update(self.nanoseconds.to_le_bytes());
    }
}
