//! Figures and films of a walk, drawn of what the explorer's module hands over
//! (`Walk::figure_content` in `cellflux-wasm`).

use cellflux_image::composite::Rgba;
use cellflux_print::{PrintError, Sheet, Width, animation, png, svg};
use js_sys::{Array, Reflect, Uint8ClampedArray};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::trouble;

/// What a figure or a film shows.
#[wasm_bindgen]
pub struct Figure {
    sheet: Sheet,
}

#[wasm_bindgen]
impl Figure {
    /// Takes a sheet as a plain object, and its pictures, `{ width, height, rgba }` each.
    #[wasm_bindgen(constructor)]
    pub fn new(sheet: JsValue, pictures: &Array) -> Result<Figure, JsValue> {
        let mut sheet: Sheet = serde_wasm_bindgen::from_value(sheet)
            .map_err(|error| trouble("bad-recipe", &format!("the figure's content: {error}")))?;
        let pictures = pictures.iter().map(|picture| read(&picture));
        sheet.pictures = pictures.collect::<Option<_>>().ok_or_else(|| {
            trouble(
                "bad-image",
                &"a picture of the figure is not { width, height, rgba }",
            )
        })?;
        Ok(Self { sheet })
    }

    /// The figure as PNG, `double` or `single` column.
    pub fn png(&self, width: &str) -> Result<Vec<u8>, JsValue> {
        let written = width.parse::<Width>().and_then(|width| png(&self.sheet, width));
        written.map_err(|error| refused(&error))
    }

    /// The figure as SVG, `double` or `single` column.
    pub fn svg(&self, width: &str) -> Result<String, JsValue> {
        let written = width.parse::<Width>().and_then(|width| svg(&self.sheet, width));
        written.map_err(|error| refused(&error))
    }

    /// The film as an animated PNG.
    pub fn animation(&self) -> Result<Vec<u8>, JsValue> {
        animation(&self.sheet).map_err(|error| refused(&error))
    }
}

/// A picture for a canvas; `None` for anything else.
fn read(picture: &JsValue) -> Option<Rgba> {
    let of = |name: &str| Reflect::get(picture, &JsValue::from_str(name)).ok();
    Some(Rgba {
        width: of("width")?.as_f64()? as usize,
        height: of("height")?.as_f64()? as usize,
        pixels: of("rgba")?.dyn_into::<Uint8ClampedArray>().ok()?.to_vec(),
    })
}

fn refused(error: &PrintError) -> JsValue {
    trouble("bad-image", error)
}
