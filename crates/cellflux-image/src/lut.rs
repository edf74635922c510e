//! Look-up tables: which colour a channel's brightness becomes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ImageError;
use crate::spec::Colour;

/// What colours a channel's brightness, from 0 (black in the channel's window) to 1.
///
/// Channels add up. Magenta, yellow and cyan are told apart with every kind of colour vision, and where they
/// lie on one another they add up to lighter colours. The sequential maps are for a channel that is seen
/// alone: each step of brightness looks as large as every other, also in grey and to the colour-blind.
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

/// Nine equally spaced colours of viridis and of magma, by Stéfan van der Walt and Nathaniel Smith (2015),
/// who dedicated their numbers to the public (CC0 1.0, <https://bids.github.io/colormap/>). Between them
/// colours are interpolated.
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
