//! `cellflux import`, as a person runs it.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cellflux_bundle::conditions::{Encoder, Split};
use cellflux_bundle::state_dict::{StateDict, config_from_safetensors};
use cellflux_bundle::{Bundle, folder};
use cellflux_chem::{Molecule, MorganSettings};
use cellflux_image::{ImageSpec, coded_png};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn shared(path: &str) -> Option<PathBuf> {
    let path = repository().join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// The `micro` golden's weights in a folder of their own, with its configuration as JSON and a table of
/// compounds.
struct Workplace {
    folder: tempfile::TempDir,
}

impl Workplace {
    fn new() -> Self {
        let workplace = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let golden = fs::read(repository().join("tests/fixtures/micro/io.safetensors")).unwrap();
        let config = config_from_safetensors(&golden).unwrap();
        fs::write(
            workplace.path("config.json"),
            serde_json::to_string(&config).unwrap(),
        )
        .unwrap();
        workplace.write(
            "compounds.csv",
            "name,smiles,moa,dose,split,control\n\
             DMSO,CS(=O)C,,,seen,yes\n\
             AZ-U,,Epithelial,1;3,seen,\n\
             5-fluorouracil,FC1=CNC(=O)NC1=O,DNA damage,10,held-out,\n",
        );
        workplace
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn import(&self, checkpoint: &Path, options: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_cellflux"))
            .current_dir(self.folder.path())
            .arg("import")
            .arg(checkpoint)
            .args(["--compounds", "compounds.csv", "--out", "bundle"])
            .args(options)
            .output()
            .unwrap()
    }

    /// Imports, and reads back what was written with every check of the reader.
    fn imported(&self, checkpoint: &Path, options: &[&str]) -> Bundle {
        let output = self.import(checkpoint, options);
        assert!(output.status.success(), "{}", error(&output));
        folder::read(&self.path("bundle")).unwrap()
    }
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn micro() -> PathBuf {
    repository().join("tests/fixtures/micro/model.safetensors")
}

const MICRO: [&str; 6] = ["--config", "config.json", "--size", "32", "--dtype", "f16"];

#[test]
fn a_state_dict_and_a_table_become_a_bundle_that_reads_back() {
    let workplace = Workplace::new();
    let bundle = workplace.imported(&micro(), &MICRO);
    let config = &bundle.manifest.model.config;
    // The golden's weights are rounded to f16 already, so that storing them as f16 loses nothing.
    let weights = StateDict::from_safetensors(&fs::read(micro()).unwrap(), config).unwrap();
    for (name, tensor) in &weights.tensors {
        assert_eq!(
            tensor.to_f32(),
            bundle.weights.get(name).unwrap().to_f32(),
            "{name}"
        );
    }
    let list = &bundle.manifest.conditions.list;
    assert_eq!(
        list.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(),
        ["dmso", "5-fluorouracil"]
    );
    assert_eq!((list[0].control, list[1].split), (true, Split::HeldOut));
    assert_eq!(list[1].doses_um, [10.0]);
    let counts = Molecule::from_smiles("FC1=CNC(=O)NC1=O")
        .unwrap()
        .morgan_counts(MorganSettings {
            radius: 2,
            bits: u32::try_from(config.condition_dim).unwrap(),
        })
        .unwrap();
    assert_eq!(
        bundle.condition("5-fluorouracil", None).unwrap(),
        counts.to_dense()
    );
    let drawing = folder::read_file(
        &workplace.path("bundle"),
        &bundle.manifest,
        list[0].structure.as_deref().unwrap(),
    )
    .unwrap();
    assert!(drawing.starts_with(b"<svg"));
}

#[test]
fn a_row_without_smiles_is_reported_and_with_strict_refused() {
    let workplace = Workplace::new();
    let output = workplace.import(&micro(), &MICRO);
    assert!(
        error(&output).contains("line 3: AZ-U has no SMILES; left out"),
        "{}",
        error(&output)
    );
    let refused = workplace.import(&micro(), &[&MICRO[..], &["--replace", "--strict"]].concat());
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(
        error(&refused),
        "cellflux: compounds.csv: line 3: AZ-U has no SMILES\n"
    );
}

#[test]
fn vectors_may_come_from_a_table() {
    let workplace = Workplace::new();
    let config =
        config_from_safetensors(&fs::read(repository().join("tests/fixtures/micro/io.safetensors")).unwrap())
            .unwrap();
    let numbers = |value: &str| vec![value; config.condition_dim].join(",");
    let header: Vec<String> = (0..config.condition_dim).map(|i| i.to_string()).collect();
    workplace.write(
        "embedding.csv",
        &format!(
            "gene,{}\nDMSO,{}\nAZ-U,{}\n",
            header.join(","),
            numbers("0"),
            numbers("-0.25")
        ),
    );
    let bundle = workplace.imported(
        &micro(),
        &[&MICRO[..], &["--embedding", "embedding.csv"]].concat(),
    );
    assert_eq!(
        bundle.manifest.conditions.encoder,
        Encoder::Table {
            source: "embedding.csv".into()
        }
    );
    assert_eq!(
        bundle.condition("az-u", None).unwrap(),
        vec![-0.25; config.condition_dim]
    );
}

#[test]
fn a_bundle_that_is_there_is_only_replaced_when_asked() {
    let workplace = Workplace::new();
    assert!(workplace.import(&micro(), &MICRO).status.success());
    let again = workplace.import(&micro(), &MICRO);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        error(&again).contains("holds a bundle already"),
        "{}",
        error(&again)
    );
    workplace.imported(&micro(), &[&MICRO[..], &["--replace"]].concat());
}

#[test]
fn what_cannot_be_imported_is_named_in_one_line() {
    let workplace = Workplace::new();
    workplace.write("text.pth", "this is not a checkpoint");
    workplace.write("half.pth", "PK\u{3}\u{4}and no more");
    let size = ["--size", "32"];
    let cases: [(&Path, Vec<&str>, &str); 7] = [
        (
            Path::new("absent.pth"),
            size.to_vec(),
            "absent.pth: cannot be opened",
        ),
        (
            Path::new("text.pth"),
            size.to_vec(),
            "not a valid safetensors file",
        ),
        (
            Path::new("half.pth"),
            size.to_vec(),
            "expected --config or --preset",
        ),
        (
            Path::new("half.pth"),
            [&size[..], &["--preset", "tiny"]].concat(),
            "not a complete zip archive",
        ),
        (
            &micro(),
            [&size[..], &["--preset", "huge"]].concat(),
            "--preset is \"huge\", expected one of",
        ),
        (
            &micro(),
            [&size[..], &["--preset", "tiny"]].concat(),
            "its tensors fit none of the presets",
        ),
        (
            &micro(),
            vec!["--config", "config.json", "--size", "33"],
            "not a multiple of 2",
        ),
    ];
    for (checkpoint, options, expected) in cases {
        let output = workplace.import(checkpoint, &options);
        let message = error(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(expected), "{message}");
        assert_eq!(
            message.lines().filter(|line| !line.starts_with("note: ")).count(),
            1,
            "{message}"
        );
        assert!(!workplace.path("bundle").exists());
    }
    workplace.write("compounds.csv", "name,smiles\nx,C1CC\n");
    let message = error(&workplace.import(&micro(), &MICRO));
    assert_eq!(
        message,
        "cellflux: compounds.csv: line 2: x: SMILES `C1CC`: ring 1 is opened and never closed\n"
    );
}

#[test]
fn a_wrong_preset_is_answered_with_the_ones_that_fit() {
    let Some(checkpoint) = shared("reference/checkpoints/bbbc021-tiny.safetensors") else {
        return;
    };
    let output = Workplace::new().import(&checkpoint, &["--size", "64", "--preset", "small"]);
    let message = error(&output);
    assert!(
        message.contains("its tensors are those of --preset tiny"),
        "{message}"
    );
}

#[test]
fn without_a_size_and_about_both_are_offered_and_two_that_differ_are_refused() {
    let workplace = Workplace::new();
    let message = error(&workplace.import(&micro(), &["--config", "config.json"]));
    assert!(
        message.contains("--about about.json") && message.contains("--size 96"),
        "{message}"
    );
    let about = repository().join("web/bundles/bbbc021-tiny.source/about.json");
    let both = [&MICRO[..], &["--about", about.to_str().unwrap()]].concat();
    let message = error(&workplace.import(&micro(), &both));
    assert!(
        message.contains("--size is 32, and ") && message.contains("says 64 x 64"),
        "{message}"
    );
}

#[test]
fn without_a_stated_sampling_that_of_the_public_code_is_recommended_and_said() {
    let workplace = Workplace::new();
    let output = workplace.import(&micro(), &MICRO);
    assert!(
        error(&output).contains("no sampling is stated"),
        "{}",
        error(&output)
    );
    let sampling = folder::read_manifest(&workplace.path("bundle")).unwrap().sampling;
    assert_eq!((sampling.steps, sampling.alpha, sampling.noise), (50, 1.2, 1.0));
}

/// The demo bundle's, for images of the `micro` network, with one control.
fn about_of_the_demo() -> serde_json::Value {
    let source = repository().join("web/bundles/bbbc021-tiny.source/about.json");
    let mut about: serde_json::Value = serde_json::from_slice(&fs::read(source).unwrap()).unwrap();
    about["image"]["height"] = 32.into();
    about["image"]["width"] = 32.into();
    let drawn = about["synthetic_controls"][0].clone();
    about["synthetic_controls"] = vec![drawn].into();
    about
}

#[test]
fn doses_of_training_are_stated_of_a_network_that_takes_a_dose() {
    let workplace = Workplace::new();
    workplace.write(
        "compounds.csv",
        "name,smiles,doses_um,trained_doses_um,split,control\n\
         DMSO,CS(=O)C,0,none,seen,yes\n\
         5-fluorouracil,FC1=CNC(=O)NC1=O,0.3;1;3,0.3;3,seen,\n\
         emetine,CCO,1,,seen,\n",
    );
    let mut about = about_of_the_demo();
    about["dose"] = serde_json::json!({ "kind": "log1p", "mean": 1.5, "scale": 2 });
    workplace.write("about.json", &about.to_string());
    let options = ["--config", "config.json", "--about", "about.json"];
    let bundle = workplace.imported(&micro(), &options);
    let list = &bundle.manifest.conditions.list;
    let trained: Vec<_> = list.iter().map(|each| each.trained_doses_um.clone()).collect();
    assert_eq!(trained, [Some(vec![]), Some(vec![0.3, 3.0]), None]);
    assert!(list[1].was_not_trained_at(1.0) && !list[1].was_not_trained_at(3.0));

    // Without --about nothing says that the vectors hold the dose.
    let output = workplace.import(&micro(), &[&MICRO[..], &["--replace"]].concat());
    assert!(output.status.success(), "{}", error(&output));
    let note = "note: compounds.csv: the doses that were trained on are left out";
    assert!(error(&output).contains(note), "{}", error(&output));
    let list = folder::read_manifest(&workplace.path("bundle"))
        .unwrap()
        .conditions
        .list;
    assert!(list.iter().all(|each| each.trained_doses_um.is_none()));

    workplace.write(
        "compounds.csv",
        "name,smiles,doses_um,trained_doses_um\nemetine,CCO,1,3\n",
    );
    let refused = error(&workplace.import(&micro(), &MICRO));
    assert_eq!(
        refused,
        "cellflux: compounds.csv: line 2: column trained_doses_um: found the dose 3, expected doses that \
         doses_um has, too, which in this row are 1\n"
    );
}

#[test]
fn a_control_without_a_vector_is_where_walks_start_and_no_condition() {
    let workplace = Workplace::new();
    let config =
        config_from_safetensors(&fs::read(repository().join("tests/fixtures/micro/io.safetensors")).unwrap());
    let width = config.unwrap().condition_dim;
    let header: Vec<String> = (0..width).map(|i| i.to_string()).collect();
    workplace.write("compounds.csv", "name,control\nEMPTY,yes\nPLK1,\n");
    workplace.write(
        "genes.csv",
        &format!(
            "gene,{}\nPLK1,{}\n",
            header.join(","),
            vec!["0.5"; width].join(",")
        ),
    );
    workplace.write("about.json", &about_of_the_demo().to_string());
    let options = [
        "--config",
        "config.json",
        "--embedding",
        "genes.csv",
        "--about",
        "about.json",
        "--strict",
    ];
    let bundle = workplace.imported(&micro(), &options);
    let list = &bundle.manifest.conditions.list;
    assert_eq!(list.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["plk1"]);
    assert_eq!(bundle.manifest.gallery.controls[0].condition, "empty");
}

#[test]
fn treated_cells_that_are_brighter_than_their_window_are_noted_with_channel_and_share() {
    let workplace = Workplace::new();
    let spec = ImageSpec::bbbc021(32, 32);
    // Actin beyond its window, the other channels within theirs.
    let mut coded = vec![90; spec.len()];
    coded[..spec.pixels()].fill(200);
    fs::write(
        workplace.path("bright.png"),
        coded_png::write(&spec, &coded).unwrap(),
    )
    .unwrap();
    let source = repository().join("web/bundles/bbbc021-tiny.source/about.json");
    let mut about: serde_json::Value = serde_json::from_slice(&fs::read(source).unwrap()).unwrap();
    about["image"]["height"] = 32.into();
    about["image"]["width"] = 32.into();
    about["treated"] = serde_json::json!([{
        "id": "bright", "file": "bright.png", "condition": "5-fluorouracil",
        "source": "made up", "licence": "CC0-1.0", "synthetic": true
    }]);
    workplace.write("about.json", &about.to_string());
    let options = ["--config", "config.json", "--about", "about.json"];
    let output = workplace.import(&micro(), &options);
    assert!(output.status.success(), "{}", error(&output));
    let told = error(&output);
    let expected = "note: channel actin: 100.0 % of the pixels of 1 treated cell are brighter than the \
                    window, which ends at 0.59; expected at most 1 %, for which it would end at 0.785\n";
    assert!(told.contains(expected), "{told}");
    assert!(!told.contains("channel tubulin"), "{told}");
}

#[test]
fn a_checkpoint_of_the_public_trainer_gives_its_averaged_weights() {
    let Some(checkpoint) = shared("reference/pth/checkpoint-ema.pth") else {
        return;
    };
    let workplace = Workplace::new();
    let options = ["--config", "config.json", "--size", "32", "--dtype", "f32"];
    let bundle = workplace.imported(&checkpoint, &options);
    let averaged =
        StateDict::from_safetensors(&fs::read(micro()).unwrap(), &bundle.manifest.model.config).unwrap();
    for (name, tensor) in &averaged.tensors {
        assert_eq!(
            tensor.to_f32(),
            bundle.weights.get(name).unwrap().to_f32(),
            "{name}"
        );
    }
    let trained = workplace.imported(&checkpoint, &[&options[..], &["--replace", "--trained"]].concat());
    assert_ne!(trained.weights, bundle.weights);
}

#[test]
fn a_plain_checkpoint_of_the_public_trainer_is_read() {
    let Some(checkpoint) = shared("reference/pth/checkpoint-plain.pth") else {
        return;
    };
    let bundle = Workplace::new().imported(&checkpoint, &MICRO);
    assert_eq!(bundle.manifest.model.parameters, 764_483);
}

fn demo() -> PathBuf {
    repository().join("web/bundles/bbbc021-tiny")
}

#[test]
fn the_demo_bundle_reads_back_clean_and_says_what_it_is() {
    let bundle = folder::read(&demo()).unwrap();
    let manifest = &bundle.manifest;
    assert_eq!(manifest.model.parameters, 1_323_587);
    let list = &manifest.conditions.list;
    assert_eq!(list.len(), 35);
    assert_eq!(manifest.conditions.control().unwrap().name, "DMSO");
    for condition in list {
        let molecule = Molecule::from_smiles(condition.smiles.as_deref().unwrap()).unwrap();
        let counts = molecule.morgan_counts(MorganSettings::default()).unwrap();
        assert_eq!(
            bundle.condition(&condition.id, None).unwrap(),
            counts.to_dense(),
            "{}",
            condition.name
        );
        assert!(
            condition.mode_of_action.is_some() && condition.structure.is_some(),
            "{}",
            condition.name
        );
    }
    // Every file there is listed, has its size and digest, and nothing else lies about.
    for entry in &manifest.files {
        folder::read_file(&demo(), manifest, &entry.path).unwrap();
    }
    assert_eq!(files_in(&demo()).len(), manifest.files.len() + 1);
    assert!((4..=8).contains(&manifest.gallery.controls.len()));
    for example in &manifest.gallery.controls {
        assert!(example.synthetic && example.source.contains("synthetic"));
        let png = folder::read_file(&demo(), manifest, &example.file).unwrap();
        coded_png::read(&manifest.image, &example.file, &png).unwrap();
    }
}

/// The condition vectors are the ones that the public network was given, compound by compound.
#[test]
fn the_demo_bundles_vectors_are_the_published_ones() {
    let Some(path) = shared("data/bbbc021-metadata/impa_emb_fp_counts_35.csv") else {
        return;
    };
    let bundle = folder::read(&demo()).unwrap();
    let mut compared = 0;
    for row in csv::Reader::from_path(path).unwrap().records() {
        let row = row.unwrap();
        // The published table spells it otherwise than the data.
        let name = if &row[0] == "cyclohexamide" {
            "cycloheximide"
        } else {
            &row[0]
        };
        let vector: Vec<f32> = row.iter().skip(1).map(|count| count.parse().unwrap()).collect();
        let condition = bundle
            .manifest
            .conditions
            .list
            .iter()
            .find(|c| c.name == name)
            .unwrap();
        assert_eq!(bundle.condition(&condition.id, None).unwrap(), vector, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 35);
}

#[test]
fn the_demo_bundle_is_what_its_sources_give() {
    let Some(checkpoint) = shared("reference/checkpoints/bbbc021-tiny-tuned.safetensors") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("bbbc021-tiny");
    let source = repository().join("web/bundles/bbbc021-tiny.source");
    let output = Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .arg("import")
        .arg(checkpoint)
        .arg("--compounds")
        .arg(source.join("compounds.csv"))
        .arg("--about")
        .arg(source.join("about.json"))
        .args(["--dtype", "f16", "--strict", "--out"])
        .arg(&fresh)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", error(&output));
    let output = Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .args(["bundle", "attach-evaluation"])
        .arg(&fresh)
        .arg(source.join("evaluation.json"))
        .arg("--out")
        .arg(&fresh)
        .arg("--replace")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", error(&output));
    assert_eq!(files_in(&fresh), files_in(&demo()));
    for path in files_in(&fresh) {
        let same = fs::read(fresh.join(&path)).unwrap() == fs::read(demo().join(&path)).unwrap();
        assert!(same, "{} differs; run `cargo xtask demo-bundle`", path.display());
    }
}

/// Paths of all files below a folder, sorted.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}
