//! `AdamW` with the average of the weights, over flat tensors `[P]`: in one pass over the memory, on a GPU in
//! place.
//!
//! With a gradient `g`, moments `m` and `s`, weights `w` and their average `a` (Loshchilov and Hutter 2019,
//! algorithm 2, decay scaled by the rate as PyTorch does):
//!
//! ```text
//! m = b1 m + (1 - b1) g,   s = b2 s + (1 - b2) g^2
//! w = w (1 - rate decay) - rate (m / c1) / (sqrt(s / c2) + epsilon)
//! a = d a + (1 - d) w
//! ```

mod cpu;
#[cfg(feature = "cudnn")]
pub(crate) mod cuda;
mod plain;

use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{DType, Result, Tensor};

/// Whether the kernel was found to differ from its twin.
static REPLACED: AtomicBool = AtomicBool::new(false);

/// From now on updates use candle's operations.
pub fn replace() {
    REPLACED.store(true, Ordering::Relaxed);
}

/// Everything that the optimiser keeps, each `[P]`, f32.
#[derive(Clone, Debug)]
pub struct FlatState {
    /// The weights, in f32 whatever the network computes in.
    pub weights: Tensor,
    /// Running mean of the gradient.
    pub first: Tensor,
    /// Running mean of its square.
    pub second: Tensor,
    /// Exponential average of the weights: what is validated, sampled and exported.
    pub averaged: Tensor,
}

/// The numbers of one update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// Learning rate.
    pub rate: f64,
    /// Decay of the first and second moment, `b1` and `b2`.
    pub betas: [f64; 2],
    /// `1 - beta^n`, which corrects the moments' start at zero: `c1` and `c2`.
    pub corrections: [f64; 2],
    /// Added to the second moment's root.
    pub epsilon: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Decay of the average, `d`.
    pub average: f64,
}

impl FlatState {
    /// The state after `update` along `gradient` `[P]`. On a GPU it is this one, changed in place.
    ///
    /// # Errors
    /// When candle fails.
    pub fn updated(&self, gradient: &Tensor, update: &Update) -> Result<Self> {
        #[cfg(feature = "cudnn")]
        if gradient.device().is_cuda() && !REPLACED.load(Ordering::Relaxed) {
            cuda::update(self, gradient, update)?;
            return Ok(self.clone());
        }
        if gradient.device().is_cpu() && gradient.dtype() == DType::F32 {
            return cpu::updated(self, gradient, update);
        }
        plain::updated(self, gradient, update)
    }
}
