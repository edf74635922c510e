//! A small bundle and the other parts of a site, in a temporary folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cellflux_bundle::conditions::{Condition, ConditionVectors, Conditions, DoseFeatures, Encoder, Split};
use cellflux_bundle::gallery::{Example, Gallery};
use cellflux_bundle::provenance::{DataSet, Provenance};
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::sampling::Sampling;
use cellflux_bundle::state_dict::{Tensor, Values};
use cellflux_bundle::topology::Topology;
use cellflux_bundle::{Draft, StateDict, UNetConfig, folder};
use cellflux_image::ImageSpec;
use cellflux_site::Parts;
use tempfile::TempDir;

/// Height and width of the small model's images.
pub const SIDE: usize = 16;

/// A folder that holds `bundle/`, `web/`, `pkg/` and `index.html`, and the parts that point there.
pub fn parts() -> (TempDir, Parts) {
    let home = tempfile::tempdir().unwrap();
    let at = |path: &str| home.path().join(path);
    let write = |path: &str, text: &str| {
        fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        fs::write(at(path), text).unwrap();
    };
    folder::write(&draft().pack().unwrap(), &at("bundle"), false).unwrap();
    write(
        "index.html",
        r#"<!doctype html><cellflux-explorer src="old/manifest.json"></cellflux-explorer>"#,
    );
    write("web/explorer.js", "export {};");
    write("web/styles/page.css", ":root {}");
    write(
        "web/bundles/other/manifest.json",
        "a source, not a part of the page",
    );
    write("pkg/cellflux_wasm.js", "export default 0;");
    write("pkg/cellflux_wasm_bg.wasm", "\0asm");
    write("pkg/cellflux_wasm.d.ts", "export {};");
    write("pkg/package.json", "{}");
    write("pkg/.stamp", "abc");
    let parts = Parts {
        bundles: vec![at("bundle")],
        page: at("index.html"),
        web: at("web"),
        pkg: at("pkg"),
        real_crops: None,
    };
    (home, parts)
}

/// An untrained network with two conditions and one sample.
fn draft() -> Draft {
    let config = UNetConfig::from_json(
        r#"{"in_channels": 3, "out_channels": 3, "model_channels": 32, "num_res_blocks": 1,
            "attention_resolutions": [], "channel_mult": [1], "condition_dim": 4,
            "use_scale_shift_norm": true, "use_new_attention_order": true}"#,
    )
    .unwrap();
    let tensors = Topology::new(&config)
        .parameters(&config)
        .into_iter()
        .map(|parameter| {
            let values = Values::F32(vec![0.5; parameter.len()]);
            (
                parameter.name,
                Tensor {
                    shape: parameter.shape,
                    values,
                },
            )
        });
    let weights = StateDict::from_tensors(tensors.collect(), &config).unwrap();
    let condition = |id: &str, control| Condition {
        id: id.into(),
        name: id.to_uppercase(),
        smiles: None,
        structure: None,
        mode_of_action: None,
        doses_um: vec![],
        split: Split::Seen,
        control,
    };
    let list = vec![
        condition("dmso", true),
        condition("cycloheximide", false),
        condition("taxol", false),
    ];
    Draft {
        id: "small".into(),
        title: "A small network for tests".into(),
        description: String::new(),
        config,
        weights,
        dtype: WeightDtype::F16,
        image: ImageSpec::bbbc021(SIDE, SIDE),
        vectors: ConditionVectors::from_rows(&vec![vec![1.0; 4]; list.len()]).unwrap(),
        conditions: Conditions {
            encoder: Encoder::Table {
                source: "tests".into(),
            },
            dose: DoseFeatures::None,
            list,
        },
        sampling: Sampling::default(),
        gallery: Gallery {
            controls: vec![Example {
                id: "synthetic-1".into(),
                file: "samples/synthetic-1.png".into(),
                condition: "dmso".into(),
                dose_um: None,
                batch: None,
                plate: None,
                well: None,
                source: "drawn by a program".into(),
                licence: "CC0-1.0".into(),
                synthetic: true,
            }],
            treated: vec![],
        },
        trajectories: vec![],
        provenance: Provenance {
            data_set: DataSet {
                name: "none".into(),
                citation: "none".into(),
                licence: "CC0-1.0".into(),
                url: None,
            },
            training: None,
            metrics: BTreeMap::new(),
            tools: BTreeMap::new(),
            licence: "CC0-1.0".into(),
            notes: String::new(),
            created: "2026-11-22".into(),
        },
        assets: BTreeMap::from([("samples/synthetic-1.png".into(), b"a picture".to_vec())]),
    }
}

/// Every file below a folder, as relative paths with `/`, in order.
pub fn files(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap();
            path.to_string_lossy().replace('\\', "/")
        })
        .collect();
    files.sort();
    files
}
