//! How long an evaluation of the network takes: `cargo bench -p cellflux-tests --bench unet`, or
//! `cargo xtask bench unet`.
//!
//! One guided evaluation of one image is a batch of two. Engines take turns, round by round, so that a
//! machine that gets busy or warm affects all of them alike. GFLOP/s are those of the plain algorithm
//! (`cellflux_bundle::cost`), whatever an engine does to save some.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::cost::Cost;
use cellflux_bundle::state_dict::StateDict;
use cellflux_candle::CandleEngine;
use cellflux_engine::AnyEngine;
use cellflux_flow::field::Engine;
use cellflux_flow::noise::source_noise;
use cellflux_session::comparison::golden::Golden;
use cellflux_tests::goldens;
use cellflux_tests::random_network::random_state_dict;
use cellflux_wgpu::{
    AttentionTile, DeviceTrials, Effort, Gpu, KernelTime, Limits, Plan, Precision, StoredTiles, Tuner,
    Tuning, Wanted, WgpuEngine,
};
use clap::Parser;
use serde_json::{Value, json};

/// Milliseconds per evaluation, and GFLOP/s, of every network on every engine.
#[derive(Parser)]
struct Args {
    /// Measured rounds, after one that warms up.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Networks to measure; all that suit this machine when not given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Engines to measure: candle, wgpu-f32, wgpu-f16; all that this machine has when not given. Only when
    /// named: wgpu-f32-blocks and wgpu-f16-blocks (attention in blocks), wgpu-f32-packed (f16 weights packed
    /// in memory).
    #[arg(long, value_delimiter = ',')]
    engines: Vec<String>,
    /// Images at once; 2 is one guided evaluation of one image.
    #[arg(long, value_delimiter = ',', default_value = "1,2,8")]
    batches: Vec<usize>,
    /// Measure each wgpu engine also with the tiles that a tuner finds here, which takes a few seconds per
    /// case.
    #[arg(long)]
    tune: bool,
    /// Add time by kernel, where the adapter has time stamps.
    #[arg(long)]
    profile: bool,
    /// Where the figures go as JSON.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench/unet.json"))]
    json: PathBuf,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A network with its weights.
struct Network {
    name: &'static str,
    side: usize,
    config: UNetConfig,
    weights: StateDict,
    trained: bool,
}

/// What the plan says of an evaluation on wgpu.
struct Planned {
    peak_bytes: u64,
    dispatches: usize,
    submissions: usize,
    /// The least possible milliseconds here: operations over the adapter's multiply-add rate, or
    /// bytes over its copying rate.
    floor: f64,
}

/// One network on one engine at one batch, with the times measured so far.
struct Contestant<'a> {
    network: &'a Network,
    kind: &'static str,
    batch: usize,
    engine: AnyEngine,
    planned: Option<Planned>,
    /// From the weights to the first velocity, pipelines included.
    first: f64,
    milliseconds: Vec<f64>,
}

const NETWORKS: [&str; 4] = ["tiny", "small", "official_slim", "cellflux-bbbc021"];
const ENGINES: [&str; 3] = ["candle", "wgpu-f32", "wgpu-f16"];
/// Variants that are no adapter's default, or not this one's.
const VARIANTS: [&str; 3] = ["wgpu-f32-blocks", "wgpu-f16-blocks", "wgpu-f32-packed"];
/// The same on wgpu with tuned tiles, by `--tune`.
const TUNED: [&str; 2] = ["wgpu-f32-tuned", "wgpu-f16-tuned"];

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    anyhow::ensure!(args.rounds > 0, "--rounds is 0, expected at least 1");
    let gpu = match pollster::block_on(adapter(&args)) {
        Ok(gpu) => Some(gpu),
        Err(error) => {
            eprintln!("wgpu is left out: {error}");
            None
        }
    };
    let clock = Instant::now();
    let limits = match &gpu {
        Some(gpu) => Some(pollster::block_on(Limits::measure(gpu, || {
            clock.elapsed().as_secs_f64()
        }))?),
        None => None,
    };
    if let (Some(gpu), Some(limits)) = (&gpu, &limits) {
        println!("{}: {limits}", gpu.report());
    }
    let real = gpu.as_ref().is_some_and(|gpu| !gpu.report().software);
    let networks: Vec<Network> = NETWORKS
        .into_iter()
        .filter(|name| {
            // Without a GPU the public network takes minutes per evaluation: only when asked for.
            let suits = real || *name != "cellflux-bbbc021";
            (args.only.is_empty() && suits) || args.only.iter().any(|only| only == name)
        })
        .map(Network::load)
        .collect::<anyhow::Result<_>>()?;
    println!(
        "{:16} {:>4} {:>5} {:15} {:>10} {:>10} {:>10} {:>9} {:>9} {:>8} {:>8} {:>6} {:>6}",
        "network",
        "side",
        "batch",
        "engine",
        "median ms",
        "least ms",
        "most ms",
        "GFLOP/s",
        "floor ms",
        "first ms",
        "peak MiB",
        "calls",
        "pieces"
    );
    let mut rows = Vec::new();
    for network in &networks {
        for &batch in &args.batches {
            rows.extend(case(&args, network, batch, gpu.as_ref(), limits.as_ref())?);
        }
    }
    let report = json!({
        "what": "one evaluation of a batch of images; a batch of two is one guided evaluation of one image",
        "rounds": args.rounds,
        "threads": std::thread::available_parallelism().map_or(1, usize::from),
        "fma_f32_flop_per_s": limits.map(|limits| limits.fma_f32),
        "fma_f16_flop_per_s": limits.and_then(|limits| limits.fma_f16),
        "copy_bytes_per_s": limits.map(|limits| limits.copy),
        "rows": rows,
    });
    if let Some(folder) = args.json.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(&args.json, serde_json::to_vec_pretty(&report)?)
        .with_context(|| args.json.display().to_string())?;
    println!("JSON: {}", args.json.display());
    Ok(())
}

/// The adapter; a GPU with buffers for the largest batch of the public network, where it allows them.
async fn adapter(args: &Args) -> anyhow::Result<Gpu> {
    let wanted = Wanted {
        timestamps: args.profile,
        ..Wanted::default()
    };
    let gpu = Gpu::request(wanted).await?;
    if gpu.report().software {
        return Ok(gpu);
    }
    let config = UNetConfig::preset("cellflux-bbbc021").context("no such preset")?;
    // An engine keeps room for guidance, which evaluates twice as many.
    let images = 2 * args.batches.iter().copied().max().unwrap_or(1);
    let plan = Plan::new(
        &config,
        [96; 2],
        images,
        Precision::F32,
        &Tuning::of(gpu.report()),
    )?;
    let larger = Wanted {
        timestamps: args.profile,
        ..Wanted::for_plan(&plan)
    };
    Ok(Gpu::request(larger).await.unwrap_or(gpu))
}

/// Measures all engines on one network and batch, turn by turn.
fn case(
    args: &Args,
    network: &Network,
    batch: usize,
    gpu: Option<&Gpu>,
    limits: Option<&Limits>,
) -> anyhow::Result<Vec<Value>> {
    let mut contestants = Vec::new();
    let tuned = TUNED.into_iter().filter(|_| args.tune);
    let named = |kind: &&str| args.engines.iter().any(|engine| engine == kind);
    let kinds = ENGINES
        .into_iter()
        .chain(VARIANTS.into_iter().filter(named))
        .chain(tuned);
    for kind in kinds.filter(|kind| wanted(&args.engines, kind.trim_end_matches("-tuned"))) {
        match pollster::block_on(Contestant::new(network, kind, batch, gpu, limits)) {
            Ok(contestant) => contestants.push(contestant),
            Err(error) => eprintln!("{} on {kind} is left out: {error:#}", network.name),
        }
    }
    for round in 0..=args.rounds {
        for contestant in &mut contestants {
            let milliseconds = contestant.evaluate()?;
            // The first round is warming up.
            if round > 0 {
                contestant.milliseconds.push(milliseconds);
            }
        }
    }
    let mut rows = Vec::new();
    for contestant in &mut contestants {
        rows.push(contestant.report());
        if let (true, AnyEngine::Wgpu(engine)) = (args.profile, &mut contestant.engine) {
            match pollster::block_on(engine.profile(batch)) {
                Ok(calls) => {
                    for kernel in KernelTime::of(&calls) {
                        println!("    {kernel}");
                    }
                }
                Err(error) => println!("    no time by kernel: {error}"),
            }
        }
    }
    Ok(rows)
}

fn wanted(list: &[String], name: &str) -> bool {
    list.is_empty() || list.iter().any(|wanted| wanted == name)
}

impl Network {
    /// The trained weights where the shared folder is there, else random ones of the same shapes.
    fn load(name: &'static str) -> anyhow::Result<Self> {
        let (side, config, weights) = if name == "official_slim" {
            // The public network's shape at a quarter of its width.
            let config = UNetConfig {
                model_channels: 32,
                ..UNetConfig::preset("cellflux-bbbc021").context("no such preset")?
            };
            match goldens::folder(name) {
                None => (96, config, None),
                Some(folder) => {
                    let golden = Golden::parse(&fs::read(folder.join("io.safetensors"))?)?;
                    let weights = fs::read(folder.join("model.safetensors"))?;
                    (96, golden.config().clone(), Some(weights))
                }
            }
        } else {
            let config = UNetConfig::preset(name).context("no such preset")?;
            let checkpoint = goldens::checkpoint(&format!("bbbc021-{name}.safetensors"));
            let side = if name == "cellflux-bbbc021" { 96 } else { 64 };
            (side, config, checkpoint.map(fs::read).transpose()?)
        };
        let trained = weights.is_some();
        let weights = match weights {
            Some(bytes) => StateDict::from_safetensors(&bytes, &config)?,
            None => random_state_dict(&config, 1),
        };
        Ok(Self {
            name,
            side,
            config,
            weights,
            trained,
        })
    }
}

/// The tiles that a tuner finds for a network here, without the user's cache; what it tried goes to stderr.
async fn tune(
    gpu: &Gpu,
    config: &UNetConfig,
    size: [usize; 2],
    batch: usize,
    precision: Precision,
) -> anyhow::Result<Tuning> {
    let (report, defaults) = (gpu.report(), Tuning::of(gpu.report()));
    let plan = Plan::new(config, size, batch, precision, &defaults)?;
    let stored = StoredTiles::new(&report.to_string());
    let effort = Effort {
        longest_run: f64::INFINITY,
        ..Effort::of(report)
    };
    let mut tuner = Tuner::new(&plan, defaults, stored, effort, 0.0);
    let clock = Instant::now();
    let mut trials = DeviceTrials::new(gpu, plan.images(), || clock.elapsed().as_secs_f64());
    while let Some(tried) = tuner.step(&mut trials).await? {
        eprintln!("{tried}");
    }
    Ok(tuner.stored().tuning_for(gpu, config, size, batch, precision)?)
}

impl<'a> Contestant<'a> {
    async fn new(
        network: &'a Network,
        kind: &'static str,
        batch: usize,
        gpu: Option<&Gpu>,
        limits: Option<&Limits>,
    ) -> anyhow::Result<Self> {
        let Network {
            side,
            config,
            weights,
            ..
        } = network;
        let size = [*side, *side];
        let mut started = Instant::now();
        let (engine, planned) = if kind == "candle" {
            (CandleEngine::new(config, weights, *side, *side)?.into(), None)
        } else {
            let gpu = gpu.context("there is no adapter")?;
            let precision = if kind.starts_with("wgpu-f16") {
                Precision::F16
            } else {
                Precision::F32
            };
            let tuning = if kind.ends_with("-tuned") {
                let tuning = tune(gpu, config, size, batch, precision).await?;
                started = Instant::now();
                tuning
            } else if kind.ends_with("-blocks") {
                Tuning::of(gpu.report()).forcing_attention(AttentionTile::Blocks)
            } else {
                let defaults = Tuning::of(gpu.report());
                let packs = kind.ends_with("-packed") || defaults.packs_weights();
                defaults.packing_weights(packs)
            };
            let engine =
                WgpuEngine::tuned(gpu, config, weights, size, batch, precision, tuning, |_| ()).await?;
            anyhow::ensure!(
                engine.tuning().packs_weights() || !kind.ends_with("-packed"),
                "its weights are not f16 numbers, so they are not packed"
            );
            let plan = Plan::new(config, size, batch, precision, engine.tuning())?;
            let planned = Planned {
                peak_bytes: plan.memory().peak(),
                dispatches: plan.calls(),
                submissions: plan.submissions(),
                floor: limits.map_or(0.0, |limits| {
                    let flops = batch as f64 * Cost::of(config, *side, *side).total();
                    1e3 * limits.floor(flops, plan.traffic() as f64)
                }),
            };
            (engine.into(), Some(planned))
        };
        let mut contestant = Self {
            network,
            kind,
            batch,
            engine,
            planned,
            first: 0.0,
            milliseconds: Vec::new(),
        };
        contestant.evaluate()?;
        contestant.first = started.elapsed().as_secs_f64() * 1e3;
        Ok(contestant)
    }

    /// Times one evaluation, reading the velocity back included.
    fn evaluate(&mut self) -> anyhow::Result<f64> {
        let Network { side, config, .. } = self.network;
        let x = self
            .engine
            .upload(&source_noise(1, self.batch * config.in_channels * side * side))?;
        let condition = source_noise(2, config.condition_dim);
        // As guidance does: every second image without its condition.
        let conditions: Vec<_> = (0..self.batch)
            .map(|image| (image % 2 == 0).then_some(condition.as_slice()))
            .collect();
        let started = Instant::now();
        let velocity = self.engine.evaluate(&x, &vec![0.5; self.batch], &conditions)?;
        let velocity = pollster::block_on(self.engine.read(&velocity))?;
        let milliseconds = started.elapsed().as_secs_f64() * 1e3;
        anyhow::ensure!(
            velocity.iter().all(|value| value.is_finite()),
            "{} on {} gave numbers that are not finite",
            self.network.name,
            self.kind
        );
        Ok(milliseconds)
    }

    fn report(&mut self) -> Value {
        let Network {
            name,
            side,
            config,
            trained,
            ..
        } = self.network;
        self.milliseconds.sort_by(f64::total_cmp);
        let (least, most) = (
            self.milliseconds[0],
            self.milliseconds[self.milliseconds.len() - 1],
        );
        let median = self.milliseconds[self.milliseconds.len() / 2];
        let gflop = self.batch as f64 * Cost::of(config, *side, *side).total() / 1e9;
        let rate = gflop / (median / 1e3);
        let engine = self.engine.report();
        let Self {
            kind, batch, first, ..
        } = self;
        print!(
            "{name:16} {side:>4} {batch:>5} {kind:15} {median:>10.2} {least:>10.2} {most:>10.2} {rate:>9.1}"
        );
        match &self.planned {
            None => println!(" {:>9} {first:>8.0}", ""),
            Some(planned) => println!(
                " {:>9.2} {first:>8.0} {:>8.1} {:>6} {:>6}",
                planned.floor,
                planned.peak_bytes as f64 / f64::from(1 << 20),
                planned.dispatches,
                planned.submissions
            ),
        }
        let planned = self.planned.as_ref();
        json!({
            "network": name,
            "side": side,
            "batch": batch,
            "trained_weights": trained,
            "engine": kind,
            "adapter": engine.adapter,
            "software": engine.software,
            "gflop": gflop,
            "median_ms": median,
            "least_ms": least,
            "most_ms": most,
            "gflop_per_s": rate,
            "first_ms": first,
            "floor_ms": planned.map(|planned| planned.floor),
            "peak_bytes": planned.map(|planned| planned.peak_bytes),
            "dispatches": planned.map(|planned| planned.dispatches),
            "submissions": planned.map(|planned| planned.submissions),
        })
    }
}
