//! The tuner on this machine's adapter, with a made-up clock so that its choice is known beforehand.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use cellflux_flow::distance::relative_error;
use cellflux_flow::field::Engine as _;
use cellflux_wgpu::{
    DeviceTrials, Effort, Gpu, GpuError, Plan, Precision, Site, StoredTiles, Tile, Trial, Trials, Tried,
    Tuner, Tuning, WgpuEngine,
};
use common::{Golden, gpu};

/// The device's outputs, with times by a rule of the test, and one tile whose outputs are made wrong.
struct Staged {
    device: DeviceTrials<fn() -> f64>,
    seconds: fn(Tile) -> f64,
    spoilt: Option<Tile>,
}

impl Trials for Staged {
    async fn run(&mut self, site: Site, tile: Tile, _: f64) -> Result<Trial, GpuError> {
        // Any real time is long enough.
        let mut trial = self.device.run(site, tile, f64::NEG_INFINITY).await?;
        trial.seconds = (self.seconds)(tile);
        if self.spoilt == Some(tile) {
            trial.output[0] += 10.0;
        }
        Ok(trial)
    }

    fn now(&self) -> f64 {
        0.0
    }
}

const PATIENT: Effort = Effort {
    budget: 1.0,
    longest_run: f64::INFINITY,
};

/// The tile with the smallest blocks is the fastest, which is nowhere the default.
fn small_blocks_win(tile: Tile) -> f64 {
    match tile {
        Tile::Registers { pixels, quads }
        | Tile::Winograd {
            patches: pixels,
            quads,
        } => f64::from(pixels * quads),
        _ => 1e3,
    }
}

fn plan(gpu: &Gpu, golden: &Golden) -> Plan {
    let tuning = Tuning::of(gpu.report());
    Plan::new(&golden.config, golden.size(), 4, Precision::F32, &tuning).unwrap()
}

/// Tunes to the end; returns what is stored and what was tried.
fn tune(gpu: &Gpu, plan: &Plan, spoilt: Option<Tile>) -> (StoredTiles, Vec<Tried>) {
    let defaults = Tuning::of(gpu.report());
    let mut tuner = Tuner::new(plan, defaults, StoredTiles::new("here"), PATIENT, 1.0);
    let mut trials = Staged {
        device: DeviceTrials::new(gpu, plan.images(), || 0.0),
        seconds: small_blocks_win,
        spoilt,
    };
    let mut tried = Vec::new();
    while let Some(each) = pollster::block_on(tuner.step(&mut trials)).unwrap() {
        println!("{each:?}");
        tried.push(each);
    }
    (tuner.stored().clone(), tried)
}

#[test]
fn the_tuner_takes_the_fastest_candidates_and_the_network_computes_the_same_with_them() {
    let (Some(gpu), Some(golden)) = (gpu(), Golden::load("micro")) else {
        return;
    };
    let plan = plan(&gpu, &golden);
    let (stored, _) = tune(&gpu, &plan, None);
    let defaults = Tuning::of(gpu.report());
    // As a later run has it: read back from text.
    let stored = StoredTiles::read(&stored.to_string(), "here", &defaults).unwrap();
    assert!(!stored.is_empty());
    let tuning = stored.tuning(&defaults);
    for site in plan.sites().keys().filter(|site| stored.contains(site)) {
        let mut candidates = defaults.candidates(site);
        candidates.push(defaults.tile(site));
        let least = candidates
            .iter()
            .map(|tile| small_blocks_win(*tile))
            .fold(f64::INFINITY, f64::min);
        assert!(
            (small_blocks_win(tuning.tile(site)) - least).abs() < 1e-9,
            "{site}"
        );
    }

    let new = WgpuEngine::tuned(
        &gpu,
        &golden.config,
        &golden.weights,
        golden.size(),
        2,
        Precision::F32,
        tuning,
        |_| {},
    );
    let mut engine = pollster::block_on(new).unwrap();
    assert_ne!(engine.tuning(), &defaults);
    let x = engine.upload(&golden.values("x")).unwrap();
    let t: Vec<f64> = golden.values("t").iter().map(|t| f64::from(*t)).collect();
    let conditions = golden.conditions();
    let given: Vec<_> = conditions.iter().map(|row| Some(row.as_slice())).collect();
    let velocity = engine.evaluate(&x, &t, &given).unwrap();
    let found = pollster::block_on(engine.read(&velocity)).unwrap();
    // The goldens' bound for f32.
    assert!(relative_error(&found, &golden.values("velocity_conditional")) <= 1e-4);
}

#[test]
fn a_tile_that_computes_something_else_on_the_device_is_refused() {
    let (Some(gpu), Some(golden)) = (gpu(), Golden::load("micro")) else {
        return;
    };
    let plan = plan(&gpu, &golden);
    let defaults = Tuning::of(gpu.report());
    // The fastest by the test's clock among the candidates of the most expensive site.
    let (site, _) = plan.sites().iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
    let mut candidates = defaults.candidates(site);
    candidates.retain(|tile| *tile != defaults.tile(site));
    let fastest = candidates
        .into_iter()
        .min_by(|a, b| small_blocks_win(*a).total_cmp(&small_blocks_win(*b)))
        .unwrap();
    let (stored, tried) = tune(&gpu, &plan, Some(fastest));
    assert!(stored.contains(site));
    assert_ne!(stored.tuning(&defaults).tile(site), fastest);
    assert!(
        tried
            .iter()
            .any(|tried| matches!(tried, Tried::Refused { tile, .. } if *tile == fastest))
    );
}
