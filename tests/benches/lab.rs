//! How many steps the lab's default network (three hidden layers of 64, batches of 256) learns in ten
//! seconds. Run by `cargo xtask bench lab`, on one thread there.

use std::time::{Duration, Instant};

use cellflux_lab::{Learning, Settings};

/// How long the network learns.
const TIME: Duration = Duration::from_secs(10);
const ROUNDS: usize = 3;

fn main() -> anyhow::Result<()> {
    let settings = Settings::default();
    println!(
        "hidden layers {:?}, batches of {}: steps in {} s",
        settings.network.widths,
        settings.learning.batch,
        TIME.as_secs()
    );
    for round in 1..=ROUNDS {
        let mut learning = Learning::new(settings.clone())?;
        let began = Instant::now();
        while began.elapsed() < TIME {
            learning.step()?;
        }
        let (steps, seconds) = (learning.curve().steps() as f64, began.elapsed().as_secs_f64());
        println!(
            "round {round} of {ROUNDS}: {:.0} steps",
            steps * TIME.as_secs_f64() / seconds
        );
    }
    Ok(())
}
