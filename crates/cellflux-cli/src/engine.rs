//! Which engine evaluates the network: the options that `verify` and `run` share.

use anyhow::{Context, bail};
use cellflux_bundle::Bundle;
use cellflux_engine::{AnyEngine, Network};
use cellflux_wgpu::{Precision, Progress, Stage, Tuning};
use clap::ValueEnum;

use crate::tiles;

/// An implementation of the network, and its precision.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct EngineArgs {
    /// What evaluates the network.
    #[arg(long, value_enum, default_value = "candle")]
    pub engine: EngineKind,
    /// Storage of weights and activations.
    #[arg(long, value_enum, default_value = "f32")]
    pub dtype: DType,
    /// Take the kernel variants that are fastest on this adapter, measured at the first use and kept in the
    /// user's cache folder (wgpu only).
    #[arg(long)]
    pub tune: bool,
}

/// An implementation of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
    /// The CPU, through candle
    Candle,
    /// A GPU or its software stand-in, through wgpu
    Wgpu,
}

/// The precision of weights and activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DType {
    /// 32-bit floats
    F32,
    /// 16-bit floats with 32-bit sums (wgpu only)
    F16,
}

/// The network in f32, for pictures that a command makes of a bundle; what goes wrong is a sentence.
pub fn open_for_pictures(engine: EngineKind, bundle: &Bundle) -> Result<AnyEngine, String> {
    let arguments = EngineArgs {
        engine,
        dtype: DType::F32,
        // The same site from the same input, whatever was measured here before.
        tune: false,
    };
    pollster::block_on(arguments.open(&Network::of(bundle))).map_err(|error| format!("{error:#}"))
}

impl EngineArgs {
    /// Opens the network, and says on stderr what it runs on.
    pub async fn open(self, network: &Network<'_>) -> anyhow::Result<AnyEngine> {
        let precision = match (self.engine, self.dtype) {
            (EngineKind::Candle, _) if self.tune => {
                bail!("--tune needs --engine wgpu: candle has no kernel variants")
            }
            (EngineKind::Candle, DType::F32) => {
                eprintln!("engine: candle on the CPU, f32");
                return Ok(network.on_cpu()?);
            }
            (EngineKind::Candle, DType::F16) => {
                bail!("--dtype f16 needs --engine wgpu: candle computes in f32")
            }
            (EngineKind::Wgpu, DType::F32) => Precision::F32,
            (EngineKind::Wgpu, DType::F16) => Precision::F16,
        };
        let gpu = network.gpu().await?;
        eprintln!("engine: wgpu on {}, {precision}", gpu.report());
        let tuning = if self.tune {
            tiles::fastest(&gpu, network, precision).await?
        } else {
            Tuning::of(gpu.report())
        };
        let progress = |progress: Progress| {
            if progress.stage == Stage::Compiling && progress.done == progress.total {
                eprintln!("compiled {} pipelines", progress.total);
            }
        };
        let engine = network
            .on_gpu(&gpu, precision, tuning, progress)
            .await
            .context("the network could not be set up on the GPU")?;
        let peak = engine.plan().memory().peak() as f64 / f64::from(1 << 20);
        eprintln!("GPU memory: {peak:.1} MiB");
        Ok(engine.into())
    }
}
