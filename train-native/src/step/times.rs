//! How the time of a sample is drawn.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::config::TimeDistribution;
use cellflux_data::random::unit;

impl TimeDistribution {
    /// A time in `[0, 1]`.
    ///
    /// Skewed: `sigma = exp(1.2 N(0, 1) - 1.2)`, `t = 1 / (1 + sigma)`, clipped to `[1e-4, 1]` as in the
    /// public code. Its median is 0.77: the network sees more of the end of the path than of its start.
    pub fn draw(self, numbers: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Uniform => unit(numbers),
            Self::Skewed => {
                let normal: f64 = StandardNormal.sample(numbers);
                let sigma = (1.2 * normal - 1.2).exp();
                (1.0 / (1.0 + sigma)).clamp(1e-4, 1.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cellflux_data::random::{Purpose, stream};

    fn sorted(distribution: TimeDistribution) -> Vec<f64> {
        let mut numbers = stream(3, Purpose::Time, 0, 0);
        let mut times: Vec<f64> = (0..20_001).map(|_| distribution.draw(&mut numbers)).collect();
        times.sort_by(f64::total_cmp);
        times
    }

    #[test]
    fn the_skewed_times_have_the_quantiles_of_their_formula() {
        let times = sorted(TimeDistribution::Skewed);
        // Of N(0, 1): -1.2816, 0, 1.2816 at 90, 50 and 10 %.
        for (share, normal) in [(0.1, 1.281_55), (0.5, 0.0), (0.9, -1.281_55)] {
            let expected = 1.0 / (1.0 + (1.2 * normal - 1.2f64).exp());
            let found = times[(share * 20_000.0) as usize];
            // Five standard errors of a quantile of 20,001 draws of a density near 1.
            assert!((found - expected).abs() < 0.015, "{share}: {found} {expected}");
        }
        assert!(times[0] >= 1e-4 && times[20_000] <= 1.0);
    }

    #[test]
    fn uniform_times_are_uniform() {
        let times = sorted(TimeDistribution::Uniform);
        for share in [0.1, 0.5, 0.9] {
            assert!((times[(share * 20_000.0) as usize] - share).abs() < 0.02);
        }
    }
}
