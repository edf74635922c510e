//! The coded start image of a recipe, from the bundle's file or from the recipe itself.

use std::path::Path;

use cellflux_bundle::Manifest;
use cellflux_image::picture::{Depth, Limits};
use cellflux_image::{ImageError, ImageSpec, coded_png, npy};

use crate::error::{SessionError, shown};
use crate::recipe::Start;

/// The bundle file that a start image is in; `None` for an uploaded crop, which the recipe holds.
///
/// # Errors
/// [`SessionError::Field`] for an example that the model does not have.
pub fn file<'a>(start: &Start, manifest: &'a Manifest) -> Result<Option<&'a str>, SessionError> {
    let Start::Example(id) = start else {
        return Ok(None);
    };
    match manifest.gallery.get(id) {
        Some(example) => Ok(Some(&example.file)),
        None => Err(SessionError::field(
            "start",
            shown(id),
            "the id of an example of this model",
        )),
    }
}

/// Coded bytes `[C, H, W]` of an example's file: a PNG as [`coded_png`] writes it, or a `.npy` of u8 `[H, W,
/// C]`.
///
/// # Errors
/// [`SessionError::Image`] for a file that is neither, or not of the model's shape.
pub fn decode(spec: &ImageSpec, path: &str, bytes: &[u8]) -> Result<Vec<u8>, SessionError> {
    // The manifest's own check of the path is as strict about case.
    if Path::new(path).extension() == Some("npy".as_ref()) {
        decode_npy(spec, path, bytes)
    } else {
        Ok(coded_png::read(spec, path, bytes)?)
    }
}

fn decode_npy(spec: &ImageSpec, path: &str, bytes: &[u8]) -> Result<Vec<u8>, SessionError> {
    let channels = spec.channels.len();
    let limits = Limits {
        side: spec.height.max(spec.width),
        planes: channels,
        numbers: spec.len(),
    };
    let array = npy::read(path, bytes, &limits)?;
    let expected = [spec.height, spec.width, channels];
    if array.shape != expected || array.depth != Depth::Eight {
        return Err(SessionError::Image(ImageError::Unsupported {
            name: path.to_owned(),
            found: format!("{} numbers of shape {:?}", array.depth, array.shape),
            expected: format!("8-bit numbers of shape {expected:?}"),
        }));
    }
    // Whole numbers up to 255 are exact in f32.
    Ok((0..channels)
        .flat_map(|channel| array.values.iter().skip(channel).step_by(channels))
        .map(|&value| value as u8)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_model::manifest;

    /// A version 1.0 `.npy` of u8.
    fn npy_of_bytes(shape: &str, bytes: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
        let padded = format!("{header:117}\n");
        let mut file = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        file.extend_from_slice(padded.as_bytes());
        file.extend_from_slice(bytes);
        file
    }

    #[test]
    fn both_kinds_of_example_files_give_channels_first() {
        let spec = ImageSpec::plain(2, 1, 3);
        let coded = [1, 2, 3, 10, 20, 30];
        let png = coded_png::write(&spec, &coded).unwrap();
        assert_eq!(decode(&spec, "a.png", &png).unwrap(), coded);
        let file = npy_of_bytes("(1, 3, 2)", &[1, 10, 2, 20, 3, 30]);
        assert_eq!(decode(&spec, "a.npy", &file).unwrap(), coded);
    }

    #[test]
    fn an_example_of_another_shape_is_refused_by_name() {
        let spec = ImageSpec::plain(2, 1, 3);
        let file = npy_of_bytes("(2, 1, 3)", &[1, 10, 2, 20, 3, 30]);
        let message = decode(&spec, "a.npy", &file).unwrap_err().to_string();
        assert!(
            message.contains("a.npy") && message.contains("[1, 3, 2]"),
            "{message}"
        );
    }

    #[test]
    fn a_start_names_its_file() {
        let manifest = manifest();
        let example = Start::Example("control-1".into());
        assert_eq!(file(&example, &manifest).unwrap(), Some("samples/control-1.png"));
        assert_eq!(file(&Start::Crop(vec![]), &manifest).unwrap(), None);
        assert!(file(&Start::Example("x".into()), &manifest).is_err());
    }
}
