//! The files of `torch.save` before `PyTorch` 1.6: pickles one after the other, then the raw numbers.
//!
//! ```text
//! pickle: a fixed number │ pickle: 1001 │ pickle: the writer's byte order │ pickle: what was saved
//! pickle: list of the storages' keys │ for each key: i64 count of scalars, the scalars
//! ```

use std::collections::HashMap;

use crate::{
    check::shown,
    error::BundleError,
    pickle::{Pickle, Value},
    torch_storage::{Storages, wrong},
};

/// The first pickle: the number that marks these files.
pub(crate) const MAGIC: &[u8] = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.";

/// The version of the layout; there has been one.
const VERSION: i64 = 1001;

/// A whole file in memory.
pub(crate) struct Legacy<'a> {
    /// What was saved.
    pub(crate) pickle: Pickle,
    /// The storages' bytes by key.
    pub(crate) storages: ByKey<'a>,
}

/// Storages' bytes by key.
pub(crate) struct ByKey<'a>(HashMap<String, &'a [u8]>);

impl<'a> Legacy<'a> {
    /// Reads the pickles and finds the storages.
    ///
    /// # Errors
    /// [`BundleError::Checkpoint`] for a file of another kind, one that ends too early, or big-endian
    /// numbers.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let mut rest = bytes
            .strip_prefix(MAGIC)
            .ok_or_else(|| wrong("it does not begin with the number that marks PyTorch's old format"))?;
        let version = next_pickle(&mut rest)?;
        if !matches!(version.get(version.root()), Some(Value::Int(VERSION))) {
            return Err(wrong(&format!("its format version is not {VERSION}")));
        }
        check_byte_order(&next_pickle(&mut rest)?)?;
        let pickle = next_pickle(&mut rest)?;
        let keys = next_pickle(&mut rest)?;
        let storages = find_storages(&pickle, &keys, rest)?;
        Ok(Self {
            pickle,
            storages: ByKey(storages),
        })
    }
}

impl Storages for ByKey<'_> {
    fn storage(&mut self, key: &str, bytes: u64) -> Result<&[u8], BundleError> {
        let found = self
            .0
            .get(key)
            .ok_or_else(|| wrong(&format!("storage {key} is not in the file")))?;
        if found.len() as u64 != bytes {
            return Err(wrong(&format!(
                "storage {key} has {} bytes, expected {bytes}",
                found.len()
            )));
        }
        Ok(found)
    }
}

fn next_pickle(rest: &mut &[u8]) -> Result<Pickle, BundleError> {
    let (pickle, length) = Pickle::parse_first(rest)?;
    *rest = rest.get(length..).unwrap_or_default();
    Ok(pickle)
}

fn check_byte_order(about: &Pickle) -> Result<(), BundleError> {
    let little = about
        .entries(about.root())
        .into_iter()
        .flatten()
        .find(|(key, _)| *key == "little_endian")
        .and_then(|(_, value)| about.get(value));
    match little {
        Some(Value::Int(1)) => Ok(()),
        _ => Err(wrong(
            "it does not say that its byte order is little, as expected",
        )),
    }
}

/// The bytes of each storage: those that `keys` lists lie one after the other in `rest`.
fn find_storages<'a>(
    pickle: &Pickle,
    keys: &Pickle,
    mut rest: &'a [u8],
) -> Result<HashMap<String, &'a [u8]>, BundleError> {
    let widths: HashMap<&str, Option<u64>> = pickle
        .storages()
        .map(|storage| (pickle.key(storage), storage.scalar.width()))
        .collect();
    let list = keys
        .list(keys.root())
        .ok_or_else(|| wrong("the list of its storages is not a list"))?;
    let mut found = HashMap::new();
    for &id in list {
        let key = keys
            .text(id)
            .ok_or_else(|| wrong("the list of its storages holds something that is not a text"))?;
        let width = widths.get(key).copied().flatten().ok_or_else(|| {
            wrong(&format!(
                "storage {} is of a kind whose size is not known",
                shown(key)
            ))
        })?;
        let early = || wrong(&format!("it ends within storage {}", shown(key)));
        let (count, after) = rest.split_first_chunk::<8>().ok_or_else(early)?;
        let length = u64::try_from(i64::from_le_bytes(*count))
            .ok()
            .and_then(|count| count.checked_mul(width))
            .and_then(|length| usize::try_from(length).ok())
            .ok_or_else(early)?;
        let (bytes, after) = after.split_at_checked(length).ok_or_else(early)?;
        found.insert(key.to_owned(), bytes);
        rest = after;
    }
    Ok(found)
}
