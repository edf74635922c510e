//! How far two channels are bright in the same places.

use super::column::{Column, Unit};
use super::plane::Plane;

/// What [`pearson`] measures.
pub const COLUMN: Column = Column {
    name: "correlation",
    unit: Unit::None,
    about: "correlation of two channels' coded values over all pixels, from -1 to 1",
    source: "Pearson 1895; for microscopy Manders et al. 1993",
};

/// Pearson's correlation of two channels over all pixels, -1..=1; `None` where one is constant.
pub fn pearson(one: &Plane, other: &Plane) -> Option<f64> {
    // Whole numbers: exact, and a constant plane has a spread of exactly 0.
    let [mut x, mut y, mut xx, mut yy, mut xy] = [0i128; 5];
    for (&a, &b) in one.values().iter().zip(other.values()) {
        let (a, b) = (i128::from(a), i128::from(b));
        x += a;
        y += b;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    let n = one.values().len().min(other.values().len()) as i128;
    let (spread_x, spread_y) = (n * xx - x * x, n * yy - y * y);
    if spread_x == 0 || spread_y == 0 {
        return None;
    }
    let correlation = (n * xy - x * y) as f64 / ((spread_x as f64).sqrt() * (spread_y as f64).sqrt());
    // The two roots are rounded, so that equal planes may give a value above 1 in the last digit.
    Some(correlation.clamp(-1.0, 1.0))
}
