//! The subcommands; `anyhow` begins here.

pub mod bench;
pub mod classify;
pub mod compare;
pub mod data;
pub mod describe;
pub mod evaluate;
pub mod export;
pub mod lr_range;
pub mod report;
pub mod runs;
pub mod sample;
pub mod state_dict;
pub mod train;
pub mod truth;

use std::ops::RangeBounds;

use cellflux_bundle::sampling::Sampling;
use cellflux_flow::solver::Solver;
use cellflux_flow::time_grid::GridKind;
use cellflux_train::sampling::{read_alpha, read_noise, read_steps};
use clap::builder::RangedU64ValueParser;
use indicatif::{ProgressBar, ProgressStyle};

/// How samples are drawn, where it differs from [`cellflux_train::sampling::recommended`].
#[derive(clap::Args)]
pub struct SamplingArgs {
    /// The solver: euler, midpoint, heun2 or rk4 (heun2 by default).
    #[arg(long)]
    solver: Option<Solver>,
    /// The time grid: uniform, edm or cosine (edm by default).
    #[arg(long)]
    grid: Option<GridKind>,
    /// Steps on the grid (20 by default).
    #[arg(long, allow_negative_numbers = true, value_parser = read_steps)]
    steps: Option<usize>,
    /// Guidance; 1 is the conditional velocity alone (1.2 by default).
    #[arg(long, allow_negative_numbers = true, value_parser = read_alpha)]
    alpha: Option<f64>,
    /// Source noise in model range (the training's own by default).
    #[arg(long, allow_negative_numbers = true, value_parser = read_noise)]
    noise: Option<f64>,
    /// Seed of the source noise (0 by default); the same seed in a link gives the same noise.
    #[arg(long)]
    seed: Option<u32>,
}

impl SamplingArgs {
    /// `recommended`, with the command line's values in place of its own.
    pub fn over(&self, recommended: &Sampling) -> Sampling {
        Sampling {
            solver: self.solver.unwrap_or(recommended.solver),
            grid: self.grid.unwrap_or(recommended.grid),
            steps: self.steps.unwrap_or(recommended.steps),
            alpha: self.alpha.unwrap_or(recommended.alpha),
            noise: self.noise.unwrap_or(recommended.noise),
            seed: self.seed.unwrap_or(recommended.seed),
            ..recommended.clone()
        }
    }
}

/// Reads a whole number within a range; a refusal names the flag and the range.
pub fn whole(range: impl RangeBounds<u64>) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(range)
}

/// Shows on a terminal how much of something is done.
pub fn progress(what: &'static str) -> impl Fn(usize, usize) {
    let bar = ProgressBar::new(0).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {per_sec} {eta} left") {
        bar.set_style(style);
    }
    move |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
        if done == all {
            bar.finish_and_clear();
        }
    }
}
