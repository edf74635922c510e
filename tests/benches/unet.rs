//! How long a guided evaluation takes: `cargo bench -p cellflux-tests --bench unet`, or `cargo xtask bench unet`.
//!
//! One guided evaluation of one image is a batch of two. Engines and networks take turns, round by round, so that a
//! machine that gets busy or warm meets all of them alike. GFLOP/s are those of the plain algorithm
//! (`cellflux_bundle::cost`), whatever an engine does to save some.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::cost::Cost;
use cellflux_bundle::state_dict::StateDict;
use cellflux_candle::CandleEngine;
use cellflux_flow::field::{Engine, Field};
use cellflux_flow::guidance::Guidance;
use cellflux_flow::noise::source_noise;
use cellflux_session::AnyEngine;
use cellflux_session::verify::Golden;
use cellflux_tests::goldens;
use cellflux_tests::random_network::random_state_dict;
use cellflux_wgpu::{Gpu, Plan, Precision, Tuning, Wanted, WgpuEngine};
use clap::Parser;
use serde_json::{Value, json};

/// Milliseconds an evaluation, and GFLOP/s, of every network on every engine.
#[derive(Parser)]
struct Args {
    /// Measured rounds, after one that warms up.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Networks to measure; all when not given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Engines to measure: candle, wgpu-f32, wgpu-f16; all that this machine has when not given.
    #[arg(long, value_delimiter = ',')]
    engines: Vec<String>,
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

/// One network on one engine, with the times measured so far.
struct Contestant<'a> {
    network: &'a Network,
    kind: &'static str,
    engine: AnyEngine,
    milliseconds: Vec<f64>,
}

const ENGINES: [&str; 3] = ["candle", "wgpu-f32", "wgpu-f16"];

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    anyhow::ensure!(args.rounds > 0, "--rounds is 0, expected at least 1");
    let networks: Vec<Network> = ["tiny", "small", "official_slim"]
        .into_iter()
        .filter(|name| wanted(&args.only, name))
        .map(Network::load)
        .collect::<anyhow::Result<_>>()?;
    let mut contestants = Vec::new();
    for network in &networks {
        for kind in ENGINES.into_iter().filter(|kind| wanted(&args.engines, kind)) {
            match pollster::block_on(engine(network, kind)) {
                Ok(engine) => contestants.push(Contestant::new(network, kind, engine)?),
                Err(error) => eprintln!("{} on {kind} is left out: {error:#}", network.name),
            }
        }
    }
    for round in 0..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        for contestant in &mut contestants {
            let milliseconds = contestant.evaluate()?;
            // The first round is warming up.
            if round > 0 {
                contestant.milliseconds.push(milliseconds);
            }
        }
    }
    println!(
        "{:14} {:>5} {:9} {:>10} {:>10} {:>10} {:>8}  adapter",
        "network", "side", "engine", "median ms", "least ms", "most ms", "GFLOP/s"
    );
    let rows: Vec<Value> = contestants.iter_mut().map(Contestant::report).collect();
    let report = json!({
        "what": "one guided evaluation of one image (a batch of two)",
        "rounds": args.rounds,
        "threads": std::thread::available_parallelism().map_or(1, usize::from),
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
            (64, config, checkpoint.map(fs::read).transpose()?)
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

async fn engine(network: &Network, kind: &str) -> anyhow::Result<AnyEngine> {
    let Network {
        side,
        config,
        weights,
        ..
    } = network;
    let precision = match kind {
        "candle" => return Ok(CandleEngine::new(config, weights, *side, *side)?.into()),
        "wgpu-f16" => Precision::F16,
        _ => Precision::F32,
    };
    let size = [*side, *side];
    let plan = Plan::new(config, size, 2, precision, &Tuning::default())?;
    let gpu = Gpu::request(Wanted::for_plan(&plan)).await?;
    Ok(WgpuEngine::new(&gpu, config, weights, size, 1, precision, |_| ())
        .await?
        .into())
}

impl<'a> Contestant<'a> {
    fn new(network: &'a Network, kind: &'static str, mut engine: AnyEngine) -> anyhow::Result<Self> {
        let condition = source_noise(2, network.config.condition_dim);
        engine.condition(&[condition], Guidance { alpha: 1.2 })?;
        Ok(Self {
            network,
            kind,
            engine,
            milliseconds: Vec::new(),
        })
    }

    /// Times one guided evaluation, reading the velocity back included.
    fn evaluate(&mut self) -> anyhow::Result<f64> {
        let Network { side, config, .. } = self.network;
        let x = self
            .engine
            .upload(&source_noise(1, config.in_channels * side * side))?;
        let started = Instant::now();
        let velocity = self.engine.velocity(0.5, &x)?;
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
        let gflop = 2.0 * Cost::of(config, *side, *side).total() / 1e9;
        let rate = gflop / (median / 1e3);
        let engine = self.engine.report();
        println!(
            "{name:14} {side:>5} {:9} {median:>10.1} {least:>10.1} {most:>10.1} {rate:>8.1}  {}",
            self.kind, engine.adapter
        );
        json!({
            "network": name,
            "side": side,
            "trained_weights": trained,
            "engine": self.kind,
            "adapter": engine.adapter,
            "software": engine.software,
            "gflop": gflop,
            "median_ms": median,
            "least_ms": least,
            "most_ms": most,
            "gflop_per_s": rate,
        })
    }
}
