//! A small complete model for the tests, and ways to bend it.

use std::collections::BTreeMap;

use cellflux_bundle::{
    Bundle, BundleError, BundleReader, Draft, Estimate, Evaluation, Packed, StateDict, UNetConfig,
    conditions::{Condition, ConditionVectors, Conditions, DoseFeatures, Encoder, Split},
    files::{FileEntry, VerifiedFile},
    gallery::{CropSplit, Example, Gallery, Trajectory},
    perturbation::Perturbation,
    provenance::{DataSet, Provenance, Training},
    quantise::WeightDtype,
    sampling::{FlowSource, Sampling},
    tensor::{Tensor, Values},
    topology::Topology,
};
use cellflux_image::ImageSpec;

/// The smallest network there is, about 150,000 parameters: one level of 32 channels.
pub fn config() -> UNetConfig {
    UNetConfig::from_json(
        r#"{"in_channels": 3, "out_channels": 3, "model_channels": 32, "num_res_blocks": 1,
            "attention_resolutions": [], "channel_mult": [1], "condition_dim": 8,
            "use_scale_shift_norm": true, "use_new_attention_order": true}"#,
    )
    .unwrap()
}

/// Weights that look random, of the size that training gives, the same for the same seed.
pub fn weights(config: &UNetConfig, seed: u64) -> StateDict {
    let mut state = seed;
    let mut number = || {
        // Knuth's MMIX generator; the upper bits are good enough for weights.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5) * 0.2
    };
    let tensors = Topology::new(config)
        .parameters(config)
        .into_iter()
        .map(|parameter| {
            let values = (0..parameter.len()).map(|_| number()).collect();
            let tensor = Tensor {
                shape: parameter.shape,
                values: Values::F32(values),
            };
            (parameter.name, tensor)
        })
        .collect();
    StateDict::from_tensors(tensors, config).unwrap()
}

/// A draft that uses every field of the format.
pub fn draft(dtype: WeightDtype) -> Draft {
    let config = config();
    let weights = weights(&config, 7);
    let condition = |id: &str, split| Condition {
        id: id.into(),
        name: id.to_uppercase(),
        kind: Perturbation::KnockOut,
        smiles: Some("CS(C)=O".into()),
        structure: Some(format!("structures/{id}.svg")),
        mode_of_action: Some("Tubulin stabiliser".into()),
        doses_um: vec![0.3, 3.0],
        trained_doses_um: Some(vec![3.0]),
        batches: vec!["Week4".into(), "Week5".into()],
        target: Some(id != "dmso"),
        split,
        control: id == "dmso",
    };
    let example = |id: &str, condition: &str| Example {
        id: id.into(),
        file: format!("samples/{id}.png"),
        condition: condition.into(),
        dose_um: Some(3.0),
        batch: Some("Week4".into()),
        plate: Some("Week4_27521".into()),
        well: Some("B02".into()),
        source: "drawn by the procedural renderer".into(),
        licence: "CC0-1.0".into(),
        synthetic: true,
        split: Some(CropSplit::Validation),
    };
    let list = vec![
        condition("dmso", Split::Seen),
        condition("taxol", Split::Seen),
        condition("simvastatin", Split::HeldOut),
    ];
    let rows: Vec<Vec<f32>> = (0..list.len())
        .map(|row| (0..7).map(|bit| ((row * bit) % 5) as f32).collect())
        .collect();
    let assets = [
        "structures/dmso.svg",
        "structures/taxol.svg",
        "structures/simvastatin.svg",
        "samples/control-1.png",
        "samples/taxol-1.png",
        "trajectories/taxol.png",
    ];
    let sampling = Sampling {
        steps: 2,
        noise: 0.5,
        seed: 4_294_967_295,
        ..Sampling::default()
    };
    Draft {
        id: "test-bundle".into(),
        title: "A small network for tests".into(),
        description: "Not trained.".into(),
        config,
        weights,
        dtype,
        image: ImageSpec {
            pixel_size_um: Some(0.5),
            crop_size_um: Some(8.0),
            ..ImageSpec::bbbc021(16, 16)
        },
        conditions: Conditions {
            encoder: Encoder::MorganCounts { radius: 2, bits: 7 },
            dose: DoseFeatures::Log1p {
                mean: 1.0,
                scale: 2.0,
            },
            list,
        },
        vectors: ConditionVectors::from_rows(&rows).unwrap(),
        gallery: Gallery {
            controls: vec![example("control-1", "dmso")],
            treated: vec![example("taxol-1", "taxol")],
        },
        trained_noise: None,
        trajectories: vec![Trajectory {
            start: "control-1".into(),
            condition: "taxol".into(),
            dose_um: Some(3.0),
            reverse: false,
            sampling: sampling.clone(),
            strip: "trajectories/taxol.png".into(),
            times: vec![0.0, 0.25, 1.0],
        }],
        // Not the default, so that the manifest holds it.
        source: FlowSource::Noise,
        sampling,
        provenance: provenance(),
        assets: assets
            .iter()
            .map(|path| ((*path).to_owned(), path.as_bytes().to_vec()))
            .collect(),
    }
}

/// An evaluation of a packed [`draft`] that uses every field of the format.
pub fn evaluation(packed: &Packed) -> Evaluation {
    let mut json: serde_json::Value =
        serde_json::from_str(include_str!("../../../../tests/fixtures/evaluation.json")).unwrap();
    json["weights"] = packed.manifest.weights_digest().unwrap().into();
    json["vectors"] = packed.manifest.vectors_digest().unwrap().into();
    Evaluation::from_json(json.to_string().as_bytes()).unwrap()
}

/// A figure with its interval.
pub fn gap(value: f64, low: f64, high: f64) -> Estimate {
    Estimate { value, low, high }
}

/// A packed [`draft`] with its [`evaluation`].
pub fn evaluated(dtype: WeightDtype) -> Packed {
    let mut packed = draft(dtype).pack().unwrap();
    packed.attach(evaluation(&packed)).unwrap();
    packed
}

fn provenance() -> Provenance {
    Provenance {
        data_set: DataSet {
            name: "none".into(),
            citation: "nobody".into(),
            licence: "CC0-1.0".into(),
            url: Some("https://example.org/".into()),
        },
        training: Some(Training {
            command: "none".into(),
            steps: 0,
            batch: Some(1),
            seconds: Some(0.5),
            device: Some("none".into()),
        }),
        metrics: BTreeMap::from([("validation_loss".into(), 0.5)]),
        tools: BTreeMap::from([("cellflux-bundle".into(), "0.1.0".into())]),
        licence: "CC0-1.0".into(),
        notes: "Two\nlines.".into(),
        created: "2026-11-22".into(),
    }
}

/// Reads a bundle from its files as a page would.
pub fn read(packed: &Packed) -> Result<Bundle, BundleError> {
    let mut reader = BundleReader::new(&packed.files["manifest.json"])?;
    let entries: Vec<FileEntry> = reader.manifest().required_files().into_iter().cloned().collect();
    for entry in &entries {
        let bytes = packed
            .files
            .get(&entry.path)
            .cloned()
            .ok_or_else(|| BundleError::MissingFile {
                file: entry.path.clone(),
            })?;
        reader.accept(&VerifiedFile::check(entry, bytes)?)?;
    }
    reader.finish()
}

/// Changes the manifest's JSON.
pub fn edit_manifest(packed: &mut Packed, edit: impl FnOnce(&mut serde_json::Value)) {
    let mut json = serde_json::from_slice(&packed.files["manifest.json"]).unwrap();
    edit(&mut json);
    packed
        .files
        .insert("manifest.json".into(), serde_json::to_vec(&json).unwrap());
}

/// Replaces a file and makes the manifest agree with it, as a forger who controls the whole folder would.
pub fn forge(packed: &mut Packed, path: &str, content: Vec<u8>) {
    let entry = serde_json::to_value(FileEntry::of(path, &content)).unwrap();
    edit_manifest(packed, |json| {
        for listed in json["files"].as_array_mut().unwrap() {
            if listed["path"] == path {
                *listed = entry.clone();
            }
        }
    });
    packed.files.insert(path.into(), content);
}

/// A safetensors file from a header and data that need not agree.
pub fn tensor_file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}
