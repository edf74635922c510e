//! A network before it is on a device, and the functions that put it onto one.

use cellflux_bundle::{Bundle, StateDict, UNetConfig};
use cellflux_candle::CandleEngine;
use cellflux_wgpu::{Choice, Gpu, Plan, Precision, Progress, Tuning, Wanted, WgpuEngine, choose_dtype};

use crate::{AnyEngine, EngineError};

/// A network to open: what it is, for which images.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a> {
    /// Its configuration.
    pub config: &'a UNetConfig,
    /// Its weights.
    pub weights: &'a StateDict,
    /// Height and width of the images, in pixels.
    pub size: [usize; 2],
    /// Images in the largest batch. Guidance evaluates each of them twice.
    pub images: usize,
}

impl<'a> Network<'a> {
    /// A bundle's network for its images, one at a time.
    pub fn of(bundle: &'a Bundle) -> Self {
        let image = &bundle.manifest.image;
        Self {
            config: &bundle.manifest.model.config,
            weights: &bundle.weights,
            size: [image.height, image.width],
            images: 1,
        }
    }

    /// The network on the CPU, in f32.
    ///
    /// # Errors
    /// [`EngineError::Candle`] for weights that do not fit the configuration.
    pub fn on_cpu(&self) -> Result<AnyEngine, EngineError> {
        let [height, width] = self.size;
        Ok(CandleEngine::new(self.config, self.weights, height, width)?.into())
    }

    /// The plan of one evaluation on a GPU.
    ///
    /// # Errors
    /// [`EngineError::Wgpu`] for a configuration that has no plan.
    pub fn plan(&self, precision: Precision, tuning: &Tuning) -> Result<Plan, EngineError> {
        let images = self.images.saturating_mul(2);
        Ok(Plan::new(self.config, self.size, images, precision, tuning)?)
    }

    /// Opens any adapter that has room for this network in either precision.
    ///
    /// # Errors
    /// [`EngineError::Wgpu`] without an adapter, or where it allows too little.
    pub async fn gpu(&self) -> Result<Gpu, EngineError> {
        // Tiles change no buffer's size, and f32 has the largest ones.
        let plan = self.plan(Precision::F32, &Tuning::default())?;
        Ok(Gpu::request(Wanted::for_plan(&plan)).await?)
    }

    /// The precision for this network on a device: f16 where it is there, faster, and right. `clock` gives
    /// seconds since an arbitrary moment.
    ///
    /// # Errors
    /// [`EngineError::Wgpu`] with what the device reports.
    pub async fn precision(&self, gpu: &Gpu, clock: impl Fn() -> f64) -> Result<Choice, EngineError> {
        Ok(choose_dtype(gpu, self.config, self.weights, self.size, clock).await?)
    }

    /// The network on a GPU. `progress` is told how far the programs and the weights are.
    ///
    /// # Errors
    /// [`EngineError::Wgpu`], as [`WgpuEngine::tuned`].
    pub async fn on_gpu(
        &self,
        gpu: &Gpu,
        precision: Precision,
        tuning: Tuning,
        progress: impl FnMut(Progress),
    ) -> Result<WgpuEngine, EngineError> {
        let Self {
            config,
            weights,
            size,
            images,
        } = *self;
        Ok(WgpuEngine::tuned(gpu, config, weights, size, images, precision, tuning, progress).await?)
    }
}
