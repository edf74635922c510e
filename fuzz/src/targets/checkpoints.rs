//! Checkpoints of strangers.

use std::io::{Cursor, Write};

use cellflux_bundle::UNetConfig;
use cellflux_bundle::pth::{self, Weights};
use cellflux_bundle::topology::Parameter;
use cellflux_bundle::torch_file;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::Outcome;
use crate::model::SMALLEST;

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

/// The tensors of a network that is not ours: the name and shape of each.
pub(crate) const OTHER: [(&str, &[usize]); 2] = [("a.weight", &[2, 3]), ("a.bias", &[2])];

/// A state dict of another network, in today's format or in the one before `PyTorch` 1.6. What comes through
/// is what was asked for.
pub fn state_dict(input: &[u8]) -> Outcome {
    let wanted = OTHER.map(|(name, shape)| Parameter {
        name: name.to_owned(),
        shape: shape.to_vec(),
    });
    let tensors = torch_file::read(input, &wanted).map_err(|error| error.to_string())?;
    for parameter in &wanted {
        let tensor = tensors.get(&parameter.name);
        assert!(
            tensor.is_some_and(|tensor| tensor.shape == parameter.shape
                && tensor.values.len() == parameter.len()
                && tensor.to_f32().iter().all(|number| number.is_finite())),
            "{} is {tensor:?}",
            parameter.name
        );
    }
    Ok(())
}
