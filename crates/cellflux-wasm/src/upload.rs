//! The visitor's own image on its way to a control: planes, channels, meaning of the numbers, crop.

use cellflux_image::assign::{self, Assignment, PlaneRef};
use cellflux_image::coding::Meaning;
use cellflux_image::composite::{Display, Rgba, composite};
use cellflux_image::crop::{self, Crop, MIN_CROP_SIDE};
use cellflux_image::picture::Depth;
use cellflux_image::{ImageSpec, Picture, decode, preview};
use js_sys::{Array, Object, Reflect, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::model::{Model, plain};
use crate::picture;
use crate::trouble::Trouble;

/// The longer side of the preview that the visitor places the crop on, in pixels.
const PREVIEW_SIDE: usize = 900;

/// Decoded files, waiting for a person to say what they are.
#[wasm_bindgen]
pub struct Upload {
    spec: ImageSpec,
    pictures: Vec<Picture>,
    planes: Vec<PlaneRef>,
}

/// What the page shows of an upload before anything is chosen.
#[derive(Serialize)]
struct Description {
    name: String,
    width: usize,
    height: usize,
    planes: Vec<Label>,
    /// For each channel the position of its plane in `planes`, or -1 where only a person can tell.
    assignment: Vec<i32>,
    crop: Crop,
    /// The crop's width and height for a side of 1.
    extent: [f64; 2],
    smallest: usize,
    reading: &'static str,
    readings: Vec<Reading>,
}

#[derive(Serialize)]
struct Label {
    label: String,
}

/// A choice of what the numbers mean.
#[derive(Serialize)]
struct Reading {
    value: &'static str,
    label: String,
}

#[wasm_bindgen]
impl Upload {
    /// Decodes `[{ name, bytes: ArrayBuffer }]` for a model.
    #[wasm_bindgen(constructor)]
    pub fn new(model: &Model, files: &Array) -> Result<Upload, JsValue> {
        let mut pictures = Vec::new();
        for file in files.iter() {
            let (name, bytes) = named_bytes(&file)?;
            pictures.push(decode(&name, &bytes).map_err(Trouble::from)?);
        }
        let planes = pictures
            .iter()
            .enumerate()
            .flat_map(|(at, picture)| {
                (0..picture.planes.len()).map(move |plane| PlaneRef { picture: at, plane })
            })
            .collect();
        let upload = Self {
            spec: model.manifest.image.clone(),
            pictures,
            planes,
        };
        // Too few planes are refused now, not after the visitor has placed the crop.
        assign::suggest(&upload.pictures, &upload.spec).map_err(Trouble::from)?;
        Ok(upload)
    }

    /// Size, planes, suggested assignment, centred crop and what the numbers could mean.
    pub fn describe(&self) -> Result<JsValue, JsValue> {
        let suggestion = assign::suggest(&self.pictures, &self.spec).map_err(Trouble::from)?;
        let (width, height) = self.size();
        let longer = self.spec.width.max(self.spec.height).max(1) as f64;
        let readings = self.readings();
        plain(&Description {
            name: match self.pictures.as_slice() {
                [only] => only.name.clone(),
                [first, rest @ ..] => format!("{} and {} more", first.name, rest.len()),
                [] => String::new(),
            },
            width,
            height,
            planes: self
                .planes
                .iter()
                .map(|&place| Label {
                    label: assign::label(&self.pictures, place),
                })
                .collect(),
            assignment: suggestion
                .planes
                .iter()
                .map(|place| self.position(*place))
                .collect(),
            crop: Crop::centred(width, height, &self.spec),
            extent: [self.spec.width as f64 / longer, self.spec.height as f64 / longer],
            smallest: MIN_CROP_SIDE,
            reading: self.default_reading(),
            readings,
        })
    }

    /// A reduced picture to place the crop on: the assigned planes in their colours, or the first plane in grey while a
    /// channel has none.
    pub fn preview(&self, assignment: &[i32]) -> Result<JsValue, JsValue> {
        let shown = if assignment.contains(&-1) {
            let first = self.pictures.first().and_then(|picture| picture.planes.first());
            first.map(|plane| preview::plane(plane, PREVIEW_SIDE))
        } else {
            let assignment = self.assignment(assignment)?;
            Some(preview::assignment(
                &self.spec,
                &self.pictures,
                &assignment,
                PREVIEW_SIDE,
            ))
        };
        Ok(shown.map_or(JsValue::NULL, |preview| picture::to_js(&preview.picture)))
    }

    /// Cuts the crop: `{ coded: Uint8Array [C, H, W], picture, clipped }`.
    pub fn cut(
        &self,
        assignment: &[i32],
        x: f64,
        y: f64,
        side: f64,
        reading: &str,
    ) -> Result<JsValue, JsValue> {
        let assignment = self.assignment(assignment)?;
        // `as` saturates, and a crop beyond the picture is refused with both sizes named.
        let crop = Crop {
            x: x as usize,
            y: y as usize,
            side: side as usize,
        };
        let meaning = self.meaning(reading);
        let coded =
            crop::cut(&self.spec, &self.pictures, &assignment, crop, meaning).map_err(Trouble::from)?;
        let shown = self.composite(&coded.bytes)?;
        let object = Object::new();
        picture::set(&object, "coded", &Uint8Array::from(coded.bytes.as_slice()).into());
        picture::set(&object, "picture", &picture::to_js(&shown));
        picture::set(&object, "clipped", &JsValue::from_f64(coded.clipped));
        Ok(object.into())
    }
}

impl Upload {
    fn size(&self) -> (usize, usize) {
        self.pictures
            .first()
            .map_or((0, 0), |picture| (picture.width(), picture.height()))
    }

    fn position(&self, place: Option<PlaneRef>) -> i32 {
        place
            .and_then(|place| self.planes.iter().position(|&each| each == place))
            .map_or(-1, |at| at as i32)
    }

    /// The chosen planes; a channel without one is named.
    fn assignment(&self, chosen: &[i32]) -> Result<Assignment, Trouble> {
        let mut planes = Vec::with_capacity(chosen.len());
        for (index, &at) in chosen.iter().enumerate() {
            let place = usize::try_from(at).ok().and_then(|at| self.planes.get(at));
            planes.push(*place.ok_or_else(|| {
                let channel = self
                    .spec
                    .channels
                    .get(index)
                    .map_or("", |channel| channel.name.as_str());
                Trouble::new(
                    "bad-image",
                    format!("channel {channel} has no plane yet, expected one of the image's"),
                )
            })?);
        }
        Ok(Assignment::new(planes, &self.pictures, &self.spec)?)
    }

    fn composite(&self, coded: &[u8]) -> Result<Rgba, Trouble> {
        let image = self.spec.to_model_range(coded)?;
        Ok(composite(&self.spec, &Display::of(&self.spec), &image)?)
    }

    /// The deepest of the files: an 8-bit mask beside 16-bit channels does not make those coded bytes.
    fn depth(&self) -> Depth {
        let deep = |depth| self.pictures.iter().any(|picture| picture.depth == depth);
        if deep(Depth::Float) {
            Depth::Float
        } else if deep(Depth::Sixteen) {
            Depth::Sixteen
        } else {
            Depth::Eight
        }
    }

    fn default_reading(&self) -> &'static str {
        match self.depth() {
            Depth::Eight => "coded",
            Depth::Sixteen => "raw",
            Depth::Float => "unit",
        }
    }

    /// What the numbers could mean, the default first; only what these files' numbers allow.
    fn readings(&self) -> Vec<Reading> {
        let coding = &self.spec.coding;
        let names: [&'static str; 6] = match self.depth() {
            Depth::Eight => ["coded", "linear-8", "raw", "range", "unit", "model"],
            Depth::Sixteen => ["raw", "linear-16", "range", "coded", "unit", "model"],
            Depth::Float => ["unit", "range", "model", "raw", "linear-16", "coded"],
        };
        let label = |name| match name {
            "coded" => "the model’s own coded bytes".to_owned(),
            "raw" if (coding.raw_divisor - 1.0).abs() < f64::EPSILON => {
                format!("raw, {} is full scale", coding.full_scale)
            }
            "raw" => format!(
                "raw, divided by {}; {} is full scale",
                coding.raw_divisor, coding.full_scale
            ),
            "linear-8" => "linear, 255 is full scale".to_owned(),
            "linear-16" => "linear, 65535 is full scale".to_owned(),
            "unit" => "linear, 1 is full scale".to_owned(),
            "range" => "linear, this image’s darkest to brightest".to_owned(),
            _ => "the network’s own range".to_owned(),
        };
        let fits = |name: &str| {
            self.meaning(name).is_some_and(|meaning| {
                self.pictures
                    .iter()
                    .all(|picture| meaning.check(picture, &self.spec).is_ok())
            })
        };
        names
            .into_iter()
            .filter(|name| *name == self.default_reading() || fits(name))
            .map(|value| Reading {
                value,
                label: label(value),
            })
            .collect()
    }

    fn meaning(&self, reading: &str) -> Option<Meaning> {
        let linear = |black, white| Some(Meaning::Linear { black, white });
        match reading {
            "coded" => Some(Meaning::Coded),
            "raw" => Some(Meaning::Raw),
            "model" => Some(Meaning::Model),
            "linear-8" => linear(0.0, 255.0),
            "linear-16" => linear(0.0, 65535.0),
            "unit" => linear(0.0, 1.0),
            "range" => {
                let low = self
                    .pictures
                    .iter()
                    .map(|picture| picture.min)
                    .fold(f32::INFINITY, f32::min);
                let high = self
                    .pictures
                    .iter()
                    .map(|picture| picture.max)
                    .fold(f32::NEG_INFINITY, f32::max);
                // A flat image has no range of its own; it is then read as its depth says.
                if low < high {
                    linear(f64::from(low), f64::from(high))
                } else {
                    None
                }
            }
            _ => None,
        }
    }
}

fn named_bytes(file: &JsValue) -> Result<(String, Vec<u8>), Trouble> {
    let wrong = || {
        Trouble::new(
            "bad-image",
            "a file without a name or bytes, expected { name, bytes }",
        )
    };
    let get = |name: &str| Reflect::get(file, &JsValue::from_str(name)).map_err(|_| wrong());
    let name = get("name")?.as_string().ok_or_else(wrong)?;
    let bytes = get("bytes")?;
    let bytes = if bytes.is_instance_of::<js_sys::ArrayBuffer>() {
        Uint8Array::new(&bytes)
    } else {
        bytes.dyn_into::<Uint8Array>().map_err(|_| wrong())?
    };
    Ok((name, bytes.to_vec()))
}
