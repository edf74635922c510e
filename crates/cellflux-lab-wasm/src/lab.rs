//! A lab: what it learns, and what is seen of it.

use cellflux_lab::comparison::distance;
use cellflux_lab::grid::Grid;
use cellflux_lab::learning::State;
use cellflux_lab::least_loss::least_loss;
use cellflux_lab::likelihood::log_likelihood;
use cellflux_lab::quantity::PAIRS_OF_LEAST_LOSS;
use cellflux_lab::{ExactField, LabError, Learning, Quantity, Settings, View, Walk, pasted};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::walk::Walked;
use crate::{failure, flat, points, trouble};

/// Steps of a likelihood's walk.
const STEPS_OF_LIKELIHOOD: usize = 50;

/// A lab with its settings and its network.
#[wasm_bindgen]
pub struct Lab {
    learning: Learning,
}

#[wasm_bindgen]
impl Lab {
    /// A lab of these settings (`Settings` of `cellflux-lab`; fields that are left out have their defaults),
    /// which has learnt nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: JsValue) -> Result<Lab, JsValue> {
        let settings: Settings = read("the lab's settings", settings)?;
        Ok(Self {
            learning: Learning::new(settings).map_err(|error| trouble(&error))?,
        })
    }

    /// All settings, defaults included, with the learning rate of the next step.
    pub fn settings(&self) -> Result<JsValue, JsValue> {
        written(self.learning.settings())
    }

    /// How many numbers the network has.
    pub fn parameter_count(&self) -> usize {
        self.learning.network().parameter_count()
    }

    /// Learns this many steps, and gives the loss of the last.
    pub fn learn(&mut self, steps: usize) -> Result<f64, JsValue> {
        let mut loss = f64::NAN;
        for _ in 0..steps {
            loss = self.learning.step().map_err(|error| trouble(&error))?;
        }
        Ok(loss)
    }

    /// How many steps were learnt.
    pub fn steps(&self) -> usize {
        self.learning.curve().steps()
    }

    /// Whether learning has broken down and needs a lower rate or a reset.
    pub fn is_diverged(&self) -> bool {
        self.learning.state() != State::Learning
    }

    /// The mean loss of the last `count` steps; nothing before the first.
    pub fn loss(&self, count: usize) -> Option<f64> {
        self.learning.curve().mean_of_last(count)
    }

    /// The loss curve in at most `most` points: `step, mean, step, mean, …`.
    pub fn curve(&self, most: usize) -> Vec<f64> {
        let stretches = self.learning.curve().stretches(most);
        let numbers = stretches
            .iter()
            .flat_map(|stretch| [stretch.step as f64, stretch.mean]);
        numbers.collect()
    }

    /// The loss below which no network can learn, where it is known.
    pub fn least_loss(&self) -> Result<f64, JsValue> {
        least_loss(self.learning.settings(), PAIRS_OF_LEAST_LOSS).map_err(|error| trouble(&error))
    }

    /// Learns with another rate; after a breakdown it goes on from the weights that were kept last.
    pub fn set_rate(&mut self, rate: f64) -> Result<(), JsValue> {
        self.learning.set_rate(rate).map_err(|error| trouble(&error))
    }

    /// Forgets all that was learnt.
    pub fn reset(&mut self) -> Result<(), JsValue> {
        self.learning.reset().map_err(|error| trouble(&error))
    }

    /// A round of reflow: from now on the network learns from its own walks.
    pub fn reflow(&mut self) -> Result<(), JsValue> {
        self.learning.reflow().map_err(|error| trouble(&error))
    }

    /// Whether pairs come from a reflow.
    pub fn is_reflowed(&self) -> bool {
        self.learning.is_reflowed()
    }

    /// The pairs of a training step: `x0, y0, x1, y1` of each.
    pub fn pairs(&self, step: u32) -> Vec<f64> {
        let pairs = self.learning.pairs(step.into());
        pairs
            .iter()
            .flat_map(|pair| [pair.x0, pair.x1])
            .flatten()
            .collect()
    }

    /// Where a view's particles start.
    pub fn starts(&self, view: JsValue) -> Result<Vec<f64>, JsValue> {
        let view = viewed(view)?;
        let start = view.start(&self.learning).map_err(|error| trouble(&error))?;
        Ok(flat(&start))
    }

    /// Points of the end that a view's particles walk to.
    pub fn goals(&self, view: JsValue) -> Result<Vec<f64>, JsValue> {
        let view = viewed(view)?;
        let goal = view.goal(&self.learning).map_err(|error| trouble(&error))?;
        Ok(flat(&goal))
    }

    /// The walk of a view's particles.
    pub fn walk(&self, view: JsValue) -> Result<Walked, JsValue> {
        let view = viewed(view)?;
        let walked = || -> Result<Walked, LabError> {
            let walk = view.walk(&self.learning)?;
            let distance = distance(walk.end(), &view.goal(&self.learning)?)?.unbiased;
            Ok(Walked { walk, distance })
        };
        walked().map_err(|error| trouble(&error))
    }

    /// How far a view's walk ended from where a fine one ends: the root of the mean squared distance. It
    /// takes as long as some twenty walks.
    pub fn error(&self, view: JsValue, walked: &Walked) -> Result<f64, JsValue> {
        let view = viewed(view)?;
        let error = || -> Result<f64, LabError> {
            let field = view.field(&self.learning)?;
            let start = walked.walk.start().to_vec();
            Ok(walked.walk.error(&Walk::fine_end(&*field, view.reverse, start)?))
        };
        error().map_err(|error| trouble(&error))
    }

    /// How far a view's particles would end from where a fine walk ends, with each of Euler's, the midpoint,
    /// Heun's and the fourth-order solver, and each of these numbers of steps: one solver after the other.
    /// Not a number where a particle leaves the plane.
    pub fn errors(&self, view: JsValue, steps: &[u32]) -> Result<Vec<f64>, JsValue> {
        let view = viewed(view)?;
        let steps: Vec<usize> = steps.iter().map(|&steps| steps as usize).collect();
        let errors = view.errors(&self.learning, &steps);
        Ok(errors.map_err(|error| trouble(&error))?.concat())
    }

    /// The velocities of a view's field at a time, in the middle of each of `cells` by `cells` cells of a
    /// square from `-half` to `half`: `x, y, x, y, …`, row after row from the bottom.
    pub fn arrows(&self, view: JsValue, t: f64, half: f64, cells: usize) -> Result<Vec<f64>, JsValue> {
        let view = viewed(view)?;
        let velocities = || -> Result<Vec<f64>, LabError> {
            let centres = Grid::square(half, cells)?.centres();
            Ok(flat(&view.field(&self.learning)?.velocity(t, &centres)?))
        };
        velocities().map_err(|error| trouble(&error))
    }

    /// A number of the lab and a view by its name ([`Quantity::name`]), which a lesson asks for; nothing for
    /// a loss before the first step.
    pub fn quantity(&self, view: JsValue, name: &str) -> Result<Option<f64>, JsValue> {
        let view = viewed(view)?;
        let quantity = Quantity::named(name)
            .ok_or_else(|| failure("setting", &format!("a lab has no quantity {name:?}")))?;
        quantity
            .of(&self.learning, &view)
            .map_err(|error| trouble(&error))
    }

    /// The logarithm of the density that a view's field gives to points at `t = 1`; the source must be a
    /// mixture of Gaussians.
    pub fn log_likelihood(&self, view: JsValue, at: &[f64]) -> Result<Vec<f64>, JsValue> {
        let view = viewed(view)?;
        let likelihood = || -> Result<Vec<f64>, LabError> {
            let source = ExactField::new(self.learning.settings(), view.condition)?;
            let field = view.field(&self.learning)?;
            log_likelihood(&*field, &source, points(at), STEPS_OF_LIKELIHOOD)
        };
        likelihood().map_err(|error| trouble(&error))
    }
}

/// The density of points in each of `cells` by `cells` cells of a square from `-half` to `half`, row after
/// row from the bottom.
#[wasm_bindgen]
pub fn density(at: &[f64], half: f64, cells: usize) -> Result<Vec<f64>, JsValue> {
    let grid = Grid::square(half, cells).map_err(|error| trouble(&error))?;
    Ok(grid.density(points(at)))
}

/// The points of pasted CSV text, moved and scaled to the lab's square.
#[wasm_bindgen]
pub fn pasted_points(text: &str) -> Result<Vec<f64>, JsValue> {
    let read = pasted::points(text).map_err(|error| trouble(&error.into()))?;
    Ok(flat(&pasted::fitted(&read)))
}

/// The view that a page leaves out: all its fields with their defaults.
#[wasm_bindgen]
pub fn default_view() -> Result<JsValue, JsValue> {
    written(&View::default())
}

/// The settings that a page leaves out.
#[wasm_bindgen]
pub fn default_settings() -> Result<JsValue, JsValue> {
    written(&Settings::default())
}

fn viewed(view: JsValue) -> Result<View, JsValue> {
    read("the view", view)
}

fn read<T: DeserializeOwned>(what: &str, value: JsValue) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|error| failure("setting", &format!("{what} cannot be read: {error}")))
}

fn written(value: &impl Serialize) -> Result<JsValue, JsValue> {
    // A condition that is none must stand there as null: left out it would have its default.
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true);
    value
        .serialize(&serializer)
        .map_err(|error| failure("internal", &error.to_string()))
}
