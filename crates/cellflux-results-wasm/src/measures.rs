//! What a walk's images measure, and the means of real or drawn cells beside them.

use cellflux_image::ImageSpec;
use cellflux_measure::along::{Along, Row};
use cellflux_measure::sets::mean::Mean;
use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{object, trouble};

/// What is measured of a model's images.
#[wasm_bindgen]
pub struct Measures {
    along: Along,
}

#[wasm_bindgen]
impl Measures {
    /// Of images as a manifest's `image` section (JSON) describes them.
    #[wasm_bindgen(constructor)]
    pub fn new(image: &str) -> Result<Measures, JsValue> {
        let spec: ImageSpec = serde_json::from_str(image).map_err(|error| trouble("bad-bundle", &error))?;
        let along = Along::new(&spec).map_err(|error| trouble("bad-bundle", &error))?;
        Ok(Self { along })
    }

    /// What is measured, in the order of the values: an array of `{ name, unit, about, source }`.
    pub fn list(&self) -> Array {
        let list = Array::new();
        for measure in self.along.measures() {
            list.push(&object(&[
                ("name", &measure.name),
                ("unit", measure.unit.symbol()),
                ("about", measure.about),
                ("source", measure.source),
            ]));
        }
        list
    }

    /// The position, from 0, of the channel that shows nuclei; nothing where no channel's name says so.
    pub fn nuclear(&self) -> Option<usize> {
        self.along.nuclear()
    }

    /// The values of an image `[C, H, W]` in model range; NaN where it has no such value.
    pub fn of(&self, image: &[f32]) -> Result<Vec<f64>, JsValue> {
        let values = self
            .along
            .of(image)
            .map_err(|error| trouble("bad-bundle", &error))?;
        Ok(values
            .into_iter()
            .map(|value| value.unwrap_or(f64::NAN))
            .collect())
    }

    /// The first line of a table.
    pub fn titles(&self) -> String {
        self.along.titles()
    }
}

/// A line of a table: a step of a walk under a compound (its id, or the structure of a typed one), with the
/// values that [`Measures::of`] gave; NaN is written as nothing.
#[wasm_bindgen]
pub fn table_line(compound: &str, seed: u32, step: usize, time: f64, values: &[f64]) -> String {
    let values: Vec<Option<f64>> = values.iter().map(|&value| known(value)).collect();
    Row {
        compound,
        seed: Some(u64::from(seed)),
        step,
        time,
        values: &values,
    }
    .line()
}

/// The mean of one measure over cells, as `[cells, mean]`, and of several cells with its 95 % interval as
/// `[cells, mean, low, high]`; empty where no cell has the measure. NaN is left out.
#[wasm_bindgen]
pub fn mean(values: &[f64]) -> Result<Vec<f64>, JsValue> {
    let known: Vec<f64> = values.iter().filter_map(|&value| known(value)).collect();
    let mean = Mean::of(&known).map_err(|error| trouble("bad-bundle", &error))?;
    Ok(match mean {
        None => Vec::new(),
        Some(Mean {
            cells,
            value,
            interval: None,
        }) => vec![cells as f64, value],
        Some(Mean {
            cells,
            value,
            interval: Some(interval),
        }) => vec![cells as f64, value, interval.low, interval.high],
    })
}

/// A value, unless it stands for none.
fn known(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}
