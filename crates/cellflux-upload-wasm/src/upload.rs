//! How the visitor's own image becomes a control: planes, channels, meaning of the numbers, scale, crop.

use cellflux_image::assign::{self, Assignment, PlaneRef};
use cellflux_image::coding::Meaning;
use cellflux_image::composite::{Display, Rgba, composite};
use cellflux_image::crop::{self, Crop, MIN_CROP_SIDE};
use cellflux_image::picture::Plane;
use cellflux_image::reading::{Reading, Sort, sorts};
use cellflux_image::spec::Colour;
use cellflux_image::{ImageError, ImageSpec, Picture, decode_together, preview};
use cellflux_microscope::{PixelSize, PlaneColour};
use js_sys::{Array, Float32Array, Object, Reflect, Uint8Array, Uint8ClampedArray};
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::{set, trouble};

/// The longer side, in pixels, of the preview on which the visitor places the crop.
const PREVIEW_SIDE: usize = 900;

/// Decoded files, waiting for a person to say what they are.
#[wasm_bindgen]
pub struct Upload {
    spec: ImageSpec,
    pictures: Vec<Picture>,
    planes: Vec<PlaneRef>,
    sorts: Vec<Sort>,
}

/// What the page shows of an upload before anything is chosen.
#[derive(Serialize)]
struct Description {
    name: String,
    width: usize,
    height: usize,
    planes: Vec<PlaneWords>,
    /// For each channel the position of its plane in `planes`, or -1 where only a person can tell.
    assignment: Vec<i32>,
    /// For each channel whether its plane is a guess, which the visitor confirms before the crop can be
    /// used.
    guessed: Vec<bool>,
    /// For each channel whether the guess rests on the plane's colour.
    #[serde(rename = "byColour")]
    by_colour: Vec<bool>,
    crop: Crop,
    /// The crop's width and height for a side of 1.
    extent: [f64; 2],
    smallest: usize,
    /// For each sort of files the reading of its numbers that is suggested at first, one of its `readings`.
    reading: Vec<&'static str>,
    /// For each sort of files, which files belong to it and what their numbers could mean.
    sorts: Vec<Choice>,
    /// Micrometres per pixel, where the files state it.
    #[serde(rename = "pixelUm")]
    pixel_um: Option<f64>,
    /// What states it.
    #[serde(rename = "scaleFrom")]
    scale_from: Option<&'static str>,
    /// What the files say of themselves and is not taken, a sentence each.
    notes: Vec<String>,
}

#[derive(Serialize)]
struct PlaneWords {
    label: String,
    /// The colour in which the file says that the plane is shown.
    colour: Option<Colour>,
    /// What people call it.
    #[serde(rename = "colourName")]
    colour_name: Option<&'static str>,
}

/// Files whose numbers are read in one way.
#[derive(Serialize)]
struct Choice {
    files: String,
    readings: Vec<Labelled>,
}

/// What the numbers of a sort of files could mean.
#[derive(Serialize)]
struct Labelled {
    value: &'static str,
    label: String,
}

#[wasm_bindgen]
impl Upload {
    /// Decodes `[{ name, bytes: ArrayBuffer }]` for a model whose manifest has this `image` section (JSON).
    #[wasm_bindgen(constructor)]
    pub fn new(image: &str, files: &Array) -> Result<Upload, JsValue> {
        let spec: ImageSpec = serde_json::from_str(image).map_err(|error| trouble("bad-bundle", &error))?;
        let mut contents = Vec::new();
        for file in files.iter() {
            contents.push(NamedFile::of(&file)?);
        }
        // Files are copied one at a time, and each copy is freed before the next.
        let contents = contents
            .into_iter()
            .map(|NamedFile { name, bytes }| (name, bytes.to_vec()));
        let pictures = decode_together(contents).map_err(refused)?;
        let pictures = assign::merge_grey(pictures, &spec);
        let planes = pictures
            .iter()
            .enumerate()
            .flat_map(|(at, picture)| {
                (0..picture.planes.len()).map(move |plane| PlaneRef { picture: at, plane })
            })
            .collect();
        let upload = Self {
            sorts: sorts(&pictures, &spec),
            spec,
            pictures,
            planes,
        };
        // Too few planes are refused now, not after the visitor has placed the crop.
        assign::suggest(&upload.pictures, &upload.spec).map_err(refused)?;
        Ok(upload)
    }

    /// Size, planes, suggested assignment, centred crop and what the numbers could mean.
    pub fn describe(&self) -> Result<JsValue, JsValue> {
        let suggestion = assign::suggest_with_colours(&self.pictures, &self.spec).map_err(refused)?;
        let (width, height) = self.size();
        let longer = self.spec.width.max(self.spec.height).max(1) as f64;
        let (pixel, notes) = self.scale();
        let description = Description {
            name: together(self.pictures.iter()),
            width,
            height,
            planes: self.planes.iter().map(|&place| self.label_of(place)).collect(),
            assignment: suggestion
                .planes
                .iter()
                .map(|place| self.position(*place))
                .collect(),
            guessed: suggestion.guessed,
            by_colour: suggestion.by_colour,
            crop: Crop::centred(width, height, &self.spec),
            extent: [self.spec.width as f64 / longer, self.spec.height as f64 / longer],
            smallest: MIN_CROP_SIDE,
            reading: self.sorts.iter().map(|sort| sort.suggested().name()).collect(),
            sorts: self.sorts.iter().map(|sort| self.choice(sort)).collect(),
            pixel_um: pixel.map(PixelSize::um),
            scale_from: pixel.map(|pixel| pixel.source().name()),
            notes,
        };
        description
            .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
            .map_err(|error| trouble("bad-image", &error))
    }

    /// A plane in grey, with sides of at most `side` pixels: `{ width, height, rgba }`; nothing where there
    /// is no such plane.
    pub fn plane(&self, at: usize, side: usize) -> JsValue {
        self.plane_at(at)
            .map_or(JsValue::NULL, |plane| to_js(&preview::plane(plane, side).picture))
    }

    /// The numbers of a plane, as the file stores them, reduced to at most `most` pixels:
    /// `{ width, height, reduction, values }`; nothing where there is no such plane.
    pub fn reduced(&self, at: usize, most: usize) -> JsValue {
        let Some(plane) = self.plane_at(at) else {
            return JsValue::NULL;
        };
        let reduced = preview::reduced(plane, most);
        let object = Object::new();
        for (name, number) in [
            ("width", reduced.width),
            ("height", reduced.height),
            ("reduction", reduced.reduction),
        ] {
            set(&object, name, &JsValue::from_f64(number as f64));
        }
        set(&object, "values", &Float32Array::from(reduced.values.as_slice()));
        object.into()
    }

    /// A reduced picture to place the crop on: the assigned planes in their colours, or the first plane in
    /// grey while a channel has none.
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
        Ok(shown.map_or(JsValue::NULL, |preview| to_js(&preview.picture)))
    }

    /// Cuts the crop: `{ picture, dark, bright, coded }`. `reading` names one reading for each sort of files;
    /// `dark` and `bright` are the shares of the crop's pixels that are cut off at either end. The bytes
    /// `coded`, `[C, H, W]`, are what `Walk::use_crop` of the explorer's module takes.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "wasm-bindgen passes lists of texts by value only"
    )]
    pub fn cut(
        &self,
        assignment: &[i32],
        x: f64,
        y: f64,
        side: f64,
        reading: Vec<String>,
    ) -> Result<JsValue, JsValue> {
        let assignment = self.assignment(assignment)?;
        // `as` saturates, and a crop beyond the picture is refused with both sizes named.
        let crop = Crop {
            x: x as usize,
            y: y as usize,
            side: side as usize,
        };
        let meanings = self.meanings(&reading);
        let coded =
            crop::cut_each(&self.spec, &self.pictures, &assignment, crop, &meanings).map_err(refused)?;
        let composed = self.composite(&coded.bytes)?;
        let object = Object::new();
        set(&object, "picture", &to_js(&composed));
        set(&object, "dark", &JsValue::from_f64(coded.clipped.dark));
        set(&object, "bright", &JsValue::from_f64(coded.clipped.bright));
        set(&object, "coded", &Uint8Array::from(coded.bytes.as_slice()));
        Ok(object.into())
    }
}

impl Upload {
    fn plane_at(&self, at: usize) -> Option<&Plane> {
        self.plane_of(*self.planes.get(at)?)
    }

    fn plane_of(&self, place: PlaneRef) -> Option<&Plane> {
        self.pictures.get(place.picture)?.planes.get(place.plane)
    }

    fn label_of(&self, place: PlaneRef) -> PlaneWords {
        let colour = self.plane_of(place).and_then(|plane| plane.colour);
        PlaneWords {
            label: assign::label(&self.pictures, place),
            colour: colour
                .map(PlaneColour::rgb)
                .map(|[red, green, blue]| Colour { red, green, blue }),
            colour_name: colour.map(PlaneColour::name),
        }
    }

    fn size(&self) -> (usize, usize) {
        self.pictures
            .first()
            .map_or((0, 0), |picture| (picture.width(), picture.height()))
    }

    /// The size of a pixel, where all files that state one state the same, and what is not taken of what they
    /// say, once for all files of which it is true.
    fn scale(&self) -> (Option<PixelSize>, Vec<String>) {
        let mut untaken: Vec<(String, Vec<&Picture>)> = Vec::new();
        for picture in &self.pictures {
            for sentence in picture.scale.untaken.iter().map(ToString::to_string) {
                match untaken.iter_mut().find(|(said, _)| *said == sentence) {
                    Some((_, files)) => files.push(picture),
                    None => untaken.push((sentence, vec![picture])),
                }
            }
        }
        let mut notes: Vec<String> = untaken
            .into_iter()
            .map(|(sentence, files)| format!("{}: {sentence}.", together(files.into_iter())))
            .collect();
        let stated = self.pictures.iter().filter_map(|picture| picture.scale.pixel);
        let pixel = PixelSize::shared(stated).unwrap_or_else(|differ| {
            notes.push(format!("The files have {differ}."));
            None
        });
        (pixel, notes)
    }

    fn position(&self, place: Option<PlaneRef>) -> i32 {
        place
            .and_then(|place| self.planes.iter().position(|&each| each == place))
            .map_or(-1, |at| at as i32)
    }

    /// The chosen planes; a channel without one is named.
    fn assignment(&self, chosen: &[i32]) -> Result<Assignment, JsValue> {
        let mut planes = Vec::with_capacity(chosen.len());
        for (index, &at) in chosen.iter().enumerate() {
            let place = usize::try_from(at).ok().and_then(|at| self.planes.get(at));
            planes.push(*place.ok_or_else(|| {
                let channel = self
                    .spec
                    .channels
                    .get(index)
                    .map_or("", |channel| channel.name.as_str());
                let problem = format!("channel {channel} has no plane yet, expected one of the image's");
                trouble("bad-image", &problem)
            })?);
        }
        Assignment::new(planes, &self.pictures, &self.spec).map_err(refused)
    }

    fn composite(&self, coded: &[u8]) -> Result<Rgba, JsValue> {
        let image = self.spec.to_model_range(coded).map_err(refused)?;
        composite(&self.spec, &Display::of(&self.spec), &image).map_err(refused)
    }

    /// What each file's numbers mean: the reading that was chosen for its sort, or the suggested one.
    fn meanings(&self, chosen: &[String]) -> Vec<Meaning> {
        let mut meanings: Vec<Meaning> = self
            .pictures
            .iter()
            .map(|picture| Meaning::of_depth(picture.depth))
            .collect();
        for (number, sort) in self.sorts.iter().enumerate() {
            let name = chosen.get(number).map_or("", String::as_str);
            let meaning = sort.meaning(sort.reading(name).unwrap_or(sort.suggested()));
            for &file in sort.files() {
                if let Some(place) = meanings.get_mut(file) {
                    *place = meaning;
                }
            }
        }
        meanings
    }

    fn choice(&self, sort: &Sort) -> Choice {
        Choice {
            files: together(sort.files().iter().filter_map(|&file| self.pictures.get(file))),
            readings: sort
                .readings()
                .iter()
                .map(|&reading| Labelled {
                    value: reading.name(),
                    label: self.label(reading),
                })
                .collect(),
        }
    }

    fn label(&self, reading: Reading) -> String {
        let coding = &self.spec.coding;
        match reading {
            Reading::Coded => "the model’s own coded bytes".to_owned(),
            Reading::Raw if (coding.raw_divisor - 1.0).abs() < f64::EPSILON => {
                format!("raw, {} is full scale", coding.full_scale)
            }
            Reading::Raw => format!(
                "raw, divided by {}; {} is full scale",
                coding.raw_divisor, coding.full_scale
            ),
            Reading::Linear8 => "linear, 255 is full scale".to_owned(),
            Reading::Linear16 => "linear, 65535 is full scale".to_owned(),
            Reading::Unit => "linear, 1 is full scale".to_owned(),
            Reading::Range => "linear, darkest to brightest".to_owned(),
            Reading::Model => "the network’s own range".to_owned(),
        }
    }
}

/// Several files in a few words.
fn together<'a>(mut pictures: impl Iterator<Item = &'a Picture>) -> String {
    let Some(first) = pictures.next() else {
        return String::new();
    };
    match pictures.count() {
        0 => first.name.clone(),
        more => format!("{} and {more} more", first.name),
    }
}

/// A file as the page hands it over.
struct NamedFile {
    name: String,
    bytes: Uint8Array,
}

impl NamedFile {
    fn of(file: &JsValue) -> Result<Self, JsValue> {
        let wrong = || {
            trouble(
                "bad-image",
                &"a file without a name or bytes, expected { name, bytes }",
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
        Ok(Self { name, bytes })
    }
}

#[allow(clippy::needless_pass_by_value, reason = "`map_err` passes it so")]
fn refused(error: ImageError) -> JsValue {
    trouble("bad-image", &error)
}

/// A picture for a canvas, `{ width, height, rgba: Uint8ClampedArray }`, whose buffer can be transferred.
fn to_js(picture: &Rgba) -> JsValue {
    let object = Object::new();
    set(&object, "width", &JsValue::from_f64(picture.width as f64));
    set(&object, "height", &JsValue::from_f64(picture.height as f64));
    let rgba = Uint8ClampedArray::from(picture.pixels.as_slice());
    set(&object, "rgba", &rgba.into());
    object.into()
}
