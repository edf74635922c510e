//! Prints the plan of a preset, call by call: `cargo run -p cellflux-wgpu --example plan --
//! cellflux-bbbc021`.
//!
//! Arguments: preset, side of the image (default 96), images at once (default 2), dtype (default f32), `gpu`,
//! `packed` (a GPU without f16, whose f16 weights stay f16 in memory), `cooperative` or `software` (default
//! gpu), and optionally a folder for the shaders and a tile for all convolutions.

use std::error::Error;

use cellflux_bundle::config::UNetConfig;
use cellflux_wgpu::{AdapterReport, Plan, Precision, Tuning};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize, otherwise: &'static str| arguments.get(at).map_or(otherwise, String::as_str);
    let name = argument(0, "tiny");
    let config = UNetConfig::preset(name).ok_or_else(|| format!("no preset is called {name}"))?;
    let side = argument(1, "96").parse()?;
    let precision: Precision = argument(3, "f32").parse()?;
    let kind = argument(4, "gpu");
    let mut tuning = Tuning::of(&AdapterReport {
        software: kind == "software",
        cooperative: kind == "cooperative",
        ..AdapterReport::default()
    })
    .packing_weights(kind == "packed");
    if let Some(tile) = arguments.get(6) {
        tuning = tuning.forcing(tile.parse()?);
    }
    let plan = Plan::new(
        &config,
        [side, side],
        argument(2, "2").parse()?,
        precision,
        &tuning,
    )?;
    println!("{name}, {plan:#}");
    if let Some(folder) = arguments.get(5) {
        for (index, (label, text)) in plan.shaders().enumerate() {
            std::fs::write(format!("{folder}/{index:02}-{label}.wgsl"), text)?;
        }
    }
    Ok(())
}
