//! A state dict of any network in a file of `torch.save`, in today's format (a zip) or the one before
//! `PyTorch` 1.6. Nothing of its pickle is executed.

use std::{collections::BTreeMap, io::Cursor};

use crate::{
    check::shown,
    error::BundleError,
    pickle::{Pickle, TensorView, Value},
    state_dict::compare,
    tensor::Tensor,
    topology::Parameter,
    torch_legacy::{self, Legacy},
    torch_storage::{self, Storages},
    torch_zip::Archive,
};

/// Reads the `wanted` tensors of a state dict, the whole file being `bytes`. Other entries of the dictionary
/// are ignored. f32 and f16 stay as they are, bf16 becomes f32 exactly, f64 is rounded to f32.
///
/// # Errors
/// [`BundleError::Checkpoint`] for a file of another kind or a damaged one, [`BundleError::Global`] where the
/// whole is an object of a class instead of a dictionary, [`BundleError::MissingTensor`],
/// [`BundleError::Shape`], [`BundleError::Dtype`] and [`BundleError::NotFinite`] with the tensor's name.
pub fn read(bytes: &[u8], wanted: &[Parameter]) -> Result<BTreeMap<String, Tensor>, BundleError> {
    if bytes.starts_with(torch_legacy::MAGIC) {
        let Legacy { pickle, mut storages } = Legacy::open(bytes)?;
        return tensors(&pickle, &mut storages, wanted);
    }
    let mut archive = Archive::open(Cursor::new(bytes))?;
    let pickle = archive.pickle()?;
    tensors(&pickle, &mut archive, wanted)
}

fn tensors(
    pickle: &Pickle,
    storages: &mut impl Storages,
    wanted: &[Parameter],
) -> Result<BTreeMap<String, Tensor>, BundleError> {
    let views = views(pickle, wanted)?;
    let shapes = views
        .iter()
        .map(|(name, view)| (*name, pickle.shape(view)))
        .collect();
    // Before a number is read, so that a claimed size reserves nothing.
    compare(wanted, &shapes)?;
    views
        .into_iter()
        .map(|(name, view)| {
            let tensor = torch_storage::tensor(storages, pickle, name, view)?;
            tensor.check_finite(name)?;
            Ok((name.to_owned(), tensor))
        })
        .collect()
}

/// Where the wanted tensors lie, by name.
fn views<'a>(
    pickle: &'a Pickle,
    wanted: &[Parameter],
) -> Result<BTreeMap<&'a str, &'a TensorView>, BundleError> {
    if let Some(name) = pickle.foreign(pickle.root()) {
        return Err(BundleError::Global { name: shown(name) });
    }
    let entries = pickle.entries(pickle.root()).ok_or_else(|| {
        torch_storage::wrong(&format!(
            "its pickle is {}, expected a dictionary of tensors",
            pickle.describe(pickle.root())
        ))
    })?;
    let entries: BTreeMap<&str, _> = entries.into_iter().collect();
    wanted
        .iter()
        .filter_map(|parameter| entries.get_key_value(parameter.name.as_str()))
        .map(|(&name, &id)| match pickle.get(id) {
            Some(Value::Tensor(view)) => Ok((name, view)),
            _ => Err(torch_storage::wrong(&format!(
                "{} is {}, expected a tensor",
                shown(name),
                pickle.describe(id)
            ))),
        })
        .collect()
}
