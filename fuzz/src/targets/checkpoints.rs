//! A checkpoint of a stranger.

use std::io::{Cursor, Write};

use cellflux_bundle::UNetConfig;
use cellflux_bundle::pth::{self, Weights};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::bundles::SMALLEST;
use crate::Outcome;

/// A pickle, inside an archive that is in order.
pub fn pickle(input: &[u8]) -> Outcome {
    archive(&around(input).map_err(|error| error.to_string())?)
}

/// The archive of a pickle and of one storage.
pub(crate) fn around(pickle: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in [("data.pkl", pickle), ("data/0", &[0; 128]), ("version", b"3\n")] {
        zip.start_file(format!("checkpoint/{name}"), stored)?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// A whole file.
pub fn archive(input: &[u8]) -> Outcome {
    let config = UNetConfig::from_json(SMALLEST).map_err(|error| error.to_string())?;
    pth::read(Cursor::new(input), &config, Weights::Averaged)
        .map(drop)
        .map_err(|error| error.to_string())
}
