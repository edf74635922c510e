//! What a figure shows: pictures, texts and numbers, without places and sizes.

use cellflux_image::composite::Rgba;
use serde::{Deserialize, Serialize};

use crate::about::{About, Content};
use crate::error::PrintError;
use crate::font::Font;
use crate::layout::Layout;
use crate::panels;
use crate::paper::Width;

/// The content of a figure. In JSON it is everything but the pictures, which are handed over beside it in the
/// order in which the numbers name them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    /// Its words and legends.
    pub about: About,
    /// Steps of the walk, left to right, in as many lines as they need.
    pub columns: Vec<Column>,
    /// What stands above the pictures of changes.
    pub change_heading: String,
    /// What the colours of the changes mean; `None` in a figure without changes.
    pub change_scale: Option<ChangeScale>,
    /// The pictures.
    #[serde(skip)]
    pub pictures: Vec<Rgba>,
}

/// One step of a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Above the picture, for example `t = 0.400`.
    pub label: String,
    /// Whether it was measured or generated.
    pub caption: String,
    /// The picture, counted from 0. All panels of a sheet have one size.
    pub picture: usize,
    /// The picture of what changed, counted from 0.
    pub change: Option<usize>,
}

/// The colours of a change, from less to more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeScale {
    /// What is measured, and in which unit.
    pub heading: String,
    /// Words for the left end, the middle and the right end.
    pub words: [String; 3],
    /// Numbers for the same places.
    pub numbers: [String; 3],
    /// A strip of colours for each channel.
    pub strips: Vec<Strip>,
}

/// A channel's colours of change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strip {
    /// The channel.
    pub name: String,
    /// A picture of one row, counted from 0.
    pub picture: usize,
}

impl Sheet {
    /// Checks every picture that is named, and returns the panels' width and height in pixels.
    ///
    /// # Errors
    /// [`PrintError::Empty`], [`PrintError::Missing`], [`PrintError::Size`].
    pub fn panel_size(&self) -> Result<(usize, usize), PrintError> {
        let first = self.columns.first().ok_or(PrintError::Empty)?;
        let Rgba { width, height, .. } = *self.picture(first.picture)?;
        let panels = self
            .columns
            .iter()
            .flat_map(|column| [Some(column.picture), column.change])
            .flatten();
        for picture in panels {
            let panel = self.picture(picture)?;
            if (panel.width, panel.height) != (width, height) {
                let expected = format!("{width} x {height} px as the first");
                return Err(wrong_size(picture, panel, expected));
            }
        }
        for strip in self.change_scale.iter().flat_map(|scale| &scale.strips) {
            self.picture(strip.picture)?;
        }
        Ok((width, height))
    }

    fn picture(&self, picture: usize) -> Result<&Rgba, PrintError> {
        whole(&self.pictures, picture)
    }
}

impl Content for Sheet {
    fn about(&self) -> &About {
        &self.about
    }

    fn pictures(&self) -> &[Rgba] {
        &self.pictures
    }

    fn described(&self) -> Vec<String> {
        let columns = self.columns.iter();
        columns
            .map(|column| format!("{}: {}", column.label, column.caption))
            .collect()
    }

    fn layout(&self, width: Width, font: &Font) -> Result<Layout, PrintError> {
        panels::layout(self, width, font)
    }
}

/// The picture of a number, if its bytes are its pixels.
pub(crate) fn whole(pictures: &[Rgba], picture: usize) -> Result<&Rgba, PrintError> {
    let found = pictures.get(picture).ok_or(PrintError::Missing {
        picture,
        pictures: pictures.len(),
    })?;
    let bytes = found
        .width
        .checked_mul(found.height)
        .and_then(|n| n.checked_mul(4));
    if bytes == Some(found.pixels.len()) && !found.pixels.is_empty() {
        return Ok(found);
    }
    Err(wrong_size(picture, found, "4 bytes for each pixel".into()))
}

/// A picture that has not the expected size.
pub(crate) fn wrong_size(picture: usize, found: &Rgba, expected: String) -> PrintError {
    let (width, height, bytes) = (found.width, found.height, found.pixels.len());
    PrintError::Size {
        picture,
        found: format!("{width} x {height} px of {bytes} bytes"),
        expected,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::about::{Swatch, Text};

    /// A picture of one colour.
    pub fn plain(width: usize, height: usize, colour: [u8; 3]) -> Rgba {
        let [red, green, blue] = colour;
        Rgba {
            width,
            height,
            pixels: [red, green, blue, 255].repeat(width * height),
        }
    }

    /// What figures of these tests say.
    pub fn about() -> About {
        About {
            title: "taxol at 3 µM, from the control to the treated end".into(),
            channels: vec![
                Swatch {
                    name: "DNA".into(),
                    colour: [64, 96, 255],
                },
                Swatch {
                    name: "actin".into(),
                    colour: [255, 32, 32],
                },
            ],
            um_per_pixel: Some(0.5),
            footer: vec!["Generated, not measured".into()],
            texts: vec![Text {
                keyword: "CellFlux link".into(),
                text: "#v=1&c=taxol".into(),
            }],
        }
    }

    /// A walk of this number of steps: the start, and generated cells with what changed.
    pub fn sheet(steps: usize) -> Sheet {
        let start = Column {
            label: "t = 0.000".into(),
            caption: "start (measured control)".into(),
            picture: 0,
            change: None,
        };
        let generated = (1..=steps).map(|step| Column {
            label: format!("t = {:.3}", step as f64 / steps as f64),
            caption: "generated".into(),
            picture: 1,
            change: Some(2),
        });
        Sheet {
            about: about(),
            columns: std::iter::once(start).chain(generated).collect(),
            change_heading: "Change from the start".into(),
            change_scale: Some(ChangeScale {
                heading: "Colours of the change".into(),
                words: ["less", "same", "more"].map(String::from),
                numbers: ["−0.25", "0", "+0.25"].map(String::from),
                strips: vec![Strip {
                    name: "DNA".into(),
                    picture: 3,
                }],
            }),
            pictures: vec![
                plain(64, 64, [0, 255, 0]),
                plain(64, 64, [255, 0, 255]),
                plain(64, 64, [0, 0, 255]),
                plain(33, 1, [255, 255, 0]),
            ],
        }
    }

    #[test]
    fn pictures_that_are_missing_or_of_another_size_are_named() {
        assert_eq!(sheet(3).panel_size().unwrap(), (64, 64));
        assert_eq!(Sheet::default().panel_size(), Err(PrintError::Empty));
        let mut missing = sheet(3);
        missing.pictures.truncate(3);
        let message = missing.panel_size().unwrap_err().to_string();
        assert_eq!(
            message,
            "picture 3 of the figure is missing: there are 3, counted from 0"
        );
        let mut other = sheet(3);
        other.pictures[2] = plain(64, 63, [0; 3]);
        let message = other.panel_size().unwrap_err().to_string();
        assert!(
            message.starts_with("picture 2 of the figure is 64 x 63 px"),
            "{message}"
        );
        let mut short = sheet(3);
        short.pictures[1].pixels.pop();
        let message = short.panel_size().unwrap_err().to_string();
        assert!(message.ends_with("expected 4 bytes for each pixel"), "{message}");
        let mut none = sheet(0);
        none.pictures[0] = plain(0, 0, [0; 3]);
        assert!(none.panel_size().is_err());
    }

    #[test]
    fn in_json_a_sheet_is_everything_but_its_pictures() {
        let whole = sheet(2);
        let text = serde_json::to_string(&whole).unwrap();
        let mut again: Sheet = serde_json::from_str(&text).unwrap();
        assert!(again.pictures.is_empty());
        again.pictures.clone_from(&whole.pictures);
        assert_eq!(again, whole);
    }
}
