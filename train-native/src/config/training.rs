//! `[training]`: the flow's objective, its optimiser and its precision, with the paper's and the public
//! code's values by name.

use cellflux_bundle::sampling::FlowSource;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::average::PowerAverage;
use super::noise::SourceNoise;
use crate::TrainError;

/// The training step. [`TrainingConfig::default`] is the reference's optimiser with draws per sample, which
/// are right, while the public code's draws per batch are only cheaper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// The preset from which the values started: `default`, `paper` or `public-code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Optimiser steps. Where [`TrainingConfig::epochs`] says how long to train, they follow from it as soon
    /// as the data is read.
    pub steps: u64,
    /// Passes over the training pairs, in place of steps; a fraction is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f64>,
    /// Pairs a micro-batch.
    pub batch: usize,
    /// Micro-batches whose mean gradient makes one step.
    pub accumulate: usize,
    /// Which optimiser.
    pub optimiser: OptimiserKind,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// Decay of the gradient's first and second moment.
    pub betas: [f64; 2],
    /// Added to the second moment's root.
    pub epsilon: f64,
    /// Decoupled weight decay (`AdamW` only).
    pub weight_decay: f64,
    /// Steps over which the rate rises linearly from 0.
    pub warmup_steps: u64,
    /// What the rate does after warm-up.
    pub schedule: RateSchedule,
    /// The largest norm of the whole gradient; longer ones are shortened to it. None by default, as in the
    /// reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// Number format of weights and activations inside a step; the optimiser's own weights are f32 in any
    /// case.
    pub precision: Precision,
    /// Upper bound of the averaged weights' decay, `min(ema_decay, (1 + n) / (10 + n))`.
    pub ema_decay: f64,
    /// Averaging by a power function instead, in place of `ema_decay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ema: Option<PowerAverage>,
    /// How the time of a sample is drawn.
    pub times: TimeDistribution,
    /// Where the flow starts: at the control image, with noise as [`TrainingConfig::noise`] says, or at
    /// standard normal noise alone (paper, figure 4b), which with the control among the conditions generates
    /// controls too.
    pub source: FlowSource,
    /// Standard deviation of the noise that is added to the control, in model range: one level, or a range
    /// from which each sample draws its own.
    pub noise: SourceNoise,
    /// Probability with which it is.
    pub noise_probability: f64,
    /// Standard deviation, in model range, of noise on the path half-way between source and treated image;
    /// towards both ends it vanishes. None by default, as in the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_noise: Option<f64>,
    /// Probability with which the condition is dropped.
    pub drop_condition: f64,
    /// Whether noise and dropping are drawn once per batch, as in the public code, and not for every sample.
    pub per_batch: bool,
    /// Probability of a flip, each of vertical and horizontal, of control and treated image independently.
    pub flip: f64,
    /// Probability of a transposition, likewise (square images only).
    pub transpose: f64,
    /// Whether `U[0, 1)` is added to every byte, so that the densities are continuous.
    pub dequantise: bool,
    /// A batch whose loss is this many times the zero predictor's stops the run.
    pub explosion: f64,
}

/// Adam, with or without decoupled weight decay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimiserKind {
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019); the public code's.
    Adamw,
    /// Adam (Kingma and Ba 2015); the paper's.
    Adam,
}

/// What the learning rate does after warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateSchedule {
    /// It stays.
    Constant,
    /// It falls to 0 at the last step along half a cosine.
    Cosine,
}

/// Number format inside a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32-bit floats throughout.
    F32,
    /// bfloat16 with f32 master weights; the range of f32, so no loss scaling.
    Bf16,
    /// f16 with f32 master weights and a loss scale that adapts.
    F16,
}

/// How the time t of a sample is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeDistribution {
    /// `U[0, 1)`, as the paper writes.
    Uniform,
    /// `sigma = exp(1.2 N(0, 1) - 1.2)`, `t = 1 / (1 + sigma)`, at least 1e-4: the public code's.
    Skewed,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            preset: None,
            steps: 10_000,
            epochs: None,
            batch: 32,
            accumulate: 1,
            optimiser: OptimiserKind::Adamw,
            learning_rate: 1e-4,
            betas: [0.9, 0.95],
            epsilon: 1e-8,
            weight_decay: 0.01,
            warmup_steps: 0,
            schedule: RateSchedule::Constant,
            clip: None,
            precision: Precision::F32,
            ema_decay: 0.999,
            ema: None,
            times: TimeDistribution::Skewed,
            source: FlowSource::Control,
            noise: SourceNoise::Level(0.5),
            noise_probability: 0.5,
            path_noise: None,
            drop_condition: 0.2,
            per_batch: false,
            flip: 0.3,
            transpose: 0.0,
            dequantise: true,
            explosion: 100.0,
        }
    }
}

impl TrainingConfig {
    /// What the paper states (section 3.1 and appendix C): Adam, batch 128, uniform times, draws per sample.
    fn paper() -> Self {
        Self {
            optimiser: OptimiserKind::Adam,
            weight_decay: 0.0,
            batch: 128,
            times: TimeDistribution::Uniform,
            noise: SourceNoise::Level(1.0),
            ..Self::default()
        }
    }

    /// What the public code's scripts do: `AdamW`, f16 with a loss scale, skewed times, draws per batch. Its
    /// four processes with 32 pairs each are four micro-batches here: the mean gradient of 128 pairs, and
    /// each 32 with draws of their own.
    fn public_code() -> Self {
        Self {
            accumulate: 4,
            precision: Precision::F16,
            noise: SourceNoise::Level(1.0),
            per_batch: true,
            ..Self::default()
        }
    }

    /// Images per step.
    pub fn images_per_step(&self) -> u64 {
        (self.batch * self.accumulate) as u64
    }

    /// The steps that make the configured number of epochs of `pairs` training pairs, rounded up; the
    /// configured steps where no epochs are.
    pub fn steps_for(&self, pairs: usize) -> u64 {
        match self.epochs {
            None => self.steps,
            Some(epochs) => {
                let steps = epochs * pairs as f64 / self.images_per_step().max(1) as f64;
                (steps.ceil() as u64).max(1)
            }
        }
    }

    pub(super) fn validate(&self) -> Result<(), TrainError> {
        let above_zero =
            |field, value: f64| within(field, value, value > 0.0 && value.is_finite(), "a number above 0");
        let share = |field, value: f64| within(field, value, (0.0..=1.0).contains(&value), "0 to 1");
        let below_one = |field, value: f64| within(field, value, (0.0..1.0).contains(&value), "0 to below 1");
        let count = |field, value: u64| within(field, value, value > 0, "at least 1");
        count("training.steps", self.steps)?;
        if let Some(epochs) = self.epochs {
            above_zero("training.epochs", epochs)?;
        }
        count("training.batch", self.batch as u64)?;
        count("training.accumulate", self.accumulate as u64)?;
        above_zero("training.learning_rate", self.learning_rate)?;
        above_zero("training.epsilon", self.epsilon)?;
        above_zero("training.explosion", self.explosion)?;
        if let Some(clip) = self.clip {
            above_zero("training.clip", clip)?;
        }
        if let Some(level) = self.path_noise {
            above_zero("training.path_noise", level)?;
        }
        for beta in self.betas {
            below_one("training.betas", beta)?;
        }
        below_one("training.ema_decay", self.ema_decay)?;
        if let Some(average) = self.ema {
            average.validate()?;
        }
        within(
            "training.weight_decay",
            self.weight_decay,
            self.weight_decay >= 0.0 && self.weight_decay.is_finite(),
            "a number from 0",
        )?;
        within(
            "training.noise",
            self.noise,
            self.noise.is_possible(),
            "a number from 0, or [least, most] with 0 <= least < most",
        )?;
        if self.optimiser == OptimiserKind::Adam {
            within(
                "training.weight_decay",
                self.weight_decay,
                self.weight_decay == 0.0,
                "0 with adam, or optimiser = \"adamw\"",
            )?;
        }
        share("training.noise_probability", self.noise_probability)?;
        if let SourceNoise::Range([least, _]) = self.noise
            && least > 0.0
        {
            // A bundle says which levels a network was trained with: a range, or single levels.
            within(
                "training.noise_probability",
                self.noise_probability,
                [0.0, 1.0].contains(&self.noise_probability),
                "1 where training.noise is a range that does not begin at 0",
            )?;
        }
        share("training.drop_condition", self.drop_condition)?;
        share("training.flip", self.flip)?;
        share("training.transpose", self.transpose)
    }
}

fn within(
    field: &'static str,
    found: impl std::fmt::Display,
    holds: bool,
    expected: &str,
) -> Result<(), TrainError> {
    if holds {
        Ok(())
    } else {
        Err(TrainError::value(field, found, expected))
    }
}

/// The values of a preset; `default` where none is named.
pub(super) fn preset(name: Option<&str>) -> Result<Table, TrainError> {
    let values = match name {
        None | Some("default") => TrainingConfig::default(),
        Some("paper") => TrainingConfig::paper(),
        Some("public-code") => TrainingConfig::public_code(),
        Some(other) => {
            return Err(TrainError::value(
                "training.preset",
                other,
                "one of default, paper, public-code",
            ));
        }
    };
    super::to_table("training", &values)
}

/// Pairs of keys that say the same in two ways; a file may hold one of them.
const EITHER: [[&str; 2]; 2] = [["steps", "epochs"], ["ema_decay", "ema"]];

/// Refuses a file's section that says how long to train, or how to average, in two ways.
///
/// # Errors
/// [`TrainError::ConfigValue`] naming the second key.
pub(super) fn refuse_two_ways(section: &Table) -> Result<(), TrainError> {
    for [one, other] in EITHER {
        if let (Some(_), Some(found)) = (section.get(one), section.get(other)) {
            return Err(TrainError::value(
                format!("training.{other}"),
                found,
                format!("training.{one} or training.{other}, not both"),
            ));
        }
    }
    Ok(())
}

/// The key that says in another way what `key` says: a flag that sets one takes the place of a file's other.
pub(super) fn other_way(key: &str) -> Option<&'static str> {
    EITHER.iter().find_map(|[one, other]| {
        if key == *one {
            Some(*other)
        } else {
            (key == *other).then_some(*one)
        }
    })
}
