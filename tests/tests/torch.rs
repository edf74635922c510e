//! Files that a real PyTorch writes. `cargo xtask test --extended` names a Python that has torch and
//! safetensors in `CELLFLUX_PYTHON`; without it these tests say that they are skipped.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use cellflux_bundle::pth::{self, Weights};
use cellflux_bundle::state_dict::config_from_safetensors;
use cellflux_bundle::topology::Topology;
use cellflux_bundle::{StateDict, UNetConfig};
use cellflux_session::comparison::golden::Golden;

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("CELLFLUX_PYTHON").map(PathBuf::from);
    if python.is_none() {
        println!("skipped: CELLFLUX_PYTHON names no Python with torch and safetensors");
    }
    python
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn micro(file: &str) -> PathBuf {
    repository().join("tests/fixtures/micro").join(file)
}

fn network() -> (UNetConfig, StateDict) {
    let config = config_from_safetensors(&fs::read(micro("io.safetensors")).unwrap()).unwrap();
    let weights =
        StateDict::from_safetensors(&fs::read(micro("model.safetensors")).unwrap(), &config).unwrap();
    (config, weights)
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_checkpoint_that_torch_saves_is_read_or_called_what_it_is() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (config, expected) = network();
    let order: Vec<String> = Topology::new(&config)
        .parameters(&config)
        .into_iter()
        .map(|parameter| parameter.name)
        .collect();
    let names = folder.path().join("order.json");
    fs::write(&names, serde_json::to_string(&order).unwrap()).unwrap();
    run(Command::new(python)
        .arg(repository().join("tests/torch/write_checkpoints.py"))
        .args([&micro("model.safetensors"), &names, &folder.path().to_owned()]));
    let mut read = BTreeSet::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "pth") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        read.insert(name.to_owned());
        let imported = match pth::other_kind(&fs::read(&path).unwrap()) {
            Some(kind) => Err(kind.to_owned()),
            None => pth::read(File::open(&path).unwrap(), &config, Weights::Averaged)
                .map_err(|error| error.to_string()),
        };
        match (name, imported) {
            ("refused-before-1.6", Err(reason)) => assert!(reason.contains("old format"), "{reason}"),
            ("refused-torchscript", Err(reason)) => assert!(reason.contains("TorchScript"), "{reason}"),
            ("refused-whole-module", Err(reason)) => assert!(reason.contains("__main__.Network"), "{reason}"),
            (name, Ok(imported)) if !name.starts_with("refused") => {
                for (tensor, values) in &expected.tensors {
                    // The golden's weights are f16 numbers, so that no other format rounds them.
                    let found = imported.weights.get(tensor).unwrap().to_f32();
                    assert_eq!(found, values.to_f32(), "{name}: {tensor}");
                }
                let averaged = name.starts_with("averaged");
                assert_eq!(imported.kind == Weights::Averaged, averaged, "{name}");
            }
            (name, other) => panic!("{name}: {:?}", other.map(|imported| imported.notes)),
        }
    }
    assert_eq!(read.len(), 18, "{read:?}");
}

#[test]
fn the_documented_lines_of_torch_write_a_golden_file() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(repository().join("docs/importing.md")).unwrap();
    let (_, rest) = text.split_once("```python\n").unwrap();
    let (lines, _) = rest.split_once("```").unwrap();
    let (config, _) = network();
    // No network is needed to see what the lines write.
    let stand_in = format!(
        "import json\nconfig = json.loads({:?})\nmodel = None\n\
         def velocity(model, x, t, condition):\n    \
         return x * t[:, None, None, None] + (0 if condition is None else condition.mean())\n",
        serde_json::to_string(&config).unwrap()
    );
    run(Command::new(python)
        .current_dir(folder.path())
        .args(["-c", &format!("{stand_in}{lines}")]));
    let golden = Golden::parse(&fs::read(folder.path().join("io.safetensors")).unwrap()).unwrap();
    assert_eq!(
        (golden.config(), golden.size(), golden.images()),
        (&config, (64, 64), 2)
    );
}

/// Loads what `cellflux bundle export` writes, and compares the network with the golden's outputs.
const EXPORTED: &str = r#"
import json, sys
import torch
from safetensors import safe_open
sys.path.insert(0, sys.argv[1])
from network import CellFlux

with safe_open(sys.argv[2], framework="pt") as golden:
    config = json.loads(golden.metadata()["config"])
    x, t, condition = (golden.get_tensor(name) for name in ("x", "t", "condition"))
    expected = {name: golden.get_tensor("velocity_" + name) for name in ("conditional", "unconditional")}
model = CellFlux(config).eval()
model.load_state_dict(torch.load(sys.argv[1] + "/weights.pt", weights_only=True))
with torch.no_grad():
    found = {"conditional": model(x, t, condition), "unconditional": model(x, t)}
for name, velocity in found.items():
    error = ((velocity - expected[name]).norm() / expected[name].norm()).item()
    assert error < 1e-5, (name, error)
"#;

#[test]
fn an_exported_network_is_loaded_by_torch_and_gives_the_goldens_velocities() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (_, weights) = network();
    let saved = cellflux_bundle::torch_save::save(&weights).unwrap();
    fs::write(folder.path().join("weights.pt"), saved).unwrap();
    let network = repository().join("crates/cellflux-cli/templates/network.py");
    fs::copy(network, folder.path().join("network.py")).unwrap();
    let golden = micro("io.safetensors");
    run(Command::new(python)
        .args(["-c", EXPORTED])
        .arg(folder.path())
        .arg(golden));
}
