//! What one worker hands on to another: the weights, decoded and checked once, and steps reached.

use cellflux_bundle::Bundle;
use cellflux_bundle::state_dict::StateDict;
use cellflux_session::Frame;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::model::{Model, no_vectors};
use crate::trouble::Trouble;
use crate::walk::{Walk, step_trouble};

#[wasm_bindgen]
impl Model {
    /// The network's tensors as they were decoded, as one safetensors file: what [`Model::take_weights`] of
    /// another worker takes. Nothing while they have not come in full, also where quick weights stand in for
    /// them.
    pub fn weights(&self) -> Result<Option<Vec<u8>>, JsValue> {
        let Some(bundle) = self.bundle.as_ref().filter(|_| self.quick_dtype.is_none()) else {
            return Ok(None);
        };
        let file = bundle.weights.to_safetensors(&bundle.manifest.model.config);
        Ok(Some(file.map_err(Trouble::from)?))
    }

    /// Completes the model with the weights that another worker's [`Model::weights`] gave, in place of its
    /// shards. The condition vectors must be there.
    pub fn take_weights(&mut self, weights: &[u8]) -> Result<(), JsValue> {
        let vectors = self.vectors.as_deref().ok_or_else(no_vectors)?;
        let weights = StateDict::from_safetensors(weights, &self.manifest.model.config);
        self.bundle = Some(Bundle {
            manifest: self.manifest.clone(),
            weights: weights.map_err(Trouble::from)?,
            vectors: vectors.clone(),
        });
        self.quick_dtype = None;
        Ok(())
    }
}

#[wasm_bindgen]
impl Walk {
    /// Where a step stands on its way, beside its values: time, waypoint, velocities evaluated, trials
    /// rejected, and the adaptive solver's next step while it is between two waypoints (else NaN). With
    /// [`Walk::values`] it is what [`Walk::take_step`] of the same walk takes, in another worker.
    pub fn place_of(&self, step: usize) -> Result<Vec<f64>, JsValue> {
        let frame = self.frame(step)?;
        let [waypoint, evaluations, rejected] =
            [frame.waypoint, frame.evaluations, frame.rejected].map(|count| count as f64);
        let size = frame.step_size.unwrap_or(f64::NAN);
        Ok(vec![frame.t, waypoint, evaluations, rejected, size])
    }

    /// Takes over a step that another worker has reached: it becomes the one after the last. That worker has
    /// the bundle's own weights, since [`Model::weights`] hands on no others.
    pub fn take_step(&mut self, values: Vec<f32>, place: &[f64]) -> Result<(), JsValue> {
        let &[t, waypoint, evaluations, rejected, size] = place else {
            let sentence = format!("a step's place has {} numbers, expected 5", place.len());
            return Err(Trouble::new("bad-recipe", sentence).into());
        };
        let frame = Frame {
            t,
            evaluations: evaluations as usize,
            rejected: rejected as usize,
            waypoint: waypoint as usize,
            step_size: size.is_finite().then_some(size),
            quick: None,
            values,
        };
        self.exploration.take_frame(frame).map_err(step_trouble)?;
        Ok(())
    }
}
