//! `cellflux-train evaluate`: generated cells beside real ones.

mod opened;
mod sweeping;
mod task;

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use cellflux_bundle::limits;
use cellflux_bundle::sampling::FlowSource;
use cellflux_data::Split;
use cellflux_figures::Source;
use cellflux_terminal::today;
use cellflux_train::config::{DeviceChoice, Setting};
use cellflux_train::evaluate::assess::{Assessment, assess};
use cellflux_train::evaluate::cells::{Cells, Choice, Partner, starts};
use cellflux_train::evaluate::elsewhere;
use cellflux_train::evaluate::generate::{Generator, Shard};
use cellflux_train::evaluate::listing::Listing;
use cellflux_train::evaluate::nearest::training_images;
use cellflux_train::evaluate::plan::{self, Plan};
use cellflux_train::evaluate::question::{Images, Question};
use cellflux_train::evaluate::sets::{COMPOUNDS, Planned, planned, same_controls};
use cellflux_train::evaluate::spaces::Extractor;
use cellflux_train::evaluate::sweep::Axis;
use cellflux_train::evaluate::{plots, report, sheets};
use cellflux_train::features::FeatureSpace;
use cellflux_train::ranks::{Ranks, Through};
use cellflux_train::sampling::Walk;

use self::opened::{Opened, opened};
use self::task::Task;
use super::{SamplingArgs, progress, whole};

/// Times that groups may be resampled: enough for the ends of an interval, and a list that memory holds.
const REPLICATES: RangeInclusive<u64> = 100..=100_000;
/// The largest count that `evaluation.json` may state.
const MOST_CELLS: u64 = limits::CELLS as u64;
/// The largest seed that it may state.
const MOST_SEED: u64 = limits::METRIC as u64;

/// Measure generated cells against the data's: distances with intervals, and how much of each compound's
/// measured change is made.
///
/// Generates a partner for every treated cell of a split, from a control of the same batch, and the same
/// cells with compounds shuffled, from controls of another batch, and controls under their own condition.
/// Writes `evaluation.json`, `report.md`, charts in `plots`, `conditions.csv`, `distances_by_condition.csv`,
/// `measures_by_condition.csv`, `cells.csv`, features as safetensors, sheets to look at, and every generated
/// cell as a PNG. Started again with the same settings it goes on where it was.
///
/// With --sweep only the walk to the treated cells is made, by every sampling that is named, and `sweep.md`
/// says which one the validation cells prefer.
#[derive(clap::Args)]
pub struct Args {
    /// A run's folder, or a bundle's.
    subject: PathBuf,
    /// The config of the data, for a bundle; a run has its own.
    #[arg(long)]
    config: Option<PathBuf>,
    /// One value over the config, for example `--set data.source.table=cells.csv`.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<Setting>,
    /// The data's cells: validation, test or held-out.
    #[arg(long, default_value = "validation")]
    split: EvaluatedSplit,
    /// Treated cells of one condition, and controls of one batch, at most; drawn where there are more.
    #[arg(long, default_value_t = 500, value_parser = whole(1..=MOST_CELLS))]
    most: usize,
    /// Conditions of fewer treated cells are listed without figures.
    #[arg(long, default_value_t = 20, value_parser = whole(2..=MOST_CELLS))]
    least: usize,
    /// Controls that are walked under each compound, to see whether it matters.
    #[arg(long, default_value_t = 24)]
    shared_controls: usize,
    /// Times that groups of cells are resampled.
    #[arg(long, default_value_t = 1000, value_parser = whole(REPLICATES))]
    replicates: usize,
    /// Seed of pairs, draws and resampling.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=MOST_SEED))]
    evaluation_seed: u64,
    /// As the bundle recommends, but for what is given here.
    #[command(flatten)]
    sampling: SamplingArgs,
    /// Samplings to choose from, for example `--sweep alpha=1,1.2,1.6 noise=0,0.25,0.5 steps=10,20`: every
    /// combination. Validation cells only.
    #[arg(long, num_args = 1.., value_name = "SETTING=VALUES")]
    sweep: Vec<Axis>,
    /// After a sweep: the folder of a new bundle that recommends what was chosen.
    #[arg(long, value_name = "DIR", requires = "sweep")]
    recommend: Option<PathBuf>,
    /// Generate only part I of N, in this process; the last one, without this flag, measures.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// What joins the processes that a launcher started, which share the cells to generate: alone, sockets,
    /// mpi, mpi-cuda or nccl. The first one measures.
    #[arg(long, default_value_t = Through::Alone, conflicts_with = "shard")]
    processes: Through,
    /// The spaces in which distances are measured: morphology, moa:FOLDER (as `classify` wrote it),
    /// inception:FILE (pytorch-fid's weights), table:FILE (rows in the order of images.csv).
    #[arg(long, value_delimiter = ',', default_value = "morphology")]
    features: Vec<FeatureSpace>,
    /// A folder of pictures made elsewhere, named as those of cells.csv; may be given more than once.
    #[arg(long = "generated", value_name = "DIR")]
    external: Vec<PathBuf>,
    /// Training cells, at most, among which the one nearest to each generated cell is looked for; 0 for none.
    #[arg(long, default_value_t = 2000)]
    nearest: usize,
    /// Cells of each condition on its sheet; 0 for no sheets.
    #[arg(long, default_value_t = 8)]
    sheet_rows: usize,
    /// A run's checkpoint; by default its newest.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// Where cells are walked: cpu, cuda or cuda:N.
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// The folder to write.
    #[arg(long)]
    out: PathBuf,
}

/// The splits that can be evaluated: cells of the train split taught the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum EvaluatedSplit {
    /// Cells that choose checkpoints and sampling.
    Validation,
    /// Cells that decide nothing.
    Test,
    /// Every treated cell of the compounds that the config holds out.
    HeldOut,
}

impl From<EvaluatedSplit> for Split {
    fn from(split: EvaluatedSplit) -> Self {
        match split {
            EvaluatedSplit::Validation => Self::Validation,
            EvaluatedSplit::Test => Self::Test,
            EvaluatedSplit::HeldOut => Self::HeldOut,
        }
    }
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if !args.sweep.is_empty() && args.split != EvaluatedSplit::Validation {
        bail!("--sweep chooses a sampling, so it takes validation cells only: leave --split out");
    }
    if !args.sweep.is_empty()
        && args
            .features
            .iter()
            .any(|space| matches!(space, FeatureSpace::Table(_)))
    {
        bail!(
            "--sweep takes no table of features: its rows are those of images.csv, and a sweep has no such \
             list; name morphology or moa:FOLDER"
        );
    }
    // What the command line alone decides is refused before data are read.
    FeatureSpace::check_distinct(&args.features)?;
    elsewhere::names(&args.external)?;
    plan::usable(&args.out)?;
    let ranks = args.processes.join()?;
    ranks.together(|| evaluated(args, &ranks))
}

fn evaluated(args: &Args, ranks: &Ranks) -> anyhow::Result<()> {
    let device = ranks.device(args.device);
    let opened = ranks.first_alone(|| opened(args, device))?;
    let bundle = &opened.subject.bundle;
    let choice = Choice {
        split: args.split.into(),
        most: args.most,
        seed: args.evaluation_seed,
    };
    // Files of features are opened before hours are spent on cells.
    let open = device.open()?;
    let spaces = args
        .features
        .iter()
        .map(|space| Extractor::open(space, &bundle.manifest.image, &open))
        .collect::<Result<Vec<_>, _>>()?;
    let cells = Cells::choose(&opened.experiment, bundle, choice)?;
    for (name, count) in cells.unknown.iter().filter(|_| ranks.is_first()) {
        eprintln!("note: {count} cells of {name} are left out: the bundle has no such condition");
    }
    let task = Task {
        args,
        opened: &opened,
        choice,
        cells: &cells,
        spaces: &spaces,
        ranks,
    };
    if args.sweep.is_empty() {
        one(&task)
    } else {
        sweeping::run(&task)
    }
}

/// One sampling, with everything exchanged that can be.
fn one(task: &Task<'_>) -> anyhow::Result<()> {
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
    let sampling = task.sampling();
    let walk = Walk::new(&sampling, bundle.manifest.source)?;
    let (sets, notes) = planned(experiment, bundle, cells, args.evaluation_seed);
    // A table that does not fit is found before hours are spent on cells, as other spaces' files are.
    let listing = Listing::of(experiment, cells, &sets, &elsewhere::names(&args.external)?);
    for space in task.spaces {
        space.check(&listing)?;
    }
    let external = elsewhere::read(&args.external, &bundle.manifest.image, cells.partners.len())?;
    ranks.first_alone(|| -> anyhow::Result<()> {
        fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
        Plan::new(bundle, &subject.digest, experiment, &sampling, choice)?.claim(&args.out)?;
        if ranks.is_first() {
            report::write_cells(&args.out, experiment, bundle, cells)?;
        }
        Ok(())
    })?;

    let conditions = cells.conditions_of(args.least);
    let shared = same_controls(cells, &conditions, args.shared_controls);
    let mut generator = Generator::new(
        bundle,
        cache,
        subject.engine(ranks.device(args.device))?,
        walk,
        &args.out,
    );
    generate(&mut generator, &sets, shared.as_deref(), task)?;
    if let Some(shard) = args.shard {
        println!(
            "{}: part {} of {} is generated; the same command without --shard measures when all are",
            args.out.display(),
            shard.index + 1,
            shard.count
        );
        return Ok(());
    }
    ranks.meet()?;
    if !ranks.is_first() {
        return Ok(());
    }
    let mut images = generated(&generator, &sets, bundle.manifest.source)?;
    images.extend(external);
    let of_shared = match &shared {
        Some(partners) => generator.images(COMPOUNDS, partners.len())?,
        None => None,
    };
    let training = training_images(experiment, args.nearest, args.evaluation_seed);
    let mut assessment = assess(&Question {
        training: &training,
        shared: of_shared.as_deref().map(|images| (&conditions[..], images)),
        ..task.question(&images, &sampling)
    })?;
    assessment.evaluation.date = today();
    if subject.attachable {
        assessment.evaluation.weights = Some(subject.digest.clone());
        assessment.evaluation.vectors = Some(bundle.manifest.vectors_digest()?);
    }
    assessment.notes.extend(notes);
    let sheets = match images.first() {
        Some(generated) => sheets::write(
            &args.out,
            &sheets::Shown {
                experiment,
                cache,
                bundle,
                cells,
                generated: &generated.images,
                nearest: assessment.nearest.as_ref(),
            },
            args.sheet_rows,
        )?,
        None => Vec::new(),
    };
    let drawn = plots::of_evaluation(&assessment.evaluation);
    report::write(&args.out, &assessment, bundle, &sheets, &drawn)?;
    let source = Source::of(&bundle.manifest.title, &assessment.evaluation);
    plots::write(&args.out, plots::Of::Evaluation, &drawn, &source)?;
    told(&args.out, &assessment);
    Ok(())
}

/// Generates the part of every set that falls to this process.
fn generate(
    generator: &mut Generator<'_>,
    sets: &[Planned],
    shared: Option<&[Partner]>,
    task: &Task<'_>,
) -> anyhow::Result<()> {
    let shard = task.shard();
    task.ranks.first_alone(|| -> anyhow::Result<()> {
        // Pictures of other cells are found before hours are spent on the first set.
        for set in sets {
            generator.claim(set.folder, &set.partners)?;
        }
        if let Some(partners) = shared {
            // Which these are depends on --least and --shared-controls, which no plan decides.
            let removed = generator.renew(COMPOUNDS, partners)?;
            if removed > 0 {
                eprintln!(
                    "note: {removed} pictures in {COMPOUNDS} are of other controls or compounds and are made \
                     anew"
                );
            }
        }
        Ok(())
    })?;
    for set in sets {
        generator.generate(set.folder, &set.partners, shard, &progress(set.name))?;
    }
    if let Some(partners) = shared {
        let shown = progress("the same controls under each compound");
        generator.generate(COMPOUNDS, partners, shard, &shown)?;
    }
    Ok(())
}

fn generated(generator: &Generator<'_>, sets: &[Planned], source: FlowSource) -> anyhow::Result<Vec<Images>> {
    let mut images = Vec::with_capacity(sets.len());
    for set in sets {
        let Some(coded) = generator.images(set.folder, set.partners.len())? else {
            bail!(
                "{}: cells are missing: another process generates them, or removed them",
                set.name
            )
        };
        images.push(Images {
            kind: set.kind,
            name: set.name.to_owned(),
            folder: set.folder.to_owned(),
            starts: starts(source, &set.partners),
            images: coded,
        });
    }
    Ok(images)
}

fn told(out: &Path, assessment: &Assessment) {
    for note in &assessment.notes {
        eprintln!("note: {note}");
    }
    println!("{}", out.join(report::REPORT).display());
}
