//! A bundle as it arrives: its manifest first, then its files, hashed while they stream.

use std::rc::Rc;

use cellflux_bundle::conditions::ConditionVectors;
use cellflux_bundle::evaluation::{Finding, Remark};
use cellflux_bundle::files::{self, VerifiedFile};
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::quick::{self, QuickReader};
use cellflux_bundle::sampling::Sampling;
use cellflux_bundle::{Bundle, BundleReader, Manifest};
use cellflux_image::composite::{Display, composite};
use cellflux_session::{Recipe, Start, link, start_image};
use js_sys::{Array, Float32Array, Object};
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::picture;
use crate::trouble::Trouble;

/// An evaluation in words, and the sampling for which they hold.
#[derive(Serialize)]
struct Evaluated<'a> {
    sampling: &'a Sampling,
    /// What the cells are that generated ones were compared with, in a word.
    cells: &'static str,
    findings: Vec<Finding>,
    remarks: Vec<Remark>,
}

/// A bundle of which at least the manifest is here.
#[wasm_bindgen]
pub struct Model {
    pub(crate) manifest: Manifest,
    reader: Option<BundleReader>,
    /// Shared by every walk of the model.
    pub(crate) vectors: Option<Rc<ConditionVectors>>,
    pub(crate) bundle: Option<Bundle>,
    /// The quick weights, while they come.
    quick: Option<QuickReader>,
    /// How the quick weights are stored, while they stand in for the bundle's own.
    pub(crate) quick_dtype: Option<WeightDtype>,
}

#[wasm_bindgen]
impl Model {
    /// Reads and checks a manifest; nothing as large as the weights is allocated yet.
    #[wasm_bindgen(constructor)]
    pub fn new(manifest: &[u8]) -> Result<Model, JsValue> {
        let reader = BundleReader::new(manifest).map_err(Trouble::from)?;
        let manifest = reader.manifest().clone();
        Ok(Self {
            quick: QuickReader::new(&manifest).map_err(Trouble::from)?,
            manifest,
            reader: Some(reader),
            vectors: None,
            bundle: None,
            quick_dtype: None,
        })
    }

    /// The manifest as a plain object.
    pub fn manifest(&self) -> Result<JsValue, JsValue> {
        plain(&self.manifest)
    }

    /// What was measured of the model beside real cells, as `{ sampling, cells, findings, remarks }`, where
    /// `cells` says `real` or, of cells that a program drew, `drawn`; nothing for a bundle without an
    /// evaluation.
    pub fn evaluated(&self) -> Result<JsValue, JsValue> {
        let Some(evaluation) = &self.manifest.evaluation else {
            return Ok(JsValue::UNDEFINED);
        };
        plain(&Evaluated {
            sampling: &evaluation.sampling,
            cells: evaluation.data.nature().word(),
            findings: evaluation.findings(&self.manifest.conditions),
            remarks: evaluation.remarks(&self.manifest.conditions),
        })
    }

    /// The compounds that training saw, as `{ ids, vectors }`: their ids, and their vectors one after the
    /// other. What a typed compound is compared with.
    pub fn trained(&self) -> Result<JsValue, JsValue> {
        let vectors = self.vectors.as_ref().ok_or_else(no_vectors)?;
        let ids = Array::new();
        let mut all: Vec<f32> = Vec::new();
        for (position, condition) in self.manifest.conditions.trained() {
            let Some(vector) = vectors.row(position) else {
                continue;
            };
            ids.push(&JsValue::from_str(&condition.id));
            all.extend(vector);
        }
        let object = Object::new();
        picture::set(&object, "ids", &ids);
        picture::set(&object, "vectors", &Float32Array::from(all.as_slice()));
        Ok(object.into())
    }

    /// The required files that have not come yet, as `{ path, bytes, sha256 }`.
    pub fn missing(&self) -> Result<JsValue, JsValue> {
        let missing: Vec<&str> = self.reader.iter().flat_map(BundleReader::missing).collect();
        let entries: Vec<_> = self
            .manifest
            .required_files()
            .into_iter()
            .filter(|entry| missing.contains(&entry.path.as_str()))
            .collect();
        plain(&entries)
    }

    /// The files of the quick weights that have not come yet, as [`Model::missing`]; none once they have
    /// come, or one of them was refused.
    pub fn quick_missing(&self) -> Result<JsValue, JsValue> {
        let missing: Vec<&str> = self.quick.iter().flat_map(QuickReader::missing).collect();
        let entries = self.manifest.quick_files().into_iter();
        plain(
            &entries
                .filter(|entry| missing.contains(&entry.path.as_str()))
                .collect::<Vec<_>>(),
        )
    }

    /// How the quick weights are stored that an engine made now would have; nothing where it would have the
    /// bundle's own.
    pub fn quick_dtype(&self) -> Option<String> {
        self.quick_dtype.map(|dtype| dtype.name().to_owned())
    }

    /// Whether a file was refused after it had come in full: its tensors are not the network's.
    pub fn spoilt(&self) -> bool {
        self.reader.is_none() && (self.bundle.is_none() || self.quick_dtype.is_some())
    }

    /// The bundle's file of a gallery example.
    pub fn example_file(&self, id: &str) -> Option<String> {
        self.manifest.gallery.get(id).map(|example| example.file.clone())
    }

    /// Starts to receive a file that the manifest lists.
    pub fn download(&self, path: &str) -> Result<Download, JsValue> {
        let entry = self.manifest.file(path).map_err(Trouble::from)?;
        Ok(Download {
            state: State::Running(files::Download::new(entry)),
        })
    }

    /// Takes over a required file, or one of the quick weights; after the last one of either the network can
    /// be opened, with the quick weights until the bundle's own have come. After a required file whose
    /// tensors are not the network's this model cannot be used: the page opens the bundle again.
    pub fn accept(&mut self, download: Download) -> Result<(), JsValue> {
        let file = download.into_file()?;
        if quick::is_shard(file.path()) {
            return Ok(self.accept_quick(&file)?);
        }
        let mut reader = self
            .reader
            .take()
            .ok_or_else(|| Trouble::new("bad-bundle", "the bundle is complete or was refused already"))?;
        reader.accept(&file).map_err(Trouble::from)?;
        if self.vectors.is_none() {
            self.vectors = reader.vectors().cloned().map(Rc::new);
        }
        if reader.missing().next().is_none() {
            // The quick weights first, so that both are in memory at no time.
            self.bundle = None;
            self.bundle = Some(reader.finish().map_err(Trouble::from)?);
            self.quick_dtype = None;
        } else {
            self.reader = Some(reader);
        }
        Ok(())
    }

    /// What a page shows before anything is chosen: a recipe as a plain object, or nothing for a bundle
    /// without sample controls.
    pub fn first_recipe(&self) -> Result<JsValue, JsValue> {
        match Recipe::first(&self.manifest) {
            Some(recipe) => plain(&recipe),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// The recipe that a link's hash describes, valid for this model.
    pub fn read_link(&self, hash: &str) -> Result<JsValue, JsValue> {
        plain(&link::read(hash, &self.manifest).map_err(|error| Trouble::of_session(&error))?)
    }

    /// The bundle's file that a recipe (JSON) starts from; nothing for an uploaded crop.
    pub fn start_file(&self, recipe: &str) -> Result<Option<String>, JsValue> {
        let recipe = Recipe::from_json(recipe.as_bytes()).map_err(|error| Trouble::of_session(&error))?;
        let path =
            start_image::file(&recipe.start, &self.manifest).map_err(|error| Trouble::of_session(&error))?;
        Ok(path.map(str::to_owned))
    }

    /// The coded bytes `[C, H, W]` of a gallery example's file.
    pub fn coded(&self, path: &str, content: &[u8]) -> Result<Vec<u8>, JsValue> {
        let spec = &self.manifest.image;
        let coded = start_image::decode(spec, path, content).map_err(|error| Trouble::of_session(&error))?;
        Ok(coded)
    }

    /// The picture of a gallery example's file, every channel in its own window: `{ width, height, rgba }`.
    pub fn thumbnail(&self, path: &str, content: &[u8]) -> Result<JsValue, JsValue> {
        let spec = &self.manifest.image;
        let image = self.example_values(path, content)?;
        let picture = composite(spec, &Display::of(spec), &image).map_err(Trouble::from)?;
        Ok(picture::to_js(&picture))
    }

    /// The image `[C, H, W]` of a gallery example's file, in model range: what is measured of a cell.
    pub fn example_values(&self, path: &str, content: &[u8]) -> Result<Vec<f32>, JsValue> {
        let coded = self.coded(path, content)?;
        let image = self.manifest.image.to_model_range(&coded);
        Ok(image.map_err(Trouble::from)?)
    }
}

impl Model {
    /// After a file whose tensors are not the network's there are no quick weights; the bundle's own come.
    fn accept_quick(&mut self, file: &VerifiedFile) -> Result<(), Trouble> {
        let vectors = self.vectors.as_ref().ok_or_else(no_vectors)?;
        let mut reader = self.quick.take().ok_or_else(|| {
            Trouble::new(
                "bad-bundle",
                "the quick weights have come or were refused already",
            )
        })?;
        reader.accept(file)?;
        if reader.missing().next().is_some() {
            self.quick = Some(reader);
        } else if self.bundle.is_none() {
            self.bundle = Some(reader.finish(&self.manifest, vectors)?);
            self.quick_dtype = self.manifest.quick_weights.map(|quick| quick.dtype);
        }
        Ok(())
    }

    /// The recommended recipe from an uploaded crop.
    pub(crate) fn first_recipe_from(&self, start: Start) -> Result<Recipe, Trouble> {
        let list = &self.manifest.conditions.list;
        let condition = list.iter().find(|condition| !condition.control).or(list.first());
        let condition = condition.ok_or_else(|| {
            Trouble::new("bad-bundle", "the bundle has no condition, expected at least one")
        })?;
        Ok(Recipe::new(&self.manifest, start, condition))
    }
}

/// A file of the bundle that is being downloaded.
#[wasm_bindgen]
pub struct Download {
    state: State,
}

enum State {
    Running(files::Download),
    Finished(VerifiedFile),
    Refused,
}

#[wasm_bindgen]
impl Download {
    /// Takes the next piece; refuses as soon as there are more bytes than the manifest says.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), JsValue> {
        match &mut self.state {
            State::Running(download) => download.push(piece).map_err(|error| Trouble::from(error).into()),
            State::Finished(_) | State::Refused => Err(not_running().into()),
        }
    }

    /// Checks length and digest.
    pub fn finish(&mut self) -> Result<(), JsValue> {
        let State::Running(download) = std::mem::replace(&mut self.state, State::Refused) else {
            return Err(not_running().into());
        };
        self.state = State::Finished(download.finish().map_err(Trouble::from)?);
        Ok(())
    }

    /// The finished file's content, for files that are not part of the network (pictures, drawings).
    pub fn content(self) -> Result<Vec<u8>, JsValue> {
        Ok(self.into_file()?.into_bytes())
    }
}

impl Download {
    fn into_file(self) -> Result<VerifiedFile, Trouble> {
        match self.state {
            State::Finished(file) => Ok(file),
            State::Running(_) | State::Refused => {
                Err(Trouble::new("bad-bundle", "the file has not come in full"))
            }
        }
    }
}

pub(crate) fn no_vectors() -> Trouble {
    Trouble::new("bad-bundle", "the condition vectors have not come yet")
}

fn not_running() -> Trouble {
    Trouble::new("bad-bundle", "the download of this file has ended already")
}

/// Plain objects and arrays, as `JSON.parse` would make them.
pub(crate) fn plain(value: &impl Serialize) -> Result<JsValue, JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|error| Trouble::from(error).into())
}
