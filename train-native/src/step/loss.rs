//! The flow matching loss and its gradient.

use candle_core::{DType, Tensor};
use cellflux_flow::path::point_weights;

use super::batch::FlowBatch;
use super::parameters::Parameters;
use crate::TrainError;

/// A velocity `v(x, t, c)` from which the loss can be computed.
pub trait Velocity {
    /// The velocity `[N, C, H, W]` of f32 images `x` at N times, with each sample's row of the table of
    /// conditions or none; `dropout` is the key of the masks, `None` outside training. f32.
    ///
    /// # Errors
    /// The network's own.
    fn velocity(
        &self,
        x: &Tensor,
        times: &[f64],
        conditions: &[Option<u32>],
        dropout: Option<u64>,
    ) -> Result<Tensor, TrainError>;
}

/// The losses of a batch: scalars on the device, so that nobody waits for them until they are needed.
#[derive(Clone, Debug)]
pub struct Losses {
    /// `mean (v - (x1 - x0))^2` (paper, equation of the flow matching objective).
    pub network: Tensor,
    /// `mean (x1 - x0)^2`, the loss of predicting no change.
    pub zero: Tensor,
}

/// The losses at the point `x_t = (1 - t) x0 + t x1` of each sample.
///
/// # Errors
/// The network's, or [`TrainError::Tensor`].
pub fn losses(
    network: &impl Velocity,
    batch: &FlowBatch,
    dropout: Option<u64>,
) -> Result<Losses, TrainError> {
    let (point, target) = point_and_target(batch)?;
    let velocity = network.velocity(&point, &batch.times, &batch.conditions, dropout)?;
    Ok(Losses {
        network: (velocity - &target)?.sqr()?.mean_all()?,
        zero: target.sqr()?.mean_all()?,
    })
}

/// The points `x_t = (1 - t) x0 + t x1` of a batch and the velocities `x1 - x0` there, each `[N, C, H, W]`.
pub(crate) fn point_and_target(batch: &FlowBatch) -> Result<(Tensor, Tensor), TrainError> {
    let device = batch.x0.device();
    let weights: Vec<[f64; 2]> = batch.times.iter().map(|&t| point_weights(t)).collect();
    let weight = |end: usize| -> candle_core::Result<Tensor> {
        let values = weights.iter().map(|pair| pair[end] as f32).collect::<Vec<_>>();
        Tensor::from_vec(values, (weights.len(), 1, 1, 1), device)?.to_dtype(batch.x0.dtype())
    };
    let point = (batch.x0.broadcast_mul(&weight(0)?)? + batch.x1.broadcast_mul(&weight(1)?)?)?;
    Ok((point, (&batch.x1 - &batch.x0)?))
}

/// The mean square of each sample, of `[N, C, H, W]`.
pub(crate) fn squares(values: &Tensor) -> Result<Vec<f64>, TrainError> {
    let means: Vec<f32> = values.sqr()?.flatten_from(1)?.mean(1)?.to_vec1()?;
    Ok(means.into_iter().map(f64::from).collect())
}

/// The gradient `[P]` of the mean loss over the micro-batches, multiplied by `scale`, and the mean losses.
///
/// # Errors
/// The network's, or [`TrainError::Tensor`], also for an iterator without a batch.
pub fn gradient(
    network: &impl Velocity,
    parameters: &Parameters,
    batches: impl IntoIterator<Item = Result<FlowBatch, TrainError>>,
    count: usize,
    scale: f64,
) -> Result<(Tensor, Losses), TrainError> {
    let share = 1.0 / count as f64;
    let mut total: Option<(Tensor, Losses)> = None;
    for batch in batches {
        let batch = batch?;
        let losses = losses(network, &batch, Some(batch.dropout))?;
        let gradients = (&losses.network * (share * scale))?.backward()?;
        let gradient = parameters.flat_gradient(&gradients)?;
        let losses = Losses {
            network: (losses.network.detach() * share)?.to_dtype(DType::F32)?,
            zero: (losses.zero * share)?.to_dtype(DType::F32)?,
        };
        total = Some(match total {
            None => (gradient, losses),
            Some((sum, before)) => (
                (sum + gradient)?,
                Losses {
                    network: (before.network + losses.network)?,
                    zero: (before.zero + losses.zero)?,
                },
            ),
        });
    }
    match total {
        Some(total) => Ok(total),
        None => Err(candle_core::Error::Msg("a step without a micro-batch".into()).into()),
    }
}
