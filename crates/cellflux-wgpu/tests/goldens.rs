//! The engine against what the reference network computed in float64.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::tensor::Values;
use cellflux_flow::distance::relative_error;
use cellflux_flow::field::{Engine as _, Field as _};
use cellflux_flow::guidance::Guidance;
use cellflux_wgpu::{AttentionTile, Gpu, Precision, Tile, Tuning, WgpuEngine};
use common::{Golden, gpu};

fn engine(gpu: &Gpu, golden: &Golden, precision: Precision) -> WgpuEngine {
    let new = WgpuEngine::new(
        gpu,
        &golden.config,
        &golden.weights,
        golden.size(),
        2,
        precision,
        |_| {},
    );
    pollster::block_on(new).unwrap()
}

/// An engine for two images at once, with this tuning.
fn tuned(gpu: &Gpu, golden: &Golden, precision: Precision, tuning: Tuning) -> WgpuEngine {
    let new = WgpuEngine::tuned(
        gpu,
        &golden.config,
        &golden.weights,
        golden.size(),
        2,
        precision,
        tuning,
        |_| {},
    );
    pollster::block_on(new).unwrap()
}

/// The velocity of a case's images under its conditions.
fn conditional(engine: &mut WgpuEngine, golden: &Golden) -> Vec<f32> {
    let conditions = golden.conditions();
    let given: Vec<_> = conditions.iter().map(|row| Some(row.as_slice())).collect();
    let t: Vec<f64> = golden.values("t").iter().map(|t| f64::from(*t)).collect();
    let x = engine.upload(&golden.values("x")).unwrap();
    let velocity = engine.evaluate(&x, &t, &given).unwrap();
    pollster::block_on(engine.read(&velocity)).unwrap()
}

/// The precisions that the adapter has, each with its bound.
fn bounds(gpu: &Gpu) -> Vec<(Precision, f64)> {
    let mut bounds = vec![(Precision::F32, 1e-4)];
    if gpu.report().half_precision {
        bounds.push((Precision::F16, 5e-3));
    }
    bounds
}

/// Both velocities of a case within the bound for the precision: f32 sums against float64 differ by about
/// 1e-6, f16 storage has 11 bits and several dozen layers.
fn velocities(case: &str) {
    let (Some(gpu), Some(golden)) = (gpu(), Golden::load(case)) else {
        return;
    };
    for (precision, bound) in bounds(&gpu) {
        let mut engine = engine(&gpu, &golden, precision);
        let t: Vec<f64> = golden.values("t").iter().map(|t| f64::from(*t)).collect();
        let conditions = golden.conditions();
        let x = engine.upload(&golden.values("x")).unwrap();
        let given: Vec<_> = conditions.iter().map(|row| Some(row.as_slice())).collect();
        for (name, rows) in [
            ("velocity_conditional", given),
            ("velocity_unconditional", vec![None; 2]),
        ] {
            let velocity = engine.evaluate(&x, &t, &rows).unwrap();
            let found = pollster::block_on(engine.read(&velocity)).unwrap();
            let error = relative_error(&found, &golden.values(name));
            println!("{case} {name} {precision}: {error:.2e}");
            assert!(error <= bound, "{case} {name} {precision}: {error:e}");
        }
    }
}

/// Every tile that the tuner can choose, forced wherever it suits, in both precisions.
#[test]
fn every_tile_of_the_tuner_has_the_references_velocities() {
    let (Some(gpu), Some(golden)) = (gpu(), Golden::load("micro")) else {
        return;
    };
    let mut tiles = Tuning::all_candidates();
    // At other sites the default would run instead.
    tiles.retain(|tile| gpu.report().cooperative || !matches!(tile, Tile::Cooperative { .. }));
    tiles.sort();
    tiles.dedup();
    for tile in tiles {
        for (precision, bound) in bounds(&gpu) {
            let tuning = Tuning::of(gpu.report()).forcing(tile);
            let mut engine = tuned(&gpu, &golden, precision, tuning);
            let found = conditional(&mut engine, &golden);
            let error = relative_error(&found, &golden.values("velocity_conditional"));
            println!("{tile} {precision}: {error:.2e}");
            assert!(error <= bound, "{tile} {precision}: {error:e}");
        }
    }
}

/// The same weights as f16, forced to stay so in memory, beside f32 weights of the same values: the same
/// velocities bit for bit, and the reference's within what the rounding of its weights makes.
#[test]
fn packed_weights_have_the_velocities_of_the_same_weights_in_f32() {
    let Some(gpu) = gpu() else { return };
    for case in ["micro", "heads_updown"] {
        let Some(mut golden) = Golden::load(case) else {
            continue;
        };
        let values = golden.values("velocity_conditional");
        for tensor in golden.weights.tensors.values_mut() {
            let halves = tensor.to_f32().into_iter().map(|value| {
                let half = half::f16::from_f32(value);
                // A device may flush subnormal numbers as it widens them.
                if half.is_normal() { half } else { half::f16::ZERO }
            });
            tensor.values = Values::F16(halves.collect());
        }
        // A tile that widens what it reads: Winograd's points are f32 in any case.
        let tile: Tile = "registers:4x2".parse().unwrap();
        let [plain, packed] = [false, true].map(|packs| {
            let tuning = Tuning::of(gpu.report()).forcing(tile).packing_weights(packs);
            let mut engine = tuned(&gpu, &golden, Precision::F32, tuning);
            assert_eq!(engine.tuning().packs_weights(), packs);
            conditional(&mut engine, &golden)
        });
        assert_eq!(plain, packed, "{case}");
        let error = relative_error(&packed, &values);
        println!("{case} packed: {error:.2e}");
        assert!(error <= 5e-3, "{case}: {error:e}");
    }
}

#[test]
fn every_tile_of_attention_has_the_references_velocities() {
    let Some(gpu) = gpu() else { return };
    for case in ["micro", "heads_updown"] {
        let Some(golden) = Golden::load(case) else {
            continue;
        };
        for tile in AttentionTile::ALL {
            for (precision, bound) in bounds(&gpu) {
                let tuning = Tuning::of(gpu.report()).forcing_attention(tile);
                let mut engine = tuned(&gpu, &golden, precision, tuning);
                let found = conditional(&mut engine, &golden);
                let error = relative_error(&found, &golden.values("velocity_conditional"));
                println!("{case} attention {tile} {precision}: {error:.2e}");
                assert!(error <= bound, "{case} attention {tile} {precision}: {error:e}");
            }
        }
    }
}

#[test]
fn weights_that_are_not_f16_numbers_are_not_packed() {
    let (Some(gpu), Some(mut golden)) = (gpu(), Golden::load("micro")) else {
        return;
    };
    // One is enough.
    let tensor = golden.weights.tensors.get_mut("out.2.weight").unwrap();
    tensor.values = Values::F32(tensor.to_f32());
    let tuning = Tuning::of(gpu.report()).packing_weights(true);
    let engine = tuned(&gpu, &golden, Precision::F32, tuning);
    assert!(!engine.tuning().packs_weights());
}

#[test]
fn micro_has_the_references_velocities() {
    velocities("micro");
}

#[test]
fn official_slim_has_the_references_velocities() {
    velocities("official_slim");
}

#[test]
fn heads_updown_has_the_references_velocities() {
    velocities("heads_updown");
}

/// Guided Euler by hand, so that guidance, combinations and the batch of two are checked against the
/// reference too.
#[test]
fn guided_euler_follows_the_references_trajectory() {
    let (Some(gpu), Some(golden)) = (gpu(), Golden::load("micro")) else {
        return;
    };
    let mut engine = engine(&gpu, &golden, Precision::F32);
    engine
        .condition(&golden.conditions(), Guidance { alpha: 1.2 })
        .unwrap();
    let grid = golden.values("grid_uniform10");
    let trajectory = golden.values("traj_euler");
    let frames: Vec<_> = trajectory.chunks_exact(trajectory.len() / grid.len()).collect();
    let mut x = engine.upload(&golden.values("x")).unwrap();
    for (step, times) in grid.windows(2).enumerate() {
        let (t, h) = (f64::from(times[0]), f64::from(times[1] - times[0]));
        let v = engine.velocity(t, &x).unwrap();
        x = engine.combine(&[(1.0, &x), (h, &v)]).unwrap();
        let found = pollster::block_on(engine.read(&x)).unwrap();
        let error = relative_error(&found, frames[step + 1]);
        assert!(error <= 1e-4, "step {step}: {error:e}");
    }
}

/// The null condition: one sample of a batch without its condition has the unconditional velocity, whatever
/// its neighbour's condition is.
#[test]
fn each_sample_has_its_own_time_and_condition() {
    let (Some(gpu), Some(golden)) = (gpu(), Golden::load("micro")) else {
        return;
    };
    let mut engine = engine(&gpu, &golden, Precision::F32);
    let t: Vec<f64> = golden.values("t").iter().map(|t| f64::from(*t)).collect();
    let conditions = golden.conditions();
    let x = engine.upload(&golden.values("x")).unwrap();
    let velocity = engine.evaluate(&x, &t, &[Some(&conditions[0]), None]).unwrap();
    let found = pollster::block_on(engine.read(&velocity)).unwrap();
    let half = found.len() / 2;
    let (conditional, unconditional) = (
        golden.values("velocity_conditional"),
        golden.values("velocity_unconditional"),
    );
    assert!(relative_error(&found[..half], &conditional[..half]) <= 1e-4);
    assert!(relative_error(&found[half..], &unconditional[half..]) <= 1e-4);
}

#[test]
fn alpha_one_is_the_conditional_velocity_and_evaluates_once() {
    let (Some(gpu), Some(golden)) = (gpu(), Golden::load("micro")) else {
        return;
    };
    let mut engine = engine(&gpu, &golden, Precision::F32);
    let conditions = golden.conditions();
    let x = engine.upload(&golden.values("x")).unwrap();
    engine.condition(&conditions, Guidance { alpha: 1.0 }).unwrap();
    let guided = engine.velocity(0.5, &x).unwrap();
    assert_eq!(engine.evaluations(), 2);
    let given: Vec<_> = conditions.iter().map(|row| Some(row.as_slice())).collect();
    let plain = engine.evaluate(&x, &[0.5, 0.5], &given).unwrap();
    let [guided, plain] = [guided, plain].map(|state| pollster::block_on(engine.read(&state)).unwrap());
    assert_eq!(guided, plain);
}

#[test]
fn a_config_without_its_weights_is_refused_by_name() {
    let (Some(gpu), Some(golden)) = (gpu(), Golden::load("micro")) else {
        return;
    };
    let wider = UNetConfig {
        model_channels: 64,
        ..golden.config.clone()
    };
    let new = WgpuEngine::new(&gpu, &wider, &golden.weights, [32, 32], 1, Precision::F32, |_| {});
    let error = pollster::block_on(new).unwrap_err();
    assert!(error.to_string().starts_with("tensor time_embed.0"), "{error}");
}
