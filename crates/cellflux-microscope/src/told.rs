//! All that a TIFF says of its image beside the pixels.

use crate::description::Description;
use crate::error::Untaken;
use crate::pixel_size::PixelSize;
use crate::resolution::Resolution;

/// All that a TIFF says of its image beside the pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its description.
    pub description: Description,
    /// The size of its pixels.
    pub scale: Scale,
}

impl Told {
    /// Reads a description and a resolution. Nothing in them hinders the image from being read: what is wrong
    /// is in [`Scale::untaken`].
    pub fn of(description: &str, resolution: Option<Resolution>) -> Self {
        let (description, refused) = match Description::read(description) {
            Ok(description) => (description, None),
            Err(untaken) => (Description::Other, Some(untaken)),
        };
        let mut scale = Scale::of(&description, resolution);
        scale.untaken.extend(refused);
        Self { description, scale }
    }
}

/// What a file says of the size of its pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scale {
    /// The size, where it states one that can be taken.
    pub pixel: Option<PixelSize>,
    /// What it says and what is not taken.
    pub untaken: Vec<Untaken>,
}

impl Scale {
    fn of(description: &Description, resolution: Option<Resolution>) -> Self {
        let stated = match description {
            Description::OmeXml(xml) => xml.pixel(),
            Description::ImageJ(imagej) => imagej.pixel(resolution),
            Description::Other => Ok(None),
        };
        match stated {
            Ok(pixel) => Self {
                pixel: pixel.or_else(|| resolution.and_then(Resolution::of_a_microscope)),
                untaken: Vec::new(),
            },
            Err(untaken) => Self {
                pixel: None,
                untaken: vec![untaken],
            },
        }
    }
}
