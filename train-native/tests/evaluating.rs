//! `cellflux-train evaluate` where the truth is known: a perfect generator reaches the floor and closes the
//! whole gap, a copy of the control closes none of it; and the command, on the shipped bundle of drawn cells.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "common/drawn.rs"]
mod drawn;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use cellflux_bundle::evaluation::{Evaluation, Row, RowKind};
use cellflux_bundle::{Estimate, folder};
use cellflux_data::synthetic::Design;
use cellflux_data::{PackedCache, Source, Split};
use cellflux_measure::sets::bootstrap::Plan;
use cellflux_train::evaluate::assess::{Assessment, assess};
use cellflux_train::evaluate::cells::{Cells, Choice};
use cellflux_train::evaluate::nearest::training_images;
use cellflux_train::evaluate::question::{Images, Question};
use cellflux_train::evaluate::report;
use cellflux_train::evaluate::spaces::Extractor;

use drawn::{experiment, perfect, root};

fn output(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cellflux-train"))
        .args(arguments)
        .output()
        .unwrap()
}

fn run(arguments: &[String]) {
    let output = output(arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn refused(arguments: &[String]) -> String {
    let output = output(arguments);
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

fn row<'a>(evaluation: &'a Evaluation, name: &str) -> &'a Row {
    evaluation.rows.iter().find(|row| row.name == name).unwrap()
}

fn holds(estimate: Option<Estimate>, value: f64) -> bool {
    let Estimate { low, high, .. } = estimate.unwrap();
    (low..=high).contains(&value)
}

/// That a file is an evaluation by the schema that the format publishes.
fn is_valid(evaluation: &[u8]) {
    let schema = fs::read(root().join("docs/evaluation.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json = serde_json::from_slice(evaluation).unwrap();
    if let Err(error) = validator.validate(&json) {
        panic!("{error} at {}", error.instance_path());
    }
}

fn assessed() -> Assessment {
    let (config, experiment) = experiment(900);
    let bundle = folder::read(&root().join("web/bundles/synthetic-tiny")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let cache = PackedCache::open_with(&experiment, dir.path(), |_, _| {}).unwrap();
    let choice = Choice {
        split: Split::Validation,
        most: 60,
        seed: 3,
    };
    let cells = Cells::choose(&experiment, &bundle, choice).unwrap();
    let Source::Synthetic(design) = &config.data.source else {
        panic!("the config is of drawn cells")
    };
    let design = Design::new(design, &bundle.manifest.image).unwrap();
    let mut from = 0;
    let mut draw = |treated| perfect(&design, &bundle, &experiment, treated, &mut from);
    let generated: Vec<u8> = cells
        .partners
        .iter()
        .flat_map(|partner| draw(partner.treated))
        .collect();
    // What a network makes that takes each compound for another.
    let shuffled = cells.shuffled(choice.seed).unwrap();
    let exchanged: Vec<u8> = shuffled
        .iter()
        .flat_map(|partner| {
            let other = cells
                .partners
                .iter()
                .find(|other| other.condition == partner.condition)
                .unwrap();
            draw(other.treated)
        })
        .collect();
    let images = |kind, name: &str, images| Images {
        kind,
        name: name.into(),
        folder: name.into(),
        starts: None,
        images,
    };
    assess(&Question {
        experiment: &experiment,
        cache: &cache,
        bundle: &bundle,
        cells: &cells,
        sets: &[
            images(RowKind::Generated, "perfect", generated),
            images(RowKind::Shuffled, "exchanged", exchanged),
        ],
        shared: None,
        spaces: &[Extractor::Morphology],
        training: &training_images(&experiment, 40, 1),
        sampling: &bundle.manifest.sampling,
        split: Split::Validation,
        least_cells: 20,
        plan: Plan {
            replicates: 300,
            seed: 1,
        },
    })
    .unwrap()
}

#[test]
fn a_perfect_generator_closes_the_gap_and_reaches_the_floor_and_a_copy_does_neither() {
    let found = assessed();
    // Without a date no reader would take it: nothing is written.
    let dir = tempfile::tempdir().unwrap();
    let bundle = folder::read(&root().join("web/bundles/synthetic-tiny")).unwrap();
    let refusal = report::write(dir.path(), &found, &bundle, &[], &[]).unwrap_err();
    assert!(refusal.to_string().contains("date"), "{refusal}");
    assert!(fs::read_dir(dir.path()).unwrap().next().is_none());
    let Assessment {
        mut evaluation,
        differences,
        nearest,
        real_halves,
        by_measure,
        ..
    } = found;
    evaluation.date = "2026-11-27".into();
    evaluation.validate("").unwrap();
    assert!(evaluation.data.drawn, "the config draws the cells");
    is_valid(&evaluation.to_json().unwrap());
    let perfect = row(&evaluation, "perfect");
    let copied = row(&evaluation, "controls copied");
    let floor = &evaluation.rows[0];
    assert!(holds(perfect.gap_closed, 1.0), "{:?}", perfect.gap_closed);
    assert!(holds(copied.gap_closed, 0.0), "{:?}", copied.gap_closed);
    assert!(perfect.direction.unwrap().low > 0.9, "{:?}", perfect.direction);
    assert!(holds(perfect.fine_detail, 1.0), "{:?}", perfect.fine_detail);

    // Real cells of other fields, in place of generated ones, are as near as a perfect generator's: a copy is
    // not. The table names no wells, so fields were divided.
    let real = row(
        &evaluation,
        "drawn cells, half of the fields of view against the other half",
    );
    let (share, of_copy) = (real.gap_closed.unwrap(), copied.gap_closed.unwrap());
    assert!(
        share.value > of_copy.high && share.high > 0.9,
        "{share:?} {of_copy:?}"
    );
    assert!(
        real.distances.is_empty() && real.cells < perfect.cells,
        "{real:?}"
    );
    assert!(real_halves.conditions.len() > 1, "{real_halves:?}");

    // In the nucleus's area the perfect generator closes what the renderer changes.
    let area = by_measure
        .iter()
        .find(|found| {
            let condition = &bundle.manifest.conditions.list[found.condition];
            condition.id == "larger-nucleus" && found.measure == "nucleus.area"
        })
        .unwrap();
    assert!(area.stands_out && area.unit == "px", "{area:?}");
    assert!(area.treated.mean > area.control.mean, "{area:?}");
    assert!(area.left.unwrap().value < area.gap.unwrap().value, "{area:?}");
    assert!(area.gap_closed.unwrap().value > 0.5, "{area:?}");

    let kid = |row: &Row| row.distances[0].kid.unwrap();
    // Unbiased: about 0 for cells of one distribution, and above it for controls.
    for same in [perfect, floor] {
        let Estimate { low, high, .. } = kid(same);
        assert!(low <= 0.0 && 0.0 <= high, "{:?}", kid(same));
    }
    assert!(kid(copied).low > 0.0, "{:?}", kid(copied));
    let against = |name: &str| {
        differences
            .iter()
            .find(|found| found.name.ends_with(name))
            .unwrap()
    };
    let nearer = against("against controls copied").nearer[0].1;
    assert!(nearer.low > 0.0, "{nearer:?}");

    // A perfect generator is near within each compound; exchanged compounds, near as a whole, are not.
    let within = |row: &Row| row.distances[0].kid_by_condition.unwrap();
    let exchanged = within(row(&evaluation, "exchanged"));
    assert!(within(perfect).low <= 0.0, "{:?}", within(perfect));
    assert!(exchanged.low > 0.0, "{exchanged:?}");

    // Newly drawn cells repeat no training cell more than real ones of the split do.
    let nearest = nearest.unwrap();
    assert_eq!((nearest.searched, nearest.images.len()), (40, perfect.cells));
    assert!(
        (nearest.generated / nearest.real - 1.0).abs() < 0.15,
        "{nearest:?}"
    );
    assert!(nearest.very_near < 0.15, "{nearest:?}");

    // Compounds exchanged do worse, by more than the interval.
    let against = against("against exchanged");
    assert!(against.gap_closed.unwrap().low > 0.0, "{:?}", against.gap_closed);
    assert!(against.nearer[0].1.value > 0.0, "{:?}", against.nearer);

    // Each nucleus that the renderer changes is measured as changed, and the perfect one alike.
    let larger = evaluation
        .conditions
        .iter()
        .find(|condition| condition.id == "larger-nucleus")
        .unwrap();
    let nuclei = larger.nuclei.unwrap();
    assert!(nuclei.treated.low > nuclei.control.high, "{nuclei:?}");
    // Both are means of some forty cells: their intervals meet.
    let (made, real) = (nuclei.generated, nuclei.treated);
    assert!(made.low <= real.high && real.low <= made.high, "{nuclei:?}");
    assert!(made.low > nuclei.control.high, "{nuclei:?}");
}

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
fn too_few_cells_are_refused_with_their_numbers() {
    let (_, experiment) = experiment(200);
    let bundle = folder::read(&root().join("web/bundles/synthetic-tiny")).unwrap();
    let choice = Choice {
        split: Split::Validation,
        most: 0,
        seed: 3,
    };
    let refusal = Cells::choose(&experiment, &bundle, choice)
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("0 treated cells") && refusal.contains("at least 2 of each"),
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
