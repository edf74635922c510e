//! Channels put into a section of a feature map and taken from one, on a GPU, eight at a time.

#![allow(
    unsafe_code,
    reason = "launches of kernels, which Rust cannot check; each says what was checked instead"
)]

use candle_core::{CudaStorage, Result, Shape};

use crate::CHANNEL_UNIT;
use crate::cuda::launch::{Argument, Grid, launch};
use crate::cuda::memory::{Reading, Writing, allocate, type_name};
use crate::cuda::profile::Class;

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
    /// The arguments of both kernels, `u64 count, int all, int start, int part` in vectors of eight, after a
    /// check that the piece lies in the whole.
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

/// A tensor of `pixels` with its channels and, after them, another's, as one.
pub fn concatenate(
    (x, first): (Reading, usize),
    (skip, second): (Reading, usize),
    pixels: usize,
) -> Result<CudaStorage> {
    let all = first + second;
    let mut out = allocate(x.device(), &Shape::from((pixels, all)), x.dtype())?;
    let section = |start, part| Section {
        pixels,
        all,
        start,
        part,
    };
    put(Writing::whole(&mut out)?, x, section(0, first))?;
    put(Writing::whole(&mut out)?, skip, section(first, second))?;
    Ok(out)
}

/// Copies `piece` to its section of `whole`.
fn put(whole: Writing, piece: Reading, section: Section) -> Result<()> {
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
