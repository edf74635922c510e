//! Where the nuclei of an uploaded image lie.

use cellflux_measure::field::{MOST_PIXELS, nuclei};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::trouble;

/// The most pixels of a plane in which nuclei are looked for.
#[wasm_bindgen]
pub fn most_pixels() -> usize {
    MOST_PIXELS
}

/// The nuclei in a plane `[height, width]` of any numbers: how many were found, then `x, y, area` of each
/// that is listed, in pixels of the plane, from the top down.
#[wasm_bindgen]
pub fn nuclei_in(values: &[f32], height: usize, width: usize) -> Result<Vec<f64>, JsValue> {
    let found = nuclei(values, height, width).map_err(|error| trouble("bad-image", &error))?;
    let listed = found.listed.iter();
    let places = listed.flat_map(|nucleus| [nucleus.x, nucleus.y, nucleus.area as f64]);
    Ok(std::iter::once(found.count as f64).chain(places).collect())
}
