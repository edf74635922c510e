//! How often each grey level lies beside each other one.

use super::column::{Column, Unit};
use super::plane::Plane;

/// Grey levels: a coded byte's upper five bits, so that a level is the same brightness in every crop.
pub const LEVELS: usize = 32;

const SOURCE: &str = "Haralick, Shanmugam & Dinstein 1973";

/// What [`measure`] measures, in its order; with Haralick's own numbers of the features.
pub const COLUMNS: [Column; 5] = [
    Column {
        name: "texture-contrast",
        unit: Unit::GreyLevelsSquared,
        about: "mean squared difference between the grey levels of neighbouring pixels (feature 2)",
        source: SOURCE,
    },
    Column {
        name: "texture-correlation",
        unit: Unit::None,
        about: "correlation of the grey levels of neighbouring pixels (feature 3), from -1 to 1",
        source: SOURCE,
    },
    Column {
        name: "texture-energy",
        unit: Unit::None,
        about: "sum of squared shares of pairs of levels, the angular second moment (feature 1), from 0 to 1",
        source: SOURCE,
    },
    Column {
        name: "texture-entropy",
        unit: Unit::Nats,
        about: "entropy of the shares of pairs of levels (feature 9), from 0 to 6.93",
        source: SOURCE,
    },
    Column {
        name: "texture-homogeneity",
        unit: Unit::None,
        about: "inverse difference moment (feature 5): 1 where neighbours have the same level, from 0 to 1",
        source: SOURCE,
    },
];

/// The measures of [`COLUMNS`], of pairs of pixels 1 px apart: each the mean over those of the directions 0,
/// 45, 90 and 135 degrees that have it. Pairs count both ways. `None` where no direction has it: all of them
/// for a crop of one pixel, the correlation where there is one level only.
pub fn measure(plane: &Plane) -> [Option<f64>; 5] {
    let rows: Vec<&[u8]> = plane.rows().collect();
    let mut sums = [0f64; 5];
    let mut directions = [0u32; 5];
    for right_and_down in [(1, 0), (1, -1), (0, 1), (1, 1)] {
        let Some(pairs) = Pairs::of(&rows, right_and_down) else {
            continue;
        };
        for ((sum, count), feature) in sums.iter_mut().zip(&mut directions).zip(pairs.features()) {
            if let Some(feature) = feature {
                *sum += feature;
                *count += 1;
            }
        }
    }
    let mut means = [None; 5];
    for ((mean, sum), count) in means.iter_mut().zip(sums).zip(directions) {
        *mean = (count > 0).then(|| sum / f64::from(count));
    }
    means
}

/// The grey-level co-occurrence matrix of one direction, as shares.
struct Pairs {
    /// `[LEVELS, LEVELS]`, symmetric, with a sum of 1.
    shares: Vec<f64>,
}

impl Pairs {
    /// `None` where no pixel has a neighbour in this direction.
    fn of(rows: &[&[u8]], (right, down): (usize, i8)) -> Option<Self> {
        let mut counts = vec![0u64; LEVELS * LEVELS];
        let mut total = 0u64;
        for row_and_next in rows.windows(1 + usize::from(down != 0)) {
            let (first, second) = match (row_and_next, down) {
                ([row], _) => (row, row),
                ([row, next], 1) => (row, next),
                ([row, next], _) => (next, row),
                _ => continue,
            };
            for (&one, &other) in first.iter().zip(second.iter().skip(right)) {
                let (one, other) = (level(one), level(other));
                for place in [one * LEVELS + other, other * LEVELS + one] {
                    if let Some(count) = counts.get_mut(place) {
                        *count += 1;
                    }
                }
                total += 2;
            }
        }
        let total = (total > 0).then_some(total as f64)?;
        Some(Self {
            shares: counts.into_iter().map(|count| count as f64 / total).collect(),
        })
    }

    /// Each level pair that occurs, with its share.
    fn entries(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let places = self.shares.iter().enumerate();
        places.filter(|(_, share)| **share > 0.0).map(|(place, &share)| {
            let (one, other) = (place / LEVELS, place % LEVELS);
            (one as f64, other as f64, share)
        })
    }

    fn features(&self) -> [Option<f64>; 5] {
        let mean: f64 = self.entries().map(|(one, _, share)| one * share).sum();
        let [
            mut contrast,
            mut common,
            mut variance,
            mut energy,
            mut entropy,
            mut homogeneity,
        ] = [0f64; 6];
        let mut levels = 0;
        for (one, other, share) in self.entries() {
            let difference = one - other;
            contrast += difference * difference * share;
            common += (one - mean) * (other - mean) * share;
            variance += (one - mean) * (one - mean) * share;
            energy += share * share;
            entropy -= share * libm::log(share);
            homogeneity += share / (1.0 + difference * difference);
            levels += 1;
        }
        // If a single pair occurs, it is one level beside itself, since the matrix is symmetric.
        let correlation = (levels > 1).then(|| (common / variance).clamp(-1.0, 1.0));
        [
            Some(contrast),
            correlation,
            Some(energy),
            Some(entropy),
            Some(homogeneity),
        ]
    }
}

fn level(byte: u8) -> usize {
    usize::from(byte) * LEVELS / 256
}
