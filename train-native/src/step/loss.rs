//! The flow matching loss and its gradient.

use candle_core::{DType, Tensor};
use cellflux_flow::path::{noise_weights, point_weights};
use rayon::prelude::*;

use super::batch::FlowBatch;
use super::parameters::Parameters;
use crate::TrainError;

/// Pieces into which a micro-batch is cut on a CPU, each of which goes forward and back on a thread of its
/// own: whatever the operations do one number after the other is done by two threads then. A fixed number,
/// because the pieces' gradients are summed, and a sum in another order has other bits; each piece also
/// prepares the kernels anew. What threads there are beyond two share the work inside the operations.
const PIECES: usize = 2;

/// A velocity `v(x, t, c)` from which the loss can be computed, from several threads at once.
pub trait Velocity: Sync {
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
    /// `mean (v - (x1 - x0))^2` (paper, equation of the flow matching objective). Noise on the path is part
    /// of the velocity that is learnt.
    pub network: Tensor,
    /// `mean (x1 - x0)^2`, the loss of predicting no change, likewise.
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

/// The points `x_t = (1 - t) x0 + t x1` of a batch and the velocities `x1 - x0` there, each `[N, C, H, W]`;
/// with noise on the path its share of both is added ([`noise_weights`]).
pub(crate) fn point_and_target(batch: &FlowBatch) -> Result<(Tensor, Tensor), TrainError> {
    let device = batch.x0.device();
    let column = |weights: fn(f64) -> [f64; 2], which: usize| -> candle_core::Result<Tensor> {
        let values: Vec<f32> = batch.times.iter().map(|&t| weights(t)[which] as f32).collect();
        Tensor::from_vec(values, (batch.len(), 1, 1, 1), device)?.to_dtype(batch.x0.dtype())
    };
    let [start, end] = [column(point_weights, 0)?, column(point_weights, 1)?];
    let point = (batch.x0.broadcast_mul(&start)? + batch.x1.broadcast_mul(&end)?)?;
    let target = (&batch.x1 - &batch.x0)?;
    let Some(noise) = &batch.path else {
        return Ok((point, target));
    };
    let [there, change] = [column(noise_weights, 0)?, column(noise_weights, 1)?];
    Ok((
        (point + noise.broadcast_mul(&there)?)?,
        (target + noise.broadcast_mul(&change)?)?,
    ))
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
        for part in of_batch(network, parameters, &batch, share, scale)? {
            total = Some(match total {
                None => part,
                Some(sum) => plus(sum, part)?,
            });
        }
    }
    match total {
        Some(total) => Ok(total),
        None => Err(candle_core::Error::Msg("a step without a micro-batch".into()).into()),
    }
}

fn plus(
    (sum, before): (Tensor, Losses),
    (gradient, losses): (Tensor, Losses),
) -> Result<(Tensor, Losses), TrainError> {
    let losses = Losses {
        network: (before.network + losses.network)?,
        zero: (before.zero + losses.zero)?,
    };
    Ok(((sum + gradient)?, losses))
}

/// What a micro-batch, whose share of the step is `share`, adds to gradient and losses, in the pieces in
/// which it was computed.
fn of_batch(
    network: &impl Velocity,
    parameters: &Parameters,
    batch: &FlowBatch,
    share: f64,
    scale: f64,
) -> Result<Vec<(Tensor, Losses)>, TrainError> {
    let whole = batch.len();
    if whole < PIECES || !batch.x0.device().is_cpu() {
        return Ok(vec![of_piece(network, parameters, batch, share, scale)?]);
    }
    let pieces = batch.pieces(PIECES)?;
    // Collected in the order of the pieces, whichever is finished first.
    pieces
        .par_iter()
        .map(|piece| {
            let share = share * piece.len() as f64 / whole as f64;
            of_piece(network, parameters, piece, share, scale)
        })
        .collect()
}

fn of_piece(
    network: &impl Velocity,
    parameters: &Parameters,
    batch: &FlowBatch,
    share: f64,
    scale: f64,
) -> Result<(Tensor, Losses), TrainError> {
    let losses = losses(network, batch, Some(batch.dropout))?;
    let gradients = (&losses.network * (share * scale))?.backward()?;
    let gradient = parameters.flat_gradient(&gradients)?;
    let losses = Losses {
        network: (losses.network.detach() * share)?.to_dtype(DType::F32)?,
        zero: (losses.zero * share)?.to_dtype(DType::F32)?,
    };
    Ok((gradient, losses))
}
