//! A micro-batch on the device: sources, targets, times, conditions.

use candle_core::{Device, Tensor};
use cellflux_image::spec::ModelRange;

use super::augment::to_model_range;
use super::draws::{Draws, Sample};
use crate::TrainError;
use crate::config::FlowSource;
use cellflux_data::HostBatch;

/// What the loss is computed on.
#[derive(Clone, Debug)]
pub struct FlowBatch {
    /// Sources `[N, C, H, W]`, f32, model range: controls with their noise, or noise alone.
    pub x0: Tensor,
    /// Treated images, likewise.
    pub x1: Tensor,
    /// Noise on the path between them, likewise, as it is half-way; `None` where there is none.
    pub path: Option<Tensor>,
    /// Times, one per sample.
    pub times: Vec<f64>,
    /// Rows of the table of conditions; `None` where the condition is dropped.
    pub conditions: Vec<Option<u32>>,
    /// Key of the dropout masks.
    pub dropout: u64,
}

impl FlowBatch {
    /// Puts pairs of images on `device` as `draws` says, one draw per pair.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] when the parts do not fit the pairs' shape.
    pub fn new(
        pairs: &HostBatch,
        draws: &Draws,
        source: FlowSource,
        range: ModelRange,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let shape = [pairs.len(), pairs.channels, pairs.height, pairs.width];
        let samples = &draws.samples;
        let controls: Vec<_> = samples.iter().map(|sample| &sample.control).collect();
        let treated_views: Vec<_> = samples.iter().map(|sample| &sample.treated).collect();
        let x1 = to_model_range(pairs.treated.clone(), shape, &treated_views, range, device)?;
        let noise = stacked(samples, |sample| sample.noise.as_deref(), shape, device)?;
        let x0 = match (source, noise) {
            (FlowSource::Noise, Some(noise)) => noise,
            (_, noise) => {
                let x0 = to_model_range(pairs.control.clone(), shape, &controls, range, device)?;
                match noise {
                    Some(noise) => (x0 + noise)?,
                    None => x0,
                }
            }
        };
        let conditions = samples.iter().zip(&pairs.conditions);
        Ok(Self {
            x0,
            x1,
            path: stacked(samples, |sample| sample.path.as_deref(), shape, device)?,
            times: samples.iter().map(|sample| sample.time).collect(),
            conditions: conditions
                .map(|(sample, &row)| sample.conditioned.then_some(row))
                .collect(),
            dropout: draws.dropout,
        })
    }

    /// The batch in `count` pieces of consecutive samples, as equal as they can be, each of which drops
    /// features of its own; fewer, where there are not as many samples.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] when the parts do not fit each other.
    pub fn pieces(&self, count: usize) -> Result<Vec<Self>, TrainError> {
        let each = self.len().div_ceil(count.max(1)).max(1);
        (0..self.len())
            .step_by(each)
            .enumerate()
            .map(|(number, first)| {
                let samples = first..(first + each).min(self.len());
                let part = |tensor: &Tensor| tensor.narrow(0, first, samples.len());
                Ok(Self {
                    x0: part(&self.x0)?,
                    x1: part(&self.x1)?,
                    path: self.path.as_ref().map(part).transpose()?,
                    times: self.times.get(samples.clone()).unwrap_or_default().to_vec(),
                    conditions: self.conditions.get(samples).unwrap_or_default().to_vec(),
                    dropout: self.dropout.wrapping_add(number as u64),
                })
            })
            .collect()
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }
}

/// The samples' noise `[N, C, H, W]`, zeros where a sample has none; `None` when no sample has any.
fn stacked<'a>(
    samples: &'a [Sample],
    of: impl Fn(&'a Sample) -> Option<&'a [f32]>,
    shape: [usize; 4],
    device: &Device,
) -> Result<Option<Tensor>, TrainError> {
    if samples.iter().all(|sample| of(sample).is_none()) {
        return Ok(None);
    }
    let values: usize = shape.iter().skip(1).product();
    let mut noise = Vec::with_capacity(samples.len() * values);
    for sample in samples {
        match of(sample) {
            Some(own) => noise.extend_from_slice(own),
            None => noise.resize(noise.len() + values, 0.0),
        }
    }
    Ok(Some(Tensor::from_vec(noise, &shape, device)?))
}
