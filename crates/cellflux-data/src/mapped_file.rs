//! A file mapped into memory, read only: the one place of this crate's data code that needs `unsafe`.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use crate::error::DataError;

/// A file's bytes, brought in by the operating system as they are read.
#[derive(Debug)]
pub(super) struct MappedFile(Mmap);

impl MappedFile {
    /// Maps a whole file.
    #[allow(unsafe_code, reason = "mapping is unsafe by its nature: see below")]
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(DataError::file(path, "cannot be opened"))?;
        // SAFETY: the bytes must not change while they are borrowed. A finished cache is never written again:
        // it is replaced by renaming another file over it, which leaves this one's mapping alone. Another
        // program that truncated the file would end the process with a bus error; the folder belongs to the
        // run.
        let map = unsafe { Mmap::map(&file) }.map_err(DataError::file(path, "cannot be mapped"))?;
        Ok(Self(map))
    }

    /// All bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
