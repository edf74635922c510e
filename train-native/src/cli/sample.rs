//! `cellflux-train sample`: cells generated from controls of the data by a run's averaged weights, and what
//! they measure.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use candle_core::Tensor;
use cellflux_bundle::evaluation::Nature;
use cellflux_data::{HostBatch, Pair, Split};
use cellflux_image::coded_png;
use cellflux_train::config::DeviceChoice;
use cellflux_train::material::Material;
use cellflux_train::measure::{Effects, measure, nuclear_channel};
use cellflux_train::network::Network;
use cellflux_train::ranks::{Ranks, Through};
use cellflux_train::run::{CHECKPOINTS, checkpoint, draw_sheet, open, varied_pairs};
use cellflux_train::sampling::{Walk, recommended};

use super::{SamplingArgs, progress};

/// Generate cells from validation controls under their partners' conditions: a sheet, every cell as a PNG,
/// and what the nuclei measure.
///
/// Writes `sheet.png`, `cells/NNNNN-{control,predicted,real}.png` and `samples.csv`, and prints the mean
/// nuclear area and brightness of controls, predictions and real cells by condition. Where a program draws
/// the data's cells, they are called drawn in place of real.
#[derive(clap::Args)]
pub struct Args {
    /// The run's folder.
    run: PathBuf,
    /// The checkpoint; by default the run's newest.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// Number of pairs, spread over the conditions.
    #[arg(long, default_value_t = 64)]
    pairs: usize,
    /// Rows of the sheet.
    #[arg(long, default_value_t = 12)]
    rows: usize,
    /// As the bundle of this run recommends, except for what is given here.
    #[command(flatten)]
    sampling: SamplingArgs,
    /// cpu, cuda or cuda:N.
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// What joins the processes that a launcher started, which share the cells: alone, sockets, mpi, mpi-cuda
    /// or nccl.
    #[arg(long, default_value_t = Through::Alone)]
    processes: Through,
    /// The folder to write: absent or empty.
    #[arg(long)]
    out: PathBuf,
}

/// Pairs walked at once.
const BATCH: usize = 32;

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let ranks = args.processes.join()?;
    ranks.together(|| sampled(args, &ranks))
}

/// The cells, walked by all processes and written by the first.
fn sampled(args: &Args, ranks: &Ranks) -> anyhow::Result<()> {
    let material = ranks.first_alone(|| open(&args.run, &[], progress("images packed")))?;
    let cells = args.out.join("cells");
    if ranks.is_first() {
        fs::create_dir_all(&cells).with_context(|| cells.display().to_string())?;
        if fs::read_dir(&cells)?.next().is_some() {
            bail!(
                "{} is not empty, expected an absent or empty folder",
                cells.display()
            );
        }
    }
    let device = ranks.device(args.device).open()?;
    let checkpoints = args.run.join(CHECKPOINTS);
    let (_, read) = checkpoint::load(&checkpoints, args.checkpoint.as_deref(), &device)?;
    let averaged = read.state.averaged;
    let sampling = args.sampling.over(&recommended(&material.config.training));
    let walk = Walk::new(&sampling, material.config.training.source)?;
    let all = varied_pairs(&material, Split::Validation, args.pairs)?;
    let made = made(&material, &averaged, &walk, &all.pairs, ranks)?;
    if !ranks.is_first() {
        return Ok(());
    }

    let sheet_pairs = varied_pairs(&material, Split::Validation, args.rows)?;
    let sheet = draw_sheet(
        &material,
        network(&material, &averaged)?,
        &walk,
        &sheet_pairs,
        &[],
    )?;
    write(&args.out.join("sheet.png"), &sheet.png)?;

    let nature = Nature::of(material.experiment.drawn());
    let [area, brightness] = ["area", "brightness"].map(|measure| format!("{nature}_{measure}"));
    let mut table = csv::Writer::from_path(args.out.join("samples.csv"))?;
    table.write_record([
        "cell",
        "compound",
        "dose_um",
        "batch",
        "seed",
        "control_area",
        "predicted_area",
        &area,
        "control_brightness",
        "predicted_brightness",
        &brightness,
    ])?;
    let mut effects = Effects::default();
    let values = material.values();
    let images = all.control.chunks(values).zip(made.chunks(values));
    let images = images.zip(all.treated.chunks(values));
    for (cell, (((control, predicted), real), pair)) in images.zip(&all.pairs).enumerate() {
        let images = [control, predicted, real];
        for (image, kind) in images.iter().zip(["control", "predicted", nature.word()]) {
            let png = coded_png::write(material.spec(), image)?;
            write(&cells.join(format!("{cell:05}-{kind}.png")), &png)?;
        }
        let measured = images.map(|image| measure(material.spec(), image));
        effects.add(pair.condition, measured);
        let area = measured.map(|nucleus| nucleus.map(|nucleus| nucleus.area));
        let brightness = measured.map(|nucleus| nucleus.map(|nucleus| nucleus.brightness));
        let named = material.named(*pair);
        let mut record = vec![
            cell.to_string(),
            named.compound.to_owned(),
            named.dose_um.map_or_else(String::new, |dose| dose.to_string()),
            named.batch.to_owned(),
            walk.seed(cell).to_string(),
        ];
        // Empty where no nucleus was measured.
        let numbers = area.iter().chain(&brightness);
        record.extend(numbers.map(|value| value.map_or_else(String::new, |value| format!("{value:.2}"))));
        table.write_record(&record)?;
    }
    table.flush()?;
    if effects.is_empty() {
        println!("{}", unmeasured(&material, nature));
    } else {
        print(&material, &effects, nature);
    }
    Ok(())
}

/// The cells that all processes walk together from the pairs' controls, coded bytes `[N, C, H, W]`.
fn made(
    material: &Material,
    averaged: &Tensor,
    walk: &Walk,
    pairs: &[Pair],
    ranks: &Ranks,
) -> anyhow::Result<Vec<u8>> {
    let batches = || pairs.chunks(BATCH).enumerate();
    let mut own = Vec::new();
    for (number, pairs) in batches().filter(|(number, _)| number % ranks.size() == ranks.rank()) {
        let pairs = HostBatch::of_pairs(&material.cache, pairs.to_vec())?;
        let frames = walk.frames(
            network(material, averaged)?,
            &material.conditions,
            &pairs,
            number * BATCH,
            material.spec(),
            &[1.0],
        )?;
        for frame in frames {
            own.extend(material.spec().to_coded(&frame.concat())?);
        }
    }
    let by_rank = ranks.exchange(&own)?;
    let mut rest: Vec<&[u8]> = by_rank.iter().map(Vec::as_slice).collect();
    let mut all = Vec::with_capacity(pairs.len() * material.values());
    for (number, pairs) in batches() {
        let rest = rest.get_mut(number % ranks.size());
        let whole = rest.and_then(|rest| rest.split_off(..pairs.len() * material.values()));
        all.extend_from_slice(whole.context("a process made other cells than those asked for")?);
    }
    Ok(all)
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

/// Why there is nothing to print.
fn unmeasured(material: &Material, nature: Nature) -> String {
    let spec = material.spec();
    if nuclear_channel(spec).is_some() {
        return format!(
            "no sample has a nucleus in all of control, made and {nature} cell, so none was measured"
        );
    }
    let names: Vec<&str> = spec
        .channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    format!(
        "no nucleus was measured: no channel has a name that says it shows DNA ({}); the cells are in cells/ \
        and on sheet.png",
        names.join(", ")
    )
}

fn print(material: &Material, effects: &Effects, nature: Nature) {
    let columns = format!("control  made {:>5}", nature.word());
    println!(
        "{:28} {:>8} {:>7}   {:>24}   {:>24}",
        "condition", "dose uM", "samples", "nuclear area, px", "nuclear brightness"
    );
    println!("{:46}   {columns:>24}   {columns:>24}", "");
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
