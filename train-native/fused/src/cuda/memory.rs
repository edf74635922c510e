//! Device memory for calls: views of candle's storages that know their device, number type and length.
//!
//! A view borrows its storage, so the memory is there when a call is made. The device reaches the call later,
//! and the storage may be dropped by then: its memory is freed on the same stream, after the call.

use std::ops::Range;

use candle_core::backend::{BackendDevice, BackendStorage};
use candle_core::cuda_backend::CudaStorageSlice;
use candle_core::cuda_backend::cudarc::driver::DevicePtr;
use candle_core::{CudaDevice, CudaStorage, DType, Layout, Result, Shape, Storage};

use crate::CHANNEL_UNIT;

/// What the kernels call a number type.
pub fn type_name(dtype: DType) -> Result<&'static str> {
    match dtype {
        DType::F32 => Ok("float"),
        DType::BF16 => Ok("bf16"),
        DType::F16 => Ok("f16"),
        other => candle_core::bail!("no fused operation on {other:?}"),
    }
}

/// Memory for a result, not initialised: the caller writes all of it.
pub fn allocate(device: &CudaDevice, shape: &Shape, dtype: DType) -> Result<CudaStorage> {
    type_name(dtype)?;
    // SAFETY: any bits are a number of the three types that have a name. An unwritten value is a wrong
    // number, nothing worse.
    unsafe { device.alloc_uninit(shape, dtype) }
}

/// The storage of a tensor that lives on a CUDA device.
pub fn on_cuda(storage: &Storage) -> Result<&CudaStorage> {
    match storage {
        Storage::Cuda(storage) => Ok(storage),
        _ => candle_core::bail!("expected a tensor on a CUDA device"),
    }
}

/// The one device of a call's memory: other devices have other streams, and calls on different streams have
/// no order.
pub fn common_device<'a>(devices: impl IntoIterator<Item = &'a CudaDevice>) -> Result<&'a CudaDevice> {
    let mut devices = devices.into_iter();
    let Some(device) = devices.next() else {
        candle_core::bail!("a call without memory")
    };
    if devices.any(|other| other.id() != device.id()) {
        candle_core::bail!("a fused operation needs its tensors on one device")
    }
    Ok(device)
}

/// Bytes that kernels read and write at once; addresses are multiples of it.
const PIECE_BYTES: u64 = 16;

/// Refuses values that do not divide into vectors, each beginning at a multiple of a piece.
fn whole_vectors(len: usize, address: u64) -> Result<()> {
    if !len.is_multiple_of(CHANNEL_UNIT) || !address.is_multiple_of(PIECE_BYTES) {
        candle_core::bail!(
            "a fused operation wants a multiple of {CHANNEL_UNIT} values at an address that is a multiple of \
             {PIECE_BYTES}, found {len} values at {address:#x}"
        )
    }
    Ok(())
}

/// Values that a call reads, one after the other in memory.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    device: &'a CudaDevice,
    dtype: DType,
    address: u64,
    len: usize,
}

impl<'a> Reading<'a> {
    /// The values of a tensor, which must be contiguous.
    pub fn of(storage: &'a CudaStorage, layout: &Layout) -> Result<Self> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            candle_core::bail!("a fused operation needs contiguous tensors, found {layout:?}")
        };
        Self::whole(storage)?.part(start..end)
    }

    /// All values of a storage.
    pub fn whole(storage: &'a CudaStorage) -> Result<Self> {
        let stream = storage.device.cuda_stream();
        let (address, len) = match &storage.slice {
            CudaStorageSlice::F32(slice) => (slice.device_ptr(&stream).0, slice.len()),
            CudaStorageSlice::BF16(slice) => (slice.device_ptr(&stream).0, slice.len()),
            CudaStorageSlice::F16(slice) => (slice.device_ptr(&stream).0, slice.len()),
            _ => candle_core::bail!("a fused operation needs f32, bf16 or f16"),
        };
        Ok(Self {
            device: &storage.device,
            dtype: storage.dtype(),
            address,
            len,
        })
    }

    /// Some of the values.
    pub fn part(self, range: Range<usize>) -> Result<Self> {
        if range.start > range.end || range.end > self.len {
            candle_core::bail!("a fused operation needs values {range:?} of {}", self.len)
        }
        Ok(Self {
            address: self.address + (range.start * self.dtype.size_in_bytes()) as u64,
            len: range.len(),
            ..self
        })
    }

    /// The same values, checked to be `len` of type `dtype`.
    pub fn values(self, dtype: DType, len: usize) -> Result<Self> {
        if self.dtype != dtype || self.len != len {
            candle_core::bail!(
                "a fused operation needs {len} values of {dtype:?}, found {} of {:?}",
                self.len,
                self.dtype
            )
        }
        Ok(self)
    }

    /// The same as [`Self::values`], checked for kernels that take [`CHANNEL_UNIT`] values at a time, in
    /// pieces of 16 bytes.
    pub fn vectors(self, dtype: DType, len: usize) -> Result<Self> {
        let values = self.values(dtype, len)?;
        whole_vectors(values.len, values.address)?;
        Ok(values)
    }

    /// Where the values are.
    pub fn device(&self) -> &'a CudaDevice {
        self.device
    }

    /// Their number type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The address of the first: a reference, since a launch takes the address of every argument.
    pub(super) fn address(&self) -> &u64 {
        &self.address
    }
}

/// Values that a call writes, or reads and writes. It is made from an exclusive borrow and cannot be copied,
/// so none of a call's other arguments shares its memory.
#[derive(Debug)]
pub struct Writing<'a>(Reading<'a>);

impl<'a> Writing<'a> {
    /// The values of a tensor, which must be contiguous.
    pub fn of(storage: &'a mut CudaStorage, layout: &Layout) -> Result<Self> {
        Reading::of(storage, layout).map(Self)
    }

    /// All values of a storage.
    pub fn whole(storage: &'a mut CudaStorage) -> Result<Self> {
        Reading::whole(storage).map(Self)
    }

    /// Some of the values; see [`Reading::part`].
    pub fn part(self, range: Range<usize>) -> Result<Self> {
        self.0.part(range).map(Self)
    }

    /// See [`Reading::values`].
    pub fn values(self, dtype: DType, len: usize) -> Result<Self> {
        self.0.values(dtype, len).map(Self)
    }

    /// See [`Reading::vectors`].
    pub fn vectors(self, dtype: DType, len: usize) -> Result<Self> {
        self.0.vectors(dtype, len).map(Self)
    }

    /// The memory alone, for a call that says in another way that it writes there.
    pub(super) fn memory(self) -> Reading<'a> {
        self.0
    }

    /// Where the values are.
    pub fn device(&self) -> &'a CudaDevice {
        self.0.device
    }

    /// Their number type.
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// See [`Reading::address`].
    pub(super) fn address(&self) -> &u64 {
        &self.0.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_refused_for_their_length_and_for_their_place_with_both_in_the_message() {
        assert!(whole_vectors(24, 0x7f00_0010).is_ok());
        for (len, address, found) in [
            (20, 0x7f00_0010, "found 20 values at 0x7f000010"),
            (24, 0x7f00_0018, "found 24 values at 0x7f000018"),
        ] {
            let message = whole_vectors(len, address).unwrap_err().to_string();
            assert!(message.contains("a multiple of 8 values"), "{message}");
            assert!(
                message.contains("an address that is a multiple of 16"),
                "{message}"
            );
            assert!(message.contains(found), "{message}");
        }
    }
}
