//! Packing and unpacking on a GPU.

#![allow(
    unsafe_code,
    reason = "launches of kernels, which Rust cannot check; each says what was checked instead"
)]

use candle_core::{CudaStorage, DType, Result, Shape};

use super::Sizes;
use crate::cuda::launch::{Argument, Grid, launch};
use crate::cuda::memory::{Reading, Writing, allocate, type_name};
use crate::cuda::profile::Class;

/// The sizes that both kernels are given: `int o, int i, int taps, int po, int pi`.
fn told(sizes: Sizes) -> Result<[Argument<'static>; 5]> {
    let (outputs, inputs) = sizes.padded();
    Ok([
        Argument::count(sizes.outputs)?,
        Argument::count(sizes.inputs)?,
        Argument::count(sizes.taps)?,
        Argument::count(outputs)?,
        Argument::count(inputs)?,
    ])
}

/// `weight` `[O, I, taps]` and `bias` `[O]` as one tensor of `dtype`, in cuDNN's order and padded with zeros.
pub fn pack(weight: Reading, bias: Reading, sizes: Sizes, dtype: DType) -> Result<CudaStorage> {
    let (from, len) = (weight.dtype(), sizes.packed_len());
    let mut out = allocate(weight.device(), &Shape::from(len), dtype)?;
    let [outputs, inputs, taps, padded_outputs, padded_inputs] = told(sizes)?;
    let arguments = [
        Argument::Reads(weight.values(from, sizes.kernel_len())?),
        Argument::Reads(bias.values(from, sizes.outputs)?),
        Argument::Writes(Writing::whole(&mut out)?),
        outputs,
        inputs,
        taps,
        padded_outputs,
        padded_inputs,
    ];
    let name = format!("pack_{}_{}", type_name(from)?, type_name(dtype)?);
    // SAFETY: these are the parameters of `pack_S_T(const S *weight, const S *bias, T *out, int o, int i,
    // int taps, int po, int pi)`. A thread writes value after value below `po taps pi + po`, as many as `out`
    // has, and reads the weight or the bias that belongs there if its output is below `o` and its input below
    // `i`.
    unsafe { launch(Class::Bias, &name, Grid::over(len), &arguments) }?;
    Ok(out)
}

/// The way back, for gradients: `packed` to the kernel `[O, I, taps]` and the bias `[O]`, one after the
/// other.
pub fn unpack(packed: Reading, sizes: Sizes, dtype: DType) -> Result<CudaStorage> {
    let (from, len) = (packed.dtype(), sizes.len());
    let mut out = allocate(packed.device(), &Shape::from(len), dtype)?;
    let [outputs, inputs, taps, padded_outputs, padded_inputs] = told(sizes)?;
    let arguments = [
        Argument::Reads(packed.values(from, sizes.packed_len())?),
        Argument::Writes(Writing::whole(&mut out)?),
        outputs,
        inputs,
        taps,
        padded_outputs,
        padded_inputs,
    ];
    let name = format!("unpack_{}_{}", type_name(dtype)?, type_name(from)?);
    // SAFETY: these are the parameters of `unpack_S_T(const T *packed, S *out, int o, int i, int taps,
    // int po, int pi)`, whose name has the type of `out` first. A thread writes value after value below
    // `o i taps + o`, as many as `out` has, and reads each from its place among the `po taps pi + po` of
    // `packed`.
    unsafe { launch(Class::Bias, &name, Grid::over(len), &arguments) }?;
    Ok(out)
}
