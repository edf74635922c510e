//! The two halves of a guided velocity, computed by two engines of one network on a CPU, are bit for bit what
//! one engine computes of both: a batch of two is two images, each computed as if it were alone.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::future::{Ready, ready};
use std::path::Path;

use cellflux_bundle::sampling::Sampling;
use cellflux_bundle::state_dict::{StateDict, config_from_safetensors};
use cellflux_bundle::{UNetConfig, folder};
use cellflux_engine::{AnyEngine, Network};
use cellflux_flow::field::Engine;
use cellflux_flow::halves::{Halves, OtherHalf};
use cellflux_flow::solver::Solver;
use cellflux_flow::time_grid::GridKind;
use cellflux_session::{Direction, Exploration, Frame, Pacing, PreparedWalk, Recipe, Start, Treatment, View};
use pollster::block_on;

/// A network with its weights and the side of its images.
struct Given {
    config: UNetConfig,
    weights: StateDict,
    side: usize,
}

impl Given {
    /// The reference's smallest network.
    fn micro() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/micro/");
        let file = |name: &str| std::fs::read(format!("{folder}{name}.safetensors")).unwrap();
        let config = config_from_safetensors(&file("io")).unwrap();
        let weights = StateDict::from_safetensors(&file("model"), &config).unwrap();
        Self {
            config,
            weights,
            side: 32,
        }
    }

    /// That of a bundle which pages ship.
    fn tiny() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/bundles/synthetic-tiny");
        let bundle = folder::read(Path::new(path)).unwrap();
        Self {
            side: bundle.manifest.image.height,
            config: bundle.manifest.model.config,
            weights: bundle.weights,
        }
    }

    fn engine(&self) -> AnyEngine {
        let network = Network {
            config: &self.config,
            weights: &self.weights,
            size: [self.side, self.side],
            images: 1,
        };
        network.on_cpu().unwrap()
    }

    /// An image that no symmetry helps, in model range.
    fn image(&self) -> Vec<f32> {
        let at = |at: usize| ((at * 7919 % 1000) as f32 / 500.0 - 1.0) * 0.9;
        (0..self.config.in_channels * self.side * self.side)
            .map(at)
            .collect()
    }

    fn condition(&self) -> Vec<f32> {
        vec![0.25; self.config.condition_dim]
    }

    fn walk(&self, solver: Solver) -> PreparedWalk {
        let recipe = Recipe {
            model: "micro".into(),
            start: Start::Example("x".into()),
            condition: Treatment::Listed("condition".into()),
            dose_um: None,
            sampling: Sampling {
                solver,
                grid: GridKind::Uniform,
                steps: 2,
                alpha: 1.2,
                noise: 0.0,
                seed: 0,
                rtol: 1e-2,
                atol: 1e-2,
            },
            direction: Direction::Forward,
            view: View::default(),
        };
        PreparedWalk::of_parts(recipe, &self.image(), self.condition()).unwrap()
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_half_by_itself_is_bit_for_bit_its_part_of_a_batch_of_two() {
    for given in [Given::micro(), Given::tiny()] {
        let mut engine = given.engine();
        let (image, condition) = (given.image(), given.condition());
        let one = engine.upload(&image).unwrap();
        let two = engine.upload(&image.repeat(2)).unwrap();
        for t in [0.0, 0.3] {
            let branches = [Some(condition.as_slice()), None];
            let both = engine.evaluate(&two, &[t, t], &branches).unwrap();
            let both = block_on(engine.read(&both)).unwrap();
            for (part, branch) in both.chunks(image.len()).zip(branches) {
                let alone = engine.evaluate(&one, &[t], &[branch]).unwrap();
                let alone = block_on(engine.read(&alone)).unwrap();
                let is_null = branch.is_none();
                assert!(
                    bits(&alone) == bits(part),
                    "null: {is_null}, side {}, t {t}",
                    given.side
                );
            }
        }
    }
}

/// Another engine of the same network, which counts what it is asked.
struct Second {
    engine: AnyEngine,
    asked: usize,
}

/// The same, lent to a walk.
struct Lent<'a>(&'a mut Second);

impl OtherHalf for Lent<'_> {
    type Coming = Ready<Option<Vec<f32>>>;

    fn ask(&mut self, t: f64, x: &[f32]) -> Option<Self::Coming> {
        let Second { engine, asked } = &mut *self.0;
        *asked += 1;
        let x = engine.upload(x).unwrap();
        let velocity = engine.evaluate(&x, &[t], &[None]).unwrap();
        Some(ready(Some(block_on(engine.read(&velocity)).unwrap())))
    }
}

fn frames<E: Engine>(engine: E, walk: PreparedWalk) -> Vec<Frame>
where
    E::Error: std::fmt::Debug,
{
    let mut exploration = Exploration::new(walk);
    exploration.attach_engine(engine);
    while block_on(exploration.advance(Pacing::Single)).unwrap().is_some() {}
    exploration.frames().to_vec()
}

#[test]
fn two_engines_walk_frame_for_frame_and_bit_for_bit_what_one_walks() {
    let given = Given::micro();
    let mut second = Second {
        engine: given.engine(),
        asked: 0,
    };
    for solver in Solver::ALL {
        let alone = frames(given.engine(), given.walk(solver));
        let mut halves = Halves::new(given.engine());
        second.asked = 0;
        halves.share(Some(Lent(&mut second)));
        let shared = frames(halves, given.walk(solver));
        assert_eq!(shared.len(), alone.len(), "{solver}");
        for (shared, alone) in shared.iter().zip(&alone) {
            assert_eq!(
                (shared.t, shared.evaluations),
                (alone.t, alone.evaluations),
                "{solver}"
            );
            assert!(
                bits(&shared.values) == bits(&alone.values),
                "{solver} at {}",
                alone.t
            );
        }
        // Every velocity was shared, also those in the middle of a step.
        let evaluations: usize = alone.iter().map(|frame| frame.evaluations).sum();
        assert_eq!(second.asked, evaluations, "{solver}");
    }
}
