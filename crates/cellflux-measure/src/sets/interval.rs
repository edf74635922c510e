//! A number together with its interval.

/// A range of values, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// True for a value from `low` to `high`.
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// A value of the sample with the interval of its bootstrap replicates. The value may lie outside: a distance
/// of resampled sets is on average larger than that of the sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The sample's value.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Estimate {
    /// The interval by itself.
    pub fn interval(self) -> Interval {
        Interval {
            low: self.low,
            high: self.high,
        }
    }
}

/// The value below which this share of the sorted values lies, between two values by linear interpolation:
/// type 7 of Hyndman and Fan (1996), the default of `numpy.quantile`. NaN where there is no value.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let below = libm::floor(place);
    let value = |place: f64| sorted.get(place as usize).copied();
    let Some(low) = value(below) else { return f64::NAN };
    let high = value(below + 1.0).unwrap_or(low);
    low + (place - below) * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_values() {
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (share, expected) in [
            (0.0, 1.0),
            (0.25, 2.0),
            (0.5, 4.0),
            (0.6, 5.6),
            (0.975, 15.2),
            (1.0, 16.0),
        ] {
            // A few roundings of numbers below 16.
            assert!((quantile(&sorted, share) - expected).abs() < 1e-14, "{share}");
        }
        assert!(quantile(&[], 0.5).is_nan());
        assert!(
            Interval { low: 1.0, high: 2.0 }.contains(2.0) && !Interval { low: 1.0, high: 2.0 }.contains(2.1)
        );
    }
}
