//! Which sizes a pixel can have.

/// Micrometres per pixel below which no light microscope samples: an electron microscope's.
pub const SMALLEST_UM: f64 = 0.001;
/// Micrometres per pixel above which a cell is less than one pixel.
pub const LARGEST_UM: f64 = 100.0;
