//! At which times a flow is learnt.

use cellflux_flow::random::{normal_pair, unit};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How the time t of a pair is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Times {
    /// `U[0, 1)`, as the paper writes.
    #[default]
    Uniform,
    /// `sigma = exp(1.2 N(0, 1) - 1.2)`, `t = 1 / (1 + sigma)`, at least 1e-4, as the paper's public code
    /// has it. The median is 0.77: the network sees more of the end of the path than of its start.
    Skewed,
}

impl Times {
    /// A time in `[0, 1]`.
    pub fn draw(self, numbers: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Uniform => unit(numbers),
            Self::Skewed => {
                let [normal, _] = normal_pair(numbers);
                (1.0 / (1.0 + libm::exp(1.2 * normal - 1.2))).clamp(1e-4, 1.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::{Purpose, stream};

    #[test]
    fn the_times_have_the_quantiles_of_their_formula() {
        let skewed = |normal: f64| 1.0 / (1.0 + (1.2 * normal - 1.2).exp());
        for (times, expected) in [
            (Times::Uniform, [0.1, 0.5, 0.9]),
            // Of N(0, 1): 1.2816, 0, -1.2816, since t falls as the normal number rises.
            (Times::Skewed, [skewed(1.281_55), skewed(0.0), skewed(-1.281_55)]),
        ] {
            let mut drawn: Vec<f64> = (0..20_001)
                .map(|number| times.draw(&mut stream(3, Purpose::Time, 0, number)))
                .collect();
            drawn.sort_by(f64::total_cmp);
            for (place, expected) in [2_000, 10_000, 18_000].into_iter().zip(expected) {
                // Five standard errors of a quantile of 20,001 draws of a density near 1.
                assert!(
                    (drawn[place] - expected).abs() < 0.02,
                    "{times:?}: {} {expected}",
                    drawn[place]
                );
            }
            assert!(drawn[0] >= 0.0 && drawn[20_000] <= 1.0);
        }
    }
}
