//! The classifier of modes of action on drawn cells, whose treatments are known to look different.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use candle_core::Device;
use cellflux_data::{Experiment, PackedCache, Split, read_experiment};
use cellflux_measure::sets::bootstrap::Plan;
use cellflux_measure::sets::groups::Unit;
use cellflux_train::config::Config;
use cellflux_train::evaluate::measured::Ruler;
use cellflux_train::evaluate::real::Real;
use cellflux_train::evaluate::told_apart::told_apart;
use cellflux_train::features::FeatureRows;
use cellflux_train::features::moa::{Classes, Classifier, FEATURES, NamedAfter, Settings, train};

const CONFIG: &str = r#"
[data.source]
layout = "synthetic"
seed = 5
images = 400
controls = 0.34
validation = 0.25
batches = 2
drawn_side = 64

[[data.source.compounds]]
name = "larger nucleus"
effects = { nuclear_size = 1.7 }
doses_um = [30.0]

[[data.source.compounds]]
name = "rounded cell"
effects = { rounding = 0.9, cell_size = 0.7 }
doses_um = [30.0]

[data.image]
preset = "bbbc021"
height = 32
width = 32

[conditions.encoder]
kind = "one-hot"
"#;

fn cells(folder: &Path) -> (Config, Experiment, PackedCache) {
    let config = Config::from_text("test", CONFIG, &[]).unwrap();
    let experiment = read_experiment(&config.data).unwrap();
    let cache = PackedCache::open(&experiment, folder).unwrap();
    (config, experiment, cache)
}

fn learnt(cells: &(Config, Experiment, PackedCache), steps: u64) -> Classifier {
    let (config, experiment, cache) = cells;
    let settings = Settings {
        steps,
        batch: 24,
        learning_rate: 3e-3,
        seed: 7,
        ..Settings::default()
    };
    train(
        experiment,
        cache,
        &config.data,
        &settings,
        &Device::Cpu,
        |_, _| {},
    )
    .unwrap()
}

#[test]
fn cells_that_were_not_seen_are_told_apart_and_a_saved_classifier_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let cells = cells(&folder.path().join("cache"));
    let classifier = learnt(&cells, 250);
    let about = classifier.about();
    assert_eq!(about.classes, ["untreated", "larger nucleus", "rounded cell"]);
    assert_eq!(about.named_after, NamedAfter::Compound);

    // It learnt from the training cells, and is scored on the validation cells, all of them.
    let (_, experiment, cache) = &cells;
    let of = |split| {
        experiment
            .entries()
            .iter()
            .filter(|entry| entry.split == split)
            .count()
    };
    assert_eq!(about.training.cells.iter().sum::<usize>(), of(Split::Train));
    assert_eq!(about.validation.cells, of(Split::Validation));
    // Guessing gives a third; a larger nucleus and a smaller, round cell can be seen by eye.
    let accuracy = about.validation.balanced_accuracy;
    assert!(accuracy > 0.8, "{:?}", about.validation);

    // Reported with an interval, untreated cells included; for a class with too few cells nothing is
    // reported.
    let ruler = Ruler::new(experiment.spec()).unwrap();
    let real = |treated: bool| {
        let numbers: Vec<u32> = (0..)
            .zip(experiment.entries())
            .filter(|(_, entry)| entry.split == Split::Validation && entry.treated == treated)
            .map(|(number, _)| number)
            .collect();
        let cells = Real::new((experiment, cache), &ruler, Unit::Cell, &numbers).unwrap();
        (cells, numbers)
    };
    let ((treated, numbers), (controls, _)) = (real(true), real(false));
    let plan = Plan {
        replicates: 200,
        seed: 1,
    };
    let apart = |least: usize| {
        let treated = (&treated, &numbers[..]);
        told_apart(
            &classifier,
            experiment,
            treated,
            &controls,
            ([3, 32, 32], least, plan),
        )
        .unwrap()
    };
    let found = apart(2).unwrap();
    assert_eq!(found.classes.len(), 3);
    let cells: usize = found.classes.iter().map(|(_, cells)| cells).sum();
    assert_eq!(cells, of(Split::Validation));
    assert!(found.balanced_accuracy.low > 1.0 / 3.0, "{found}");
    // All three classes take part, so it is the score's own figure.
    assert!(
        (found.balanced_accuracy.value - accuracy).abs() < 1e-12,
        "{found}"
    );
    assert!(apart(cells).is_none());

    let saved = folder.path().join("moa");
    std::fs::create_dir(&saved).unwrap();
    classifier.save(&saved).unwrap();
    let loaded = Classifier::load(&saved, &Device::Cpu).unwrap();
    let shape = [3, 3, 32, 32];
    let images: Vec<u8> = (0..3)
        .flat_map(|image| cache.image(image).unwrap().to_vec())
        .collect();
    assert_eq!(
        loaded.classify(&images, shape).unwrap(),
        classifier.classify(&images, shape).unwrap()
    );
    let features = FeatureRows::of_tensor(&loaded.features(&images, shape).unwrap()).unwrap();
    assert_eq!((features.rows(), features.width), (3, FEATURES));
    for answer in loaded.classify(&images, shape).unwrap() {
        // Three f32 that softmax rounds.
        assert!((answer.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
    assert!(loaded.features(&images, [3, 3, 64, 16]).is_ok(), "another size");
    loaded.accepts(&saved, experiment.spec()).unwrap();
    let mut larger = experiment.spec().clone();
    larger.height = 64;
    let error = loaded.accepts(&saved, &larger).unwrap_err().to_string();
    assert!(
        error.contains("moa.json: the classifier learnt from images of 32 x 32 px of 3 channels")
            && error.contains("64 x 32 px of 3 channels as the bundle's"),
        "{error}"
    );
    for wrong in [[4, 3, 32, 24], [9, 1, 32, 32], [2, 3, 32, 32]] {
        assert!(loaded.features(&images, wrong).is_err(), "{wrong:?}");
    }

    // Weights that do not belong to the description.
    let weights = saved.join("moa.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    let error = Classifier::load(&saved, &Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("not the file that moa.json describes"), "{error}");
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let cells = cells(&folder.path().join("cache"));
    let saved = ["first", "second"].map(|name| {
        let saved = folder.path().join(name);
        std::fs::create_dir(&saved).unwrap();
        learnt(&cells, 3).save(&saved).unwrap();
        std::fs::read(saved.join("moa.safetensors")).unwrap()
    });
    assert!(saved[0] == saved[1]);
}

#[test]
fn the_classes_of_real_cells_are_their_modes_of_action() {
    let Some(table) = real_cells() else {
        return;
    };
    let text = CONFIG.split("[data.image]").nth(1).unwrap();
    let text = format!("[data.source]\nlayout = \"folder\"\ntable = {table:?}\n[data.image]{text}");
    let config = Config::from_text("test", &text, &[]).unwrap();
    let experiment = read_experiment(&config.data).unwrap();
    let classes = Classes::of(&experiment).unwrap();
    assert_eq!(classes.named_after(), NamedAfter::ModeOfAction);
    assert_eq!(classes.names().len(), 13);
    assert_eq!(classes.names().first().map(String::as_str), Some("untreated"));
    let train = classes.by_class(Split::Train);
    // Rows of the table with SPLIT train and STATE 0.
    assert_eq!(train.first().map(Vec::len), Some(3763));
    assert_eq!(classes.without(Split::Train), 0);
}

/// The table of the real crops, where they stand beside the repository.
fn real_cells() -> Option<std::path::PathBuf> {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/bbbc021-cells/metadata.csv");
    if !table.is_file() {
        eprintln!("skipped: {} is not there", table.display());
        return None;
    }
    Some(table)
}
