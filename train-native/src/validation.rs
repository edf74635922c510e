//! The validation loss: by time, of the averaged weights, with the condition, without noise or augmentation.
//!
//! The times and the measure are those of the reference's own curves, so that numbers can be compared.

use candle_core::Device;
use cellflux_image::spec::ModelRange;
use serde::Serialize;

use crate::TrainError;
use crate::condition_use::{self, ConditionUse, Sums};
use crate::config::FlowSource;
use crate::difference::Difference;
use crate::generated::Generated;
use crate::ranks::Ranks;
use crate::step::{Draws, FlowBatch, Sample, Velocity, View, normal, point_and_target, squares};
use cellflux_data::random::{Purpose, stream};
use cellflux_data::{Entry, HostBatch};

/// The times at which the loss is measured.
pub const TIMES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

/// Mean squared errors of the velocity, over all pairs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Validation {
    /// At each of [`TIMES`].
    pub by_time: [f64; 5],
    /// Their mean.
    pub loss: f64,
    /// The zero predictor's, the same at every time.
    pub zero: f64,
    /// Pairs.
    pub pairs: usize,
    /// How much the network uses its condition, where that is asked for and the pairs have several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<ConditionUse>,
    /// What generated cells measure, where the run selects its checkpoint by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
    /// The mean over [`TIMES`] of each pair's error, in the pairs' order.
    #[serde(skip)]
    pub by_pair: Vec<f64>,
    /// Beside an earlier validation of the same pairs, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
}

/// How fixed pairs become a flow batch: no dropped condition, no augmentation, and noise only where the flow
/// starts from it.
#[derive(Clone, Copy, Debug)]
pub struct Fixed<'a> {
    /// Where the flow starts.
    pub source: FlowSource,
    /// Decides the noise of a flow from noise.
    pub seed: u64,
    /// The model's range.
    pub range: ModelRange,
    /// Where the tensors go.
    pub device: &'a Device,
    /// The experiment's images, which say in which imaging batch a control lies.
    pub entries: &'a [Entry],
}

impl Fixed<'_> {
    /// The flow batch of fixed pairs at time `t`; the first pair is number `first` of its split.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] when the pairs do not fit their shape.
    pub fn batch(&self, pairs: &HostBatch, first: u64, t: f64) -> Result<FlowBatch, TrainError> {
        let values = pairs.channels * pairs.height * pairs.width;
        let sample = |index: usize| {
            let mut numbers = stream(self.seed, Purpose::Evaluation, 0, first + index as u64);
            Sample {
                time: t,
                conditioned: true,
                control: View::default(),
                treated: View::default(),
                noise: (self.source == FlowSource::Noise).then(|| normal(&mut numbers, 1.0, values)),
                path: None,
            }
        };
        let draws = Draws {
            samples: (0..pairs.len()).map(sample).collect(),
            dropout: 0,
        };
        FlowBatch::new(pairs, &draws, self.source, self.range, self.device)
    }

    /// The imaging batch of each pair's control, as far as it is known; empty for a flow from noise.
    fn imaged(&self, pairs: &HostBatch) -> Vec<Option<u32>> {
        if self.source == FlowSource::Noise {
            return Vec::new();
        }
        let controls = pairs.pairs.iter().map(|pair| pair.control as usize);
        controls
            .map(|control| self.entries.get(control).map(|entry| entry.batch))
            .collect()
    }
}

/// A pair's errors: its number, one at each of [`TIMES`], the zero predictor's.
const NUMBERS: usize = TIMES.len() + 2;

/// Measures the loss of `network` on fixed pairs, and with `condition_use` also how much it uses its
/// condition and its control's batch, which takes up to three more evaluations for each one. `batches` are
/// those that fall to this process, each with its first pair's number; all processes get the figures of all
/// pairs.
///
/// # Errors
/// The network's or the data's, and those of another process.
pub fn validate(
    network: &impl Velocity,
    batches: impl IntoIterator<Item = Result<(usize, HostBatch), TrainError>>,
    fixed: Fixed,
    condition_use: bool,
    ranks: &Ranks,
) -> Result<Validation, TrainError> {
    let mut found: Vec<f64> = Vec::new();
    let mut uses = Sums::default();
    for batch in batches {
        let (first, batch) = batch?;
        let mut flow = fixed.batch(&batch, first as u64, 0.0)?;
        let mut pairs: Vec<[f64; NUMBERS]> = vec![[0.0; NUMBERS]; batch.len()];
        for (time, t) in TIMES.into_iter().enumerate() {
            flow.times.fill(t);
            let (point, target) = point_and_target(&flow)?;
            let velocity = network.velocity(&point, &flow.times, &flow.conditions, None)?;
            let errors = squares(&(velocity - &target)?)?;
            let zeros = squares(&target)?;
            for (index, (pair, (error, zero))) in
                pairs.iter_mut().zip(errors.into_iter().zip(zeros)).enumerate()
            {
                pair[0] = (first + index) as f64;
                pair[1 + time] = error;
                pair[NUMBERS - 1] = zero;
            }
            if condition_use {
                uses.add(network, &flow, &fixed.imaged(&batch))?;
            }
        }
        found.extend(pairs.as_flattened());
    }
    let mut pairs: Vec<[f64; NUMBERS]> = Vec::new();
    for other in ranks.numbers(&found)? {
        pairs.extend(other.as_chunks::<NUMBERS>().0);
    }
    // In one order, so that sums have the same bits however many processes there are.
    pairs.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let uses = ranks
        .numbers(&uses.numbers())?
        .iter()
        .fold(Sums::default(), |sum, other| {
            other
                .first_chunk::<{ condition_use::NUMBERS }>()
                .map_or(sum, |numbers| sum.plus(*numbers))
        });
    Ok(of_pairs(&pairs, uses))
}

fn of_pairs(pairs: &[[f64; NUMBERS]], uses: Sums) -> Validation {
    let share = 1.0 / pairs.len().max(1) as f64;
    let mean = |at: usize| pairs.iter().map(|pair| pair[at]).sum::<f64>() * share;
    let by_time: [f64; TIMES.len()] = std::array::from_fn(|time| mean(1 + time));
    let times = 1..=TIMES.len();
    let by_pair = pairs
        .iter()
        .map(|pair| pair[times.clone()].iter().sum::<f64>() / TIMES.len() as f64);
    Validation {
        by_time,
        loss: by_time.iter().sum::<f64>() / by_time.len() as f64,
        zero: mean(NUMBERS - 1),
        pairs: pairs.len(),
        condition: uses.finish(TIMES.len()),
        generated: None,
        by_pair: by_pair.collect(),
        difference: None,
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Tensor;

    use super::*;
    use crate::ranks::threads;
    use cellflux_data::Pair;

    /// `v = t x`, the same under every condition.
    struct Scaled;

    impl Velocity for Scaled {
        fn velocity(
            &self,
            x: &Tensor,
            times: &[f64],
            _conditions: &[Option<u32>],
            _dropout: Option<u64>,
        ) -> Result<Tensor, TrainError> {
            let times: Vec<f32> = times.iter().map(|&t| t as f32).collect();
            let times = Tensor::from_vec(times, (x.dim(0)?, 1, 1, 1), x.device())?;
            Ok(x.broadcast_mul(&times)?)
        }
    }

    fn batch(number: usize) -> HostBatch {
        let count = if number == 2 { 1 } else { 2 };
        let bytes = |from: usize| (0..4 * count).map(|i| (from + 31 * i) as u8).collect();
        HostBatch {
            control: bytes(7 * number),
            treated: bytes(90 + 11 * number),
            conditions: (0..count as u32).collect(),
            pairs: vec![
                Pair {
                    control: 0,
                    treated: 1,
                    condition: 0,
                };
                count
            ],
            channels: 1,
            height: 2,
            width: 2,
        }
    }

    fn found(ranks: &Ranks) -> Validation {
        let fixed = Fixed {
            source: FlowSource::Control,
            seed: 1,
            range: ModelRange::default(),
            device: &Device::Cpu,
            entries: &[],
        };
        let own = (0..3).skip(ranks.rank()).step_by(ranks.size());
        let batches = own.map(|number| Ok((2 * number, batch(number))));
        validate(&Scaled, batches, fixed, true, ranks).unwrap()
    }

    #[test]
    fn several_processes_find_what_one_finds_bit_by_bit() {
        let alone = found(&Ranks::alone());
        assert_eq!((alone.pairs, alone.by_pair.len()), (5, 5));
        let mean = alone.by_pair.iter().sum::<f64>() / 5.0;
        assert!((mean - alone.loss).abs() < 1e-12 && alone.loss > 0.0);
        for size in [2, 4] {
            let together: Vec<Validation> = std::thread::scope(|scope| {
                let threads: Vec<_> = threads(size)
                    .into_iter()
                    .map(|star| scope.spawn(move || found(&Ranks::new(star, 0))))
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(together, vec![alone.clone(); size]);
        }
    }
}
