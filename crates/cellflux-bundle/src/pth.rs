//! Checkpoints of the public trainer: a `.pth` file, which is a zip of a pickle and raw numbers.
//!
//! `model` in it is either a plain state dict or an EMA wrapper: `model.*` as trained, `shadow_params.N` averaged, in
//! the order of [`Topology::parameters`]. The paper samples with the averaged weights. Nothing of the
//! pickle is executed (it names code; see `pickle.rs`), optimiser state and arguments are passed over,
//! and only the records of the tensors that are wanted are read.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

use zip::{CompressionMethod, ZipArchive, result::ZipError};

use crate::{
    check::shown,
    config::UNetConfig,
    error::BundleError,
    limits,
    pickle::{self, Id, Pickle, TensorView, Value},
    state_dict::{StateDict, Tensor, Values, compare},
    topology::{Parameter, Topology},
};

/// Which weights of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// The exponential moving average, which the paper samples with.
    Averaged,
    /// The weights as the optimiser left them.
    Trained,
}

/// Weights out of a checkpoint.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The weights, f32, checked against the network.
    pub weights: StateDict,
    /// Which ones they are.
    pub kind: Weights,
    /// The epoch the checkpoint was saved after, where it says.
    pub epoch: Option<i64>,
}

/// Reads the weights of the network that `config` describes: the averaged ones when the checkpoint holds them and
/// `wanted` is [`Weights::Averaged`], otherwise the trained ones ([`Imported::kind`] says which).
///
/// # Errors
/// [`BundleError::Checkpoint`] for a file of another kind, a damaged one, or numbers outside their record;
/// [`BundleError::Global`] for a pickle that names code; and as [`StateDict::check`] when the tensors are not
/// this network's.
pub fn read<R: Read + Seek>(file: R, config: &UNetConfig, wanted: Weights) -> Result<Imported, BundleError> {
    config.validate()?;
    let parameters = Topology::new(config).parameters(config);
    let mut archive = Archive::open(file)?;
    let pickle = Pickle::parse(&archive.record("data.pkl", pickle::MAX_BYTES)?)?;
    let top = pickle
        .entries(pickle.root())
        .ok_or_else(|| wrong("its pickle is no dictionary, expected one with `model`"))?;
    let epoch = top
        .iter()
        .find(|(key, _)| *key == "epoch")
        .and_then(|(_, id)| match pickle.get(*id) {
            Some(Value::Int(epoch)) => Some(*epoch),
            _ => None,
        });
    let model = match top.iter().find(|(key, _)| *key == "model") {
        Some((_, id)) => pickle
            .entries(*id)
            .ok_or_else(|| wrong("its `model` is no dictionary of tensors"))?,
        // A state dict that was saved by itself.
        None => top,
    };
    let tensors = Tensors::sort(&pickle, model)?;
    let (views, kind) = tensors.choose(&parameters, wanted)?;
    check_shapes(&parameters, &views)?;
    let mut weights = BTreeMap::new();
    for parameter in &parameters {
        if let Some(view) = views.get(parameter.name.as_str()) {
            let tensor = archive.tensor(&parameter.name, view)?;
            weights.insert(parameter.name.clone(), tensor);
        }
    }
    Ok(Imported {
        weights: StateDict::from_tensors(weights, config)?,
        kind,
        epoch,
    })
}

/// The tensors of a checkpoint's model, by kind.
#[derive(Default)]
struct Tensors<'a> {
    trained: BTreeMap<&'a str, &'a TensorView>,
    averaged: BTreeMap<usize, &'a TensorView>,
}

impl<'a> Tensors<'a> {
    fn sort(pickle: &'a Pickle, model: Vec<(&'a str, Id)>) -> Result<Self, BundleError> {
        let wrapped = model.iter().any(|(name, _)| name.starts_with("shadow_params."));
        let mut tensors = Self::default();
        for (name, id) in model {
            if wrapped && name == "num_updates" {
                continue;
            }
            let Some(Value::Tensor(view)) = pickle.get(id) else {
                return Err(wrong(&format!("{} is no tensor", shown(name))));
            };
            let twice = if let Some(number) = name.strip_prefix("shadow_params.") {
                let number = number
                    .parse::<usize>()
                    .ok()
                    .filter(|parsed| parsed.to_string() == number)
                    .ok_or_else(|| wrong(&format!("{} has no number", shown(name))))?;
                tensors.averaged.insert(number, view).is_some()
            } else {
                let plain = if wrapped {
                    name.strip_prefix("model.")
                } else {
                    None
                };
                tensors.trained.insert(plain.unwrap_or(name), view).is_some()
            };
            if twice {
                return Err(BundleError::DuplicateTensor { tensor: shown(name) });
            }
        }
        Ok(tensors)
    }

    /// The views to read, by the network's names.
    fn choose<'p>(
        self,
        parameters: &'p [Parameter],
        wanted: Weights,
    ) -> Result<(BTreeMap<&'p str, &'a TensorView>, Weights), BundleError>
    where
        'a: 'p,
    {
        if wanted == Weights::Trained || self.averaged.is_empty() {
            return Ok((self.trained, Weights::Trained));
        }
        let numbered = (0..parameters.len()).eq(self.averaged.keys().copied());
        if !numbered {
            return Err(wrong(&format!(
                "it holds {} averaged tensors (shadow_params), expected {}, numbered from 0, as the network has",
                self.averaged.len(),
                parameters.len()
            )));
        }
        let names = parameters.iter().map(|parameter| parameter.name.as_str());
        Ok((
            names.zip(self.averaged.into_values()).collect(),
            Weights::Averaged,
        ))
    }
}

/// Compares names and shapes before a number is read, so that a claimed size reserves nothing.
fn check_shapes(parameters: &[Parameter], views: &BTreeMap<&str, &TensorView>) -> Result<(), BundleError> {
    let shapes = views
        .iter()
        .map(|(name, view)| (*name, view.shape.clone()))
        .collect();
    compare(parameters, &shapes)
}

/// The zip: records below one folder.
struct Archive<R> {
    zip: ZipArchive<R>,
    folder: String,
    /// The storage read last; tensors that share one often follow each other.
    last: Option<(String, Vec<u8>)>,
}

impl<R: Read + Seek> Archive<R> {
    fn open(file: R) -> Result<Self, BundleError> {
        let zip = ZipArchive::new(file).map_err(|error| {
            wrong(&format!(
                "it is no complete zip archive ({error}); expected a file of torch.save, PyTorch 1.6 or newer"
            ))
        })?;
        let folders: Vec<String> = zip
            .file_names()
            .flatten()
            .filter_map(|name| name.strip_suffix("data.pkl").map(str::to_owned))
            .filter(|folder| folder.is_empty() || folder.ends_with('/'))
            .collect();
        let [folder] = folders.as_slice() else {
            return Err(wrong(&format!(
                "it holds {} records named data.pkl, expected one",
                folders.len()
            )));
        };
        let mut archive = Self {
            folder: folder.clone(),
            zip,
            last: None,
        };
        let marked = format!("{folder}byteorder");
        if archive.zip.index_for_name(&marked).is_some() {
            let order = archive.record("byteorder", 16)?;
            if order != b"little" {
                return Err(wrong(&format!(
                    "its byte order is {}, expected little",
                    shown(&String::from_utf8_lossy(&order))
                )));
            }
        }
        Ok(archive)
    }

    /// Reads a record of at most `limit` bytes; the zip's checksum is verified on the way.
    fn record(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, BundleError> {
        let path = format!("{}{name}", self.folder);
        let record = self.zip.by_name(&path).map_err(|error| damaged(&path, &error))?;
        // `torch.save` stores; a compressed record could also claim any size.
        if record.compression() != CompressionMethod::Stored || record.size() != record.compressed_size() {
            return Err(wrong(&format!(
                "record {path} is compressed, expected stored records as torch.save writes"
            )));
        }
        let size = record.size();
        if size > limit {
            return Err(wrong(&format!(
                "record {path} is {size} bytes, expected at most {limit}"
            )));
        }
        let mut bytes = Vec::new();
        // The checksum is compared where the record ends, so the read must come to its end.
        record
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| wrong(&format!("record {path} cannot be read: {error}")))?;
        if bytes.len() as u64 != size {
            return Err(wrong(&format!(
                "record {path} has {} bytes, expected {size}",
                bytes.len()
            )));
        }
        Ok(bytes)
    }

    /// Reads the numbers of a view whose shape was checked against the network.
    fn tensor(&mut self, name: &str, view: &TensorView) -> Result<Tensor, BundleError> {
        let storage = &view.storage;
        if !storage.float {
            return Err(BundleError::Dtype {
                tensor: name.to_owned(),
                found: "64-bit integers".into(),
                expected: "32-bit floats".into(),
            });
        }
        let outside = || {
            wrong(&format!(
                "tensor {name} reaches outside its storage {} of {} numbers",
                storage.key, storage.len
            ))
        };
        let last = last_scalar(view).ok_or_else(outside)?;
        if last >= storage.len || storage.len > limits::PARAMETERS {
            return Err(outside());
        }
        if self.last.as_ref().is_none_or(|(key, _)| *key != storage.key) {
            let bytes = self.record(&format!("data/{}", storage.key), 4 * storage.len)?;
            self.last = Some((storage.key.clone(), bytes));
        }
        let bytes = self.last.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        let (scalars, rest) = bytes.as_chunks::<4>();
        if scalars.len() as u64 != storage.len || !rest.is_empty() {
            return Err(wrong(&format!(
                "storage {} has {} bytes, expected {} for {} numbers",
                storage.key,
                bytes.len(),
                4 * storage.len,
                storage.len
            )));
        }
        let count = view.shape.iter().product();
        let mut values = Vec::with_capacity(count);
        for index in 0..count {
            let position = position(view, index) as usize;
            let scalar = scalars.get(position).ok_or_else(outside)?;
            values.push(f32::from_le_bytes(*scalar));
        }
        Ok(Tensor {
            shape: view.shape.clone(),
            values: Values::F32(values),
        })
    }
}

/// Position in the storage of the last scalar of a view that is not empty, or `None` on overflow.
fn last_scalar(view: &TensorView) -> Option<u64> {
    view.shape
        .iter()
        .zip(&view.strides)
        .try_fold(view.offset, |last, (&side, &stride)| {
            last.checked_add(stride.checked_mul((side as u64).saturating_sub(1))?)
        })
}

/// Position in the storage of the scalar at a row-major index; [`last_scalar`] has bounded it.
fn position(view: &TensorView, index: usize) -> u64 {
    let (_, position) = view.shape.iter().zip(&view.strides).rev().fold(
        (index, view.offset),
        |(rest, position), (&side, &stride)| {
            let side = side.max(1);
            (rest / side, position + stride * (rest % side) as u64)
        },
    );
    position
}

fn wrong(reason: &str) -> BundleError {
    BundleError::Checkpoint {
        reason: reason.to_owned(),
    }
}

fn damaged(path: &str, error: &ZipError) -> BundleError {
    wrong(&format!("record {path} cannot be read: {error}"))
}
