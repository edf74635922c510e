//! Checkpoints of the public trainer: a `.pth` file, which is a zip of a pickle and raw numbers.
//!
//! `model` in it is either a plain state dict or an EMA wrapper: `model.*` as trained, `shadow_params.N`
//! averaged, in the order of [`Topology::parameters`]. The public code samples with the averaged ones. Other
//! trainers call the state dict `state_dict` (Lightning, with the network's attribute before every name) or
//! `model_state_dict`, and wrappers put `module.` or `_orig_mod.` before names. Nothing of the pickle is
//! executed (it names code; see `pickle/mod.rs`), optimiser state and arguments are passed over, and only the
//! records of the tensors that are wanted are read.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{Read, Seek},
};

use crate::{
    check::shown,
    config::UNetConfig,
    error::BundleError,
    pickle::{Id, Pickle, TensorView, Value},
    state_dict::{StateDict, compare},
    topology::{Parameter, Topology},
    torch_legacy,
    torch_storage::{self, wrong},
    torch_zip::Archive,
};

/// Which weights to take from a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// The exponential moving average, which the public code samples with.
    Averaged,
    /// The weights as the optimiser left them.
    Trained,
}

/// Weights out of a checkpoint.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The weights, f32 or f16 as stored, checked against the network.
    pub weights: StateDict,
    /// Which ones they are.
    pub kind: Weights,
    /// The epoch the checkpoint was saved after, where it says.
    pub epoch: Option<i64>,
    /// What was changed or left out while reading, a sentence each.
    pub notes: Vec<String>,
}

/// Names under which trainers keep the network's state dict.
const STATE_DICTS: [&str; 3] = ["model", "state_dict", "model_state_dict"];

/// What wrappers put before every name: `DataParallel` and `DistributedDataParallel`, `torch.compile`.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

/// What stands before the numbers of averaged tensors.
const AVERAGED: &str = "shadow_params.";

/// A name without the wrappers' marks before it.
fn unwrapped(name: &str) -> &str {
    let shorter = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper));
    shorter.map_or(name, unwrapped)
}

/// Says what a file is, from its first bytes (512 are enough), where it is neither a checkpoint that [`read`]
/// takes nor a safetensors file: the end of a sentence, which also says what to do.
pub fn other_kind(start: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(start.get(..512).unwrap_or(start)).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with(torch_legacy::MAGIC) {
        return Some(
            "a checkpoint in PyTorch's old format, from before 1.6; load it with torch.load and save it \
            again with torch.save",
        );
    }
    if text.starts_with("version https://git-lfs") {
        return Some(
            "a Git LFS pointer, which stands for the file; fetch the file itself with `git lfs pull`",
        );
    }
    if text.starts_with("<!doctype html") || text.starts_with("<html") {
        return Some("an HTML page, not a checkpoint; download the file itself");
    }
    // The length before a safetensors header may begin with the same byte; its last bytes are zero.
    if text.starts_with('{') && !start.contains(&0) {
        return Some("a text in JSON, not a checkpoint; expected a .pth of torch.save or a .safetensors");
    }
    if start.starts_with(b"\x89HDF\r\n\x1a\n") {
        return Some("an HDF5 file, as Keras writes; expected a .pth of torch.save or a .safetensors");
    }
    if start.starts_with(b"\x1f\x8b") {
        return Some("compressed with gzip; decompress it first");
    }
    // Field 1 of an ONNX model is its version, a small number; field 2, in all exporters', the producer's
    // name.
    if let [0x08, 1..=32, 0x12, ..] = start {
        return Some(
            "an ONNX model; expected the checkpoint that it was exported from, a .pth or a .safetensors",
        );
    }
    None
}

/// Reads the weights of the network that `config` describes: the averaged ones when the checkpoint holds them
/// and `wanted` is [`Weights::Averaged`], otherwise the trained ones ([`Imported::kind`] says which).
///
/// # Errors
/// [`BundleError::Checkpoint`] for a file of another kind, a damaged one, or numbers outside their record;
/// [`BundleError::Global`] where the whole is an object of a class instead of a dictionary; and as
/// [`StateDict::check`] when the tensors are not this network's.
pub fn read<R: Read + Seek>(file: R, config: &UNetConfig, wanted: Weights) -> Result<Imported, BundleError> {
    config.validate()?;
    let parameters = Topology::new(config).parameters(config);
    let mut archive = Archive::open(file)?;
    let pickle = archive.pickle()?;
    if let Some(name) = pickle.foreign(pickle.root()) {
        return Err(BundleError::Global { name: shown(name) });
    }
    let top = pickle.entries(pickle.root()).ok_or_else(|| {
        wrong(&format!(
            "its pickle is {}, expected a dictionary with `model`",
            pickle.describe(pickle.root())
        ))
    })?;
    let epoch = top
        .iter()
        .find(|(key, _)| *key == "epoch")
        .and_then(|(_, id)| match pickle.get(*id) {
            Some(Value::Int(epoch)) => Some(*epoch),
            _ => None,
        });
    let named = STATE_DICTS
        .iter()
        .find_map(|name| top.iter().find(|(key, _)| key == name));
    let model = match named {
        Some((key, id)) => pickle.entries(*id).ok_or_else(|| {
            wrong(&format!(
                "its `{key}` is {}, expected a dictionary of tensors",
                pickle.describe(*id)
            ))
        })?,
        // A state dict that was saved by itself.
        None => top,
    };
    let mut notes = Vec::new();
    let tensors = Tensors::sort(&pickle, &parameters, model, &mut notes)?;
    let (views, kind) = tensors.choose(&parameters, wanted)?;
    check_shapes(&pickle, &parameters, &views)?;
    let mut weights = BTreeMap::new();
    for parameter in &parameters {
        if let Some(view) = views.get(parameter.name.as_str()) {
            let tensor = torch_storage::tensor(&mut archive, &pickle, &parameter.name, view)?;
            weights.insert(parameter.name.clone(), tensor);
        }
    }
    Ok(Imported {
        weights: StateDict::from_tensors(weights, config)?,
        kind,
        epoch,
        notes,
    })
}

/// The tensors of a checkpoint's model, by kind.
#[derive(Default)]
struct Tensors<'a> {
    trained: BTreeMap<Cow<'a, str>, &'a TensorView>,
    averaged: BTreeMap<usize, &'a TensorView>,
}

impl<'a> Tensors<'a> {
    fn sort(
        pickle: &'a Pickle,
        parameters: &[Parameter],
        model: Vec<(&'a str, Id)>,
        notes: &mut Vec<String>,
    ) -> Result<Self, BundleError> {
        let (averaged, trained): (Vec<_>, Vec<_>) = model
            .into_iter()
            .partition(|(name, _)| unwrapped(name).starts_with(AVERAGED));
        let wrapped = !averaged.is_empty();
        let mut tensors = Self::default();
        for (name, id) in averaged {
            let number = unwrapped(name).trim_start_matches(AVERAGED);
            let number = number
                .parse::<usize>()
                .ok()
                .filter(|parsed| parsed.to_string() == number)
                .ok_or_else(|| wrong(&format!("{} has no number", shown(name))))?;
            let view = tensor(pickle, name, id)?;
            if tensors.averaged.insert(number, view).is_some() {
                return Err(BundleError::DuplicateTensor { tensor: shown(name) });
            }
        }
        let attribute = attribute(&trained, parameters);
        let (mut stripped, mut passed) = (Vec::new(), 0_usize);
        for (name, id) in trained {
            let mut plain = Cow::Borrowed(name);
            if let Some(attribute) = &attribute
                && !attribute.is_empty()
            {
                // Beside the network, such a checkpoint holds losses and metrics.
                let Some(rest) = name.strip_prefix(attribute.as_str()) else {
                    passed += 1;
                    continue;
                };
                plain = Cow::Borrowed(rest);
            }
            // torch.compile of a part of the network also puts its mark inside names.
            for wrapper in WRAPPERS {
                if plain.starts_with(wrapper) || plain.contains("._orig_mod.") {
                    let without = plain.strip_prefix(wrapper).unwrap_or(&plain);
                    plain = Cow::Owned(without.replace("._orig_mod.", "."));
                    if !stripped.contains(&wrapper) {
                        stripped.push(wrapper);
                    }
                }
            }
            let ours = parameters.iter().any(|parameter| parameter.name == plain);
            // Counts and settings may stand beside the weights; a weight must be a tensor.
            if !ours
                && (wrapped && unwrapped(name) == "num_updates"
                    || !matches!(pickle.get(id), Some(Value::Tensor(_))))
            {
                continue;
            }
            let view = tensor(pickle, name, id)?;
            if tensors.trained.insert(plain, view).is_some() {
                return Err(BundleError::DuplicateTensor { tensor: shown(name) });
            }
        }
        if let Some(attribute) = attribute
            && !attribute.is_empty()
            && !(wrapped && attribute == "model.")
        {
            notes.push(format!("{} is taken off the tensors' names", shown(&attribute)));
        }
        if passed > 0 && !wrapped {
            notes.push(format!(
                "{passed} entries that are not the network's are passed over"
            ));
        }
        for wrapper in stripped {
            notes.push(format!("{wrapper:?} is taken off the tensors' names"));
        }
        Ok(tensors)
    }

    /// The views to read, by the network's names.
    fn choose(
        self,
        parameters: &'a [Parameter],
        wanted: Weights,
    ) -> Result<(BTreeMap<Cow<'a, str>, &'a TensorView>, Weights), BundleError> {
        if wanted == Weights::Trained || self.averaged.is_empty() {
            return Ok((self.trained, Weights::Trained));
        }
        let numbered = (0..parameters.len()).eq(self.averaged.keys().copied());
        if !numbered {
            return Err(wrong(&format!(
                "it holds {} averaged tensors (shadow_params), expected {}, numbered from 0, as the network \
                has",
                self.averaged.len(),
                parameters.len()
            )));
        }
        let names = parameters
            .iter()
            .map(|parameter| Cow::Borrowed(parameter.name.as_str()));
        Ok((
            names.zip(self.averaged.into_values()).collect(),
            Weights::Averaged,
        ))
    }
}

fn tensor<'a>(pickle: &'a Pickle, name: &str, id: Id) -> Result<&'a TensorView, BundleError> {
    match pickle.get(id) {
        Some(Value::Tensor(view)) => Ok(view),
        _ => Err(wrong(&format!(
            "{} is {}, expected a tensor",
            shown(name),
            pickle.describe(id)
        ))),
    }
}

/// What precedes the network's names, other than a wrapper's mark: `model.` in the wrapper of averages, in
/// Lightning the attribute that holds the network. It is found before the name of the network's first tensor.
fn attribute(model: &[(&str, Id)], parameters: &[Parameter]) -> Option<String> {
    let first = &parameters.first()?.name;
    model.iter().find_map(|(name, _)| {
        let before = name.strip_suffix(first.as_str())?;
        if !before.is_empty() && !before.ends_with('.') {
            return None;
        }
        let mut before = before;
        while let Some(shorter) = WRAPPERS.iter().find_map(|wrapper| before.strip_suffix(wrapper)) {
            before = shorter;
        }
        Some(before.to_owned())
    })
}

/// Compares names and shapes before a number is read, so that a claimed size reserves nothing.
fn check_shapes(
    pickle: &Pickle,
    parameters: &[Parameter],
    views: &BTreeMap<Cow<'_, str>, &TensorView>,
) -> Result<(), BundleError> {
    let shapes = views
        .iter()
        .map(|(name, view)| (&**name, pickle.shape(view)))
        .collect();
    compare(parameters, &shapes)
}
