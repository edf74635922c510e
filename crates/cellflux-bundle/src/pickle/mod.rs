//! The part of the pickle language that a checkpoint of weights is written in, read without running anything.
//!
//! A pickle is a program. This reader knows the opcodes of protocols 2 to 5 in which data is written; what
//! they would make is noted as plain data: a tensor becomes a description of where its numbers lie. Of the
//! callables it knows those that tensors and dictionaries are made by. Any other name, and whatever would be
//! made by it, becomes an opaque value that keeps the name; nothing is ever called, so a checkpoint may hold
//! arguments, paths and schedules beside its weights.
//!
//! Values live in one list and refer to each other by index, so that neither nesting nor cycles recurse here.
//! Memory is bounded by a budget over everything that is kept, and a tensor refers to its shape and strides
//! instead of copying them.

mod machine;
#[cfg(test)]
mod tests;

use machine::Machine;

use crate::{check::shown, error::BundleError};

/// Largest pickle read; a network of a thousand tensors with optimiser state takes under one MiB.
pub(crate) const MAX_BYTES: u64 = 16 << 20;

/// Index of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(u32);

/// A value that a pickle describes.
#[derive(Debug)]
pub(crate) enum Value {
    /// `None`, or data whose content does not matter here (bytes, sets, integers beyond 64 bits).
    Opaque,
    /// An integer or a truth value.
    Int(i64),
    /// A float; none is needed, so its value is not kept.
    Float,
    /// A text.
    Text(Box<str>),
    /// A list.
    List(Vec<Id>),
    /// A tuple.
    Tuple(Vec<Id>),
    /// A dictionary in the order it was written.
    Dict(Vec<(Id, Id)>),
    /// One of the names that weights are made by.
    Global(Global),
    /// Another name, or an object that would be made by it: its index among [`Pickle::foreign`].
    Foreign(u32),
    /// Numbers in the archive.
    Storage(Storage),
    /// A view of numbers in the archive.
    Tensor(TensorView),
}

/// The names that weights are made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    RebuildTensor,
    RebuildParameter,
    Storage(Scalar),
    OrderedDict,
}

/// What a storage holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    F64,
    F32,
    F16,
    BF16,
    /// Integers or truth values, which are not weights: what they are, and the bytes of each.
    Other(&'static str, u64),
    /// Another storage, by the index of its name.
    Foreign(u32),
}

/// A storage record of the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Storage {
    pub(crate) scalar: Scalar,
    /// Name of its record, a text of digits only.
    pub(crate) key: Id,
    /// Number of scalars.
    pub(crate) len: u64,
}

/// A strided view of a storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TensorView {
    /// A [`Value::Storage`].
    storage: Id,
    /// First scalar.
    pub(crate) offset: u64,
    /// A tuple of at most eight counts.
    shape: Id,
    /// As many counts: scalars from one index to the next, for each axis.
    strides: Id,
}

/// The values of a pickle, and which of them is the whole.
#[derive(Debug)]
pub(crate) struct Pickle {
    values: Vec<Value>,
    foreign: Vec<Box<str>>,
    root: Id,
}

impl Scalar {
    /// Bytes of one scalar, where they are known.
    pub(crate) fn width(self) -> Option<u64> {
        match self {
            Self::F64 => Some(8),
            Self::F32 => Some(4),
            Self::F16 | Self::BF16 => Some(2),
            Self::Other(_, width) => Some(width),
            Self::Foreign(_) => None,
        }
    }
}

impl Pickle {
    /// Reads a pickle.
    ///
    /// # Errors
    /// [`BundleError::Checkpoint`] for an opcode that data is not written in, a damaged pickle, or one that
    /// would take too much memory, with the byte it stands at.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(BundleError::Checkpoint {
                reason: format!(
                    "its pickle is {} bytes, expected at most {MAX_BYTES}",
                    bytes.len()
                ),
            });
        }
        Machine::new(bytes).run().map(|(pickle, _)| pickle)
    }

    /// Reads the pickle that `bytes` begin with, and says how many of them it takes.
    ///
    /// # Errors
    /// As [`Pickle::parse`]; a pickle of more than [`MAX_BYTES`] has no end for this reader.
    pub(crate) fn parse_first(bytes: &[u8]) -> Result<(Self, usize), BundleError> {
        let most = bytes.len().min(MAX_BYTES as usize);
        Machine::new(bytes.get(..most).unwrap_or_default()).run()
    }

    /// The whole.
    pub(crate) fn root(&self) -> Id {
        self.root
    }

    /// A value.
    pub(crate) fn get(&self, id: Id) -> Option<&Value> {
        self.values.get(id.0 as usize)
    }

    /// The name that a value has, or was to be made by, where this reader does not know it.
    pub(crate) fn foreign(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Some(Value::Foreign(name)) => self.name(*name),
            _ => None,
        }
    }

    /// A value in words, for messages.
    pub(crate) fn describe(&self, id: Id) -> String {
        match self.get(id) {
            None | Some(Value::Opaque) => "nothing or plain data".into(),
            Some(Value::Int(_)) => "a whole number".into(),
            Some(Value::Float) => "a number".into(),
            Some(Value::Text(_)) => "a text".into(),
            Some(Value::List(_)) => "a list".into(),
            Some(Value::Tuple(_)) => "a tuple".into(),
            Some(Value::Dict(_)) => "a dictionary".into(),
            Some(Value::Global(_)) => "a class or function".into(),
            Some(Value::Storage(_)) => "a storage".into(),
            Some(Value::Tensor(_)) => "a tensor".into(),
            Some(Value::Foreign(name)) => format!("a {}", shown(self.name(*name).unwrap_or_default())),
        }
    }

    fn name(&self, index: u32) -> Option<&str> {
        self.foreign.get(index as usize).map(|name| &**name)
    }

    /// The storage of a view.
    pub(crate) fn storage(&self, view: &TensorView) -> Option<&Storage> {
        match self.get(view.storage) {
            Some(Value::Storage(storage)) => Some(storage),
            _ => None,
        }
    }

    /// All storages, in the order in which they are first named.
    pub(crate) fn storages(&self) -> impl Iterator<Item = &Storage> {
        self.values.iter().filter_map(|value| match value {
            Value::Storage(storage) => Some(storage),
            _ => None,
        })
    }

    /// The name of a storage's record.
    pub(crate) fn key(&self, storage: &Storage) -> &str {
        self.text(storage.key).unwrap_or_default()
    }

    /// The text of a value that is one.
    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Items of a list; none for any other value.
    pub(crate) fn list(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Some(Value::List(items)) => Some(items),
            _ => None,
        }
    }

    /// What a storage holds, in words.
    pub(crate) fn scalar(&self, storage: &Storage) -> String {
        match storage.scalar {
            Scalar::F64 => "64-bit floats".into(),
            Scalar::F32 => "32-bit floats".into(),
            Scalar::F16 | Scalar::BF16 => "16-bit floats".into(),
            Scalar::Other(name, _) => name.into(),
            Scalar::Foreign(name) => shown(self.name(name).unwrap_or_default()),
        }
    }

    /// Shape of a view.
    pub(crate) fn shape(&self, view: &TensorView) -> Vec<usize> {
        self.counts(view.shape).map(|count| count as usize).collect()
    }

    /// Strides of a view.
    pub(crate) fn strides(&self, view: &TensorView) -> Vec<u64> {
        self.counts(view.strides).collect()
    }

    fn counts(&self, id: Id) -> impl Iterator<Item = u64> {
        let items = match self.get(id) {
            Some(Value::Tuple(items)) => items.as_slice(),
            _ => &[],
        };
        items.iter().filter_map(|&item| match self.get(item) {
            Some(Value::Int(value)) => u64::try_from(*value).ok(),
            _ => None,
        })
    }

    /// Entries of a dictionary whose keys are texts; `None` for any other value.
    pub(crate) fn entries(&self, id: Id) -> Option<Vec<(&str, Id)>> {
        let Some(Value::Dict(entries)) = self.get(id) else {
            return None;
        };
        entries
            .iter()
            .map(|&(key, value)| match self.get(key) {
                Some(Value::Text(key)) => Some((&**key, value)),
                _ => None,
            })
            .collect()
    }
}
