//! A small project: a bundle, a `site.toml`, a stand-in for the page's own files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cellflux_bundle::conditions::{Condition, ConditionVectors, Conditions, DoseFeatures, Encoder, Split};
use cellflux_bundle::gallery::{Example, Gallery};
use cellflux_bundle::perturbation::Perturbation;
use cellflux_bundle::provenance::{DataSet, Provenance};
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::sampling::{FlowSource, Sampling};
use cellflux_bundle::tensor::{Tensor, Values};
use cellflux_bundle::topology::Topology;
use cellflux_bundle::{Bundle, Draft, StateDict, UNetConfig, folder};
use cellflux_engine::{AnyEngine, Network};
use cellflux_image::{ImageSpec, coded_png};
use cellflux_site::{Built, Options, Project, SiteError, Toolkit};
use tempfile::TempDir;

/// Height and width of the small model's images.
pub const SIDE: usize = 16;

/// The shortest `site.toml`.
pub const LEAST: &str = "title = \"A title\"\n[[bundle]]\npath = \"bundle\"\n";

/// A folder that holds `bundle/` and a `site.toml`, to which `more` is added.
pub fn project(more: &str) -> TempDir {
    project_of(|i| (i * 37 % 101) as f32 / 1000.0 - 0.05, more)
}

/// As [`project`], with a network whose tensors are filled by `weight`, which is given a running number.
pub fn project_of(weight: impl Fn(usize) -> f32, more: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let packed = draft(weight).pack().unwrap();
    folder::write(&packed, &home.path().join("bundle"), false).unwrap();
    fs::write(home.path().join("site.toml"), format!("{LEAST}{more}")).unwrap();
    home
}

/// The page's own files, in small.
pub fn toolkit() -> Toolkit {
    let files = [
        ("web/page.js", "export {};"),
        ("web/lesson/lesson.js", "export {};"),
        ("web/article/article.js", "import '../html.js';"),
        ("web/html.js", "export {};"),
        ("web/embed.js", "export {};"),
        ("web/offline.js", "export {};"),
        ("web/unstarted.js", "export {};"),
        (
            "web/explorer.js",
            "import './parts/stage.js'; new Worker(new URL('./worker.js', import.meta.url));",
        ),
        ("web/parts/stage.js", "export {};"),
        ("web/worker.js", "import init from '../pkg/cellflux_wasm.js';"),
        (
            "web/lab/lab.js",
            "new Worker(new URL('./lab_worker.js', import.meta.url));",
        ),
        (
            "web/lab/lab_worker.js",
            "import init from '../../pkg/cellflux_lab_wasm.js';",
        ),
        (
            "pkg/cellflux_lab_wasm.js",
            "new URL('cellflux_lab_wasm_bg.wasm', import.meta.url);",
        ),
        ("pkg/cellflux_lab_wasm_bg.wasm", "\0asm of the lab"),
        ("web/styles/page.css", "@import url('./tokens.css');"),
        ("web/styles/tokens.css", ":root {}"),
        ("web/icon.svg", "<svg/>"),
        ("web/unused.js", "export {};"),
        (
            "pkg/cellflux_wasm.js",
            "new URL('cellflux_wasm_bg.wasm', import.meta.url);",
        ),
        ("pkg/cellflux_wasm_bg.wasm", "\0asm"),
        ("pkg/cellflux_wasm.d.ts", "export {};"),
        ("pkg/THIRD_PARTY.txt", "licences"),
        ("pkg/package.json", "{}"),
    ];
    Toolkit {
        files: files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect(),
    }
}

/// Builds the project in `home` into its `dist/`.
pub fn build(home: &Path) -> Result<Built, SiteError> {
    build_with(home, None)
}

/// As [`build`], with real crops.
pub fn build_with(home: &Path, crops: Option<PathBuf>) -> Result<Built, SiteError> {
    let options = Options {
        out: home.join("dist"),
        toolkit: toolkit(),
        crops,
        tell: |_| {},
    };
    cellflux_site::build(&Project::read(home)?, &options, &mut engine)
}

/// The network on the CPU.
pub fn engine(bundle: &Bundle) -> Result<AnyEngine, String> {
    Network::of(bundle).on_cpu().map_err(|error| error.to_string())
}

/// The one bundle of a built site.
pub fn published(home: &Path) -> PathBuf {
    fs::read_dir(home.join("dist/bundles"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path()
}

/// What `dist/` holds at `path`, as text.
pub fn read(home: &Path, path: &str) -> String {
    fs::read_to_string(home.join("dist").join(path)).unwrap()
}

/// A crop whose bytes count up.
pub fn control() -> Vec<u8> {
    let spec = ImageSpec::bbbc021(SIDE, SIDE);
    let coded: Vec<u8> = (0..spec.len()).map(|i| (i % 251) as u8).collect();
    coded_png::write(&spec, &coded).unwrap()
}

/// An untrained network with two conditions and one sample.
fn draft(weight: impl Fn(usize) -> f32) -> Draft {
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
            let values = Values::F32((0..parameter.len()).map(&weight).collect());
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
        kind: Perturbation::Compound,
        smiles: None,
        structure: None,
        mode_of_action: None,
        doses_um: vec![],
        trained_doses_um: None,
        batches: Vec::new(),
        target: None,
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
        source: FlowSource::Control,
        sampling: Sampling {
            steps: 2,
            ..Sampling::default()
        },
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
                split: None,
            }],
            treated: vec![],
        },
        trained_noise: None,
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
        assets: BTreeMap::from([("samples/synthetic-1.png".into(), control())]),
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
