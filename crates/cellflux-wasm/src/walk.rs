//! The exploration: recipe, steps reached, pictures, files.

use std::rc::Rc;

use cellflux_bundle::Manifest;
use cellflux_bundle::conditions::ConditionVectors;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_engine::EngineError;
use cellflux_flow::solver::Solver;
use cellflux_image::ImageSpec;
use cellflux_image::composite::{DIFFERENCE_SCALE, Display, composite, difference, difference_legend};
use cellflux_session::figure_content::{Steps, sheet};
use cellflux_session::figure_map::Beside;
use cellflux_session::{
    Change, Exploration, Frame, Pacing, PreparedWalk, Recipe, SessionError, Start, StepError, Treatment,
    export, figure_map, figure_words, link,
};
use js_sys::{Array, Float32Array, Object};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::engine::Engine;
use crate::half::SharedEngine;
use crate::model::{Model, no_vectors, plain};
use crate::picture;
use crate::trouble::Trouble;

/// One exploration of a model. It holds the steps reached, with or without an engine.
#[wasm_bindgen]
pub struct Walk {
    manifest: Manifest,
    vectors: Rc<ConditionVectors>,
    /// The vector of the compound that was typed, while the walk is under one.
    counts: Option<Vec<f32>>,
    pub(crate) exploration: Exploration<SharedEngine>,
    /// Counts trajectories, so that the page can tell a new one from more steps of the same one.
    key: u32,
}

#[wasm_bindgen]
impl Walk {
    /// Starts an exploration. `recipe` is JSON; `example` is the content of the file that
    /// [`Model::start_file`] names; `counts` is the vector of a compound that was typed, which the module of
    /// the chemistry makes.
    #[wasm_bindgen(constructor)]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "wasm-bindgen passes optional bytes by value only"
    )]
    pub fn new(
        model: &Model,
        recipe: &str,
        example: Option<Vec<u8>>,
        counts: Option<Vec<f32>>,
    ) -> Result<Walk, JsValue> {
        Ok(Self::begin(model, read(recipe)?, example.as_deref(), counts)?)
    }

    /// Starts an exploration with the recommended recipe from a crop, coded bytes `[C, H, W]`, for a bundle
    /// that has no control to start from.
    pub fn of_crop(model: &Model, coded: Vec<u8>) -> Result<Walk, JsValue> {
        let start = Start::Crop(coded);
        let recipe = model.first_recipe_from(start)?;
        Ok(Self::begin(model, recipe, None, None)?)
    }

    /// Changes to another recipe; steps that it has in common are kept. Returns the number of steps, from the
    /// first on, whose pictures are the same as before; if there are any, the start's picture is the same
    /// too. A refusal changes nothing.
    #[allow(clippy::needless_pass_by_value, reason = "as in `new`")]
    pub fn apply(
        &mut self,
        recipe: &str,
        example: Option<Vec<u8>>,
        counts: Option<Vec<f32>>,
    ) -> Result<usize, JsValue> {
        let (manifest, vectors) = (&self.manifest, &self.vectors);
        let walk = prepare(
            manifest,
            vectors,
            read(recipe)?,
            example.as_deref(),
            counts.as_deref(),
        )?;
        self.counts = counts;
        Ok(self.turn_to(walk))
    }

    /// Makes a crop, coded bytes `[C, H, W]`, the start, and leaves the rest of the recipe as it is.
    /// Otherwise as [`Walk::apply`].
    pub fn use_crop(&mut self, coded: Vec<u8>) -> Result<usize, JsValue> {
        let recipe = Recipe {
            start: Start::Crop(coded),
            ..self.exploration.walk().recipe().clone()
        };
        let counts = self.counts.as_deref();
        let walk = prepare(&self.manifest, &self.vectors, recipe, None, counts)?;
        Ok(self.turn_to(walk))
    }

    /// Puts an engine in place; the walk goes on from the last step reached.
    pub fn attach(&mut self, engine: Engine) {
        self.exploration.attach_engine_of(engine.inner, engine.quick);
    }

    /// Takes the engine out, for another walk of the same model; the steps reached stay. `attach` gives it
    /// back, and the walk goes on with the same numbers as if it had kept it. Nothing without one.
    pub fn detach(&mut self) -> Option<Engine> {
        let inner = self.exploration.detach_engine()?;
        let condition = self.manifest.model.config.condition_dim;
        let mut engine = Engine::moved(inner, self.manifest.image.len(), condition);
        engine.quick = self.exploration.quick();
        Some(engine)
    }

    /// How the quick weights are stored under which any of the steps reached ran; nothing where all ran under
    /// the bundle's own.
    pub fn quick(&self) -> Option<String> {
        self.seen_in().map(|dtype| dtype.name().to_owned())
    }

    /// One more solver step; false at the end. `playing` lets the device start the step after while this one
    /// is shown. After an error the steps reached are as they were.
    pub async fn step(&mut self, playing: bool) -> Result<bool, JsValue> {
        let pacing = if playing {
            Pacing::Continuous
        } else {
            Pacing::Single
        };
        let reached = self.exploration.advance(pacing).await;
        Ok(reached.map_err(step_trouble)?.is_some())
    }

    /// Evaluates one velocity of the next step and waits for it, while the step needs more than one: true
    /// until [`Walk::step`] has only one left to evaluate.
    pub async fn evaluate(&mut self) -> Result<bool, JsValue> {
        Ok(self.exploration.evaluate().await.map_err(step_trouble)?)
    }

    /// What the condition adds to the velocity at a step reached, `v(x, t, c) - v(x, t, null)` `[C, H, W]` in
    /// model range per unit of t, as a `Float32Array`: two evaluations of the network. Nothing for a step
    /// that is not reached.
    pub async fn condition_effect(&mut self, step: usize) -> Result<JsValue, JsValue> {
        let effect = self.exploration.condition_effect(step).await;
        let effect = effect.map_err(step_trouble)?;
        Ok(effect.map_or(JsValue::UNDEFINED, |values| {
            Float32Array::from(values.as_slice()).into()
        }))
    }

    /// The recipe as a plain object.
    pub fn recipe(&self) -> Result<JsValue, JsValue> {
        plain(self.exploration.walk().recipe())
    }

    /// The hash of this exploration's link, without `#`.
    pub fn link(&self) -> Result<String, JsValue> {
        Ok(self.link_of(self.exploration.walk().recipe())?)
    }

    /// The same, which names the quick weights under which any of the steps reached ran.
    pub fn seen_link(&self) -> Result<String, JsValue> {
        Ok(self.link_of(&self.exploration.walk().recipe().seen_in(self.seen_in()))?)
    }

    /// Number of the trajectory; a new one after every change that lost or may lose steps.
    pub fn key(&self) -> u32 {
        self.key
    }

    /// Steps reached, the start included.
    pub fn steps(&self) -> usize {
        self.exploration.frames().len()
    }

    /// Whether the end is reached.
    pub fn finished(&self) -> bool {
        self.exploration.is_finished()
    }

    /// Whether step 0 is the start image with noise added.
    pub fn noised(&self) -> bool {
        self.exploration.walk().is_noised()
    }

    /// Trials that the adaptive solver rejected before a step, because their errors were larger than the
    /// tolerances allow.
    pub fn rejected_of(&self, step: usize) -> usize {
        self.exploration
            .frames()
            .get(step)
            .map_or(0, |frame| frame.rejected)
    }

    /// Guided velocities evaluated for a step.
    pub fn evaluations_of(&self, step: usize) -> usize {
        self.exploration
            .frames()
            .get(step)
            .map_or(0, |frame| frame.evaluations)
    }

    /// The image `[C, H, W]` of a step reached, in model range, the source noise of step 0 included.
    pub fn values(&self, step: usize) -> Result<Vec<f32>, JsValue> {
        Ok(self.frame(step)?.values.clone())
    }

    /// The time of a step reached.
    pub fn time_of(&self, step: usize) -> Result<f64, JsValue> {
        Ok(self.frame(step)?.t)
    }

    /// The times of all steps, reached or not; nothing for the adaptive solver, which chooses them as it
    /// goes.
    pub fn times(&self) -> Option<Vec<f64>> {
        let walk = self.exploration.walk();
        match walk.recipe().sampling.solver {
            Solver::Fixed(_) => Some(walk.waypoints().to_vec()),
            Solver::Dopri5 => None,
        }
    }

    /// The start image's picture, before source noise; the noise itself for a flow that starts from noise.
    pub fn control(&self) -> Result<JsValue, JsValue> {
        let picture = composite(self.spec(), &self.display(), self.clean_start()).map_err(Trouble::from)?;
        Ok(picture::to_js(&picture))
    }

    /// A step reached: `{ time, now, difference, change }`, the pictures without the hidden channels, the
    /// change of all channels as [`cellflux_session::PreparedWalk::change_at`] has it.
    pub fn picture(&self, step: usize) -> Result<JsValue, JsValue> {
        let frame = self.frame(step)?;
        let (spec, display) = (self.spec(), self.display());
        let now = composite(spec, &display, &frame.values).map_err(Trouble::from)?;
        let walk = self.exploration.walk();
        let reference = walk.reference_at(frame.t);
        let difference =
            difference(spec, &display, &frame.values, &reference, DIFFERENCE_SCALE).map_err(Trouble::from)?;
        let object = Object::new();
        picture::set(&object, "time", &JsValue::from_f64(frame.t));
        picture::set(&object, "now", &picture::to_js(&now));
        picture::set(&object, "difference", &picture::to_js(&difference));
        let change = walk.change_at(frame.t, &frame.values);
        picture::set(&object, "change", &JsValue::from_f64(change));
        Ok(object.into())
    }

    /// A step's picture as PNG, pixel for pixel what [`Walk::picture`] shows, with texts that say what it is
    /// and how to make it again.
    pub fn frame_png(&self, step: usize) -> Result<Vec<u8>, JsValue> {
        let recipe = self.exploration.walk().recipe();
        written(export::frame_png(&self.manifest, recipe, step, self.frame(step)?))
    }

    /// Every step reached, side by side, as PNG with texts.
    pub fn strip_png(&self) -> Result<Vec<u8>, JsValue> {
        let recipe = self.exploration.walk().recipe();
        written(export::strip_png(
            &self.manifest,
            recipe,
            self.exploration.frames(),
        ))
    }

    /// What a figure of the walk shows, `all` steps or its `ends`, or a `film`, for the module that draws it:
    /// `{ sheet, pictures }`. Where the map in view is what the condition adds, it is evaluated at each step
    /// shown.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a function that waits owns what it is given"
    )]
    pub async fn figure_content(&mut self, steps: String) -> Result<JsValue, JsValue> {
        let steps = chosen(&steps)?;
        let effects = figure_map::effects(&mut self.exploration, steps).await;
        let effects = effects.map_err(step_trouble)?;
        let beside = Beside {
            effects,
            ..Beside::default()
        };
        self.content(steps, &beside)
    }

    /// The same with the walk of [`Walk::untreated_recipe`], as far as it has come.
    pub fn figure_content_beside(&self, steps: &str, untreated: &Walk) -> Result<JsValue, JsValue> {
        let beside = Beside {
            untreated: untreated.exploration.frames(),
            ..Beside::default()
        };
        self.content(chosen(steps)?, &beside)
    }

    /// What a figure says of itself that is made around this walk, for the module that draws it; `words` is
    /// the JSON of [`figure_words::Words`].
    pub fn figure_about(&self, words: &str) -> Result<JsValue, JsValue> {
        let walk = self.exploration.walk();
        let about = figure_words::Words::from_json(words)
            .and_then(|words| figure_words::about(&self.manifest, walk, &words))
            .map_err(|error| Trouble::of_session(&error))?;
        plain(&about)
    }

    /// The recipe of the walk that the map in view is taken from, where that is the one under the control's
    /// condition; nothing for another map.
    pub fn untreated_recipe(&self) -> Result<JsValue, JsValue> {
        match figure_map::untreated(&self.manifest, self.exploration.walk().recipe()) {
            Some(recipe) => plain(&recipe),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// What the colours of the differences mean: `{ scale, strips }`, where a strip is `{ channel, picture }`
    /// from less at the left to more at the right, and `scale` is the change at its ends, as a share of the
    /// range from black to full scale.
    pub fn difference_legend(&self) -> JsValue {
        /// Pixels of a strip; odd, so that no change has one of its own.
        const WIDTH: usize = 65;
        let strips = Array::new();
        for (channel, strip) in difference_legend(&self.manifest.image, &self.display(), WIDTH) {
            let object = Object::new();
            picture::set(&object, "channel", &JsValue::from_f64(channel as f64));
            picture::set(&object, "picture", &picture::to_js(&strip));
            strips.push(&object);
        }
        let object = Object::new();
        picture::set(&object, "scale", &JsValue::from_f64(f64::from(DIFFERENCE_SCALE)));
        picture::set(&object, "strips", &strips);
        object.into()
    }

    /// Every step reached as `.npy`, f32 `[steps + 1, C, H, W]` in model range.
    pub fn trajectory_npy(&self) -> Result<Vec<u8>, JsValue> {
        written(export::trajectory_npy(
            &self.manifest.image,
            self.exploration.frames(),
        ))
    }

    /// The times of the steps reached as `.npy`, f32 `[steps + 1]`.
    pub fn times_npy(&self) -> Result<Vec<u8>, JsValue> {
        written(export::times_npy(self.exploration.frames()))
    }
}

impl Walk {
    fn content(&self, steps: Steps, beside: &Beside) -> Result<JsValue, JsValue> {
        let (walk, frames) = (self.exploration.walk(), self.exploration.frames());
        let sheet = sheet(&self.manifest, walk, frames, steps, beside)
            .map_err(|error| Trouble::of_session(&error))?;
        let object = Object::new();
        picture::set(&object, "sheet", &plain(&sheet)?);
        let pictures: Array = sheet.pictures.iter().map(picture::to_js).collect();
        picture::set(&object, "pictures", &pictures);
        Ok(object.into())
    }

    fn begin(
        model: &Model,
        recipe: Recipe,
        example: Option<&[u8]>,
        counts: Option<Vec<f32>>,
    ) -> Result<Self, Trouble> {
        let vectors = model.vectors.clone().ok_or_else(no_vectors)?;
        let manifest = model.manifest.clone();
        let walk = prepare(&manifest, &vectors, recipe, example, counts.as_deref())?;
        Ok(Self {
            manifest,
            vectors,
            counts,
            exploration: Exploration::new(walk),
            key: 1,
        })
    }

    /// How many steps keep the pictures that they had.
    fn turn_to(&mut self, walk: PreparedWalk) -> usize {
        // A step's numbers may stay while its pictures change: when other channels are hidden, or the
        // difference is taken from another image.
        let before = self.exploration.walk();
        let spec = &self.manifest.image;
        let same_pictures = before.recipe().view.display(spec) == walk.recipe().view.display(spec)
            && before.start() == walk.start()
            && before.clean_start() == walk.clean_start();
        let steps = self.steps();
        let kept = match self.exploration.apply(walk) {
            Change::Nothing | Change::Display => steps,
            Change::Trajectory { kept } => {
                self.key += 1;
                kept
            }
        };
        if same_pictures { kept } else { 0 }
    }

    /// A step reached.
    pub(crate) fn frame(&self, step: usize) -> Result<&Frame, Trouble> {
        let frames = self.exploration.frames();
        frames.get(step).ok_or_else(|| {
            Trouble::new(
                "bad-recipe",
                format!(
                    "step {step} is not reached yet, expected 0 to {}",
                    frames.len() - 1
                ),
            )
        })
    }

    fn link_of(&self, recipe: &Recipe) -> Result<String, Trouble> {
        link::write(recipe, &self.manifest.image).map_err(|error| Trouble::of_session(&error))
    }

    fn seen_in(&self) -> Option<WeightDtype> {
        self.exploration.frames().last().and_then(|last| last.quick)
    }

    /// How the channels are shown.
    pub(crate) fn display(&self) -> Display {
        self.exploration.walk().recipe().view.display(self.spec())
    }

    pub(crate) fn spec(&self) -> &ImageSpec {
        &self.manifest.image
    }

    /// The start image `[C, H, W]` in model range, before source noise.
    pub(crate) fn clean_start(&self) -> &[f32] {
        self.exploration.walk().clean_start()
    }
}

fn chosen(steps: &str) -> Result<Steps, Trouble> {
    let read = steps.parse::<Steps>();
    read.map_err(|error| Trouble::of_session(&error))
}

fn prepare(
    manifest: &Manifest,
    vectors: &ConditionVectors,
    recipe: Recipe,
    example: Option<&[u8]>,
    counts: Option<&[f32]>,
) -> Result<PreparedWalk, Trouble> {
    let walk = match (&recipe.condition, counts) {
        (Treatment::Typed(_), Some(counts)) => {
            PreparedWalk::of_typed(recipe, manifest, vectors, counts, example)
        }
        // A typed compound without its vector is refused.
        _ => PreparedWalk::new(recipe, manifest, vectors, example),
    };
    walk.map_err(|error| Trouble::of_session(&error))
}

fn read(recipe: &str) -> Result<Recipe, Trouble> {
    Recipe::from_json(recipe.as_bytes()).map_err(|error| Trouble::of_session(&error))
}

fn written(file: Result<Vec<u8>, SessionError>) -> Result<Vec<u8>, JsValue> {
    file.map_err(|error| Trouble::of_session(&error).into())
}

pub(crate) fn step_trouble(error: StepError<EngineError>) -> Trouble {
    match error {
        StepError::Engine(error) => error.into(),
        StepError::NoEngine => Trouble::new(
            "no-engine",
            "the network is not ready yet; this step can be taken once it is",
        ),
        other => Trouble::new("bad-recipe", other.to_string()),
    }
}
