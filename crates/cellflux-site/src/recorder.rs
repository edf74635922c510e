//! Trajectories computed while building: a recipe becomes frames, each once.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use cellflux_bundle::conditions::BatchMatch;
use cellflux_bundle::{Bundle, Manifest};
use cellflux_engine::{AnyEngine, EngineMaker};
use cellflux_image::composite::{DIFFERENCE_SCALE, Display, Rgba, composite, difference};
use cellflux_image::npy;
use cellflux_image::picture::Limits;
use cellflux_session::{Exploration, Frame, PreparedWalk, Recipe, Start, export, link, start_image};

use crate::cache::Cache;
use crate::error::SiteError;
use crate::model::Model;
use crate::place::Place;
use crate::shortened::shortened;

/// How many batches a note names.
const NAMED: usize = 4;

/// Computes a walk to its end and gives the engine back.
///
/// # Errors
/// A sentence, when a step is not reached.
fn computed(walk: PreparedWalk, engine: AnyEngine) -> Result<(Vec<Frame>, Option<AnyEngine>), String> {
    let mut exploration = Exploration::new(walk);
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
    /// Each frame's difference from the recipe's reference ([`PreparedWalk::reference_at`]).
    pub differences: Vec<Rgba>,
    /// How large each frame's difference is ([`PreparedWalk::change_at`]).
    pub changes: Vec<f64>,
    /// The root mean square of each step's mean velocity, in model range per unit of t.
    pub speeds: Vec<f64>,
    /// What Heun's method would correct of each of Euler's steps but the last, as a root mean square in model
    /// range.
    pub local_errors: Vec<f64>,
}

/// Computes trajectories, each once, and remembers them from build to build.
pub struct Recorder<'a> {
    engines: EngineMaker<'a>,
    /// Numbers of earlier builds.
    kept: Cache,
    /// The engine of the last walk's bundle, by its place.
    engine: Option<(String, AnyEngine)>,
    done: HashMap<String, Rc<Recording>>,
    /// Trajectories that had to be computed.
    pub computed: usize,
    /// Walks that show, or may show, a difference between batches, by place.
    pub notes: BTreeSet<String>,
    /// Is told of each walk before it is computed, which takes a while.
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

    /// Notes a walk whose start is from none of its compound's batches, or from an unknown batch, or is not a
    /// cell.
    pub fn note_batch(&mut self, model: &Model, recipe: &Recipe, at: &Place) {
        let manifest = model.manifest();
        let Start::Example(id) = &recipe.start else { return };
        let (Some(example), Some(condition)) =
            (manifest.gallery.get(id), recipe.condition.condition(manifest))
        else {
            return;
        };
        let batch = example.batch.as_deref();
        let name = &condition.name;
        if example.synthetic {
            // A drawing has no batch. This is noted once for each drawing, since the advice is the same for
            // all of its walks.
            let words =
                "is drawn by a program: its walks show what the network does to a drawing, not to cells";
            self.notes.insert(format!(
                "{id} {words}; `real = true` or `--data` starts from photographs"
            ));
            return;
        }
        let problem = match condition.batch_match(batch) {
            BatchMatch::Same => return,
            BatchMatch::Other => format!(
                "{id} is of batch {}, which is none of {name}'s ({}): part of any difference from real \
                {name} cells is the batch's",
                batch.unwrap_or_default(),
                shortened(&condition.batches, NAMED)
            ),
            BatchMatch::Unknown if example.batch.is_none() => {
                format!(
                    "the batch of {id} is not known, so what it shows may be a difference between batches \
                    and not {name}'s"
                )
            }
            BatchMatch::Unknown => format!(
                "the bundle does not say of which batches {name} is, so what {id} shows may be a batch's \
                difference and not {name}'s"
            ),
        };
        self.notes.insert(format!("{at}: {problem}"));
    }

    /// Makes an engine of its own for a bundle.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn new_engine(&mut self, bundle: &Bundle) -> Result<AnyEngine, String> {
        (self.engines)(bundle)
    }

    /// What is kept from build to build.
    pub(crate) fn kept(&self) -> &Cache {
        &self.kept
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
        let walk = prepared(&model.bundle, recipe, |path| model.files.get(path).cloned()).map_err(&failed)?;
        let (times, frames) = self.numbers(model, walk.clone(), &key).map_err(&failed)?;
        let recording = Rc::new(drawn(manifest, link, &walk, times, &frames).map_err(failed)?);
        self.done.insert(key, recording.clone());
        Ok(recording)
    }

    /// Times and images of a trajectory: kept ones, or computed now.
    fn numbers(
        &mut self,
        model: &Model,
        walk: PreparedWalk,
        key: &str,
    ) -> Result<(Vec<f64>, Vec<Vec<f32>>), String> {
        let spec = &model.manifest().image;
        // An adaptive solver chooses its times while it runs, and the file holds images only.
        let fixed = walk
            .recipe()
            .planned_steps()
            .is_some()
            .then(|| walk.waypoints().to_vec());
        if let Some(times) = &fixed
            && let Some(npy) = self.kept.read(key)
            && let Some(frames) = images(&npy, times.len(), spec.len())
        {
            return Ok((times.clone(), frames));
        }
        (self.tell)(&format!(
            "computing {} from {}",
            walk.recipe().condition.name(model.manifest()),
            match &walk.recipe().start {
                Start::Example(id) => id,
                Start::Noise => "noise",
                Start::Crop(_) => "a crop",
            }
        ));
        let engine = match self.engine.take() {
            Some((place, engine)) if place == model.place => engine,
            _ => (self.engines)(&model.bundle)?,
        };
        let (frames, engine) = computed(walk, engine)?;
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

/// A recipe as a walk of a bundle whose other files `file` gives, by path.
fn prepared(
    bundle: &Bundle,
    recipe: &Recipe,
    file: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<PreparedWalk, String> {
    let manifest = &bundle.manifest;
    let path = start_image::file(&recipe.start, manifest).map_err(|error| error.to_string())?;
    let example = path.and_then(file);
    PreparedWalk::new(recipe.clone(), manifest, &bundle.vectors, example.as_deref())
        .map_err(|error| error.to_string())
}

/// A computed walk as pictures.
fn drawn(
    manifest: &Manifest,
    link: String,
    walk: &PreparedWalk,
    times: Vec<f64>,
    frames: &[Vec<f32>],
) -> Result<Recording, String> {
    let spec = &manifest.image;
    let display = Display::of(spec);
    let wrong = |error: cellflux_image::ImageError| error.to_string();
    Ok(Recording {
        link,
        noised: walk.is_noised(),
        start: composite(spec, &display, walk.clean_start()).map_err(wrong)?,
        frames: frames
            .iter()
            .map(|frame| composite(spec, &display, frame).map_err(wrong))
            .collect::<Result<_, _>>()?,
        differences: times
            .iter()
            .zip(frames)
            .map(|(&t, frame)| {
                let reference = walk.reference_at(t);
                difference(spec, &display, frame, &reference, DIFFERENCE_SCALE).map_err(wrong)
            })
            .collect::<Result<_, _>>()?,
        changes: times
            .iter()
            .zip(frames)
            .map(|(&t, frame)| walk.change_at(t, frame))
            .collect(),
        speeds: speeds(&times, frames),
        local_errors: embedded_differences(&times, frames),
        times,
    })
}

/// Computes a walk of a bundle anew, whatever earlier builds have kept. `file` gives the bundle's other
/// files, by path.
///
/// # Errors
/// A sentence, for a walk that the bundle does not allow or a step that is not reached.
pub(crate) fn recomputed(
    bundle: &Bundle,
    recipe: &Recipe,
    file: impl Fn(&str) -> Option<Vec<u8>>,
    engine: AnyEngine,
) -> Result<Recording, String> {
    let walk = prepared(bundle, recipe, file)?;
    let link = link::write(recipe, &bundle.manifest.image).map_err(|error| error.to_string())?;
    let (frames, _) = computed(walk.clone(), engine)?;
    let times = frames.iter().map(|frame| frame.t).collect();
    let frames: Vec<Vec<f32>> = frames.into_iter().map(|frame| frame.values).collect();
    drawn(&bundle.manifest, link, &walk, times, &frames)
}

/// The velocity of the step between two images: their difference over that of their times.
fn velocity(times: &[f64], images: &[Vec<f32>]) -> Option<Vec<f64>> {
    let ([t0, t1], [before, after]) = (times, images) else {
        return None;
    };
    let pairs = before.iter().zip(after);
    Some(
        pairs
            .map(|(&x0, &x1)| (f64::from(x1) - f64::from(x0)) / (t1 - t0))
            .collect(),
    )
}

fn speeds(times: &[f64], images: &[Vec<f32>]) -> Vec<f64> {
    let steps = times.windows(2).zip(images.windows(2));
    steps
        .filter_map(|(times, images)| Some(root_mean_square(velocity(times, images)?.into_iter())))
        .collect()
}

/// An estimate of the local error of each of Euler's steps but the last: half the step's length times the
/// change of the velocity until the next step, which is what the embedded method of the second order (Heun's)
/// would add to it.
fn embedded_differences(times: &[f64], images: &[Vec<f32>]) -> Vec<f64> {
    let steps = times.windows(3).zip(images.windows(3));
    steps
        .filter_map(|(times, images)| {
            let first = velocity(times.get(..2)?, images.get(..2)?)?;
            let second = velocity(times.get(1..)?, images.get(1..)?)?;
            let half = (times.get(1)? - times.first()?) / 2.0;
            let changes = first
                .iter()
                .zip(&second)
                .map(|(first, second)| half * (second - first));
            Some(root_mean_square(changes))
        })
        .collect()
}

fn root_mean_square(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    (values.map(|value| value * value).sum::<f64>() / count).sqrt()
}

/// The images of a kept trajectory; none where it is damaged or another one.
fn images(npy: &[u8], frames: usize, length: usize) -> Option<Vec<Vec<f32>>> {
    let array = npy::read("kept", npy, &Limits::default()).ok()?;
    (array.values.len() == frames * length && array.values.iter().all(|value| value.is_finite()))
        .then(|| array.values.chunks_exact(length).map(<[f32]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_and_embedded_differences_are_those_of_a_parabola() {
        // x = t^2 in steps of 1/2: Euler's velocities are the slopes 1/2 and 3/2.
        let (times, images) = ([0.0, 0.5, 1.0], [vec![0.0f32; 2], vec![0.25; 2], vec![1.0; 2]]);
        let close = |found: &[f64], expected: &[f64]| {
            found.len() == expected.len()
                && found
                    .iter()
                    .zip(expected)
                    .all(|(found, expected)| (found - expected).abs() < 1e-12)
        };
        assert!(close(&speeds(&times, &images), &[0.5, 1.5]));
        assert!(close(&embedded_differences(&times, &images), &[0.25]));
        assert!(embedded_differences(&times[..2], &images[..2]).is_empty());
    }
}
