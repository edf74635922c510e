//! Sums of 2x2 pixels, and pixels to 2x2, on a GPU, eight channels at a time.

#![allow(
    unsafe_code,
    reason = "launches of kernels, which Rust cannot check; each says what was checked instead"
)]

use candle_core::{CudaStorage, Result, Shape};

use crate::CHANNEL_UNIT;
use crate::cuda::launch::{Argument, Grid, int, launch};
use crate::cuda::memory::{Reading, Writing, allocate, type_name};
use crate::cuda::profile::Class;

/// Vectors of eight channels in `len` values that are rows of `width` pixels.
fn vectors(len: usize, width: usize, channels: usize) -> Result<usize> {
    int(width)?;
    int(channels)?;
    let row = width * channels;
    if row == 0 || !len.is_multiple_of(row) || !channels.is_multiple_of(CHANNEL_UNIT) {
        candle_core::bail!("fused resampling to or from {len} values in rows of {width} x {channels}")
    }
    Ok(len / CHANNEL_UNIT)
}

/// `factor` times the sum of every 2x2 pixels of `x` `[N, 2 H, 2 W, C]`, `[N, H, W, C]` with W `width` and C
/// `channels`.
pub fn gather(x: Reading, width: usize, channels: usize, factor: f32) -> Result<CudaStorage> {
    let (dtype, len) = (x.dtype(), x.len() / 4);
    let vectors = vectors(len, width, channels)?;
    let mut y = allocate(x.device(), &Shape::from(len), dtype)?;
    let arguments = [
        Argument::Reads(x.vectors(dtype, 4 * len)?),
        Argument::Writes(Writing::whole(&mut y)?.vectors(dtype, len)?),
        Argument::Long(vectors as u64),
        Argument::count(width)?,
        Argument::count(channels / CHANNEL_UNIT)?,
        Argument::Float(factor),
    ];
    let name = format!("gather_pixels_{}", type_name(dtype)?);
    // SAFETY: these are the parameters of `gather_pixels_T(const T *x, T *y, u64 count, int width,
    // int vectors, float factor)`. A thread writes vector after vector of `y` below `count`, and reads four
    // of `x`, which has rows twice as long and twice as many: `y` is whole rows, and `x` has four times its
    // values.
    unsafe { launch(Class::Resample, &name, Grid::over(vectors), &arguments) }?;
    Ok(y)
}

/// `factor` times every pixel of `x` `[N, H, W, C]` to 2x2, `[N, 2 H, 2 W, C]`, with W `width` and C
/// `channels`.
pub fn spread(x: Reading, width: usize, channels: usize, factor: f32) -> Result<CudaStorage> {
    let (dtype, len) = (x.dtype(), x.len());
    let vectors = vectors(len, width, channels)?;
    let mut y = allocate(x.device(), &Shape::from(4 * len), dtype)?;
    let arguments = [
        Argument::Reads(x.vectors(dtype, len)?),
        Argument::Writes(Writing::whole(&mut y)?.vectors(dtype, 4 * len)?),
        Argument::Long(vectors as u64),
        Argument::count(width)?,
        Argument::count(channels / CHANNEL_UNIT)?,
        Argument::Float(factor),
    ];
    let name = format!("spread_pixels_{}", type_name(dtype)?);
    // SAFETY: these are the parameters of `spread_pixels_T(const T *x, T *y, u64 count, int width,
    // int vectors, float factor)`. A thread reads vector after vector of `x` below `count`, and writes four
    // of `y`, which has rows twice as long and twice as many: `x` is whole rows, and `y` has four times its
    // values.
    unsafe { launch(Class::Resample, &name, Grid::over(vectors), &arguments) }?;
    Ok(y)
}
