//! What to cut out of which fields: the configuration of `cellflux-train data crops`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::ImageConfig;
use crate::error::DataError;

/// Raw fields of view, one file per channel or one for all, and what becomes of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldsConfig {
    /// A table with one row per field (CSV or TSV, plain or gzip).
    pub table: PathBuf,
    /// The folder of the fields' files; the table's own unless stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// For every channel by name, the path of its file: a template over the table's columns. Where all have
    /// the same path, that file (a TIFF, or a folder in OME-Zarr) holds all channels, by the names of its
    /// planes or else by their order.
    pub files: BTreeMap<String, String>,
    /// Rows to take: for each column the values wanted; all rows unless stated.
    #[serde(default)]
    pub only: BTreeMap<String, Vec<String>>,
    /// What happens to fields of which a file is missing or cannot be decoded.
    #[serde(default)]
    pub missing: MissingField,
    /// The crops: their size in pixels of the result, channels, coding, and what the files' numbers mean.
    pub image: ImageConfig,
    /// Pixels of the field along a crop's longer side; the crop's own, pixel for pixel, unless stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<usize>,
    /// What is written about each crop.
    pub about: About,
    /// A table of compounds that adds structures and modes of action by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compounds: Option<CompoundTable>,
    /// Uneven illumination.
    #[serde(default)]
    pub illumination: Illumination,
    /// How nuclei are found, and which are left out.
    pub nuclei: NucleiConfig,
    /// Share of fields that become the validation split, 0 or more and below 1. Whole fields: crops of one
    /// field overlap.
    #[serde(default = "tenth")]
    pub validation: f64,
}

fn tenth() -> f64 {
    0.1
}

/// What happens to fields of which a file is missing or cannot be decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingField {
    /// Cutting stops with an error that names the row and the file.
    #[default]
    Error,
    /// They are left out, counted and named.
    Skip,
}

/// Templates over the table's columns for what is written about each crop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The compound's name.
    pub compound: String,
    /// Its dose in micromolar; empty unless stated.
    #[serde(default)]
    pub dose: String,
    /// The batch within which images are paired.
    pub batch: String,
    /// The plate, whose fields share an illumination.
    pub plate: String,
    /// The well.
    #[serde(default)]
    pub well: String,
    /// The field within the well.
    #[serde(default)]
    pub site: String,
    /// A column with the size of the field's pixels in micrometres; unless stated one that is called
    /// `PIXEL_SIZE_UM`, or in metres `ImageResolutionX` or `Metadata_ImageResolutionX`, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_size: Option<String>,
    /// Names of the compounds that are controls.
    pub controls: Vec<String>,
    /// What wells are treated with where the table names no compound: such wells are controls of this name.
    /// The public platemaps of CPJUMP1 leave DMSO out in this way. Without it an empty name is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty_compound: Option<String>,
}

/// A table of compounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompoundTable {
    /// The table (CSV or TSV, plain or gzip).
    pub table: PathBuf,
    /// Its column of names.
    pub name: String,
    /// Its column of structures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smiles: Option<String>,
    /// Its column of modes of action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode_of_action: Option<String>,
}

/// What is done about uneven illumination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Illumination {
    /// A surface of second degree for each plate and channel, estimated from its fields, is divided out.
    #[default]
    Quadratic,
    /// Nothing.
    None,
}

/// How nuclei are found, and which are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NucleiConfig {
    /// The channel that shows them.
    pub channel: String,
    /// Their usual diameter in pixels of the field.
    pub diameter_px: f64,
    /// A nucleus of less than this share of the usual disc's area is debris.
    #[serde(default = "smallest")]
    pub smallest: f64,
    /// One of more than this many times the usual disc's area is a clump.
    #[serde(default = "largest")]
    pub largest: f64,
    /// One whose edge is wider than this share of the usual diameter is blurred.
    #[serde(default = "blurred")]
    pub blurred: f64,
    /// One whose outline is this many times that of a disc of its area is debris.
    #[serde(default = "ragged")]
    pub ragged: f64,
}

fn smallest() -> f64 {
    0.25
}
fn largest() -> f64 {
    2.5
}
fn blurred() -> f64 {
    0.25
}
fn ragged() -> f64 {
    1.6
}

impl FieldsConfig {
    /// Refuses numbers that describe no nuclei and no split.
    ///
    /// # Errors
    /// [`DataError::Config`] naming the field.
    pub(super) fn check(&self) -> Result<(), DataError> {
        let nuclei = &self.nuclei;
        let positive = [
            ("nuclei.diameter_px", nuclei.diameter_px, 4.0, 1000.0),
            ("nuclei.smallest", nuclei.smallest, 0.0, 1.0),
            ("nuclei.largest", nuclei.largest, 1.0, 1e6),
            ("nuclei.blurred", nuclei.blurred, 0.0, 1e6),
            ("nuclei.ragged", nuclei.ragged, 1.0, 1e6),
            ("validation", self.validation, 0.0, 0.999),
        ];
        for (field, found, low, high) in positive {
            // NaN is in no range.
            if !(low..=high).contains(&found) {
                return Err(DataError::config(field, found, format!("{low} to {high}")));
            }
        }
        Ok(())
    }
}
