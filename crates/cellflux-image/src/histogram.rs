//! How often a channel's values occur, which display window suits them, and how many a window cuts off.

use serde::Serialize;

use crate::composite::Display;
use crate::error::ImageError;
use crate::spec::{ImageSpec, Window};

/// One bin for each coded byte.
pub const BINS: usize = 256;

/// An automatic window begins above this share of the values, and ends below that share.
const AUTOMATIC: (f64, f64) = (0.01, 0.999);
/// An automatic window is never narrower, in coded units: a channel without any structure stays dim.
const NARROWEST: f64 = 0.032;
/// Automatic windows end at multiples of one over this, which links hold exactly.
const GRID: f64 = 1000.0;
/// How far an f32 may lie beyond a window's end and still be the end itself.
const ROUNDING: f32 = 1e-6;

/// Counts of a channel's values, in bins of coded units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Histogram {
    /// [`BINS`] counts: of the values that are nearest to each coded byte.
    pub counts: Vec<u64>,
    /// Values below the coded range: nearer to byte -1 than to 0. Only generated images have them.
    pub below: u64,
    /// Values above the coded range: nearer to byte 256 than to 255.
    pub above: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BINS],
            below: 0,
            above: 0,
        }
    }
}

impl Histogram {
    /// The values of each channel of a model-range image `[C, H, W]`.
    ///
    /// # Errors
    /// [`ImageError::Length`] unless the image has the spec's shape.
    pub fn of(spec: &ImageSpec, image: &[f32]) -> Result<Vec<Self>, ImageError> {
        spec.check_length("model-range image", image.len())?;
        let histogram = |plane: &[f32]| {
            let mut histogram = Self::default();
            for &x in plane {
                histogram.add(spec.range.unit(x));
            }
            histogram
        };
        Ok(image.chunks(spec.pixels().max(1)).map(histogram).collect())
    }

    /// Counts one value in coded units (0 is black, 1 the coding's full scale). A NaN is not counted.
    pub fn add(&mut self, unit: f32) {
        let byte = (unit * 255.0).round();
        if byte < 0.0 {
            self.below += 1;
        } else if byte > 255.0 {
            self.above += 1;
        } else if !byte.is_nan()
            && let Some(count) = self.counts.get_mut(byte as usize)
        {
            *count += 1;
        }
    }

    /// Adds another histogram's counts.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.below += other.below;
        self.above += other.above;
    }

    /// Values counted.
    pub fn total(&self) -> u64 {
        self.below + self.counts.iter().sum::<u64>() + self.above
    }

    /// The coded byte up to which more than this share (0 to 1) of the values lie; `None` where nothing was
    /// counted. What lies outside of the coded range counts with its ends.
    pub fn percentile(&self, share: f64) -> Option<u8> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let mut passed = self.below;
        let level = self.counts.iter().position(|&count| {
            passed += count;
            passed as f64 > share * total as f64
        });
        Some(
            level
                .and_then(|level| u8::try_from(level).ok())
                .unwrap_or(u8::MAX),
        )
    }

    /// A display window for these values: from the 1st to the 99.9th percentile, so that at most one in a
    /// thousand is brighter (values beyond the coded range aside), rounded outwards to thousandths. `None`
    /// where nothing was counted.
    pub fn automatic_window(&self) -> Option<Window> {
        let (first, last) = AUTOMATIC;
        // The outer edges of the percentiles' bins.
        let low = (f64::from(self.percentile(first)?) - 0.5) / 255.0;
        let high = (f64::from(self.percentile(last)?) + 0.5) / 255.0;
        let low = ((GRID * low).floor() / GRID).clamp(0.0, 1.0 - NARROWEST);
        let high = ((GRID * high.max(low + NARROWEST)).ceil() / GRID).min(1.0);
        Some(Window { low, high })
    }
}

/// Shares of a channel's pixels that a window cuts off, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Clipped {
    /// Darker than the window, and shown as its low end.
    pub dark: f64,
    /// Brighter than the window, and shown as its high end.
    pub bright: f64,
}

/// What each channel's window cuts off of a model-range image `[C, H, W]`, whether the channel is visible or
/// not.
///
/// # Errors
/// [`ImageError::Length`] unless the image has the spec's shape.
pub fn clipped(spec: &ImageSpec, display: &Display, image: &[f32]) -> Result<Vec<Clipped>, ImageError> {
    spec.check_length("model-range image", image.len())?;
    let pixels = spec.pixels().max(1);
    let of_channel = |(plane, window): (&[f32], Window)| {
        let (low, high) = (window.low as f32 - ROUNDING, window.high as f32 + ROUNDING);
        let share = |cut: &dyn Fn(f32) -> bool| {
            plane.iter().filter(|&&x| cut(spec.range.unit(x))).count() as f64 / pixels as f64
        };
        Clipped {
            dark: share(&|unit| unit < low),
            bright: share(&|unit| unit > high),
        }
    };
    let windows = display.channels.iter().map(|channel| channel.window);
    Ok(image.chunks(pixels).zip(windows).map(of_channel).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_coded_byte_is_counted_in_its_own_bin_in_any_range() {
        for (low, high) in [(-1.0, 1.0), (0.0, 1.0), (0.1, 0.7), (-3.0, 255.0)] {
            let mut spec = ImageSpec::plain(1, 16, 16);
            spec.range = crate::spec::ModelRange { low, high };
            let coded: Vec<u8> = (0..=255).collect();
            let image = spec.to_model_range(&coded).unwrap();
            let [histogram] = Histogram::of(&spec, &image).unwrap().try_into().unwrap();
            assert_eq!(histogram.counts, vec![1; BINS], "{low}..{high}");
            assert_eq!((histogram.below, histogram.above), (0, 0));
        }
    }

    #[test]
    fn channels_are_counted_apart_and_what_lies_outside_at_its_end() {
        let spec = ImageSpec::plain(2, 1, 3);
        let image = [-1.5, 0.0, f32::NAN, 1.0, 1.2, f32::INFINITY];
        let [first, second] = Histogram::of(&spec, &image).unwrap().try_into().unwrap();
        assert_eq!(
            (first.below, first.counts[128], first.above, first.total()),
            (1, 1, 0, 2)
        );
        assert_eq!((second.below, second.counts[255], second.above), (0, 1, 2));
        assert!(Histogram::of(&spec, &image[1..]).is_err());
        let mut both = first;
        both.merge(&second);
        assert_eq!(
            (both.below, both.counts[128], both.counts[255], both.above),
            (1, 1, 1, 2)
        );
    }

    #[test]
    fn a_percentile_counts_what_lies_outside_with_the_ends() {
        let histogram = |units: &[f32]| {
            let mut histogram = Histogram::default();
            for &unit in units {
                histogram.add(unit);
            }
            histogram
        };
        assert_eq!(histogram(&[]).percentile(0.5), None);
        assert_eq!(histogram(&[]).automatic_window(), None);
        let outside = histogram(&[-1.0, 2.0, 2.0, 2.0]);
        assert_eq!(
            (outside.percentile(0.1), outside.percentile(0.9)),
            (Some(0), Some(255))
        );
        assert_eq!(outside.automatic_window(), Some(Window { low: 0.0, high: 1.0 }));
        let level = histogram(&[0.2, 0.2, 0.2, 0.6]);
        assert_eq!(
            (level.percentile(0.5), level.percentile(0.75)),
            (Some(51), Some(153))
        );
        // All of one brightness: a narrow window, but one.
        let flat = histogram(&[1.0; 9]).automatic_window().unwrap();
        assert!(
            (flat.high - 1.0).abs() < 1e-9 && (flat.high - flat.low - NARROWEST).abs() < 1e-9,
            "{flat:?}"
        );
    }

    #[test]
    fn a_window_cuts_off_what_lies_beyond_its_ends_and_not_the_ends_themselves() {
        let spec = ImageSpec::plain(2, 1, 4);
        let image = spec.to_model_range(&[51, 102, 103, 255, 0, 0, 50, 51]).unwrap();
        let mut display = Display::of(&spec);
        for channel in &mut display.channels {
            channel.window = Window { low: 0.2, high: 0.4 };
            channel.visible = false;
        }
        let found = clipped(&spec, &display, &image).unwrap();
        let expected = [
            Clipped {
                dark: 0.0,
                bright: 0.5,
            },
            Clipped {
                dark: 0.75,
                bright: 0.0,
            },
        ];
        assert_eq!(found, expected);
        assert!(clipped(&spec, &display, &image[1..]).is_err());
    }

    proptest! {
        #[test]
        fn an_automatic_window_is_one_and_cuts_off_at_most_one_in_a_thousand(
            coded in proptest::collection::vec(any::<u8>(), 64),
            dim in 1u8..=255,
        ) {
            let spec = ImageSpec::plain(1, 8, 8);
            let coded: Vec<u8> = coded.into_iter().map(|byte| byte % dim).collect();
            let image = spec.to_model_range(&coded).unwrap();
            let [histogram] = Histogram::of(&spec, &image).unwrap().try_into().unwrap();
            let window = histogram.automatic_window().unwrap();
            prop_assert!(0.0 <= window.low && window.low < window.high && window.high <= 1.0);
            for end in [window.low, window.high] {
                prop_assert!((1000.0 * end - (1000.0 * end).round()).abs() < 1e-9, "{}", end);
            }
            let mut display = Display::of(&spec);
            display.channels[0].window = window;
            let found = clipped(&spec, &display, &image).unwrap();
            prop_assert!(found[0].bright <= 0.001, "{:?}", found);
        }
    }
}
