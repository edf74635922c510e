//! What every figure says of itself, whatever it shows.

use cellflux_image::composite::Rgba;
use serde::{Deserialize, Serialize};

use crate::error::PrintError;
use crate::font::Font;
use crate::layout::Layout;
use crate::paper::Width;

/// The words of a figure, and the legends that hold for all of its pictures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The heading.
    pub title: String,
    /// The channels that are shown, with the colour that each adds; none in a figure without pictures.
    pub channels: Vec<Swatch>,
    /// Micrometres per pixel of the pictures; `None` where that is not known, and no scale bar is drawn.
    pub um_per_pixel: Option<f64>,
    /// Lines below the figure.
    pub footer: Vec<String>,
    /// What the file says of itself, unseen: how it was made, by which model, under which licence.
    pub texts: Vec<Text>,
}

/// A channel's name and colour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swatch {
    /// The name.
    pub name: String,
    /// Red, green, blue.
    pub colour: [u8; 3],
}

/// A text that the file holds beside what is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// What it is: a keyword as PNG has them, 1 to 79 Latin letters.
    pub keyword: String,
    /// The text.
    pub text: String,
}

/// Something that can be printed: a walk, a table of walks, charts.
pub trait Content {
    /// What it says of itself.
    fn about(&self) -> &About;

    /// The pictures that its layout names, in the order of their numbers.
    fn pictures(&self) -> &[Rgba];

    /// What is seen, in words, a line for each part.
    fn described(&self) -> Vec<String>;

    /// Where everything stands.
    ///
    /// # Errors
    /// [`PrintError::Empty`], [`PrintError::Missing`] or [`PrintError::Size`] for content that is not whole;
    /// [`PrintError::TooLarge`] above [`MOST_DOTS`](crate::layout::MOST_DOTS).
    fn layout(&self, width: Width, font: &Font) -> Result<Layout, PrintError>;
}
