#![doc = include_str!("../README.md")]
//!
//! [`Told::of`] reads a TIFF's description and resolution. Nothing that they hold is an error of the image:
//! what cannot be taken is listed as [`Untaken`].

mod colour;
mod description;
mod error;
mod imagej;
mod limits;
mod ome_xml;
mod pixel_size;
mod resolution;
mod told;
mod unit;

pub use colour::PlaneColour;
pub use description::Description;
pub use error::Untaken;
pub use imagej::ImageJ;
pub use limits::{LARGEST_UM, SMALLEST_UM};
pub use ome_xml::OmeXml;
pub use pixel_size::{PixelSize, Source};
pub use resolution::Resolution;
pub use told::{Scale, Told};
pub use unit::{Unit, unit};
