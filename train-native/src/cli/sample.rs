//! `cellflux-train sample`: cells that a run's averaged weights make of real controls, and what they measure.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use candle_core::Tensor;
use cellflux_bundle::sampling::Sampling;
use cellflux_flow::solver::Solver;
use cellflux_flow::time_grid::GridKind;
use cellflux_image::coded_png;
use cellflux_train::config::DeviceChoice;
use cellflux_train::data::{HostBatch, Pair, Split};
use cellflux_train::material::Material;
use cellflux_train::measure::{Effects, measure};
use cellflux_train::network::Network;
use cellflux_train::run::checkpoint::Checkpoint;
use cellflux_train::run::{draw_sheet, open, varied_pairs};
use cellflux_train::sampling::Walk;

use super::progress;

/// Walk validation controls under their partners' conditions: a sheet, every cell as a PNG, and what the nuclei measure.
///
/// Writes `sheet.png`, `cells/NNNNN-{control,predicted,real}.png` and `samples.csv`, and prints the mean nuclear area and
/// brightness of controls, predictions and real cells by condition.
#[derive(clap::Args)]
pub struct Args {
    /// The run's folder.
    run: PathBuf,
    /// The checkpoint; by default the run's newest.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// Pairs to walk, spread over the conditions.
    #[arg(long, default_value_t = 64)]
    pairs: usize,
    /// Rows of the sheet.
    #[arg(long, default_value_t = 12)]
    rows: usize,
    /// euler, midpoint, heun2 or rk4.
    #[arg(long, default_value = "heun2")]
    solver: Solver,
    /// uniform, edm or cosine.
    #[arg(long, default_value = "uniform")]
    grid: GridKind,
    /// Steps on the grid.
    #[arg(long, default_value_t = 20)]
    steps: usize,
    /// Guidance; 1 is the conditional velocity alone.
    #[arg(long, default_value_t = 1.0)]
    alpha: f64,
    /// Source noise in model range.
    #[arg(long, default_value_t = 0.0)]
    noise: f64,
    /// Seed of the source noise.
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// cpu, cuda or cuda:N.
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// The folder to write: absent or empty.
    #[arg(long)]
    out: PathBuf,
}

/// Pairs walked at once.
const BATCH: usize = 32;

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let (material, newest) = open(&args.run, progress("images packed"))?;
    let path = args
        .checkpoint
        .clone()
        .or(newest)
        .with_context(|| format!("{} holds no checkpoint", args.run.display()))?;
    let cells = args.out.join("cells");
    fs::create_dir_all(&cells).with_context(|| cells.display().to_string())?;
    if fs::read_dir(&cells)?.next().is_some() {
        bail!(
            "{} is not empty, expected an absent or empty folder",
            cells.display()
        );
    }
    let device = args.device.open()?;
    let averaged = Checkpoint::load(&path, &device)?.state.averaged;
    let sampling = Sampling {
        solver: args.solver,
        grid: args.grid,
        steps: args.steps,
        alpha: args.alpha,
        noise: args.noise,
        seed: args.seed,
        ..Sampling::default()
    };
    let walk = Walk::new(&sampling, material.config.training.source)?;

    let sheet_pairs = varied_pairs(&material, Split::Validation, args.rows)?;
    let sheet = draw_sheet(&material, network(&material, &averaged)?, &walk, &sheet_pairs)?;
    write(&args.out.join("sheet.png"), &sheet.png)?;

    let mut table = csv::Writer::from_path(args.out.join("samples.csv"))?;
    table.write_record([
        "cell",
        "compound",
        "dose_um",
        "batch",
        "control_area",
        "predicted_area",
        "real_area",
        "control_brightness",
        "predicted_brightness",
        "real_brightness",
    ])?;
    let mut effects = Effects::default();
    let all = varied_pairs(&material, Split::Validation, args.pairs)?;
    for (number, pairs) in all.pairs.chunks(BATCH).enumerate() {
        let pairs = HostBatch::of_pairs(&material.cache, pairs.to_vec())?;
        let frames = walk.frames(
            network(&material, &averaged)?,
            &material.conditions,
            &pairs,
            material.spec(),
            &[1.0],
        )?;
        for (index, (pair, frame)) in pairs.pairs.iter().zip(frames).enumerate() {
            let predicted = material.spec().to_coded(&frame.concat())?;
            let values = material.values();
            let images = [
                &pairs.control[index * values..(index + 1) * values],
                &predicted,
                &pairs.treated[index * values..(index + 1) * values],
            ];
            let cell = number * BATCH + index;
            for (image, kind) in images.iter().zip(["control", "predicted", "real"]) {
                let png = coded_png::write(material.spec(), image)?;
                write(&cells.join(format!("{cell:05}-{kind}.png")), &png)?;
            }
            let measured = images.map(|image| measure(material.spec(), image));
            effects.add(pair.condition, measured);
            let numbers = measured.map(|nucleus| nucleus.map_or(f64::NAN, |nucleus| nucleus.area));
            let brightness = measured.map(|nucleus| nucleus.map_or(f64::NAN, |nucleus| nucleus.brightness));
            let mut record = named(&material, *pair, cell);
            record.extend(
                numbers
                    .iter()
                    .chain(&brightness)
                    .map(|value| format!("{value:.2}")),
            );
            table.write_record(&record)?;
        }
    }
    table.flush()?;
    print(&material, &effects);
    Ok(())
}

fn network(material: &Material, averaged: &Tensor) -> anyhow::Result<Network> {
    let config = &material.config;
    let dtype = config.training.precision.dtype();
    let operations = config
        .run
        .ops
        .operations(averaged.device(), dtype, config.run.deterministic)?;
    let conditions = Arc::clone(&material.conditions);
    Ok(Network::constant(
        &material.network,
        averaged,
        conditions,
        &operations,
    )?)
}

fn named(material: &Material, pair: Pair, cell: usize) -> Vec<String> {
    let experiment = &material.experiment;
    let entry = experiment.entries().get(pair.treated as usize);
    let name = |names: Option<&String>| names.cloned().unwrap_or_default();
    let compound = entry.and_then(|entry| experiment.compounds().get(entry.compound as usize));
    let batch = entry.and_then(|entry| experiment.batches().get(entry.batch as usize));
    vec![
        cell.to_string(),
        name(compound.map(|compound| &compound.name)),
        entry
            .and_then(|entry| entry.dose_um)
            .map_or_else(String::new, |dose| dose.to_string()),
        name(batch),
    ]
}

fn print(material: &Material, effects: &Effects) {
    println!(
        "{:28} {:>8} {:>7}   {:>24}   {:>24}",
        "condition", "dose uM", "samples", "nuclear area, px", "nuclear brightness"
    );
    println!(
        "{:46}   {:>24}   {:>24}",
        "", "control  made  real", "control  made  real"
    );
    for (row, effect) in effects.means() {
        let row = material.conditions.rows().get(row as usize);
        let compound = row.and_then(|row| material.experiment.compounds().get(row.compound as usize));
        println!(
            "{:28} {:>8} {:>7}   {:>8.0} {:>7.0} {:>7.0}   {:>8.1} {:>7.1} {:>7.1}",
            compound.map_or("?", |compound| &compound.name),
            row.and_then(|row| row.dose_um)
                .map_or_else(|| "-".to_owned(), |dose| dose.to_string()),
            effect.samples,
            effect.control.area,
            effect.predicted.area,
            effect.real.area,
            effect.control.brightness,
            effect.predicted.brightness,
            effect.real.brightness,
        );
    }
}

fn write(path: &std::path::Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| path.display().to_string())
}
