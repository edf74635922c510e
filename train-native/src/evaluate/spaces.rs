//! Features of an evaluation's sets in each space that was asked for.

use std::path::{Path, PathBuf};

use candle_core::Device;
use cellflux_bundle::evaluation::{Nature, Space};
use cellflux_image::ImageSpec;
use cellflux_measure::sets::Features;

use super::EvaluateError;
use super::listing::Listing;
use super::measured::{FARTHEST, Measured, Scale};
use crate::features::inception::{Inception, Preparation};
use crate::features::moa::Classifier;
use crate::features::{FeatureError, FeatureRows, FeatureSpace, rgb, table};

/// A set's images with a name for each.
#[derive(Clone, Copy, Debug)]
pub struct NamedImages<'a> {
    /// Coded images `[N, C, H, W]`.
    pub images: &'a [u8],
    /// The images' paths, `N` of them.
    pub paths: &'a [String],
    /// What they measure.
    pub measured: &'a Measured,
}

/// A space whose features can be computed.
#[derive(Debug)]
pub enum Extractor {
    /// What crops measure.
    Morphology,
    /// A classifier's layer before the last.
    Moa(Box<Classifier>),
    /// Inception's pool features.
    Inception(Box<Inception>),
    /// A file's rows, in the order of `images.csv`.
    Table(PathBuf),
}

impl Extractor {
    /// Opens a space for images of this specification on a device.
    ///
    /// # Errors
    /// [`EvaluateError::Features`] for a file that is missing or not what it should be, and for a classifier
    /// that was trained on other images.
    pub fn open(space: &FeatureSpace, spec: &ImageSpec, device: &Device) -> Result<Self, EvaluateError> {
        Ok(match space {
            FeatureSpace::Morphology => Self::Morphology,
            FeatureSpace::Moa(folder) => {
                let classifier = Classifier::load(folder, device)?;
                classifier.accepts(folder, spec)?;
                Self::Moa(Box::new(classifier))
            }
            FeatureSpace::Inception(file) => {
                Self::Inception(Box::new(Inception::open(file, Preparation::default(), device)?))
            }
            FeatureSpace::Table(file) => {
                table::check_file(file)?;
                Self::Table(file.clone())
            }
        })
    }

    /// What a report says of the space whose features are `width` wide, beside cells of this nature, and
    /// whether its figures may stand beside published ones.
    pub fn described(&self, width: usize, nature: Nature) -> Space {
        let (name, about, comparable) = match self {
            Self::Morphology => (
                "morphology",
                format!(
                    "What crops measure (cellflux-measure), in standard deviations of {nature} controls, cut \
                     off at {FARTHEST} of them."
                ),
                false,
            ),
            Self::Moa(classifier) => (
                "moa",
                format!(
                    "The layer before the last of a classifier of {} classes, trained on {} {nature} \
                     training cells; each cell's features are scaled to one length.",
                    classifier.about().classes.len(),
                    classifier
                        .about()
                        .training
                        .cells
                        .iter()
                        .fold(0, |sum: usize, &cells| sum.saturating_add(cells))
                ),
                false,
            ),
            Self::Inception(network) => match network.warning() {
                None => (
                    "inception",
                    "Inception-v3's pool features, with the weights that FID is computed with.".to_owned(),
                    true,
                ),
                Some(warning) => (
                    "inception",
                    format!("Inception-v3's pool features; {warning}."),
                    false,
                ),
            },
            Self::Table(file) => (
                "table",
                format!(
                    "Features computed elsewhere: {}.",
                    file.file_name().unwrap_or_default().to_string_lossy()
                ),
                false,
            ),
        };
        Space {
            name: name.to_owned(),
            width,
            about,
            comparable,
        }
    }

    /// Refuses a table of features whose rows are not those of the listed images, that holds a number that is
    /// not finite, or that has one and the same row for all real treated cells. The other spaces say nothing
    /// before there are images.
    ///
    /// # Errors
    /// [`EvaluateError::Features`] with the row and column, as far as one is wrong.
    pub fn check(&self, listing: &Listing) -> Result<(), EvaluateError> {
        if let Self::Table(file) = self {
            let paths: Vec<&str> = listing.paths.iter().map(String::as_str).collect();
            checked_table(file, &paths, listing.treated)?;
        }
        Ok(())
    }

    /// The features of each set, in the same order.
    ///
    /// # Errors
    /// [`EvaluateError::Features`] for images that the space does not take, and for a table of other rows.
    pub fn features(
        &self,
        spec: &ImageSpec,
        scale: &Scale,
        sets: &[NamedImages<'_>],
    ) -> Result<Vec<Features>, EvaluateError> {
        if let Self::Table(file) = self {
            return from_table(file, sets);
        }
        sets.iter().map(|set| self.of_set(spec, scale, set)).collect()
    }

    fn of_set(
        &self,
        spec: &ImageSpec,
        scale: &Scale,
        set: &NamedImages<'_>,
    ) -> Result<Features, EvaluateError> {
        let shape = [set.paths.len(), spec.channels.len(), spec.height, spec.width];
        let tensor = match self {
            Self::Morphology | Self::Table(_) => return set.measured.features(scale),
            Self::Moa(classifier) => {
                let features = classifier.features(set.images, shape)?;
                return rows(&of_one_length(FeatureRows::of_tensor(&features)?));
            }
            Self::Inception(network) => {
                let [count, _, height, width] = shape;
                network.features(&rgb(set.images, shape)?, [count, 3, height, width])?
            }
        };
        rows(&FeatureRows::of_tensor(&tensor)?)
    }
}

/// Rows of length `sqrt(D)`, so that a feature is about 1. A classifier's features have no unit, and the
/// surer it is the longer they are: a few cells that it is very sure of would decide a cubic kernel alone.
fn of_one_length(mut rows: FeatureRows) -> FeatureRows {
    let width = rows.width.max(1);
    for row in rows.values.chunks_mut(width) {
        let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
        if length > 0.0 {
            let scale = (width as f64).sqrt() / length;
            for value in row.iter_mut() {
                *value *= scale;
            }
        }
    }
    rows
}

fn rows(rows: &FeatureRows) -> Result<Features, EvaluateError> {
    Ok(Features::new(rows.rows(), rows.width, rows.values.clone())?)
}

/// The rows of a table of features for images of these paths, of which the first are real treated cells.
fn checked_table(file: &Path, paths: &[&str], treated: usize) -> Result<FeatureRows, FeatureError> {
    let rows = table::read(file, paths)?;
    table::check_varies(file, &rows.values, rows.width, treated)?;
    Ok(rows)
}

fn from_table(file: &Path, sets: &[NamedImages<'_>]) -> Result<Vec<Features>, EvaluateError> {
    let paths: Vec<&str> = sets
        .iter()
        .flat_map(|set| set.paths)
        .map(String::as_str)
        .collect();
    // The real treated cells come first.
    let treated = sets.first().map_or(0, |set| set.paths.len());
    let FeatureRows { width, values } = checked_table(file, &paths, treated)?;
    let mut rest = values.as_slice();
    sets.iter()
        .map(|set| {
            let length = (set.paths.len() * width).min(rest.len());
            let (own, after) = rest.split_at(length);
            rest = after;
            Ok(Features::new(set.paths.len(), width, own.to_vec())?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_classifier_s_rows_have_one_length_and_keep_their_direction() {
        let rows = FeatureRows {
            width: 2,
            values: vec![3.0, 4.0, 300.0, 400.0, 0.0, 0.0],
        };
        let scaled = of_one_length(rows).values;
        let expected = [0.6, 0.8, 0.6, 0.8].map(|value: f64| value * 2.0_f64.sqrt());
        for (found, expected) in scaled.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12);
        }
        assert_eq!(
            scaled.get(4..),
            Some(&[0.0, 0.0][..]),
            "nothing is said of nothing"
        );
    }
}
