//! The two engines, made one at a time in the worker, with a way to time one evaluation.

use cellflux_bundle::Bundle;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_engine::{AnyEngine, EngineError, Network};
use cellflux_flow::field::{AdaptiveField as _, Engine as _, Field as _};
use cellflux_flow::guidance::Guidance;
use cellflux_wgpu::{Precision, Probe, Progress, Stage, Tuning};
use js_sys::{Float32Array, Function};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::clock::seconds;
use crate::half::{Helper, SharedEngine};
use crate::model::{Model, plain};
use crate::tiles::Tiles;
use crate::trouble::Trouble;

/// A velocity network on a device.
#[wasm_bindgen]
pub struct Engine {
    pub(crate) inner: SharedEngine,
    /// Numbers of one image, and a condition vector, for a probe.
    image: usize,
    condition: Vec<f32>,
    /// The quick weights that it has in place of the bundle's own.
    pub(crate) quick: Option<WeightDtype>,
    dtype_choice: Option<String>,
    tiles: Option<Tiles>,
}

#[wasm_bindgen]
impl Engine {
    /// The network on the CPU.
    pub fn candle(model: &Model) -> Result<Engine, JsValue> {
        let network = Network::of(complete(model)?);
        let mut engine = Self::of(network.on_cpu().map_err(Trouble::from)?, &network);
        engine.quick = model.quick_dtype;
        Ok(engine)
    }

    /// The network on WebGPU, in f16 where that is right and faster, with the `kept` tiles that were measured
    /// on `adapter`, if they can still be used; `doing` is told, in words, how far it is.
    pub async fn wgpu(
        model: &Model,
        adapter: String,
        kept: Option<String>,
        doing: &Function,
    ) -> Result<Engine, JsValue> {
        let network = Network::of(complete(model)?);
        let opened = async {
            let gpu = network.gpu().await?;
            let choice = network.precision(&gpu, seconds).await?;
            let tiles = cellflux_engine::Tiles::read(&gpu, &adapter, kept.as_deref());
            let tuning = tiles.tuning(&network, choice.precision)?;
            let progress = |progress| {
                // A listener that throws must not stop the engine.
                let _ = doing.call1(&JsValue::NULL, &JsValue::from_str(&words(progress)));
            };
            let engine = network.on_gpu(&gpu, choice.precision, tuning, progress).await?;
            Ok::<_, EngineError>((engine, choice, tiles))
        };
        let (engine, choice, tiles) = opened.await.map_err(Trouble::from)?;
        let tiles = Tiles::new(tiles, engine.plan());
        let mut engine = Self::of(engine.into(), &network);
        engine.quick = model.quick_dtype;
        engine.tiles = Some(tiles);
        engine.dtype_choice = Some(choice.to_string());
        Ok(engine)
    }

    /// Milliseconds that a guided evaluation may take on the GPU adapter, guessed from one 3x3 convolution.
    /// Compiling the whole network for a software adapter, only to find it slow, would take longer than the
    /// walk on the CPU.
    pub async fn guess_on_gpu(model: &Model) -> Result<f64, JsValue> {
        let network = Network::of(complete(model)?);
        let gpu = network.gpu().await.map_err(Trouble::from)?;
        let tuning = Tuning::of(gpu.report());
        let plan = network.plan(Precision::F32, &tuning).map_err(Trouble::from)?;
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

    /// The engine's tiles, to be measured while nobody waits; can be taken once, and only from a GPU engine.
    pub fn take_tiles(&mut self) -> Option<Tiles> {
        self.tiles.take()
    }

    /// How the quick weights are stored that it has in place of the bundle's own; nothing where it has those.
    pub fn quick_dtype(&self) -> Option<String> {
        self.quick.map(|dtype| dtype.name().to_owned())
    }

    /// Which engine this is: `{ engine, adapter, software, dtype, tiles }`.
    pub fn report(&self) -> Result<JsValue, JsValue> {
        plain(&self.inner.engine().report())
    }

    /// Has the null condition's half of every guided velocity asked of `helper` from now on: a function of
    /// the time and the image (a `Float32Array` `[C, H, W]` in model range) that answers with a promise of
    /// the velocity, or with nothing where nobody is free. What does not come is computed here.
    pub fn share(&mut self, helper: Function) {
        self.inner.share(Some(Helper::new(helper)));
    }

    /// The network itself, unguided: the velocity `[C, H, W]` of one image at a time in `[0, 1]`, under a
    /// condition vector or under the null condition, as a `Float32Array`.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "wasm-bindgen passes what an asynchronous call needs by value only"
    )]
    pub async fn unguided(
        &mut self,
        t: f64,
        image: Vec<f32>,
        condition: Option<Vec<f32>>,
    ) -> Result<JsValue, JsValue> {
        let evaluated = async {
            let x = self.inner.upload(&image)?;
            let velocity = self.inner.evaluate(&x, &[t], &[condition.as_deref()])?;
            self.inner.read(&velocity).await
        };
        let velocity = evaluated.await.map_err(Trouble::from)?;
        Ok(Float32Array::from(velocity.as_slice()).into())
    }

    /// One guided evaluation, which is waited for; the caller measures the time.
    pub async fn probe(&mut self) -> Result<(), JsValue> {
        let probed = async {
            self.inner
                .condition(std::slice::from_ref(&self.condition), Guidance { alpha: 1.2 })?;
            let x = self.inner.upload(&vec![0.0; self.image])?;
            let velocity = self.inner.velocity(0.5, &x)?;
            self.inner.settle(&velocity).await?;
            self.inner.read(&velocity).await
        };
        probed.await.map_err(Trouble::from)?;
        Ok(())
    }
}

impl Engine {
    /// An engine of this network.
    pub(crate) fn of(inner: AnyEngine, network: &Network<'_>) -> Self {
        let [height, width] = network.size;
        let image = network.config.in_channels * height * width;
        Self::moved(SharedEngine::new(inner), image, network.config.condition_dim)
    }

    /// An engine that a walk had: `image` numbers in an image, `condition` in a condition.
    pub(crate) fn moved(inner: SharedEngine, image: usize, condition: usize) -> Self {
        Self {
            inner,
            image,
            condition: vec![0.0; condition],
            quick: None,
            dtype_choice: None,
            tiles: None,
        }
    }
}

/// The network on the adapter that the browser gives, with its default tiles.
pub(crate) async fn on_gpu(network: &Network<'_>, precision: Precision) -> Result<AnyEngine, Trouble> {
    let gpu = network.gpu().await?;
    let tuning = Tuning::of(gpu.report());
    Ok(network.on_gpu(&gpu, precision, tuning, |_| ()).await?.into())
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
