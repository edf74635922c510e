//! Microscopy crops: decode, map to a model's channels and coding, resize, composite, and synthetic cells.

pub mod error;
pub mod spec;

pub use error::ImageError;
pub use spec::ImageSpec;
