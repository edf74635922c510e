#![doc = include_str!("../README.md")]
//!
//! ```text
//! Sheet ─ Layout::of ─▶ places and texts in dots ─┬─ raster, png_file ─▶ PNG
//!   │                                             └─ svg ─▶ SVG
//!   └─ animation ─▶ animated PNG
//! ```
//!
//! The same sheet gives the same bytes on every machine and in a browser: lengths of texts, places and the
//! coverage of pixels are sums, products, quotients and square roots of IEEE numbers.

mod animation;
pub mod error;
pub mod font;
pub mod layout;
mod legend;
pub mod paper;
mod png_file;
mod raster;
pub mod sheet;
pub mod svg;
pub mod text;

pub use animation::animation;
pub use error::PrintError;
pub use font::Font;
pub use layout::Layout;
pub use paper::Width;
pub use sheet::Sheet;
pub use svg::svg;

/// A figure as PNG at [`paper::DPI`], with the sheet's texts.
///
/// # Errors
/// As [`Layout::of`]; [`PrintError::Write`] for a keyword that PNG does not allow.
pub fn png(sheet: &Sheet, width: Width) -> Result<Vec<u8>, PrintError> {
    let font = Font::embedded()?;
    let layout = Layout::of(sheet, width, &font)?;
    png_file::still(&raster::draw(&layout, &sheet.pictures, &font), &sheet.texts)
}
