//! `cellflux-train bench`: how fast training is on this machine.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use cellflux_bundle::UNetConfig;
use cellflux_terminal::said;
use cellflux_train::bench::{Measurement, Report, measure};
use cellflux_train::config::{DeviceChoice, OpsChoice, Precision};
use clap::{Subcommand, ValueEnum};

/// Measure this machine.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Images per second, operations per second, memory, and the share of every kind of work, of training
    /// steps on random images.
    Train(Train),
    /// Compare every fused operation with its plain twin, forward and backward.
    Check(Check),
}

/// The networks and batches that are measured by default.
const CASES: [&str; 3] = ["cellflux-bbbc021:32", "small-pool:32", "small-pool:128"];

#[derive(clap::Args)]
struct Train {
    /// Cases, each NETWORK:BATCH. Networks are the presets; `small-pool` is `small` without resampling
    /// convolutions, with one head a head's width.
    #[arg(value_name = "NETWORK:BATCH", default_values_t = CASES.map(String::from))]
    cases: Vec<String>,
    /// Height and width of an image.
    #[arg(long, default_value_t = 96)]
    side: usize,
    /// Number format inside a step.
    #[arg(long, value_enum, default_value_t = Format::Bf16)]
    precision: Format,
    /// Who carries out the operations.
    #[arg(long, value_enum, default_value_t = Ops::Fused)]
    ops: Ops,
    /// cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Cuda(0))]
    device: DeviceChoice,
    /// Only algorithms that give the same bits every time.
    #[arg(long)]
    deterministic: bool,
    /// Steps before the measured ones.
    #[arg(long, default_value_t = 5)]
    warmup: usize,
    /// Measured steps.
    #[arg(long, default_value_t = 20)]
    steps: usize,
    /// Where the report goes as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Check {
    /// cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Cuda(0))]
    device: DeviceChoice,
    /// Where the comparisons go as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    F32,
    Bf16,
    F16,
}

#[derive(Clone, Copy, ValueEnum)]
enum Ops {
    Candle,
    Fused,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    match &args.what {
        What::Train(args) => train(args),
        What::Check(args) => check(args),
    }
}

fn train(args: &Train) -> anyhow::Result<()> {
    let precision = match args.precision {
        Format::F32 => Precision::F32,
        Format::Bf16 => Precision::Bf16,
        Format::F16 => Precision::F16,
    };
    let ops = match args.ops {
        Ops::Candle => OpsChoice::Candle,
        Ops::Fused => OpsChoice::Fused,
    };
    let measurements = args
        .cases
        .iter()
        .map(|case| {
            let (name, batch) = case
                .split_once(':')
                .with_context(|| format!("{case}: expected NETWORK:BATCH"))?;
            Ok(Measurement {
                name: name.to_owned(),
                network: network(name)?,
                batch: batch
                    .parse()
                    .with_context(|| format!("{case}: the batch is not a number"))?,
                side: args.side,
                precision,
                ops,
                device: args.device,
                deterministic: args.deterministic,
                warmup: args.warmup,
                steps: args.steps,
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    if args.json.is_some() {
        said::go_on_unread();
    }
    let mut reports = Vec::new();
    for measurement in &measurements {
        let report = measure(measurement)
            .with_context(|| format!("{} with {} images", measurement.name, measurement.batch))?;
        print(&report);
        reports.push(report);
        if let Some(path) = &args.json {
            fs::write(path, serde_json::to_vec_pretty(&reports)?)
                .with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

fn network(name: &str) -> anyhow::Result<UNetConfig> {
    let (preset, pool) = match name.strip_suffix("-pool") {
        Some(preset) => (preset, true),
        None => (name, false),
    };
    let config = UNetConfig::preset(preset).with_context(|| format!("{name}: no such network"))?;
    Ok(UNetConfig {
        conv_resample: config.conv_resample && !pool,
        ..config
    })
}

fn print(report: &Report) {
    println!(
        "{} ({} parameters), {} images of {} px, {:?}, {:?} operations, {}",
        report.network,
        report.parameters,
        report.batch,
        report.side,
        report.precision,
        report.ops,
        report.device
    );
    println!(
        "  {:.1} ms per step   {:.0} images/s   {:.1} TFLOP/s   issued in {:.1} ms   peak {}",
        report.milliseconds,
        report.images_per_second,
        report.tflops,
        report.issue_milliseconds,
        report
            .peak_gib
            .map_or("not measured".to_owned(), |gib| format!("{gib:.1} GiB"))
    );
    for share in &report.shares {
        let calls = share
            .calls
            .map_or(String::new(), |calls| format!("{calls} calls"));
        println!(
            "  {:38} {:8.2} ms {:5.1} %  {calls}",
            share.class,
            share.milliseconds,
            share.share * 100.0
        );
    }
}

fn check(args: &Check) -> anyhow::Result<()> {
    use cellflux_fused::check::check;
    use cellflux_fused::convolution::Treatment;

    said::go_on_unread();
    let device = args.device.open()?;
    let (mut wrong, mut findings) = (0, Vec::new());
    for precision in [Precision::F32, Precision::Bf16, Precision::F16] {
        if !precision.is_computed_on(&device) {
            println!("      {precision:?} is left out: candle multiplies no such matrices on a CPU");
            continue;
        }
        for (tf32, deterministic) in [(false, true), (precision == Precision::F32, false)] {
            let treatment = Treatment { tf32, deterministic };
            for finding in check(&device, precision.dtype(), treatment)? {
                let verdict = if finding.holds() { "ok   " } else { "WRONG" };
                wrong += usize::from(!finding.holds());
                println!("{verdict} {precision:?} tf32 {tf32} deterministic {deterministic}: {finding}");
                findings.push(serde_json::json!({
                    "operation": finding.kind.to_string(), "case": finding.case,
                    "precision": precision, "tf32": tf32, "deterministic": deterministic,
                    "error": finding.error.as_ref().ok(), "failure": finding.error.as_ref().err(),
                    "bound": finding.bound,
                }));
            }
        }
    }
    if let Some(path) = &args.json {
        fs::write(path, serde_json::to_vec_pretty(&findings)?).with_context(|| path.display().to_string())?;
    }
    anyhow::ensure!(wrong == 0, "{wrong} operations differ from their twins");
    Ok(())
}
