//! An update on a GPU: one pass over the memory, in place.

#![allow(
    unsafe_code,
    reason = "launches of kernels, which Rust cannot check; each says what was checked instead"
)]

use std::cell::Cell;

use candle_core::{CpuStorage, CudaStorage, DType, InplaceOp1, Layout, Result, Tensor};

use super::{FlatState, Update};
use crate::cuda::launch::{Argument, Grid, launch};
use crate::cuda::memory::{Reading, Writing, on_cuda};
use crate::cuda::profile::Class;

/// Updates `state` in place along `gradient`, `[P]` each and on one GPU.
pub fn update(state: &FlatState, gradient: &Tensor, update: &Update) -> Result<()> {
    let FlatState {
        weights,
        first,
        second,
        averaged,
    } = state;
    let gradient = gradient.contiguous()?;
    have_storages_of_their_own([weights, first, second, averaged, &gradient])?;
    let (storage, layout) = gradient.storage_and_layout();
    let gradient = Reading::of(on_cuda(&storage)?, layout)?;
    writing(weights, |weights| {
        writing(first, |first| {
            writing(second, |second| {
                writing(averaged, |averaged| {
                    step([weights, first, second, averaged], gradient, update)
                })
            })
        })
    })
}

/// One step of the weights, the moments and the average, in this order.
fn step(state: [Writing; 4], gradient: Reading, update: &Update) -> Result<()> {
    let count = gradient.len();
    let [weights, first, second, averaged] = state;
    let number = |number: f64| Argument::Float(number as f32);
    let arguments = [
        Argument::Writes(weights.values(DType::F32, count)?),
        Argument::Writes(first.values(DType::F32, count)?),
        Argument::Writes(second.values(DType::F32, count)?),
        Argument::Writes(averaged.values(DType::F32, count)?),
        Argument::Reads(gradient.values(DType::F32, count)?),
        Argument::Long(count as u64),
        number(update.rate),
        number(update.betas[0]),
        number(update.betas[1]),
        number(1.0 / update.corrections[0]),
        number(1.0 / update.corrections[1]),
        number(update.epsilon),
        number(update.weight_decay),
        number(update.average),
    ];
    // SAFETY: these are the parameters of `adamw_ema(float *weights, float *first, float *second,
    // float *average, const float *gradient, u64 count, float rate, float beta1, float beta2,
    // float correction1, float correction2, float epsilon, float decay, float keep)`. A thread takes number
    // after number below `count`, which is the length of all five.
    unsafe { launch(Class::Optimiser, "adamw_ema", Grid::over(count), &arguments) }
}

/// Refuses tensors if two of them share a storage: below all are locked at the same time.
fn have_storages_of_their_own(tensors: [&Tensor; 5]) -> Result<()> {
    let storages = tensors.map(|tensor| std::ptr::from_ref(&*tensor.storage_and_layout().0));
    let mut rest = storages.as_slice();
    while let Some((storage, others)) = rest.split_first() {
        if others.contains(storage) {
            candle_core::bail!("two tensors of the optimiser's state or its gradient share their memory")
        }
        rest = others;
    }
    Ok(())
}

/// Calls `call` with a tensor's values, under the lock that candle takes to write.
fn writing(tensor: &Tensor, call: impl FnOnce(Writing) -> Result<()>) -> Result<()> {
    tensor.inplace_op1(&InPlace(Cell::new(Some(call))))
}

/// A call that one operation of candle makes, once.
struct InPlace<F>(Cell<Option<F>>);

impl<F: FnOnce(Writing) -> Result<()>> InplaceOp1 for InPlace<F> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, _storage: &mut CpuStorage, _layout: &Layout) -> Result<()> {
        candle_core::bail!("expected a tensor on a CUDA device")
    }

    fn cuda_fwd(&self, storage: &mut CudaStorage, layout: &Layout) -> Result<()> {
        match self.0.take() {
            Some(call) => call(Writing::of(storage, layout)?),
            None => candle_core::bail!("an update that was already made"),
        }
    }
}
