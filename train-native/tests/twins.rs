//! Training on the fused operations follows the loss curve of plain candle operations.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use cellflux_train::config::{Config, Setting};
use cellflux_train::run::Run;
use cellflux_train::run::interrupt::Interrupt;

/// Steps of the curve. `cellflux-train train --ops candle` and `--ops fused` with one seed print longer ones;
/// the plain operations' gradients take too long on a CPU of CI.
const STEPS: usize = 15;

fn curve(ops: &str) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let mut settings: Vec<Setting> = [
        format!("run.ops={ops}"),
        format!("training.steps={STEPS}"),
        "training.batch=2".to_owned(),
        "training.accumulate=1".to_owned(),
        "run.validate_every=0".to_owned(),
        "run.validation_pairs=2".to_owned(),
        "run.checkpoint_every=0".to_owned(),
    ]
    .iter()
    .map(|text| text.parse().unwrap())
    .collect();
    settings.push(Setting::new("run", "folder", folder.path().to_str().unwrap()));
    let config = Config::from_text("test", common::CONFIG, &settings).unwrap();
    Run::start(config, |_, _| {})
        .unwrap()
        .train(&Interrupt::default())
        .unwrap();
    let log = std::fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
    log.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line["kind"] == "train")
        .map(|line| line["loss"].as_f64().unwrap())
        .collect()
}

#[test]
fn fused_operations_learn_along_the_plain_ones_curve() {
    let (plain, fused) = (curve("candle"), curve("fused"));
    assert_eq!((plain.len(), fused.len()), (STEPS, STEPS));
    for (step, (plain, fused)) in plain.iter().zip(&fused).enumerate() {
        // The first steps differ by roundings of f32, which AdamW's division by small moments then amplifies.
        let tolerance = if step < 5 { 1e-4 } else { 2e-2 };
        assert!(
            (plain - fused).abs() < tolerance * plain,
            "step {}: {plain} {fused}",
            step + 1
        );
    }
}
