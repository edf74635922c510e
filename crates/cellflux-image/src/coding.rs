//! What a file's numbers mean, and how they become the model's coded bytes.

use serde::{Deserialize, Serialize};

use crate::error::ImageError;
use crate::picture::{Depth, Picture};
use crate::spec::{Coding, Curve, ImageSpec};

/// What a file's numbers mean. A person says so, or [`Meaning::of_depth`]'s documented rule; never the
/// pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Meaning {
    /// The model's coded bytes, 0..=255: crops of its own training set.
    Coded,
    /// Raw numbers of the model's own source: divided by the coding's `raw_divisor` they are intensities.
    Raw,
    /// Linear light from another source: `black` is no light, `white` is the coding's full scale.
    Linear {
        /// The number that is no light.
        black: f64,
        /// The number that is the coding's full scale.
        white: f64,
    },
    /// The network's own range, for example a frame cut out of an exported trajectory.
    Model,
}

/// How far floating point may lie beyond its declared range at either end, as a share of it: resampling and
/// deconvolution overshoot by that much. It is clipped.
pub const TOLERANCE: f64 = 0.05;

/// How many of an image's numbers lie beyond what their meaning can hold, and are cut off; counts, or shares
/// 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clipped {
    /// Darker than black.
    pub dark: f64,
    /// Brighter than the coding's full scale.
    pub bright: f64,
}

impl Meaning {
    /// The rule where nobody says otherwise: 8-bit files are coded, 16-bit files raw, floating point is
    /// linear light from 0 to 1.
    pub fn of_depth(depth: Depth) -> Self {
        match depth {
            Depth::Eight => Self::Coded,
            Depth::Sixteen => Self::Raw,
            Depth::Float => Self::Linear {
                black: 0.0,
                white: 1.0,
            },
        }
    }

    /// Checks whether the meaning fits a picture's numbers.
    ///
    /// Floating point has no largest number, so it must lie within the range that was declared, and
    /// [`TOLERANCE`] beyond it at either end. Whole numbers may be declared to be darker than black or
    /// brighter than white (`Linear`, `Raw`): a camera's noise and its saturated pixels are. What lies
    /// outside is clipped, and counted by [`cut`](crate::crop::cut).
    ///
    /// # Errors
    /// [`ImageError::Meaning`] for floating point beyond the declared range, whole coded bytes beyond
    /// 0..=255, negative whole raw numbers, whole numbers that are all darker than black or brighter than
    /// white, and model-range numbers that lie beyond the range by more than half of it; [`ImageError::Spec`]
    /// for an empty or unreal black-to-white range.
    pub fn check(self, picture: &Picture, spec: &ImageSpec) -> Result<(), ImageError> {
        let (min, max) = (f64::from(picture.min), f64::from(picture.max));
        let float = picture.depth == Depth::Float;
        let within = |low: f64, high: f64, expected: String| {
            if min >= low && max <= high {
                return Ok(());
            }
            Err(ImageError::Meaning {
                name: picture.name.clone(),
                min: picture.min,
                max: picture.max,
                expected,
                fitting: fitting(picture, spec),
            })
        };
        let declared = |low: f64, high: f64, what: &str| {
            let slack = TOLERANCE * (high - low);
            let expected = format!(
                "{what} from {low} to {high} ({} % beyond is clipped)",
                100.0 * TOLERANCE
            );
            within(low - slack, high + slack, expected)
        };
        match self {
            Self::Coded if float => declared(0.0, 255.0, "coded bytes"),
            Self::Coded => within(0.0, 255.0, "coded bytes, 0 to 255".into()),
            Self::Raw if float => {
                // There is no count below 0, so there is no overshoot on that side.
                let full = spec.coding.full_scale * spec.coding.raw_divisor;
                let expected = format!(
                    "raw numbers from 0 to {full} ({} % beyond is clipped)",
                    100.0 * TOLERANCE
                );
                within(0.0, (1.0 + TOLERANCE) * full, expected)
            }
            Self::Raw => within(0.0, f64::INFINITY, "raw numbers of 0 and more".into()),
            Self::Linear { black, white } => {
                if !(black.is_finite() && white.is_finite() && black < white) {
                    return Err(ImageError::spec(
                        "meaning",
                        format!("linear from {black} to {white}"),
                        "finite numbers, black below white",
                    ));
                }
                if float {
                    return declared(black, white, "light");
                }
                if max < black || min > white {
                    return within(black, white, format!("light from {black} to {white}"));
                }
                Ok(())
            }
            Self::Model => {
                // Generated frames overshoot the range a little.
                let (low, high) = (f64::from(spec.range.low), f64::from(spec.range.high));
                let slack = 0.5 * (high - low);
                within(
                    low - slack,
                    high + slack,
                    format!("the model's range, {low} to {high}, and half as much beyond"),
                )
            }
        }
    }

    /// A stored number as a share of the full scale, of light or of the coding: what is clipped lies below 0
    /// or above 1.
    fn share(self, value: f32, spec: &ImageSpec) -> f64 {
        let value_f64 = f64::from(value);
        match self {
            Self::Coded => value_f64 / 255.0,
            Self::Raw => value_f64 / spec.coding.raw_divisor / spec.coding.full_scale,
            Self::Linear { black, white } => (value_f64 - black) / (white - black),
            Self::Model => f64::from(spec.range.unit(value)),
        }
    }

    /// Counts a number that is clipped: darker than black or brighter than full scale by more than a coded
    /// step.
    pub(crate) fn count_clipped(self, value: f32, spec: &ImageSpec, clipped: &mut Clipped) {
        let share = self.share(value, spec);
        if share < -1.0 / 255.0 {
            clipped.dark += 1.0;
        } else if share > 1.0 + 1.0 / 255.0 {
            clipped.bright += 1.0;
        }
    }

    /// A stored number as an intensity, linear in light, `0..=full_scale` and beyond.
    pub fn intensity(self, value: f32, spec: &ImageSpec) -> f64 {
        let value_f64 = f64::from(value);
        match self {
            Self::Coded => spec.coding.intensity_of_share(value_f64 / 255.0),
            Self::Raw => value_f64 / spec.coding.raw_divisor,
            Self::Linear { black, white } => spec.coding.full_scale * (value_f64 - black) / (white - black),
            Self::Model => spec.coding.intensity_of_share(f64::from(spec.range.unit(value))),
        }
    }
}

/// The meanings that fit a picture's numbers, as a configuration writes them.
fn fitting(picture: &Picture, spec: &ImageSpec) -> String {
    let (min, max) = (f64::from(picture.min), f64::from(picture.max));
    let within = |low: f64, high: f64| {
        let slack = TOLERANCE * (high - low);
        min >= low - slack && max <= high + slack
    };
    let mut found = Vec::new();
    let (low, high) = (f64::from(spec.range.low), f64::from(spec.range.high));
    if min < 0.0 && within(low, high) {
        found.push("{ kind = \"model\" }".to_owned());
    }
    if max > 1.0 + TOLERANCE && within(0.0, 255.0) {
        found.push("{ kind = \"coded\" }".to_owned());
    }
    let full = [1.0, 255.0, 4095.0, 65_535.0]
        .into_iter()
        .find(|&white| within(0.0, white) && (min >= 0.0 || white <= 1.0));
    let (black, white) = full.map_or((min, max), |white| (0.0, white));
    if black < white {
        found.push(format!(
            "{{ kind = \"linear\", black = {black}, white = {white} }}"
        ));
    }
    format!("say what they are: meaning = {}", found.join(" or "))
}

impl Coding {
    /// Intensity `v` (linear, `0..=full_scale`) to the nearest byte; clamped at both ends, 0 for NaN.
    pub fn encode(&self, intensity: f64) -> u8 {
        // `max` drops a NaN, `as` saturates above.
        let share = (intensity / self.full_scale).max(0.0);
        let curved = match self.kind {
            Curve::Linear => share,
            // Square root is correctly rounded by IEEE 754, so every platform gives the same byte.
            Curve::Sqrt => share.sqrt(),
        };
        (curved * 255.0).round() as u8
    }

    /// The intensity `0..=full_scale` that a byte stands for.
    pub fn decode(&self, coded: u8) -> f64 {
        self.intensity_of_share(f64::from(coded) / 255.0)
    }

    /// The intensity for a coded share, byte over 255; shares below 0 are black.
    fn intensity_of_share(&self, share: f64) -> f64 {
        let share = share.max(0.0);
        self.full_scale
            * match self.kind {
                Curve::Linear => share,
                Curve::Sqrt => share * share,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Plane;
    use proptest::prelude::*;

    fn holding(values: &[f32], depth: Depth) -> Picture {
        let plane = Plane {
            name: None,
            colour: None,
            width: values.len(),
            height: 1,
            values: values.to_vec(),
        };
        Picture::new("x", vec![plane], depth).unwrap()
    }

    #[test]
    fn every_byte_survives_both_curves() {
        for kind in [Curve::Linear, Curve::Sqrt] {
            let coding = Coding {
                kind,
                full_scale: 4095.0,
                bits: 8,
                raw_divisor: 16.0,
            };
            for q in 0..=255 {
                assert_eq!(coding.encode(coding.decode(q)), q);
                // A crop's numbers pass through f32.
                assert_eq!(coding.encode(f64::from(coding.decode(q) as f32)), q);
            }
        }
    }

    #[test]
    fn coding_clamps_and_maps_nan_to_black() {
        let coding = ImageSpec::bbbc021(64, 64).coding;
        assert_eq!(coding.encode(-5.0), 0);
        assert_eq!(coding.encode(f64::NAN), 0);
        assert_eq!(coding.encode(4095.0), 255);
        assert_eq!(coding.encode(1e9), 255);
    }

    #[test]
    fn each_meaning_reaches_the_byte_it_documents() {
        let spec = ImageSpec::bbbc021(64, 64);
        let code = |meaning: Meaning, value| spec.coding.encode(meaning.intensity(value, &spec));
        assert_eq!(code(Meaning::Coded, 37.0), 37);
        // BBBC021: raw = 16 v, q = round(255 sqrt(v / 4095)).
        assert_eq!(code(Meaning::Raw, 16.0 * 4095.0), 255);
        assert_eq!(code(Meaning::Raw, 16.0 * 1000.0), 126);
        assert_eq!(
            code(
                Meaning::Linear {
                    black: 0.0,
                    white: 1.0
                },
                0.25
            ),
            128
        );
        assert_eq!(
            code(
                Meaning::Linear {
                    black: 100.0,
                    white: 300.0
                },
                100.0
            ),
            0
        );
        assert_eq!(code(Meaning::Model, 1.0), 255);
        assert_eq!(code(Meaning::Model, -1.2), 0);
        for q in 0..=255u8 {
            let model = spec.to_model_range(&vec![q; spec.len()]).unwrap();
            assert_eq!(code(Meaning::Model, model[0]), q);
        }
    }

    #[test]
    fn numbers_outside_their_meaning_are_refused_with_both_ranges() {
        let spec = ImageSpec::bbbc021(64, 64);
        let error = Meaning::Coded
            .check(&holding(&[3.0, 700.0], Depth::Sixteen), &spec)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "x holds numbers from 3 to 700, expected coded bytes, 0 to 255; say what they are: meaning = \
             { kind = \"linear\", black = 0, white = 4095 }"
        );
        assert!(
            Meaning::Raw
                .check(&holding(&[-1.0], Depth::Float), &spec)
                .is_err()
        );
        assert!(
            Meaning::Model
                .check(&holding(&[-1.0, 40.0], Depth::Float), &spec)
                .is_err()
        );
        Meaning::Model
            .check(&holding(&[-1.1, 1.2], Depth::Float), &spec)
            .unwrap();
        let unit = Meaning::of_depth(Depth::Float);
        unit.check(&holding(&[-0.04, 1.05], Depth::Float), &spec).unwrap();
        assert!(
            unit.check(&holding(&[200.0, 4000.0], Depth::Float), &spec)
                .is_err()
        );
        assert!(
            Meaning::Linear {
                black: 1.0,
                white: 1.0
            }
            .check(&holding(&[1.0], Depth::Float), &spec)
            .is_err()
        );
    }

    #[test]
    fn floating_point_beyond_its_declared_range_is_refused_with_what_to_set() {
        let spec = ImageSpec::bbbc021(64, 64);
        let unit = Meaning::of_depth(Depth::Float);
        let refused = |meaning: Meaning, values: &[f32]| {
            let error = meaning.check(&holding(values, Depth::Float), &spec).unwrap_err();
            error.to_string()
        };
        // Bytes saved as floating point.
        assert_eq!(
            refused(unit, &[0.0, 255.0]),
            "x holds numbers from 0 to 255, expected light from 0 to 1 (5 % beyond is clipped); say what \
            they are: meaning = { kind = \"coded\" } or { kind = \"linear\", black = 0, white = 255 }"
        );
        // The page's own frames.
        assert_eq!(
            refused(unit, &[-1.0, 1.0]),
            "x holds numbers from -1 to 1, expected light from 0 to 1 (5 % beyond is clipped); say what they \
            are: meaning = { kind = \"model\" } or { kind = \"linear\", black = -1, white = 1 }"
        );
        Meaning::Model
            .check(&holding(&[-1.0, 1.0], Depth::Float), &spec)
            .unwrap();
        for (meaning, values) in [
            (unit, [0.0, 1.06]),
            (unit, [-0.06, 1.0]),
            (Meaning::Coded, [0.0, 300.0]),
            (Meaning::Raw, [0.0, 80_000.0]),
            (
                Meaning::Linear {
                    black: 200.0,
                    white: 4000.0,
                },
                [0.0, 4000.0],
            ),
            (
                Meaning::Linear {
                    black: 200.0,
                    white: 4000.0,
                },
                [200.0, 5000.0],
            ),
        ] {
            let sentence = refused(meaning, &values);
            assert!(
                sentence.contains("5 % beyond is clipped") && sentence.contains("meaning = "),
                "{sentence}"
            );
        }
        // A camera's whole numbers may be cut at black and white.
        let cut = Meaning::Linear {
            black: 200.0,
            white: 4000.0,
        };
        cut.check(&holding(&[0.0, 65_535.0], Depth::Sixteen), &spec)
            .unwrap();
    }

    proptest! {
        #[test]
        fn brighter_raw_numbers_never_get_darker_bytes(
            a in 0u16..,
            b in 0u16..,
            scale in 1.0..1e5,
            divisor in 0.1..64.0,
        ) {
            for kind in [Curve::Linear, Curve::Sqrt] {
                let spec = ImageSpec {
                    coding: Coding { kind, full_scale: scale, bits: 8, raw_divisor: divisor },
                    ..ImageSpec::plain(1, 8, 8)
                };
                let code = |v: u16| spec.coding.encode(Meaning::Raw.intensity(f32::from(v), &spec));
                prop_assert!(a > b || code(a) <= code(b));
            }
        }
    }
}
