#![doc = include_str!("../README.md")]
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "shapes are read more easily whole, and a figure is small"
)]

mod batches;
mod charts;
mod confusion;
mod distances;
mod drawing;
mod figure;
mod gap_closed;
mod labels;
mod line_chart;
mod measures;
mod nuclear_area;
mod numbers;
mod scale;
mod source;
mod style;
mod text;

pub use batches::batches;
pub use cellflux_bundle::Estimate;
pub use charts::{Chart, charts};
pub use confusion::{confusion, row_total};
pub use distances::distances;
pub use drawing::escape;
pub use figure::Figure;
pub use gap_closed::gap_closed;
pub use labels::Labels;
pub use line_chart::{LineChart, Point, Series};
pub use measures::{MEASURES, Measure};
pub use nuclear_area::nuclear_area;
pub use numbers::{digits, percent};
pub use source::Source;
pub use text::width;

/// Rules for the charts' classes, with colours for light and dark surroundings, for a page that has none of
/// its own.
pub fn style_sheet() -> String {
    style::sheet()
}
