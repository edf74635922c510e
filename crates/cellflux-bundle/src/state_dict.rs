//! The network's tensors by their public names, in whatever precision they are stored.

use std::collections::BTreeMap;

use half::f16;

/// Scalars of one tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 16-bit floats.
    F16(Vec<f16>),
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
}

/// All tensors of a network by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateDict {
    /// Tensors by the public network's names.
    pub tensors: BTreeMap<String, Tensor>,
}
