//! An update in candle's operations: the twin, which also runs on a CPU.

use candle_core::{Result, Tensor};

use super::{FlatState, Update};

/// The state after `update` along `gradient` `[P]`.
pub fn updated(state: &FlatState, gradient: &Tensor, update: &Update) -> Result<FlatState> {
    let mix = |old: &Tensor, decay: f64, new: Tensor| (old * decay)? + (new * (1.0 - decay))?;
    let [b1, b2] = update.betas;
    let [c1, c2] = update.corrections;
    let first = mix(&state.first, b1, gradient.clone())?;
    let second = mix(&state.second, b2, gradient.sqr()?)?;
    let step = ((&first / c1)? / ((&second / c2)?.sqrt()? + update.epsilon)?)?;
    let kept = (&state.weights * (1.0 - update.rate * update.weight_decay))?;
    let weights = (kept - (step * update.rate)?)?;
    let averaged = mix(&state.averaged, update.average, weights.clone())?;
    Ok(FlatState {
        weights,
        first,
        second,
        averaged,
    })
}
