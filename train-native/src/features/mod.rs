//! The spaces in which sets of cells are compared, by name, and what computes their coordinates.
//!
//! A *feature* is a number that an image has; an image's features are a row, all images' rows a matrix
//! `[N, D]`. Distances between sets of images (FID, KID, energy distance) are distances between such
//! matrices, and can be compared only with others in the same space.

mod error;
pub mod inception;
pub mod moa;
mod rgb;
mod space;
pub mod table;

pub use error::FeatureError;
pub use rgb::rgb;
pub use space::FeatureSpace;

/// Features of images, one row each.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureRows {
    /// Features of an image, `D`; at least 1.
    pub width: usize,
    /// `[N, D]`, row-major, finite.
    pub values: Vec<f64>,
}

impl FeatureRows {
    /// Images, `N`.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// The rows of a tensor `[N, D]`.
    ///
    /// # Errors
    /// [`FeatureError::Tensor`] for a tensor of another rank, [`FeatureError::Shape`] for one with values
    /// that are not finite.
    pub fn of_tensor(features: &candle_core::Tensor) -> Result<Self, FeatureError> {
        let (_, width) = features.dims2()?;
        let values: Vec<f32> = features
            .to_dtype(candle_core::DType::F32)?
            .flatten_all()?
            .to_vec1()?;
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(FeatureError::Shape {
                what: "features",
                found: format!("row {}, column {} is not finite", at / width, at % width),
                expected: "finite numbers: are the weights damaged?".to_owned(),
            }),
            None => Ok(Self {
                width,
                values: values.into_iter().map(f64::from).collect(),
            }),
        }
    }
}
