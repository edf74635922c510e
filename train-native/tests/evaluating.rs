//! `cellflux-train evaluate` on the shipped bundle of drawn cells: what it writes, goes on with and refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "common/repository.rs"]
mod repository;
#[path = "common/schema.rs"]
mod schema;
#[path = "common/trainer.rs"]
mod trainer;

use std::fs;
use std::path::Path;

use cellflux_bundle::evaluation::{Evaluation, RowKind};
use cellflux_bundle::folder;

use repository::root;
use schema::is_valid;
use trainer::{refused, run};

/// The command on the shipped bundle, on few cells and steps.
fn evaluate(out: &Path, more: &[&str]) -> Vec<String> {
    let (bundle, config) = (
        root().join("web/bundles/synthetic-tiny"),
        root().join("configs/synthetic-tiny.toml"),
    );
    let run = format!("run.folder={}", out.parent().unwrap().join("run").display());
    let arguments = [
        "evaluate",
        bundle.to_str().unwrap(),
        "--config",
        config.to_str().unwrap(),
        "--set",
        "data.source.images=160",
        "--set",
        "data.source.validation=0.5",
        "--set",
        "data.image.height=64",
        "--set",
        "data.image.width=64",
        "--set",
        &run,
        "--out",
        out.to_str().unwrap(),
    ];
    // A flag that is given takes the place of its value here.
    let small = [
        ["--most", "4"],
        ["--least", "2"],
        ["--shared-controls", "2"],
        ["--steps", "2"],
        ["--replicates", "100"],
    ];
    let small = small.iter().filter(|[flag, _]| !more.contains(flag)).flatten();
    arguments
        .iter()
        .chain(small)
        .chain(more)
        .map(|&argument| argument.to_owned())
        .collect()
}

#[test]
fn an_interrupted_evaluation_goes_on_and_another_one_is_refused_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("eval");
    run(&evaluate(&out, &[]));
    let written = fs::read(out.join("evaluation.json")).unwrap();
    is_valid(&written);
    let evaluation = Evaluation::from_json(&written).unwrap();
    let manifest = folder::read_manifest(&root().join("web/bundles/synthetic-tiny")).unwrap();
    assert_eq!(evaluation.weights, Some(manifest.weights_digest().unwrap()));
    assert_eq!(evaluation.vectors, Some(manifest.vectors_digest().unwrap()));
    for file in [
        "report.md",
        "conditions.csv",
        "distances_by_condition.csv",
        "measures_by_condition.csv",
        "cells.csv",
        "images.csv",
        "measures.safetensors",
        "features-morphology.safetensors",
        "plots/gap-closed.svg",
        "plots/distances-morphology.svg",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.contains("## Controls that should stay"), "{report}");
    let mut words = report.split(|letter: char| !letter.is_alphabetic());
    assert!(
        evaluation.data.drawn && !words.any(|word| word.eq_ignore_ascii_case("real")),
        "the config draws its cells: {report}"
    );
    // Every chart is linked, and says that its cells are generated.
    for plot in fs::read_dir(out.join("plots")).unwrap() {
        let plot = plot.unwrap();
        let name = plot.file_name().into_string().unwrap();
        assert!(report.contains(&format!("](plots/{name})")), "{name}: {report}");
        let svg = fs::read_to_string(plot.path()).unwrap();
        assert!(svg.contains("Generated cells are made by the model"), "{svg}");
    }
    // Each condition has a sheet: a line of text and rows of four cells.
    let sheets: Vec<_> = fs::read_dir(out.join("sheets")).unwrap().collect();
    assert!(
        sheets.len() >= 2 && report.contains("](sheets/larger-nucleus.png)"),
        "{report}"
    );
    let sheet = fs::read(out.join("sheets/larger-nucleus.png")).unwrap();
    let sheet = cellflux_image::decode("sheet.png", &sheet).unwrap();
    let (across, down) = (4 * 2 * 64 + 3 * 6, 16 + 4 * (6 + 16 + 2 * 64));
    assert_eq!((sheet.width(), sheet.height()), (across, down));
    assert!(
        report.contains("treated training cells, in morphology"),
        "{report}"
    );
    // A cell is generated again, alone and alike.
    let cell = out.join("generated/00003.png");
    let before = fs::read(&cell).unwrap();
    fs::remove_file(&cell).unwrap();
    let kept = fs::metadata(out.join("shuffled/00000.png"))
        .unwrap()
        .modified()
        .unwrap();
    run(&evaluate(&out, &[]));
    assert_eq!(fs::read(&cell).unwrap(), before);
    assert_eq!(
        fs::metadata(out.join("shuffled/00000.png"))
            .unwrap()
            .modified()
            .unwrap(),
        kept
    );
    assert_eq!(fs::read_to_string(out.join("report.md")).unwrap(), report);

    let refusal = refused(&evaluate(&out, &["--alpha", "2"]));
    assert!(
        refusal.contains("holds the cells of another evaluation (sampling was"),
        "{refusal}"
    );

    // Pictures from elsewhere are scored alike, and missing ones counted.
    let elsewhere = dir.path().join("others");
    fs::create_dir(&elsewhere).unwrap();
    for entry in fs::read_dir(out.join("generated")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), elsewhere.join(entry.file_name())).unwrap();
    }
    run(&evaluate(&out, &["--generated", elsewhere.to_str().unwrap()]));
    let evaluation = Evaluation::from_json(&fs::read(out.join("evaluation.json")).unwrap()).unwrap();
    let external = evaluation
        .rows
        .iter()
        .find(|row| row.kind == RowKind::External)
        .unwrap();
    let own = evaluation
        .rows
        .iter()
        .find(|row| row.kind == RowKind::Generated)
        .unwrap();
    assert_eq!(
        (external.gap_closed, &external.distances),
        (own.gap_closed, &own.distances)
    );
    fs::remove_file(elsewhere.join("00001.png")).unwrap();
    let refusal = refused(&evaluate(&out, &["--generated", elsewhere.to_str().unwrap()]));
    assert!(
        refusal.contains("pictures are missing, the first is") && refusal.contains("00001.png"),
        "{refusal}"
    );
}

#[test]
fn what_cannot_be_evaluated_is_refused_in_a_sentence_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("eval");
    let long = dir.path().join("x".repeat(190));
    let long = long.to_str().unwrap();
    let cases: [(&[&str], &str); 25] = [
        (&["--split", "test"], "the test split has no treated cell"),
        (&["--split", "held-out"], "the held-out split has no treated cell"),
        (
            &["--set", "data.image.height=48", "--set", "data.image.width=48"],
            "the config's images are 48 x 48 px of",
        ),
        (&["--features", "moa:nowhere"], "nowhere"),
        (&["--features", "fid"], "there is no such space"),
        (
            &["--features", "table:a.csv,table:b.csv"],
            "table:a.csv and table:b.csv",
        ),
        (
            &["--features", "morphology,morphology"],
            "both are called morphology",
        ),
        (&["--features", "table:absent.npy"], "absent.npy"),
        (
            &["--alpha", "nan"],
            "'--alpha <ALPHA>': expected a number from 0 to 10",
        ),
        (&["--alpha", "-5"], "--alpha"),
        (&["--alpha", "1e9"], "--alpha"),
        (&["--noise", "nan"], "--noise"),
        (&["--noise", "1e30"], "--noise"),
        (&["--steps", "0"], "--steps"),
        (&["--replicates", "0"], "--replicates"),
        (&["--replicates", "99"], "100..=100000"),
        (&["--replicates", "18446744073709551615"], "--replicates"),
        (&["--least", "1"], "--least"),
        (&["--most", "0"], "--most"),
        (&["--evaluation-seed", "9007199254740992"], "--evaluation-seed"),
        (
            &["--generated", "absent"],
            "pictures are missing, the first is absent",
        ),
        (
            &["--generated", "a/made", "--generated", "b/made"],
            "b/made after a/made",
        ),
        (&["--generated", ".."], "one line of 1 to 176 characters"),
        (&["--generated", long], "one line of 1 to 176 characters"),
        (
            &["--sweep", "alpha=nan"],
            "alpha = \"nan\", expected a number from 0 to 10",
        ),
    ];
    for (more, expected) in cases {
        let refusal = refused(&evaluate(&out, more));
        assert!(refusal.contains(expected), "{refusal}");
        assert!(!out.exists(), "{more:?}");
    }
    // A folder of other files, and a bundle's, stay as they are.
    fs::create_dir(&out).unwrap();
    for name in ["notes.txt", "manifest.json"] {
        let file = out.join(name);
        fs::write(&file, b"{}").unwrap();
        let ways: [&[&str]; 2] = [&[], &["--sweep", "alpha=1"]];
        for more in ways {
            let refusal = refused(&evaluate(&out, more));
            assert!(
                refusal.contains(name) && refusal.contains("is no evaluation's folder"),
                "{refusal}"
            );
        }
        fs::remove_file(&file).unwrap();
        assert!(fs::read_dir(&out).unwrap().next().is_none());
    }
}

/// The images of a table, the feature of each row, and what is said of it.
type Table<'a> = (&'a [&'a str], &'a dyn Fn(usize) -> String, String);

#[test]
fn a_table_of_features_is_checked_before_a_cell_is_walked() {
    let dir = tempfile::tempdir().unwrap();
    let (out, fresh) = (dir.path().join("eval"), dir.path().join("fresh"));
    run(&evaluate(&out, &["--nearest", "0", "--sheet-rows", "0"]));
    let images = fs::read_to_string(out.join("images.csv")).unwrap();
    let paths: Vec<&str> = images.lines().skip(1).collect();
    let written = |paths: &[&str], feature: &dyn Fn(usize) -> String| {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["path", "x"]).unwrap();
        for (row, &path) in paths.iter().enumerate() {
            table.write_record([path, &feature(row)]).unwrap();
        }
        let file = dir.path().join("features.csv");
        fs::write(&file, table.into_inner().unwrap()).unwrap();
        format!("table:{}", file.display())
    };
    let varied = |row: usize| (row * 7 % 5).to_string();
    let last = paths.len() - 1;
    let reversed: Vec<&str> = paths.iter().rev().copied().collect();
    let not_a_number = |row: usize| {
        if row == last {
            "NaN".to_owned()
        } else {
            varied(row)
        }
    };
    let cases: [Table<'_>; 4] = [
        (
            &paths[..last],
            &varied,
            format!("has {last} rows, expected {}", paths.len()),
        ),
        (&reversed, &varied, "rows in the order of the images' list".into()),
        // Titles are the first line.
        (&paths, &not_a_number, format!("line {}, column x", last + 2)),
        (&paths, &|_| "3".into(), "is the same for all".into()),
    ];
    for (paths, feature, expected) in cases {
        let space = written(paths, feature);
        let refusal = refused(&evaluate(&fresh, &["--features", &space]));
        assert!(refusal.contains(&expected), "{refusal}");
        assert!(!fresh.exists(), "{expected}");
    }
    // The list that is checked first is the one that the features are read by in the end.
    let space = written(&paths, &varied);
    run(&evaluate(
        &out,
        &["--nearest", "0", "--sheet-rows", "0", "--features", &space],
    ));
    assert!(out.join("features-table.safetensors").is_file());
    let refusal = refused(&evaluate(&fresh, &["--sweep", "alpha=1", "--features", &space]));
    assert!(
        refusal.contains("--sweep takes no table of features"),
        "{refusal}"
    );
}

#[test]
#[ignore = "several whole evaluations: `cargo xtask test --extended` runs it"]
fn other_controls_and_compounds_are_walked_anew_in_the_same_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (out, fresh) = (dir.path().join("eval"), dir.path().join("fresh"));
    let few = ["--nearest", "0", "--sheet-rows", "0", "--shared-controls", "1"];
    run(&evaluate(&out, &["--nearest", "0"]));
    assert!(out.join("sheets/larger-nucleus.png").is_file());
    run(&evaluate(&out, &few));
    run(&evaluate(&fresh, &few));
    let pictures = |folder: &Path| {
        let entries = fs::read_dir(folder.join("compounds")).unwrap();
        let mut pictures: Vec<(String, Vec<u8>)> = entries
            .map(Result::unwrap)
            .filter(|entry| entry.file_name() != "cells.lock")
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read(entry.path()).unwrap())
            })
            .collect();
        pictures.sort();
        pictures
    };
    assert!(pictures(&out) == pictures(&fresh));
    let report = |folder: &Path| fs::read_to_string(folder.join("report.md")).unwrap();
    assert_eq!(report(&out), report(&fresh));
    // A sheet that is drawn no more is gone.
    assert!(!out.join("sheets/larger-nucleus.png").exists());

    // Nobody knows of which cells these pictures are.
    fs::remove_file(out.join("shuffled/cells.sha256")).unwrap();
    let refusal = refused(&evaluate(&out, &few));
    assert!(
        refusal.contains("shuffled: holds pictures of unknown cells"),
        "{refusal}"
    );
}

#[test]
#[ignore = "several whole evaluations: `cargo xtask test --extended` runs it"]
fn parts_of_several_processes_are_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (out, parts) = (dir.path().join("eval"), dir.path().join("parts"));
    run(&evaluate(&out, &[]));
    for part in ["1/2", "2/2"] {
        run(&evaluate(&parts, &["--shard", part]));
        assert!(!parts.join("evaluation.json").exists());
    }
    let pictures = |folder: &Path| fs::read_dir(folder.join("generated")).unwrap().count();
    assert_eq!(pictures(&parts), pictures(&out));
    run(&evaluate(&parts, &[]));
    assert_eq!(
        fs::read(parts.join("report.md")).unwrap(),
        fs::read(out.join("report.md")).unwrap()
    );
}

#[test]
#[ignore = "several whole evaluations: `cargo xtask test --extended` runs it"]
fn a_sweep_prefers_a_sampling_and_writes_the_bundle_that_recommends_it() {
    let dir = tempfile::tempdir().unwrap();
    let (out, better) = (dir.path().join("eval"), dir.path().join("better"));
    let sweep = ["--sweep", "noise=0,2", "steps=1,2"];
    run(&evaluate(
        &out,
        &[&sweep[..], &["--recommend", better.to_str().unwrap()]].concat(),
    ));
    let report = fs::read_to_string(out.join("sweep.md")).unwrap();
    assert!(report.contains("Preferred: **alpha-"), "{report}");
    let table = fs::read_to_string(out.join("sweep.csv")).unwrap();
    let plot = fs::read_to_string(out.join("plots/sweep.svg")).unwrap();
    assert!(plot.contains("Source noise"), "{plot}");
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let titles = rows.headers().unwrap().clone();
    let at = |name: &str| titles.iter().position(|title| title == name).unwrap();
    let records: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 4);
    let chosen: Vec<_> = records
        .iter()
        .filter(|record| &record[at("chosen")] == "true")
        .collect();
    assert_eq!(chosen.len(), 1);
    // Noise that drowns the cell is not what real cells prefer.
    assert_eq!(&chosen[0][at("noise")], "0");
    let manifest = folder::read_manifest(&better).unwrap();
    assert_eq!(manifest.sampling.steps.to_string(), chosen[0][at("steps")]);
    assert!(manifest.sampling.noise.abs() < 1e-12);
    let before = folder::read_manifest(&root().join("web/bundles/synthetic-tiny")).unwrap();
    assert_eq!(
        manifest.weights_digest().unwrap(),
        before.weights_digest().unwrap()
    );
    // Figures of another sampling stay behind.
    assert!(
        manifest
            .evaluation
            .is_none_or(|found| found.sampling == manifest.sampling)
    );

    // Started again it goes on from its cells, and does not overwrite a bundle.
    let refusal = refused(&evaluate(
        &out,
        &[&sweep[..], &["--recommend", better.to_str().unwrap()]].concat(),
    ));
    assert!(refusal.contains("is there already"), "{refusal}");
    fs::remove_dir_all(&better).unwrap();
    run(&evaluate(&out, &sweep));
    assert_eq!(fs::read_to_string(out.join("sweep.md")).unwrap(), report);
    let refusal = refused(&evaluate(&out, &["--sweep", "noise=0", "--split", "test"]));
    assert!(refusal.contains("validation cells only"), "{refusal}");
    let refusal = refused(&evaluate(&out, &["--sweep", "noise=a"]));
    assert!(refusal.contains("expected a number"), "{refusal}");
}
