//! From values to pixels.

/// A linear scale; values beyond its ends lie at its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    /// The lowest value.
    pub low: f64,
    /// The highest, above the lowest.
    pub high: f64,
    /// The pixel of the lowest value.
    pub from: f64,
    /// The pixel of the highest.
    pub to: f64,
}

impl Scale {
    /// Where a value lies. Halves, since the distance of the largest numbers is not a number.
    pub fn at(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        self.from + (self.to - self.from) * share
    }

    /// Whether a value lies beyond the ends.
    pub fn beyond(&self, value: f64) -> bool {
        !(self.low..=self.high).contains(&value)
    }

    /// The smallest of 1, 2, 5 times a power of ten of which at most `most` fit in.
    pub fn step(&self, most: f64) -> f64 {
        let rough = (self.high / 2.0 - self.low / 2.0) / most * 2.0;
        let power = 10_f64.powf(rough.log10().floor());
        [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|&step| step >= rough * (1.0 - 1e-9))
            .unwrap_or(10.0 * power)
    }

    /// The multiples of `step` that lie within.
    pub fn multiples(&self, step: f64) -> Vec<f64> {
        // A bound for steps that rounding loses beside the values.
        const MOST: usize = 64;
        let first = (self.low / step - 1e-9).ceil();
        if !(step > 0.0 && step.is_finite() && first.is_finite()) {
            return Vec::new();
        }
        (0..MOST)
            .map(|number| (first + number as f64) * step)
            .take_while(|&value| value <= self.high + step * 1e-9)
            .collect()
    }
}

/// The lowest and the highest of some values, moved apart where they are the same; none without a value.
pub(crate) fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let (low, high) = values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low > high {
        return None;
    }
    // Less than this share of the values apart, rounding would decide where they lie.
    let least = 1e-6 * low.abs().max(high.abs());
    if high / 2.0 - low / 2.0 > least / 2.0 {
        return Some((low, high));
    }
    let apart = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
    Some((low - apart, high + apart))
}

/// A range with some room at both ends, so that no dot lies on a frame.
pub(crate) fn padded((low, high): (f64, f64)) -> (f64, f64) {
    // Halves, since the distance of the largest numbers is not a number.
    let room = 0.05 * (high / 2.0 - low / 2.0) * 2.0;
    let (lower, higher) = (low - room, high + room);
    if lower.is_finite() && higher.is_finite() {
        (lower, higher)
    } else {
        (low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_values_lie_further_and_those_beyond_at_the_ends() {
        let scale = Scale {
            low: -1.0,
            high: 3.0,
            from: 100.0,
            to: 300.0,
        };
        for (value, place) in [
            (-1.0, 100.0),
            (0.0, 150.0),
            (3.0, 300.0),
            (9.0, 300.0),
            (-9.0, 100.0),
        ] {
            // Exact in these numbers.
            assert!((scale.at(value) - place).abs() < 1e-12, "{value}");
        }
        let vast = Scale {
            low: -1e308,
            high: 1e308,
            from: 0.0,
            to: 10.0,
        };
        assert!((vast.at(0.0) - 5.0).abs() < 1e-12);
        assert!(!vast.multiples(vast.step(4.0)).is_empty());
    }

    #[test]
    fn ticks_are_round_and_few() {
        let scale = Scale {
            low: -0.13,
            high: 0.91,
            from: 0.0,
            to: 1.0,
        };
        let step = scale.step(6.0);
        assert!((step - 0.2).abs() < 1e-12, "{step}");
        assert_eq!(scale.multiples(step).len(), 5);
    }

    #[test]
    fn a_padded_range_has_room_at_both_ends() {
        let (low, high) = padded((0.0, 10.0));
        assert!((low + 0.5).abs() < 1e-12 && (high - 10.5).abs() < 1e-12);
        assert!(padded((f64::MIN, f64::MAX)).1.is_finite());
    }

    #[test]
    fn equal_values_are_moved_apart_and_none_are_no_range() {
        assert_eq!(range([2.0, 2.0]), Some((1.8, 2.2)));
        assert_eq!(range([0.0]), Some((-1.0, 1.0)));
        assert_eq!(range([f64::NAN]), None);
    }
}
