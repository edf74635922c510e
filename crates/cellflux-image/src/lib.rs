#![doc = include_str!("../README.md")]
//!
//! The way of an upload:
//!
//! ```text
//! bytes ─ decode ─▶ Picture ─ assign::suggest ─▶ Assignment ─ crop::cut ─▶ coded u8 [C, H, W]
//!                                               (coding::Meaning, resize)      │ ImageSpec::to_model_range
//!                       RGBA ◀─ composite::composite, composite::difference ── f32 [C, H, W]
//! ```

pub mod assign;
pub mod coded_png;
pub mod coding;
pub mod composite;
pub mod crop;
pub mod decode;
pub mod error;
pub mod histogram;
pub mod lut;
pub mod npy;
mod orientation;
pub mod picture;
pub mod preview;
mod raster;
pub mod reading;
pub mod resize;
pub mod spec;
pub mod strip;
pub mod synthetic;
mod tiff;

pub use decode::{decode, decode_together};
pub use error::ImageError;
pub use picture::Picture;
pub use spec::ImageSpec;
