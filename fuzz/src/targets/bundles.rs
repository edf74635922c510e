//! A bundle from anywhere.

use cellflux_bundle::conditions::ConditionVectors;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::shard::ShardReader;
use cellflux_bundle::state_dict::config_from_safetensors;
use cellflux_bundle::{BundleReader, Evaluation, Manifest, StateDict, UNetConfig};

use crate::Outcome;
use crate::model::SMALLEST;

/// A manifest. What is taken can be written, and read again as the same.
pub fn manifest(input: &[u8]) -> Outcome {
    let manifest = Manifest::from_json(input).map_err(|error| error.to_string())?;
    let reader = BundleReader::new(input).map_err(|error| error.to_string())?;
    assert!(reader.missing().count() > 0, "a bundle that needs no file");
    for file in &manifest.files {
        assert!(
            !file.path.starts_with('/')
                && !file.path.split('/').any(|part| part == "..")
                && !file.path.contains(['\\', '\0', ':']),
            "a path that leaves the folder: {:?}",
            file.path
        );
    }
    let written = manifest.to_json().map_err(|error| error.to_string())?;
    let again = Manifest::from_json(&written);
    assert!(
        again.is_ok_and(|again| again == manifest),
        "what was written is read as something else"
    );
    Ok(())
}

/// An evaluation by itself. What is taken can be written, and read again as the same.
pub fn evaluation(input: &[u8]) -> Outcome {
    let evaluation = Evaluation::from_json(input).map_err(|error| error.to_string())?;
    let written = evaluation.to_json().map_err(|error| error.to_string())?;
    let again = Evaluation::from_json(&written);
    assert!(
        again.is_ok_and(|again| again == evaluation),
        "what was written is read as something else"
    );
    Ok(())
}

/// A tensor file in each of its parts. Numbers that come through are finite.
pub fn tensors(input: &[u8]) -> Outcome {
    let config = UNetConfig::from_json(SMALLEST).map_err(|error| error.to_string())?;
    let _ = config_from_safetensors(input);
    if let Ok(vectors) = ConditionVectors::from_safetensors(input, 2, 8) {
        assert!(
            (0..vectors.len())
                .filter_map(|row| vectors.row(row))
                .flatten()
                .all(|x| x.is_finite()),
            "a condition that is not finite"
        );
    }
    let _ = StateDict::from_safetensors(input, &config);
    for dtype in [WeightDtype::F16, WeightDtype::Int8] {
        let mut reader = ShardReader::new(&config, dtype).map_err(|error| error.to_string())?;
        if dtype == WeightDtype::F16 {
            let _ = reader.accept("weights-0001-of-0001.safetensors", input);
        } else {
            reader
                .accept("weights-0001-of-0001.safetensors", input)
                .map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
