//! Writing what `torch.load` reads: a state dict as a zip of a pickle and raw numbers, as `torch.save` has
//! done since `PyTorch` 1.6. The same tensors give the same bytes.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, DateTime, System, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::{error::BundleError, state_dict::StateDict, torch_storage::wrong};

/// The folder in the archive.
const FOLDER: &str = "archive";

/// A network's weights in f32 as the bytes of a file for `torch.load(…, weights_only=True)`: a dictionary of
/// tensors by name.
///
/// # Errors
/// [`BundleError::Checkpoint`] where the archive cannot be written.
pub fn save(weights: &StateDict) -> Result<Vec<u8>, BundleError> {
    written(weights).map_err(|error| wrong(&format!("the archive cannot be written: {error}")))
}

fn written(weights: &StateDict) -> Result<Vec<u8>, ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .system(System::Unix);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut put = |name: &str, content: &[u8]| -> Result<(), ZipError> {
        archive.start_file(format!("{FOLDER}/{name}"), options)?;
        archive.write_all(content)?;
        Ok(())
    };
    put("data.pkl", &pickle(weights))?;
    put("byteorder", b"little")?;
    for (key, tensor) in weights.tensors.values().enumerate() {
        let bytes: Vec<u8> = tensor
            .to_f32()
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        put(&format!("data/{key}"), &bytes)?;
    }
    put("version", b"3\n")?;
    Ok(archive.finish()?.into_inner())
}

/// The dictionary, each tensor as a call of `torch._utils._rebuild_tensor_v2` with a storage of its own.
fn pickle(weights: &StateDict) -> Vec<u8> {
    // Protocol 2; an empty dictionary; a mark for its items.
    let mut pickle = b"\x80\x02}(".to_vec();
    for (key, (name, tensor)) in weights.tensors.iter().enumerate() {
        text(&mut pickle, name);
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(&mut pickle, &key.to_string());
        text(&mut pickle, "cpu");
        number(&mut pickle, tensor.values.len());
        // The tuple is the persistent id of a storage; the tensor begins at its start.
        pickle.extend(b"tQK\0(");
        for &size in &tensor.shape {
            number(&mut pickle, size);
        }
        pickle.extend(b"t(");
        for stride in strides(&tensor.shape) {
            number(&mut pickle, stride);
        }
        // No gradient; no hooks, an ordered dictionary without items.
        pickle.extend(b"t\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.extend(b"u.");
    pickle
}

fn text(pickle: &mut Vec<u8>, text: &str) {
    pickle.push(b'X');
    pickle.extend((text.len() as u32).to_le_bytes());
    pickle.extend(text.as_bytes());
}

/// A number of 32 bits; no tensor that a bundle may hold has more scalars.
fn number(pickle: &mut Vec<u8>, number: usize) {
    pickle.push(b'J');
    pickle.extend((number as i32).to_le_bytes());
}

/// How many scalars lie between neighbours of each axis, row-major.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        config::UNetConfig,
        pth::{self, Weights},
        tensor::{Tensor, Values},
        topology::Topology,
    };

    #[test]
    fn what_is_written_is_read_as_a_checkpoint_and_is_the_same_again() {
        let config = UNetConfig::from_json(
            r#"{"in_channels": 3, "out_channels": 3, "model_channels": 32, "num_res_blocks": 1,
                "attention_resolutions": [], "channel_mult": [1], "condition_dim": 4,
                "use_scale_shift_norm": true, "use_new_attention_order": true}"#,
        )
        .unwrap();
        let tensors: BTreeMap<String, Tensor> = Topology::new(&config)
            .parameters(&config)
            .into_iter()
            .map(|parameter| {
                let values = Values::F32((0..parameter.len()).map(|i| i as f32 / 7.0).collect());
                let shape = parameter.shape;
                (parameter.name, Tensor { shape, values })
            })
            .collect();
        let weights = StateDict::from_tensors(tensors, &config).unwrap();
        let bytes = save(&weights).unwrap();
        assert_eq!(bytes, save(&weights).unwrap());
        let read = pth::read(Cursor::new(bytes), &config, Weights::Trained).unwrap();
        assert_eq!(read.weights, weights);
    }

    #[test]
    fn strides_are_row_major() {
        assert_eq!(strides(&[2, 3, 4]), [12, 4, 1]);
        assert_eq!(strides(&[5]), [1]);
        assert_eq!(strides(&[]), [0; 0]);
    }
}
