//! Pooling, nearest up-sampling and concatenation: kernels that move pixels and channels, eight channels at a
//! time.

use candle_core::{CudaStorage, Result, Shape};

use super::launch::{Argument, Grid, int, launch};
use super::memory::{Reading, Writing, allocate, type_name};
use super::profile::Class;
use crate::ops::convolution::CHANNEL_UNIT;

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

/// Channels `start..start + part` of the `all` channels of every one of `pixels`.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Pixels of all images.
    pub pixels: usize,
    /// Channels of the whole.
    pub all: usize,
    /// The first channel of the piece.
    pub start: usize,
    /// Channels of the piece.
    pub part: usize,
}

impl Section {
    /// What both kernels are told, `u64 count, int all, int start, int part` in vectors of eight, once it is
    /// known that the piece lies in the whole.
    fn told(self) -> Result<[Argument<'static>; 4]> {
        let Self { all, start, part, .. } = self;
        let in_vectors = [all, start, part].map(|channels| channels.is_multiple_of(CHANNEL_UNIT));
        if in_vectors != [true; 3] || part == 0 || start > all || part > all - start {
            candle_core::bail!("fused concatenation: {part} channels from {start} on of {all}")
        }
        Ok([
            Argument::Long(self.vectors() as u64),
            Argument::count(all / CHANNEL_UNIT)?,
            Argument::count(start / CHANNEL_UNIT)?,
            Argument::count(part / CHANNEL_UNIT)?,
        ])
    }

    fn vectors(self) -> usize {
        self.pixels * self.part / CHANNEL_UNIT
    }
}

/// Copies `piece` to its section of `whole`.
pub fn put(whole: Writing, piece: Reading, section: Section) -> Result<()> {
    let dtype = piece.dtype();
    let [count, all, start, part] = section.told()?;
    let arguments = [
        Argument::Writes(whole.vectors(dtype, section.pixels * section.all)?),
        Argument::Reads(piece.vectors(dtype, section.pixels * section.part)?),
        count,
        all,
        start,
        part,
    ];
    let name = format!("put_channels_{}", type_name(dtype)?);
    // SAFETY: these are the parameters of `put_channels_T(T *whole, T *piece, u64 count, int all, int start,
    // int part)`, which only reads `piece`. A thread takes vector after vector of `piece` below `count`, and
    // writes it to the same pixel of `whole`, `start` vectors further on, which is below `all`.
    unsafe { launch(Class::Resample, &name, Grid::over(section.vectors()), &arguments) }
}

/// The section of `whole`, as a piece of its own.
pub fn take(whole: Reading, section: Section) -> Result<CudaStorage> {
    let (dtype, len) = (whole.dtype(), section.pixels * section.part);
    let mut piece = allocate(whole.device(), &Shape::from(len), dtype)?;
    let [count, all, start, part] = section.told()?;
    let arguments = [
        Argument::Reads(whole.vectors(dtype, section.pixels * section.all)?),
        Argument::Writes(Writing::whole(&mut piece)?.vectors(dtype, len)?),
        count,
        all,
        start,
        part,
    ];
    let name = format!("take_channels_{}", type_name(dtype)?);
    // SAFETY: these are the parameters of `take_channels_T(T *whole, T *piece, u64 count, int all, int start,
    // int part)`, which only reads `whole`. A thread writes vector after vector of `piece` below `count`, and
    // reads it from the same pixel of `whole`, `start` vectors further on, which is below `all`.
    unsafe { launch(Class::Resample, &name, Grid::over(section.vectors()), &arguments) }?;
    Ok(piece)
}
