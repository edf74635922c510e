//! The `[data]` and `[conditions]` sections of a run's configuration.

mod channels;
mod draw;
mod split;

use std::path::PathBuf;

use cellflux_bundle::perturbation::Perturbation;
use cellflux_image::coding::Meaning;
use cellflux_image::spec::{Channel, Coding, ImageSpec};
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::pixel_size;
use crate::synthetic::SyntheticConfig;

pub use draw::{Balance, DrawConfig};
pub use split::{DrawnFrom, DrawnSplit, SplitValues, UnknownSplit, ValidationSplit};

/// Where images come from, what they are, and how they are divided and paired: the `[data]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The layout and its files.
    pub source: Source,
    /// The model's images.
    pub image: ImageConfig,
    /// Column titles, where they differ from the layout's own.
    #[serde(default)]
    pub columns: Columns,
    /// What a control is called where the table leaves its name empty, as the public code's table of CPJUMP1
    /// does for the wells with DMSO. Without it an empty name is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty_compound: Option<String>,
    /// What the perturbations of the table are, unless a table of vectors says it of its own rows: compounds,
    /// or genes that were knocked out, knocked down or over-expressed.
    #[serde(default, skip_serializing_if = "Perturbation::is_compound")]
    pub perturbation: Perturbation,
    /// The values of the column of splits.
    #[serde(default)]
    pub split: SplitValues,
    /// The values of the column of states.
    #[serde(default)]
    pub state: StateValues,
    /// Compounds that are read, by name; all of them unless stated. Controls always are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Compounds that are left out, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// What happens to rows whose image is missing.
    #[serde(default, skip_serializing_if = "MissingImage::is_error")]
    pub missing: MissingImage,
    /// The largest share of the images that may be missing where such rows are left out, 0 to 1; 0.1 unless
    /// stated. More is an error all the same: then the folder is wrong, or a download has stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_at_most: Option<f64>,
    /// Compounds that training never sees, by name; their images form a split of their own.
    #[serde(default)]
    pub held_out: Vec<String>,
    /// How a control is chosen for a treated image.
    #[serde(default)]
    pub pairing: PairingConfig,
    /// How often a compound is drawn in training, and how often a control is the target.
    #[serde(default, skip_serializing_if = "DrawConfig::is_default")]
    pub draw: DrawConfig,
    /// Threads that prepare batches ahead of training.
    #[serde(default)]
    pub prefetch: Prefetch,
}

/// What happens to rows whose image is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingImage {
    /// Reading stops with an error that names the row and the file.
    #[default]
    Error,
    /// They are left out, counted and named.
    Skip,
}

impl MissingImage {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    fn is_error(&self) -> bool {
        *self == Self::Error
    }
}

/// A layout of images on disk, or none at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "layout", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// Any folder of images and a table with a column of paths. A path may also be that of a folder which is
    /// an image in OME-Zarr.
    Folder {
        /// The table: CSV or TSV, plain or gzip.
        table: PathBuf,
        /// What the paths are relative to; the table's own folder unless stated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        images: Option<PathBuf>,
    },
    /// The layout of the public code: `.npy` files `[H, W, C]` of bytes, whose paths follow from their sample
    /// keys.
    Public {
        /// Whose rule of paths and titles of columns.
        dataset: PublicDataset,
        /// The table.
        table: PathBuf,
        /// The folder of images.
        images: PathBuf,
    },
    /// Shards of WebDataset: tars of samples, each with an image (`KEY.png`, or another kind that is read)
    /// and a description (`KEY.json`), whose keys are the titles of the table's columns.
    Webdataset {
        /// The folder of the shards, or one shard.
        shards: PathBuf,
    },
    /// Cells drawn by a procedure, with known effects.
    Synthetic(SyntheticConfig),
}

/// The data sets of the public code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PublicDataset {
    /// BBBC021: `A_B_rest` lies at `A/B/rest.npy`.
    Bbbc021,
    /// `RxRx1`: the part of `X-A_B_C_rest` after the first `-` lies at `A_B/C/rest.npy`.
    Rxrx1,
    /// CPJUMP1: `A_B_C_rest` lies at `A/B_C/B_C_rest.npy`.
    Cpg0000,
}

/// Titles of columns; those left out have the layout's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Columns {
    /// Path of the image (folder layout): `path`.
    pub path: Option<String>,
    /// Key of the image (public layout): `SAMPLE_KEY`.
    pub key: Option<String>,
    /// Split: `SPLIT`.
    pub split: Option<String>,
    /// Treated or control: `STATE` (rxrx1: `ANNOT`).
    pub state: Option<String>,
    /// Name of the compound or other perturbation: `CPD_NAME` (cpg0000: `BROAD_SAMPLE`).
    pub compound: Option<String>,
    /// Batch within which images are paired: `BATCH` (cpg0000: `PLATE`).
    pub batch: Option<String>,
    /// Plate, not needed: `PLATE`.
    pub plate: Option<String>,
    /// Well, not needed: `WELL`.
    pub well: Option<String>,
    /// Site within the well, not needed: `SITE`. With plate and well it names the field of view.
    pub site: Option<String>,
    /// Field of view by a name of its own, not needed: `FIELD`.
    pub field: Option<String>,
    /// Dose in micromolar, not needed: `DOSE`.
    pub dose: Option<String>,
    /// Structure, needed for Morgan counts only: `SMILES`.
    pub smiles: Option<String>,
    /// Mode of action, not needed: `ANNOT`.
    pub mode_of_action: Option<String>,
    /// Size of a pixel in micrometres, not needed: `PIXEL_SIZE_UM`, or in metres `ImageResolutionX` or
    /// `Metadata_ImageResolutionX`.
    pub pixel_size: Option<String>,
}

/// What the column of states may hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StateValues {
    /// Values of treated images.
    pub treated: Vec<String>,
    /// Values of controls.
    pub control: Vec<String>,
    /// Values of rows that are left out.
    pub ignored: Vec<String>,
    /// What happens to rows with any other value; by the layout unless stated, as for splits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<UnknownSplit>,
}

impl Default for StateValues {
    fn default() -> Self {
        Self {
            treated: words(["1", "1.0", "trt", "treated"]),
            control: words(["0", "0.0", "control", "negative_control"]),
            ignored: Vec::new(),
            unknown: None,
        }
    }
}

fn words<const N: usize>(list: [&str; N]) -> Vec<String> {
    list.map(str::to_owned).into()
}

/// The model's images: a preset's channels and coding, or both stated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageConfig {
    /// Pixels per column.
    pub height: usize,
    /// Pixels per row.
    pub width: usize,
    /// Channels and coding to start from; `plain` unless stated.
    #[serde(default)]
    pub preset: ImagePreset,
    /// The channels in order, in place of the preset's; `plain` has none of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// The coding in place of the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coding: Option<Coding>,
    /// Micrometres per pixel of the model's images; what the table or the files state unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_size_um: Option<f64>,
    /// How an image larger than the model's input is brought to its size.
    #[serde(default)]
    pub fit: Fit,
    /// What the files' numbers mean; by the files' depth unless stated ([`Meaning::of_depth`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<Meaning>,
}

/// How an image larger than the model's input is brought to its size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Its middle, pixel for pixel.
    #[default]
    Centre,
    /// All of it (the largest centred part of the model's proportions), resampled in linear light.
    Whole,
}

/// Channels and coding by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImagePreset {
    /// Bytes as they are, channels as stated under `channels`.
    #[default]
    Plain,
    /// F-actin, tubulin and DNA, square-root coded from 12 bits ([`ImageSpec::bbbc021`]).
    Bbbc021,
    /// The six channels of `RxRx1`, bytes as they are.
    Rxrx1,
    /// The five channels of CPJUMP1, bytes as they are.
    Cpg0000,
}

impl ImageConfig {
    /// The specification of the model's images, checked.
    ///
    /// # Errors
    /// [`DataError::Config`] without channels, [`DataError::Picture`] for impossible ones.
    pub fn spec(&self) -> Result<ImageSpec, DataError> {
        let mut spec = match self.preset {
            ImagePreset::Bbbc021 => ImageSpec::bbbc021(self.height, self.width),
            ImagePreset::Rxrx1 => channels::bytes(channels::rxrx1(), self.height, self.width),
            ImagePreset::Cpg0000 => channels::bytes(channels::cpg0000(), self.height, self.width),
            ImagePreset::Plain if self.channels.is_empty() => {
                return Err(DataError::config(
                    "data.image.channels",
                    "empty",
                    "the channels in order, or the preset bbbc021, rxrx1 or cpg0000",
                ));
            }
            ImagePreset::Plain => ImageSpec::plain(self.channels.len(), self.height, self.width),
        };
        if !self.channels.is_empty() {
            spec.channels.clone_from(&self.channels);
        }
        if let Some(coding) = self.coding {
            spec.coding = coding;
        }
        pixel_size::put(&mut spec, self.pixel_size_um);
        spec.validate()?;
        Ok(spec)
    }
}

/// How a control is chosen for a treated image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PairingConfig {
    /// What happens to treated images whose batch has no control in their split.
    pub without_control: WithoutControl,
    /// Whether controls are learnt as a condition too, each from another control of its batch. Meant for
    /// `--source noise`, where with the control's condition the model generates control cells.
    pub learn_controls: bool,
}

/// What happens to treated images whose batch has no control in their split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WithoutControl {
    /// Reading stops with an error that names the batch.
    #[default]
    Error,
    /// They are left out, and counted in the report.
    Skip,
    /// They are paired with a control of any batch of their split, and counted in the report.
    Any,
}

/// Batches that are prepared ahead of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prefetch {
    /// Threads that gather batches, 1 to 64.
    pub threads: usize,
    /// Batches that each thread keeps ready, 1 to 64.
    pub batches: usize,
}

impl Default for Prefetch {
    fn default() -> Self {
        Self {
            threads: 2,
            batches: 4,
        }
    }
}

/// How a perturbation becomes its vector: the `[conditions]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionsConfig {
    /// The encoder; Morgan counts unless stated.
    #[serde(default)]
    pub encoder: EncoderConfig,
    /// What is appended of the dose.
    #[serde(default)]
    pub dose: DoseConfig,
    /// What happens to compounds that the encoder has no vector for.
    #[serde(default)]
    pub without_vector: WithoutVector,
    /// What the vectors are multiplied by on their way into the network, above 0; 1 as in the public code
    /// unless stated. More makes the network feel its condition more and learn from it faster. A bundle holds
    /// the vectors as they are: its export multiplies the weights of the layer that reads them instead.
    #[serde(default = "as_they_are", skip_serializing_if = "is_as_they_are")]
    pub scale: f64,
}

fn as_they_are() -> f64 {
    1.0
}
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_as_they_are(scale: &f64) -> bool {
    scale.to_bits() == as_they_are().to_bits()
}

impl Default for ConditionsConfig {
    /// The public code's: Morgan counts, no dose.
    fn default() -> Self {
        Self {
            encoder: EncoderConfig::default(),
            dose: DoseConfig::None,
            without_vector: WithoutVector::Error,
            scale: as_they_are(),
        }
    }
}

/// Where a compound's vector comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum EncoderConfig {
    /// Hashed Morgan counts of the SMILES.
    MorganCounts {
        /// Radius in bonds; 2 as in the public code unless stated.
        #[serde(default = "two")]
        radius: u32,
        /// Length; 1024 as in the public code unless stated.
        #[serde(default = "thousand_and_24")]
        bits: u32,
    },
    /// A table of vectors: names in the first column, numbers in all others.
    Table {
        /// The table.
        file: PathBuf,
    },
    /// Several such tables, for perturbations of several kinds. Vectors are filled up with zeros at their end
    /// to the length of the longest.
    Tables {
        /// The tables; a name may be in one of them only.
        tables: Vec<VectorTable>,
    },
    /// The `i`-th compound is the `i`-th unit vector.
    // Braces, so that serde refuses keys beside its kind.
    OneHot {},
}

/// One of several tables of vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorTable {
    /// The table: names in the first column, numbers in all others.
    pub file: PathBuf,
    /// What the perturbations of its rows are; compounds unless stated.
    #[serde(default, skip_serializing_if = "Perturbation::is_compound")]
    pub perturbation: Perturbation,
}

impl Default for EncoderConfig {
    /// The public code's: Morgan counts of radius 2 in 1024 positions.
    fn default() -> Self {
        Self::MorganCounts {
            radius: two(),
            bits: thousand_and_24(),
        }
    }
}

fn two() -> u32 {
    2
}
fn thousand_and_24() -> u32 {
    1024
}

/// What is appended of the dose to a vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DoseConfig {
    /// Nothing, as in the public code.
    #[default]
    None,
    /// `ln(1 + dose in micromolar)`, standardised over the training split's treated images.
    Log1p,
}

/// What happens to compounds that the encoder has no vector for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WithoutVector {
    /// Reading stops with an error that names the compound.
    #[default]
    Error,
    /// Their images are left out, and counted in the report.
    Skip,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::synthetic;

    #[test]
    fn a_configuration_reads_back_as_itself_and_an_unknown_key_is_refused() {
        let config = synthetic(10);
        let written = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<DataConfig>(&written).unwrap(), config);
        for (from, to) in [
            ("height", "hight"),
            ("images", "image_count"),
            ("without_control", "without_controls"),
            ("[prefetch]", "[prefetching]"),
        ] {
            assert!(written.contains(from), "{from} in\n{written}");
            assert!(
                toml::from_str::<DataConfig>(&written.replacen(from, to, 1)).is_err(),
                "{to}"
            );
        }
        let conditions = ConditionsConfig::default();
        let written = toml::to_string(&conditions).unwrap();
        assert_eq!(toml::from_str::<ConditionsConfig>(&written).unwrap(), conditions);
        // Morgan counts are the default, also where the section says something else.
        let other = toml::from_str::<ConditionsConfig>("without_vector = \"skip\"").unwrap();
        assert_eq!(other.encoder, conditions.encoder);
        assert!(toml::from_str::<ConditionsConfig>(&written.replace("bits", "length")).is_err());
    }

    #[test]
    fn images_without_channels_are_refused() {
        let config = ImageConfig {
            preset: ImagePreset::Plain,
            ..synthetic(1).image
        };
        assert_eq!(
            config.spec().unwrap_err().to_string(),
            "data.image.channels is empty, expected the channels in order, or the preset bbbc021, rxrx1 or \
            cpg0000"
        );
    }
}
