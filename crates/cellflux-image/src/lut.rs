//! Look-up tables: which colour a channel's brightness becomes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ImageError;
use crate::spec::Colour;

/// What colours a channel's brightness, from 0 (black in the channel's window) to 1.
///
/// Channels add up. Magenta, yellow and cyan stay apart for people who see with two of the three kinds of
/// cones, too (a test simulates the three cases); grey does not stay apart from them. Where channels lie on
/// one another they add up to lighter colours. The sequential maps are for a channel that is seen alone: they
/// become lighter all the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lut {
    /// From black to the colour that the manifest gives the channel.
    #[default]
    Own,
    /// From black to white.
    Grey,
    /// From black to `#ff00ff`.
    Magenta,
    /// From black to `#ffff00`.
    Yellow,
    /// From black to `#00ffff`.
    Cyan,
    /// matplotlib's viridis, from dark violet over green to yellow. What is black in the window is violet.
    Viridis,
    /// matplotlib's magma, from black over red to a light yellow.
    Magma,
}

/// Nine equally spaced colours of viridis and of magma, by Nathaniel Smith, Stéfan van der Walt and, of
/// viridis, Eric Firing, who dedicated the numbers to the public (CC0 1.0,
/// <https://bids.github.io/colormap/>). Between them colours are interpolated.
const VIRIDIS: [Colour; 9] = [
    Colour::new(68, 1, 84),
    Colour::new(71, 45, 123),
    Colour::new(59, 82, 139),
    Colour::new(44, 114, 142),
    Colour::new(33, 144, 140),
    Colour::new(39, 173, 129),
    Colour::new(93, 200, 99),
    Colour::new(170, 220, 50),
    Colour::new(253, 231, 37),
];
const MAGMA: [Colour; 9] = [
    Colour::new(0, 0, 4),
    Colour::new(29, 17, 71),
    Colour::new(81, 18, 124),
    Colour::new(130, 38, 129),
    Colour::new(182, 54, 121),
    Colour::new(230, 81, 100),
    Colour::new(251, 136, 97),
    Colour::new(254, 194, 135),
    Colour::new(252, 253, 191),
];

impl Lut {
    /// Every table, in the order in which a page offers them.
    pub const ALL: [Self; 7] = [
        Self::Own,
        Self::Grey,
        Self::Magenta,
        Self::Yellow,
        Self::Cyan,
        Self::Viridis,
        Self::Magma,
    ];

    /// The name, the same in JSON and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Grey => "grey",
            Self::Magenta => "magenta",
            Self::Yellow => "yellow",
            Self::Cyan => "cyan",
            Self::Viridis => "viridis",
            Self::Magma => "magma",
        }
    }

    /// The light of a brightness from 0 to 1, as red, green and blue from 0 to 255. `own` is the channel's
    /// colour in the manifest.
    pub fn light(self, own: Colour, brightness: f32) -> [f32; 3] {
        let to = |colour| parts(colour).map(|part| brightness * part);
        match self {
            Self::Own => to(own),
            Self::Grey => to(Colour::new(255, 255, 255)),
            Self::Magenta => to(Colour::new(255, 0, 255)),
            Self::Yellow => to(Colour::new(255, 255, 0)),
            Self::Cyan => to(Colour::new(0, 255, 255)),
            Self::Viridis => between(&VIRIDIS, brightness),
            Self::Magma => between(&MAGMA, brightness),
        }
    }

    /// The colour of the brightness 1.
    pub fn full(self, own: Colour) -> Colour {
        // `as` saturates, and the parts are whole numbers.
        let [red, green, blue] = self.light(own, 1.0).map(|part| part.round() as u8);
        Colour { red, green, blue }
    }
}

/// The colour at a share of the way along a table, interpolated.
fn between(table: &[Colour; 9], share: f32) -> [f32; 3] {
    let place = share.clamp(0.0, 1.0) * (table.len() - 1) as f32;
    let before = place.floor();
    let at = |index: usize| {
        let colour = table.get(index).or(table.last());
        colour.map_or([0.0; 3], |colour| parts(*colour))
    };
    let (low, high) = (at(before as usize), at(before as usize + 1));
    let rest = place - before;
    std::array::from_fn(|i| low[i] + rest * (high[i] - low[i]))
}

/// A colour's red, green and blue, 0 to 255.
pub(crate) fn parts(colour: Colour) -> [f32; 3] {
    [
        f32::from(colour.red),
        f32::from(colour.green),
        f32::from(colour.blue),
    ]
}

impl fmt::Display for Lut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Lut {
    type Err = ImageError;

    /// Reads a table's name.
    ///
    /// # Errors
    /// [`ImageError::Spec`] for any other text.
    fn from_str(name: &str) -> Result<Self, ImageError> {
        let known = Self::ALL.into_iter().find(|lut| lut.name() == name);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            ImageError::spec("look-up table", format!("{name:?}"), format!("one of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Colour = Colour::new(255, 48, 7);

    #[test]
    fn the_brightest_is_the_tables_last_colour_and_zero_its_first() {
        assert_eq!(Lut::Own.full(OWN), OWN);
        assert_eq!(Lut::Magenta.full(OWN), Colour::new(255, 0, 255));
        assert_eq!(Lut::Viridis.full(OWN), Colour::new(253, 231, 37));
        let darkest = |lut: Lut| lut.light(OWN, 0.0).map(|part| part as u8);
        assert_eq!(darkest(Lut::Magma), [0, 0, 4]);
        assert_eq!(darkest(Lut::Viridis), [68, 1, 84]);
        for lut in [Lut::Own, Lut::Grey, Lut::Magenta, Lut::Yellow, Lut::Cyan] {
            assert_eq!(darkest(lut), [0; 3], "{lut}");
        }
    }

    #[test]
    fn every_table_becomes_lighter_all_the_way() {
        // Luminance as of sRGB's primaries, without its curve: enough to see a step back.
        let luma = |[red, green, blue]: [f32; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        for lut in Lut::ALL {
            let steps: Vec<f32> = (0..=64u8)
                .map(|step| luma(lut.light(OWN, f32::from(step) / 64.0)))
                .collect();
            assert!(steps.is_sorted_by(|a, b| a < b), "{lut}: {steps:?}");
        }
    }

    /// What linear light becomes for somebody without one kind of cones, as linear light (Machado, Oliveira
    /// and Fernandes 2009, "A physiologically-based model for simulation of color vision deficiency", at its
    /// full severity).
    const WITHOUT_ONE_KIND_OF_CONES: [(&str, [[f64; 3]; 3]); 3] = [
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    /// A colour's linear light, red, green and blue from 0 to 1, by the curve of sRGB.
    fn linear(colour: Colour) -> [f64; 3] {
        parts(colour).map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    fn seen(cones: [[f64; 3]; 3], light: [f64; 3]) -> [f64; 3] {
        cones.map(|row| {
            let sum: f64 = row.iter().zip(light).map(|(weight, part)| weight * part).sum();
            sum.clamp(0.0, 1.0)
        })
    }

    /// Linear light of sRGB's primaries in the CIE's space of 1976 (lightness, red to green, yellow to blue)
    /// with the white point D65.
    fn lab([red, green, blue]: [f64; 3]) -> [f64; 3] {
        let curve = |t: f64| {
            if t > 216.0 / 24_389.0 {
                t.cbrt()
            } else {
                (24_389.0 / 27.0 * t + 16.0) / 116.0
            }
        };
        let x = curve((0.412_456 * red + 0.357_576 * green + 0.180_438 * blue) / 0.950_47);
        let y = curve(0.212_673 * red + 0.715_152 * green + 0.072_175 * blue);
        let z = curve((0.019_334 * red + 0.119_192 * green + 0.950_304 * blue) / 1.088_83);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// How far apart two colours look: their distance in that space, of which about 2 can just be seen.
    fn apart(cones: [[f64; 3]; 3], first: Lut, second: Lut) -> f64 {
        let [first, second] = [first, second].map(|lut| lab(seen(cones, linear(lut.full(OWN)))));
        let squares = first.iter().zip(second).map(|(a, b)| (a - b).powi(2));
        squares.sum::<f64>().sqrt()
    }

    #[test]
    fn magenta_yellow_and_cyan_stay_apart_without_one_kind_of_cones_and_grey_does_not() {
        for (name, cones) in WITHOUT_ONE_KIND_OF_CONES {
            for row in cones {
                // Everybody sees white as white.
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 2e-6, "{name}: {row:?}");
            }
            for (first, second) in [
                (Lut::Magenta, Lut::Yellow),
                (Lut::Magenta, Lut::Cyan),
                (Lut::Yellow, Lut::Cyan),
            ] {
                let found = apart(cones, first, second);
                assert!(found > 40.0, "{name}: {first} and {second} {found}");
            }
        }
        let [(_, without_red), _, (_, without_blue)] = WITHOUT_ONE_KIND_OF_CONES;
        assert!(apart(without_red, Lut::Cyan, Lut::Grey) < 10.0);
        assert!(apart(without_blue, Lut::Yellow, Lut::Grey) < 15.0);
    }

    #[test]
    fn a_name_is_read_back_and_another_is_refused_with_those_that_there_are() {
        for lut in Lut::ALL {
            assert_eq!(lut.name().parse::<Lut>().unwrap(), lut);
            let json = serde_json::to_string(&lut).unwrap();
            assert_eq!(json, format!("\"{lut}\""));
            assert_eq!(serde_json::from_str::<Lut>(&json).unwrap(), lut);
        }
        let message = "jet".parse::<Lut>().unwrap_err().to_string();
        assert!(
            message.contains("\"jet\"") && message.contains("own, grey, magenta"),
            "{message}"
        );
    }
}
