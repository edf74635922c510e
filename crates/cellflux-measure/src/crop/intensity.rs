//! How bright a channel is.

use super::column::{Column, Unit};
use super::histogram::Histogram;
use super::plane::Plane;

const QUANTILE: &str = "Hyndman & Fan 1996, type 7";

/// What [`measure`] measures, in its order.
pub const COLUMNS: [Column; 8] = [
    share("mean", "mean of all pixels", "arithmetic mean"),
    share(
        "sd",
        "standard deviation of all pixels, divided by their number",
        "population standard deviation",
    ),
    share("quantile-1", "1 % of the pixels are darker", QUANTILE),
    share("quantile-25", "25 % of the pixels are darker", QUANTILE),
    share("median", "half of the pixels are darker", QUANTILE),
    share("quantile-75", "75 % of the pixels are darker", QUANTILE),
    share("quantile-99", "99 % of the pixels are darker", QUANTILE),
    share(
        "background",
        "the pixel with a tenth of all pixels before it, in ascending order",
        "tenth percentile without interpolation",
    ),
];

const fn share(name: &'static str, about: &'static str, source: &'static str) -> Column {
    Column {
        name,
        unit: Unit::ShareOfFullScale,
        about,
        source,
    }
}

/// The measures of [`COLUMNS`], each a share of the coded full scale, 0..=1. Sums are whole numbers, so that
/// the order of the pixels changes nothing.
pub fn measure(plane: &Plane) -> [Option<f64>; 8] {
    let histogram = Histogram::of(plane.values());
    let (mut sum, mut squares) = (0u128, 0u128);
    for (value, count) in histogram.entries() {
        let (value, count) = (u128::from(value), u128::from(count));
        sum += value * count;
        squares += value * value * count;
    }
    let total = u128::from(histogram.total());
    let count = total as f64;
    // n Σx² - (Σx)² is n² times the variance, and exact.
    let spread = (total * squares - sum * sum) as f64;
    [
        Some(sum as f64 / count),
        Some(spread.sqrt() / count),
        histogram.quantile(1),
        histogram.quantile(25),
        histogram.quantile(50),
        histogram.quantile(75),
        histogram.quantile(99),
        background(&histogram).map(f64::from),
    ]
    .map(|value| Some(value? / 255.0))
}

/// The coded byte with a tenth of all pixels before it.
pub fn background(histogram: &Histogram) -> Option<u8> {
    histogram.at_rank(histogram.total() / 10)
}
