//! What this machine's adapter can do at best: `cargo bench -p cellflux-tests --bench limits`, or `cargo
//! xtask bench limits`.

use std::time::Instant;

use cellflux_wgpu::{Gpu, Limits, Wanted};

fn main() -> anyhow::Result<()> {
    let gpu = pollster::block_on(Gpu::request(Wanted::default()))?;
    let clock = Instant::now();
    let limits = pollster::block_on(Limits::measure(&gpu, || clock.elapsed().as_secs_f64()))?;
    println!("{}: {limits}", gpu.report());
    Ok(())
}
