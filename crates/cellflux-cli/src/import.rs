//! `cellflux import`: a checkpoint and a table of compounds become a bundle.

mod about;
mod checkpoint;
mod compounds;
mod crops;
mod samples;
mod trained_doses;
mod vectors;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::sampling::Sampling;
use cellflux_bundle::{Draft, Packed, clipping, folder, limits};

use about::About;

/// Turn a checkpoint and a table of compounds into a bundle.
///
/// The checkpoint is a .pth of the public trainer (its averaged weights are taken when it has them; nothing
/// in it is executed) or a .safetensors with the public network's names. docs/importing.md describes the
/// tables.
#[derive(clap::Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command by itself; no two of them make a state"
)]
pub struct Args {
    /// The checkpoint: .pth or .safetensors.
    checkpoint: PathBuf,
    /// The network's configuration as JSON, where the checkpoint does not carry it.
    #[arg(long, conflicts_with = "preset")]
    config: Option<PathBuf>,
    /// The network's configuration by name: cellflux-bbbc021, cellflux-rxrx1, cellflux-cpg0000,
    /// cellflux-paper, small, tiny.
    #[arg(long)]
    preset: Option<String>,
    /// Take the weights as the optimiser left them, even where a .pth holds averaged ones.
    #[arg(long)]
    trained: bool,
    /// The compounds (CSV): name, smiles, `mode_of_action`, `doses_um`, split, control, batches,
    /// `trained_doses_um`.
    #[arg(long)]
    compounds: PathBuf,
    /// Condition vectors from elsewhere (CSV): name, then one column per number. Without it, Morgan counts.
    #[arg(long)]
    embedding: Option<PathBuf>,
    /// Title, images, sampling, samples and provenance (JSON).
    #[arg(long)]
    about: Option<PathBuf>,
    /// Height and width of the model's images in pixels, where no --about says so.
    #[arg(long)]
    size: Option<usize>,
    #[command(flatten)]
    crops: crops::Crops,
    /// How to store the weights: f32, f16 or int8.
    #[arg(long, default_value = "f16")]
    dtype: WeightDtype,
    /// Store the weights once more as int8, for a page to walk with until the full ones have come.
    #[arg(long)]
    quick: bool,
    /// Stop at a compound that has no vector, instead of leaving it out.
    #[arg(long)]
    strict: bool,
    /// The bundle's folder: new, empty, or with --replace an earlier bundle.
    #[arg(long)]
    out: PathBuf,
    /// Replace the bundle that is there.
    #[arg(long)]
    replace: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let checkpoint = checkpoint::read(
        &args.checkpoint,
        args.config.as_deref(),
        args.preset.as_deref(),
        args.trained,
    )?;
    let config = checkpoint.config;
    let about = match (&args.about, args.size) {
        (Some(path), size) => {
            let about = About::read(path)?;
            let stated = (about.image.height, about.image.width);
            anyhow::ensure!(
                size.is_none_or(|size| stated == (size, size)),
                "--size is {}, and {} says {} x {}; leave one of them out",
                size.unwrap_or_default(),
                path.display(),
                stated.0,
                stated.1
            );
            about
        }
        (None, Some(size)) => About::unstated(&args.checkpoint, config.in_channels, size),
        (None, None) => anyhow::bail!(
            "--about and --size are missing, expected --about about.json (titles, images, provenance) or, \
            for a first look, --size with the height and width of the model's images in pixels, such as \
            --size 96"
        ),
    };
    let mut compounds = compounds::read(&args.compounds)?;
    let left_out = trained_doses::settle(&mut compounds, &about)?;
    let width = config.condition_dim.saturating_sub(about.dose.width());
    let encoded = match &args.embedding {
        Some(table) => vectors::from_table(compounds, table, width, args.strict)?,
        None => vectors::from_morgan_counts(compounds, about.morgan_radius, width, args.strict)?,
    };
    for note in left_out.iter().chain(&encoded.notes) {
        eprintln!("note: {note}");
    }
    let sampling = about.sampling.clone().unwrap_or_else(|| {
        let usual = Sampling::public_code(about.source);
        eprintln!(
            "note: no sampling is stated, so that of the public code is recommended: {} steps of Heun's \
            method, guidance {}, source noise {}; about.json may say otherwise",
            usual.steps, usual.alpha, usual.noise
        );
        usual
    });
    let mut conditions = cellflux_bundle::conditions::Conditions {
        dose: about.dose,
        ..encoded.conditions
    };
    if let Some(control) = conditions.list.iter_mut().find(|condition| condition.control) {
        control.target = about.control_is_target;
    }
    let mut assets = encoded.structures;
    let gallery = samples::gather(&about, encoded.untreated.as_deref(), &mut assets)?;
    let mut provenance = about.provenance;
    provenance
        .tools
        .insert("cellflux".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let packed = Draft {
        id: about.id,
        title: about.title,
        description: about.description,
        config,
        weights: checkpoint.weights,
        dtype: args.dtype,
        image: about.image,
        conditions,
        vectors: encoded.vectors,
        source: about.source,
        sampling,
        trained_noise: about.trained_noise,
        gallery,
        trajectories: Vec::new(),
        provenance,
        assets,
    }
    .pack()
    .context("the bundle cannot be packed")?;
    // Quick weights come last: crops make the bundle anew, without them.
    let mut packed = args.crops.add_to(packed)?;
    if args.quick {
        crate::bundle::quick::add(&mut packed, limits::SHARD_BYTES)?;
    }
    for channel in clipping::of_treated(&packed.manifest.image, &packed.manifest.gallery, &packed.files)? {
        eprintln!("note: {channel}");
    }
    folder::write(&packed, &args.out, args.replace)?;

    summarise(&packed, checkpoint.origin, &args.out);
    Ok(ExitCode::SUCCESS)
}

/// What was written, in a few lines.
fn summarise(packed: &Packed, origin: &str, out: &Path) {
    let manifest = &packed.manifest;
    println!("{}: {}", out.display(), manifest.title);
    println!(
        "  weights      {} parameters ({}), stored as {} in {} shard(s)",
        manifest.model.parameters, origin, manifest.model.dtype, manifest.model.shards
    );
    println!("  conditions   {}", manifest.conditions.list.len());
    println!(
        "  samples      {} controls, {} treated",
        manifest.gallery.controls.len(),
        manifest.gallery.treated.len()
    );
    println!(
        "  files        {}, {} bytes",
        packed.files.len(),
        packed.files.values().map(Vec::len).sum::<usize>()
    );
}
