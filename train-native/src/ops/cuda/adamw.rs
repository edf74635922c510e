//! `AdamW` and the average of the weights in one pass over flat f32 tensors; the twin is
//! [`FlatState::updated`](crate::step::FlatState::updated) on a CPU.

use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{Result, Tensor};

use super::profile::Class;
use super::{Argument, Grid, launch, tensor_address};
use crate::step::{FlatState, Update};

/// Whether the kernel was found to differ from its twin.
static REPLACED: AtomicBool = AtomicBool::new(false);

/// Leaves updates to candle's operations from now on.
pub fn replace() {
    REPLACED.store(true, Ordering::Relaxed);
}

/// Whether updates are left to candle's operations.
pub fn is_replaced() -> bool {
    REPLACED.load(Ordering::Relaxed)
}

/// Updates `state` in place along `gradient`, `[P]` each and on one GPU.
pub fn update(state: &FlatState, gradient: &Tensor, update: &Update) -> Result<()> {
    let gradient = gradient.contiguous()?;
    let count = gradient.elem_count();
    let FlatState {
        weights,
        first,
        second,
        averaged,
    } = state;
    let mut arguments = Vec::new();
    for tensor in [weights, first, second, averaged, &gradient] {
        if tensor.elem_count() != count || tensor.dtype() != candle_core::DType::F32 {
            candle_core::bail!(
                "a state of {:?} and a gradient of {:?}",
                tensor.shape(),
                gradient.shape()
            )
        }
        arguments.push(Argument::Pointer(tensor_address(tensor)?));
    }
    arguments.push(Argument::Long(count as u64));
    let numbers = [
        update.rate,
        update.betas[0],
        update.betas[1],
        1.0 / update.corrections[0],
        1.0 / update.corrections[1],
        update.epsilon,
        update.weight_decay,
        update.average,
    ];
    arguments.extend(numbers.map(|number| Argument::Float(number as f32)));
    launch(
        gradient.device().as_cuda_device()?,
        Class::Optimiser,
        "adamw_ema",
        Grid::over(count),
        &arguments,
    )
}
