//! `cellflux import` of tables and crops as authors have them: compressed, listed in a `metadata.csv`, saved
//! as `.npy`.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cellflux_bundle::folder;
use cellflux_bundle::state_dict::config_from_safetensors;
use cellflux_image::{ImageSpec, coded_png, npy};

/// Height and width of the network's images, and of the crops, whose middle they take.
const SIDE: usize = 32;
const CROP: usize = 36;
const CROPS: [&str; 6] = [
    "--crops",
    "cells",
    "--crops-source",
    "Drawn by a test",
    "--crops-licence",
    "CC0-1.0",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder with the `micro` golden's configuration, a table of compounds and an `about.json` for its images.
fn workplace(treated: &serde_json::Value) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let golden = fs::read(repository().join("tests/fixtures/micro/io.safetensors")).unwrap();
    let config = config_from_safetensors(&golden).unwrap();
    fs::write(
        home.path().join("config.json"),
        serde_json::to_string(&config).unwrap(),
    )
    .unwrap();
    fs::write(
        home.path().join("compounds.csv"),
        "name,smiles,control\nDMSO,CS(=O)C,yes\n5-fluorouracil,FC1=CNC(=O)NC1=O,\n",
    )
    .unwrap();
    let source = repository().join("web/bundles/bbbc021-tiny.source/about.json");
    let mut about: serde_json::Value = serde_json::from_slice(&fs::read(source).unwrap()).unwrap();
    about["image"]["height"] = SIDE.into();
    about["image"]["width"] = SIDE.into();
    about["synthetic_controls"] = vec![about["synthetic_controls"][0].clone()].into();
    about["treated"] = treated.clone();
    fs::write(home.path().join("about.json"), about.to_string()).unwrap();
    home
}

/// The same with a folder of two crops, a control and a treated cell, which a `metadata.csv` lists.
fn with_cells() -> tempfile::TempDir {
    let home = workplace(&serde_json::json!([]));
    let spec = ImageSpec::bbbc021(CROP, CROP);
    let mut table =
        "path,SAMPLE_KEY,SPLIT,STATE,CPD_NAME,DOSE,ANNOT,SMILES,BATCH,PLATE,WELL,SITE,FIELD\n".to_owned();
    fs::create_dir(home.path().join("cells")).unwrap();
    for (key, state, compound, dose) in [("c", 0, "DMSO", "0"), ("t", 1, "5-fluorouracil", "10")] {
        table.extend([format!(
            "{key}.png,{key},val,{state},{compound},{dose},,,Week1,P1,B02,1,f\n"
        )]);
        let png = coded_png::write(&spec, &vec![40; spec.len()]).unwrap();
        fs::write(home.path().join(format!("cells/{key}.png")), png).unwrap();
    }
    fs::write(home.path().join("cells/metadata.csv"), table).unwrap();
    home
}

fn import(home: &Path, compounds: &str, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .current_dir(home)
        .arg("import")
        .arg(repository().join("tests/fixtures/micro/model.safetensors"))
        .args([
            "--config",
            "config.json",
            "--about",
            "about.json",
            "--out",
            "bundle",
        ])
        .args(["--compounds", compounds])
        .args(options)
        .output()
        .unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn crops_that_a_metadata_table_lists_become_controls_and_treated_cells() {
    let home = with_cells();
    let output = import(home.path(), "compounds.csv", &CROPS);
    assert!(output.status.success(), "{}", error(&output));
    assert!(
        error(&output).contains("2 crops of cells are samples now"),
        "{}",
        error(&output)
    );
    let gallery = folder::read(&home.path().join("bundle"))
        .unwrap()
        .manifest
        .gallery;
    let (control, treated) = (gallery.controls.last().unwrap(), gallery.treated.last().unwrap());
    assert_eq!((control.condition.as_str(), control.synthetic), ("dmso", false));
    assert_eq!(
        (treated.condition.as_str(), treated.dose_um),
        ("5-fluorouracil", Some(10.0))
    );
    for example in [control, treated] {
        assert_eq!(
            (example.source.as_str(), example.licence.as_str()),
            ("Drawn by a test", "CC0-1.0")
        );
    }
}

#[test]
fn a_bundle_with_crops_has_the_quick_weights_that_were_asked_for() {
    let home = with_cells();
    let output = import(home.path(), "compounds.csv", &[&CROPS[..], &["--quick"]].concat());
    assert!(output.status.success(), "{}", error(&output));
    let manifest = folder::read(&home.path().join("bundle")).unwrap().manifest;
    assert!(manifest.gallery.controls.iter().any(|control| !control.synthetic));
    assert_eq!(manifest.quick_files().len(), 1);
}

#[test]
fn crops_without_a_source_and_a_licence_are_refused_before_anything_is_read() {
    let home = workplace(&serde_json::json!([]));
    let output = import(home.path(), "compounds.csv", &["--crops", "cells"]);
    assert!(!output.status.success());
    assert!(error(&output).contains("--crops-licence"), "{}", error(&output));
    assert!(!home.path().join("bundle").exists());
}

#[test]
fn the_middle_of_an_array_from_numpy_is_a_sample() {
    let home = workplace(&serde_json::json!([{
        "id": "cell", "file": "cell.npy", "condition": "5-fluorouracil",
        "source": "Drawn by a test", "licence": "CC0-1.0", "synthetic": true
    }]));
    // Each channel has a number of its own, with another at the edge that is cut off.
    let edge = |place: usize| !(2..CROP - 2).contains(&place);
    let values: Vec<u8> = (0..3 * CROP * CROP)
        .map(|at| {
            let (channel, row, column) = (at / (CROP * CROP), at / CROP % CROP, at % CROP);
            if edge(row) || edge(column) {
                200
            } else {
                10 * (channel as u8 + 1)
            }
        })
        .collect();
    fs::write(
        home.path().join("cell.npy"),
        npy::write_u8(&[3, CROP, CROP], &values).unwrap(),
    )
    .unwrap();
    let output = import(home.path(), "compounds.csv", &[]);
    assert!(output.status.success(), "{}", error(&output));
    let place = home.path().join("bundle");
    let manifest = folder::read_manifest(&place).unwrap();
    let png = folder::read_file(&place, &manifest, "samples/cell.png").unwrap();
    let coded = coded_png::read(&manifest.image, "cell", &png).unwrap();
    let expected: Vec<u8> = [10, 20, 30]
        .into_iter()
        .flat_map(|value| vec![value; SIDE * SIDE])
        .collect();
    assert!(coded == expected, "the channels' own numbers and no edge");
}

#[cfg(unix)]
#[test]
fn a_table_may_be_compressed() {
    let home = workplace(&serde_json::json!([]));
    let packed = Command::new("gzip")
        .current_dir(home.path())
        .arg("compounds.csv")
        .status()
        .unwrap();
    assert!(packed.success());
    let output = import(home.path(), "compounds.csv.gz", &[]);
    assert!(output.status.success(), "{}", error(&output));
    let list = folder::read_manifest(&home.path().join("bundle"))
        .unwrap()
        .conditions
        .list;
    let ids: Vec<&str> = list.iter().map(|condition| condition.id.as_str()).collect();
    assert_eq!(ids, ["dmso", "5-fluorouracil"]);
}
