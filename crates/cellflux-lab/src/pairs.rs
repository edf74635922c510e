//! Pairs of a source and a target, drawn as the settings say.

use cellflux_flow::random::{below, chance, normal_pair};
use rand_chacha::ChaCha8Rng;

use crate::coupling::{Coupling, assign};
use crate::distribution::Sampler;
use crate::draws::{Purpose, stream};
use crate::error::LabError;
use crate::plane::{Point, scaled, sum};
use crate::settings::{Condition, Settings};

/// A source, the target that it is paired with, and the condition of both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The number of the condition, from 0.
    pub condition: usize,
    /// The source, noise included.
    pub x0: Point,
    /// The target.
    pub x1: Point,
}

/// Draws pairs, sources and targets.
#[derive(Clone, Debug)]
pub struct Pairing {
    seed: u32,
    coupling: Coupling,
    noise: f64,
    noise_probability: f64,
    /// Source and target of each condition.
    conditions: Vec<[Sampler; 2]>,
    shifts: Vec<Point>,
}

impl Pairing {
    /// Checks settings and prepares their distributions.
    ///
    /// # Errors
    /// [`LabError`] for the first setting out of its range.
    pub fn new(settings: &Settings) -> Result<Self, LabError> {
        settings.check()?;
        let of = |condition: &Condition| -> Result<[Sampler; 2], LabError> {
            let source = condition.source.as_ref().unwrap_or(&settings.source);
            Ok([
                Sampler::new(source, "source")?,
                Sampler::new(&condition.target, "target")?,
            ])
        };
        Ok(Self {
            seed: settings.seed,
            coupling: settings.path.coupling,
            noise: settings.path.noise,
            noise_probability: settings.path.noise_probability,
            conditions: settings.conditions.iter().map(of).collect::<Result<_, _>>()?,
            shifts: settings.batches.clone(),
        })
    }

    /// The pairs of a training step. The same step always has the same pairs.
    pub fn draw(&self, step: u64, count: usize) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = (0..count as u64)
            .filter_map(|number| self.pair(&mut stream(self.seed, Purpose::Pair, step, number)))
            .collect();
        if self.coupling == Coupling::OptimalTransport {
            for condition in 0..self.conditions.len() {
                assign_within(condition, &mut pairs);
            }
        }
        pairs
    }

    /// `count` sources of a condition, noise included, from one batch, or from each batch equally often.
    ///
    /// # Errors
    /// [`LabError::Unknown`] for a condition or a batch that the settings do not have.
    pub fn sources(
        &self,
        condition: usize,
        batch: Option<usize>,
        count: usize,
    ) -> Result<Vec<Point>, LabError> {
        self.check(condition, batch)?;
        Ok(self.points(condition, batch, count, Purpose::Particles))
    }

    /// `count` targets of a condition, from one batch, or from each batch equally often.
    ///
    /// # Errors
    /// [`LabError::Unknown`] for a condition or a batch that the settings do not have.
    pub fn targets(
        &self,
        condition: usize,
        batch: Option<usize>,
        count: usize,
    ) -> Result<Vec<Point>, LabError> {
        self.check(condition, batch)?;
        Ok(self.points(condition, batch, count, Purpose::Targets))
    }

    /// Sources of a condition from which a reflow's pairs start, other ones than those that are shown.
    pub(crate) fn reflow_sources(&self, condition: usize, count: usize) -> Vec<Point> {
        self.points(condition, None, count, Purpose::Reflow)
    }

    /// How many conditions there are.
    pub fn conditions(&self) -> usize {
        self.conditions.len()
    }

    fn check(&self, condition: usize, batch: Option<usize>) -> Result<(), LabError> {
        let asked = [
            ("condition", Some(condition), self.conditions.len()),
            ("batch", batch, self.shifts.len()),
        ];
        for (what, found, count) in asked {
            if let Some(found) = found.filter(|&found| found >= count) {
                return Err(LabError::Unknown { what, found, count });
            }
        }
        Ok(())
    }

    fn points(&self, condition: usize, batch: Option<usize>, count: usize, purpose: Purpose) -> Vec<Point> {
        let step = condition * (self.shifts.len() + 1) + batch.map_or(0, |batch| batch + 1);
        let point = |number| {
            let mut numbers = stream(self.seed, purpose, step as u64, number);
            let drawn = below(&mut numbers, self.shifts.len() as u64) as usize;
            let shift = self.shift(batch.unwrap_or(drawn));
            let [source, target] = self.conditions.get(condition)?;
            Some(if purpose == Purpose::Targets {
                sum(target.draw(&mut numbers), shift)
            } else {
                self.noisy(sum(source.draw(&mut numbers), shift), &mut numbers)
            })
        };
        (0..count as u64).filter_map(point).collect()
    }

    fn pair(&self, numbers: &mut ChaCha8Rng) -> Option<Pair> {
        let condition = below(numbers, self.conditions.len() as u64) as usize;
        // Both are drawn for every coupling, so that another coupling changes nothing else.
        let [of_source, of_target] = [(); 2].map(|()| below(numbers, self.shifts.len() as u64) as usize);
        let of_target = match self.coupling {
            Coupling::SameBatch => of_source,
            Coupling::Independent | Coupling::OptimalTransport => of_target,
        };
        let [source, target] = self.conditions.get(condition)?;
        let x1 = sum(target.draw(numbers), self.shift(of_target));
        let x0 = sum(source.draw(numbers), self.shift(of_source));
        Some(Pair {
            condition,
            x0: self.noisy(x0, numbers),
            x1,
        })
    }

    fn shift(&self, batch: usize) -> Point {
        self.shifts.get(batch).copied().unwrap_or_default()
    }

    fn noisy(&self, source: Point, numbers: &mut ChaCha8Rng) -> Point {
        if self.noise > 0.0 && chance(numbers, self.noise_probability) {
            return sum(source, scaled(self.noise, normal_pair(numbers)));
        }
        source
    }
}

/// Pairs the sources and targets of one condition anew.
fn assign_within(condition: usize, pairs: &mut [Pair]) {
    let of_condition = |pair: &&Pair| pair.condition == condition;
    let (sources, mut targets): (Vec<Point>, Vec<Point>) = pairs
        .iter()
        .filter(of_condition)
        .map(|pair| (pair.x0, pair.x1))
        .unzip();
    assign(&sources, &mut targets);
    let assigned = pairs.iter_mut().filter(|pair| pair.condition == condition);
    for (pair, target) in assigned.zip(targets) {
        pair.x1 = target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Distribution;
    use crate::plane::{difference, mean, square};

    /// Two conditions that move a narrow Gaussian up or to the right, in batches far apart.
    fn settings(coupling: Coupling) -> Settings {
        let narrow = |mean| Distribution::Gaussian { mean, spread: 0.1 };
        let condition = |label: &str, mean| Condition {
            label: label.into(),
            source: None,
            target: narrow(mean),
        };
        let mut settings = Settings {
            source: narrow([0.0, 0.0]),
            conditions: vec![condition("up", [0.0, 1.0]), condition("right", [1.0, 0.0])],
            batches: vec![[-4.0, 0.0], [4.0, 0.0]],
            ..Settings::default()
        };
        settings.path.coupling = coupling;
        settings
    }

    fn pairs(coupling: Coupling) -> Vec<Pair> {
        Pairing::new(&settings(coupling)).unwrap().draw(3, 400)
    }

    fn cost(pairs: &[Pair]) -> f64 {
        mean(pairs.iter().map(|pair| square(difference(pair.x1, pair.x0))))
    }

    #[test]
    fn same_batch_pairs_stay_in_their_batch_and_independent_ones_do_not() {
        let crosses = |pair: &&Pair| pair.x0[0].signum() * (pair.x1[0] - 0.5).signum() < 0.0;
        assert_eq!(pairs(Coupling::SameBatch).iter().filter(crosses).count(), 0);
        let across = pairs(Coupling::Independent).iter().filter(crosses).count();
        // Binomial with mean 200 and standard deviation 10; five of those.
        assert!(across.abs_diff(200) < 50, "{across}");
    }

    #[test]
    fn couplings_change_who_is_paired_and_nothing_else() {
        let (independent, optimal) = (pairs(Coupling::Independent), pairs(Coupling::OptimalTransport));
        for (one, other) in independent.iter().zip(&optimal) {
            assert_eq!((one.condition, one.x0), (other.condition, other.x0));
        }
        let sorted = |pairs: &[Pair]| {
            let mut targets: Vec<(usize, Point)> =
                pairs.iter().map(|pair| (pair.condition, pair.x1)).collect();
            targets.sort_by(|a, b| a.0.cmp(&b.0).then(a.1[0].total_cmp(&b.1[0])));
            targets
        };
        assert_eq!(sorted(&independent), sorted(&optimal));
        // Across batches half of all pairs are 8 apart; the optimal ones hardly ever are.
        assert!(cost(&optimal) < cost(&independent) / 3.0);
        assert!(cost(&pairs(Coupling::SameBatch)) < cost(&optimal));
    }

    #[test]
    fn source_noise_widens_sources_as_often_as_it_says() {
        let mut settings = settings(Coupling::SameBatch);
        settings.path.noise = 1.0;
        settings.path.noise_probability = 0.25;
        let pairing = Pairing::new(&settings).unwrap();
        let far = |points: Vec<Point>| points.iter().filter(|point| point[1].abs() > 0.5).count();
        // 0.1 alone never goes so far; with noise 62 % do: 0.154 of 4000, with a standard deviation of 23.
        let sources = far(pairing.sources(1, Some(0), 4000).unwrap());
        assert!(sources.abs_diff(617) < 115, "{sources}");
        assert_eq!(far(pairing.targets(1, Some(0), 4000).unwrap()), 0);
    }

    #[test]
    fn conditions_and_batches_that_do_not_exist_are_refused() {
        let pairing = Pairing::new(&settings(Coupling::SameBatch)).unwrap();
        let error = pairing.sources(2, None, 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "condition 2 does not exist: the settings have 2, counted from 0"
        );
        assert!(pairing.targets(0, Some(2), 1).is_err());
        assert_eq!(pairing.sources(0, Some(1), 5).unwrap().len(), 5);
    }
}
