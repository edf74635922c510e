//! What a run's bundle says of its conditions, its start and itself, and what its samples are.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use candle_core::Device;
use cellflux_bundle::conditions::{Condition, Split};
use cellflux_bundle::folder;
use cellflux_bundle::manifest::Manifest;
use cellflux_bundle::sampling::{FlowSource, TrainedNoise};
use cellflux_image::{ImageSpec, coded_png};
use cellflux_train::config::{Config, Setting};
use cellflux_train::run::checkpoint::{self, Checkpoint};
use cellflux_train::run::interrupt::Interrupt;
use cellflux_train::run::{CHECKPOINTS, Run};
use safetensors::SafeTensors;

/// A run of one step in `folder`, with the config `text`, overridden by `settings`.
fn run(folder: &Path, text: &str, settings: &[&str]) -> PathBuf {
    let mut settings: Vec<Setting> = settings.iter().map(|text| text.parse().unwrap()).collect();
    let run = folder.join("a run");
    settings.push(Setting::new("run", "folder", run.to_str().unwrap()));
    for setting in ["training.steps=1", "run.validation_pairs=2", "training.batch=2"] {
        settings.push(setting.parse().unwrap());
    }
    Run::start(Config::from_text("test", text, &settings).unwrap(), |_, _| {})
        .unwrap()
        .train(&Interrupt::default())
        .unwrap();
    run
}

fn command(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_cellflux-train"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        matches!(output.status.code(), Some(0 | 2)),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn export(run: &Path, out: &Path, more: &[&str]) -> Manifest {
    let mut arguments = vec!["export", run.to_str().unwrap(), "--out", out.to_str().unwrap()];
    arguments.extend(more);
    let output = command(&arguments);
    assert!(output.status.success(), "{}", said(&output));
    folder::read_manifest(out).unwrap()
}

fn condition<'a>(manifest: &'a Manifest, id: &str) -> &'a Condition {
    manifest.conditions.get(id).unwrap()
}

#[test]
fn a_bundle_says_what_was_a_target_of_which_batches_and_what_the_flow_starts_from() {
    let folder = tempfile::tempdir().unwrap();
    let held_out = "data.held_out=[\"larger nucleus\"]";
    let control = run(&folder.path().join("control"), common::CONFIG, &[held_out]);
    let manifest = export(&control, &folder.path().join("from control"), &[]);
    assert_eq!(manifest.source, FlowSource::Control);
    let facts = |id| {
        let condition = condition(&manifest, id);
        (condition.target, condition.split, condition.batches.len())
    };
    assert_eq!(facts("untreated"), (Some(false), Split::Seen, 2));
    assert_eq!(facts("smaller-nucleus"), (Some(true), Split::Seen, 2));
    assert_eq!(facts("larger-nucleus"), (Some(false), Split::HeldOut, 2));
    // Every start image's batch is one that the conditions name.
    for example in &manifest.gallery.controls {
        let batch = example.batch.clone().unwrap();
        assert!(condition(&manifest, "untreated").batches.contains(&batch));
    }

    let noise = ["training.source=\"noise\"", "data.pairing.learn_controls=true"];
    let noise = run(&folder.path().join("noise"), common::CONFIG, &noise);
    let manifest = export(&noise, &folder.path().join("from noise"), &[]);
    assert_eq!(
        (manifest.source, manifest.sampling.noise),
        (FlowSource::Noise, 0.0)
    );
    assert_eq!(condition(&manifest, "untreated").target, Some(true));
}

#[test]
fn what_a_bundle_says_of_itself_can_be_given_at_export_and_nothing_else_can() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), common::CONFIG, &[]);
    let title = [
        "--set",
        "about.title=Cells of our screen",
        "--set",
        "about.licence=CC0-1.0",
    ];
    let manifest = export(&run, &folder.path().join("bundle"), &title);
    assert_eq!(
        (manifest.title.as_str(), manifest.provenance.licence.as_str()),
        ("Cells of our screen", "CC0-1.0")
    );

    let (run, out) = (run.to_str().unwrap(), folder.path().join("other"));
    let output = command(&[
        "export",
        run,
        "--out",
        out.to_str().unwrap(),
        "--set",
        "training.noise=2.0",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("expected a key of [about]"),
        "{}",
        said(&output)
    );
    assert!(!out.exists());
}

#[test]
fn a_run_that_selects_its_best_checkpoint_exports_it_and_says_so_and_last_is_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let noise = "training.noise=[0.0, 0.5]";
    let select = ["run.select=validation-loss", noise];
    let selecting = run(&folder.path().join("selecting"), common::CONFIG, &select);
    let exported = |run: &Path, name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let arguments = ["export", run.to_str().unwrap(), "--out", out.to_str().unwrap()];
        command(&[&arguments[..], more].concat())
    };
    let best = exported(&selecting, "best", &[]);
    assert!(best.status.success(), "{}", said(&best));
    assert!(
        said(&best).contains("best.safetensors is exported, of step 1, whose validation loss is the run's"),
        "{}",
        said(&best)
    );
    let manifest = folder::read_manifest(&folder.path().join("best")).unwrap();
    assert_eq!(manifest.trained_noise, Some(TrainedNoise::Range([0.0, 0.5])));
    let last = exported(&selecting, "last", &["--checkpoint", "last"]);
    assert!(
        last.status.success() && !said(&last).contains("best"),
        "{}",
        said(&last)
    );

    let plain = run(&folder.path().join("plain"), common::CONFIG, &[]);
    let none = exported(&plain, "none", &["--checkpoint", "best"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(
        said(&none).contains("run.select = \"validation-loss\""),
        "{}",
        said(&none)
    );
}

#[test]
fn samples_are_drawn_as_the_bundle_recommends_and_a_model_without_dna_prints_no_empty_table() {
    let folder = tempfile::tempdir().unwrap();
    let unnamed = concat!(
        r##"data.image.channels=[{name="red",colour="#ff0000"},"##,
        r##"{name="green",colour="#00ff00"},{name="blue",colour="#0000ff"}]"##
    );
    let run = run(folder.path(), common::CONFIG, &[unnamed]);
    let out = folder.path().join("samples");
    let arguments = ["sample", run.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let few = ["--pairs", "2", "--rows", "1", "--steps", "1", "--seed", "41"];
    let output = command(&[&arguments[..], &few].concat());
    assert!(output.status.success(), "{}", said(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        printed.starts_with(
            "no nucleus was measured: no channel has a name that says it shows DNA (red, green, blue)"
        ),
        "{printed}"
    );
    assert_eq!(printed.lines().count(), 1);
    let table = std::fs::read_to_string(out.join("samples.csv")).unwrap();
    let column = |title| {
        let at = table
            .lines()
            .next()
            .unwrap()
            .split(',')
            .position(|found| found == title)
            .unwrap();
        table
            .lines()
            .skip(1)
            .map(move |line| line.split(',').nth(at).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(column("seed"), ["41", "42"]);
    assert_eq!(column("control_area"), ["", ""]);
}

/// What `sample` prints, the titles of its table and the names of its pictures, of a run in `folder`.
fn sampled(folder: &Path, config: &str) -> (String, String, Vec<String>) {
    let run = run(folder, config, &[]);
    let out = folder.join("samples");
    let few = ["--pairs", "1", "--rows", "1", "--steps", "1"];
    let arguments = ["sample", run.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let output = command(&[&arguments[..], &few].concat());
    assert!(output.status.success(), "{}", said(&output));
    let table = std::fs::read_to_string(out.join("samples.csv")).unwrap();
    let mut pictures: Vec<String> = std::fs::read_dir(out.join("cells"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pictures.sort();
    let titles = table.lines().next().unwrap().to_owned();
    (String::from_utf8(output.stdout).unwrap(), titles, pictures)
}

#[test]
fn samples_call_the_data_s_cells_real_only_where_no_program_draws_them() {
    let has = |text: &str, word: &str| {
        text.split(|c: char| !c.is_ascii_alphabetic())
            .any(|found| found == word)
    };
    for (word, other) in [("drawn", "real"), ("real", "drawn")] {
        let folder = tempfile::tempdir().unwrap();
        let config = if word == "drawn" {
            common::CONFIG.to_owned()
        } else {
            genes(folder.path())
        };
        let (printed, titles, pictures) = sampled(folder.path(), &config);
        let all = format!("{printed}\n{titles}\n{}", pictures.join("\n"));
        assert!(has(&printed, word) && !has(&all, other), "{all}");
        assert!(
            titles.ends_with(&format!("predicted_brightness,{word}_brightness")),
            "{titles}"
        );
        let expected = ["control", word, "predicted"].map(|kind| format!("00000-{kind}.png"));
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(pictures, expected);
    }
}

/// A screen of genes, whose table of vectors has no row for the untreated state.
fn genes(folder: &Path) -> String {
    let spec = ImageSpec::bbbc021(16, 16);
    let mut table = "path,SPLIT,STATE,CPD_NAME,BATCH\n".to_owned();
    for (number, row) in ["train,0,EMPTY", "train,1,KRAS", "val,0,EMPTY", "val,1,KRAS"]
        .iter()
        .enumerate()
    {
        let png = coded_png::write(&spec, &vec![20 * number as u8; spec.len()]).unwrap();
        std::fs::write(folder.join(format!("{number}.png")), png).unwrap();
        table.push_str(&[&number.to_string(), ".png,", row, ",HEPG2-08\n"].concat());
    }
    std::fs::write(folder.join("cells.csv"), table).unwrap();
    std::fs::write(folder.join("genes.csv"), "gene,0,1\nKRAS,0.5,-0.25\n").unwrap();
    let settings = common::CONFIG.split("[network]").nth(1).unwrap();
    let folder = folder.display();
    format!(
        r#"
[data.source]
layout = "folder"
table = "{folder}/cells.csv"
[data.image]
preset = "bbbc021"
height = 16
width = 16
[conditions.encoder]
kind = "table"
file = "{folder}/genes.csv"
[network]{settings}
[about]
crops_licence = "CC BY 4.0"
crops_source = "a test"
"#
    )
}

#[test]
fn a_control_without_a_vector_is_a_start_of_a_bundle_with_crops() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), &genes(folder.path()), &[]);
    let manifest = export(&run, &folder.path().join("bundle"), &[]);
    let ids: Vec<&str> = manifest
        .conditions
        .list
        .iter()
        .map(|own| own.id.as_str())
        .collect();
    assert_eq!(ids, ["kras"]);
    let conditions = |list: &[cellflux_bundle::gallery::Example]| -> Vec<String> {
        list.iter().map(|example| example.condition.clone()).collect()
    };
    assert_eq!(conditions(&manifest.gallery.controls), ["empty"]);
    assert_eq!(conditions(&manifest.gallery.treated), ["kras"]);
}

#[test]
fn a_damaged_newest_checkpoint_names_the_one_before_and_a_run_goes_on_there() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), common::CONFIG, &[]);
    let resumed = |more: &[&str]| {
        let common = ["train", "--resume", run.to_str().unwrap(), "--steps", "2"];
        command(&[&common, more].concat())
    };
    assert!(resumed(&[]).status.success());
    let all = checkpoint::list(&run.join("checkpoints")).unwrap();
    let [first, second] = all.as_slice() else {
        panic!("{all:?}")
    };
    let mut bytes = std::fs::read(second).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(second, &bytes).unwrap();

    let offer = format!("`--checkpoint '{}'` goes on with it", first.display());
    let out = folder.path().join("bundle");
    let exported = command(&["export", run.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    for output in [resumed(&[]), exported] {
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            said.contains("CRC-32C differs") && said.contains(&offer),
            "{said}"
        );
        assert_eq!(said.matches("CRC-32C").count(), 1, "{said}");
    }

    assert!(
        resumed(&["--checkpoint", first.to_str().unwrap()])
            .status
            .success()
    );
    // The damaged file is kept under another name, and the run has written its own.
    let aside = format!("{}.set-aside", second.display());
    assert_eq!(std::fs::read(aside).unwrap(), bytes);
    assert_eq!(Checkpoint::load(second, &Device::Cpu).unwrap().progress.step, 2);
}

#[test]
fn a_second_trainer_in_a_run_s_folder_is_told_which_process_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = run(folder.path(), common::CONFIG, &[]);
    let config = Config::read(&path.join("config.toml"), &[]).unwrap();
    let held = Run::resume(&path, config, |_, _| {}).unwrap();
    let before = std::fs::read(path.join("log.jsonl")).unwrap();
    let second = || command(&["train", "--resume", path.to_str().unwrap(), "--steps", "2"]);
    let output = second();
    assert_eq!(output.status.code(), Some(2));
    let process = format!("process {} trains in this folder already", std::process::id());
    assert!(said(&output).contains(&process), "{}", said(&output));
    assert_eq!(std::fs::read(path.join("log.jsonl")).unwrap(), before);
    drop(held);
    assert!(second().status.success());
}

#[test]
fn other_programs_read_a_checkpoint_by_the_parameters_names() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), common::CONFIG, &[]);
    let out = folder.path().join("state.safetensors");
    let arguments = [
        "state-dict",
        run.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let output = command(&arguments);
    assert!(output.status.success(), "{}", said(&output));
    let (_, checkpoint) = checkpoint::load(&run.join(CHECKPOINTS), None, &Device::Cpu).unwrap();
    let state = &checkpoint.state;
    let bytes = std::fs::read(&out).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    // 32 channels, and four times as many in the time's embedding.
    let weight = file.tensor("averaged.time_embed.0.weight").unwrap();
    assert_eq!(weight.shape(), [128, 32]);
    let sorted = |mut bits: Vec<u32>| {
        bits.sort_unstable();
        bits
    };
    let parts = [
        ("weights.", &state.weights),
        ("averaged.", &state.averaged),
        ("first.", &state.first),
        ("second.", &state.second),
    ];
    for (part, flat) in parts {
        let mut found = Vec::new();
        for (name, tensor) in file.tensors() {
            if name.starts_with(part) {
                let numbers = tensor.data().as_chunks::<4>().0.iter();
                found.extend(numbers.map(|number| u32::from_le_bytes(*number)));
            }
        }
        let expected: Vec<f32> = flat.to_vec1().unwrap();
        let expected = expected.into_iter().map(f32::to_bits).collect();
        assert_eq!(sorted(found), sorted(expected), "{part}");
    }
    let output = command(&arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("expected a new file"), "{}", said(&output));
    assert_eq!(std::fs::read(&out).unwrap(), bytes);
}
