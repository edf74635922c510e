//! Which sample a training draw is, where it is not simply the next of the epoch: compounds that are
//! balanced, and controls that are targets now and then.
//!
//! A draw is a pure function of the run's seed and its number, so a resumed run draws what the uninterrupted
//! one would have.

use std::collections::BTreeMap;

use crate::config::{Balance, DrawConfig};
use crate::random::{Purpose, below, chance, stream, unit};

/// How a split's samples are drawn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mixture {
    /// Share of draws that are one of the controls.
    share: f64,
    /// Samples of an epoch; the controls are numbered behind them.
    samples: u64,
    controls: u64,
    /// In the compounds' order; empty where samples are taken in the epoch's order.
    compounds: Vec<Weighed>,
}

/// A compound and how often it is drawn.
#[derive(Clone, Debug)]
struct Weighed {
    /// The weights of this compound and those before it, added up.
    up_to: f64,
    /// Its samples.
    samples: Vec<u32>,
}

impl Mixture {
    /// Every draw is the next sample of the epoch.
    pub(crate) const NONE: Self = Self {
        share: 0.0,
        samples: 0,
        controls: 0,
        compounds: Vec::new(),
    };

    /// How the samples of `compounds`, one for each sample of an epoch, are drawn beside `controls` others.
    pub(crate) fn new(config: DrawConfig, compounds: &[u32], controls: usize) -> Self {
        Self {
            share: if controls > 0 { config.controls } else { 0.0 },
            samples: compounds.len() as u64,
            controls: controls as u64,
            compounds: weighed(config.balance, compounds),
        }
    }

    /// The position of the `number`-th draw: a sample of the epoch, or behind them a control; none where it
    /// is the next sample of the epoch's order.
    pub(crate) fn draw(&self, seed: u64, number: u64) -> Option<usize> {
        if self.share > 0.0 {
            let mut random = stream(seed, Purpose::ControlTarget, number, 0);
            if chance(&mut random, self.share) {
                return Some((self.samples + below(&mut random, self.controls)) as usize);
            }
        }
        let last = self.compounds.last()?;
        let mut random = stream(seed, Purpose::Compound, number, 0);
        let at = unit(&mut random) * last.up_to;
        let position = self.compounds.partition_point(|compound| compound.up_to <= at);
        let compound = self.compounds.get(position).unwrap_or(last);
        let sample = below(&mut random, compound.samples.len() as u64);
        compound
            .samples
            .get(sample as usize)
            .map(|&sample| sample as usize)
    }
}

/// The compounds with their samples and weights: the number of samples to the power that the balance means.
fn weighed(balance: Balance, compounds: &[u32]) -> Vec<Weighed> {
    let weight: fn(f64) -> f64 = match balance {
        // The epoch's order draws every cell once, which no independent draws do.
        Balance::Cells => return Vec::new(),
        Balance::Root => f64::sqrt,
        Balance::Compounds => |_| 1.0,
    };
    let mut samples: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (sample, &compound) in (0u32..).zip(compounds) {
        samples.entry(compound).or_default().push(sample);
    }
    let mut up_to = 0.0;
    samples
        .into_values()
        .map(|samples| {
            up_to += weight(samples.len() as f64);
            Weighed { up_to, samples }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 samples of one compound, 25 of a second, 4 of a third.
    fn compounds() -> Vec<u32> {
        [vec![7; 100], vec![2; 25], vec![9; 4]].concat()
    }

    /// How often each compound, and a control, is drawn in `draws` draws.
    fn shares(config: DrawConfig, draws: u64) -> ([f64; 3], f64) {
        let compounds = compounds();
        let mixture = Mixture::new(config, &compounds, 10);
        let (mut counts, mut controls) = ([0.0; 3], 0.0);
        for number in 0..draws {
            let drawn = mixture.draw(3, number);
            match drawn.map(|sample| compounds.get(sample)) {
                Some(Some(7)) => counts[0] += 1.0,
                Some(Some(2)) => counts[1] += 1.0,
                Some(Some(9)) => counts[2] += 1.0,
                Some(None) => controls += 1.0,
                other => panic!("{other:?}"),
            }
        }
        (counts.map(|count| count / draws as f64), controls / draws as f64)
    }

    fn near(found: f64, expected: f64, draws: u64) {
        // Five standard errors of a share.
        let error = (expected * (1.0 - expected) / draws as f64).sqrt();
        assert!((found - expected).abs() < 5.0 * error, "{found} {expected}");
    }

    #[test]
    fn compounds_are_drawn_by_the_root_of_their_cells_or_equally() {
        let draws = 20_000;
        for (balance, expected) in [
            // 10, 5 and 2 of 17.
            (Balance::Root, [10.0 / 17.0, 5.0 / 17.0, 2.0 / 17.0]),
            (Balance::Compounds, [1.0 / 3.0; 3]),
        ] {
            let config = DrawConfig {
                balance,
                controls: 0.0,
            };
            let (found, _) = shares(config, draws);
            for (found, expected) in found.into_iter().zip(expected) {
                near(found, expected, draws);
            }
        }
    }

    #[test]
    fn every_cell_of_a_compound_is_drawn_equally_often() {
        let config = DrawConfig {
            balance: Balance::Compounds,
            controls: 0.0,
        };
        let mixture = Mixture::new(config, &compounds(), 0);
        let draws = 30_000;
        let mut counts = vec![0.0; 129];
        for number in 0..draws {
            counts[mixture.draw(1, number).unwrap()] += 1.0;
        }
        // One of the four cells of the third compound: a twelfth of all draws.
        for count in &counts[125..] {
            near(count / draws as f64, 1.0 / 12.0, draws);
        }
    }

    #[test]
    fn controls_take_their_share_and_the_rest_keeps_its_balance() {
        let draws = 20_000;
        let config = DrawConfig {
            balance: Balance::Compounds,
            controls: 0.1,
        };
        let (found, controls) = shares(config, draws);
        near(controls, 0.1, draws);
        for found in found {
            near(found, 0.3, draws);
        }
    }

    #[test]
    fn the_default_leaves_every_draw_to_the_epoch() {
        let mixture = Mixture::new(DrawConfig::default(), &compounds(), 10);
        assert!((0..1000).all(|number| mixture.draw(5, number).is_none()));
    }
}
