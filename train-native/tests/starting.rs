//! A run that starts from another's weights, and the checkpoint that a run selects.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;
#[path = "common/settings.rs"]
mod settings;

use std::path::Path;

use candle_core::{Device, Tensor};
use cellflux_bundle::folder;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::sampling::Sampling;
use cellflux_data::Split;
use cellflux_train::TrainError;
use cellflux_train::config::{Config, Select, SourceNoise};
use cellflux_train::export::{Options, export};
use cellflux_train::run::checkpoint::{self, Checkpoint};
use cellflux_train::run::interrupt::Interrupt;
use cellflux_train::run::{CHECKPOINTS, Run};
use cellflux_train::step::parameter_count;

use settings::config;

/// A run of one step.
fn trained(folder: &Path) {
    let settings = ["training.steps=1", "run.validate_every=0"];
    let mut run = Run::start(config(folder, &settings), |_, _| {}).unwrap();
    run.train(&Interrupt::default()).unwrap();
}

/// A number that was written as JSON and read again may differ in its last bit.
fn same(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-12 * expected.abs(),
        "{found} {expected}"
    );
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.to_vec1().unwrap()
}

#[test]
fn a_run_starts_from_another_s_average_and_another_network_s_is_refused_by_tensor_and_shape() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    trained(&first);
    let newest = checkpoint::list(&first.join(CHECKPOINTS)).unwrap().pop().unwrap();
    let state = Checkpoint::load(&newest, &Device::Cpu).unwrap().state;

    // The run's folder and its checkpoint give the same.
    for (name, init) in [("by folder", first.as_path()), ("by file", newest.as_path())] {
        let again = config(&folder.path().join(name), &["run.seed=77"]);
        let run = Run::start_from(again, Some(init), |_, _| {}).unwrap();
        assert_eq!(values(run.averaged()), values(&state.averaged));
        assert_eq!((run.step(), run.notes().len()), (0, 1));
    }
    // Without it the seed decides.
    let anew = config(&folder.path().join("anew"), &["run.seed=77"]);
    let anew = Run::start(anew, |_, _| {}).unwrap();
    assert_ne!(values(anew.averaged()), values(&state.averaged));

    for (setting, part) in [
        (
            "network.model_channels=64",
            "tensor mol_embed_transform.weight has shape [128, ",
        ),
        ("conditions.dose=none", "parameters, expected"),
    ] {
        let other = config(&folder.path().join("other"), &[setting]);
        let error = Run::start_from(other, Some(&first), |_, _| {}).unwrap_err();
        assert!(matches!(error, TrainError::Checkpoint { .. }));
        let message = error.to_string();
        assert!(
            message.contains(part) && message.contains("another network"),
            "{message}"
        );
    }
}

/// The validation loss of the weights that a run starts from.
fn loss_at_the_start(folder: &Path, init: &Path, settings: &[&str]) -> f64 {
    let mut run = Run::start_from(config(folder, settings), Some(init), |_, _| {}).unwrap();
    run.validate().unwrap().loss
}

#[test]
fn the_scale_of_the_vectors_is_no_part_of_a_network_that_goes_to_another_run_or_into_a_bundle() {
    let home = tempfile::tempdir().unwrap();
    let place = |name: &str| home.path().join(name);
    let scaled = "conditions.scale=4.0";
    let first = place("scaled");
    let mut run = Run::start(config(&first, &[scaled, "training.steps=2"]), |_, _| {}).unwrap();
    run.train(&Interrupt::default()).unwrap();
    let own = run.validate().unwrap().loss;
    let newest = checkpoint::list(&first.join(CHECKPOINTS)).unwrap().pop().unwrap();
    let last = Checkpoint::load(&newest, &Device::Cpu).unwrap();
    let options = Options {
        dtype: WeightDtype::F32,
        controls: 1,
        sampling: Sampling::default(),
    };
    let bundle = place("bundle");
    let packed = export(run.material(), &last, &options)
        .unwrap()
        .draft
        .pack()
        .unwrap();
    folder::write(&packed, &bundle, false).unwrap();
    drop(run);
    let near = |found: f64, name: &str| assert!((found - own).abs() < 1e-5 * own, "{name}: {found} {own}");
    near(
        loss_at_the_start(&place("a"), &first, &[]),
        "another run, unscaled",
    );
    near(
        loss_at_the_start(&place("b"), &first, &[scaled]),
        "another run, scaled",
    );
    near(
        loss_at_the_start(&place("c"), &bundle, &[]),
        "the bundle, unscaled",
    );
    near(
        loss_at_the_start(&place("d"), &bundle, &[scaled]),
        "the bundle, scaled",
    );
}

#[test]
fn the_recipe_of_the_demo_asks_for_its_options_and_holds_compounds_out() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/bbbc021-demo.toml");
    let config = Config::read(&file, &[]).unwrap();
    assert_eq!(config.run.select, Select::GapClosed);
    assert_eq!(config.training.noise, SourceNoise::Range([0.0, 0.5]));
    assert!(config.data.draw.controls > 0.0 && config.data.held_out.len() == 2);
    // At most 4 MB in f16.
    let unet = config.network.unet(3, 1024).unwrap();
    assert!(2 * parameter_count(&unet) <= 4_000_000);
}

#[test]
fn epochs_decide_the_steps_once_the_pairs_are_known_and_the_saved_config_says_epochs() {
    let folder = tempfile::tempdir().unwrap();
    // A flag's epochs take the place of the file's steps.
    let settings = ["training.epochs=0.25", "run.validate_every=0"];
    let mut run = Run::start(config(folder.path(), &settings), |_, _| {}).unwrap();
    let pairs = run.material().pairing.len(Split::Train) as u64;
    // A quarter of the pairs, in steps of 2 x 3.
    assert_eq!(run.material().config.training.steps, pairs.div_ceil(4 * 6));
    run.train(&Interrupt::default()).unwrap();
    assert_eq!(run.step(), run.material().config.training.steps);
    drop(run);
    let saved = Config::read(&folder.path().join("config.toml"), &[]).unwrap();
    assert_eq!(saved.training.epochs, Some(0.25));
    let resumed = Run::resume(folder.path(), saved, |_, _| {}).unwrap();
    assert_eq!(resumed.step(), resumed.material().config.training.steps);
}

#[test]
fn the_checkpoint_of_the_lowest_validation_loss_is_kept_beside_the_newest_and_found_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let selecting = ["run.select=validation-loss", "run.validate_every=1"];
    let mut run = Run::start(config(folder.path(), &selecting), |_, _| {}).unwrap();
    run.train(&Interrupt::default()).unwrap();
    let best = run.best().unwrap();
    drop(run);

    let checkpoints = folder.path().join(CHECKPOINTS);
    let (path, kept) = checkpoint::load(&checkpoints, Some(Path::new("best")), &Device::Cpu).unwrap();
    assert!(path.ends_with("best.safetensors"));
    assert_eq!(kept.progress.step, best.step);
    same(kept.progress.metrics["validation_loss"], best.value);
    let log = std::fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |kind: &'static str| lines.iter().filter(move |line| line["kind"] == kind);
    let lowest = of("validation")
        .map(|line| line["loss"].as_f64().unwrap())
        .fold(f64::INFINITY, f64::min);
    same(lowest, best.value);
    let last = of("best").next_back().unwrap();
    assert_eq!(last["step"].as_u64(), Some(best.step));
    same(last["loss"].as_f64().unwrap(), best.value);

    // The newest is there as always, and a resumed run goes on with the best so far.
    let (_, newest) = checkpoint::load(&checkpoints, Some(Path::new("last")), &Device::Cpu).unwrap();
    assert_eq!(newest.progress.step, 6);
    let resumed = Run::resume(folder.path(), config(folder.path(), &selecting), |_, _| {}).unwrap();
    let again = resumed.best().unwrap();
    assert_eq!(again.step, best.step);
    same(again.value, best.value);
}

#[test]
fn a_run_that_selects_by_generated_cells_keeps_the_best_of_them_and_logs_why() {
    for (select, better) in [
        ("kid", f64::min as fn(f64, f64) -> f64),
        ("gap-closed", f64::max as fn(f64, f64) -> f64),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let select = format!("run.select={select}");
        // Without the dose a compound is one condition, of which there are enough cells.
        let settings = [
            select.as_str(),
            "conditions.dose=none",
            "run.generated_cells=40",
            "run.validate_every=3",
        ];
        let mut run = Run::start(config(folder.path(), &settings), |_, _| {}).unwrap();
        run.train(&Interrupt::default()).unwrap();
        let best = run.best().unwrap();
        drop(run);
        let log = std::fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
        let lines: Vec<serde_json::Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let of = |kind: &'static str| lines.iter().filter(move |line| line["kind"] == kind);
        let key = if select.ends_with("kid") {
            "kid"
        } else {
            "gap_closed"
        };
        let found: Vec<f64> = of("validation")
            .map(|line| line["generated"][key].as_f64().unwrap())
            .collect();
        assert_eq!(found.len(), 2);
        assert!(of("validation").all(|line| line["generated"]["ends_apart"].as_f64().unwrap() >= 0.0));
        same(found.iter().copied().reduce(better).unwrap(), best.value);
        let kept = of("selected").next_back().unwrap();
        assert_eq!(kept["step"].as_u64(), Some(best.step));
        same(kept["value"].as_f64().unwrap(), best.value);
        let checkpoints = folder.path().join(CHECKPOINTS);
        let (_, checkpoint) = checkpoint::load(&checkpoints, Some(Path::new("best")), &Device::Cpu).unwrap();
        let metric = format!("validation_{key}");
        same(checkpoint.progress.metrics[&metric], best.value);
    }
}

#[test]
fn a_run_that_selects_nothing_keeps_no_best_checkpoint_and_says_so_when_asked_for_it() {
    let folder = tempfile::tempdir().unwrap();
    trained(folder.path());
    let checkpoints = folder.path().join(CHECKPOINTS);
    let error = checkpoint::load(&checkpoints, Some(Path::new("best")), &Device::Cpu).unwrap_err();
    assert!(
        error.to_string().contains("run.select = \"validation-loss\""),
        "{error}"
    );
}
