//! How a picture's rows and columns lie: cameras and some TIFF writers store them turned and say so (EXIF and
//! TIFF tag 274).

use crate::picture::Plane;

/// How a stored picture is to be turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orientation {
    /// Rows and columns are exchanged, before the mirroring.
    transposed: bool,
    /// Columns run from right to left.
    mirrored: bool,
    /// Rows run from bottom to top.
    flipped: bool,
}

impl Orientation {
    /// By the number of EXIF and TIFF, 1..=8; anything else is upright.
    pub(crate) fn of_exif(number: u8) -> Self {
        let (transposed, mirrored, flipped) = match number {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self {
            transposed,
            mirrored,
            flipped,
        }
    }

    /// The plane the right way up.
    pub(crate) fn upright(self, plane: Plane) -> Plane {
        if self == Self::of_exif(1) {
            return plane;
        }
        let (width, height) = if self.transposed {
            (plane.height, plane.width)
        } else {
            (plane.width, plane.height)
        };
        let mut values = Vec::with_capacity(plane.values.len());
        for y in 0..height {
            for x in 0..width {
                let column = if self.mirrored { width - 1 - x } else { x };
                let row = if self.flipped { height - 1 - y } else { y };
                let (column, row) = if self.transposed {
                    (row, column)
                } else {
                    (column, row)
                };
                values.extend(plane.values.get(row * plane.width + column));
            }
        }
        Plane {
            name: plane.name,
            colour: plane.colour,
            width,
            height,
            values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_orientation_is_turned_as_exif_describes_it() {
        // A picture of 2 columns and 3 rows, numbered the right way up, stored in each of the eight ways. The
        // first number lies in the first stored row's first column, and so on.
        let stored: [(u8, usize, [f32; 6]); 8] = [
            (1, 2, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            (2, 2, [2.0, 1.0, 4.0, 3.0, 6.0, 5.0]),
            (3, 2, [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]),
            (4, 2, [5.0, 6.0, 3.0, 4.0, 1.0, 2.0]),
            (5, 3, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]),
            (6, 3, [2.0, 4.0, 6.0, 1.0, 3.0, 5.0]),
            (7, 3, [6.0, 4.0, 2.0, 5.0, 3.0, 1.0]),
            (8, 3, [5.0, 3.0, 1.0, 6.0, 4.0, 2.0]),
        ];
        for (number, width, values) in stored {
            let plane = Plane {
                name: None,
                colour: None,
                width,
                height: 6 / width,
                values: values.to_vec(),
            };
            let upright = Orientation::of_exif(number).upright(plane);
            assert_eq!((upright.width, upright.height), (2, 3), "orientation {number}");
            assert_eq!(
                upright.values,
                [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
                "orientation {number}"
            );
        }
    }
}
