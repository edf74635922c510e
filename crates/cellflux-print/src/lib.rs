#![doc = include_str!("../README.md")]
//!
//! ```text
//! Sheet ─ Content::layout ─▶ places and texts in dots ─┬─ raster, png_file ─▶ PNG
//!   │                                                  └─ svg ─▶ SVG
//!   └─ animation ─▶ animated PNG
//! ```
//!
//! A [`Table`] of walks and [`Charts`] of measures go the same way as a [`Sheet`], which is a walk. The same
//! content gives the same bytes on every machine and in a browser: lengths of texts, places and the coverage
//! of pixels are sums, products, quotients and square roots of IEEE numbers.

pub mod about;
mod animation;
pub mod charts;
pub mod error;
pub mod font;
pub mod layout;
mod legend;
mod panels;
pub mod paper;
mod png_file;
mod raster;
pub mod sheet;
mod strokes;
pub mod svg;
pub mod table;
pub mod text;

pub use about::{About, Content};
pub use animation::animation;
pub use charts::Charts;
pub use error::PrintError;
pub use font::Font;
pub use layout::Layout;
pub use paper::Width;
pub use sheet::Sheet;
pub use svg::svg;
pub use table::Table;

/// A figure as PNG at [`paper::DPI`], with its texts.
///
/// # Errors
/// As [`Content::layout`]; [`PrintError::Write`] for a keyword that PNG does not allow.
pub fn png(content: &impl Content, width: Width) -> Result<Vec<u8>, PrintError> {
    let font = Font::embedded()?;
    let layout = content.layout(width, &font)?;
    let canvas = raster::draw(&layout, content.pictures(), &font);
    png_file::still(&canvas, &content.about().texts)
}
