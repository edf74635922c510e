//! What goes wrong becomes a value: nothing here may panic or hang.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may")]

mod common;

use std::cell::Cell;

use cellflux_flow::field::{AdaptiveField as _, Engine as _, Field as _, Tolerance};
use cellflux_flow::guidance::Guidance;
use cellflux_wgpu::{
    Gpu, GpuError, Plan, Precision, Progress, Stage, Tuning, WgpuEngine, WgpuState, choose_dtype, self_check,
};
use common::{Golden, gpu};
use pollster::block_on;

/// Makes the micro golden's engine for images of `size` and batches of up to `largest_batch`.
fn make(
    gpu: &Gpu,
    golden: &Golden,
    size: [usize; 2],
    largest_batch: usize,
    progress: impl FnMut(Progress),
) -> Result<WgpuEngine, GpuError> {
    let (config, weights) = (&golden.config, &golden.weights);
    block_on(WgpuEngine::new(
        gpu,
        config,
        weights,
        size,
        largest_batch,
        Precision::F32,
        progress,
    ))
}

fn micro(gpu: &Gpu) -> (Golden, WgpuEngine) {
    let golden = Golden::load("micro").expect("the micro golden is in the repository");
    let engine = make(gpu, &golden, [32, 32], 2, |_| {}).unwrap();
    (golden, engine)
}

/// A device, the golden and an engine with its conditions set, its images and one guided velocity; `None`
/// without a GPU.
fn one_step() -> Option<(Gpu, Golden, WgpuEngine, [WgpuState; 2])> {
    let gpu = gpu()?;
    let (golden, mut engine) = micro(&gpu);
    engine
        .condition(&golden.conditions(), Guidance { alpha: 1.2 })
        .unwrap();
    let x = engine.upload(&golden.values("x")).unwrap();
    let v = engine.velocity(0.0, &x).unwrap();
    Some((gpu, golden, engine, [x, v]))
}

fn is_lost<T>(outcome: Result<T, GpuError>) -> bool {
    outcome.is_err_and(|error| matches!(error, GpuError::DeviceLost { .. }))
}

#[test]
fn a_device_lost_between_steps_is_told_by_the_next_call_and_by_every_later_one() {
    let Some((gpu, golden, mut engine, [x, v])) = one_step() else {
        return;
    };
    gpu.lose();
    assert!(is_lost(engine.velocity(0.1, &x)));
    assert!(is_lost(engine.combine(&[(1.0, &x), (0.1, &v)])));
    assert!(is_lost(block_on(engine.read(&x))));
    assert!(is_lost(engine.upload(&golden.values("x"))));
    assert!(is_lost(
        engine.condition(&golden.conditions(), Guidance { alpha: 1.0 })
    ));
    let tolerance = Tolerance {
        rtol: 1e-3,
        atol: 1e-3,
    };
    assert!(is_lost(block_on(engine.error_norm(&v, &x, &x, tolerance))));
    assert!(is_lost(make(&gpu, &golden, [32, 32], 1, |_| {})));
}

#[test]
fn a_device_lost_while_a_read_is_under_way_ends_the_read() {
    let Some((gpu, golden, mut engine, [x, v])) = one_step() else {
        return;
    };
    let reading = engine.read(&v);
    gpu.lose();
    // The copy may have been made before the loss; the future and the engine must end in either case.
    match block_on(reading) {
        Ok(values) => assert_eq!(values.len(), golden.values("x").len()),
        outcome => assert!(is_lost(outcome)),
    }
    assert!(is_lost(engine.velocity(0.1, &x)));
}

#[test]
fn a_device_lost_while_the_engine_is_made_ends_the_making() {
    let Some(gpu) = gpu() else { return };
    let golden = Golden::load("micro").unwrap();
    for stage in [Stage::Compiling, Stage::Uploading] {
        let gpu = if gpu.check().is_ok() {
            gpu.clone()
        } else {
            common::gpu().unwrap()
        };
        let made = make(&gpu, &golden, [32, 32], 1, |progress| {
            if progress.stage == stage && progress.done > 0 {
                gpu.lose();
            }
        });
        assert!(is_lost(made), "{stage:?}");
    }
}

#[test]
fn a_new_device_goes_on_from_what_was_read_back() {
    let Some(gpu) = gpu() else { return };
    let (golden, mut engine) = micro(&gpu);
    let x = engine.upload(&golden.values("x")).unwrap();
    let before = block_on(engine.read(&x)).unwrap();
    gpu.lose();
    assert!(is_lost(engine.upload(&before)));
    let (_, mut engine) = micro(&common::gpu().unwrap());
    let x = engine.upload(&before).unwrap();
    assert_eq!(block_on(engine.read(&x)).unwrap(), before);
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    let Some(gpu) = gpu() else { return };
    let (golden, mut engine) = micro(&gpu);
    let x = engine.upload(&golden.values("x")).unwrap();
    assert_eq!(engine.velocity(0.0, &x).unwrap_err(), GpuError::NoCondition);
    let message = |error: GpuError| error.to_string();
    assert_eq!(
        message(engine.upload(&[0.0; 100]).unwrap_err()),
        "the batch of images has 100 values, expected 3072"
    );
    assert_eq!(
        message(engine.upload(&vec![0.0; 3 * 3072]).unwrap_err()),
        "a batch of 3 images, expected 1 to 2"
    );
    assert!(engine.upload(&[]).is_err());
    let short = engine.condition(&[vec![0.0; 63]], Guidance { alpha: 1.0 });
    assert_eq!(
        message(short.unwrap_err()),
        "the condition vector has 63 values, expected 64"
    );
    engine
        .condition(&[vec![0.0; 64]], Guidance { alpha: 1.0 })
        .unwrap();
    assert!(engine.velocity(0.0, &x).is_err(), "two images, one condition");
    let one = engine.upload(&golden.values("x")[..3072]).unwrap();
    assert!(engine.combine(&[(1.0, &x), (1.0, &one)]).is_err());
    assert!(engine.combine(&[]).is_err());
    assert!(engine.evaluate(&x, &[0.5], &[None, None]).is_err());
    // None of this was reported to the device.
    gpu.check().unwrap();
}

#[test]
fn a_size_that_cannot_be_halved_and_an_impossible_batch_are_refused_before_anything_is_allocated() {
    let Some(gpu) = gpu() else { return };
    let golden = Golden::load("micro").unwrap();
    let new = |size, batch| make(&gpu, &golden, size, batch, |_| {}).unwrap_err();
    assert!(matches!(new([33, 32], 1), GpuError::Config(_)));
    assert!(matches!(new([32, 32], 0), GpuError::Batch { .. }));
    assert!(matches!(new([8192, 8192], 4), GpuError::Limit { .. }));
    // Sizes whose bytes do not fit 64 bits.
    assert!(
        Plan::new(
            &golden.config,
            [1 << 31, 1 << 31],
            1,
            Precision::F32,
            &Tuning::default()
        )
        .is_err()
    );
}

#[test]
fn making_an_engine_reports_progress_from_nothing_to_all() {
    let Some(gpu) = gpu() else { return };
    let golden = Golden::load("micro").unwrap();
    let mut seen = Vec::new();
    make(&gpu, &golden, [32, 32], 1, |p| seen.push(p)).unwrap();
    for stage in [Stage::Compiling, Stage::Uploading] {
        let of: Vec<_> = seen.iter().filter(|p| p.stage == stage).collect();
        assert_eq!(of.first().unwrap().done, 0);
        assert_eq!(of.last().unwrap().done, of.last().unwrap().total);
        assert!(of.windows(2).all(|pair| pair[0].done <= pair[1].done));
    }
}

/// Adaptive solvers need the root mean square over the real channels.
#[test]
fn the_error_norm_is_the_root_mean_square_over_all_elements() {
    let Some(gpu) = gpu() else { return };
    let (golden, mut engine) = micro(&gpu);
    let values = golden.values("x");
    let x = engine.upload(&values).unwrap();
    let half = engine.combine(&[(0.5, &x)]).unwrap();
    let tolerance = Tolerance {
        rtol: 1e-2,
        atol: 1e-3,
    };
    let found = block_on(engine.error_norm(&half, &x, &half, tolerance)).unwrap();
    let mean: f64 = values
        .iter()
        .map(|v| {
            let v = f64::from(*v);
            (0.5 * v / (1e-3 + 1e-2 * v.abs())).powi(2)
        })
        .sum::<f64>()
        / values.len() as f64;
    assert!(
        (found / mean.sqrt() - 1.0).abs() < 1e-5,
        "{found} for {}",
        mean.sqrt()
    );
}

#[test]
fn a_combination_of_many_states_is_their_sum() {
    let Some(gpu) = gpu() else { return };
    let (golden, mut engine) = micro(&gpu);
    let values = golden.values("x");
    let x = engine.upload(&values).unwrap();
    // As many as Dormand-Prince's last stage, which is more than one kernel call takes.
    let terms = [(1.0, &x); 9];
    let sum = engine.combine(&terms).unwrap();
    let found = block_on(engine.read(&sum)).unwrap();
    for (found, value) in found.iter().zip(&values) {
        assert!((found - 9.0 * value).abs() <= 1e-5 * value.abs().max(1.0));
    }
}

#[test]
fn f16_is_chosen_only_when_it_is_right_and_faster() {
    let Some(gpu) = gpu() else { return };
    let golden = Golden::load("micro").unwrap();
    let (config, weights) = (&golden.config, &golden.weights);
    // Clocks that make either dtype look faster: f32 is timed first, with two looks at the clock per run,
    // three runs.
    let clock = |half: f64| {
        let looks = Cell::new(0);
        move || {
            let look = looks.replace(looks.get() + 1);
            let duration = if look < 6 { 1.0 } else { half };
            f64::from(look % 2) * duration
        }
    };
    let choose = |half| block_on(choose_dtype(&gpu, config, weights, [32, 32], clock(half))).unwrap();
    if !gpu.report().half_precision {
        assert_eq!(choose(0.1).precision, Precision::F32);
        assert!(block_on(self_check(&gpu, config, weights)).is_err());
        return;
    }
    let slower = choose(1.0);
    assert_eq!((slower.precision, slower.self_check), (Precision::F32, None));
    let faster = choose(0.5);
    assert_eq!(faster.precision, Precision::F16, "{faster}");
    assert!(
        faster.self_check.unwrap() > 0.0,
        "the two dtypes cannot agree exactly"
    );

    // A network that f16 cannot compute: a first convolution whose sums are beyond its range.
    let mut loud = golden.weights.clone();
    let bias = loud.tensors.get_mut("input_blocks.0.0.bias").unwrap();
    bias.values = cellflux_bundle::tensor::Values::F32(vec![1e30; bias.shape[0]]);
    let overflowing = block_on(choose_dtype(&gpu, config, &loud, [32, 32], clock(0.5))).unwrap();
    assert_eq!(overflowing.precision, Precision::F32, "{overflowing}");
}
