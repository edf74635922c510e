//! A TIFF's own resolution.

use crate::pixel_size::{PixelSize, Source};

/// A page for print has at most some 2,400 dots per inch, 10.6 µm each. A finer resolution is a microscope's;
/// a coarser one, such as the 72 per inch that programs write by default, says nothing of the specimen.
const FINEST_PRINT_UM: f64 = 10.0;

/// A TIFF's tags 282, 283 and 296.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolution {
    /// Pixels per unit along a row.
    pub across: f64,
    /// Pixels per unit along a column.
    pub down: f64,
    /// 1 none, 2 inch, 3 centimetre.
    pub unit: u64,
}

impl Resolution {
    /// The size that the resolution alone states, where it is too fine for print.
    pub(crate) fn of_a_microscope(self) -> Option<PixelSize> {
        let um = match self.unit {
            2 => 25_400.0,
            3 => 10_000.0,
            _ => return None,
        };
        let size = PixelSize::new(um / self.across, um / self.down, Source::Resolution).ok()?;
        (size.um() < FINEST_PRINT_UM).then_some(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(per_unit: f64, unit: u64) -> Option<f64> {
        let resolution = Resolution {
            across: per_unit,
            down: per_unit,
            unit,
        };
        resolution.of_a_microscope().map(PixelSize::um)
    }

    #[test]
    fn a_resolution_for_print_or_screen_is_no_scale() {
        for per_inch in [72.0, 96.0, 300.0, 1200.0, 2400.0, 0.0, f64::NAN] {
            assert_eq!(plain(per_inch, 2), None, "{per_inch}");
        }
        // Without a unit it is a ratio of sides only.
        assert_eq!(plain(20_000.0, 1), None);
    }

    #[test]
    fn a_resolution_finer_than_print_is_a_microscopes() {
        assert_eq!(plain(20_000.0, 3), Some(0.5));
        assert_eq!(plain(50_800.0, 2), Some(0.5));
    }
}
