//! How the visitor's own image becomes a control: planes, channels, meaning of the numbers, scale, crop.

use cellflux_image::assign::{self, Assignment, PlaneRef};
use cellflux_image::coding::Meaning;
use cellflux_image::composite::{Display, Rgba, composite};
use cellflux_image::crop::{self, Crop, MIN_CROP_SIDE};
use cellflux_image::picture::Plane;
use cellflux_image::reading::{Reading, Sort, sorts};
use cellflux_image::spec::Colour;
use cellflux_image::{ImageSpec, Picture, decode_together, preview};
use cellflux_microscope::{PixelSize, PlaneColour};
use js_sys::{Array, Float32Array, Object, Reflect, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::model::{Model, plain};
use crate::picture;
use crate::trouble::Trouble;

/// The longer side, in pixels, of the preview on which the visitor places the crop.
const PREVIEW_SIDE: usize = 900;

/// Decoded files, waiting for a person to say what they are.
#[wasm_bindgen]
pub struct Upload {
    spec: ImageSpec,
    pictures: Vec<Picture>,
    planes: Vec<PlaneRef>,
    sorts: Vec<Sort>,
    /// The crop that was cut last: the model's coded bytes `[C, H, W]`.
    coded: Option<Vec<u8>>,
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
struct Label {
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
    /// Decodes `[{ name, bytes: ArrayBuffer }]` for a model.
    #[wasm_bindgen(constructor)]
    pub fn new(model: &Model, files: &Array) -> Result<Upload, JsValue> {
        let mut contents = Vec::new();
        for file in files.iter() {
            contents.push(NamedFile::of(&file)?);
        }
        // Files are copied one at a time, and each copy is freed before the next.
        let contents = contents
            .into_iter()
            .map(|NamedFile { name, bytes }| (name, bytes.to_vec()));
        let pictures = decode_together(contents).map_err(Trouble::from)?;
        let pictures = assign::merge_grey(pictures, &model.manifest.image);
        let planes = pictures
            .iter()
            .enumerate()
            .flat_map(|(at, picture)| {
                (0..picture.planes.len()).map(move |plane| PlaneRef { picture: at, plane })
            })
            .collect();
        let spec = model.manifest.image.clone();
        let upload = Self {
            sorts: sorts(&pictures, &spec),
            spec,
            pictures,
            planes,
            coded: None,
        };
        // Too few planes are refused now, not after the visitor has placed the crop.
        assign::suggest(&upload.pictures, &upload.spec).map_err(Trouble::from)?;
        Ok(upload)
    }

    /// Size, planes, suggested assignment, centred crop and what the numbers could mean.
    pub fn describe(&self) -> Result<JsValue, JsValue> {
        let suggestion = assign::suggest_with_colours(&self.pictures, &self.spec).map_err(Trouble::from)?;
        let (width, height) = self.size();
        let longer = self.spec.width.max(self.spec.height).max(1) as f64;
        let (pixel, notes) = self.scale();
        plain(&Description {
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
        })
    }

    /// A plane in grey, with sides of at most `side` pixels: `{ width, height, rgba }`; nothing where there
    /// is no such plane.
    pub fn plane(&self, at: usize, side: usize) -> JsValue {
        self.plane_at(at).map_or(JsValue::NULL, |plane| {
            picture::to_js(&preview::plane(plane, side).picture)
        })
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
            picture::set(&object, name, &JsValue::from_f64(number as f64));
        }
        picture::set(&object, "values", &Float32Array::from(reduced.values.as_slice()));
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
        Ok(shown.map_or(JsValue::NULL, |preview| picture::to_js(&preview.picture)))
    }

    /// Cuts the crop, which `Walk::use_upload` takes from here: `{ picture, dark, bright, coded }`. `reading`
    /// names one reading for each sort of files; `dark` and `bright` are the shares of the crop's pixels that
    /// are cut off at either end; `coded` are its bytes `[C, H, W]`.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "wasm-bindgen passes lists of texts by value only"
    )]
    pub fn cut(
        &mut self,
        assignment: &[i32],
        x: f64,
        y: f64,
        side: f64,
        reading: Vec<String>,
    ) -> Result<JsValue, JsValue> {
        // After a refusal no earlier crop is left.
        self.coded = None;
        let assignment = self.assignment(assignment)?;
        // `as` saturates, and a crop beyond the picture is refused with both sizes named.
        let crop = Crop {
            x: x as usize,
            y: y as usize,
            side: side as usize,
        };
        let meanings = self.meanings(&reading);
        let coded = crop::cut_each(&self.spec, &self.pictures, &assignment, crop, &meanings)
            .map_err(Trouble::from)?;
        let shown = self.composite(&coded.bytes)?;
        let object = Object::new();
        picture::set(&object, "picture", &picture::to_js(&shown));
        picture::set(&object, "dark", &JsValue::from_f64(coded.clipped.dark));
        picture::set(&object, "bright", &JsValue::from_f64(coded.clipped.bright));
        picture::set(&object, "coded", &Uint8Array::from(coded.bytes.as_slice()));
        self.coded = Some(coded.bytes);
        Ok(object.into())
    }
}

impl Upload {
    /// The crop that was cut last, coded bytes `[C, H, W]`.
    pub(crate) fn coded(&self) -> Result<&[u8], Trouble> {
        self.coded.as_deref().ok_or_else(|| {
            Trouble::new(
                "bad-image",
                "no crop has been cut yet, expected one of the upload",
            )
        })
    }

    fn plane_at(&self, at: usize) -> Option<&Plane> {
        self.plane_of(*self.planes.get(at)?)
    }

    fn plane_of(&self, place: PlaneRef) -> Option<&Plane> {
        self.pictures.get(place.picture)?.planes.get(place.plane)
    }

    fn label_of(&self, place: PlaneRef) -> Label {
        let colour = self.plane_of(place).and_then(|plane| plane.colour);
        Label {
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
    fn of(file: &JsValue) -> Result<Self, Trouble> {
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
        Ok(Self { name, bytes })
    }
}
