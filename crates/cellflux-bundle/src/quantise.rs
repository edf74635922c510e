//! Fewer bytes per weight: f16, and int8 with one scale per output channel; with the error that it costs.

use std::{collections::BTreeMap, fmt};

use half::f16;
use serde::{Deserialize, Serialize};

use crate::{
    error::BundleError,
    state_dict::StateDict,
    tensor::{Tensor, Values},
};

/// How a bundle stores weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightDtype {
    /// 32-bit floats: nothing is lost.
    F32,
    /// 16-bit floats.
    F16,
    /// Tensors of rank 2 and more as signed bytes, symmetric, with one f16 scale per output channel (the
    /// first axis): weight = byte x scale, bytes from -127 to 127. Norms and biases as f16.
    Int8,
}

impl WeightDtype {
    /// The name, as in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }

    /// Bits of a weight of a matrix or a convolution.
    pub(crate) fn bits(self) -> u32 {
        match self {
            Self::F32 => 32,
            Self::F16 => 16,
            Self::Int8 => 8,
        }
    }

    /// Whether a tensor of this shape is stored as bytes and scales.
    pub(crate) fn is_int8(self, shape: &[usize]) -> bool {
        self == Self::Int8 && shape.len() >= 2
    }

    /// Bytes of a tensor of this shape in a shard, scales included, headers not.
    pub(crate) fn stored_bytes(self, shape: &[usize]) -> u64 {
        let count = shape.iter().map(|&side| side as u64).product::<u64>();
        match self {
            Self::F32 => 4 * count,
            Self::Int8 if shape.len() >= 2 => count + 2 * shape.first().map_or(0, |&rows| rows as u64),
            Self::F16 | Self::Int8 => 2 * count,
        }
    }
}

impl fmt::Display for WeightDtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for WeightDtype {
    type Err = BundleError;

    fn from_str(name: &str) -> Result<Self, BundleError> {
        [Self::F32, Self::F16, Self::Int8]
            .into_iter()
            .find(|dtype| dtype.name() == name)
            .ok_or_else(|| BundleError::field("dtype", crate::check::shown(name), "f32, f16 or int8"))
    }
}

/// A tensor as bytes and scales.
#[derive(Clone, Debug, PartialEq)]
pub struct Int8Tensor {
    /// Shape of the bytes, output channels first.
    pub shape: Vec<usize>,
    /// The bytes, row-major.
    pub bytes: Vec<i8>,
    /// One scale per output channel.
    pub scales: Vec<f16>,
}

impl Int8Tensor {
    /// Quantises a tensor of rank 2 or more. The scale of a channel is the smallest f16 that lets its largest
    /// magnitude reach at most 127, so that no weight is clipped; an error is at most half a scale.
    ///
    /// # Errors
    /// [`BundleError::NotFinite`], or [`BundleError::Range`] for magnitudes above 127 x 65504.
    pub fn quantise(name: &str, tensor: &Tensor) -> Result<Self, BundleError> {
        tensor.check_finite(name)?;
        let values = tensor.to_f32();
        let rows = tensor.shape.first().copied().unwrap_or(1).max(1);
        let mut bytes = Vec::with_capacity(values.len());
        let mut scales = Vec::with_capacity(rows);
        for row in values.chunks((values.len() / rows).max(1)) {
            let largest = row.iter().fold(0_f32, |largest, v| largest.max(v.abs()));
            let scale = at_least(largest / 127.0).ok_or_else(|| BundleError::Range {
                tensor: name.to_owned(),
                value: largest,
                dtype: "int8",
            })?;
            let step = scale.to_f32();
            bytes.extend(row.iter().map(|v| {
                // A channel of zeros has scale 0.
                if step > 0.0 { (v / step).round() as i8 } else { 0 }
            }));
            scales.push(scale);
        }
        Ok(Self {
            shape: tensor.shape.clone(),
            bytes,
            scales,
        })
    }

    /// The weights that the bytes stand for, as f32, exactly: 8 bits times 11 bits fit its 24.
    pub fn dequantise(&self) -> Tensor {
        let rows = self.scales.len().max(1);
        let values = self
            .bytes
            .chunks((self.bytes.len() / rows).max(1))
            .zip(&self.scales)
            .flat_map(|(row, scale)| {
                let scale = scale.to_f32();
                row.iter().map(move |&byte| f32::from(byte) * scale)
            })
            .collect();
        Tensor {
            shape: self.shape.clone(),
            values: Values::F32(values),
        }
    }
}

/// The smallest f16 that is not below a value from 0, or `None` above the largest.
fn at_least(value: f32) -> Option<f16> {
    let nearest = f16::from_f32(value);
    let above = if nearest.to_f32() < value {
        f16::from_bits(nearest.to_bits() + 1) // the next one up, for finite numbers from 0
    } else {
        nearest
    };
    above.is_finite().then_some(above)
}

/// Rounds a tensor to f16.
///
/// # Errors
/// [`BundleError::NotFinite`], or [`BundleError::Range`] for magnitudes that round beyond 65504.
pub fn to_f16(name: &str, tensor: &Tensor) -> Result<Vec<f16>, BundleError> {
    tensor.check_finite(name)?;
    match &tensor.values {
        Values::F16(values) => Ok(values.clone()),
        Values::F32(values) => values
            .iter()
            .map(|&value| {
                let half = f16::from_f32(value);
                half.is_finite()
                    .then_some(half)
                    .ok_or_else(|| BundleError::Range {
                        tensor: name.to_owned(),
                        value,
                        dtype: "f16",
                    })
            })
            .collect(),
    }
}

/// What storing one tensor in fewer bytes changes.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantisationError {
    /// The tensor's name.
    pub tensor: String,
    /// `||stored - original|| / ||original||` over the whole tensor; 0 for a tensor of zeros.
    pub relative: f64,
    /// Largest absolute difference.
    pub largest: f64,
}

/// The weights as a reader of a bundle of this dtype will see them, and what that changed, tensor by tensor.
///
/// # Errors
/// [`BundleError::NotFinite`] or [`BundleError::Range`] naming the tensor.
pub fn quantise(
    weights: &StateDict,
    dtype: WeightDtype,
) -> Result<(StateDict, Vec<QuantisationError>), BundleError> {
    let mut stored = BTreeMap::new();
    let mut errors = Vec::with_capacity(weights.tensors.len());
    for (name, tensor) in &weights.tensors {
        let rounded = match dtype {
            WeightDtype::F32 => Tensor {
                shape: tensor.shape.clone(),
                values: Values::F32(tensor.to_f32()),
            },
            _ if dtype.is_int8(&tensor.shape) => Int8Tensor::quantise(name, tensor)?.dequantise(),
            _ => Tensor {
                shape: tensor.shape.clone(),
                values: Values::F16(to_f16(name, tensor)?),
            },
        };
        errors.push(difference(name, tensor, &rounded));
        stored.insert(name.clone(), rounded);
    }
    Ok((StateDict { tensors: stored }, errors))
}

fn difference(name: &str, original: &Tensor, stored: &Tensor) -> QuantisationError {
    let (mut error, mut norm, mut largest) = (0.0, 0.0, 0.0_f64);
    for (a, b) in original.to_f32().into_iter().zip(stored.to_f32()) {
        let (a, b) = (f64::from(a), f64::from(b));
        error += (a - b) * (a - b);
        norm += a * a;
        largest = largest.max((a - b).abs());
    }
    QuantisationError {
        tensor: name.to_owned(),
        relative: if norm > 0.0 { (error / norm).sqrt() } else { 0.0 },
        largest,
    }
}
