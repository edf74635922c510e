//! A batch on several cores: its samples are divided among the threads, each of which walks the whole network
//! with its own.
//!
//! The operations of inference divide their own work, but not all of it: what lies between them (sums,
//! copies, activations) runs on one core, and every division waits for its slowest part. No sample's numbers
//! depend on those beside it, so a batch in pieces gives bit for bit what it gives as one.

use candle_core::Tensor;
use rayon::prelude::*;

use crate::{CandleError, UNet};

/// The network's velocity of a batch, evaluated in as many pieces as there are threads and samples for: as
/// [`UNet::forward`] without dropout. Natively and for inference on a CPU; a page has one thread, and a GPU
/// or a gradient takes the batch as it is.
///
/// # Errors
/// As [`UNet::forward`].
pub(crate) fn forward(
    network: &UNet,
    x: &Tensor,
    times: &[f64],
    conditions: Option<&Tensor>,
) -> Result<Tensor, CandleError> {
    let images = x.dims4()?.0;
    let pieces = rayon::current_num_threads().min(images);
    let divides = !cfg!(target_family = "wasm")
        && pieces > 1
        && times.len() == images
        && x.device().is_cpu()
        && network.operations().inference_only();
    if !divides {
        return network.forward(x, times, conditions, None);
    }
    let each = images.div_ceil(pieces);
    let velocities = times
        .par_chunks(each)
        .enumerate()
        .map(|(piece, times)| {
            let part = |tensor: &Tensor| tensor.narrow(0, piece * each, times.len());
            let conditions = conditions.map(part).transpose()?;
            network.forward(&part(x)?, times, conditions.as_ref(), None)
        })
        .collect::<Result<Vec<_>, CandleError>>()?;
    Ok(Tensor::cat(&velocities, 0)?)
}
