//! The subcommands; `anyhow` begins here.

pub mod data;
pub mod export;
pub mod sample;
pub mod train;

use indicatif::ProgressBar;

/// Shows on a terminal how far the packed cache is.
pub fn cache_progress() -> impl Fn(usize, usize) {
    let bar = ProgressBar::new(0).with_prefix("images packed");
    move |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
        if done == all {
            bar.finish_and_clear();
        }
    }
}
