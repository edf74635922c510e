//! Several processes that train one network: they make the steps of one, whoever fails ends all, and another
//! number of them goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;
#[path = "common/settings.rs"]
mod settings;

use std::path::Path;

use cellflux_train::TrainError;
use cellflux_train::ranks::{Ranks, threads};
use cellflux_train::run::Run;
use cellflux_train::run::interrupt::Interrupt;

use settings::config;

/// What each of `size` processes, which are threads here, makes of its place.
fn each<T: Send>(size: usize, work: impl Fn(&Ranks) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = threads(size)
            .into_iter()
            .map(|star| scope.spawn(move || work(&Ranks::new(star, 0))))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Trains in `folder` to the end as `size` processes.
fn train(folder: &Path, size: usize, settings: &[&str]) {
    let ended = each(size, |ranks| {
        ranks.together(|| {
            let mut run = Run::start_among(ranks, config(folder, settings), None, |_, _| {})?;
            run.train(&Interrupt::default()).map(|_| run.step())
        })
    });
    for steps in ended {
        assert_eq!(steps.unwrap(), 6);
    }
}

/// Goes on in `folder` as `size` processes.
fn resume(folder: &Path, size: usize, settings: &[&str]) {
    let ended = each(size, |ranks| {
        ranks.together(|| {
            let config = config(folder, settings);
            let mut run = Run::resume_among(ranks, (folder, None), config, &[], |_, _| {})?;
            run.train(&Interrupt::default()).map(|_| run.step())
        })
    });
    for steps in ended {
        steps.unwrap();
    }
}

/// The losses of training and validation in a run's log, in their order.
fn losses(folder: &Path) -> Vec<f64> {
    let log = std::fs::read_to_string(folder.join("log.jsonl")).unwrap();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines
        .filter(|line| line["kind"] != "best")
        .map(|line| line["loss"].as_f64().unwrap())
        .collect()
}

fn same(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() < tolerance * expected.abs(),
            "line {step}: {found} {expected}"
        );
    }
}

#[test]
fn two_processes_with_a_batch_each_make_the_steps_of_one_with_twice_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (alone, two) = (folder.path().join("alone"), folder.path().join("two"));
    // Dropout's masks are keyed by what is computed at once.
    let settings = ["training.batch=4", "training.accumulate=1", "network.dropout=0.0"];
    train(&alone, 1, &settings);
    train(&two, 2, &settings);
    let expected = losses(&alone);
    assert_eq!(expected.len(), 6 + 2);
    // Sums of f32 in another order, through six updates.
    same(&losses(&two), &expected, 1e-4);
}

#[test]
fn processes_that_take_whole_micro_batches_draw_the_same_dropout_too() {
    let folder = tempfile::tempdir().unwrap();
    let (alone, two) = (folder.path().join("alone"), folder.path().join("two"));
    let settings = [
        "training.per_batch=true",
        "training.clip=0.5",
        "run.condition_use=true",
    ];
    train(&alone, 1, &settings);
    train(&two, 2, &settings);
    same(&losses(&two), &losses(&alone), 1e-5);
}

#[test]
fn a_run_goes_on_with_another_number_of_processes_and_the_same_samples() {
    let folder = tempfile::tempdir().unwrap();
    let (alone, changing) = (folder.path().join("alone"), folder.path().join("changing"));
    let settings = ["training.batch=4", "network.dropout=0.0"];
    train(&alone, 1, &settings);
    let upto = |steps: &'static str| [&settings[..], &[steps]].concat();
    let first = upto("training.steps=2");
    let ended = each(4, |ranks| {
        ranks.together(|| {
            let mut run = Run::start_among(ranks, config(&changing, &first), None, |_, _| {})?;
            run.train(&Interrupt::default())
        })
    });
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    resume(&changing, 1, &upto("training.steps=4"));
    resume(&changing, 2, &upto("training.steps=6"));
    // A run that ends at a step is validated there too.
    let trained = |folder: &Path| -> Vec<f64> {
        let log = std::fs::read_to_string(folder.join("log.jsonl")).unwrap();
        let lines = log.lines().filter(|line| line.contains("\"kind\":\"train\""));
        let line = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        line.map(|line| line["loss"].as_f64().unwrap()).collect()
    };
    assert_eq!(trained(&alone).len(), 6);
    same(&trained(&changing), &trained(&alone), 1e-4);
}

#[test]
fn processes_with_different_configs_are_refused_by_key_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let found = each(2, |ranks| {
        let own = ["training.batch=4", "training.batch=8"][ranks.rank()];
        let started: Result<(), TrainError> =
            ranks.together(|| Run::start_among(ranks, config(&run, &[own]), None, |_, _| {}).map(|_| ()));
        started.unwrap_err().to_string()
    });
    for said in found {
        assert!(
            said.contains("rank 1 of 2 has another config than rank 0: training.batch was 4 and is 8"),
            "{said}"
        );
    }
    assert!(!run.exists());
}

#[test]
fn a_step_that_cannot_be_shared_equally_is_refused_with_what_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let settings = ["training.batch=3", "training.accumulate=1"];
    let found = each(2, |ranks| {
        let started: Result<(), TrainError> = ranks.together(|| {
            Run::start_among(ranks, config(folder.path(), &settings), None, |_, _| {}).map(|_| ())
        });
        started.unwrap_err().to_string()
    });
    for said in found {
        assert!(
            said.contains("training.batch is 3, expected a multiple of 2"),
            "{said}"
        );
    }
}

#[test]
fn one_process_that_is_asked_to_stop_stops_all_with_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let found = each(2, |ranks| {
        ranks
            .together(|| {
                let mut run = Run::start_among(ranks, config(folder.path(), &[]), None, |_, _| {})?;
                let interrupt = Interrupt::default();
                if ranks.rank() == 1 {
                    interrupt.ask();
                }
                let ended = run.train(&interrupt)?;
                Ok::<_, TrainError>((ended, run.step()))
            })
            .unwrap()
    });
    assert_eq!(found, [(cellflux_train::run::Ended::Interrupted, 1); 2]);
    assert!(
        folder
            .path()
            .join("checkpoints/step-000000001.safetensors")
            .is_file()
    );
}
