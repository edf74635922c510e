//! The tiles of an adapter: what was measured on it before, and measuring more.

use std::fmt;

use cellflux_wgpu::{DeviceTrials, Effort, Gpu, Plan, Precision, StoredTiles, Tried, Tuner, Tuning};

use crate::{EngineError, Network};

/// Kernel variants measured on one adapter. Its text ([`fmt::Display`]) is what a program keeps for the next
/// time.
///
/// Measuring changes no engine: the next one that is opened uses what was found.
#[derive(Debug)]
pub struct Tiles {
    gpu: Gpu,
    stored: StoredTiles,
    refused: Option<String>,
    tuner: Option<Tuner>,
}

impl Tiles {
    /// What was `kept` for the adapter that this program calls `adapter`. Text that cannot be used counts as
    /// none, and the reason is returned.
    pub fn read(gpu: &Gpu, adapter: &str, kept: Option<&str>) -> Self {
        let defaults = Tuning::of(gpu.report());
        let read = kept.map(|text| StoredTiles::read(text, adapter, &defaults));
        let (stored, refused) = match read {
            Some(Ok(stored)) => (Some(stored), None),
            Some(Err(error)) => (None, Some(error.to_string())),
            None => (None, None),
        };
        Self {
            gpu: gpu.clone(),
            stored: stored.unwrap_or_else(|| StoredTiles::new(adapter)),
            refused,
            tuner: None,
        }
    }

    /// Why what was kept is not used.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// The tiles for an engine on this adapter: the measured ones, or the defaults where those need larger
    /// buffers than the device gives.
    ///
    /// # Errors
    /// [`EngineError::Wgpu`] for a configuration that has no plan.
    pub fn tuning(&self, network: &Network<'_>, precision: Precision) -> Result<Tuning, EngineError> {
        let Network {
            config, size, images, ..
        } = *network;
        Ok(self
            .stored()
            .tuning_for(&self.gpu, config, size, images, precision)?)
    }

    /// Compiles, checks and times one tile at one of the plan's convolutions; `None` when there is nothing
    /// left to measure, or the time for it is spent. `evaluation` is the seconds that an evaluation takes,
    /// and `clock` gives seconds since an arbitrary moment. The first step decides plan, effort and
    /// evaluation for all that follow.
    ///
    /// # Errors
    /// [`EngineError::Wgpu`] when the device fails.
    pub async fn step(
        &mut self,
        plan: &Plan,
        effort: Effort,
        evaluation: f64,
        clock: impl Fn() -> f64,
    ) -> Result<Option<Tried>, EngineError> {
        let mut trials = DeviceTrials::new(&self.gpu, plan.images(), clock);
        let tuner = self.tuner.get_or_insert_with(|| {
            let defaults = Tuning::of(self.gpu.report());
            Tuner::new(plan, defaults, self.stored.clone(), effort, evaluation)
        });
        Ok(tuner.step(&mut trials).await?)
    }

    /// Convolutions that have been measured on this adapter.
    pub fn measured(&self) -> usize {
        self.stored().len()
    }

    /// Convolutions that are still to be measured; none before the first step.
    pub fn remaining(&self) -> usize {
        self.tuner.as_ref().map_or(0, Tuner::remaining)
    }

    /// The adapter.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    fn stored(&self) -> &StoredTiles {
        self.tuner.as_ref().map_or(&self.stored, Tuner::stored)
    }
}

impl fmt::Display for Tiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stored().fmt(f)
    }
}
