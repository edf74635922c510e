//! The two engines, made one at a time in the worker, with a way to time one evaluation.

use cellflux_bundle::Bundle;
use cellflux_candle::CandleEngine;
use cellflux_flow::field::{Engine as _, Field as _};
use cellflux_flow::guidance::Guidance;
use cellflux_session::AnyEngine;
use cellflux_wgpu::{Gpu, Plan, Precision, Progress, Stage, Tuning, Wanted, WgpuEngine};
use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::model::{Model, plain};
use crate::trouble::Trouble;

/// One image at a time is walked.
const BATCH: usize = 1;

/// A velocity network on a device.
#[wasm_bindgen]
pub struct Engine {
    pub(crate) inner: AnyEngine,
    /// Numbers of one image, and a condition vector, for a probe.
    image: usize,
    condition: Vec<f32>,
}

#[wasm_bindgen]
impl Engine {
    /// The network on the CPU.
    pub fn candle(model: &Model) -> Result<Engine, JsValue> {
        let bundle = complete(model)?;
        let image = &bundle.manifest.image;
        let engine = CandleEngine::new(
            &bundle.manifest.model.config,
            &bundle.weights,
            image.height,
            image.width,
        );
        Ok(Self::of(engine.map_err(Trouble::from)?.into(), bundle))
    }

    /// The network on WebGPU; `doing` hears, in words, how far it is.
    pub async fn wgpu(model: &Model, doing: &Function) -> Result<Engine, JsValue> {
        let bundle = complete(model)?;
        let image = &bundle.manifest.image;
        let size = [image.height, image.width];
        let engine = wgpu_engine(
            &bundle.manifest.model.config,
            &bundle.weights,
            size,
            BATCH,
            |progress| {
                // A listener that throws must not stop the engine.
                let _ = doing.call1(&JsValue::NULL, &JsValue::from_str(&words(progress)));
            },
        );
        Ok(Self::of(engine.await?.into(), bundle))
    }

    /// Which engine this is: `{ engine, adapter, software, dtype }`.
    pub fn report(&self) -> Result<JsValue, JsValue> {
        plain(&self.inner.report())
    }

    /// One guided evaluation, waited for; the caller holds the clock.
    pub async fn probe(&mut self) -> Result<(), JsValue> {
        let probed = async {
            self.inner
                .condition(std::slice::from_ref(&self.condition), Guidance { alpha: 1.2 })?;
            let x = self.inner.upload(&vec![0.0; self.image])?;
            let velocity = self.inner.velocity(0.5, &x)?;
            self.inner.read(&velocity).await
        };
        probed.await.map_err(Trouble::from)?;
        Ok(())
    }
}

impl Engine {
    fn of(inner: AnyEngine, bundle: &Bundle) -> Self {
        Self {
            inner,
            image: bundle.manifest.image.len(),
            condition: vec![0.0; bundle.manifest.model.config.condition_dim],
        }
    }
}

/// A wgpu engine in f32 for this network, on whatever adapter the browser gives.
pub(crate) async fn wgpu_engine(
    config: &cellflux_bundle::UNetConfig,
    weights: &cellflux_bundle::StateDict,
    size: [usize; 2],
    batch: usize,
    progress: impl FnMut(Progress),
) -> Result<WgpuEngine, Trouble> {
    // Tiles change no buffer's size, so the largest buffer is known before the adapter is.
    let plan = Plan::new(config, size, 2 * batch, Precision::F32, &Tuning::default())?;
    let gpu = Gpu::request(Wanted::for_plan(&plan)).await?;
    Ok(WgpuEngine::new(&gpu, config, weights, size, batch, Precision::F32, progress).await?)
}

fn complete(model: &Model) -> Result<&Bundle, Trouble> {
    model.bundle.as_ref().ok_or_else(|| {
        Trouble::new(
            "bad-bundle",
            "the model has not come in full, expected all its weights first",
        )
    })
}

fn words(progress: Progress) -> String {
    let Progress { stage, done, total } = progress;
    match stage {
        Stage::Compiling => format!("Compiling the GPU’s programs: {done} of {total}"),
        Stage::Uploading => format!(
            "Bringing the weights to the GPU: {} of {} kB",
            done / 1000,
            total / 1000
        ),
    }
}
