//! Whether the batch fits the GPU's memory, found out before the first step; and if it does not, which
//! smaller batch does.

use candle_core::Device;

use crate::TrainError;
use crate::material::Material;
use crate::ranks::Share;
use crate::step::{Draws, FlowBatch, Parameters, Velocity, gradient};
use cellflux_data::{HostBatch, Split};

/// Takes the gradient of one micro-batch on a GPU and throws it away. On a CPU, whose memory the system
/// manages, nothing is tried.
///
/// # Errors
/// [`TrainError::Memory`] names the largest half, quarter, ... of the batch that fits.
pub(super) fn check(
    material: &Material,
    network: &impl Velocity,
    parameters: &Parameters,
    share: &Share,
    device: &Device,
) -> Result<(), TrainError> {
    if device.is_cpu() {
        return Ok(());
    }
    let training = &material.config.training;
    let attempt = |batch: usize| {
        let pairs = material.pairs(Split::Train).cycle().take(batch).collect();
        let pairs = HostBatch::of_pairs(&material.cache, pairs)?;
        let draws = Draws::new(training, material.config.run.seed, 0, 0, batch, material.values());
        let range = material.spec().range;
        let flow = FlowBatch::new(&pairs, &draws, training.source, range, device);
        let (gradient, _) = gradient(network, parameters, [flow], 1, 1.0)?;
        // Waits until the device has done it.
        gradient.sum_all()?.to_scalar::<f32>()?;
        Ok(())
    };
    fits(share.batch(), share.parts(), training.accumulate, attempt)
}

fn fits(
    batch: usize,
    parts: usize,
    accumulate: usize,
    mut attempt: impl FnMut(usize) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let mut tried = batch;
    while tried > 0 {
        match attempt(tried) {
            Ok(()) if tried == batch => return Ok(()),
            Ok(()) => break,
            Err(error) if is_out_of_memory(&error) => tried /= 2,
            Err(error) => return Err(error),
        }
    }
    let advice = if tried == 0 {
        "not even one pair fits: a smaller network or image is needed".to_owned()
    } else {
        let accumulate = accumulate * parts * batch.div_ceil(tried);
        format!(
            "{tried} does: training.batch = {tried} with training.accumulate = {accumulate} makes the same \
            step"
        )
    };
    Err(TrainError::Memory { batch, advice })
}

/// Only the driver's own words show this.
fn is_out_of_memory(error: &TrainError) -> bool {
    let words = error.to_string().to_lowercase().replace('_', " ");
    words.contains("out of memory") || words.contains("alloc failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_gpu_of(most: usize) -> impl FnMut(usize) -> Result<(), TrainError> {
        move |batch| {
            if batch <= most {
                return Ok(());
            }
            Err(candle_core::Error::Msg("DriverError(CUDA_ERROR_OUT_OF_MEMORY)".into()).into())
        }
    }

    #[test]
    fn a_batch_that_is_too_large_is_answered_with_one_that_fits() {
        assert!(fits(128, 1, 1, on_a_gpu_of(128)).is_ok());
        let message = fits(128, 1, 2, on_a_gpu_of(40)).unwrap_err().to_string();
        assert!(
            message.contains("batch of 128") && message.contains("batch = 32 with training.accumulate = 8"),
            "{message}"
        );
        // Each of four processes has a quarter of a micro-batch of 128, and then whole ones of 16.
        let message = fits(32, 4, 1, on_a_gpu_of(20)).unwrap_err().to_string();
        assert!(
            message.contains("batch = 16 with training.accumulate = 8"),
            "{message}"
        );
        let message = fits(4, 1, 1, on_a_gpu_of(0)).unwrap_err().to_string();
        assert!(message.contains("not even one pair"), "{message}");
    }

    #[test]
    fn other_errors_are_passed_on() {
        let broken = |_| Err(candle_core::Error::Msg("no kernel".into()).into());
        let message = fits(8, 1, 1, broken).unwrap_err().to_string();
        assert!(message.contains("no kernel"), "{message}");
    }
}
