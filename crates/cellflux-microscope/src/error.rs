//! What a file says of its image and what is not taken, with the reason.

use crate::limits::{LARGEST_UM, SMALLEST_UM};

/// The most characters of a stranger's text that are repeated.
const MOST_SHOWN: usize = 60;

/// Something that is not taken. The image is read all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untaken {
    /// OME-XML that is damaged, too large, or written to take long.
    #[error("its OME-XML is not read, so no names or sizes are taken from it: {reason}")]
    Xml {
        /// What is wrong with it.
        reason: String,
    },
    /// A size that no pixel with a cell in it has, or that is no number.
    #[error("it says that its pixels are {found} wide, expected {}", expected())]
    Size {
        /// What it says, with the unit.
        found: String,
    },
    /// A unit that is not known.
    #[error("its pixels are measured in {found}, expected a unit of length such as µm")]
    Unit {
        /// What it says.
        found: String,
    },
    /// A crop has the same scale along both sides.
    #[error("its pixels are {across} µm wide and {down} µm high, expected square ones")]
    Oblong {
        /// Micrometres along a row.
        across: String,
        /// Micrometres along a column.
        down: String,
    },
    /// Images of one file, or files of one upload, whose pixels differ.
    #[error("pixels of two sizes, {one} µm and {other} µm, expected one size")]
    Several {
        /// Micrometres.
        one: String,
        /// Micrometres.
        other: String,
    },
}

fn expected() -> String {
    format!("{SMALLEST_UM} to {LARGEST_UM} µm")
}

/// A stranger's text, short and in quotes, with control characters escaped.
pub(crate) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(MOST_SHOWN).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{more}")
}

/// A stranger's number of micrometres, with the digits that a person compares.
pub(crate) fn in_figures(um: f64) -> String {
    if um == 0.0 || (1e-4..1e6).contains(&um.abs()) {
        let text = format!("{um:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        // Also NaN and the infinities, by their names.
        format!("{um:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_whatever_they_are() {
        for (um, text) in [
            (0.5, "0.5"),
            (1.0 / 3.0, "0.3333"),
            (0.0, "0"),
            (-2.0, "-2"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
            (1e300, "1e300"),
            (120.0, "120"),
        ] {
            assert_eq!(in_figures(um), text);
        }
    }

    #[test]
    fn a_long_text_is_cut_and_its_control_characters_are_written_out() {
        let text = quoted(&"\u{202e}x".repeat(1000));
        assert!(text.chars().count() < 600 && text.ends_with('…'), "{text}");
        assert!(!text.contains('\u{202e}'));
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
    }
}
