//! A tensor in memory: a shape and its numbers.

use half::f16;
use safetensors::Dtype;

use crate::error::BundleError;

/// Scalars of one tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 16-bit floats.
    F16(Vec<f16>),
}

impl Values {
    /// Number of scalars.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F16(values) => values.len(),
        }
    }

    /// Whether there are no scalars.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The scalars as little-endian bytes, with the name of their format.
    pub(crate) fn to_le_bytes(&self) -> (Dtype, Vec<u8>) {
        match self {
            Self::F32(values) => (Dtype::F32, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            Self::F16(values) => (Dtype::F16, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        }
    }
}

/// One tensor: shape and scalars, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Shape; the product is the number of values.
    pub shape: Vec<usize>,
    /// The scalars.
    pub values: Values,
}

impl Tensor {
    /// The scalars as f32, exactly (every f16 is an f32).
    pub fn to_f32(&self) -> Vec<f32> {
        match &self.values {
            Values::F32(values) => values.clone(),
            Values::F16(values) => values.iter().map(|v| v.to_f32()).collect(),
        }
    }

    /// Refuses NaN and infinities; `name` is what the error calls the tensor.
    ///
    /// # Errors
    /// [`BundleError::NotFinite`] names the first such value.
    pub fn check_finite(&self, name: &str) -> Result<(), BundleError> {
        let found = match &self.values {
            Values::F32(values) => first(values, |v| !v.is_finite()).map(|(at, v)| (at, *v)),
            Values::F16(values) => first(values, |v| !v.is_finite()).map(|(at, v)| (at, v.to_f32())),
        };
        match found {
            None => Ok(()),
            Some((position, value)) => Err(BundleError::NotFinite {
                tensor: name.to_owned(),
                position,
                value,
            }),
        }
    }
}

fn first<T>(values: &[T], wrong: impl Fn(&T) -> bool) -> Option<(usize, &T)> {
    values.iter().enumerate().find(|(_, value)| wrong(value))
}
