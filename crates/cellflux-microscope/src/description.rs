//! A TIFF's description (tag 270), as the program that wrote it meant it.

use crate::error::Untaken;
use crate::imagej::ImageJ;
use crate::ome_xml::OmeXml;
use crate::scale::{Resolution, Scale};

/// What kind of text a description is.
#[derive(Clone, Debug, PartialEq)]
pub enum Description {
    /// OME-XML, as OME-TIFF has it.
    OmeXml(OmeXml),
    /// ImageJ's lines.
    ImageJ(ImageJ),
    /// Anything else, or nothing.
    Other,
}

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
        let (description, refused) = match OmeXml::of(description) {
            Ok(Some(xml)) => (Description::OmeXml(xml), None),
            Ok(None) => {
                let imagej = ImageJ::of(description).map(Description::ImageJ);
                (imagej.unwrap_or(Description::Other), None)
            }
            Err(untaken) => (Description::Other, Some(untaken)),
        };
        let mut scale = Scale::of(&description, resolution);
        scale.untaken.extend(refused);
        Self { description, scale }
    }
}
