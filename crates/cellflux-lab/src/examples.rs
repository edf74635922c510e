//! What a step learns from: points between sources and targets, and the velocities there.

use cellflux_flow::path::{VELOCITY_WEIGHTS, point_weights};
use cellflux_flow::random::chance;

use crate::draws::{Purpose, stream};
use crate::pairs::Pair;
use crate::plane::{Point, scaled, sum};
use crate::settings::Settings;

/// A point of the path of a pair, and what the network should answer there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Example {
    /// The time, in `[0, 1]`.
    pub t: f64,
    /// `x_t = (1 - t) x0 + t x1`.
    pub x: Point,
    /// `x1 - x0`.
    pub velocity: Point,
    /// The pair's condition, or none where it was dropped.
    pub condition: Option<usize>,
}

/// An example from each pair of a step.
pub(crate) fn examples(settings: &Settings, step: u64, pairs: &[Pair]) -> Vec<Example> {
    let example = |(number, pair): (u64, &Pair)| {
        let mut numbers = stream(settings.seed, Purpose::Time, step, number);
        let t = settings.path.times.draw(&mut numbers);
        let dropped = chance(&mut numbers, settings.learning.drop_condition);
        let weighted = |[w0, w1]: [f64; 2]| sum(scaled(w0, pair.x0), scaled(w1, pair.x1));
        Example {
            t,
            x: weighted(point_weights(t)),
            velocity: weighted(VELOCITY_WEIGHTS),
            condition: (!dropped).then_some(pair.condition),
        }
    };
    (0..).zip(pairs).map(example).collect()
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "sums and products of few bits are exact")]
mod tests {
    use super::*;

    #[test]
    fn examples_lie_on_the_line_of_their_pair_and_lose_their_condition_as_often_as_set() {
        let settings = Settings::default();
        let pair = Pair {
            condition: 0,
            x0: [1.0, 2.0],
            x1: [3.0, -2.0],
        };
        let found = examples(&settings, 7, &vec![pair; 1000]);
        for example in &found {
            assert!((example.x[0] - (1.0 + 2.0 * example.t)).abs() < 1e-12);
            assert!((example.x[1] - (2.0 - 4.0 * example.t)).abs() < 1e-12);
            assert_eq!(example.velocity, [2.0, -4.0]);
        }
        let dropped = found.iter().filter(|example| example.condition.is_none()).count();
        // Binomial with mean 200 and standard deviation 12.6; five of those.
        assert!(dropped.abs_diff(200) < 64, "{dropped}");
        assert_eq!(examples(&settings, 7, &[pair; 3])[..], found[..3]);
        assert!(examples(&settings, 8, &[pair; 3])[..] != found[..3]);
    }
}
