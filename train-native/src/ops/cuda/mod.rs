//! What the fused operations need of a CUDA device: memory by pointer, kernels by name, cuBLAS, cuDNN, and clocks.
//!
//! Everything runs on the stream that candle's device owns, so that kernels follow each other in program order.

// Calls into CUDA, which Rust cannot check: pointers here belong to candle storages that live until the stream, in
// whose order they are used and freed, has passed.
#![allow(unsafe_code)]

pub mod adamw;
pub mod blas;
pub mod cudnn;
pub mod device;
pub mod profile;

use std::sync::OnceLock;

use candle_core::backend::BackendDevice;
use candle_core::cuda_backend::cudarc::driver::{DevicePtr, LaunchConfig, PushKernelArg};
use candle_core::cuda_backend::cudarc::nvrtc::{CompileOptions, compile_ptx_with_opts};
use candle_core::cuda_backend::{CudaStorageSlice, WrapErr};
use candle_core::{CudaDevice, CudaStorage, DType, Layout, Result, Shape, Storage, Tensor};

use profile::Class;

const SOURCE: &str = include_str!("kernels.cu");
/// Threads a block of the kernels that walk over pixels; they rely on it.
pub const THREADS: u32 = 256;
/// Channels that the normalisation kernels have room for.
pub const MOST_CHANNELS: usize = 2048;

/// An address on the device.
pub type Address = u64;

/// The address of a contiguous tensor's first value.
pub fn address(storage: &CudaStorage, layout: &Layout) -> Result<Address> {
    let Some((start, _)) = layout.contiguous_offsets() else {
        candle_core::bail!("a fused operation wants contiguous tensors, found {layout:?}")
    };
    let stream = storage.device.cuda_stream();
    let (base, size) = match &storage.slice {
        CudaStorageSlice::F32(slice) => (slice.device_ptr(&stream).0, 4),
        CudaStorageSlice::BF16(slice) => (slice.device_ptr(&stream).0, 2),
        CudaStorageSlice::F16(slice) => (slice.device_ptr(&stream).0, 2),
        _ => candle_core::bail!("a fused operation wants f32, bf16 or f16"),
    };
    Ok(base + (start * size) as u64)
}

/// The address of a tensor that lives on a CUDA device, contiguous.
pub fn tensor_address(tensor: &Tensor) -> Result<Address> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cuda(storage) => address(storage, layout),
        _ => candle_core::bail!("expected a tensor on a CUDA device"),
    }
}

/// Memory for a result, not initialised: the caller writes all of it.
pub fn allocate(device: &CudaDevice, shape: &Shape, dtype: DType) -> Result<CudaStorage> {
    unsafe { device.alloc_uninit(shape, dtype) }
}

/// The address of memory that [`allocate`] returned.
pub fn start(storage: &CudaStorage, shape: &Shape) -> Result<Address> {
    address(storage, &Layout::contiguous(shape))
}

/// What the kernels call a number type.
pub fn type_name(dtype: DType) -> Result<&'static str> {
    match dtype {
        DType::F32 => Ok("float"),
        DType::BF16 => Ok("bf16"),
        DType::F16 => Ok("f16"),
        other => candle_core::bail!("no fused operation on {other:?}"),
    }
}

/// An argument of a kernel.
#[derive(Clone, Copy, Debug)]
pub enum Argument {
    /// A pointer; 0 is null.
    Pointer(Address),
    /// `int`.
    Int(i32),
    /// `u32`.
    Unsigned(u32),
    /// `u64`.
    Long(u64),
    /// `float`.
    Float(f32),
}

impl Argument {
    /// An `int` from a count that fits one: shapes of feature maps do.
    pub fn count(count: usize) -> Self {
        Self::Int(count as i32)
    }
}

/// Blocks of a launch.
#[derive(Clone, Copy, Debug)]
pub struct Grid(pub u32, pub u32);

impl Grid {
    /// For a kernel that strides over `count` elements.
    pub fn over(count: usize) -> Self {
        // Enough to fill any device several times over; each thread then takes several elements.
        Self(count.div_ceil(THREADS as usize).clamp(1, 132 * 32) as u32, 1)
    }
}

/// Runs the kernel `name` in blocks of [`THREADS`].
pub fn launch(
    device: &CudaDevice,
    class: Class,
    name: &str,
    grid: Grid,
    arguments: &[Argument],
) -> Result<()> {
    let function = device.get_or_load_custom_func(name, "cellflux-train", module(device)?)?;
    let mut builder = function.builder();
    for argument in arguments {
        match argument {
            Argument::Pointer(value) | Argument::Long(value) => builder.arg(value),
            Argument::Int(value) => builder.arg(value),
            Argument::Unsigned(value) => builder.arg(value),
            Argument::Float(value) => builder.arg(value),
        };
    }
    let config = LaunchConfig {
        grid_dim: (grid.0, grid.1, 1),
        block_dim: (THREADS, 1, 1),
        shared_mem_bytes: 0,
    };
    profile::timed(device, class, || {
        unsafe { builder.launch(config) }.w()?;
        Ok(())
    })
}

/// The kernels' PTX for the device at hand.
fn module(device: &CudaDevice) -> Result<&'static str> {
    static PTX: OnceLock<std::result::Result<String, String>> = OnceLock::new();
    let compiled = PTX.get_or_init(|| {
        let (major, minor) = device
            .cuda_stream()
            .context()
            .compute_capability()
            .map_err(|error| error.to_string())?;
        let options = CompileOptions {
            options: vec![
                format!("--gpu-architecture=compute_{major}{minor}"),
                "--std=c++17".to_owned(),
            ],
            ..CompileOptions::default()
        };
        compile_ptx_with_opts(SOURCE, options)
            .map(|ptx| ptx.to_src())
            .map_err(|error| format!("{error:?}"))
    });
    match compiled {
        Ok(ptx) => Ok(ptx),
        Err(message) => candle_core::bail!("NVRTC refused the kernels: {message}"),
    }
}
