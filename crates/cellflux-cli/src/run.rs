//! `cellflux run`: the exploration that a link or a recipe describes, computed without a page and written as
//! files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use cellflux_bundle::{Bundle, folder};
use cellflux_engine::{AnyEngine, Network};
use cellflux_session::figure_map::{Beside, effects, untreated};
use cellflux_session::{
    Exploration, Pacing, PreparedWalk, Recipe, Timing, Treatment, export, link, start_image,
};

use crate::engine::EngineArgs;
use crate::figures::FigureArgs;
use crate::files::{read, write};
use crate::{measure, typed_compound};

/// Walk the exploration of a page's link and write every step, a figure of it or a film.
///
/// `--out` writes `trajectory.npy` (`[steps + 1, C, H, W]`, f32, model range), `times.npy`, `strip.png`, a
/// `frame-NNN.png` per step and `record.json` (the recipe, the engine, work and time). `--figure` and
/// `--animation` write what the page saves under these names. The pictures carry texts: that they were
/// generated, the model and its licence, the condition, the seed and the link. Where the link or recipe has a
/// map of the change, figures show it; what it needs beyond the walk (another walk, or two evaluations of the
/// network for each step shown) is computed after it.
///
/// A compound that the bundle does not have may be typed (`--smiles`, or in the link) where the bundle's
/// vectors are Morgan counts. What the network makes of a compound that it has never seen is a guess; the
/// command says so, and which training compounds are most like it.
#[derive(clap::Args)]
pub struct Args {
    /// A page's address, or only its hash.
    #[arg(required_unless_present_any = ["recipe", "smiles", "dose"], conflicts_with = "recipe")]
    link: Option<String>,
    /// A recipe as JSON, in place of a link.
    #[arg(long)]
    recipe: Option<PathBuf>,
    /// The structure of any compound, in place of the compound that the link or recipe names; without either,
    /// the walk is otherwise the one that the bundle recommends.
    #[arg(long)]
    smiles: Option<String>,
    /// The dose in micromolar, in place of the one that the link or recipe names, where the network takes
    /// one: any number from the lowest to the highest dose that the data have of the compound. Between doses
    /// that it was trained on the network interpolates.
    #[arg(long, value_name = "MICROMOLAR")]
    dose: Option<f64>,
    /// The bundle's folder.
    #[arg(long)]
    bundle: PathBuf,
    /// The folder to write: absent or empty.
    #[arg(long, required_unless_present_any = ["measures", "figure", "animation"])]
    out: Option<PathBuf>,
    /// A CSV file to write: what the images of the walk measure, as `cellflux measure` has it.
    #[arg(long)]
    measures: Option<PathBuf>,
    #[command(flatten)]
    figures: FigureArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    args.figures.check()?;
    if let Some(out) = &args.out {
        prepare(out)?;
    }
    let bundle = folder::read(&args.bundle).with_context(|| args.bundle.display().to_string())?;
    // Before the walk: images that cannot be measured are refused at once.
    let along = args
        .measures
        .as_ref()
        .map(|_| measure::along(&bundle))
        .transpose()?;
    let recipe = recipe(args, &bundle)?;
    let example = start_image::file(&recipe.start, &bundle.manifest)?
        .map(|path| folder::read_file(&args.bundle, &bundle.manifest, path))
        .transpose()?;
    let walk = walk(recipe, &bundle, example.as_deref())?;
    let mut exploration = Exploration::new(walk);
    let timing = pollster::block_on(finish(args.engine, &bundle, &mut exploration))?;
    let steps = args.figures.steps();
    let effects = match steps {
        Some(steps) => pollster::block_on(effects(&mut exploration, steps))?,
        None => BTreeMap::new(),
    };
    let untreated = steps.and_then(|_| untreated(&bundle.manifest, exploration.walk().recipe()));
    let other = untreated
        .map(|recipe| walk_beside(args.engine, recipe, &bundle, example.as_deref()))
        .transpose()?;
    if let Some(out) = &args.out {
        save(out, &bundle, &exploration, timing)?;
    }
    let (walk, frames) = (exploration.walk(), exploration.frames());
    if let (Some(path), Some(along)) = (&args.measures, &along) {
        let table = measure::table_of_walk(along, walk.recipe(), frames)?;
        write(path, table.as_bytes())?;
    }
    let beside = Beside {
        untreated: other.as_ref().map(Exploration::frames).unwrap_or_default(),
        effects,
    };
    args.figures.save(&bundle.manifest, walk, frames, &beside)?;
    let written = args.out.iter().chain(&args.measures).chain(args.figures.files());
    let written: Vec<String> = written.map(|path| path.display().to_string()).collect();
    println!(
        "{} frames in {}, {:.1} ms per evaluation",
        frames.len(),
        written.join(", "),
        timing.per_evaluation().unwrap_or_default()
    );
    Ok(ExitCode::SUCCESS)
}

/// Makes the folder, which must be empty, so that no frame of another run is mistaken for one of this run.
fn prepare(out: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("{} could not be made", out.display()))?;
    let mut entries = fs::read_dir(out).with_context(|| format!("{} could not be read", out.display()))?;
    if entries.next().is_some() {
        bail!(
            "{} is not empty, expected an absent or empty folder",
            out.display()
        );
    }
    Ok(())
}

fn recipe(args: &Args, bundle: &Bundle) -> anyhow::Result<Recipe> {
    let mut recipe = match (&args.recipe, &args.link) {
        (Some(path), _) => Recipe::from_json(&read(path)?).with_context(|| path.display().to_string())?,
        (None, Some(text)) => link::read(text, &bundle.manifest)?,
        (None, None) => Recipe::first(&bundle.manifest)
            .context("the bundle has no sample control; a link or --recipe says what to start from")?,
    };
    if let Some(smiles) = &args.smiles {
        recipe.condition = Treatment::Typed(smiles.trim().to_owned());
    }
    recipe.dose_um = args.dose.or(recipe.dose_um);
    if let Some(weights) = recipe.view.weights.take() {
        eprintln!(
            "note: the steps that were seen ran under a bundle's quick {weights} weights; this walk runs \
            under its own, and its pictures may differ from them"
        );
    }
    Ok(recipe)
}

/// The walk; of a typed compound, its vector is made here and what is known of it is told.
fn walk(recipe: Recipe, bundle: &Bundle, example: Option<&[u8]>) -> anyhow::Result<PreparedWalk> {
    let Bundle {
        manifest, vectors, ..
    } = bundle;
    // Bundles whose vectors are not made from structures are refused before the structure is read.
    recipe.validate(manifest)?;
    let Treatment::Typed(smiles) = &recipe.condition else {
        return Ok(PreparedWalk::new(recipe, manifest, vectors, example)?);
    };
    let compound = typed_compound::read(smiles, manifest)?;
    let counts = compound.counts().to_dense();
    let walk = PreparedWalk::of_typed(recipe, manifest, vectors, &counts, example)?;
    println!(
        "{}",
        typed_compound::sentence(&compound, &walk.recipe().condition, bundle)?
    );
    Ok(walk)
}

/// The walk that the map of the change is taken from, to its end.
fn walk_beside(
    engine: EngineArgs,
    recipe: Recipe,
    bundle: &Bundle,
    example: Option<&[u8]>,
) -> anyhow::Result<Exploration<AnyEngine>> {
    let mut exploration = Exploration::new(walk(recipe, bundle, example)?);
    eprintln!("the same walk under the control's condition, for the map of the figure:");
    pollster::block_on(finish(engine, bundle, &mut exploration))?;
    Ok(exploration)
}

/// Walks to the end; the clock runs from step to step, loading excluded.
async fn finish(
    engine: EngineArgs,
    bundle: &Bundle,
    exploration: &mut Exploration<AnyEngine>,
) -> anyhow::Result<Timing> {
    exploration.attach_engine(engine.open(&Network::of(bundle)).await?);
    let mut timing = Timing::default();
    loop {
        let started = Instant::now();
        let Some(frame) = exploration.advance(Pacing::Continuous).await? else {
            return Ok(timing);
        };
        timing.add(frame.evaluations, started.elapsed().as_secs_f64() * 1e3);
        eprintln!("t = {:.4}", frame.t);
    }
}

fn save(
    out: &Path,
    bundle: &Bundle,
    exploration: &Exploration<AnyEngine>,
    timing: Timing,
) -> anyhow::Result<()> {
    let (manifest, frames) = (&bundle.manifest, exploration.frames());
    let recipe = exploration.walk().recipe();
    let spec = &manifest.image;
    write(
        &out.join("trajectory.npy"),
        &export::trajectory_npy(spec, frames)?,
    )?;
    write(&out.join("times.npy"), &export::times_npy(frames)?)?;
    write(
        &out.join("strip.png"),
        &export::strip_png(manifest, recipe, frames)?,
    )?;
    for (index, frame) in frames.iter().enumerate() {
        let path = out.join(format!("frame-{index:03}.png"));
        write(&path, &export::frame_png(manifest, recipe, index, frame)?)?;
    }
    let engine = exploration.engine().map(AnyEngine::report);
    let record = export::Record::new(manifest, recipe, engine, timing, frames);
    write(&out.join("record.json"), record.to_json()?.as_bytes())
}
