//! One guided evaluation (a batch of two) of the `tiny` network at 64x64 on the CPU, on as many threads as
//! `RAYON_NUM_THREADS` says: what `cargo xtask bench unet` sets beside onnxruntime and PyTorch. Prints one
//! line of JSON: milliseconds of each evaluation after one that warms up.

use std::time::Instant;

use anyhow::Context;
use cellflux_bundle::config::UNetConfig;
use cellflux_candle::CandleEngine;
use cellflux_flow::field::{Engine, Field};
use cellflux_flow::guidance::Guidance;
use cellflux_flow::noise::source_noise;
use cellflux_tests::random_network::random_state_dict;
use clap::Parser;
use serde_json::json;

const SIDE: usize = 64;

/// Milliseconds of guided evaluations on the CPU.
#[derive(Parser)]
struct Args {
    /// Measured evaluations.
    #[arg(long, default_value_t = 3)]
    evaluations: usize,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let config = UNetConfig::preset("tiny").context("there is no preset tiny")?;
    let mut engine = CandleEngine::new(&config, &random_state_dict(&config, 3), SIDE, SIDE)?;
    engine.condition(&[vec![0.5; config.condition_dim]], Guidance { alpha: 1.2 })?;
    let x = engine.upload(&source_noise(7, config.in_channels * SIDE * SIDE))?;
    let mut milliseconds = Vec::new();
    for round in 0..=args.evaluations {
        let began = Instant::now();
        let velocity = engine.velocity(0.5, &x)?;
        pollster::block_on(engine.read(&velocity))?;
        if round > 0 {
            milliseconds.push(began.elapsed().as_secs_f64() * 1e3);
        }
    }
    println!("{}", json!({ "milliseconds": milliseconds }));
    Ok(())
}
