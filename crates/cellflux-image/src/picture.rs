//! A decoded picture: planes of numbers as the file stores them, and how large a picture may be.

use cellflux_microscope::{PlaneColour, Scale};

use crate::error::ImageError;

/// One file's planes, all of one size and depth.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The file's name, for messages and for matching channels.
    pub name: String,
    /// The planes in the file's order: samples within pages.
    pub planes: Vec<Plane>,
    /// How the file stores its numbers.
    pub depth: Depth,
    /// The smallest number in any plane.
    pub min: f32,
    /// The largest number in any plane; tells 12 bits in a 16-bit file from 16 bits.
    pub max: f32,
    /// What the file says of the size of its pixels; only TIFF and OME-Zarr say anything.
    pub scale: Scale,
}

/// One channel of one page: `height` rows of `width` numbers, as stored (8- and 16-bit values are exact in
/// f32).
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// What the file calls it (`red`, `alpha`, a page's name), where it says.
    pub name: Option<String>,
    /// The colour in which the file says it is shown; only TIFF says any. No number depends on it.
    pub colour: Option<PlaneColour>,
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The numbers, row by row.
    pub values: Vec<f32>,
}

/// How a file stores its numbers. What they *mean* is a [`Meaning`](crate::coding::Meaning), which nobody
/// guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Whole numbers 0..=255.
    Eight,
    /// Whole numbers 0..=65535 (of which a 12-bit camera uses the lowest or the highest 12 bits).
    Sixteen,
    /// Floating point.
    Float,
}

impl std::fmt::Display for Depth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Eight => "8-bit",
            Self::Sixteen => "16-bit",
            Self::Float => "floating-point",
        })
    }
}

/// How large a picture may be. Checked against the file's header, before any memory is reserved for pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest side in pixels.
    pub side: usize,
    /// The largest number of planes: samples times pages.
    pub planes: usize,
    /// The largest count of numbers in all planes together; each takes 4 bytes once decoded.
    pub numbers: usize,
}

impl Default for Limits {
    /// Sides of 16,384 px, 64 planes, 2^26 numbers (256 MiB decoded): as much as a browser tab survives.
    fn default() -> Self {
        Self {
            side: 16_384,
            planes: 64,
            numbers: 1 << 26,
        }
    }
}

impl Limits {
    /// Checks a header's claim.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`] naming what was found and what is allowed, [`ImageError::Unsupported`] for no
    /// pixels.
    pub fn check(&self, name: &str, width: usize, height: usize, planes: usize) -> Result<(), ImageError> {
        let too_large = |found, allowed| {
            Err(ImageError::TooLarge {
                name: name.into(),
                found,
                allowed,
            })
        };
        if width == 0 || height == 0 || planes == 0 {
            return Err(ImageError::unsupported(
                name,
                format!("no pixels ({width} x {height} px, planes: {planes})"),
                "at least one",
            ));
        }
        if width > self.side || height > self.side {
            return too_large(
                format!("{width} x {height} px"),
                format!("sides of {} px", self.side),
            );
        }
        if planes > self.planes {
            return too_large(format!("{planes} planes"), format!("{} planes", self.planes));
        }
        // No overflow: both sides and the planes are within the limits.
        let numbers = width as u64 * height as u64 * planes as u64;
        if numbers > self.numbers as u64 {
            return too_large(
                format!("{width} x {height} px in {planes} planes, {numbers} numbers"),
                format!("{} numbers", self.numbers),
            );
        }
        Ok(())
    }
}

impl Picture {
    /// Gathers planes of one size into a picture, whose scale is not known.
    ///
    /// # Errors
    /// [`ImageError::NotFinite`] for the first number that is not finite; [`ImageError::Unsupported`] without
    /// planes.
    pub fn new(name: &str, planes: Vec<Plane>, depth: Depth) -> Result<Self, ImageError> {
        if planes.is_empty() {
            return Err(ImageError::unsupported(name, "no pixels", "at least one plane"));
        }
        let (mut min, mut max) = (f32::INFINITY, f32::NEG_INFINITY);
        for (number, plane) in planes.iter().enumerate() {
            for (index, &value) in plane.values.iter().enumerate() {
                if !value.is_finite() {
                    return Err(ImageError::NotFinite {
                        name: name.into(),
                        plane: number + 1,
                        value,
                        x: index % plane.width,
                        y: index / plane.width,
                    });
                }
                min = min.min(value);
                max = max.max(value);
            }
        }
        Ok(Self {
            name: name.into(),
            planes,
            depth,
            min,
            max,
            scale: Scale::default(),
        })
    }

    /// A picture whose red, green and blue are the same is grey: one plane without a name. Any other stays as
    /// it is.
    #[must_use]
    pub fn merge_grey(mut self) -> Self {
        if let [red, green, blue, ..] = self.planes.as_slice()
            && [red, green, blue].map(|plane| plane.name.as_deref())
                == [Some("red"), Some("green"), Some("blue")]
            && self
                .planes
                .iter()
                .skip(3)
                .all(|plane| plane.name.as_deref() == Some("alpha"))
            && red.values == green.values
            && red.values == blue.values
        {
            self.planes.truncate(1);
            for plane in &mut self.planes {
                plane.name = None;
                self.min = plane.values.iter().copied().fold(f32::INFINITY, f32::min);
                self.max = plane.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            }
        }
        self
    }

    /// Pixels per row, the same for every plane.
    pub fn width(&self) -> usize {
        self.planes.first().map_or(0, |plane| plane.width)
    }

    /// Rows, the same for every plane.
    pub fn height(&self) -> usize {
        self.planes.first().map_or(0, |plane| plane.height)
    }
}

/// Splits interleaved samples `[height, width, samples]` into planes.
pub(crate) fn deinterleave<T: Copy + Into<f32>>(
    pixels: &[T],
    width: usize,
    height: usize,
    names: &[Option<&str>],
) -> Vec<Plane> {
    let samples = names.len();
    names
        .iter()
        .enumerate()
        .map(|(sample, name)| Plane {
            name: name.map(str::to_owned),
            colour: None,
            width,
            height,
            values: pixels
                .iter()
                .skip(sample)
                .step_by(samples)
                .map(|&v| v.into())
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_checked_without_overflow_and_name_both_numbers() {
        let limits = Limits::default();
        limits.check("a", 8192, 8192, 1).unwrap();
        let error = limits.check("plate.tif", 30_000, 100, 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "plate.tif has 30000 x 100 px, at most sides of 16384 px are read"
        );
        let error = limits.check("a", 16_384, 16_384, 64).unwrap_err();
        assert!(error.to_string().contains("17179869184 numbers"), "{error}");
        assert!(limits.check("a", usize::MAX, usize::MAX, usize::MAX).is_err());
        assert!(
            limits
                .check("a", 0, 5, 1)
                .unwrap_err()
                .to_string()
                .contains("no pixels")
        );
        assert!(
            limits
                .check("a", 5, 5, 65)
                .unwrap_err()
                .to_string()
                .contains("65 planes")
        );
    }

    #[test]
    fn a_nan_is_refused_with_its_place() {
        let mut values = vec![0.0; 12];
        values[7] = f32::NAN;
        let plane = Plane {
            name: None,
            colour: None,
            width: 4,
            height: 3,
            values,
        };
        let error = Picture::new("x.npy", vec![plane], Depth::Float).unwrap_err();
        assert_eq!(
            error.to_string(),
            "x.npy: plane 1 is NaN at x 3, y 1, expected finite numbers"
        );
    }
}
