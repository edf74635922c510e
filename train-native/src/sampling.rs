//! Samples of a trained network: walks from controls to treated cells.

use cellflux_bundle::limits;
use cellflux_bundle::sampling::{FlowSource, Sampling};
use cellflux_candle::CandleEngine;
use cellflux_flow::field::Engine;
use cellflux_flow::guidance::Guidance;
use cellflux_flow::noise::{source_noise, with_source_noise};
use cellflux_flow::solver::{FixedSolver, Solver};
use cellflux_flow::time_grid::{GridKind, TimeGrid};
use cellflux_image::ImageSpec;

use crate::TrainError;
use crate::config::TrainingConfig;
use crate::network::Network;
use cellflux_data::{ConditionTable, HostBatch};

/// The sampling of a run's samples, which its bundle also recommends: the public code's Heun steps on the EDM
/// grid and its guidance, in 20 steps, with the source noise of the training, of a range its middle. A flow
/// from noise needs no more noise.
pub fn recommended(training: &TrainingConfig) -> Sampling {
    let noisy = training.source == FlowSource::Control && training.noise_probability > 0.0;
    Sampling {
        solver: Solver::Fixed(FixedSolver::Heun),
        grid: GridKind::Edm,
        steps: 20,
        alpha: 1.2,
        noise: if noisy { training.noise.mean() } else { 0.0 },
        ..Sampling::default()
    }
}

/// A guidance strength that a bundle may state.
///
/// # Errors
/// What was expected, for a program that names the setting.
pub fn read_alpha(text: &str) -> Result<f64, String> {
    number(text, limits::ALPHA)
}

/// A standard deviation of the source noise that a bundle may state.
///
/// # Errors
/// As [`read_alpha`].
pub fn read_noise(text: &str) -> Result<f64, String> {
    number(text, limits::NOISE)
}

/// A number of steps that a bundle may state.
///
/// # Errors
/// As [`read_alpha`].
pub fn read_steps(text: &str) -> Result<usize, String> {
    let steps = text.trim().parse::<usize>().ok();
    steps
        .filter(|steps| (1..=limits::STEPS).contains(steps))
        .ok_or_else(|| format!("expected 1 to {}", limits::STEPS))
}

/// NaN is in no range.
fn number(text: &str, most: f64) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok();
    number
        .filter(|number| (0.0..=most).contains(number))
        .ok_or_else(|| format!("expected a number from 0 to {most}"))
}

/// How samples are drawn: a fixed-step solver on a grid, guidance, source noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    solver: FixedSolver,
    grid: TimeGrid,
    guidance: Guidance,
    noise: f64,
    seed: u32,
    source: FlowSource,
}

impl Walk {
    /// The walk that `sampling` describes, for a flow that starts at `source`.
    ///
    /// # Errors
    /// [`TrainError::ConfigValue`] for the adaptive solver, [`TrainError::Flow`] for a grid of no steps.
    pub fn new(sampling: &Sampling, source: FlowSource) -> Result<Self, TrainError> {
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
            seed: sampling.seed,
            source,
        })
    }

    /// The seed of the noise for image number `number` of a set of samples: the numbers of [`source_noise`],
    /// so that a link to the page, or `cellflux run`, with this seed starts with the same noise. The first
    /// image has the sampling's own seed, every further one the next, since samples with the same noise would
    /// not be independent.
    pub fn seed(&self, number: usize) -> u32 {
        self.seed.wrapping_add(number as u32)
    }

    /// Walks from every pair's control (or, for a flow from noise, from noise) under the pair's condition,
    /// and returns each image `[C, H, W]` in model range at the grid's times that are nearest to `times`,
    /// pair by pair. The first pair is number `first` of its set ([`Self::seed`]).
    ///
    /// # Errors
    /// The network's; [`TrainError::Image`] for bytes that are not images of `spec`.
    pub fn frames(
        &self,
        network: Network,
        conditions: &ConditionTable,
        pairs: &HostBatch,
        first: usize,
        spec: &ImageSpec,
        times: &[f64],
    ) -> Result<Vec<Vec<Vec<f32>>>, TrainError> {
        let mut engine = CandleEngine::of_network(network.into_unet(), spec.height, spec.width)?;
        let vectors: Vec<Vec<f32>> = pairs
            .conditions
            .iter()
            .map(|&row| conditions.row(row).map(<[f32]>::to_vec).unwrap_or_default())
            .collect();
        self.walk(&mut engine, &vectors, (&pairs.control, first), spec, times)
    }

    /// Walks from coded controls `[N, C, H, W]` under each one's condition vector (or from noise, one for
    /// each), and returns every image in model range at the grid's times that are nearest to `times`, image
    /// by image. The second of `controls` is the number of the first control in its set ([`Self::seed`]).
    ///
    /// # Errors
    /// The network's; [`TrainError::Image`] for bytes that are not images of `spec`.
    pub fn walk(
        &self,
        engine: &mut CandleEngine,
        vectors: &[Vec<f32>],
        (controls, first): (&[u8], usize),
        spec: &ImageSpec,
        times: &[f64],
    ) -> Result<Vec<Vec<Vec<f32>>>, TrainError> {
        engine.condition(vectors, self.guidance)?;
        let mut state = engine.upload(&self.start(controls, first, spec)?)?;
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

    fn start(&self, controls: &[u8], first: usize, spec: &ImageSpec) -> Result<Vec<f32>, TrainError> {
        let values = spec.len();
        let mut start = Vec::with_capacity(controls.len());
        for (index, control) in controls.chunks(values).enumerate() {
            let seed = self.seed(first + index);
            start.extend(match self.source {
                FlowSource::Noise => source_noise(seed, values),
                FlowSource::Control => with_source_noise(&spec.to_model_range(control)?, self.noise, seed),
            });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SourceNoise;

    #[test]
    fn a_seed_gives_the_noise_that_a_link_with_this_seed_gives() {
        let spec = ImageSpec::plain(1, 4, 4);
        let controls: Vec<u8> = (0..2 * spec.len()).map(|value| 7 * value as u8).collect();
        let images: Vec<Vec<f32>> = controls
            .chunks(spec.len())
            .map(|control| spec.to_model_range(control).unwrap())
            .collect();
        let walk = |source| {
            let sampling = Sampling {
                noise: 0.5,
                seed: 41,
                ..Sampling::default()
            };
            Walk::new(&sampling, source).unwrap()
        };
        let start = |source, first| walk(source).start(&controls, first, &spec).unwrap();
        // The rule of the page's links, `cellflux_flow::noise`.
        let noised = |image: usize, seed| with_source_noise(&images[image], 0.5, seed);
        assert_eq!(
            start(FlowSource::Control, 0),
            [noised(0, 41), noised(1, 42)].concat()
        );
        assert_eq!(
            start(FlowSource::Control, 6),
            [noised(0, 47), noised(1, 48)].concat()
        );
        let noise = |seed| source_noise(seed, spec.len());
        assert_eq!(start(FlowSource::Noise, 6), [noise(47), noise(48)].concat());
    }

    #[test]
    fn numbers_are_read_where_a_bundle_may_state_them() {
        assert!((read_alpha("1.2").unwrap() - 1.2).abs() < 1e-12);
        assert!((read_noise("10").unwrap() - 10.0).abs() < 1e-12);
        assert_eq!(read_steps("1000"), Ok(1000));
        for text in ["nan", "inf", "-5", "1e9", "-inf", "", "x"] {
            assert!(read_alpha(text).is_err() && read_noise(text).is_err(), "{text}");
        }
        for text in ["0", "1001", "-1", "1.5"] {
            assert_eq!(read_steps(text), Err("expected 1 to 1000".to_owned()), "{text}");
        }
    }

    #[test]
    fn the_recommended_sampling_has_the_noise_of_the_training() {
        let noise = |training: &TrainingConfig| recommended(training).noise;
        let training = TrainingConfig::default();
        assert!((noise(&training) - 0.5).abs() < 1e-12);
        let range = TrainingConfig {
            noise: SourceNoise::Range([0.0, 0.6]),
            ..training.clone()
        };
        assert!((noise(&range) - 0.3).abs() < 1e-12);
        for quiet in [
            TrainingConfig {
                noise_probability: 0.0,
                ..training.clone()
            },
            TrainingConfig {
                source: FlowSource::Noise,
                ..training
            },
        ] {
            assert!(noise(&quiet).abs() < 1e-12);
        }
    }
}
