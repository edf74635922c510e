//! The files of `torch.save` since `PyTorch` 1.6: a zip of a pickle and one record of raw numbers per
//! storage.

use std::io::{Read, Seek};

use zip::{CompressionMethod, ZipArchive, result::ZipError};

use crate::{
    check::shown,
    error::BundleError,
    pickle::{self, Pickle},
    torch_storage::{Storages, wrong},
};

/// The zip: records below one folder.
pub(crate) struct Archive<R> {
    zip: ZipArchive<R>,
    folder: String,
    /// The storage read last; tensors that share one often follow each other.
    last: Option<(String, Vec<u8>)>,
}

impl<R: Read + Seek> Archive<R> {
    /// Opens the zip and finds its folder.
    ///
    /// # Errors
    /// [`BundleError::Checkpoint`] for a file that is not a complete zip of `torch.save`.
    pub(crate) fn open(file: R) -> Result<Self, BundleError> {
        let zip = ZipArchive::new(file).map_err(|error| {
            wrong(&format!(
                "it is not a complete zip archive ({error}); expected a file of torch.save, PyTorch 1.6 or \
                newer"
            ))
        })?;
        // Saved as a program: its weights are the operands of code, which this reader does not run.
        if zip
            .file_names()
            .flatten()
            .any(|name| name.ends_with("constants.pkl"))
        {
            return Err(wrong(
                "it is a TorchScript archive (torch.jit.save), expected a state dict; load it with \
                torch.jit.load and save its weights with torch.save(model.state_dict(), path)",
            ));
        }
        let folders: Vec<String> = zip
            .file_names()
            .flatten()
            .filter_map(|name| name.strip_suffix("data.pkl").map(str::to_owned))
            .filter(|folder| folder.is_empty() || folder.ends_with('/'))
            .collect();
        let [folder] = folders.as_slice() else {
            return Err(wrong(&format!(
                "it holds {} records named data.pkl, expected one",
                folders.len()
            )));
        };
        let mut archive = Self {
            folder: folder.clone(),
            zip,
            last: None,
        };
        let marked = format!("{folder}byteorder");
        if archive.zip.index_for_name(&marked).is_some() {
            let order = archive.record("byteorder", 16)?;
            if order != b"little" {
                return Err(wrong(&format!(
                    "its byte order is {}, expected little",
                    shown(&String::from_utf8_lossy(&order))
                )));
            }
        }
        Ok(archive)
    }

    /// Reads a record of at most `limit` bytes; the zip's checksum is verified on the way.
    fn record(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, BundleError> {
        let path = format!("{}{name}", self.folder);
        let record = self.zip.by_name(&path).map_err(|error| damaged(&path, &error))?;
        // `torch.save` stores; a compressed record could also claim any size.
        if record.compression() != CompressionMethod::Stored || record.size() != record.compressed_size() {
            return Err(wrong(&format!(
                "record {path} is compressed, expected stored records as torch.save writes"
            )));
        }
        let size = record.size();
        if size > limit {
            return Err(wrong(&format!(
                "record {path} is {size} bytes, expected at most {limit}"
            )));
        }
        let mut bytes = Vec::new();
        // The checksum is compared where the record ends, so the read must come to its end.
        record
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| wrong(&format!("record {path} cannot be read: {error}")))?;
        if bytes.len() as u64 != size {
            return Err(wrong(&format!(
                "record {path} has {} bytes, expected {size}",
                bytes.len()
            )));
        }
        Ok(bytes)
    }

    /// The pickle.
    ///
    /// # Errors
    /// As [`Pickle::parse`], and for a record that cannot be read.
    pub(crate) fn pickle(&mut self) -> Result<Pickle, BundleError> {
        Pickle::parse(&self.record("data.pkl", pickle::MAX_BYTES)?)
    }
}

impl<R: Read + Seek> Storages for Archive<R> {
    fn storage(&mut self, key: &str, bytes: u64) -> Result<&[u8], BundleError> {
        if self.last.as_ref().is_none_or(|(last, _)| last != key) {
            let record = self.record(&format!("data/{key}"), bytes)?;
            self.last = Some((key.to_owned(), record));
        }
        let record = self.last.as_ref().map_or(&[][..], |(_, record)| record);
        if record.len() as u64 != bytes {
            return Err(wrong(&format!(
                "storage {key} has {} bytes, expected {bytes}",
                record.len()
            )));
        }
        Ok(record)
    }
}

fn damaged(path: &str, error: &ZipError) -> BundleError {
    wrong(&format!("record {path} cannot be read: {error}"))
}
