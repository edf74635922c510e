//! Whether a network uses its condition: what the loss loses when the conditions of a batch are exchanged
//! (permutation importance, Breiman 2001, "Random forests"), and how far apart the velocities of
//! two conditions are. A network that ignores its condition has 0 in both, however low its loss is. The same
//! is asked of the controls: what does the loss lose with those of another imaging batch?

use candle_core::Tensor;
use serde::Serialize;

use crate::TrainError;
use crate::step::{FlowBatch, Velocity, point_and_target, squares};

/// How much a network uses its condition, over the pairs whose condition could be exchanged for another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConditionUse {
    /// Mean squared error of the velocity under another condition of the batch, minus that under the pair's
    /// own: above 0 where the condition helps.
    pub shuffled_gap: f64,
    /// Root mean square of the difference between the two velocities, relative to that of the velocity under
    /// the own condition.
    pub velocity_distance: f64,
    /// Pairs whose condition was exchanged.
    pub exchanged: usize,
    /// Mean squared error of the velocity from a control of another imaging batch, minus that from the pair's
    /// own control, both under the own condition: above 0 where controls of the own batch serve better. None
    /// where no control could be exchanged for one of another batch, and for a flow from noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_batch_gap: Option<f64>,
}

/// How many numbers [`Sums`] are.
pub(crate) const NUMBERS: usize = 6;

/// Sums over batches and times.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    gap: f64,
    difference: f64,
    velocity: f64,
    samples: usize,
    other_batch: f64,
    elsewhere: usize,
}

impl Sums {
    /// Adds a batch at its times. `imaged` is the imaging batch of each sample's control, as far as it is
    /// known; empty where the flow does not start from controls.
    ///
    /// # Errors
    /// The network's.
    pub(crate) fn add(
        &mut self,
        network: &impl Velocity,
        batch: &FlowBatch,
        imaged: &[Option<u32>],
    ) -> Result<(), TrainError> {
        let other = exchanged(&batch.conditions);
        let (point, target) = point_and_target(batch)?;
        let own = network.velocity(&point, &batch.times, &batch.conditions, None)?;
        let under_other = network.velocity(&point, &batch.times, &other, None)?;
        let errors = [&own, &under_other].map(|velocity| squares(&(velocity - &target)?));
        let [own_errors, other_errors] = errors;
        let own_errors = own_errors?;
        let rows = own_errors
            .iter()
            .zip(other_errors?)
            .zip(squares(&(&own - &under_other)?)?)
            .zip(squares(&own)?);
        let changed = batch
            .conditions
            .iter()
            .zip(&other)
            .map(|(own, other)| own != other);
        for ((((own_error, other_error), difference), velocity), changed) in rows.zip(changed) {
            if changed {
                self.gap += other_error - own_error;
                self.difference += difference;
                self.velocity += velocity;
                self.samples += 1;
            }
        }
        self.add_other_batches(network, batch, imaged, &own_errors)
    }

    /// Adds what the errors become with the controls of samples of other imaging batches.
    fn add_other_batches(
        &mut self,
        network: &impl Velocity,
        batch: &FlowBatch,
        imaged: &[Option<u32>],
        own_errors: &[f64],
    ) -> Result<(), TrainError> {
        let from = others(imaged);
        let key = |at: usize| imaged.get(at).copied().flatten();
        let elsewhere: Vec<bool> = from
            .iter()
            .enumerate()
            .map(|(at, &from)| key(at).zip(key(from)).is_some_and(|(own, other)| own != other))
            .collect();
        if imaged.len() != batch.len() || !elsewhere.contains(&true) {
            return Ok(());
        }
        let places: Vec<u32> = from.iter().filter_map(|&at| u32::try_from(at).ok()).collect();
        let places = Tensor::from_vec(places, from.len(), batch.x0.device())?;
        let moved = FlowBatch {
            x0: batch.x0.index_select(&places, 0)?,
            ..batch.clone()
        };
        let (point, target) = point_and_target(&moved)?;
        let velocity = network.velocity(&point, &batch.times, &batch.conditions, None)?;
        let errors = squares(&(velocity - target)?)?;
        for ((error, own), elsewhere) in errors.into_iter().zip(own_errors).zip(elsewhere) {
            if elsewhere {
                self.other_batch += error - own;
                self.elsewhere += 1;
            }
        }
        Ok(())
    }

    /// The sums as numbers, for other processes.
    pub(crate) fn numbers(self) -> [f64; NUMBERS] {
        [
            self.gap,
            self.difference,
            self.velocity,
            self.samples as f64,
            self.other_batch,
            self.elsewhere as f64,
        ]
    }

    /// The sums that numbers are, together with these.
    pub(crate) fn plus(self, numbers: [f64; NUMBERS]) -> Self {
        let [gap, difference, velocity, samples, other_batch, elsewhere] = numbers;
        Self {
            gap: self.gap + gap,
            difference: self.difference + difference,
            velocity: self.velocity + velocity,
            samples: self.samples + samples as usize,
            other_batch: self.other_batch + other_batch,
            elsewhere: self.elsewhere + elsewhere as usize,
        }
    }

    /// The means over all samples, each of which was added at `times` times; none where no condition could be
    /// exchanged.
    pub(crate) fn finish(self, times: usize) -> Option<ConditionUse> {
        let count = (self.samples > 0).then_some(self.samples as f64)?;
        let relative = (self.difference / self.velocity).sqrt();
        Some(ConditionUse {
            shuffled_gap: self.gap / count,
            velocity_distance: if self.difference > 0.0 { relative } else { 0.0 },
            exchanged: self.samples / times.max(1),
            other_batch_gap: (self.elsewhere > 0).then(|| self.other_batch / self.elsewhere as f64),
        })
    }
}

/// The conditions of a batch in another order, so that each sample has another's.
fn exchanged(conditions: &[Option<u32>]) -> Vec<Option<u32>> {
    let condition = |at: usize| conditions.get(at).copied().flatten();
    others(conditions).into_iter().map(condition).collect()
}

/// For each sample the place of another one, whose key is another where possible: in the keys' own order
/// every one moves on by as many places as the most frequent has. All are then different where that one is at
/// most half of them.
fn others(keys: &[Option<u32>]) -> Vec<usize> {
    let key = |at: usize| keys.get(at).copied().flatten();
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|&at| key(at));
    let alike = order.chunk_by(|&a, &b| key(a) == key(b));
    let most = alike.map(<[_]>::len).max().unwrap_or(0);
    let mut moved = order.clone();
    moved.rotate_left(most);
    let mut other = vec![0; keys.len()];
    for (at, from) in order.into_iter().zip(moved) {
        if let Some(place) = other.get_mut(at) {
            *place = from;
        }
    }
    other
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// `v = k c` in every pixel, with the row c of the condition.
    struct Constant(f64);

    impl Velocity for Constant {
        fn velocity(
            &self,
            x: &Tensor,
            _times: &[f64],
            conditions: &[Option<u32>],
            _dropout: Option<u64>,
        ) -> Result<Tensor, TrainError> {
            let rows = conditions
                .iter()
                .map(|row| row.unwrap_or(0) as f32)
                .collect::<Vec<_>>();
            let rows = Tensor::from_vec(rows, (conditions.len(), 1, 1, 1), x.device())?;
            Ok((x.zeros_like()?.broadcast_add(&rows)? * self.0)?)
        }
    }

    /// Two samples: row 4 moves every pixel by 2, row 0 leaves it.
    fn batch() -> FlowBatch {
        let images = |second: f32| {
            let values = [vec![second; 4], vec![-1.0; 4]].concat();
            Tensor::from_vec(values, (2, 1, 2, 2), &Device::Cpu).unwrap()
        };
        FlowBatch {
            x0: images(-1.0),
            x1: images(1.0),
            path: None,
            times: vec![0.3, 0.3],
            conditions: vec![Some(4), Some(0)],
            dropout: 0,
        }
    }

    fn found(network: &Constant) -> ConditionUse {
        let mut sums = Sums::default();
        for _ in 0..2 {
            sums.add(network, &batch(), &[]).unwrap();
        }
        sums.finish(2).unwrap()
    }

    #[test]
    fn a_network_that_uses_its_condition_loses_by_another_s_as_computed_by_hand() {
        // Right: 2 and 0. Exchanged: 0 and 2, each wrong by 2.
        let found = found(&Constant(0.5));
        assert!((found.shuffled_gap - 4.0).abs() < 1e-6, "{found:?}");
        // A difference of 2 in both, velocities of 2 and 0.
        assert!((found.velocity_distance - 2f64.sqrt()).abs() < 1e-6, "{found:?}");
        assert_eq!(found.exchanged, 2);
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "exactly nothing")]
    fn a_network_that_ignores_its_condition_has_nothing_of_either() {
        let found = found(&Constant(0.0));
        assert_eq!((found.shuffled_gap, found.velocity_distance), (0.0, 0.0));
    }

    #[test]
    fn a_control_of_another_batch_costs_what_is_computed_by_hand() {
        let images = |values: [f32; 2]| {
            let values = values.map(|value| vec![value; 4]).concat();
            Tensor::from_vec(values, (2, 1, 2, 2), &Device::Cpu).unwrap()
        };
        // Right from the own controls: 2 and 0. From each other's it is 1 for both.
        let batch = FlowBatch {
            x0: images([-1.0, 0.0]),
            x1: images([1.0, 0.0]),
            ..batch()
        };
        let gap = |imaged: &[Option<u32>]| {
            let mut sums = Sums::default();
            sums.add(&Constant(0.5), &batch, imaged).unwrap();
            let numbers = sums.numbers();
            Sums::default().plus(numbers).finish(1).unwrap().other_batch_gap
        };
        let found = gap(&[Some(3), Some(8)]).unwrap();
        assert!((found - 1.0).abs() < 1e-6, "{found}");
        for same in [&[Some(3), Some(3)][..], &[Some(3), None], &[]] {
            assert_eq!(gap(same), None, "{same:?}");
        }
    }

    #[test]
    fn conditions_are_exchanged_for_others_and_none_is_lost() {
        let rows = |list: &[u32]| list.iter().copied().map(Some).collect::<Vec<_>>();
        for (list, changed) in [
            (vec![1, 1, 2, 2, 3], 5),
            (vec![3, 1, 2, 1, 3, 2, 1, 3], 8),
            (vec![1, 1, 1, 2], 2),
            (vec![5, 5], 0),
            (vec![], 0),
        ] {
            let own = rows(&list);
            let other = exchanged(&own);
            let differ = own.iter().zip(&other).filter(|(own, other)| own != other).count();
            assert_eq!(differ, changed, "{list:?}");
            let sorted = |mut list: Vec<Option<u32>>| {
                list.sort_unstable();
                list
            };
            assert_eq!(sorted(own), sorted(other));
        }
        assert!(Sums::default().finish(5).is_none());
    }
}
