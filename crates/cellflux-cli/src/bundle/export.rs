//! `cellflux bundle export`: a bundle as other places lay models out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use cellflux_bundle::{Bundle, Manifest, folder};
use cellflux_files::Workplace;
use cellflux_flow::solver::{FixedSolver, Solver};
use cellflux_flow::time_grid::GridKind;
use cellflux_image::ImageError;
use cellflux_image::composite::{Display, Rgba, composite};
use cellflux_image::strip::{self, Grid};
use cellflux_session::{Exploration, PreparedWalk, Recipe, start_image};

use super::{bioimageio, evaluation, hugging_face};
use crate::engine::{EngineKind, open_for_pictures};

/// Files of a folder, by path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Lay a bundle out for the BioImage Model Zoo or for Hugging Face. Nothing is sent anywhere.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cellflux bundle export my-model --bioimageio my-model-zoo\n  cellflux bundle \
        export my-model --hugging-face my-model-hub"
)]
pub struct Export {
    /// The bundle's folder.
    bundle: PathBuf,
    /// The folder to write, new or empty: rdf.yaml, test tensors, a state dict for PyTorch with its network,
    /// a cover.
    #[arg(long, value_name = "FOLDER", required_unless_present = "hugging_face")]
    bioimageio: Option<PathBuf>,
    /// The folder to write, new or empty: a model card, config.json, model.safetensors, the bundle.
    #[arg(long, value_name = "FOLDER")]
    hugging_face: Option<PathBuf>,
    /// What computes the test tensors.
    #[arg(long, value_enum, default_value = "candle")]
    engine: EngineKind,
}

/// Runs `export`.
pub fn export(options: &Export) -> anyhow::Result<ExitCode> {
    let shown = options.bundle.display().to_string();
    let packed = folder::read_packed(&options.bundle).with_context(|| shown.clone())?;
    let bundle = packed.published().with_context(|| shown.clone())?;
    if let Some(place) = &options.bioimageio {
        let tried = Tried::of(&bundle, &packed.files, options.engine).with_context(|| shown.clone())?;
        write(place, &bioimageio::files(&bundle, &tried)?)?;
    }
    if let Some(place) = &options.hugging_face {
        write(place, &hugging_face::files(&bundle, packed.files)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the network made of one of the bundle's own starts.
pub(super) struct Tried {
    /// The start in model range, `[C, H, W]`.
    pub(super) image: Vec<f32>,
    /// The vector of the condition.
    pub(super) condition: Vec<f32>,
    /// The velocity there at t = 0, `[C, H, W]`.
    pub(super) velocity: Vec<f32>,
    /// The start, and the end of the walk that the bundle recommends, as PNG.
    pub(super) cover: Vec<u8>,
    /// The condition's name.
    pub(super) name: String,
}

impl Tried {
    fn of(bundle: &Bundle, files: &Files, engine: EngineKind) -> anyhow::Result<Self> {
        let manifest = &bundle.manifest;
        let recipe = Recipe::first(manifest)
            .context("the bundle has no sample control, expected one: the test tensors start from it")?;
        let condition = recipe
            .condition
            .condition(manifest)
            .context("no listed condition")?;
        let vector = bundle.condition(&condition.id, recipe.dose_um)?;
        let walked = frames(bundle, files, recipe.clone(), engine)?;
        // One step of Euler's over the whole flow moves the start by its velocity.
        let mut one_step = recipe.clone();
        one_step.sampling.solver = Solver::Fixed(FixedSolver::Euler);
        one_step.sampling.grid = GridKind::Uniform;
        one_step.sampling.steps = 1;
        one_step.sampling.alpha = 1.0;
        one_step.sampling.noise = 0.0;
        let moved = frames(bundle, files, one_step, engine)?;
        let (Some(image), Some(end), Some(last)) = (moved.first(), moved.last(), walked.last()) else {
            bail!("the walk has no steps");
        };
        let velocity = end.iter().zip(image).map(|(end, start)| end - start).collect();
        let display = Display::of(&manifest.image);
        let picture = |frame: &[f32]| composite(&manifest.image, &display, frame);
        Ok(Self {
            cover: strip::encode_png(&beside(picture(image)?, picture(last)?)?)?,
            velocity,
            image: image.clone(),
            condition: vector,
            name: condition.name.clone(),
        })
    }
}

/// The images of a walk.
fn frames(
    bundle: &Bundle,
    files: &Files,
    recipe: Recipe,
    engine: EngineKind,
) -> anyhow::Result<Vec<Vec<f32>>> {
    let manifest = &bundle.manifest;
    let example = start_image::file(&recipe.start, manifest)?
        .and_then(|path| files.get(path))
        .map(Vec::as_slice);
    let walk = PreparedWalk::new(recipe, manifest, &bundle.vectors, example)?;
    let mut exploration = Exploration::new(walk);
    exploration.attach_engine(open_for_pictures(engine, bundle).map_err(anyhow::Error::msg)?);
    pollster::block_on(exploration.finish())?;
    let frames = exploration.frames().iter();
    Ok(frames.map(|frame| frame.values.clone()).collect())
}

/// Two pictures of one size side by side.
fn beside(left: Rgba, right: Rgba) -> Result<Rgba, ImageError> {
    let row = Grid {
        columns: 2,
        gap: 0,
        margin: 0,
        colour: [0; 4],
    };
    row.draw(&[left, right])
}

/// What a card says of a model: its data, its licence, what is generated and what was measured.
pub(super) fn card(manifest: &Manifest) -> String {
    let provenance = &manifest.provenance;
    let data = &provenance.data_set;
    let training = provenance.training.as_ref().map_or_else(
        || "How it was trained is not stated.".to_owned(),
        |training| format!("It was trained for {} steps.", training.steps),
    );
    let notes = if provenance.notes.is_empty() {
        String::new()
    } else {
        format!("\n\n{}", provenance.notes)
    };
    let measured = match &manifest.evaluation {
        Some(measured) => evaluation::summary(Some(measured)),
        None => "What its cells measure beside real ones was not evaluated.".to_owned(),
    };
    format!(
        "# {}\n\n{}\n\nA flow-matching network (CellFlux) that moves images of untreated cells towards \
         images of cells that were treated with a compound or a genetic perturbation. What it makes is \
         generated: no picture of it shows a cell that exists.\n\n## Data and licence\n\n\
         Trained on {}, under {}. {}\n\nThe weights are under {}.\n\n## Training\n\n\
         {training}{notes}\n\n## Validation\n\n{measured}\n",
        manifest.title, manifest.description, data.name, data.licence, data.citation, provenance.licence
    )
}

fn write(place: &Path, files: &Files) -> anyhow::Result<()> {
    if fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{}: holds files, expected a new or empty folder", place.display());
    }
    let work = Workplace::take(place)?;
    for (path, content) in files {
        let file = work.content().join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))?;
    }
    work.swap()?;
    let bytes: usize = files.values().map(Vec::len).sum();
    println!("{}: {} files, {bytes} bytes", place.display(), files.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pictures_stand_side_by_side() {
        let picture = |value: u8| Rgba {
            width: 1,
            height: 2,
            pixels: vec![value; 8],
        };
        let both = beside(picture(1), picture(2)).unwrap();
        assert_eq!((both.width, both.height), (2, 2));
        assert_eq!(both.pixels, [1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 2, 2, 2, 2]);
    }
}
