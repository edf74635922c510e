//! Bias and residual added on a GPU, and the bias's gradient.

#![allow(
    unsafe_code,
    reason = "launches of kernels, which Rust cannot check; each says what was checked instead"
)]

use candle_core::{DType, Result, Shape};

use crate::CHANNEL_UNIT;
use crate::cuda::kernels::THREADS;
use crate::cuda::launch::{Argument, Grid, MOST_CHANNELS, launch};
use crate::cuda::memory::{Reading, Writing, allocate, type_name};
use crate::cuda::profile::Class;

/// Blocks among which the pixels are divided, each with sums of its own: twice the processors of a large
/// device.
const CHUNKS: usize = 264;

/// Adds `bias` `[C]` to every pixel of `y` `[.., C]`, and `residual`, which has the shape of `y`, where there
/// is one.
pub fn add(y: Writing, bias: Reading, residual: Option<Reading>) -> Result<()> {
    let (dtype, len, channels) = (y.dtype(), y.len(), bias.len());
    if channels == 0 || !len.is_multiple_of(channels) {
        candle_core::bail!("a bias of {channels} channels on {len} values")
    }
    let vectors = len / CHANNEL_UNIT;
    let residual = residual.map(|residual| residual.vectors(dtype, len));
    let arguments = [
        Argument::Writes(y.vectors(dtype, len)?),
        Argument::Reads(bias.vectors(dtype, channels)?),
        residual.transpose()?.map_or(Argument::Null, Argument::Reads),
        Argument::Long(vectors as u64),
        Argument::count(channels / CHANNEL_UNIT)?,
    ];
    let name = format!("add_bias_{}", type_name(dtype)?);
    // SAFETY: these are the parameters of `add_bias_T(T *y, const T *bias, const T *residual, u64 count,
    // int vectors)`. A thread takes vector after vector below `count`, of which `y` has as many, and
    // `residual` unless it is null; and of `bias` the vector of the same channels, below `vectors`.
    unsafe { launch(Class::Bias, &name, Grid::over(vectors), &arguments) }
}

/// The sums over all pixels of `y` `[.., C]`, to `out` `[C]`.
pub fn sums(y: Reading, out: Writing) -> Result<()> {
    let (device, dtype, channels) = (y.device(), y.dtype(), out.len());
    if !(1..=MOST_CHANNELS).contains(&channels) || !channels.is_multiple_of(CHANNEL_UNIT) {
        candle_core::bail!("the gradient of a bias of {channels} channels")
    }
    let pixels = y.len() / channels;
    let mut partial = allocate(device, &Shape::from((CHUNKS, 2, channels)), DType::F32)?;
    let arguments = [
        Argument::Reads(y.vectors(dtype, pixels * channels)?),
        Argument::Writes(Writing::whole(&mut partial)?),
        Argument::count(pixels)?,
        Argument::count(channels)?,
    ];
    let (name, grid) = (
        format!("column_sums_{}", type_name(dtype)?),
        Grid::each(CHUNKS, 1)?,
    );
    // SAFETY: these are the parameters of `column_sums_T(const T *y, float *partial, int p, int c)`. A block
    // reads its chunk of the pixels in `y`, and writes two rows of `c` numbers to its own place in `partial`,
    // which has one for every block of the grid.
    unsafe { launch(Class::Bias, &name, grid, &arguments) }?;

    let arguments = [
        Argument::Reads(Reading::whole(&partial)?),
        Argument::Writes(out.values(dtype, channels)?),
        Argument::count(channels)?,
        Argument::count(CHUNKS)?,
    ];
    let (name, grid) = (
        format!("add_chunks_{}", type_name(dtype)?),
        Grid::each(channels, THREADS)?,
    );
    // SAFETY: these are the parameters of `add_chunks_T(const float *partial, T *out, int c, int chunks)`.
    // The thread of a channel, if there is one, reads that channel in the first row of each of the `chunks`,
    // and writes it to `out`.
    unsafe { launch(Class::Bias, &name, grid, &arguments) }
}
