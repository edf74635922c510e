//! Planning: from a network's configuration, the images and the tuning to a plan.

use cellflux_bundle::config::UNetConfig;

use crate::network::Network;
use crate::plan::Plan;
use crate::weight_storage::WeightStorage;
use crate::{GpuError, Precision, Tuning};

impl Plan {
    /// Plans one evaluation of `images` images of `height` x `width` (a guided batch of N images evaluates 2
    /// N), with the kernels' shapes that `tuning` chooses.
    ///
    /// # Errors
    /// [`GpuError::Config`] when the config or size describes no network; [`GpuError::Limit`] when a call
    /// needs more workgroups than WebGPU guarantees.
    pub fn new(
        config: &UNetConfig,
        [height, width]: [usize; 2],
        images: usize,
        precision: Precision,
        tuning: &Tuning,
    ) -> Result<Self, GpuError> {
        config.validate()?;
        config.validate_size(height, width)?;
        if images == 0 {
            return Err(GpuError::Batch {
                found: 0,
                largest: usize::MAX,
            });
        }
        check_indices(config, [height, width], images)?;
        let network = Network {
            config,
            size: [height as u32, width as u32],
            images: images as u32,
            precision,
            tuning,
        };
        let (plan, ports) = network.forward();
        let mut headline = format!("{images} x {height} x {width}, {precision}");
        if tuning.weight_storage(precision) == WeightStorage::Packed {
            headline += ", weights packed as f16";
        }
        plan.finish(ports, images as u32, tuning.is_software(), headline)
    }
}

/// The kernels count quads in 32 bits. The widest activation is a query-key-value of heads of one channel,
/// each padded to a quad: three quads per channel.
fn check_indices(config: &UNetConfig, [height, width]: [usize; 2], images: usize) -> Result<(), GpuError> {
    let widest = config
        .channel_mult
        .iter()
        .max()
        .map_or(0, |mult| mult * config.model_channels);
    let quads = [height, width, images, 3 * widest]
        .iter()
        .try_fold(1_u64, |product, &factor| product.checked_mul(factor as u64));
    match quads {
        Some(quads) if u32::try_from(quads).is_ok() => Ok(()),
        _ => Err(GpuError::Limit {
            limit: "32-bit indices",
            needed: quads.unwrap_or(u64::MAX),
            available: u64::from(u32::MAX),
            what: format!("a batch of {images} images of {height} x {width}"),
        }),
    }
}
