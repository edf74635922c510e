//! The device, set up for training, and how much of its memory is in use.

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::sys;
use candle_core::{Device, Result};

/// The `ordinal`-th GPU. Freed memory stays with the process: by default the driver takes it back at every
/// synchronisation, and the next step would have to ask for all of it again.
///
/// # Errors
/// When there is no such GPU, or its driver fails.
pub fn open(ordinal: usize) -> Result<Device> {
    let device = Device::new_cuda(ordinal)?;
    let mut threshold = u64::MAX;
    let pool = pool(&device)?;
    // SAFETY: the pool is that of a device that is open, and the attribute is a `cuuint64_t`, as `threshold`
    // is.
    unsafe {
        sys::cuMemPoolSetAttribute(
            pool,
            sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
            (&raw mut threshold).cast(),
        )
    }
    .result()
    .w()?;
    Ok(device)
}

/// The largest number of bytes allocated at once since [`forget_peak`], as tensors and workspaces.
///
/// # Errors
/// When the driver fails.
pub fn peak_bytes(device: &Device) -> Result<u64> {
    let mut bytes = 0u64;
    let pool = pool(device)?;
    // SAFETY: the pool is that of a device that is open, and the attribute is a `cuuint64_t`, for which
    // `bytes` has room.
    unsafe {
        sys::cuMemPoolGetAttribute(
            pool,
            sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH,
            (&raw mut bytes).cast(),
        )
    }
    .result()
    .w()?;
    Ok(bytes)
}

/// Starts [`peak_bytes`] anew.
///
/// # Errors
/// When the driver fails.
pub fn forget_peak(device: &Device) -> Result<()> {
    let mut zero = 0u64;
    let pool = pool(device)?;
    // SAFETY: the pool is that of a device that is open, and the attribute is a `cuuint64_t` that may be set
    // to zero only, as it is.
    unsafe {
        sys::cuMemPoolSetAttribute(
            pool,
            sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH,
            (&raw mut zero).cast(),
        )
    }
    .result()
    .w()?;
    Ok(())
}

/// The GPU's name, its driver's CUDA version, and its memory in bytes.
///
/// # Errors
/// When the driver fails.
pub fn describe(device: &Device) -> Result<(String, u64)> {
    let context = device.as_cuda_device()?.cuda_stream().context().clone();
    let name = context.name().w()?;
    let bytes = context.total_mem().w()? as u64;
    Ok((name, bytes))
}

fn pool(device: &Device) -> Result<sys::CUmemoryPool> {
    let context = device.as_cuda_device()?.cuda_stream().context().clone();
    let mut pool = std::ptr::null_mut();
    // SAFETY: writes a handle to `pool`, which has room for one; the device is that of a context that is
    // open.
    unsafe { sys::cuDeviceGetDefaultMemPool(&raw mut pool, context.cu_device()) }
        .result()
        .w()?;
    Ok(pool)
}
