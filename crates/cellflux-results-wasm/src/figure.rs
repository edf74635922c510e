//! Figures and films of a walk, drawn of what the explorer's module hands over (`Walk::figure_content` and
//! `Walk::figure_about` in `cellflux-wasm`), and tables and charts, of what the page shows.

use cellflux_image::composite::Rgba;
use cellflux_print::{Charts, Content, PrintError, Sheet, Table, Width, animation, png, svg};
use js_sys::{Array, Reflect, Uint8ClampedArray};
use serde::de::DeserializeOwned;
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
        let mut sheet: Sheet = content(sheet)?;
        sheet.pictures = read_all(pictures)?;
        Ok(Self { sheet })
    }

    /// The figure as PNG, `double` or `single` column.
    pub fn png(&self, width: &str) -> Result<Vec<u8>, JsValue> {
        png_of(&self.sheet, width)
    }

    /// The figure as SVG, `double` or `single` column.
    pub fn svg(&self, width: &str) -> Result<String, JsValue> {
        svg_of(&self.sheet, width)
    }

    /// The film as an animated PNG.
    pub fn animation(&self) -> Result<Vec<u8>, JsValue> {
        animation(&self.sheet).map_err(|error| refused(&error))
    }
}

/// A table of walks.
#[wasm_bindgen]
pub struct TableFigure {
    table: Table,
}

#[wasm_bindgen]
impl TableFigure {
    /// Takes a table as a plain object, and its pictures, `{ width, height, rgba }` each.
    #[wasm_bindgen(constructor)]
    pub fn new(table: JsValue, pictures: &Array) -> Result<TableFigure, JsValue> {
        let mut table: Table = content(table)?;
        table.pictures = read_all(pictures)?;
        Ok(Self { table })
    }

    /// The table as PNG, `double` or `single` column.
    pub fn png(&self, width: &str) -> Result<Vec<u8>, JsValue> {
        png_of(&self.table, width)
    }

    /// The table as SVG, `double` or `single` column.
    pub fn svg(&self, width: &str) -> Result<String, JsValue> {
        svg_of(&self.table, width)
    }
}

/// Charts of what walks measure.
#[wasm_bindgen]
pub struct ChartFigure {
    charts: Charts,
}

#[wasm_bindgen]
impl ChartFigure {
    /// Takes charts as a plain object.
    #[wasm_bindgen(constructor)]
    pub fn new(charts: JsValue) -> Result<ChartFigure, JsValue> {
        Ok(Self {
            charts: content(charts)?,
        })
    }

    /// The charts as PNG, `double` or `single` column.
    pub fn png(&self, width: &str) -> Result<Vec<u8>, JsValue> {
        png_of(&self.charts, width)
    }

    /// The charts as SVG, `double` or `single` column.
    pub fn svg(&self, width: &str) -> Result<String, JsValue> {
        svg_of(&self.charts, width)
    }
}

fn png_of(content: &impl Content, width: &str) -> Result<Vec<u8>, JsValue> {
    let written = width.parse::<Width>().and_then(|width| png(content, width));
    written.map_err(|error| refused(&error))
}

fn svg_of(content: &impl Content, width: &str) -> Result<String, JsValue> {
    let written = width.parse::<Width>().and_then(|width| svg(content, width));
    written.map_err(|error| refused(&error))
}

/// A figure's content of a plain object.
fn content<T: DeserializeOwned>(object: JsValue) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(object)
        .map_err(|error| trouble("bad-recipe", &format!("the figure's content: {error}")))
}

fn read_all(pictures: &Array) -> Result<Vec<Rgba>, JsValue> {
    let pictures = pictures.iter().map(|picture| read(&picture));
    pictures.collect::<Option<_>>().ok_or_else(|| {
        trouble(
            "bad-image",
            &"a picture of the figure is not { width, height, rgba }",
        )
    })
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
