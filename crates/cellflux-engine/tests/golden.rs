//! An exploration of the reference's `micro` network equals the reference's trajectories, on either engine,
//! and goes on from the last frame when a GPU is lost or exchanged for the CPU.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use cellflux_bundle::sampling::Sampling;
use cellflux_bundle::state_dict::{StateDict, config_from_safetensors};
use cellflux_bundle::tensor_file::TensorFile;
use cellflux_engine::{AnyEngine, Failure, Network};
use cellflux_flow::distance::relative_error;
use cellflux_flow::field::Engine;
use cellflux_flow::solver::{FixedSolver, Solver};
use cellflux_flow::time_grid::GridKind;
use cellflux_session::{
    Direction, Exploration, Pacing, PreparedWalk, Recipe, Start, StepError, Treatment, View,
};
use cellflux_wgpu::{Gpu, GpuError, Precision, Wanted, WgpuEngine};
use pollster::block_on;

const SIDE: usize = 32;
const IMAGE: usize = 3 * SIDE * SIDE;

/// Trajectories differ from the reference by f32 rounding over ten steps (some 1e-6 on the CPU, more where a
/// GPU's driver approximates); the adaptive one also by the reference's way of ending.
const BOUND: f64 = 1e-4;

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/micro/");
    std::fs::read(format!("{folder}{name}.safetensors")).unwrap()
}

/// A tensor of the golden file.
fn golden(name: &str) -> Vec<f32> {
    let bytes = fixture("io");
    let file = TensorFile::parse("io.safetensors", &bytes).unwrap();
    file.tensor(name).unwrap().to_f32()
}

fn weights() -> (cellflux_bundle::UNetConfig, StateDict) {
    let config = config_from_safetensors(&fixture("io")).unwrap();
    let weights = StateDict::from_safetensors(&fixture("model"), &config).unwrap();
    (config, weights)
}

/// The network, for one image of `SIDE` x `SIDE`.
fn network((config, weights): &(cellflux_bundle::UNetConfig, StateDict)) -> Network<'_> {
    Network {
        config,
        weights,
        size: [SIDE, SIDE],
        images: 1,
    }
}

fn candle() -> AnyEngine {
    network(&weights()).on_cpu().unwrap()
}

/// The network on this machine's adapter; `None`, with a message, where there is no adapter.
fn wgpu() -> Option<AnyEngine> {
    let (config, weights) = weights();
    let gpu = match block_on(Gpu::request(Wanted::default())) {
        Ok(gpu) => gpu,
        Err(GpuError::NoAdapter { reason }) => {
            println!("skipped: no GPU adapter on this machine: {reason}");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let engine = WgpuEngine::new(&gpu, &config, &weights, [SIDE, SIDE], 1, Precision::F32, |_| {});
    Some(block_on(engine).unwrap().into())
}

/// The golden's recipe on its first image: ten uniform steps with alpha 1.2, no noise.
fn prepared(solver: Solver, direction: Direction) -> PreparedWalk {
    let recipe = Recipe {
        model: "micro".into(),
        start: Start::Example("x".into()),
        condition: Treatment::Listed("condition".into()),
        dose_um: None,
        sampling: Sampling {
            solver,
            grid: GridKind::Uniform,
            steps: 10,
            alpha: 1.2,
            noise: 0.0,
            seed: 0,
            rtol: 1e-5,
            atol: 1e-5,
        },
        direction,
        view: View::default(),
    };
    let condition = golden("condition");
    let half = condition.len() / 2;
    PreparedWalk::of_parts(recipe, &golden("x")[..IMAGE], condition[..half].to_vec()).unwrap()
}

fn run_to_end<E: Engine>(exploration: &mut Exploration<E>) -> Result<(), StepError<E::Error>> {
    while block_on(exploration.advance(Pacing::Continuous))?.is_some() {}
    Ok(())
}

fn walked(engine: AnyEngine, walk: PreparedWalk) -> Exploration<AnyEngine> {
    let mut exploration = Exploration::new(walk);
    exploration.attach_engine(engine);
    run_to_end(&mut exploration).unwrap();
    exploration
}

const HEUN: Solver = Solver::Fixed(FixedSolver::Heun);

/// Walks each of these and compares every frame with the golden trajectory of this name.
fn check_trajectories(engine: AnyEngine, cases: &[(Solver, Direction, &str)]) -> AnyEngine {
    let mut engine = Some(engine);
    for &(solver, direction, name) in cases {
        let mut exploration = walked(engine.take().unwrap(), prepared(solver, direction));
        // [11, 2, C, H, W]; the first image of each pair is used.
        let expected = golden(name);
        let expected = expected.chunks(2 * IMAGE).map(|pair| &pair[..IMAGE]);
        assert_eq!(exploration.frames().len(), expected.len());
        for (frame, expected) in exploration.frames().iter().zip(expected) {
            let error = relative_error(&frame.values, expected);
            assert!(error <= BOUND, "{name} at {}: {error}", frame.t);
        }
        engine = exploration.detach_engine();
    }
    engine.unwrap()
}

#[test]
fn an_exploration_on_the_cpu_equals_the_reference() {
    let cases = [
        (
            Solver::Fixed(FixedSolver::Euler),
            Direction::Forward,
            "traj_euler",
        ),
        (
            Solver::Fixed(FixedSolver::Midpoint),
            Direction::Forward,
            "traj_midpoint",
        ),
        (HEUN, Direction::Forward, "traj_heun2"),
        (Solver::Fixed(FixedSolver::Rk4), Direction::Forward, "traj_rk4"),
        (HEUN, Direction::Reverse, "traj_reverse_heun2"),
    ];
    let engine = check_trajectories(candle(), &cases);
    let exploration = walked(engine, prepared(Solver::Dopri5, Direction::Forward));
    let end = &exploration.frames().last().unwrap().values;
    let error = relative_error(end, &golden("x1_dopri5")[..IMAGE]);
    assert!(error <= BOUND, "x1_dopri5: {error}");
}

#[test]
fn an_exploration_on_the_gpu_equals_the_reference() {
    if let Some(engine) = wgpu() {
        // One is enough: the steps are the same code as on the CPU, and `cellflux verify` compares the rest.
        check_trajectories(engine, &[(HEUN, Direction::Forward, "traj_heun2")]);
    }
}

#[test]
fn a_lost_gpu_is_replaced_and_the_walk_goes_on_with_the_same_numbers() {
    let (Some(whole), Some(engine), Some(fresh)) = (wgpu(), wgpu(), wgpu()) else {
        return;
    };
    let whole = walked(whole, prepared(HEUN, Direction::Forward));
    let mut exploration = Exploration::new(prepared(HEUN, Direction::Forward));
    exploration.attach_engine(engine);
    for _ in 0..4 {
        block_on(exploration.advance(Pacing::Continuous)).unwrap();
    }
    if let Some(AnyEngine::Wgpu(engine)) = exploration.engine() {
        engine.gpu().lose();
    }
    let error = run_to_end(&mut exploration).unwrap_err();
    let StepError::Engine(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.failure(), Failure::DeviceLost, "{error}");
    assert!(exploration.frames().len() >= 5);

    exploration.detach_engine();
    exploration.attach_engine(fresh);
    run_to_end(&mut exploration).unwrap();
    assert_eq!(exploration.frames(), whole.frames());
}

#[test]
fn the_cpu_takes_over_from_a_gpu() {
    let Some(engine) = wgpu() else { return };
    let whole = walked(candle(), prepared(HEUN, Direction::Forward));
    let mut exploration = Exploration::new(prepared(HEUN, Direction::Forward));
    exploration.attach_engine(engine);
    for _ in 0..4 {
        block_on(exploration.advance(Pacing::Single)).unwrap();
    }
    let replaced = exploration.attach_engine(candle());
    assert!(matches!(replaced, Some(AnyEngine::Wgpu(_))));
    run_to_end(&mut exploration).unwrap();
    let pairs = exploration.frames().iter().zip(whole.frames());
    for (both, whole) in pairs {
        let error = relative_error(&both.values, &whole.values);
        assert!(error <= BOUND, "at {}: {error}", both.t);
    }
}
