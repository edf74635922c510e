//! Trajectories computed while building: what an author asks for becomes a recipe, a recipe becomes frames.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use cellflux_bundle::conditions::BatchMatch;
use cellflux_engine::{AnyEngine, EngineMaker};
use cellflux_image::composite::{DIFFERENCE_SCALE, Display, Rgba, composite, difference};
use cellflux_image::npy;
use cellflux_image::picture::Limits;
use cellflux_session::{Exploration, Frame, PreparedWalk, Recipe, Start, export, link, start_image};
use serde::Deserialize;
use toml::Spanned;

use crate::cache::Cache;
use crate::error::SiteError;
use crate::model::Model;
use crate::source::{Place, SourceText, suggestion};

/// Which trajectory an author means. What is not said is as the bundle recommends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WalkRequest {
    /// The bundle's name; the first without.
    pub bundle: Option<Spanned<String>>,
    /// Id of the control to start from; without it, one of the compound's plate or batch where there is one,
    /// else the first.
    pub control: Option<Spanned<String>>,
    /// Id of the compound.
    pub compound: Option<Spanned<String>>,
    /// Dose in micromolar, for a model that takes one.
    pub dose_um: Option<f64>,
    /// Guidance strength.
    pub alpha: Option<f64>,
    /// ODE solver, by its name in links.
    pub solver: Option<Spanned<String>>,
    /// Time grid, by its name in links.
    pub grid: Option<Spanned<String>>,
    /// Steps on the grid.
    pub steps: Option<usize>,
    /// Standard deviation of the source noise, in model range.
    pub noise: Option<f64>,
    /// Its seed.
    pub seed: Option<u32>,
    /// Whether to start from a real control of a plate that also has cells treated with the compound, where
    /// `--data` brings some; a picture without one is left out.
    #[serde(default)]
    pub real: bool,
}

impl WalkRequest {
    /// Its keys in TOML.
    pub const KEYS: [&'static str; 11] = [
        "bundle", "control", "compound", "dose_um", "alpha", "solver", "grid", "steps", "noise", "seed",
        "real",
    ];

    /// Of the samples that were photographed, the first control of a plate on which there are cells treated
    /// with the compound.
    pub fn real_control<'m>(&'m self, model: &'m Model) -> Option<&'m str> {
        let compound = self.compound.as_ref()?.get_ref();
        let mut controls = model.manifest().gallery.controls_beside(compound);
        let control = controls.find(|control| !control.synthetic)?;
        Some(&control.id)
    }

    /// The recipe for a model.
    ///
    /// # Errors
    /// [`SiteError::At`] for an id that the bundle does not have (with the nearest) or a number out of range.
    pub fn recipe(&self, model: &Model, source: &SourceText, at: &Place) -> Result<Recipe, SiteError> {
        let manifest = model.manifest();
        let mut recipe = Recipe::first(manifest).ok_or_else(|| {
            at.wrong(format!(
                "bundle {:?} has no sample controls, expected one to start from",
                model.name
            ))
        })?;
        if let Some(compound) = &self.compound {
            let id = known_compound(model, compound, source)?;
            if let Some(condition) = manifest.conditions.get(&id) {
                let start = Start::first(manifest, condition).unwrap_or(recipe.start);
                recipe = Recipe::new(manifest, start, condition);
            }
        }
        if let Some(control) = &self.control {
            recipe.start = Start::Example(known_control(model, control, source)?);
        }
        if self.real {
            let control = match &self.control {
                Some(_) => Err("`control` and `real` together, expected one of them".to_owned()),
                None => self.real_control(model).ok_or_else(|| {
                    format!(
                        "bundle {:?} has no real control of a plate with this compound's cells",
                        model.name
                    )
                }),
            };
            recipe.start = Start::Example(control.map_err(|problem| at.wrong(problem))?.to_owned());
        }
        recipe.dose_um = self.dose_um.or(recipe.dose_um);
        let sampling = &mut recipe.sampling;
        sampling.alpha = self.alpha.unwrap_or(sampling.alpha);
        sampling.steps = self.steps.unwrap_or(sampling.steps);
        sampling.noise = self.noise.unwrap_or(sampling.noise);
        sampling.seed = self.seed.unwrap_or(sampling.seed);
        if let Some(name) = &self.solver {
            sampling.solver = name
                .get_ref()
                .parse()
                .map_err(|error: cellflux_flow::FlowError| source.wrong(&name.span(), error.to_string()))?;
        }
        if let Some(name) = &self.grid {
            sampling.grid = name
                .get_ref()
                .parse()
                .map_err(|error: cellflux_flow::FlowError| source.wrong(&name.span(), error.to_string()))?;
        }
        recipe
            .validate(manifest)
            .map_err(|error| at.wrong(error.to_string()))?;
        Ok(recipe)
    }
}

/// The id, when the model has such a control or treated cell.
///
/// # Errors
/// [`SiteError::At`] with the nearest.
pub fn known_control(model: &Model, id: &Spanned<String>, source: &SourceText) -> Result<String, SiteError> {
    let gallery = &model.manifest().gallery;
    if gallery.get(id.get_ref()).is_some() {
        return Ok(id.get_ref().clone());
    }
    let ids = gallery.controls.iter().map(|example| example.id.as_str());
    Err(source.wrong(
        &id.span(),
        format!(
            "bundle {:?} has no control {:?}{}",
            model.name,
            id.get_ref(),
            suggestion(id.get_ref(), ids)
        ),
    ))
}

/// The id, when the model has such a compound.
///
/// # Errors
/// [`SiteError::At`] with the nearest.
pub fn known_compound(model: &Model, id: &Spanned<String>, source: &SourceText) -> Result<String, SiteError> {
    let conditions = &model.manifest().conditions;
    if conditions.get(id.get_ref()).is_some() {
        return Ok(id.get_ref().clone());
    }
    let ids = conditions.list.iter().map(|condition| condition.id.as_str());
    Err(source.wrong(
        &id.span(),
        format!(
            "bundle {:?} has no compound {:?}{}",
            model.name,
            id.get_ref(),
            suggestion(id.get_ref(), ids)
        ),
    ))
}

/// Walks an experiment to its end and gives the engine back.
///
/// # Errors
/// A sentence, when a step is not reached.
fn walk(experiment: PreparedWalk, engine: AnyEngine) -> Result<(Vec<Frame>, Option<AnyEngine>), String> {
    let mut exploration = Exploration::new(experiment);
    exploration.attach_engine(engine);
    pollster::block_on(exploration.finish()).map_err(|error| error.to_string())?;
    let engine = exploration.detach_engine();
    Ok((exploration.frames().to_vec(), engine))
}

/// A trajectory as pictures.
#[derive(Debug)]
pub struct Recording {
    /// The recipe's link, as the page writes it.
    pub link: String,
    /// The time of each frame.
    pub times: Vec<f64>,
    /// Whether source noise was added to the start.
    pub noised: bool,
    /// The start image before any source noise.
    pub start: Rgba,
    /// Each frame's composite.
    pub frames: Vec<Rgba>,
    /// Each frame's difference from the recipe's reference ([`PreparedWalk::reference`]).
    pub differences: Vec<Rgba>,
}

/// Computes trajectories, each once, and remembers them from build to build.
pub struct Recorder<'a> {
    engines: EngineMaker<'a>,
    /// Numbers of earlier builds.
    kept: Cache,
    /// The engine of the bundle that was walked last, by its place.
    engine: Option<(String, AnyEngine)>,
    done: HashMap<String, Rc<Recording>>,
    /// Trajectories that had to be computed.
    pub computed: usize,
    /// Walks that show a difference between batches, or may, by place.
    pub notes: BTreeSet<String>,
    /// Told of each walk before it is computed, which takes a while.
    tell: fn(&str),
}

impl std::fmt::Debug for Recorder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("computed", &self.computed)
            .finish_non_exhaustive()
    }
}

impl<'a> Recorder<'a> {
    /// A recorder that keeps its numbers for the next build.
    pub fn new(engines: EngineMaker<'a>, kept: Cache, tell: fn(&str)) -> Self {
        Self {
            engines,
            kept,
            engine: None,
            done: HashMap::new(),
            computed: 0,
            notes: BTreeSet::new(),
            tell,
        }
    }

    /// Notes a walk whose start is of none of its compound's batches, or of which that is not known.
    pub fn note_batch(&mut self, model: &Model, recipe: &Recipe, at: &Place) {
        let manifest = model.manifest();
        let Start::Example(id) = &recipe.start else { return };
        let (Some(example), Some(condition)) = (
            manifest.gallery.get(id),
            manifest.conditions.get(&recipe.condition),
        ) else {
            return;
        };
        let batch = example.batch.as_deref();
        let name = &condition.name;
        let problem = match condition.batch_match(batch) {
            BatchMatch::Same => return,
            BatchMatch::Other => format!(
                "{id} is of batch {}, which is none of {name}'s ({}): part of any difference from real {name} cells is the \
                 batch's",
                batch.unwrap_or_default(),
                shortened(&condition.batches)
            ),
            BatchMatch::Unknown if example.batch.is_none() => {
                format!(
                    "the batch of {id} is not known, so what it shows may be a batch's difference and not {name}'s"
                )
            }
            BatchMatch::Unknown => format!(
                "the bundle does not say of which batches {name} is, so what {id} shows may be a batch's difference and not \
                 {name}'s"
            ),
        };
        self.notes.insert(format!("{at}: {problem}"));
    }

    /// The pictures of a recipe.
    ///
    /// # Errors
    /// [`SiteError::Walk`] at the place where it was asked for.
    pub fn record(&mut self, model: &Model, recipe: &Recipe, at: &Place) -> Result<Rc<Recording>, SiteError> {
        let failed = |reason: String| SiteError::Walk {
            place: at.clone(),
            reason,
        };
        let manifest = model.manifest();
        let link = link::write(recipe, &manifest.image).map_err(|error| failed(error.to_string()))?;
        self.note_batch(model, recipe, at);
        let key = format!("{} {link}", model.place);
        if let Some(done) = self.done.get(&key) {
            return Ok(done.clone());
        }
        let example = start_image::file(&recipe.start, manifest)
            .map_err(|error| failed(error.to_string()))?
            .and_then(|path| model.files.get(path))
            .map(Vec::as_slice);
        let experiment = PreparedWalk::new(recipe.clone(), manifest, &model.bundle.vectors, example)
            .map_err(|error| failed(error.to_string()))?;
        let (start, reference) = (experiment.clean_start().to_vec(), experiment.reference().to_vec());
        let noised = experiment.is_noised();
        let (times, frames) = self.numbers(model, experiment, &key).map_err(&failed)?;
        let spec = &manifest.image;
        let display = Display::of(spec);
        let wrong = |error: cellflux_image::ImageError| failed(error.to_string());
        let recording = Recording {
            link,
            noised,
            start: composite(spec, &display, &start).map_err(wrong)?,
            frames: frames
                .iter()
                .map(|frame| composite(spec, &display, frame).map_err(wrong))
                .collect::<Result<_, _>>()?,
            differences: frames
                .iter()
                .map(|frame| difference(spec, &display, frame, &reference, DIFFERENCE_SCALE).map_err(wrong))
                .collect::<Result<_, _>>()?,
            times,
        };
        let recording = Rc::new(recording);
        self.done.insert(key, recording.clone());
        Ok(recording)
    }

    /// Times and images of a trajectory: kept ones, or computed now.
    fn numbers(
        &mut self,
        model: &Model,
        experiment: PreparedWalk,
        key: &str,
    ) -> Result<(Vec<f64>, Vec<Vec<f32>>), String> {
        let spec = &model.manifest().image;
        // An adaptive solver finds its times on the way, and the file holds images only.
        let fixed = experiment
            .recipe()
            .planned_steps()
            .is_some()
            .then(|| experiment.waypoints().to_vec());
        if let Some(times) = &fixed
            && let Some(npy) = self.kept.read(key)
            && let Some(frames) = images(&npy, times.len(), spec.len())
        {
            return Ok((times.clone(), frames));
        }
        (self.tell)(&format!(
            "computing {} from {}",
            experiment.recipe().condition,
            match &experiment.recipe().start {
                Start::Example(id) => id,
                Start::Noise => "noise",
                Start::Crop(_) => "a crop",
            }
        ));
        let engine = match self.engine.take() {
            Some((place, engine)) if place == model.place => engine,
            _ => (self.engines)(&model.bundle)?,
        };
        let (frames, engine) = walk(experiment, engine)?;
        self.engine = engine.map(|engine| (model.place.clone(), engine));
        self.computed += 1;
        if fixed.is_some() {
            let npy = export::trajectory_npy(spec, &frames).map_err(|error| error.to_string())?;
            self.kept.write(key, &npy);
        }
        Ok((
            frames.iter().map(|frame| frame.t).collect(),
            frames.into_iter().map(|frame| frame.values).collect(),
        ))
    }
}

/// The first batches, and how many more there are.
fn shortened(batches: &[String]) -> String {
    let shown = batches.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
    match batches.len().saturating_sub(4) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The images of a kept trajectory; none where it is damaged or another one.
fn images(npy: &[u8], frames: usize, length: usize) -> Option<Vec<Vec<f32>>> {
    let array = npy::read("kept", npy, &Limits::default()).ok()?;
    (array.values.len() == frames * length && array.values.iter().all(|value| value.is_finite()))
        .then(|| array.values.chunks_exact(length).map(<[f32]>::to_vec).collect())
}
