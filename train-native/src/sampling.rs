//! Samples of a trained network: the flow walked from controls to treated cells.

use cellflux_bundle::sampling::Sampling;
use cellflux_candle::CandleEngine;
use cellflux_flow::field::Engine;
use cellflux_flow::guidance::Guidance;
use cellflux_flow::solver::{FixedSolver, Solver};
use cellflux_flow::time_grid::TimeGrid;
use cellflux_image::ImageSpec;

use crate::TrainError;
use crate::config::Source;
use crate::data::{ConditionTable, HostBatch};
use crate::network::Network;
use crate::random::{Purpose, stream};
use crate::step::normal;

/// How samples are drawn: a fixed-step solver on a grid, guidance, source noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    solver: FixedSolver,
    grid: TimeGrid,
    guidance: Guidance,
    noise: f64,
    seed: u64,
    source: Source,
}

impl Walk {
    /// The walk that `sampling` describes, for a flow that starts at `source`.
    ///
    /// # Errors
    /// [`TrainError::ConfigValue`] for the adaptive solver, [`TrainError::Flow`] for a grid of no steps.
    pub fn new(sampling: &Sampling, source: Source) -> Result<Self, TrainError> {
        let Solver::Fixed(solver) = sampling.solver else {
            return Err(TrainError::value(
                "solver",
                sampling.solver.name(),
                "one of euler, midpoint, heun2, rk4",
            ));
        };
        Ok(Self {
            solver,
            grid: sampling.grid.grid(sampling.steps)?,
            guidance: Guidance {
                alpha: sampling.alpha,
            },
            noise: sampling.noise,
            seed: u64::from(sampling.seed),
            source,
        })
    }

    /// Walks every pair's control (or, for a flow from noise, noise) under the pair's condition, and gives each image
    /// `[C, H, W]` in model range at the grid's times that are nearest to `times`, pair by pair.
    ///
    /// # Errors
    /// The network's; [`TrainError::Image`] for bytes that are not images of `spec`.
    pub fn frames(
        &self,
        network: Network,
        conditions: &ConditionTable,
        pairs: &HostBatch,
        spec: &ImageSpec,
        times: &[f64],
    ) -> Result<Vec<Vec<Vec<f32>>>, TrainError> {
        let mut engine = CandleEngine::of_network(network.into_unet(), spec.height, spec.width)?;
        let vectors: Vec<Vec<f32>> = pairs
            .conditions
            .iter()
            .map(|&row| conditions.row(row).map(<[f32]>::to_vec).unwrap_or_default())
            .collect();
        self.walk(&mut engine, &vectors, &pairs.control, spec, times)
    }

    /// Walks coded controls `[N, C, H, W]` under the condition vectors of each (or starts from noise, one for each), and gives
    /// every image in model range at the grid's times that are nearest to `times`, image by image.
    ///
    /// # Errors
    /// The network's; [`TrainError::Image`] for bytes that are not images of `spec`.
    pub fn walk(
        &self,
        engine: &mut CandleEngine,
        vectors: &[Vec<f32>],
        controls: &[u8],
        spec: &ImageSpec,
        times: &[f64],
    ) -> Result<Vec<Vec<Vec<f32>>>, TrainError> {
        engine.condition(vectors, self.guidance)?;
        let mut state = engine.upload(&self.start(controls, spec)?)?;
        let wanted: Vec<usize> = times.iter().map(|&t| self.nearest(t)).collect();
        let mut frames = vec![Vec::new(); vectors.len()];
        for at in 0..=self.grid.steps() {
            if wanted.contains(&at) {
                let read = pollster::block_on(engine.read(&state))?;
                for (own, frame) in frames.iter_mut().zip(read.chunks(spec.len())) {
                    own.push(frame.to_vec());
                }
            }
            if let Some((from, to)) = self.grid.step(at) {
                state = self.solver.step(engine, from, to, &state)?;
            }
        }
        Ok(frames)
    }

    fn start(&self, controls: &[u8], spec: &ImageSpec) -> Result<Vec<f32>, TrainError> {
        let values = spec.len();
        let mut start = Vec::with_capacity(controls.len());
        for (index, control) in controls.chunks(values).enumerate() {
            let mut numbers = stream(self.seed, Purpose::Evaluation, 0, index as u64);
            match self.source {
                Source::Noise => start.extend(normal(&mut numbers, 1.0, values)),
                Source::Control => {
                    let image = spec.to_model_range(control)?;
                    let noise = normal(&mut numbers, self.noise as f32, values);
                    start.extend(image.iter().zip(noise).map(|(x, noise)| x + noise));
                }
            }
        }
        Ok(start)
    }

    /// The position on the grid that is nearest to `t`.
    fn nearest(&self, t: f64) -> usize {
        let distances = self.grid.times().iter().map(|time| (time - t).abs());
        let nearest = distances.enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
        nearest.map_or(0, |(index, _)| index)
    }
}
