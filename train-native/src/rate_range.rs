//! The learning-rate range test (Smith 2017, "Cyclical learning rates for training neural networks"): a short
//! training in which the rate rises from very small to too large. Where the loss begins to fall and where it
//! rises again bound the rates that train. Here the rate rises by the same factor each step, so that every
//! power of ten is seen equally long; the paper raises it by the same amount.

use std::path::Path;

use candle_core::Tensor;
use serde::Serialize;

use crate::TrainError;
use crate::config::Config;
use crate::material::Material;
use crate::ranks::{Ranks, Share};
use crate::report::{Page, thinned};
use crate::run::checkpoint::write_whole;
use crate::run::interrupt::Interrupt;
use crate::run::{Trainer, initial};
use crate::step::{LossScale, Optimiser, initial_weights, parameter_count};
use cellflux_figures::{LineChart, Series};

/// File names in the folder that is written.
pub const TABLE: &str = "lr-range.csv";
/// The page with the curve.
pub const PAGE: &str = "lr-range.html";

/// Weight of the past in the smoothed loss.
const SMOOTHING: f64 = 0.9;
/// The test ends where the smoothed loss is this many times its lowest.
const TOO_HIGH: f64 = 4.0;

/// Which rates are tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The first step's.
    pub from: f64,
    /// The last step's.
    pub to: f64,
    /// Steps.
    pub steps: u64,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// Its number, from 1.
    pub step: u64,
    /// Its learning rate.
    pub rate: f64,
    /// Its loss, before the update.
    pub loss: f64,
    /// The mean loss of this and earlier steps, the older the less.
    pub smoothed: f64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Every step.
    pub tried: Vec<Tried>,
    /// The rate at which the smoothed loss falls fastest per power of ten; none where it never falls.
    pub steepest: Option<f64>,
    /// The rate at which it is lowest.
    pub lowest: Option<f64>,
    /// Whether the loss rose so far that the remaining rates were not tried.
    pub ended_early: bool,
}

impl Range {
    /// Refuses ranges without a rise.
    ///
    /// # Errors
    /// [`TrainError::ConfigValue`].
    fn validate(self) -> Result<(), TrainError> {
        let is_rate = |rate: f64| rate.is_finite() && rate > 0.0;
        if !is_rate(self.from) {
            return Err(TrainError::value("from", self.from, "a number above 0"));
        }
        if !is_rate(self.to) || self.to <= self.from {
            return Err(TrainError::value(
                "to",
                self.to,
                format!("a number above {}", self.from),
            ));
        }
        if self.steps < 2 {
            return Err(TrainError::value("steps", self.steps, "at least 2"));
        }
        Ok(())
    }

    /// The rate of step `step`, from 1.
    fn rate(self, step: u64) -> f64 {
        let passed = (step - 1) as f64 / (self.steps - 1) as f64;
        self.from * (self.to / self.from).powf(passed)
    }
}

/// Trains with rising rates from the config's start, or from the weights at `init`.
///
/// # Errors
/// [`TrainError::ConfigValue`] for a range without a rise, and what a run's start and its steps refuse.
pub fn test(
    config: Config,
    init: Option<&Path>,
    range: Range,
    cache_progress: impl Fn(usize, usize),
    progress: impl Fn(usize, usize),
) -> Result<Found, TrainError> {
    range.validate()?;
    let device = config.run.device.open_for(config.training.precision)?;
    let share = Share::new(&config.training, 0, 1)?;
    let material = Material::read(config, cache_progress)?;
    let weights = match init {
        None => initial_weights(&material.network, material.config.run.seed),
        Some(path) => initial::read(path, &material.network, material.config.conditions.scale)?.weights,
    };
    let weights = Tensor::from_vec(weights, parameter_count(&material.network), &device)?;
    let optimiser = Optimiser::new(&material.config.training, weights)?;
    let scale = LossScale::new(material.config.training.precision);
    let mut trainer = Trainer::new(&material, device, optimiser, scale, share, 0)?;
    let (ranks, interrupt) = (Ranks::alone(), Interrupt::default());
    let mut curve = Curve::default();
    for step in 1..=range.steps {
        let rate = range.rate(step);
        let stepped = trainer.step(&material, &ranks, &interrupt, (step, rate))?;
        let loss = f64::from(stepped.measured.losses.network.to_scalar::<f32>()?);
        if !curve.add(step, rate, loss) {
            break;
        }
        progress(step as usize, range.steps as usize);
    }
    progress(range.steps as usize, range.steps as usize);
    Ok(curve.finish(range.steps))
}

/// The steps so far.
#[derive(Debug, Default)]
struct Curve {
    tried: Vec<Tried>,
    mean: f64,
    lowest: Option<f64>,
}

impl Curve {
    /// Adds a step; whether the test goes on.
    fn add(&mut self, step: u64, rate: f64, loss: f64) -> bool {
        if !loss.is_finite() {
            return false;
        }
        self.mean = SMOOTHING * self.mean + (1.0 - SMOOTHING) * loss;
        // The mean began at 0, which has this weight.
        let seen = 1.0 - SMOOTHING.powi(i32::try_from(self.tried.len() + 1).unwrap_or(i32::MAX));
        let smoothed = self.mean / seen;
        self.tried.push(Tried {
            step,
            rate,
            loss,
            smoothed,
        });
        let lowest = self.lowest.map_or(smoothed, |lowest| lowest.min(smoothed));
        self.lowest = Some(lowest);
        smoothed <= TOO_HIGH * lowest
    }

    fn finish(self, steps: u64) -> Found {
        let slope = |pair: &[Tried]| match pair {
            [one, other] => (other.smoothed - one.smoothed) / (other.rate / one.rate).log10(),
            _ => 0.0,
        };
        let steepest = self
            .tried
            .windows(2)
            .min_by(|a, b| slope(a).total_cmp(&slope(b)))
            .filter(|pair| slope(pair) < 0.0)
            .and_then(<[Tried]>::last);
        let lowest = self.tried.iter().min_by(|a, b| a.smoothed.total_cmp(&b.smoothed));
        Found {
            steepest: steepest.map(|tried| tried.rate),
            lowest: lowest.map(|tried| tried.rate),
            ended_early: (self.tried.len() as u64) < steps,
            tried: self.tried,
        }
    }
}

impl Found {
    /// What was found, in sentences.
    pub fn words(&self) -> String {
        let tried = match (self.tried.first(), self.tried.last()) {
            (Some(first), Some(last)) => format!(
                "rates from {:.2e} to {:.2e} in {} steps",
                first.rate,
                last.rate,
                self.tried.len()
            ),
            _ => "no rate, since the first loss is not a number".to_owned(),
        };
        let ended = if self.ended_early {
            "; larger ones were not tried, as the loss rose"
        } else {
            ""
        };
        let steepest = match self.steepest {
            Some(rate) => format!(" The smoothed loss falls fastest at {rate:.2e}"),
            None => " The smoothed loss never falls".to_owned(),
        };
        let lowest = match self.lowest {
            Some(rate) => format!(" and is lowest at {rate:.2e}."),
            None => ".".to_owned(),
        };
        format!(
            "Tried: {tried}{ended}.{steepest}{lowest} A rate between these two trains; one test is one draw, \
             and the loss of a few steps is noisy."
        )
    }

    /// Writes the table and the page into `folder`.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn write(&self, folder: &Path) -> Result<(), TrainError> {
        let mut table = "step,rate,loss,smoothed\n".to_owned();
        for Tried {
            step,
            rate,
            loss,
            smoothed,
        } in &self.tried
        {
            table.extend([format!("{step},{rate},{loss},{smoothed}\n")]);
        }
        write_whole(&folder.join(TABLE), ".lr-range-", table.as_bytes())?;
        let points = |of: fn(&Tried) -> f64| {
            let points: Vec<_> = self
                .tried
                .iter()
                .map(|tried| (tried.rate.log10(), of(tried)))
                .collect();
            thinned(&points)
        };
        let series = |name: &str, of| Series {
            name: name.to_owned(),
            points: points(of),
        };
        let chart = LineChart {
            title: "Learning-rate range test".to_owned(),
            x_label: "power of ten of the learning rate".to_owned(),
            y_label: "mean squared error".to_owned(),
            series: vec![
                series("loss", |tried| tried.loss),
                series("smoothed", |tried| tried.smoothed),
            ],
        };
        let mut page = Page::new("Learning-rate range test");
        page.paragraph(&self.words());
        if let Some(chart) = chart.draw() {
            page.chart(
                &chart,
                "A dot is the mean of neighbouring steps; its stroke reaches from the lowest to the highest.",
            );
        }
        write_whole(&folder.join(PAGE), ".lr-range-", page.finish().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: Range = Range {
        from: 1e-5,
        to: 1e-1,
        steps: 5,
    };

    #[test]
    fn rates_rise_by_the_same_factor() {
        for (step, expected) in [(1, 1e-5), (2, 1e-4), (3, 1e-3), (5, 1e-1)] {
            let rate = RANGE.rate(step);
            assert!((rate / expected - 1.0).abs() < 1e-12, "{step}: {rate}");
        }
        for (range, field) in [
            (Range { from: 0.0, ..RANGE }, "from"),
            (Range { to: 1e-6, ..RANGE }, "to"),
            (
                Range {
                    to: f64::NAN,
                    ..RANGE
                },
                "to",
            ),
            (Range { steps: 1, ..RANGE }, "steps"),
        ] {
            let message = range.validate().unwrap_err().to_string();
            assert!(message.contains(&format!("{field} is")), "{message}");
        }
    }

    #[test]
    fn the_first_smoothed_loss_is_the_loss_and_the_next_is_computed_by_hand() {
        let mut curve = Curve::default();
        assert!(curve.add(1, 1e-5, 2.0) && curve.add(2, 1e-4, 1.0));
        let found = curve.finish(2);
        let smoothed: Vec<f64> = found.tried.iter().map(|tried| tried.smoothed).collect();
        // (0.9 x 0.2 + 0.1) / (1 - 0.81).
        for (found, expected) in smoothed.into_iter().zip([2.0, 0.28 / 0.19]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!((found.steepest, found.lowest), (Some(1e-4), Some(1e-4)));
        assert!(!found.ended_early);
    }

    #[test]
    fn the_test_ends_where_the_loss_explodes_and_says_so() {
        let mut curve = Curve::default();
        assert!(curve.add(1, 1e-5, 1.0) && curve.add(2, 1e-4, 0.5));
        assert!(!curve.add(3, 1e-3, 1e3));
        let found = curve.finish(5);
        assert!(found.ended_early && found.words().contains("not tried, as the loss rose"));
        let mut curve = Curve::default();
        assert!(!curve.add(1, 1e-5, f64::NAN));
        let found = curve.finish(5);
        assert_eq!((found.steepest, found.lowest), (None, None));
        assert!(found.words().contains("the first loss is not a number"));
    }
}
