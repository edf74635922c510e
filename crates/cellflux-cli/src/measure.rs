//! `cellflux measure`: what the images of a saved trajectory measure, as the page's table has it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use cellflux_bundle::{Bundle, folder};
use cellflux_image::npy;
use cellflux_image::picture::Limits;
use cellflux_measure::along::{Along, Row};
use cellflux_session::{Frame, Recipe, Treatment};

use crate::files::{read, write};

/// Measure the images of a trajectory: nucleus, intensities, texture and correlation of every step.
///
/// The trajectory and its times are the files that the page and `cellflux run` write. The table is CSV, with
/// as many digits as it takes to read each number exactly. It is the same, byte for byte, as the page's table
/// of the same images.
#[derive(clap::Args)]
pub struct Args {
    /// The images, `[steps + 1, C, H, W]` in model range, as `.npy`.
    trajectory: PathBuf,
    /// Their times, `[steps + 1]`, as `.npy`.
    #[arg(long)]
    times: PathBuf,
    /// The folder of the bundle that the images are of: it says what their channels are.
    #[arg(long)]
    bundle: PathBuf,
    /// The compound, for the table's first column.
    #[arg(long, default_value = "")]
    compound: String,
    /// The seed, for the table's second column.
    #[arg(long)]
    seed: Option<u64>,
    /// The table to write.
    #[arg(long)]
    out: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let bundle = folder::read(&args.bundle).with_context(|| args.bundle.display().to_string())?;
    let along = along(&bundle)?;
    let images = array(&args.trajectory)?;
    let times = array(&args.times)?;
    let spec = &bundle.manifest.image;
    let expected = [times.values.len(), spec.channels.len(), spec.height, spec.width];
    if images.shape != expected {
        bail!(
            "{} has the shape {:?}, expected {expected:?}: an image of the bundle's model for each of the {} \
             times of {}",
            args.trajectory.display(),
            images.shape,
            times.values.len(),
            args.times.display()
        );
    }
    let steps = times.values.iter().map(|&time| f64::from(time));
    let steps = steps.zip(images.values.chunks(spec.len()));
    let text = table(&along, &args.compound, args.seed, steps)?;
    write(&args.out, text.as_bytes())?;
    println!("{} images measured in {}", times.values.len(), args.out.display());
    Ok(ExitCode::SUCCESS)
}

/// What is measured of a bundle's images.
pub fn along(bundle: &Bundle) -> anyhow::Result<Along> {
    Along::new(&bundle.manifest.image).context("images of this bundle cannot be measured")
}

/// The table of a walk that has been walked.
pub fn table_of_walk(along: &Along, recipe: &Recipe, frames: &[Frame]) -> anyhow::Result<String> {
    let compound = match &recipe.condition {
        Treatment::Listed(id) => id,
        Treatment::Typed(smiles) => smiles,
    };
    let steps = frames.iter().map(|frame| (frame.t, frame.values.as_slice()));
    table(along, compound, Some(u64::from(recipe.sampling.seed)), steps)
}

/// The table of images with their times.
fn table<'a>(
    along: &Along,
    compound: &str,
    seed: Option<u64>,
    steps: impl Iterator<Item = (f64, &'a [f32])>,
) -> anyhow::Result<String> {
    let mut text = along.titles();
    for (step, (time, image)) in steps.enumerate() {
        let row = Row {
            compound,
            seed,
            step,
            time,
            values: &along.of(image)?,
        };
        text += &row.line();
    }
    Ok(text)
}

fn array(path: &Path) -> anyhow::Result<npy::Array> {
    let name = path.display().to_string();
    Ok(npy::read(&name, &read(path)?, &Limits::default())?)
}
