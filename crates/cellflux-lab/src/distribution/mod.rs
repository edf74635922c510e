//! Distributions of the plane, as settings describe them.

mod curve;
mod glyphs;
mod sampler;

use serde::{Deserialize, Serialize};

use crate::error::{LabError, counted, within};
use crate::plane::Point;

pub use sampler::Sampler;

/// The largest coordinate of a setting.
pub(crate) const FARTHEST: f64 = 10.0;
/// The largest standard deviation of a setting.
const WIDEST: f64 = 5.0;
/// The most Gaussians of a mixture.
const MOST_PARTS: usize = 12;
/// The most characters of a text.
const MOST_CHARACTERS: usize = 12;
/// The most points that are drawn or pasted.
const MOST_POINTS: usize = crate::pasted::MOST;

/// One Gaussian of a mixture, the same in all directions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its centre.
    pub mean: Point,
    /// Its standard deviation in each direction, above 0.
    pub spread: f64,
    /// How often it is drawn, beside the other parts' weights; above 0, 1 when not given.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

/// A distribution of the plane. `spread` is the standard deviation of the normal noise that blurs the shape,
/// 0 for none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Distribution {
    /// A Gaussian, the same in all directions.
    Gaussian {
        /// Its centre.
        mean: Point,
        /// Its standard deviation in each direction, above 0.
        spread: f64,
    },
    /// Several Gaussians.
    Mixture {
        /// From 1 to 12 of them.
        parts: Vec<Part>,
    },
    /// A circle around the origin.
    Ring {
        /// Its radius, above 0.
        radius: f64,
        /// How blurred it is.
        spread: f64,
    },
    /// Two half circles that reach into each other.
    Moons {
        /// How blurred they are.
        spread: f64,
    },
    /// An arm that winds around the origin.
    Spiral {
        /// How often it winds, from 0.25 to 5.
        turns: f64,
        /// How blurred it is.
        spread: f64,
    },
    /// The dark squares of a board from -2 to 2, without blur.
    Checkerboard {
        /// Squares along a side: an even number from 2 to 8.
        squares: u32,
    },
    /// A written text.
    Letters {
        /// Letters from A to Z, digits and spaces; at most 12, at least one of them no space.
        text: String,
        /// How blurred it is.
        spread: f64,
    },
    /// Points, drawn or pasted, each as likely as the others. A single point is a distribution, too: a flow
    /// to it ends there from everywhere.
    Points {
        /// At least one.
        points: Vec<Point>,
        /// How blurred they are.
        spread: f64,
    },
    /// Lines drawn by hand, each part as likely as it is long.
    Strokes {
        /// The lines, each as the points that it joins; at least one point in all.
        strokes: Vec<Vec<Point>>,
        /// How blurred they are.
        spread: f64,
    },
}

impl Distribution {
    /// The standard normal distribution, from which most flows start.
    pub const STANDARD: Self = Self::Gaussian {
        mean: [0.0, 0.0],
        spread: 1.0,
    };

    /// Checks every number. `setting` is the distribution's path in the settings, which errors name.
    ///
    /// # Errors
    /// [`LabError`] for the first number, count or character out of its range.
    pub fn check(&self, setting: &str) -> Result<(), LabError> {
        match self {
            Self::Gaussian { mean, spread } => {
                check_point(&format!("{setting}.mean"), *mean)?;
                check_width(setting, *spread)
            }
            Self::Mixture { parts } => {
                counted(&format!("{setting}.parts"), "parts", parts.len(), 1, MOST_PARTS)?;
                for (index, part) in parts.iter().enumerate() {
                    let setting = format!("{setting}.parts[{index}]");
                    check_point(&format!("{setting}.mean"), part.mean)?;
                    check_width(&setting, part.spread)?;
                    within(&format!("{setting}.weight"), part.weight, 1e-3, 1e3)?;
                }
                Ok(())
            }
            Self::Ring { radius, spread } => {
                within(&format!("{setting}.radius"), *radius, 0.05, WIDEST)?;
                check_blur(setting, *spread)
            }
            Self::Moons { spread } => check_blur(setting, *spread),
            Self::Spiral { turns, spread } => {
                within(&format!("{setting}.turns"), *turns, 0.25, 5.0)?;
                check_blur(setting, *spread)
            }
            Self::Checkerboard { squares } => {
                if matches!(squares, 2 | 4 | 6 | 8) {
                    return Ok(());
                }
                Err(LabError::OutOfRange {
                    setting: format!("{setting}.squares"),
                    found: f64::from(*squares),
                    expected: "2, 4, 6 or 8".to_owned(),
                })
            }
            Self::Letters { text, spread } => {
                check_text(&format!("{setting}.text"), text)?;
                check_blur(setting, *spread)
            }
            Self::Points { points, spread } => {
                check_points(&format!("{setting}.points"), points.iter())?;
                check_blur(setting, *spread)
            }
            Self::Strokes { strokes, spread } => {
                check_points(&format!("{setting}.strokes"), strokes.iter().flatten())?;
                check_blur(setting, *spread)
            }
        }
    }

    /// What the distribution is as a mixture of Gaussians, if it is one.
    pub fn parts(&self) -> Option<Vec<Part>> {
        match self {
            Self::Gaussian { mean, spread } => Some(vec![Part {
                mean: *mean,
                spread: *spread,
                weight: 1.0,
            }]),
            Self::Mixture { parts } => Some(parts.clone()),
            // A blurred point is a Gaussian, but a drawing of hundreds is no lesson about mixtures.
            Self::Points { points, spread } if *spread > 0.0 && points.len() <= MOST_PARTS => {
                let part = |&mean| Part {
                    mean,
                    spread: *spread,
                    weight: 1.0,
                };
                Some(points.iter().map(part).collect())
            }
            _ => None,
        }
    }
}

fn check_point(setting: &str, point: Point) -> Result<(), LabError> {
    for value in point {
        within(setting, value, -FARTHEST, FARTHEST)?;
    }
    Ok(())
}

/// The standard deviation of a Gaussian, which is above 0.
fn check_width(setting: &str, spread: f64) -> Result<(), LabError> {
    within(&format!("{setting}.spread"), spread, 0.01, WIDEST)
}

/// The noise around a shape, which may be 0.
fn check_blur(setting: &str, spread: f64) -> Result<(), LabError> {
    within(&format!("{setting}.spread"), spread, 0.0, WIDEST)
}

fn check_points<'a>(setting: &str, points: impl Iterator<Item = &'a Point> + Clone) -> Result<(), LabError> {
    counted(setting, "points", points.clone().count(), 1, MOST_POINTS)?;
    points
        .enumerate()
        .try_for_each(|(index, &point)| check_point(&format!("{setting}[{index}]"), point))
}

fn check_text(setting: &str, text: &str) -> Result<(), LabError> {
    if let Some(found) = text.chars().find(|&character| !glyphs::is_drawn(character)) {
        return Err(LabError::NoGlyph {
            setting: setting.to_owned(),
            found,
        });
    }
    let written = text.chars().filter(|character| *character != ' ').count();
    counted(setting, "letters and digits", written, 1, MOST_CHARACTERS)?;
    counted(setting, "characters", text.chars().count(), 1, MOST_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_settings_hold_is_read_back_and_unknown_fields_are_refused() {
        let text = r#"{"kind":"mixture","parts":[{"mean":[0,1],"spread":0.5}]}"#;
        let mixture: Distribution = serde_json::from_str(text).unwrap();
        assert_eq!(mixture.parts().unwrap()[0].weight.to_bits(), 1f64.to_bits());
        let written = serde_json::to_string(&mixture).unwrap();
        assert_eq!(serde_json::from_str::<Distribution>(&written).unwrap(), mixture);
        for refused in [
            r#"{"kind":"moons","spread":0.1,"colour":"red"}"#,
            r#"{"kind":"torus"}"#,
            r#"{"kind":"ring","spread":0.1}"#,
        ] {
            assert!(
                serde_json::from_str::<Distribution>(refused).is_err(),
                "{refused}"
            );
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused_by_name() {
        let letters = |text: &str| Distribution::Letters {
            text: text.into(),
            spread: 0.1,
        };
        for (distribution, expected) in [
            (
                Distribution::Gaussian {
                    mean: [0.0, 11.0],
                    spread: 1.0,
                },
                "source.mean is 11, expected a number from -10 to 10",
            ),
            (
                Distribution::Gaussian {
                    mean: [0.0, 0.0],
                    spread: f64::NAN,
                },
                "source.spread is NaN, expected a number from 0.01 to 5",
            ),
            (
                Distribution::Mixture { parts: vec![] },
                "source.parts has 0 parts, expected 1 to 12",
            ),
            (
                Distribution::Checkerboard { squares: 3 },
                "source.squares is 3, expected 2, 4, 6 or 8",
            ),
            (
                letters("a-b"),
                "source.text holds '-', expected letters from A to Z, digits and spaces",
            ),
            (
                letters("  "),
                "source.text has 0 letters and digits, expected 1 to 12",
            ),
            (
                Distribution::Points {
                    points: vec![],
                    spread: 0.1,
                },
                "source.points has 0 points, expected 1 to 20000",
            ),
            (
                Distribution::Strokes {
                    strokes: vec![vec![[0.0, 0.0]], vec![[f64::INFINITY, 0.0]]],
                    spread: 0.1,
                },
                "source.strokes[1] is inf, expected a number from -10 to 10",
            ),
        ] {
            assert_eq!(distribution.check("source").unwrap_err().to_string(), expected);
        }
    }
}
