//! What a person sees while it runs: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write as _, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::log::TrainLine;
use crate::validation::Validation;

/// The progress of a run on stderr.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    plain: bool,
    shown: bool,
    steps: u64,
}

impl Progress {
    /// Progress from `step` to `steps`, where it is `shown`: one of several processes shows it.
    pub fn new(step: u64, steps: u64, shown: bool) -> Self {
        let style = "{bar:30} {pos}/{len} steps  {msg}";
        let bar = if shown {
            ProgressBar::new(steps)
        } else {
            ProgressBar::hidden()
        };
        // If the template did not parse, indicatif's own would be used, which is also fine.
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_position(step);
        Self {
            bar,
            plain: !stderr().is_terminal(),
            shown,
            steps,
        }
    }

    /// Writes a line of its own.
    pub fn say(&self, text: &str) {
        if !self.shown {
            return;
        }
        if self.plain {
            // Training goes on even if nobody reads about it any longer; `eprintln!` would panic.
            let _ = writeln!(stderr(), "{text}");
        } else {
            self.bar.println(text);
        }
    }

    /// A step was made.
    pub fn step(&self, step: u64) {
        self.bar.set_position(step);
    }

    /// A line was logged.
    pub fn train(&self, line: &TrainLine, images_per_step: u64) {
        if !self.shown {
            return;
        }
        let left = self.steps.saturating_sub(line.step) * images_per_step;
        let left = Duration::from_secs((left as f64 / line.images_per_second.max(1e-9)) as u64);
        let text = format!(
            "loss {:.4} ({:.0} % of zero's)  {:.1} images/s  {} left",
            line.loss,
            100.0 * line.loss / line.zero,
            line.images_per_second,
            humantime::format_duration(left)
        );
        if self.plain {
            let _ = writeln!(
                stderr(),
                "step {}: {text}, waiting {:.0} %",
                line.step,
                100.0 * line.waiting
            );
        } else {
            self.bar.set_message(text);
        }
    }

    /// The network was validated.
    pub fn validation(&self, step: u64, found: &Validation) {
        let condition = found.condition.as_ref().map_or_else(String::new, |condition| {
            let other_batch = condition.other_batch_gap.map_or_else(String::new, |gap| {
                format!(", from a control of another batch {gap:+.5}")
            });
            format!(
                "; under another pair's condition {:+.5}, velocities {:.1} % apart ({} pairs){other_batch}",
                condition.shuffled_gap,
                100.0 * condition.velocity_distance,
                condition.exchanged
            )
        });
        let generated = found.generated.map_or_else(String::new, |generated| {
            let closed = generated.gap_closed.map_or_else(String::new, |share| {
                format!(", {:.1} % of the gap closed", 100.0 * share)
            });
            let apart = generated.ends_apart.map_or_else(String::new, |share| {
                format!(
                    ", ends under two conditions {:.1} % of their change apart",
                    100.0 * share
                )
            });
            format!(
                "; {} generated cells: KID {:.4}{closed}{apart}",
                generated.cells, generated.kid
            )
        });
        self.say(&format!(
            "step {step}: validation loss {:.5}, {:.1} % of the zero predictor's{condition}{generated}",
            found.loss,
            100.0 * found.loss / found.zero
        ));
        if let Some(warning) = found.difference.and_then(|difference| difference.warning(step)) {
            self.say(&format!("note: {warning}"));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
