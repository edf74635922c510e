//! What a step changes, and the step itself: the process's samples, the network's gradient, the mean over all
//! processes, the optimiser.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use cellflux_candle::Operations;

use super::interrupt::Interrupt;
use super::memory;
use crate::TrainError;
use crate::material::Material;
use crate::network::Network;
use crate::ranks::{Ranks, Share};
use crate::step::{Draws, FlowBatch, LossScale, Losses, Optimiser, Parameters, gradient};
use cellflux_data::Loader;

/// The network in training.
#[derive(Debug)]
pub(crate) struct Trainer {
    pub(super) device: Device,
    pub(super) operations: Arc<dyn Operations>,
    network: Network,
    parameters: Parameters,
    pub(super) optimiser: Optimiser,
    pub(super) scale: LossScale,
    share: Share,
    pub(super) loader: Loader,
}

/// What a step left on the device: the losses and the gradient's norm of all processes.
#[derive(Debug)]
pub(crate) struct Measured {
    pub step: u64,
    pub losses: Losses,
    pub norm: Tensor,
}

/// A step that was made.
#[derive(Debug)]
pub(crate) struct Stepped {
    pub measured: Measured,
    /// Whether a process was asked to stop.
    pub stop: bool,
}

impl Trainer {
    /// The network of `material` with the optimiser's weights, after `step` steps.
    ///
    /// # Errors
    /// [`TrainError::Memory`] for a micro-batch that does not fit the device, and the network's and the
    /// data's.
    pub(crate) fn new(
        material: &Material,
        device: Device,
        optimiser: Optimiser,
        scale: LossScale,
        share: Share,
        step: u64,
    ) -> Result<Self, TrainError> {
        let config = &material.config;
        let dtype = config.training.precision.dtype();
        let operations = config
            .run
            .ops
            .operations(&device, dtype, config.run.deterministic)?;
        let parameters = Parameters::new(&material.network, &optimiser.state().weights, dtype)?;
        let network = Network::trainable(
            &material.network,
            &parameters,
            Arc::clone(&material.conditions),
            Arc::clone(&operations),
        )?;
        memory::check(material, &network, &parameters, &share, &device)?;
        let loader = material.loader(&share, step)?;
        Ok(Self {
            device,
            operations,
            network,
            parameters,
            optimiser,
            scale,
            share,
            loader,
        })
    }

    /// One optimiser step, with its number and its learning rate. Waits for the device only where the loss
    /// scale must know of an overflow, or where other processes need the gradient.
    ///
    /// # Errors
    /// The network's and the data's, and [`TrainError::Rank`] for another process that failed.
    pub(crate) fn step(
        &mut self,
        material: &Material,
        ranks: &Ranks,
        interrupt: &Interrupt,
        (step, rate): (u64, f64),
    ) -> Result<Stepped, TrainError> {
        let config = &material.config;
        let training = &config.training;
        let (values, range) = (material.values(), material.spec().range);
        let (loader, device, share) = (&mut self.loader, &self.device, &self.share);
        let batches = (0..share.micro_batches()).map(|own| {
            let pairs = loader.next()?;
            let draws = Draws::new(
                training,
                config.run.seed,
                step,
                share.part(own),
                pairs.len(),
                values,
            );
            FlowBatch::new(&pairs, &draws, training.source, range, device)
        });
        let factor = self.scale.factor();
        let own = gradient(
            &self.network,
            &self.parameters,
            batches,
            share.micro_batches(),
            factor,
        )?;
        let (scaled, losses, stop) = mean(ranks, own, interrupt)?;
        let unscaled = if self.scale.is_adaptive() {
            (scaled / factor)?
        } else {
            scaled
        };
        let norm = Optimiser::norm(&unscaled)?;
        let finite = !self.scale.is_adaptive() || norm.to_scalar::<f32>()?.is_finite();
        if finite {
            self.optimiser.step(&unscaled, &norm, rate)?;
            self.parameters.set(&self.optimiser.state().weights)?;
        }
        self.scale.update(finite);
        Ok(Stepped {
            measured: Measured { step, losses, norm },
            stop,
        })
    }
}

/// The mean over the processes of the gradient and the losses, which travel as one tensor; and whether one of
/// the processes was asked to stop.
fn mean(
    ranks: &Ranks,
    (gradient, losses): (Tensor, Losses),
    interrupt: &Interrupt,
) -> Result<(Tensor, Losses, bool), TrainError> {
    if ranks.size() == 1 {
        return Ok((gradient, losses, interrupt.asked()));
    }
    let count = gradient.elem_count();
    let parts = [
        gradient,
        losses.network.reshape(1usize)?,
        losses.zero.reshape(1usize)?,
    ];
    let (mean, words) = ranks.mean(&Tensor::cat(&parts, 0)?, &[u8::from(interrupt.asked())])?;
    let losses = Losses {
        network: mean.narrow(0, count, 1)?.squeeze(0)?,
        zero: mean.narrow(0, count + 1, 1)?.squeeze(0)?,
    };
    let stop = words.iter().any(|word| word.first() == Some(&1));
    Ok((mean.narrow(0, 0, count)?, losses, stop))
}
