//! A TIFF's description (tag 270), as the program that wrote it meant it.

use crate::error::Untaken;
use crate::imagej::ImageJ;
use crate::ome_xml::OmeXml;

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

impl Description {
    /// Tells by its beginning what kind of text a description is, and reads it.
    ///
    /// # Errors
    /// [`Untaken::Xml`] for OME-XML that is not read.
    pub fn read(text: &str) -> Result<Self, Untaken> {
        if let Some(xml) = OmeXml::of(text)? {
            return Ok(Self::OmeXml(xml));
        }
        Ok(ImageJ::of(text).map_or(Self::Other, Self::ImageJ))
    }
}
