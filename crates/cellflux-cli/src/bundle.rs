//! `cellflux bundle`: what is in a bundle, the same model stored otherwise, and how two bundles differ.

mod bioimageio;
mod evaluation;
mod export;
mod hugging_face;
pub mod quick;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::{Bundle, Manifest, clipping, folder, limits};
use cellflux_flow::distance::RelativeError;
use cellflux_session::comparison::storage;

use crate::engine::{EngineKind, open_for_pictures};

/// Look into a bundle, store it anew, or compare two.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Inspect(Inspect),
    Quantise(Quantise),
    Reshard(Reshard),
    AttachEvaluation(evaluation::Attach),
    Export(export::Export),
    Diff(Diff),
}

/// Print what a bundle says of itself: configuration, parameters, conditions, files and digests.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cellflux bundle inspect my-model --json")]
struct Inspect {
    /// The bundle's folder.
    bundle: PathBuf,
    /// Print the manifest as JSON.
    #[arg(long)]
    json: bool,
}

/// Store the weights in other bytes, and measure what that costs. An evaluation is left out: its figures
/// belong to the weights as they were.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cellflux bundle quantise my-model --dtype int8 --out my-model-int8")]
struct Quantise {
    /// The bundle's folder.
    bundle: PathBuf,
    /// f32, f16 or int8 (one scale per output channel).
    #[arg(long)]
    dtype: WeightDtype,
    /// Write the bundle even if the measured error is above the bound.
    #[arg(long)]
    force: bool,
    /// What measures the error.
    #[arg(long, value_enum, default_value = "candle")]
    engine: EngineKind,
    #[command(flatten)]
    out: Out,
}

/// Cut the weights into shards of another size, or add quick weights to them.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cellflux bundle reshard my-model --megabytes 8 --out my-model-8\n  \
                        cellflux bundle reshard my-model --quick --out my-model-quick"
)]
struct Reshard {
    /// The bundle's folder.
    bundle: PathBuf,
    /// The most MiB per shard, 1 to 24.
    #[arg(long, default_value = "24", value_parser = clap::value_parser!(u32).range(1..=24))]
    megabytes: u32,
    /// Store the weights once more as int8, for a page to walk with until the full ones have come, and
    /// measure how far those walks are off.
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    out: Out,
}

/// Where a bundle goes.
#[derive(clap::Args)]
struct Out {
    /// The new bundle's folder: new, empty, or with --replace an earlier bundle.
    #[arg(long)]
    out: PathBuf,
    /// Replace the bundle that is there.
    #[arg(long)]
    replace: bool,
}

/// Say how two bundles differ. Exits 1 when they do, and 2 when they cannot be compared.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cellflux bundle diff my-model my-model-int8")]
struct Diff {
    /// A bundle's folder.
    first: PathBuf,
    /// Another's.
    second: PathBuf,
}

impl Args {
    /// Whether two bundles are compared, which has exit statuses of its own.
    pub fn compares(&self) -> bool {
        matches!(self.command, Command::Diff(_))
    }
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Inspect(options) => inspect(options),
        Command::Quantise(options) => quantise(options),
        Command::Export(options) => export::export(options),
        Command::Reshard(options) => reshard(options),
        Command::AttachEvaluation(options) => evaluation::attach(options),
        Command::Diff(options) => diff(options),
    }
}

fn read(folder: &Path) -> anyhow::Result<(Bundle, BTreeMap<String, Vec<u8>>)> {
    let broken = || folder.display().to_string();
    let bundle = folder::read(folder).with_context(broken)?;
    let assets = folder::read_assets(folder, &bundle.manifest).with_context(broken)?;
    Ok((bundle, assets))
}

fn inspect(options: &Inspect) -> anyhow::Result<ExitCode> {
    let (bundle, assets) = read(&options.bundle)?;
    let manifest = &bundle.manifest;
    if options.json {
        println!(
            "{}",
            serde_json::to_string_pretty(manifest).context("the manifest cannot be written")?
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "{} ({}), format version {}",
        manifest.title, manifest.id, manifest.version
    );
    for (term, value) in facts(manifest)? {
        println!("  {term:<12} {value}");
    }
    if let Some(evaluation) = &manifest.evaluation {
        println!("what was measured:");
        for remark in evaluation.remarks(&manifest.conditions) {
            println!("  {remark}");
        }
    }
    for channel in clipping::of_treated(&manifest.image, &manifest.gallery, &assets)? {
        println!("note: {channel}");
    }
    println!("files, each checked against its digest:");
    for entry in &manifest.files {
        println!("  {:>10}  {}  {}", entry.bytes, entry.sha256, entry.path);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a manifest says in lines.
fn facts(manifest: &Manifest) -> anyhow::Result<Vec<(&'static str, String)>> {
    let model = &manifest.model;
    let channels: Vec<&str> = manifest
        .image
        .channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    let ids: Vec<&str> = manifest
        .conditions
        .list
        .iter()
        .map(|condition| condition.id.as_str())
        .collect();
    Ok(vec![
        ("network", serde_json::to_string(&model.config)?),
        ("parameters", model.parameters.to_string()),
        ("weights", format!("{} in {} shard(s)", model.dtype, model.shards)),
        (
            "quick",
            manifest.quick_weights.map_or("none".into(), |quick| {
                format!("{} in {} shard(s)", quick.dtype, quick.shards)
            }),
        ),
        (
            "images",
            format!(
                "{} x {}, {}",
                manifest.image.width,
                manifest.image.height,
                channels.join(", ")
            ),
        ),
        ("conditions", format!("{}: {}", ids.len(), ids.join(", "))),
        (
            "samples",
            format!(
                "{} controls, {} treated",
                manifest.gallery.controls.len(),
                manifest.gallery.treated.len()
            ),
        ),
        ("sampling", serde_json::to_string(&manifest.sampling)?),
        (
            "data",
            format!(
                "{}; {}",
                manifest.provenance.data_set.name, manifest.provenance.data_set.licence
            ),
        ),
        ("evaluation", evaluation::summary(manifest.evaluation.as_ref())),
        ("licence", manifest.provenance.licence.clone()),
        ("made", manifest.provenance.created.clone()),
    ])
}

fn quantise(options: &Quantise) -> anyhow::Result<ExitCode> {
    let (bundle, assets) = read(&options.bundle)?;
    let mut draft = bundle.clone().into_draft(assets);
    draft.dtype = options.dtype;
    let mut packed = draft.pack().context("the bundle cannot be packed")?;
    let stored = packed.published()?;
    let mut engines = |bundle: &Bundle| open_for_pictures(options.engine, bundle);
    let measuring = storage::error(&bundle, &stored, &packed.files, &mut engines);
    let error = pollster::block_on(measuring).map_err(anyhow::Error::msg)?;
    println!(
        "{} as {}: the velocity is {:.2e} off, a ten-step trajectory {:.2e} (relative; bound {:.0e})",
        bundle.manifest.model.dtype,
        options.dtype,
        error.velocity,
        error.trajectory,
        storage::BOUND
    );
    if error.is_too_large() && !options.force {
        eprintln!("cellflux: nothing was written: the error is above the bound (--force writes it anyway)");
        return Ok(ExitCode::FAILURE);
    }
    evaluation::carry(&mut packed, &bundle)?;
    if bundle.manifest.quick_weights.is_some()
        && !packed.carry_quick(&bundle.manifest, limits::SHARD_BYTES)?
    {
        eprintln!("note: the quick weights are left out, since they take no fewer bytes than the new ones");
    }
    options.out.write(&packed)
}

fn reshard(options: &Reshard) -> anyhow::Result<ExitCode> {
    let (bundle, assets) = read(&options.bundle)?;
    let bytes = ((options.megabytes as usize) << 20).min(limits::SHARD_BYTES);
    let mut packed = bundle
        .clone()
        .into_draft(assets)
        .pack_in_shards(bytes)
        .context("the bundle cannot be packed")?;
    evaluation::carry(&mut packed, &bundle)?;
    if options.quick {
        quick::add(&mut packed, bytes)?;
    } else {
        packed.carry_quick(&bundle.manifest, bytes)?;
    }
    options.out.write(&packed)
}

impl Out {
    fn write(&self, packed: &cellflux_bundle::Packed) -> anyhow::Result<ExitCode> {
        folder::write(packed, &self.out, self.replace)?;
        let bytes: usize = packed.files.values().map(Vec::len).sum();
        if let Some(quick) = packed.manifest.quick_weights {
            println!("quick weights: {} in {} shard(s)", quick.dtype, quick.shards);
        }
        println!(
            "{}: {} in {} shard(s), {bytes} bytes",
            self.out.display(),
            packed.manifest.model.dtype,
            packed.manifest.model.shards
        );
        Ok(ExitCode::SUCCESS)
    }
}

fn diff(options: &Diff) -> anyhow::Result<ExitCode> {
    let (first, _) = read(&options.first)?;
    let (second, _) = read(&options.second)?;
    let mut differ = false;
    let mut say = |line: String| {
        differ = true;
        println!("{line}");
    };
    let after: BTreeMap<_, _> = facts(&second.manifest)?.into_iter().collect();
    for (term, before) in facts(&first.manifest)? {
        if let Some(after) = after.get(term).filter(|after| **after != before) {
            say(format!("{term}: {before} -> {after}"));
        }
    }
    let [before, after] = [&first, &second].map(|bundle| bundle.manifest.evaluation.as_ref());
    if evaluation::summary(before) == evaluation::summary(after) && !evaluation::same(before, after) {
        say("evaluation: other figures".into());
    }
    let digests = |manifest: &Manifest| -> BTreeMap<String, String> {
        manifest
            .files
            .iter()
            .map(|entry| (entry.path.clone(), entry.sha256.clone()))
            .collect()
    };
    let (before, after) = (digests(&first.manifest), digests(&second.manifest));
    for (path, digest) in &before {
        match after.get(path) {
            None => say(format!("- {path}")),
            Some(other) if other != digest => say(format!("~ {path}")),
            Some(_) => {}
        }
    }
    for path in after.keys().filter(|path| !before.contains_key(*path)) {
        say(format!("+ {path}"));
    }
    if first.manifest.model.config == second.manifest.model.config {
        let error = weights_apart(&first, &second);
        println!("weights: relative difference {error:.2e}");
    }
    Ok(if differ {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// `||second - first|| / ||first||` over all weights.
fn weights_apart(first: &Bundle, second: &Bundle) -> f64 {
    let mut apart = RelativeError::default();
    for (name, tensor) in &first.weights.tensors {
        let Ok(other) = second.weights.get(name) else {
            return f64::INFINITY;
        };
        apart.add(&other.to_f32(), &tensor.to_f32());
    }
    apart.value()
}
