//! `cellflux-train export`: a run becomes a bundle.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use candle_core::Device;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::{folder, limits};
use cellflux_train::config::Setting;
use cellflux_train::export::{Options, export};
use cellflux_train::run::{CHECKPOINTS, checkpoint, open};
use cellflux_train::sampling::recommended;

use super::{SamplingArgs, progress};

/// Write the averaged weights of a run's checkpoint as a bundle, with its conditions, sample cells and
/// provenance.
#[derive(clap::Args)]
pub struct Args {
    /// The run's folder.
    run: PathBuf,
    /// The checkpoint: `best`, `last` or a file; by default the one that the run selects (run.select), which
    /// is the newest unless its config says otherwise.
    #[arg(long, value_name = "best|last|FILE")]
    checkpoint: Option<PathBuf>,
    /// How to store the weights: f32, f16 or int8.
    #[arg(long, default_value = "f16")]
    dtype: WeightDtype,
    /// Store the weights once more as int8, for a page to walk with until the full ones have come.
    #[arg(long)]
    quick: bool,
    /// Control cells to put in, spread over the batches.
    #[arg(long, default_value_t = 8)]
    controls: usize,
    /// What the bundle recommends.
    #[command(flatten)]
    sampling: SamplingArgs,
    /// One value that overrides the run's [about], for example `--set about.title="Cells of our screen"`.
    #[arg(long = "set", value_name = "about.KEY=VALUE")]
    settings: Vec<Setting>,
    /// The bundle's folder: new, empty, or with --replace an earlier bundle.
    #[arg(long)]
    out: PathBuf,
    /// Replace the bundle that is there.
    #[arg(long)]
    replace: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(other) = args.settings.iter().find(|setting| setting.section() != "about") {
        bail!(
            "--set {}: the run has already decided that, expected a key of [about]",
            other.section()
        );
    }
    let material = open(&args.run, &args.settings, progress("images packed"))?;
    let checkpoints = args.run.join(CHECKPOINTS);
    let select = material.config.run.select;
    let selected = select.keeps_best().then_some(Path::new("best"));
    let asked = args.checkpoint.as_deref().or(selected);
    let (path, checkpoint) = checkpoint::load(&checkpoints, asked, &Device::Cpu)?;
    if args.checkpoint.is_none() && selected.is_some() {
        let (what, which) = select.in_words();
        eprintln!(
            "note: {} is exported, of step {}, whose {what} is the run's {which} (run.select); \
            `--checkpoint last` exports the newest",
            path.display(),
            checkpoint.progress.step
        );
    }
    let options = Options {
        dtype: args.dtype,
        controls: args.controls,
        sampling: args.sampling.over(&recommended(&material.config.training)),
    };
    let made = export(&material, &checkpoint, &options)?;
    for note in &made.notes {
        eprintln!("note: {note}");
    }
    let mut packed = made.draft.pack().context("the bundle cannot be packed")?;
    if args.quick {
        packed
            .add_quick(WeightDtype::Int8, limits::SHARD_BYTES)
            .context("the quick weights cannot be added")?;
    }
    folder::write(&packed, &args.out, args.replace)?;
    let bytes: usize = packed.files.values().map(Vec::len).sum();
    let manifest = &packed.manifest;
    println!(
        "{}: {} parameters as {}, {} conditions, {} controls, {} treated, {bytes} bytes in {} files",
        args.out.display(),
        manifest.model.parameters,
        manifest.model.dtype,
        manifest.conditions.list.len(),
        manifest.gallery.controls.len(),
        manifest.gallery.treated.len(),
        packed.files.len(),
    );
    Ok(())
}
