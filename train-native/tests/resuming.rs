//! A run that was interrupted and resumed equals the uninterrupted run, bit by bit.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;
#[path = "common/settings.rs"]
mod settings;

use std::path::Path;

use candle_core::Device;
use cellflux_train::TrainError;
use cellflux_train::config::Setting;
use cellflux_train::run::checkpoint::{self, Checkpoint};
use cellflux_train::run::interrupt::Interrupt;
use cellflux_train::run::{Ended, Run};

use settings::config;

fn newest(folder: &Path) -> Checkpoint {
    let path = checkpoint::list(&folder.join("checkpoints"))
        .unwrap()
        .pop()
        .unwrap();
    Checkpoint::load(&path, &Device::Cpu).unwrap()
}

fn bits(checkpoint: &Checkpoint) -> Vec<Vec<u32>> {
    let state = &checkpoint.state;
    [&state.weights, &state.first, &state.second, &state.averaged]
        .map(|tensor| {
            tensor
                .to_vec1::<f32>()
                .unwrap()
                .into_iter()
                .map(f32::to_bits)
                .collect()
        })
        .into()
}

#[test]
fn a_resumed_run_is_the_uninterrupted_one_bit_by_bit() {
    interrupted_and_resumed(&[]);
}

#[test]
fn so_it_is_with_every_option_that_draws_or_averages_in_another_way() {
    interrupted_and_resumed(&[
        "data.draw.balance=root",
        "data.draw.controls=0.25",
        "training.noise=[0.0, 0.5]",
        "training.path_noise=0.3",
        "training.ema={ power = 0.1 }",
        "training.clip=0.5",
        "run.condition_use=true",
        "run.select=validation-loss",
    ]);
}

/// Trains once in one go and once in parts, overridden by `settings`, and compares what they reach.
fn interrupted_and_resumed(settings: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let mut run = Run::start(config(&whole, settings), |_, _| {}).unwrap();
    let start: Vec<f32> = run.averaged().to_vec1().unwrap();
    assert_eq!(run.train(&Interrupt::default()).unwrap(), Ended::Complete);

    // Stopped after the first step, resumed, stopped by the number of steps, resumed.
    let interrupt = Interrupt::default();
    interrupt.ask();
    let mut first = Run::start(config(&cut, settings), |_, _| {}).unwrap();
    assert_eq!(first.train(&interrupt).unwrap(), Ended::Interrupted);
    assert_eq!(first.step(), 1);
    drop(first);
    for steps in [4, 6] {
        let steps_made = format!("training.steps={steps}");
        let config = config(&cut, &[settings, &[steps_made.as_str()]].concat());
        let mut run = Run::resume(&cut, config, |_, _| {}).unwrap();
        assert_eq!(run.train(&Interrupt::default()).unwrap(), Ended::Complete);
        assert_eq!(run.step(), steps);
    }

    let (whole, cut) = (newest(&whole), newest(&cut));
    assert_eq!(bits(&whole), bits(&cut));
    let after: Vec<f32> = whole.state.averaged.to_vec1().unwrap();
    assert_ne!(start, after);
    assert_eq!(whole.progress.metrics, cut.progress.metrics);
}

#[test]
fn a_run_of_another_config_or_in_a_used_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = ["training.steps=1", "run.validate_every=0"];
    Run::start(config(folder.path(), &settings), |_, _| {})
        .unwrap()
        .train(&Interrupt::default())
        .unwrap();
    let again = Run::start(config(folder.path(), &settings), |_, _| {}).unwrap_err();
    assert!(again.to_string().contains("holds a run already"), "{again}");
    for (setting, expected) in [
        (
            "training.learning_rate=0.5",
            "training.learning_rate was 0.001 and is 0.5; expected the run's own, or a new run.folder; \
            --change training.learning_rate=VALUE goes on with another one on purpose",
        ),
        ("run.seed=6", "run.seed was 5 and is 6"),
        (
            "network.num_res_blocks=2",
            "network.num_res_blocks was 1 and is 2",
        ),
    ] {
        let config = config(folder.path(), &[setting]);
        let error = Run::resume(folder.path(), config, |_, _| {}).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let empty = tempfile::tempdir().unwrap();
    let error = Run::resume(empty.path(), config(empty.path(), &[]), |_, _| {}).unwrap_err();
    assert!(
        error.to_string().contains("there is no checkpoint here"),
        "{error}"
    );
}

#[test]
fn another_learning_rate_and_more_steps_are_taken_where_they_are_asked_for_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let cosine = ["training.schedule=cosine", "run.validate_every=0"];
    let first = [&cosine[..], &["training.steps=2"]].concat();
    Run::start(config(folder.path(), &first), |_, _| {})
        .unwrap()
        .train(&Interrupt::default())
        .unwrap();
    let names = ["training.learning_rate=0.0001", "training.steps=3"];
    let changed = || config(folder.path(), &[&cosine[..], &names[..]].concat());
    let resume = |changes: &[&str]| {
        let changes: Vec<Setting> = changes.iter().map(|text| text.parse().unwrap()).collect();
        Run::resume_at(folder.path(), None, changed(), &changes, |_, _| {})
    };
    // Each change has a name of its own.
    let error = resume(&names[..1]).unwrap_err().to_string();
    assert!(
        error.contains("training.steps was 2 and is 3") && !error.contains("learning_rate was"),
        "{error}"
    );
    for other in ["training.batch=4", "run.seed=9", "data.held_out=[]"] {
        let error = resume(&[&names[..], &[other]].concat()).unwrap_err();
        assert!(matches!(error, TrainError::ConfigText { .. }), "{error}");
        let error = error.to_string();
        assert!(
            error.contains("cannot change while a run goes on") && error.contains("training.learning_rate"),
            "{error}"
        );
    }
    let mut run = resume(&names).unwrap();
    assert_eq!(run.train(&Interrupt::default()).unwrap(), Ended::Complete);
    assert_eq!(run.step(), 3);
    drop(run);
    let newest = newest(folder.path()).progress;
    assert!(
        newest
            .command
            .ends_with("; after step 2 with training.learning_rate=0.0001, training.steps=3"),
        "{}",
        newest.command
    );
    // From then on they are the run's own.
    let again = changed();
    Run::resume(folder.path(), again, |_, _| {}).unwrap();
}

#[test]
fn an_exploding_loss_stops_with_step_and_last_good_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "training.learning_rate=1e6",
        "training.steps=40",
        "run.validate_every=0",
    ];
    let mut run = Run::start(config(folder.path(), &settings), |_, _| {}).unwrap();
    let error = run.train(&Interrupt::default()).unwrap_err();
    let TrainError::Diverged { step, last_good, .. } = &error else {
        panic!("{error}");
    };
    let last = newest(folder.path());
    assert_eq!(last.progress.step + 1, *step);
    let named = last_good.as_ref().unwrap().display().to_string();
    let message = error.to_string();
    assert!(
        message.contains(&named) && message.contains("training.learning_rate"),
        "{message}"
    );
    let finite = last
        .state
        .weights
        .to_vec1::<f32>()
        .unwrap()
        .iter()
        .all(|w| w.is_finite());
    assert!(finite);
}

#[test]
fn f16_with_a_loss_scale_learns_what_f32_does() {
    let folder = tempfile::tempdir().unwrap();
    let loss = |precision: &str| {
        let settings = [
            "training.steps=2",
            "training.accumulate=1",
            "training.batch=2",
            "run.validation_pairs=2",
            "run.validate_every=0",
            "network.dropout=0.0",
            "run.ops=candle",
            &format!("training.precision={precision}"),
        ];
        let config = config(&folder.path().join(precision), &settings);
        let mut run = Run::start(config, |_, _| {}).unwrap();
        run.train(&Interrupt::default()).unwrap();
        let found = run.validate().unwrap();
        (found.loss, found.zero)
    };
    let ((half, zero), (full, _)) = (loss("f16"), loss("f32"));
    // f16 has three digits.
    assert!((half - full).abs() < 2e-3 * zero, "{half} {full} of {zero}");
}
