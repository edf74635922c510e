//! The subcommands; `anyhow` begins here.

pub mod bench;
pub mod data;
pub mod export;
pub mod sample;
pub mod train;
pub mod truth;

use indicatif::{ProgressBar, ProgressStyle};

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
