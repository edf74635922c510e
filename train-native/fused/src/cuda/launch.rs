//! Kernels, found by name and launched.

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::{LaunchConfig, PushKernelArg};
use candle_core::{CudaDevice, Result};

use super::kernels::{THREADS, module};
use super::memory::{Reading, Writing, common_device};
use super::profile::{Class, timed};
use crate::CHANNEL_UNIT;

/// How many channels a block has threads for, where each thread handles its own [`CHANNEL_UNIT`] of them.
pub const MOST_CHANNELS: usize = CHANNEL_UNIT * THREADS as usize;
/// The largest count that a kernel is given as an `int`: half of what one holds, so that the kernel may add a
/// block's or a step's length to it.
const LARGEST_COUNT: usize = 1 << 30;

/// A count as the `int` that kernels, cuBLAS and cuDNN take.
pub fn int(count: usize) -> Result<i32> {
    match i32::try_from(count) {
        Ok(int) if count <= LARGEST_COUNT => Ok(int),
        _ => candle_core::bail!("a fused operation over {count}, expected at most {LARGEST_COUNT}"),
    }
}

/// An argument of a kernel.
#[derive(Debug)]
pub enum Argument<'a> {
    /// `const T *`.
    Reads(Reading<'a>),
    /// `T *`.
    Writes(Writing<'a>),
    /// A null pointer, for an optional tensor of a kernel.
    Null,
    /// `int`.
    Int(i32),
    /// `u32`.
    Unsigned(u32),
    /// `u64`.
    Long(u64),
    /// `float`.
    Float(f32),
}

impl<'a> Argument<'a> {
    /// An `int`.
    pub fn count(count: usize) -> Result<Self> {
        int(count).map(Self::Int)
    }

    fn device(&self) -> Option<&'a CudaDevice> {
        match self {
            Self::Reads(memory) => Some(memory.device()),
            Self::Writes(memory) => Some(memory.device()),
            _ => None,
        }
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

    /// For a kernel with a block, or some threads or warps of one, for each of `count` elements.
    pub fn each(count: usize, in_a_block: u32) -> Result<Self> {
        Ok(Self((int(count)? as u32).div_ceil(in_a_block), 1))
    }
}

/// Runs the kernel `name` in blocks of [`THREADS`].
///
/// # Safety
/// There is a kernel `name` whose parameters have the types of `arguments`, in their order. Launched
/// in `grid` blocks with these numbers, it stays inside the memory that the arguments view, and writes only
/// where they are [`Argument::Writes`].
pub unsafe fn launch(class: Class, name: &str, grid: Grid, arguments: &[Argument]) -> Result<()> {
    let device = common_device(arguments.iter().filter_map(Argument::device))?;
    let function = device.get_or_load_custom_func(name, "cellflux-fused", module(device)?)?;
    let mut builder = function.builder();
    for argument in arguments {
        match argument {
            Argument::Reads(memory) => builder.arg(memory.address()),
            Argument::Writes(memory) => builder.arg(memory.address()),
            Argument::Null => builder.arg(&0u64),
            Argument::Long(value) => builder.arg(value),
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
    timed(device, class, || {
        // SAFETY: the caller answers for the kernel, its parameters and the grid. Its memory is borrowed by
        // `arguments` until the launch is in the device's stream, and is freed after it there.
        unsafe { builder.launch(config) }.w()?;
        Ok(())
    })
}
