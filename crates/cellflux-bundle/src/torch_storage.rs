//! The numbers of tensors that `torch.save` wrote: strided views of storages, whatever kind of file those
//! lie in.

use half::{bf16, f16};

use crate::{
    error::BundleError,
    limits,
    pickle::{Pickle, Scalar, TensorView},
    tensor::{Tensor, Values},
};

/// Where the raw bytes of storages come from.
pub(crate) trait Storages {
    /// The storage of this key, which is `bytes` long according to the pickle.
    ///
    /// # Errors
    /// [`BundleError::Checkpoint`] where there is none, or it has another length.
    fn storage(&mut self, key: &str, bytes: u64) -> Result<&[u8], BundleError>;
}

/// Reads the numbers of a view whose shape was checked against the network: f32 and f16 as they are, bf16
/// as f32 (exactly), f64 rounded to f32.
pub(crate) fn tensor(
    storages: &mut impl Storages,
    pickle: &Pickle,
    name: &str,
    view: &TensorView,
) -> Result<Tensor, BundleError> {
    let storage = pickle
        .storage(view)
        .ok_or_else(|| wrong(&format!("tensor {name} has no storage")))?;
    let width = match storage.scalar {
        Scalar::F64 => 8,
        Scalar::F32 => 4,
        Scalar::F16 | Scalar::BF16 => 2,
        Scalar::Other(..) | Scalar::Foreign(_) => {
            return Err(BundleError::Dtype {
                tensor: name.to_owned(),
                found: pickle.scalar(storage),
                expected: "floats of 16, 32 or 64 bits".into(),
            });
        }
    };
    let key = pickle.key(storage);
    let (shape, strides) = (pickle.shape(view), pickle.strides(view));
    let outside = || {
        wrong(&format!(
            "tensor {name} reaches outside its storage {key} of {} numbers",
            storage.len
        ))
    };
    let last = last_scalar(view.offset, &shape, &strides).ok_or_else(outside)?;
    if last >= storage.len || storage.len > limits::PARAMETERS {
        return Err(outside());
    }
    let bytes = storages.storage(key, width * storage.len)?;
    let places =
        (0..shape.iter().product()).map(|index| position(view.offset, &shape, &strides, index) as usize);
    let values = match storage.scalar {
        Scalar::F64 => gather(bytes, places, |scalar| f64::from_le_bytes(scalar) as f32).map(Values::F32),
        Scalar::F16 => gather(bytes, places, f16::from_le_bytes).map(Values::F16),
        Scalar::BF16 => gather(bytes, places, |scalar| bf16::from_le_bytes(scalar).to_f32()).map(Values::F32),
        _ => gather(bytes, places, f32::from_le_bytes).map(Values::F32),
    };
    Ok(Tensor {
        values: values.ok_or_else(outside)?,
        shape,
    })
}

/// The scalars at these places, `N` bytes each.
fn gather<const N: usize, T>(
    bytes: &[u8],
    places: impl Iterator<Item = usize>,
    read: impl Fn([u8; N]) -> T,
) -> Option<Vec<T>> {
    let scalars = bytes.as_chunks::<N>().0;
    places
        .map(|place| scalars.get(place).copied().map(&read))
        .collect()
}

/// Position in the storage of the last scalar of a view that is not empty, or `None` on overflow.
fn last_scalar(offset: u64, shape: &[usize], strides: &[u64]) -> Option<u64> {
    shape
        .iter()
        .zip(strides)
        .try_fold(offset, |last, (&side, &stride)| {
            last.checked_add(stride.checked_mul((side as u64).saturating_sub(1))?)
        })
}

/// Position in the storage of the scalar at a row-major index; [`last_scalar`] has bounded it.
fn position(offset: u64, shape: &[usize], strides: &[u64], index: usize) -> u64 {
    let (_, position) =
        shape
            .iter()
            .zip(strides)
            .rev()
            .fold((index, offset), |(rest, position), (&side, &stride)| {
                let side = side.max(1);
                (rest / side, position + stride * (rest % side) as u64)
            });
    position
}

/// A [`BundleError::Checkpoint`].
pub(crate) fn wrong(reason: &str) -> BundleError {
    BundleError::Checkpoint {
        reason: reason.to_owned(),
    }
}
