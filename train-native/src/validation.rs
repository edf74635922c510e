//! The validation loss: by time, of the averaged weights, with the condition, without noise or augmentation.
//!
//! The times and the measure are those of the reference's own curves, so that numbers can be compared.

use candle_core::Device;
use cellflux_image::spec::ModelRange;
use serde::Serialize;

use crate::TrainError;
use crate::condition_use::{ConditionUse, Sums};
use crate::config::FlowSource;
use crate::step::{Draws, FlowBatch, Sample, Velocity, View, losses, normal};
use cellflux_data::HostBatch;
use cellflux_data::random::{Purpose, stream};

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
            }
        };
        let draws = Draws {
            samples: (0..pairs.len()).map(sample).collect(),
            dropout: 0,
        };
        FlowBatch::new(pairs, &draws, self.source, self.range, self.device)
    }
}

/// Measures the loss of `network` on fixed pairs, and with `condition_use` also how much it uses its
/// condition, which takes two more evaluations for each one.
///
/// # Errors
/// The network's or the data's.
pub fn validate(
    network: &impl Velocity,
    batches: impl IntoIterator<Item = Result<HostBatch, TrainError>>,
    fixed: Fixed,
    condition_use: bool,
) -> Result<Validation, TrainError> {
    let mut sums = [0.0; TIMES.len()];
    let (mut zero, mut pairs) = (0.0, 0usize);
    let mut uses = Sums::default();
    for batch in batches {
        let batch = batch?;
        let count = batch.len() as f64;
        let mut flow = fixed.batch(&batch, pairs as u64, 0.0)?;
        for (sum, t) in sums.iter_mut().zip(TIMES) {
            flow.times.fill(t);
            let found = losses(network, &flow, None)?;
            *sum += count * f64::from(found.network.to_scalar::<f32>()?);
            if t == TIMES[0] {
                zero += count * f64::from(found.zero.to_scalar::<f32>()?);
            }
            if condition_use {
                uses.add(network, &flow)?;
            }
        }
        pairs += batch.len();
    }
    let share = 1.0 / pairs.max(1) as f64;
    let by_time = sums.map(|sum| sum * share);
    Ok(Validation {
        by_time,
        loss: by_time.iter().sum::<f64>() / by_time.len() as f64,
        zero: zero * share,
        pairs,
        condition: uses.finish(TIMES.len()),
    })
}
