//! One channel of a crop, and which of its pixels are neighbours.

use super::MeasureError;

/// Rows and columns, both at least 1. A pixel is named by its index in row-major order, `y * width + x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    height: usize,
    width: usize,
}

impl Grid {
    /// A grid of `height` rows and `width` columns.
    ///
    /// # Errors
    /// [`MeasureError::Size`] where a side is 0 or the number of pixels overflows.
    pub fn new(height: usize, width: usize) -> Result<Self, MeasureError> {
        match height.checked_mul(width) {
            Some(1..) => Ok(Self { height, width }),
            _ => Err(MeasureError::Size { height, width }),
        }
    }

    /// Rows.
    pub fn height(self) -> usize {
        self.height
    }

    /// Columns.
    pub fn width(self) -> usize {
        self.width
    }

    /// Rows times columns.
    pub fn pixels(self) -> usize {
        self.height * self.width
    }

    /// Column and row of a pixel.
    pub fn place(self, pixel: usize) -> (usize, usize) {
        (pixel % self.width, pixel / self.width)
    }

    /// Whether a pixel is in the first or last row or column.
    pub fn on_border(self, pixel: usize) -> bool {
        let (x, y) = self.place(pixel);
        x == 0 || y == 0 || x + 1 == self.width || y + 1 == self.height
    }

    /// The pixels above, left, right and below that lie within the grid: 4-connectivity, in ascending order.
    pub fn neighbours(self, pixel: usize) -> impl Iterator<Item = usize> {
        let (x, y) = self.place(pixel);
        [
            (y > 0).then(|| pixel - self.width),
            (x > 0).then(|| pixel - 1),
            (x + 1 < self.width).then_some(pixel + 1),
            (y + 1 < self.height).then_some(pixel + self.width),
        ]
        .into_iter()
        .flatten()
    }
}

/// The coded bytes `[H, W]` of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane<'a> {
    values: &'a [u8],
    grid: Grid,
}

impl<'a> Plane<'a> {
    /// Coded bytes `[H, W]`, row by row.
    ///
    /// # Errors
    /// [`MeasureError::Length`] unless there is one byte per pixel.
    pub fn new(values: &'a [u8], grid: Grid) -> Result<Self, MeasureError> {
        if values.len() == grid.pixels() {
            Ok(Self { values, grid })
        } else {
            Err(MeasureError::Length {
                found: values.len(),
                channels: 1,
                height: grid.height,
                width: grid.width,
            })
        }
    }

    /// Its bytes, row by row: as many as the grid has pixels.
    pub fn values(&self) -> &'a [u8] {
        self.values
    }

    /// Its rows and columns.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Its rows, from the top.
    pub fn rows(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.values.chunks(self.grid.width)
    }

    /// The byte of a pixel; 0 outside the grid.
    pub fn at(&self, pixel: usize) -> u8 {
        self.values.get(pixel).copied().unwrap_or_default()
    }
}
