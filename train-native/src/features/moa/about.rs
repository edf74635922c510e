//! What is known of a classifier: `moa.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::classes::NamedAfter;
use super::network::{FEATURES, WIDTHS};
use super::score::Score;
use super::settings::Settings;
use crate::features::FeatureError;

/// Version of the file's layout.
pub(super) const VERSION: u32 = 1;

/// What a classifier is, what it learnt from, and how well it recognises cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Version of this layout.
    pub version: u32,
    /// The classes, in the order of the network's answers; the first is that of untreated cells.
    pub classes: Vec<String>,
    /// What they are named after.
    pub named_after: NamedAfter,
    /// Channels of an image.
    pub channels: usize,
    /// Rows and columns of the training's images; an evaluation takes no others.
    pub image: [usize; 2],
    /// Channels after each convolution.
    pub widths: Vec<usize>,
    /// Numbers of a feature row.
    pub features: usize,
    /// How it was trained.
    pub settings: Settings,
    /// The training's data, as in its configuration.
    pub data: serde_json::Value,
    /// The training cells.
    pub training: SeenCells,
    /// How well it recognises the validation cells.
    pub validation: Score,
    /// How long the training took, in seconds, on the machine that it ran on.
    pub seconds: f64,
    /// SHA-256 of `moa.safetensors` in hex.
    pub weights_sha256: String,
}

/// The cells that a classifier learnt from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenCells {
    /// SHA-256 in hex over every training cell's path, class and coded bytes, in the table's order.
    pub sha256: String,
    /// Training cells of each class, in the classes' order.
    pub cells: Vec<usize>,
    /// Training cells that were left out: no mode of action is known of their compound.
    pub without_class: usize,
}

impl About {
    /// Refuses a description of another network than this program's.
    pub(super) fn check(&self, path: &Path) -> Result<(), FeatureError> {
        let ours = self.version == VERSION
            && self.widths == WIDTHS
            && self.features == FEATURES
            && self.classes.len() > 1
            && self.channels > 0;
        if ours {
            return Ok(());
        }
        Err(FeatureError::Classifier {
            path: path.to_owned(),
            reason: format!(
                "it describes version {} with widths {:?} and {} features of {} classes, expected version \
                 {VERSION}, {WIDTHS:?} and {FEATURES}",
                self.version,
                self.widths,
                self.features,
                self.classes.len()
            ),
        })
    }
}
