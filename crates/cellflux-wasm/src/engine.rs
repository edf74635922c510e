//! The two engines, made one at a time in the worker, with a way to time one evaluation.

use cellflux_bundle::{Bundle, StateDict, UNetConfig};
use cellflux_candle::CandleEngine;
use cellflux_flow::field::{Engine as _, Field as _};
use cellflux_flow::guidance::Guidance;
use cellflux_session::AnyEngine;
use cellflux_wgpu::{Gpu, Plan, Precision, Probe, Progress, Stage, Tuning, Wanted, WgpuEngine, choose_dtype};
use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::model::{Model, plain};
use crate::tiles::{self, Tiles};
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
    dtype_choice: Option<String>,
    tiles: Option<Tiles>,
}

#[wasm_bindgen]
impl Engine {
    /// The network on the CPU.
    pub fn candle(model: &Model) -> Result<Engine, JsValue> {
        let bundle = complete(model)?;
        let [height, width] = size(bundle);
        let engine = CandleEngine::new(&bundle.manifest.model.config, &bundle.weights, height, width);
        Ok(Self::of_bundle(engine.map_err(Trouble::from)?.into(), bundle))
    }

    /// The network on WebGPU, in f16 where that is right and faster, with the tiles that were `kept` as measured on `adapter`, if
    /// they still are to be used; `doing` hears, in words, how far it is.
    pub async fn wgpu(
        model: &Model,
        adapter: String,
        kept: Option<String>,
        doing: &Function,
    ) -> Result<Engine, JsValue> {
        let bundle = complete(model)?;
        let (config, weights) = (&bundle.manifest.model.config, &bundle.weights);
        let size = size(bundle);
        let gpu = device(config, size, BATCH).await?;
        let choice = choose_dtype(&gpu, config, weights, size, seconds)
            .await
            .map_err(Trouble::from)?;
        let precision = choice.precision;
        let (stored, refused) = tiles::read_kept(&gpu, &adapter, kept.as_deref());
        let tuning = stored
            .tuning_for(&gpu, config, size, BATCH, precision)
            .map_err(Trouble::from)?;
        let engine = WgpuEngine::tuned(
            &gpu,
            config,
            weights,
            size,
            BATCH,
            precision,
            tuning,
            |progress| {
                // A listener that throws must not stop the engine.
                let _ = doing.call1(&JsValue::NULL, &JsValue::from_str(&words(progress)));
            },
        );
        let engine = engine.await.map_err(Trouble::from)?;
        let tiles = Tiles::new(&gpu, engine.plan(), stored, refused);
        let mut engine = Self::of_bundle(engine.into(), bundle);
        engine.tiles = Some(tiles);
        engine.dtype_choice = Some(choice.to_string());
        Ok(engine)
    }

    /// Milliseconds that a guided evaluation may take on the GPU adapter, guessed from one 3x3 convolution. To compile the whole
    /// network for a software adapter, only to find it slow, would take longer than walking on the CPU.
    pub async fn guess_on_gpu(model: &Model) -> Result<f64, JsValue> {
        let bundle = complete(model)?;
        let config = &bundle.manifest.model.config;
        let size = size(bundle);
        let gpu = device(config, size, BATCH).await?;
        let tuning = Tuning::of(gpu.report());
        let plan = Plan::new(config, size, 2 * BATCH, Precision::F32, &tuning).map_err(Trouble::from)?;
        // The smallest one shows as much as the others.
        let sites = plan
            .sites()
            .keys()
            .filter(|site| site.kernel == 3 && site.out_quads >= 8);
        let Some(site) = sites.min_by_key(|site| site.pixels * site.in_quads * site.out_quads) else {
            return Err(Trouble::new("gpu", "the network has no convolution to time").into());
        };
        let probe = Probe::new(&gpu, *site, 2, tuning.tile(site))
            .await
            .map_err(Trouble::from)?;
        let seconds = probe.time(2, 1, &seconds).await.map_err(Trouble::from)?;
        Ok(1e3 * seconds * plan.flops() / probe.flops())
    }

    /// Why the dtype is what it is, for an engine that had a choice.
    pub fn dtype_choice(&self) -> Option<String> {
        self.dtype_choice.clone()
    }

    /// The engine's tiles, to be measured while nobody waits; once, and only of a GPU engine.
    pub fn take_tiles(&mut self) -> Option<Tiles> {
        self.tiles.take()
    }

    /// Which engine this is: `{ engine, adapter, software, dtype, tiles }`.
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
    /// An engine of `config`'s network for images of `[height, width]`.
    pub(crate) fn of(inner: AnyEngine, config: &UNetConfig, [height, width]: [usize; 2]) -> Self {
        Self {
            inner,
            image: config.in_channels * height * width,
            condition: vec![0.0; config.condition_dim],
            dtype_choice: None,
            tiles: None,
        }
    }

    fn of_bundle(inner: AnyEngine, bundle: &Bundle) -> Self {
        Self::of(inner, &bundle.manifest.model.config, size(bundle))
    }
}

fn size(bundle: &Bundle) -> [usize; 2] {
    let image = &bundle.manifest.image;
    [image.height, image.width]
}

/// Whatever adapter the browser gives, with room for this network.
async fn device(config: &UNetConfig, size: [usize; 2], batch: usize) -> Result<Gpu, Trouble> {
    // Tiles change no buffer's size, and f32 has the largest ones.
    let plan = Plan::new(config, size, 2 * batch, Precision::F32, &Tuning::default())?;
    Ok(Gpu::request(Wanted::for_plan(&plan)).await?)
}

/// A wgpu engine for this network in this dtype, on whatever adapter the browser gives.
pub(crate) async fn wgpu_engine(
    config: &UNetConfig,
    weights: &StateDict,
    size: [usize; 2],
    batch: usize,
    precision: Precision,
) -> Result<WgpuEngine, Trouble> {
    let gpu = device(config, size, batch).await?;
    Ok(WgpuEngine::new(&gpu, config, weights, size, batch, precision, |_| ()).await?)
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn milliseconds() -> f64;
}

/// Seconds since the worker started.
pub(crate) fn seconds() -> f64 {
    milliseconds() / 1e3
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
