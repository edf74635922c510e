//! Times one 3x3 convolution with many tile shapes: `cargo run --release -p cellflux-wgpu --example convolution_speed`.
//!
//! Arguments: channels (default 64), side of the image (default 48), dtype (f32 or f16), and optionally a folder that the
//! shaders are written to, for timing them in a browser.

use std::error::Error;
use std::time::Instant;

use cellflux_wgpu::{Gpu, Precision, Probe, Tile, Wanted};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, otherwise: u32| arguments.get(at).map_or(Ok(otherwise), |text| text.parse());
    let (channels, side) = (number(0, 64)?, number(1, 48)?);
    let precision: Precision = arguments.get(2).map_or(Ok(Precision::F32), |text| text.parse())?;
    let gpu = pollster::block_on(Gpu::request(Wanted::default()))?;
    println!("{}", gpu.report());
    println!("3x3, {channels} to {channels} channels, {side} x {side}, {precision}");
    let registers = [
        (2, 1),
        (4, 1),
        (8, 1),
        (2, 2),
        (4, 2),
        (8, 2),
        (4, 4),
        (8, 4),
        (16, 1),
    ]
    .map(|(pixels, quads)| Tile::Registers { pixels, quads });
    let workgroup = [(4, 1, 4), (8, 1, 4), (4, 2, 4), (8, 2, 4), (8, 2, 2)].map(|(pixels, quads, depth)| {
        Tile::Workgroup {
            rows: 8,
            columns: 8,
            pixels,
            quads,
            depth,
        }
    });
    let wide = [(8, 2, 4), (4, 2, 4)].map(|(pixels, quads, depth)| Tile::Workgroup {
        rows: 16,
        columns: 16,
        pixels,
        quads,
        depth,
    });
    for tile in registers.into_iter().chain(workgroup).chain(wide) {
        let started = Instant::now();
        let probe = pollster::block_on(Probe::new(&gpu, [side, side], channels, precision, Some(tile)))?;
        pollster::block_on(probe.run(1))?;
        let compiled = started.elapsed();
        let mut best = f64::INFINITY;
        let times = if gpu.report().software { 1 } else { 20 };
        for _ in 0..5 {
            let started = Instant::now();
            pollster::block_on(probe.run(times))?;
            best = best.min(started.elapsed().as_secs_f64() / times as f64);
        }
        println!(
            "{:8.2} ms {:8.1} GFLOP/s, first run after {:5.0} ms  {tile:?}",
            best * 1e3,
            probe.flops() / best / 1e9,
            compiled.as_secs_f64() * 1e3
        );
        if let Some(folder) = arguments.get(3) {
            let name = format!("{tile:?}").replace([' ', '{', '}', ':', ','], "");
            std::fs::write(format!("{folder}/{name}.wgsl"), probe.wgsl())?;
        }
    }
    Ok(())
}
