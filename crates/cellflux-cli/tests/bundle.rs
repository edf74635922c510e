//! `cellflux bundle` with an evaluation, as it is called from a shell: attached, kept, left out, compared.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

#[path = "common/golden.rs"]
mod golden;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use cellflux_bundle::{Manifest, folder};
use serde_json::Value;
use tempfile::TempDir;

use golden::golden;

fn cellflux(home: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .current_dir(home.path())
        .args(arguments)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a successful call says beside its results.
fn noted(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn refused(output: &Output) -> String {
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.trim_end().lines().count(), 1, "{message}");
    message
}

/// What the demo's bundle says of itself, for images of the golden network's size; its controls are drawn.
fn about() -> Value {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/bundles/bbbc021-tiny.source");
    let mut about: Value = serde_json::from_slice(&fs::read(source.join("about.json")).unwrap()).unwrap();
    for side in ["height", "width"] {
        about["image"][side] = 32.into();
    }
    for cells in ["controls", "treated"] {
        about[cells] = Value::Array(Vec::new());
    }
    about
}

/// A folder with the golden network as `model`, and `evaluation.json` of it.
fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let io = fs::read(golden("io.safetensors")).unwrap();
    let network = cellflux_bundle::state_dict::config_from_safetensors(&io).unwrap();
    fs::write(
        home.path().join("config.json"),
        serde_json::to_string(&network).unwrap(),
    )
    .unwrap();
    fs::write(
        home.path().join("compounds.csv"),
        "name,smiles,control\nDMSO,CS(=O)C,yes\nTAXOL,CCO,\nSIMVASTATIN,CCC,\naspirin,CCCC,\n",
    )
    .unwrap();
    fs::write(home.path().join("about.json"), about().to_string()).unwrap();
    import(&home, "compounds.csv", "model");
    write_evaluation(&home, |_| {});
    home
}

/// Makes a bundle of the golden network with these compounds.
fn import(home: &TempDir, compounds: &str, out: &str) {
    let model = golden("model.safetensors");
    said(&cellflux(
        home,
        &[
            "import",
            model.to_str().unwrap(),
            "--config",
            "config.json",
            "--compounds",
            compounds,
            "--about",
            "about.json",
            "--out",
            out,
        ],
    ));
}

fn manifest(home: &TempDir, bundle: &str) -> Manifest {
    folder::read(&home.path().join(bundle)).unwrap().manifest
}

/// Writes `evaluation.json` of the weights of `model`, sampled as it recommends.
fn write_evaluation(home: &TempDir, edit: impl FnOnce(&mut Value)) {
    let mut json: Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/evaluation.json")).unwrap();
    let model = manifest(home, "model");
    json["weights"] = model.weights_digest().unwrap().into();
    json["sampling"] = serde_json::to_value(&model.sampling).unwrap();
    edit(&mut json);
    fs::write(home.path().join("evaluation.json"), json.to_string()).unwrap();
}

const ATTACH: [&str; 6] = [
    "bundle",
    "attach-evaluation",
    "model",
    "evaluation.json",
    "--out",
    "measured",
];

#[test]
fn an_attached_evaluation_changes_the_manifest_alone_and_is_summed_up() {
    let home = home();
    let told = said(&cellflux(&home, &ATTACH));
    assert!(
        told.contains("evaluation.json: 2026-11-27 of drawn cells"),
        "{told}"
    );
    let (before, after) = (manifest(&home, "model"), manifest(&home, "measured"));
    assert_eq!(before.files, after.files);
    assert!(after.evaluation.is_some());

    let told = said(&cellflux(&home, &["bundle", "inspect", "measured"]));
    for part in [
        "evaluation   2026-11-27 of drawn cells, by a test 0.1.0: 185 real cells; conditions: 1 better \
         than a copy of the control, 0 no better, 1 without figures",
        "  TAXOL at 3 µM: makes 62 % (48 to 71) of the measured change; 178 real cells, never trained on",
        "  SIMVASTATIN (n = 7): not measured, fewer than 20 real cells; aspirin: not measured, no real cells",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told = said(&cellflux(&home, &["bundle", "inspect", "model"]));
    assert!(told.contains("evaluation   none"), "{told}");

    // In place of the bundle itself, which is asked for.
    let mut in_place = ATTACH;
    in_place[5] = "model";
    assert!(refused(&cellflux(&home, &in_place)).contains("--replace"));
    said(&cellflux(&home, &[&in_place[..], &["--replace"]].concat()));
    assert_eq!(manifest(&home, "model"), after);
}

#[test]
fn what_does_not_belong_to_the_bundle_is_refused_in_a_sentence_with_the_file() {
    let home = home();
    let mut sampling = serde_json::to_value(manifest(&home, "model").sampling).unwrap();
    sampling["steps"] = 37.into();
    let cases: [(&str, Value, &str); 8] = [
        (
            "weights",
            "0".repeat(64).into(),
            "its figures belong to the weights 000000000000…",
        ),
        (
            "weights",
            Value::Null,
            "it names no weights, so it belongs to a run's checkpoint",
        ),
        (
            "conditions",
            serde_json::json!([{"id": "nocodazole", "name": "n", "seen": true, "treated": 1, "controls": 1}]),
            "model has no condition \"nocodazole\"",
        ),
        (
            "sampling",
            sampling,
            "37 steps, alpha 1, noise 0, seed 1, rtol 1e-5, atol 1e-5, and model recommends heun2 on edm, 10 \
             steps",
        ),
        (
            "conditions",
            serde_json::json!([{"id": "taxol", "name": "Taxol", "seen": true, "treated": 1, "controls": 1}]),
            "taxol is \"TAXOL\", not \"Taxol\"",
        ),
        ("version", 2.into(), "version is \"2\", expected 1"),
        ("date", "today".into(), "date is \"today\", expected YYYY-MM-DD"),
        ("rows", "none".into(), "not the expected JSON"),
    ];
    for (field, value, reason) in cases {
        write_evaluation(&home, |json| json[field] = value);
        let message = refused(&cellflux(&home, &ATTACH));
        assert!(
            message.contains("evaluation.json: ") && message.contains(reason),
            "{reason}: {message}"
        );
        assert!(!message.contains("manifest"), "{message}");
        assert!(!home.path().join("measured").exists());
    }
    fs::remove_file(home.path().join("evaluation.json")).unwrap();
    assert!(refused(&cellflux(&home, &ATTACH)).contains("evaluation.json could not be read"));
}

#[test]
fn exchanged_condition_vectors_are_refused_and_unstated_ones_are_said_to_be_unchecked() {
    let home = home();
    let mut attach = ATTACH;
    let unstated = noted(&cellflux(&home, &attach));
    assert!(
        unstated.contains("evaluation.json: it does not say with which condition vectors")
            && unstated.contains("could not be checked"),
        "{unstated}"
    );
    let vectors = manifest(&home, "model").vectors_digest().unwrap();
    write_evaluation(&home, |json| json["vectors"] = vectors.into());
    attach[5] = "stated";
    assert_eq!(noted(&cellflux(&home, &attach)), "");

    // The same weights and names; two compounds have each other's structure.
    fs::write(
        home.path().join("exchanged.csv"),
        "name,smiles,control\nDMSO,CS(=O)C,yes\nTAXOL,CCC,\nSIMVASTATIN,CCO,\naspirin,CCCC,\n",
    )
    .unwrap();
    import(&home, "exchanged.csv", "exchanged");
    assert_eq!(
        manifest(&home, "exchanged").weights_digest().unwrap(),
        manifest(&home, "model").weights_digest().unwrap()
    );
    (attach[2], attach[5]) = ("exchanged", "wrong");
    let message = refused(&cellflux(&home, &attach));
    assert!(
        message.contains("other condition vectors than those of exchanged"),
        "{message}"
    );
    assert!(!home.path().join("wrong").exists());
}

#[test]
fn other_shards_keep_the_evaluation_and_other_numbers_leave_it_out_which_is_said() {
    let home = home();
    said(&cellflux(&home, &ATTACH));
    let reshard = cellflux(
        &home,
        &[
            "bundle",
            "reshard",
            "measured",
            "--megabytes",
            "1",
            "--out",
            "cut",
        ],
    );
    assert_eq!(noted(&reshard), "");
    let (before, after) = (manifest(&home, "measured"), manifest(&home, "cut"));
    let kept = after.evaluation.as_ref().unwrap();
    assert_eq!(kept.conditions, before.evaluation.as_ref().unwrap().conditions);
    assert_eq!(
        kept.weights.as_deref(),
        Some(after.weights_digest().unwrap().as_str())
    );

    let quantise = cellflux(
        &home,
        &[
            "bundle", "quantise", "measured", "--dtype", "int8", "--force", "--out", "small",
        ],
    );
    assert!(
        noted(&quantise).contains("the evaluation was left out"),
        "{quantise:?}"
    );
    assert!(manifest(&home, "small").evaluation.is_none());
    let plain = cellflux(
        &home,
        &[
            "bundle", "quantise", "model", "--dtype", "int8", "--force", "--out", "small-2",
        ],
    );
    assert!(
        !noted(&plain).contains("evaluation"),
        "there was none to leave out"
    );
}

#[test]
fn two_bundles_are_compared_by_their_evaluations() {
    let home = home();
    said(&cellflux(&home, &ATTACH));
    let differ = |first: &str, second: &str| {
        let output = cellflux(&home, &["bundle", "diff", first, second]);
        let told = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), told)
    };
    let (code, told) = differ("model", "measured");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("evaluation: none -> 2026-11-27"), "{told}");
    assert_eq!(differ("measured", "measured").0, Some(0));

    // Another figure, which no summary tells.
    write_evaluation(&home, |json| json["compound_use"]["value"] = 0.43.into());
    let mut again = ATTACH;
    again[5] = "measured-again";
    said(&cellflux(&home, &again));
    let (code, told) = differ("measured", "measured-again");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("evaluation: other figures"), "{told}");
}

#[test]
fn quick_weights_are_added_kept_and_left_out_where_they_save_nothing() {
    let home = home();
    said(&cellflux(&home, &ATTACH));
    let told = said(&cellflux(
        &home,
        &["bundle", "reshard", "measured", "--quick", "--out", "quick"],
    ));
    assert!(told.contains("quick weights: int8 in 1 shard(s)"), "{told}");
    let (plain, quick) = (manifest(&home, "measured"), manifest(&home, "quick"));
    assert_eq!(quick.evaluation, plain.evaluation);
    assert_eq!(quick.quick_files().len(), 1);
    let told = said(&cellflux(&home, &["bundle", "inspect", "quick"]));
    assert!(told.contains("quick        int8 in 1 shard(s)"), "{told}");

    said(&cellflux(
        &home,
        &["bundle", "reshard", "quick", "--out", "again"],
    ));
    assert_eq!(manifest(&home, "again"), quick);
    // Weights of one byte each leave nothing that a first copy of one byte each could save.
    let args = [
        "bundle", "quantise", "quick", "--dtype", "int8", "--force", "--out", "small",
    ];
    let told = noted(&cellflux(&home, &args));
    assert!(told.contains("the quick weights are left out"), "{told}");
    assert_eq!(manifest(&home, "small").quick_weights, None);
}

#[test]
fn an_export_holds_the_model_for_the_zoo_and_for_the_hub() {
    let home = tempfile::tempdir().unwrap();
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/bundles/synthetic-tiny");
    let bundle = bundle.to_str().unwrap();
    let both = ["--bioimageio", "zoo", "--hugging-face", "hub"];
    said(&cellflux(
        &home,
        &[&["bundle", "export", bundle], both.as_slice()].concat(),
    ));
    let zoo = home.path().join("zoo");
    let rdf: Value = serde_json::from_slice(&fs::read(zoo.join("rdf.yaml")).unwrap()).unwrap();
    let weights = &rdf["weights"]["pytorch_state_dict"];
    for file in [
        weights,
        &weights["architecture"],
        &rdf["inputs"][0]["test_tensor"],
        &rdf["inputs"][1]["test_tensor"],
        &rdf["inputs"][2]["test_tensor"],
        &rdf["outputs"][0]["test_tensor"],
    ] {
        let content = fs::read(zoo.join(file["source"].as_str().unwrap())).unwrap();
        assert_eq!(file["sha256"], cellflux_bundle::files::digest(&content), "{file}");
    }
    assert!(zoo.join("cover.png").is_file() && zoo.join("README.md").is_file());
    let hub = home.path().join("hub");
    let card = fs::read_to_string(hub.join("README.md")).unwrap();
    assert!(card.starts_with("---\nlicense: "), "{card}");
    let exported = folder::read(&hub.join("bundle")).unwrap();
    assert_eq!(exported, folder::read(Path::new(bundle)).unwrap());
    let weights = fs::read(hub.join("model.safetensors")).unwrap();
    let config = &exported.manifest.model.config;
    let read = cellflux_bundle::StateDict::from_safetensors(&weights, config).unwrap();
    assert_eq!(read, exported.weights);
    // A folder that holds files is not written into.
    let error = refused(&cellflux(
        &home,
        &["bundle", "export", bundle, "--hugging-face", "hub"],
    ));
    assert!(error.contains("hub: holds files"), "{error}");
}
