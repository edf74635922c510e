//! Units of length by the names that programs write.

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// A length, in micrometres.
    Length(f64),
    /// No length on the specimen: pixels, or OME's `reference frame`.
    None,
}

/// What the name of a unit stands for; `None` where it is not known.
///
/// The symbols are those of the OME schema (2016-06, `UnitsLength`) that can be the size of a pixel, and are
/// told apart by case as there; words are ImageJ's.
pub fn unit(name: &str) -> Option<Unit> {
    let micrometres = match name.trim() {
        "m" => 1e6,
        "dm" => 1e5,
        "cm" => 1e4,
        "mm" => 1e3,
        // The micro sign, the Greek letter, as ImageJ escapes it, and as one byte of Latin-1 looks in UTF-8.
        "\u{b5}m" | "\u{3bc}m" | "\\u00B5m" | "\u{fffd}m" | "um" => 1.0,
        "nm" => 1e-3,
        "pm" => 1e-6,
        // The letter and the sign for ångström.
        "\u{c5}" | "\u{212b}" => 1e-4,
        "in" => 25_400.0,
        word => match word.to_lowercase().as_str() {
            "micron" | "microns" | "micrometer" | "micrometers" | "micrometre" | "micrometres" => 1.0,
            "nanometer" | "nanometers" | "nanometre" | "nanometres" => 1e-3,
            "millimeter" | "millimeters" | "millimetre" | "millimetres" => 1e3,
            "centimeter" | "centimeters" | "centimetre" | "centimetres" => 1e4,
            "meter" | "meters" | "metre" | "metres" => 1e6,
            "inch" | "inches" => 25_400.0,
            "" | "pixel" | "pixels" | "reference frame" => return Some(Unit::None),
            _ => return None,
        },
    };
    Some(Unit::Length(micrometres))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_micrometre_is_one() {
        for name in [
            "µm",
            "μm",
            "um",
            " micron ",
            "Microns",
            "\\u00B5m",
            "\u{fffd}m",
            "micrometre",
        ] {
            assert_eq!(unit(name), Some(Unit::Length(1.0)), "{name}");
        }
    }

    #[test]
    fn symbols_are_told_apart_by_case() {
        assert_eq!(unit("mm"), Some(Unit::Length(1000.0)));
        assert_eq!(unit("Mm"), None);
        assert_eq!(unit("nm"), Some(Unit::Length(0.001)));
        assert_eq!(unit("NM"), None);
    }

    #[test]
    fn pixels_are_no_length_and_anything_else_is_not_known() {
        for name in ["pixel", "pixels", "reference frame", ""] {
            assert_eq!(unit(name), Some(Unit::None), "{name}");
        }
        for name in ["furlong", "s", "µ", "m²"] {
            assert_eq!(unit(name), None, "{name}");
        }
    }
}
