//! A walk of particles through a field, as the page draws it.

use cellflux_lab::Walk;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::flat;

/// A walk, and what it measures.
#[wasm_bindgen]
pub struct Walked {
    pub(crate) walk: Walk,
    /// How far its end is from the goal.
    pub(crate) distance: f64,
}

#[wasm_bindgen]
impl Walked {
    /// The times of the walk, in the order in which they were reached.
    pub fn times(&self) -> Vec<f64> {
        self.walk.times.clone()
    }

    /// Where all particles are at a time of the walk, by its number; nothing beyond the last.
    pub fn at(&self, time: usize) -> Vec<f64> {
        self.walk
            .positions
            .get(time)
            .map(|points| flat(points))
            .unwrap_or_default()
    }

    /// How much the paths bend, 0 for straight ones (see `Walk::straightness`).
    pub fn straightness(&self) -> f64 {
        self.walk.straightness()
    }

    /// The mean squared distance between start and end.
    pub fn transport_cost(&self) -> f64 {
        self.walk.transport_cost()
    }

    /// The unbiased squared energy distance of the particles' end from points of the goal.
    pub fn distance(&self) -> f64 {
        self.distance
    }
}
