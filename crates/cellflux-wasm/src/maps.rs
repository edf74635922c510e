//! Maps of a walk's changes that are not drawn with every step: velocities, and differences to other images.

use cellflux_image::composite::{DIFFERENCE_SCALE, difference, magnitude, magnitude_legend};
use cellflux_session::velocity::mean_velocity;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::picture;
use crate::trouble::Trouble;
use crate::walk::Walk;

#[wasm_bindgen]
impl Walk {
    /// The mean velocity `[C, H, W]` of the step that led to a step reached, in model range per unit of t
    /// ([`mean_velocity`]); nothing for the start, to which no step leads.
    pub fn velocity(&self, step: usize) -> Option<Vec<f32>> {
        let before = self.frame(step.checked_sub(1)?).ok()?;
        mean_velocity(before, self.frame(step).ok()?)
    }

    /// The picture of a change `[C, H, W]` in model range, or of one per unit of t, in the colours of
    /// [`Walk::difference_legend`]; `size` draws its magnitude instead, in those of
    /// [`Walk::magnitude_strip`]. Shown are the visible channels, or `alone` one of them.
    pub fn map(&self, change: &[f32], size: bool, alone: Option<usize>) -> Result<JsValue, JsValue> {
        let spec = self.spec();
        let display = match alone {
            Some(channel) => self.display().alone_in_grey(channel),
            None => self.display(),
        };
        let drawn = if size {
            magnitude(spec, &display, change, DIFFERENCE_SCALE)
        } else {
            difference(spec, &display, change, &vec![0.0; change.len()], DIFFERENCE_SCALE)
        };
        Ok(picture::to_js(&drawn.map_err(Trouble::from)?))
    }

    /// The colours of a magnitude, from nothing at the left to the scale of the differences at the right.
    pub fn magnitude_strip(&self) -> JsValue {
        picture::to_js(&magnitude_legend(33))
    }
}
