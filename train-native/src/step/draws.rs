//! All random numbers of a micro-batch, drawn before the device sees it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::augment::View;
use crate::config::{FlowSource, SourceNoise, TrainingConfig};
use cellflux_data::random::{Purpose, chance, stream, unit};

/// What is drawn for one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The time t in `[0, 1]`.
    pub time: f64,
    /// Whether the network is told the condition.
    pub conditioned: bool,
    /// How the control image is augmented.
    pub control: View,
    /// How the treated image is.
    pub treated: View,
    /// Added to the source `[C, H, W]`, in model range; `None` adds nothing.
    pub noise: Option<Vec<f32>>,
    /// On the path between source and treated image `[C, H, W]`, in model range; `None` adds nothing.
    pub path: Option<Vec<f32>>,
}

/// What is drawn for a micro-batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    /// One a sample.
    pub samples: Vec<Sample>,
    /// Key of the dropout masks.
    pub dropout: u64,
}

/// Where samples that are drawn together lie within their step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The number of their micro-batch's first sample.
    pub micro_batch: u64,
    /// The number of their own first: another one where a process takes a part of a micro-batch.
    pub first: u64,
}

impl From<u64> for Part {
    fn from(first: u64) -> Self {
        Self {
            micro_batch: first,
            first,
        }
    }
}

impl Draws {
    /// Draws for `count` samples of a step from `part` on (a whole micro-batch's is its first sample's
    /// number), each an image of `values` numbers.
    ///
    /// A step's samples are numbered through all its micro-batches and processes, so that what a sample draws
    /// does not depend on how the step is divided. With [`TrainingConfig::per_batch`] all samples of a
    /// micro-batch share the first one's decisions on noise and condition, though not the noise itself.
    ///
    /// The key of the dropout masks is that of the part: a micro-batch that is cut for several processes has
    /// other masks than the whole one.
    pub fn new(
        config: &TrainingConfig,
        seed: u64,
        step: u64,
        part: impl Into<Part>,
        count: usize,
        values: usize,
    ) -> Self {
        let Part { micro_batch, first } = part.into();
        let samples = (0..count as u64)
            .into_par_iter()
            .map(|index| {
                let sample = first + index;
                let decider = if config.per_batch { micro_batch } else { sample };
                let numbers = |purpose, sample| stream(seed, purpose, step, sample);
                let conditioned = !chance(&mut numbers(Purpose::Condition, decider), config.drop_condition);
                let level = match config.source {
                    FlowSource::Noise => Some(SourceNoise::Level(1.0)),
                    FlowSource::Control => {
                        let noisy = chance(
                            &mut numbers(Purpose::SourceNoise, decider),
                            config.noise_probability,
                        );
                        (noisy && config.noise.most() > 0.0).then_some(config.noise)
                    }
                };
                let noise = level.map(|level| {
                    let mut numbers = numbers(Purpose::SourceNoise, sample);
                    // The first number is the decision's.
                    numbers.next_u64();
                    let level = level.draw(&mut numbers);
                    normal(&mut numbers, level as f32, values)
                });
                Sample {
                    time: config.times.draw(&mut numbers(Purpose::Time, sample)),
                    conditioned,
                    control: View::draw(config, values, &mut numbers(Purpose::ControlView, sample)),
                    treated: View::draw(config, values, &mut numbers(Purpose::TreatedView, sample)),
                    noise,
                    path: config.path_noise.map(|level| {
                        let mut numbers = numbers(Purpose::PathNoise, sample);
                        normal(&mut numbers, level as f32, values)
                    }),
                }
            })
            .collect();
        Self {
            samples,
            dropout: stream(seed, Purpose::Dropout, step, first).next_u64(),
        }
    }
}

impl SourceNoise {
    /// The level of a sample; a range takes a number, one level none.
    fn draw(self, numbers: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Level(level) => level,
            Self::Range([least, most]) => least + (most - least) * unit(numbers),
        }
    }
}

/// `count` normal numbers of standard deviation `level`.
pub(crate) fn normal(numbers: &mut ChaCha8Rng, level: f32, count: usize) -> Vec<f32> {
    let draw = |_| {
        let value: f32 = StandardNormal.sample(&mut *numbers);
        level * value
    };
    (0..count).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: usize = 48;

    fn draws(config: &TrainingConfig, step: u64, first: u64, count: usize) -> Draws {
        Draws::new(config, 7, step, first, count, VALUES)
    }

    #[test]
    fn a_sample_draws_the_same_however_the_step_is_cut() {
        let config = TrainingConfig::default();
        let whole = draws(&config, 5, 0, 8);
        let (left, right) = (draws(&config, 5, 0, 3), draws(&config, 5, 3, 5));
        assert_eq!(whole.samples, [left.samples, right.samples].concat());
        assert_ne!(whole, draws(&config, 6, 0, 8));
        // Also where all samples of a micro-batch share what is decided.
        let config = TrainingConfig {
            per_batch: true,
            ..config
        };
        for step in 0..20 {
            let whole = draws(&config, step, 16, 8).samples;
            let parts = [(16, 3), (19, 5)].map(|(first, count)| {
                let part = Part {
                    micro_batch: 16,
                    first,
                };
                Draws::new(&config, 7, step, part, count, VALUES).samples
            });
            assert_eq!(whole, parts.concat());
        }
    }

    #[test]
    fn noise_and_dropping_are_decided_a_sample_or_a_batch() {
        let config = TrainingConfig::default();
        let alike = |config: &TrainingConfig| {
            (0..50).all(|step| {
                let samples = draws(config, step, 0, 16).samples;
                samples.windows(2).all(|pair| {
                    pair[0].conditioned == pair[1].conditioned
                        && pair[0].noise.is_some() == pair[1].noise.is_some()
                })
            })
        };
        assert!(!alike(&config));
        let per_batch = TrainingConfig {
            per_batch: true,
            ..config
        };
        assert!(alike(&per_batch));
        let samples = draws(&per_batch, 1, 0, 16).samples;
        let noises: Vec<_> = samples
            .iter()
            .filter_map(|sample| sample.noise.as_ref())
            .collect();
        assert!(noises.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn shares_and_level_are_the_configured_ones() {
        let config = TrainingConfig::default();
        let samples: Vec<Sample> = (0..40)
            .flat_map(|step| draws(&config, step, 0, 100).samples)
            .collect();
        let share = |hit: fn(&Sample) -> bool| {
            samples.iter().filter(|sample| hit(sample)).count() as f64 / samples.len() as f64
        };
        // Five standard errors of 4,000 draws.
        assert!((share(|s| s.conditioned) - 0.8).abs() < 5.0 * (0.16f64 / 4e3).sqrt());
        assert!((share(|s| s.noise.is_some()) - 0.5).abs() < 5.0 * (0.25f64 / 4e3).sqrt());
        let values: Vec<f32> = samples.into_iter().filter_map(|s| s.noise).flatten().collect();
        let variance = values.iter().map(|&v| f64::from(v * v)).sum::<f64>() / values.len() as f64;
        assert!((variance.sqrt() - 0.5).abs() < 0.01, "{variance}");
    }

    #[test]
    fn a_range_gives_each_sample_a_level_of_its_own_uniform_between_its_ends() {
        let config = TrainingConfig {
            noise: SourceNoise::Range([0.2, 0.6]),
            noise_probability: 1.0,
            per_batch: true,
            ..TrainingConfig::default()
        };
        // The level of a sample's noise, from 12,000 numbers: an error of 0.65 % of it.
        let samples = Draws::new(&config, 7, 0, 0, 400, 12_000).samples;
        let mut levels: Vec<f64> = samples
            .iter()
            .map(|sample| {
                let noise = sample.noise.as_ref().unwrap();
                let squares: f64 = noise.iter().map(|&v| f64::from(v * v)).sum();
                (squares / noise.len() as f64).sqrt()
            })
            .collect();
        levels.sort_by(f64::total_cmp);
        let near = |found: f64, expected: f64, error: f64| {
            assert!((found - expected).abs() < error, "{found} {expected}");
        };
        let mean = levels.iter().sum::<f64>() / 400.0;
        // Five standard errors of 400 uniform numbers in a range of 0.4.
        near(mean, 0.4, 5.0 * 0.4 / 12f64.sqrt() / 20.0);
        near(levels[100], 0.3, 0.05);
        near(levels[300], 0.5, 0.05);
        assert!(
            levels[0] > 0.19 && levels[399] < 0.62,
            "{} {}",
            levels[0],
            levels[399]
        );
    }

    #[test]
    fn noise_on_the_path_is_drawn_for_every_sample_and_changes_nothing_else() {
        let config = TrainingConfig {
            path_noise: Some(0.3),
            ..TrainingConfig::default()
        };
        let with = draws(&config, 2, 0, 200).samples;
        let values: Vec<f32> = with
            .iter()
            .flat_map(|sample| sample.path.clone().unwrap())
            .collect();
        let variance = values.iter().map(|&v| f64::from(v * v)).sum::<f64>() / values.len() as f64;
        // Five standard errors of 9,600 numbers.
        let error = 0.3 * 5.0 / (2.0 * values.len() as f64).sqrt();
        assert!((variance.sqrt() - 0.3).abs() < error, "{variance}");
        let without = draws(&TrainingConfig::default(), 2, 0, 200).samples;
        for (with, without) in with.into_iter().zip(without) {
            assert_eq!(Sample { path: None, ..with }, without);
        }
    }

    #[test]
    fn a_flow_from_noise_has_unit_noise_in_every_sample() {
        let config = TrainingConfig {
            source: FlowSource::Noise,
            noise: SourceNoise::Level(0.5),
            noise_probability: 0.0,
            ..TrainingConfig::default()
        };
        let samples = draws(&config, 0, 0, 200).samples;
        let values: Vec<f32> = samples.into_iter().flat_map(|s| s.noise.unwrap()).collect();
        let variance = values.iter().map(|&v| f64::from(v * v)).sum::<f64>() / values.len() as f64;
        assert!((variance - 1.0).abs() < 5.0 * (2.0 / values.len() as f64).sqrt());
    }
}
