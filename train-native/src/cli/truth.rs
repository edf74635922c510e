//! `cellflux-train truth`: how far a bundle's network follows effects that are known.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use cellflux_bundle::folder;
use cellflux_bundle::sampling::Sampling;
use cellflux_data::Source as DataSource;
use cellflux_data::synthetic::Design;
use cellflux_terminal::said;
use cellflux_train::config::{Config, Setting};
use cellflux_train::sampling::Walk;
use cellflux_train::truth::{Answer, Question};

/// Predict drawn cells that the training never saw, and compare with the true answer: the same cell, drawn
/// under the treatment.
///
/// Prints the mean nuclear area and brightness of controls, predictions and truths by compound and dose, the
/// share of the true change that was predicted, and how many predictions are nearest to the true answers of
/// their own batch.
#[derive(clap::Args)]
pub struct Args {
    /// The bundle's folder.
    bundle: PathBuf,
    /// The config with which it was trained; its [data.source] is synthetic.
    #[arg(long)]
    config: PathBuf,
    /// Cells per compound and dose, spread over the batches.
    #[arg(long, default_value_t = 20)]
    cells: usize,
    /// Every dose, not only the highest.
    #[arg(long)]
    all_doses: bool,
    /// Steps, if not the bundle's own number.
    #[arg(long)]
    steps: Option<usize>,
    /// Guidance, if not the bundle's own.
    #[arg(long)]
    alpha: Option<f64>,
    /// Where the answers go as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// One value that overrides the config, for example `--set data.image.height=64`.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<Setting>,
}

/// Where a nucleus truly changes by less than this share of itself, there is no effect to follow.
const LEAST_EFFECT: f64 = 0.15;

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::read(&args.config, &args.settings)?;
    let DataSource::Synthetic(design) = &config.data.source else {
        bail!(
            "{}: [data.source] is not synthetic, so no true answer is known",
            args.config.display()
        )
    };
    let bundle = folder::read(&args.bundle)?;
    if args.json.is_some() {
        said::go_on_unread();
    }
    let design = Design::new(design, &bundle.manifest.image)?;
    let own = &bundle.manifest.sampling;
    let sampling = Sampling {
        steps: args.steps.unwrap_or(own.steps),
        alpha: args.alpha.unwrap_or(own.alpha),
        ..own.clone()
    };
    let mut question = Question::new(&bundle, &design, Walk::new(&sampling, bundle.manifest.source)?)?;
    println!(
        "{}, {} steps on {}, alpha {}; {} cells per row, {} batches",
        sampling.solver.name(),
        sampling.steps,
        sampling.grid.name(),
        sampling.alpha,
        args.cells,
        design.plates().len()
    );
    println!(
        "| effect | dose, uM | area of control, made, true (px) | made of the change | brightness of \
        control, made, true | made of the change | in own batch |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut answers = Vec::new();
    for (position, compound) in design.config().compounds.iter().enumerate() {
        let highest = compound.doses_um.iter().copied().fold(0.0, f64::max);
        for &dose in compound
            .doses_um
            .iter()
            .filter(|&&dose| args.all_doses || dose >= highest)
        {
            let answer = question.ask(position, dose, args.cells)?;
            print(&answer);
            answers.push(answer);
        }
    }
    if let Some(path) = &args.json {
        fs::write(path, serde_json::to_vec_pretty(&answers)?).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn print(answer: &Answer) {
    let [area, brightness] = answer.shares(LEAST_EFFECT).map(|share| {
        share.map_or_else(
            || "no change".to_owned(),
            |share| format!("{:.0} %", 100.0 * share),
        )
    });
    let nuclei = &answer.nuclei;
    println!(
        "| {} | {} | {:.0}, {:.0}, {:.0} | {area} | {:.1}, {:.1}, {:.1} | {brightness} | {} of {}, true {} |",
        answer.compound,
        answer.dose_um,
        nuclei.control.area,
        nuclei.predicted.area,
        nuclei.real.area,
        nuclei.control.brightness,
        nuclei.predicted.brightness,
        nuclei.real.brightness,
        answer.in_own_batch,
        answer.cells,
        answer.truths_in_own_batch,
    );
}
