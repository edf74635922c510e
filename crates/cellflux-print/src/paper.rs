//! Printing units: how wide a figure is, and how many dots that is.

use std::str::FromStr;

use crate::error::PrintError;

/// Dots per inch: what journals ask for at least for photographs.
pub const DPI: u32 = 300;

/// The two widths of a figure in a journal of two columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Width {
    /// Both columns: 180 mm.
    #[default]
    Double,
    /// One column: 88 mm.
    Single,
}

impl Width {
    /// Both, in the order in which a page offers them.
    pub const ALL: [Self; 2] = [Self::Double, Self::Single];

    /// The name in commands and calls.
    pub fn name(self) -> &'static str {
        match self {
            Self::Double => "double",
            Self::Single => "single",
        }
    }

    /// Millimetres.
    pub fn mm(self) -> f64 {
        match self {
            Self::Double => 180.0,
            Self::Single => 88.0,
        }
    }
}

impl FromStr for Width {
    type Err = PrintError;

    /// Reads a name.
    ///
    /// # Errors
    /// [`PrintError::Width`] for any other text.
    fn from_str(name: &str) -> Result<Self, PrintError> {
        Self::ALL
            .into_iter()
            .find(|width| width.name() == name)
            .ok_or_else(|| PrintError::Width { found: name.into() })
    }
}

/// Whole dots of a length in millimetres.
pub(crate) fn dots(mm: f64) -> usize {
    (mm * f64::from(DPI) / 25.4).round() as usize
}

/// Millimetres of a number of dots.
pub(crate) fn mm(dots: usize) -> f64 {
    dots as f64 * 25.4 / f64::from(DPI)
}

/// Dots of a letter size in points, 1/72 inch.
pub(crate) fn points(size: f32) -> f32 {
    size * DPI as f32 / 72.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_column_has_2126_dots_and_a_single_one_1039() {
        assert_eq!(Width::ALL.map(|width| dots(width.mm())), [2126, 1039]);
        assert!((mm(2126) - 180.0).abs() < 0.01);
        assert!((points(72.0) - 300.0).abs() < 1e-3);
    }

    #[test]
    fn a_width_is_named_by_its_columns_and_by_nothing_else() {
        for width in Width::ALL {
            assert_eq!(width.name().parse::<Width>().unwrap(), width);
        }
        let message = "wide".parse::<Width>().unwrap_err().to_string();
        assert_eq!(message, "the width is \"wide\", expected double or single");
    }
}
