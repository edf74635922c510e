//! Softmax of rows and its gradient on a GPU, in place.

#![allow(
    unsafe_code,
    reason = "launches of kernels, which Rust cannot check; each says what was checked instead"
)]

use candle_core::Result;

use crate::CHANNEL_UNIT;
use crate::cuda::kernels::THREADS;
use crate::cuda::launch::{Argument, Grid, launch};
use crate::cuda::memory::{Reading, Writing, type_name};
use crate::cuda::profile::Class;

/// Rows per block: a warp for each.
const ROWS: u32 = THREADS / 32;

/// Rows of `columns` values in `len`; the kernels read eight at a time.
fn rows(len: usize, columns: usize) -> Result<usize> {
    if columns == 0 || !columns.is_multiple_of(CHANNEL_UNIT) || !len.is_multiple_of(columns) {
        candle_core::bail!(
            "a fused softmax over {columns} of {len} values, expected a multiple of {CHANNEL_UNIT}"
        )
    }
    Ok(len / columns)
}

/// Softmax of every row of `columns` values, in place.
pub fn softmax(scores: Writing, columns: usize) -> Result<()> {
    let (dtype, len) = (scores.dtype(), scores.len());
    let rows = rows(len, columns)?;
    let arguments = [
        Argument::Writes(scores.vectors(dtype, len)?),
        Argument::count(rows)?,
        Argument::count(columns)?,
    ];
    let name = format!("softmax_{}", type_name(dtype)?);
    // SAFETY: these are the parameters of `softmax_T(T *scores, int rows, int columns)`. The warp of a row,
    // if there is one, reads and writes that row of `scores`.
    unsafe { launch(Class::Attention, &name, Grid::each(rows, ROWS)?, &arguments) }
}

/// `gradient`, that of the weights, to `scale` times that of the scores, in place. `weights` are the
/// softmax's result.
pub fn gradient(weights: Reading, gradient: Writing, columns: usize, scale: f32) -> Result<()> {
    let (dtype, len) = (gradient.dtype(), gradient.len());
    let rows = rows(len, columns)?;
    let arguments = [
        Argument::Reads(weights.vectors(dtype, len)?),
        Argument::Writes(gradient.vectors(dtype, len)?),
        Argument::count(rows)?,
        Argument::count(columns)?,
        Argument::Float(scale),
    ];
    let name = format!("softmax_gradient_{}", type_name(dtype)?);
    // SAFETY: these are the parameters of `softmax_gradient_T(const T *weights, T *gradient, int rows,
    // int columns, float scale)`. The warp of a row, if there is one, reads that row of both, and writes it
    // to `gradient`.
    unsafe { launch(Class::Attention, &name, Grid::each(rows, ROWS)?, &arguments) }
}
