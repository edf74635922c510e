//! `cargo xtask bench`: measurements, natively in cargo's bench profile and in browsers.

use anyhow::Result;

use crate::bench_browsers;
use crate::bench_cpu;
use crate::bench_lab;
use crate::bench_page;
use crate::bench_pool;
use crate::bench_train;
use crate::shell::{cargo, run};

#[derive(clap::Args)]
pub struct Options {
    /// What to measure: `unet` (natively, then in browsers), `browsers` (only those), `page` (a visit to the
    /// demo site), `lab` (how fast a lab learns, and what its visitor waits for), `pool` (the memory of each
    /// of the page's workers), `train` (training steps on the CPU, of `tiny:8` and `small:4` unless cases are
    /// given), or a bench of tests/benches.
    name: String,
    /// Leave out the browsers.
    #[arg(long)]
    native: bool,
    /// Measure what a published site gets in browsers: link-time optimisation and wasm-opt.
    #[arg(long)]
    release: bool,
    /// With `train`: let the same network in PyTorch take turns with ours, where torch is installed.
    #[arg(long)]
    beside_pytorch: bool,
    /// Passed on to the native measurement, or with `browsers` to that in browsers.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub fn bench(options: &Options) -> Result<()> {
    if options.name == "browsers" {
        return bench_browsers::measure(options.release, &options.arguments);
    }
    if options.name == "train" {
        return bench_train::measure(options.beside_pytorch, &options.arguments);
    }
    if options.name == "page" {
        return bench_page::bench();
    }
    if options.name == "lab" {
        return bench_lab::bench();
    }
    if options.name == "pool" {
        return bench_pool::bench();
    }
    run(cargo("bench")
        .args(["--package", "cellflux-tests", "--bench", &options.name, "--"])
        .args(&options.arguments))?;
    if options.name == "unet" {
        bench_cpu::measure()?;
    }
    if options.name == "unet" && !options.native {
        bench_browsers::measure(options.release, &[])?;
    }
    Ok(())
}
