//! What one crop measures.
//!
//! A crop is coded bytes `[C, H, W]`; intensities are bytes over 255, shares of the coded full scale.
//! [`catalogue`] says what is measured, in which unit and by whose definition; [`measure`] gives the numbers
//! in the same order, `None` where the crop has no such value.
//!
//! ```
//! use cellflux_measure::crop::{Channels, Crop, catalogue, measure};
//!
//! # fn main() -> Result<(), cellflux_measure::crop::MeasureError> {
//! let channels = Channels::new(["tubulin", "DNA"])?;
//! let (height, width) = (32, 40);
//! // A nucleus: a disc of radius 8 px, half as bright as can be, in both channels.
//! let disc = |pixel: usize| {
//!     let (x, y) = ((pixel % width) as f64 - 19.5, (pixel / width) as f64 - 15.5);
//!     if x * x + y * y <= 64.0 { 128 } else { 10 }
//! };
//! let coded: Vec<u8> = (0..2).flat_map(|_| (0..height * width).map(disc)).collect();
//!
//! let crop = Crop::new(&channels, &coded, height, width)?;
//! let values = measure(&crop);
//! for (measure, value) in catalogue(&channels).iter().zip(&values) {
//!     if let Some(value) = value {
//!         println!("{} = {value:.3} {}", measure.name, measure.unit.symbol());
//!     }
//! }
//! let value = |name: &str| {
//!     let position = catalogue(&channels).iter().position(|measure| measure.name == name);
//!     position.and_then(|position| values[position])
//! };
//! // 208 pixels have their centre within 8 px; smoothing before the threshold may move its edge a little.
//! assert!((value("nucleus.area").unwrap() - 208.0).abs() <= 16.0);
//! assert_eq!(value("nuclei.count"), Some(1.0));
//! assert_eq!(value("tubulin.median"), Some(10.0 / 255.0));
//! assert_eq!(value("tubulin-dna.correlation"), Some(1.0));
//! # Ok(())
//! # }
//! ```

mod catalogue;
pub mod cell;
pub mod channels;
pub mod column;
pub mod correlation;
pub mod distance;
mod error;
pub mod granularity;
pub mod histogram;
pub mod intensity;
pub mod laplacian;
pub mod nuclei;
pub mod plane;
pub mod radial;
pub mod region;
pub mod regions;
pub mod smooth;
pub mod texture;
pub mod threshold;
pub mod watershed;

pub use catalogue::{Measure, catalogue};
pub use channels::Channels;
pub use column::Unit;
pub use error::MeasureError;

use nuclei::Nuclei;
use plane::{Grid, Plane};

/// A crop: coded bytes `[C, H, W]` and what its channels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop<'a> {
    channels: &'a Channels,
    coded: &'a [u8],
    grid: Grid,
}

impl<'a> Crop<'a> {
    /// Coded bytes `[C, H, W]`, the planes in the order of the channels.
    ///
    /// # Errors
    /// [`MeasureError::Size`] where a side is 0, [`MeasureError::Length`] unless there is one byte per pixel
    /// and channel.
    pub fn new(
        channels: &'a Channels,
        coded: &'a [u8],
        height: usize,
        width: usize,
    ) -> Result<Self, MeasureError> {
        let grid = Grid::new(height, width)?;
        let count = channels.names().len();
        if grid.pixels().checked_mul(count) != Some(coded.len()) {
            return Err(MeasureError::Length {
                found: coded.len(),
                channels: count,
                height,
                width,
            });
        }
        Ok(Self {
            channels,
            coded,
            grid,
        })
    }

    /// What its channels are.
    pub fn channels(&self) -> &'a Channels {
        self.channels
    }

    /// Its planes, in the order of the channels.
    pub fn planes(&self) -> impl Iterator<Item = Plane<'a>> {
        let grid = self.grid;
        let planes = self.coded.chunks(grid.pixels());
        planes.filter_map(move |values| Plane::new(values, grid).ok())
    }
}

/// What a crop measures, in the order of [`catalogue`]; `None` where it does not have it, and never NaN.
pub fn measure(crop: &Crop) -> Vec<Option<f64>> {
    let channels = crop.channels();
    let planes: Vec<Plane> = crop.planes().collect();
    let dna = channels.nuclei().and_then(|position| planes.get(position));
    let nuclei = dna.and_then(Nuclei::find);
    let mut values = Vec::new();
    for plane in &planes {
        values.extend(intensity::measure(plane));
        values.extend(laplacian::measure(plane));
        values.extend(texture::measure(plane));
        values.extend(granularity::measure(plane));
        if dna.is_some() {
            let nucleus = nuclei.as_ref().map(Nuclei::nucleus);
            values.extend(nucleus.map_or([None; 4], |nucleus| radial::measure(plane, nucleus)));
        }
    }
    for (position, one) in planes.iter().enumerate() {
        let others = planes.iter().skip(position + 1);
        values.extend(others.map(|other| correlation::pearson(one, other)));
    }
    if let Some(dna) = dna {
        values.extend(nuclei::measure(dna, nuclei.as_ref()));
        if let Some(plane) = channels.cell().and_then(|position| planes.get(position)) {
            values.extend(cell::measure(plane, nuclei.as_ref()));
        }
    }
    values
}
