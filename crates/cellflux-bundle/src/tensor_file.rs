//! A safetensors file as untrusted bytes: header bounded, offsets checked, values finite.

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::{
    error::BundleError,
    limits::TENSOR_HEADER_BYTES,
    tensor::{Tensor, Values},
};

/// A parsed safetensors file that borrows its bytes. Nothing is copied until a tensor is asked for.
#[derive(Debug)]
pub struct TensorFile<'a> {
    name: String,
    tensors: SafeTensors<'a>,
    metadata: Option<std::collections::HashMap<String, String>>,
}

impl<'a> TensorFile<'a> {
    /// Parses `bytes`; `name` is what errors call the file.
    ///
    /// # Errors
    /// [`BundleError::TensorFile`] when the header is longer than [`TENSOR_HEADER_BYTES`] or not valid, when
    /// offsets overlap, leave a gap or end elsewhere than the file, or when a shape does not fit its bytes.
    pub fn parse(name: &str, bytes: &'a [u8]) -> Result<Self, BundleError> {
        let refuse = |reason: String| BundleError::TensorFile {
            file: name.to_owned(),
            reason,
        };
        let length = bytes
            .first_chunk::<8>()
            .map(|length| u64::from_le_bytes(*length))
            .ok_or_else(|| refuse(format!("{} bytes, expected at least 8", bytes.len())))?;
        if length > TENSOR_HEADER_BYTES as u64 {
            return Err(refuse(format!(
                "its header claims {length} bytes, expected at most {TENSOR_HEADER_BYTES}"
            )));
        }
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| refuse(error.to_string()))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| refuse(error.to_string()))?;
        Ok(Self {
            name: name.to_owned(),
            tensors,
            metadata: header.metadata().clone(),
        })
    }

    /// Names of the tensors, in no particular order.
    pub fn names(&self) -> Vec<&str> {
        self.tensors.names()
    }

    /// A text of the file's metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.as_ref()?.get(key).map(String::as_str)
    }

    /// A tensor of floating-point numbers: f32 and f16 as they are, bf16 as f32 (exactly), f64 rounded to
    /// f32.
    ///
    /// # Errors
    /// [`BundleError::TensorFile`] when there is no such tensor, [`BundleError::Dtype`] when it does not hold
    /// floats of 16, 32 or 64 bits, [`BundleError::NotFinite`] when it holds NaN or an infinity.
    pub fn tensor(&self, name: &str) -> Result<Tensor, BundleError> {
        let view = self.view(name)?;
        floats(name, &view)
    }

    pub(crate) fn view(&self, name: &str) -> Result<TensorView<'a>, BundleError> {
        self.tensors.tensor(name).map_err(|_| BundleError::TensorFile {
            file: self.name.clone(),
            reason: format!("it has no tensor {name}"),
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, TensorView<'a>)> {
        self.tensors.iter()
    }
}

/// Copies a view of floats into a tensor and checks that every value is finite.
pub(crate) fn floats(name: &str, view: &TensorView) -> Result<Tensor, BundleError> {
    let values = match view.dtype() {
        Dtype::F32 => Values::F32(pieces(view.data()).map(f32::from_le_bytes).collect()),
        Dtype::F16 => Values::F16(pieces(view.data()).map(f16::from_le_bytes).collect()),
        Dtype::BF16 => Values::F32(
            pieces(view.data())
                .map(|bytes| bf16::from_le_bytes(bytes).to_f32())
                .collect(),
        ),
        Dtype::F64 => Values::F32(
            pieces(view.data())
                .map(|bytes| f64::from_le_bytes(bytes) as f32)
                .collect(),
        ),
        other => {
            return Err(BundleError::Dtype {
                tensor: name.to_owned(),
                found: other.to_string(),
                expected: "F64, F32, F16 or BF16".into(),
            });
        }
    };
    let tensor = Tensor {
        shape: view.shape().to_vec(),
        values,
    };
    tensor.check_finite(name)?;
    Ok(tensor)
}

/// The bytes in pieces of `N`; safetensors has checked that the length is a multiple of it.
fn pieces<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.as_chunks::<N>().0.iter().copied()
}
