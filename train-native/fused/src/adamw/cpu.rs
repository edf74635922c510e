//! An update in f32 on a CPU: one pass over the memory, shared by all threads.

use candle_core::{CpuStorage, Device, Layout, Result, Storage, Tensor};
use rayon::prelude::*;

use super::{FlatState, Update};

/// Numbers that one task updates.
const NUMBERS_OF_TASK: usize = 1 << 14;

/// The state after `update` along `gradient` `[P]`, in memory of its own.
pub fn updated(state: &FlatState, gradient: &Tensor, update: &Update) -> Result<FlatState> {
    let gradient = gradient.contiguous()?;
    let old = [
        &state.weights,
        &state.first,
        &state.second,
        &state.averaged,
        &gradient,
    ];
    let shape = gradient.shape();
    if let Some(other) = old.iter().find(|tensor| tensor.shape() != shape) {
        candle_core::bail!("a gradient {shape:?} of a state {:?}", other.shape());
    }
    let stored = old.map(Tensor::storage_and_layout);
    let [weights, first, second, averaged, gradient] = &stored;
    let old = [
        values(&weights.0, weights.1)?,
        values(&first.0, first.1)?,
        values(&second.0, second.1)?,
        values(&averaged.0, averaged.1)?,
        values(&gradient.0, gradient.1)?,
    ];
    let number = Number::new(update);
    let new = || vec![0.0; shape.elem_count()];
    let (mut weights, mut first, mut second, mut averaged) = (new(), new(), new(), new());
    weights
        .par_chunks_mut(NUMBERS_OF_TASK)
        .zip(first.par_chunks_mut(NUMBERS_OF_TASK))
        .zip(second.par_chunks_mut(NUMBERS_OF_TASK))
        .zip(averaged.par_chunks_mut(NUMBERS_OF_TASK))
        .enumerate()
        .for_each(|(task, (((weights, first), second), averaged))| {
            let start = task * NUMBERS_OF_TASK;
            let old = old.map(|values| &values[start..start + weights.len()]);
            number.update_all(old, [weights, first, second, averaged]);
        });
    let tensor = |values: Vec<f32>| Tensor::from_vec(values, shape, &Device::Cpu);
    Ok(FlatState {
        weights: tensor(weights)?,
        first: tensor(first)?,
        second: tensor(second)?,
        averaged: tensor(averaged)?,
    })
}

fn values<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(values)), Some((start, end))) => Ok(&values[start..end]),
        _ => candle_core::bail!("expected a contiguous f32 tensor on the CPU, found {layout:?}"),
    }
}

/// What happens to one number, in f32.
#[derive(Clone, Copy)]
struct Number {
    betas: [f32; 2],
    /// `1 - beta`.
    news: [f32; 2],
    /// Over the corrections.
    corrections: [f32; 2],
    epsilon: f32,
    rate: f32,
    /// What weight decay leaves.
    kept: f32,
    average: f32,
    new_average: f32,
}

impl Number {
    fn new(update: &Update) -> Self {
        Self {
            betas: update.betas.map(|beta| beta as f32),
            news: update.betas.map(|beta| (1.0 - beta) as f32),
            corrections: update.corrections.map(|correction| (1.0 / correction) as f32),
            epsilon: update.epsilon as f32,
            rate: update.rate as f32,
            kept: (1.0 - update.rate * update.weight_decay) as f32,
            average: update.average as f32,
            new_average: (1.0 - update.average) as f32,
        }
    }

    /// Weights, moments and average after the update, from those before it and the gradient.
    fn update_all(self, old: [&[f32]; 5], new: [&mut [f32]; 4]) {
        let [weights, first, second, averaged, gradient] = old;
        let old = weights
            .iter()
            .zip(first)
            .zip(second.iter().zip(averaged))
            .zip(gradient);
        let [weights, first, second, averaged] = new;
        let new = weights.iter_mut().zip(first).zip(second.iter_mut().zip(averaged));
        for (((weight, first), (second, averaged)), old) in new.zip(old) {
            let (((old_weight, old_first), (old_second, old_averaged)), gradient) = old;
            *first = old_first * self.betas[0] + gradient * self.news[0];
            *second = old_second * self.betas[1] + gradient * gradient * self.news[1];
            let root = (*second * self.corrections[1]).sqrt() + self.epsilon;
            let step = *first * self.corrections[0] / root;
            *weight = old_weight * self.kept - step * self.rate;
            *averaged = old_averaged * self.average + *weight * self.new_average;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adamw::plain;

    #[test]
    fn updates_in_one_pass_are_those_of_the_twin() {
        // More numbers than one task takes, and a remainder.
        let count = 2 * NUMBERS_OF_TASK + 37;
        let random = |spread: f32| Tensor::randn(0.0f32, spread, count, &Device::Cpu).unwrap();
        let start = FlatState {
            weights: random(1.0),
            first: random(0.1),
            second: random(0.1).sqr().unwrap(),
            averaged: random(1.0),
        };
        let gradient = random(0.3);
        let update = Update {
            rate: 0.01,
            betas: [0.9, 0.95],
            corrections: [0.1, 0.05],
            epsilon: 1e-8,
            weight_decay: 0.3,
            average: 0.97,
        };
        let of = |state: &FlatState| {
            [&state.weights, &state.first, &state.second, &state.averaged]
                .map(|tensor| tensor.to_vec1::<f32>().unwrap())
        };
        let ours = of(&updated(&start, &gradient, &update).unwrap());
        let twin = of(&plain::updated(&start, &gradient, &update).unwrap());
        for (ours, twin) in ours.iter().flatten().zip(twin.iter().flatten()) {
            // Both round the same operations.
            assert!((ours - twin).abs() <= 1e-6 * (1.0 + twin.abs()), "{ours} {twin}");
        }
    }

    #[test]
    fn a_gradient_of_another_length_is_refused() {
        let zeros = |count: usize| Tensor::zeros(count, candle_core::DType::F32, &Device::Cpu).unwrap();
        let state = FlatState {
            weights: zeros(4),
            first: zeros(4),
            second: zeros(4),
            averaged: zeros(4),
        };
        let update = Update {
            rate: 0.01,
            betas: [0.9, 0.95],
            corrections: [0.1, 0.05],
            epsilon: 1e-8,
            weight_decay: 0.0,
            average: 0.9,
        };
        assert!(updated(&state, &zeros(5), &update).is_err());
    }
}
