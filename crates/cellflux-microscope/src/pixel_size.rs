//! The size of a square pixel on the specimen.

use crate::error::{Untaken, in_figures};
use crate::limits::{LARGEST_UM, SMALLEST_UM};

/// By how much, as a share, sizes that are meant to be the same may differ: they are written with few digits.
const SAME: f64 = 0.01;

/// Micrometres per pixel, [`SMALLEST_UM`]`..=`[`LARGEST_UM`], the same along both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelSize {
    um: f64,
    source: Source,
}

/// What states a pixel's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `Pixels/@PhysicalSizeX` and `@PhysicalSizeY`.
    OmeXml,
    /// The scales of an OME-Zarr's image, with the units of its axes.
    OmeZarr,
    /// ImageJ's unit with the TIFF's resolution.
    ImageJ,
    /// The TIFF's resolution alone, finer than a printer's.
    Resolution,
}

impl Source {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::OmeXml => "OME-XML",
            Self::OmeZarr => "OME-Zarr",
            Self::ImageJ => "ImageJ’s calibration",
            Self::Resolution => "the TIFF’s resolution",
        }
    }
}

impl PixelSize {
    /// A pixel of these micrometres along a row and along a column.
    ///
    /// # Errors
    /// [`Untaken::Size`] for a length outside [`SMALLEST_UM`]`..=`[`LARGEST_UM`], NaN among them, and
    /// [`Untaken::Oblong`] for two that differ by more than 1 %.
    pub fn new(across: f64, down: f64, source: Source) -> Result<Self, Untaken> {
        for um in [across, down] {
            if !(SMALLEST_UM..=LARGEST_UM).contains(&um) {
                return Err(Untaken::Size {
                    found: format!("{} µm", in_figures(um)),
                });
            }
        }
        if differ(across, down) {
            return Err(Untaken::Oblong {
                across: in_figures(across),
                down: in_figures(down),
            });
        }
        Ok(Self {
            um: f64::midpoint(across, down),
            source,
        })
    }

    /// Micrometres per pixel.
    pub fn um(self) -> f64 {
        self.um
    }

    /// What states it.
    pub fn source(self) -> Source {
        self.source
    }

    /// The first of several sizes, where all are the same.
    ///
    /// # Errors
    /// [`Untaken::Several`] for two that differ by more than 1 %.
    pub fn shared(sizes: impl IntoIterator<Item = Self>) -> Result<Option<Self>, Untaken> {
        let mut sizes = sizes.into_iter();
        let Some(first) = sizes.next() else {
            return Ok(None);
        };
        match sizes.find(|other| differ(first.um, other.um)) {
            None => Ok(Some(first)),
            Some(other) => Err(Untaken::Several {
                one: in_figures(first.um),
                other: in_figures(other.um),
            }),
        }
    }
}

fn differ(one: f64, other: f64) -> bool {
    (one - other).abs() > SAME * one.max(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_no_pixel_has_are_refused_by_name() {
        for (um, said) in [
            (0.0, "0 µm"),
            (-0.5, "-0.5 µm"),
            (f64::NAN, "NaN µm"),
            (352.8, "352.8 µm"),
        ] {
            assert_eq!(
                PixelSize::new(um, um, Source::OmeXml).unwrap_err().to_string(),
                format!("it says that its pixels are {said} wide, expected 0.001 to 100 µm")
            );
        }
    }

    #[test]
    fn pixels_are_square_up_to_the_digits_that_are_written() {
        let size = PixelSize::new(0.65, 0.6501, Source::ImageJ).unwrap();
        assert!((size.um() - 0.650_05).abs() < 1e-9);
        assert_eq!(
            PixelSize::new(0.5, 0.65, Source::ImageJ).unwrap_err().to_string(),
            "its pixels are 0.5 µm wide and 0.65 µm high, expected square ones"
        );
    }

    #[test]
    fn files_share_a_size_where_all_state_the_same() {
        let size = |um| PixelSize::new(um, um, Source::OmeXml).unwrap();
        assert_eq!(PixelSize::shared([]), Ok(None));
        assert_eq!(PixelSize::shared([size(0.5), size(0.501)]), Ok(Some(size(0.5))));
        assert_eq!(
            PixelSize::shared([size(0.5), size(0.65)])
                .unwrap_err()
                .to_string(),
            "pixels of two sizes, 0.5 µm and 0.65 µm, expected one size"
        );
    }
}
