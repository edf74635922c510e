//! `cellflux-train evaluate --sweep`: which sampling the validation cells prefer.

use std::fs;

use anyhow::{Context, bail};
use cellflux_bundle::evaluation::RowKind;
use cellflux_bundle::folder;
use cellflux_bundle::sampling::{FlowSource, Sampling};
use cellflux_figures::Source;
use cellflux_terminal::today;
use cellflux_train::evaluate::assess::program;
use cellflux_train::evaluate::cells::starts;
use cellflux_train::evaluate::generate::Generator;
use cellflux_train::evaluate::plan::{Plan, SWEEP};
use cellflux_train::evaluate::plots;
use cellflux_train::evaluate::question::Images;
use cellflux_train::evaluate::sets::GENERATED;
use cellflux_train::evaluate::sweep::{self, Axis};
use cellflux_train::evaluate::sweep_report;
use cellflux_train::sampling::Walk;

use super::{Args, Opened, Task};
use crate::cli::progress;

/// Generates, measures, reports, and writes the bundle that was asked for.
pub fn run(task: &Task<'_>) -> anyhow::Result<()> {
    let &Task {
        args,
        choice,
        cells,
        ranks,
        ..
    } = task;
    let Opened {
        subject,
        experiment,
        cache,
    } = task.opened;
    let bundle = &subject.bundle;
    let base = task.sampling();
    if bundle.manifest.source == FlowSource::Noise
        && args.sweep.iter().any(|axis| matches!(axis, Axis::Noise(_)))
    {
        bail!(
            "{}: its flow starts from noise, so there is no source noise to choose",
            bundle.manifest.id
        );
    }
    if let Some(folder) = &args.recommend {
        if !subject.attachable {
            bail!(
                "--recommend writes a bundle, and {} is a run: export it first",
                args.subject.display()
            );
        }
        if folder.exists() {
            bail!("{} is there already, expected a new folder", folder.display());
        }
    }
    let samplings = sweep::samplings(&args.sweep, &base)?;
    let mut images = Vec::with_capacity(samplings.len());
    for (number, sampling) in (1..).zip(&samplings) {
        let label = sweep::label(sampling);
        let out = args.out.join(SWEEP).join(&label);
        ranks.first_alone(|| -> anyhow::Result<()> {
            fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
            Plan::new(bundle, &subject.digest, experiment, sampling, choice)?.claim(&out)?;
            Ok(())
        })?;
        let walk = Walk::new(sampling, bundle.manifest.source)?;
        let mut generator = Generator::new(
            bundle,
            cache,
            subject.engine(ranks.device(args.device))?,
            walk,
            &out,
        );
        if ranks.is_first() {
            eprintln!("{label} ({number} of {})", samplings.len());
        }
        generator.generate(GENERATED, &cells.partners, task.shard(), &progress("generated"))?;
        ranks.meet()?;
        if args.shard.is_some() || !ranks.is_first() {
            continue;
        }
        let Some(coded) = generator.images(GENERATED, cells.partners.len())? else {
            bail!("{label}: cells are missing: another process removed them")
        };
        images.push(Images {
            kind: RowKind::Generated,
            name: label,
            folder: String::new(),
            starts: starts(bundle.manifest.source, &cells.partners),
            images: coded,
        });
    }
    if args.shard.is_some() {
        println!("this part is generated; the same command without --shard measures when all are");
        return Ok(());
    }
    if !ranks.is_first() {
        return Ok(());
    }
    let found = sweep::measure(&task.question(&images, &base), &samplings)?;
    sweep_report::write(&args.out, &found, cells.partners.len())?;
    let source = Source {
        model: &bundle.manifest.title,
        data: &found.data,
        date: &today(),
        program: &program(),
    };
    plots::write(&args.out, plots::Of::Sweep, &plots::of_sweep(&found), &source)?;
    if let (Some(folder), Some(chosen)) = (&args.recommend, found.tried.get(found.chosen)) {
        recommend(args, folder, &chosen.sampling)?;
    }
    println!("{}", args.out.join(sweep_report::REPORT).display());
    Ok(())
}

/// Writes the bundle anew with another sampling recommended.
fn recommend(args: &Args, out: &std::path::Path, sampling: &Sampling) -> anyhow::Result<()> {
    let mut packed = folder::read_packed(&args.subject)?;
    packed.recommend(sampling.clone())?;
    folder::write(&packed, out, false).with_context(|| out.display().to_string())?;
    println!("{}: recommends {}", out.display(), sweep::label(sampling));
    Ok(())
}
