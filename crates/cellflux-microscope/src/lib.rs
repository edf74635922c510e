#![doc = include_str!("../README.md")]
//!
//! [`Told::of`] reads a TIFF's description and resolution. Nothing that they hold is an error of the image:
//! what cannot be taken is listed as [`Untaken`].

mod description;
mod error;
mod imagej;
mod ome_xml;
mod pixel_size;
mod scale;
mod unit;

pub use description::{Description, Told};
pub use error::Untaken;
pub use imagej::ImageJ;
pub use ome_xml::OmeXml;
pub use pixel_size::{LARGEST_UM, PixelSize, SMALLEST_UM, Source};
pub use scale::{Resolution, Scale};
pub use unit::{Unit, unit};
