//! The part of the pickle language that a checkpoint of weights is written in, read without running anything.
//!
//! A pickle is a program. This reader knows the opcodes that `torch.save` (protocol 2) writes for dictionaries of
//! tensors and refuses all others; of the callables it knows five names and refuses all others. What they would
//! make is noted as plain data: a tensor becomes a description of where its numbers lie.
//!
//! Values live in one list and refer to each other by index, so that neither nesting nor cycles recurse here.

use std::collections::HashMap;

use crate::{check::shown, error::BundleError};

/// Largest pickle read; a network of a thousand tensors with optimiser state takes under one MiB.
pub(crate) const MAX_BYTES: u64 = 16 << 20;
/// Most values made; each opcode makes at most one.
const MAX_VALUES: usize = 1 << 20;
/// Longest `module.name`.
const MAX_NAME: usize = 256;

/// Index of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(u32);

/// A value that a pickle describes.
#[derive(Debug)]
pub(crate) enum Value {
    /// `None`, or an object whose content does not matter here (`argparse.Namespace`).
    Opaque,
    /// An integer or a truth value.
    Int(i64),
    /// A float; none is needed, so its value is not kept.
    Float,
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Id>),
    /// A tuple.
    Tuple(Vec<Id>),
    /// A dictionary in the order it was written.
    Dict(Vec<(Id, Id)>),
    /// One of the five names.
    Global(Global),
    /// Numbers in the archive.
    Storage(Storage),
    /// A view of numbers in the archive.
    Tensor(TensorView),
}

/// The names a checkpoint may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    RebuildTensor,
    FloatStorage,
    LongStorage,
    OrderedDict,
    Namespace,
}

/// A storage record of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Storage {
    /// Whether it holds f32 (else i64).
    pub(crate) float: bool,
    /// Name of its record, digits only.
    pub(crate) key: String,
    /// Number of scalars.
    pub(crate) len: u64,
}

/// A strided view of a storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TensorView {
    pub(crate) storage: Storage,
    /// First scalar.
    pub(crate) offset: u64,
    pub(crate) shape: Vec<usize>,
    /// Scalars from one index to the next, for each axis.
    pub(crate) strides: Vec<u64>,
}

/// The values of a pickle, and which of them is the whole.
#[derive(Debug)]
pub(crate) struct Pickle {
    values: Vec<Value>,
    root: Id,
}

impl Pickle {
    /// Reads a pickle.
    ///
    /// # Errors
    /// [`BundleError::Global`] for a name outside the five, [`BundleError::Checkpoint`] for anything else that a
    /// checkpoint of weights does not hold, with the byte it stands at.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(BundleError::Checkpoint {
                reason: format!(
                    "its pickle is {} bytes, expected at most {MAX_BYTES}",
                    bytes.len()
                ),
            });
        }
        Machine::new(bytes).run()
    }

    /// The whole.
    pub(crate) fn root(&self) -> Id {
        self.root
    }

    /// A value.
    pub(crate) fn get(&self, id: Id) -> Option<&Value> {
        self.values.get(id.0 as usize)
    }

    /// Entries of a dictionary whose keys are texts; `None` for any other value.
    pub(crate) fn entries(&self, id: Id) -> Option<Vec<(&str, Id)>> {
        let Some(Value::Dict(entries)) = self.get(id) else {
            return None;
        };
        entries
            .iter()
            .map(|&(key, value)| match self.get(key) {
                Some(Value::Text(key)) => Some((key.as_str(), value)),
                _ => None,
            })
            .collect()
    }
}

/// The reader's state.
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    /// Heights of the stack at which marks stand.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        }
    }

    fn run(mut self) -> Result<Pickle, BundleError> {
        if self.take::<2>()? != [0x80, 2] {
            return Err(self.wrong("no pickle of protocol 2"));
        }
        loop {
            let [opcode] = self.take()?;
            if opcode == b'.' {
                let root = self.pop()?;
                return Ok(Pickle {
                    values: self.values,
                    root,
                });
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: u8) -> Result<(), BundleError> {
        match opcode {
            b'N' => self.push(Value::Opaque),
            0x88 => self.push(Value::Int(1)),
            0x89 => self.push(Value::Int(0)),
            b'K' => {
                let [byte] = self.take()?;
                self.push(Value::Int(byte.into()))
            }
            b'M' => {
                let value = u16::from_le_bytes(self.take()?);
                self.push(Value::Int(value.into()))
            }
            b'J' => {
                let value = i32::from_le_bytes(self.take()?);
                self.push(Value::Int(value.into()))
            }
            0x8a => self.long(),
            b'G' => {
                self.take::<8>()?;
                self.push(Value::Float)
            }
            b'X' => self.text(),
            b'}' => self.push(Value::Dict(Vec::new())),
            b']' => self.push(Value::List(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b't' => {
                let items = self.above_mark()?;
                self.push(Value::Tuple(items))
            }
            0x85..=0x87 => {
                let count = usize::from(opcode - 0x84);
                let mut items = Vec::with_capacity(count);
                for _ in 0..count {
                    items.push(self.pop()?);
                }
                items.reverse();
                self.push(Value::Tuple(items))
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])
            }
            b'e' => {
                let items = self.above_mark()?;
                self.append(&items)
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.insert(&[key, value])
            }
            b'u' => {
                let items = self.above_mark()?;
                self.insert(&items)
            }
            b'q' => {
                let [index] = self.take()?;
                self.remember(index.into())
            }
            b'r' => {
                let index = u32::from_le_bytes(self.take()?);
                self.remember(index)
            }
            b'h' => {
                let [index] = self.take()?;
                self.recall(index.into())
            }
            b'j' => {
                let index = u32::from_le_bytes(self.take()?);
                self.recall(index)
            }
            b'c' => self.global(),
            b'Q' => self.storage(),
            b'R' => self.reduce(),
            0x81 => self.new_object(),
            b'b' => self.build(),
            other => Err(self.wrong(&format!("opcode 0x{other:02x}, which no checkpoint needs"))),
        }
    }

    /// A long integer; sizes and step counts fit eight bytes.
    fn long(&mut self) -> Result<(), BundleError> {
        let [length] = self.take()?;
        if length > 8 {
            return Err(self.wrong(&format!("an integer of {length} bytes, expected at most 8")));
        }
        let bytes = self.slice(length.into())?;
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut wide = if negative { [0xff; 8] } else { [0; 8] };
        for (wide, byte) in wide.iter_mut().zip(bytes) {
            *wide = *byte;
        }
        self.push(Value::Int(i64::from_le_bytes(wide)))
    }

    fn text(&mut self) -> Result<(), BundleError> {
        let length = u32::from_le_bytes(self.take()?);
        let bytes = self.slice(length as usize)?;
        let text = std::str::from_utf8(bytes)
            .map_err(|_| self.wrong("a text that is not UTF-8"))?
            .to_owned();
        self.push(Value::Text(text))
    }

    fn append(&mut self, items: &[Id]) -> Result<(), BundleError> {
        let list = self.top()?;
        match self.values.get_mut(list.0 as usize) {
            Some(Value::List(list)) => {
                list.extend_from_slice(items);
                Ok(())
            }
            _ => Err(self.wrong("items for what is no list")),
        }
    }

    fn insert(&mut self, items: &[Id]) -> Result<(), BundleError> {
        let (pairs, rest) = items.as_chunks::<2>();
        let dict = self.top()?;
        match self.values.get_mut(dict.0 as usize) {
            Some(Value::Dict(dict)) if rest.is_empty() => {
                dict.extend(pairs.iter().map(|[key, value]| (*key, *value)));
                Ok(())
            }
            _ => Err(self.wrong("entries for what is no dictionary")),
        }
    }

    fn remember(&mut self, index: u32) -> Result<(), BundleError> {
        let value = self.top()?;
        self.memo.insert(index, value);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), BundleError> {
        let Some(&value) = self.memo.get(&index) else {
            return Err(self.wrong(&format!("memo {index}, which was never set")));
        };
        self.stack.push(value);
        Ok(())
    }

    fn global(&mut self) -> Result<(), BundleError> {
        let module = self.line()?;
        let name = self.line()?;
        let global = match (module, name) {
            ("torch._utils", "_rebuild_tensor_v2") => Global::RebuildTensor,
            ("torch", "FloatStorage") => Global::FloatStorage,
            ("torch", "LongStorage") => Global::LongStorage,
            ("collections", "OrderedDict") => Global::OrderedDict,
            ("argparse", "Namespace") => Global::Namespace,
            _ => {
                return Err(BundleError::Global {
                    name: shown(&format!("{module}.{name}")),
                });
            }
        };
        self.push(Value::Global(global))
    }

    /// The persistent id of a storage: `("storage", type, key, device, length)`.
    fn storage(&mut self) -> Result<(), BundleError> {
        let id = self.pop()?;
        let items = self.tuple(id)?;
        let storage = if let [tag, kind, key, _, length] = items.as_slice()
            && matches!(self.get(*tag), Some(Value::Text(tag)) if tag == "storage")
            && let Some(Value::Global(kind @ (Global::FloatStorage | Global::LongStorage))) = self.get(*kind)
            && let Some(Value::Text(key)) = self.get(*key)
            && (1..=20).contains(&key.len())
            && key.bytes().all(|b| b.is_ascii_digit())
            && let Some(len) = self.count(*length)
        {
            Storage {
                float: *kind == Global::FloatStorage,
                key: key.clone(),
                len,
            }
        } else {
            return Err(self.wrong("a persistent id that is not (\"storage\", type, key, device, length)"));
        };
        self.push(Value::Storage(storage))
    }

    /// A call: of `OrderedDict` with nothing, or of `_rebuild_tensor_v2` with a view of a storage.
    fn reduce(&mut self) -> Result<(), BundleError> {
        let arguments = self.pop()?;
        let arguments = self.tuple(arguments)?;
        let callable = self.pop()?;
        match (self.get(callable), arguments.as_slice()) {
            (Some(Value::Global(Global::OrderedDict)), []) => self.push(Value::Dict(Vec::new())),
            // After the view: requires_grad, backward hooks, and in newer files metadata.
            (Some(Value::Global(Global::RebuildTensor)), [storage, offset, shape, strides, _, _, ..])
                if arguments.len() <= 7 =>
            {
                let view = self.view(*storage, *offset, *shape, *strides)?;
                self.push(Value::Tensor(view))
            }
            _ => Err(self.wrong("a call that is not of OrderedDict() or _rebuild_tensor_v2(...)")),
        }
    }

    fn view(&self, storage: Id, offset: Id, shape: Id, strides: Id) -> Result<TensorView, BundleError> {
        let counts = |id: Id| -> Option<Vec<u64>> {
            let Some(Value::Tuple(items)) = self.get(id) else {
                return None;
            };
            items.iter().map(|&item| self.count(item)).collect()
        };
        if let Some(Value::Storage(storage)) = self.get(storage)
            && let (Some(offset), Some(shape), Some(strides)) =
                (self.count(offset), counts(shape), counts(strides))
            && shape.len() == strides.len()
            && let Ok(shape) = shape.into_iter().map(usize::try_from).collect()
        {
            return Ok(TensorView {
                storage: storage.clone(),
                offset,
                shape,
                strides,
            });
        }
        Err(self.wrong("a tensor that is not (storage, offset, shape, strides, ...)"))
    }

    /// `argparse.Namespace.__new__()`: an object whose content is not kept.
    fn new_object(&mut self) -> Result<(), BundleError> {
        let arguments = self.pop()?;
        let arguments = self.tuple(arguments)?;
        let class = self.pop()?;
        match self.get(class) {
            Some(Value::Global(Global::Namespace)) if arguments.is_empty() => self.push(Value::Opaque),
            _ => Err(self.wrong("a new object that is not an argparse.Namespace")),
        }
    }

    /// State for a namespace, or attributes for an ordered dictionary (`_metadata`); neither matters for weights.
    fn build(&mut self) -> Result<(), BundleError> {
        let state = self.pop()?;
        let object = self.top()?;
        match (self.get(object), self.get(state)) {
            (Some(Value::Opaque | Value::Dict(_)), Some(Value::Dict(_))) => Ok(()),
            _ => Err(self.wrong("state for an object that takes none")),
        }
    }

    fn tuple(&self, id: Id) -> Result<Vec<Id>, BundleError> {
        match self.get(id) {
            Some(Value::Tuple(items)) => Ok(items.clone()),
            _ => Err(self.wrong("arguments that are no tuple")),
        }
    }

    fn get(&self, id: Id) -> Option<&Value> {
        self.values.get(id.0 as usize)
    }

    /// An integer from 0.
    fn count(&self, id: Id) -> Option<u64> {
        match self.get(id) {
            Some(Value::Int(value)) => (*value).try_into().ok(),
            _ => None,
        }
    }

    fn push(&mut self, value: Value) -> Result<(), BundleError> {
        if self.values.len() >= MAX_VALUES {
            return Err(self.wrong(&format!("more than {MAX_VALUES} values")));
        }
        self.stack.push(Id(self.values.len() as u32));
        self.values.push(value);
        Ok(())
    }

    /// The value on top, which must lie above the last mark.
    fn top(&self) -> Result<Id, BundleError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.last() {
            Some(&id) if self.stack.len() > floor => Ok(id),
            _ => Err(self.wrong("an opcode that finds nothing on the stack")),
        }
    }

    fn pop(&mut self) -> Result<Id, BundleError> {
        let id = self.top()?;
        self.stack.pop();
        Ok(id)
    }

    /// Takes the last mark and everything above it.
    fn above_mark(&mut self) -> Result<Vec<Id>, BundleError> {
        match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => Ok(self.stack.split_off(mark)),
            _ => Err(self.wrong("an opcode that finds no mark")),
        }
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8], BundleError> {
        let end = self.at.checked_add(length);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(slice) => {
                self.at += length;
                Ok(slice)
            }
            None => Err(self.wrong("its end, expected more")),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], BundleError> {
        let mut taken = [0; N];
        taken.copy_from_slice(self.slice(N)?);
        Ok(taken)
    }

    fn line(&mut self) -> Result<&'a str, BundleError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let line = rest.iter().take(MAX_NAME).position(|&b| b == b'\n');
        let text = line
            .and_then(|end| rest.get(..end))
            .and_then(|line| std::str::from_utf8(line).ok());
        match text {
            Some(text) => {
                self.at += text.len() + 1;
                Ok(text)
            }
            None => Err(self.wrong("a name without an end")),
        }
    }

    fn wrong(&self, found: &str) -> BundleError {
        BundleError::Checkpoint {
            reason: format!("its pickle holds {found} (before byte {})", self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(pickle: &[u8]) -> String {
        Pickle::parse(pickle).unwrap_err().to_string()
    }

    #[test]
    fn a_name_outside_the_five_is_refused_and_named() {
        // What a malicious pickle does: os.system("...").
        let attack = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.";
        assert!(matches!(
            Pickle::parse(attack),
            Err(BundleError::Global { name }) if name.contains("posix.system")
        ));
        for global in [
            "os\nsystem",
            "builtins\neval",
            "torch\nHalfStorage",
            "torch\nload",
        ] {
            let pickle = [b"\x80\x02c", global.as_bytes(), b"\n."].concat();
            assert!(matches!(Pickle::parse(&pickle), Err(BundleError::Global { .. })));
        }
    }

    #[test]
    fn opcodes_that_no_checkpoint_needs_are_refused() {
        // INST, OBJ, EXT1, DUP, POP, STACK_GLOBAL, BINBYTES, FRAME, MEMOIZE.
        for opcode in [b'i', b'o', 0x82, b'2', b'0', 0x93, b'B', 0x95, 0x94] {
            let found = message(&[0x80, 2, b'N', opcode, b'.']);
            assert!(found.contains(&format!("opcode 0x{opcode:02x}")), "{found}");
        }
    }

    #[test]
    fn other_protocols_are_refused() {
        for pickle in [&b"\x80\x04N."[..], b"(dp0\n.", b""] {
            assert!(Pickle::parse(pickle).is_err());
        }
    }

    #[test]
    fn allowed_names_may_only_be_used_as_a_checkpoint_uses_them() {
        for pickle in [
            &b"\x80\x02cargparse\nNamespace\n)R."[..],         // called, not made
            b"\x80\x02ccollections\nOrderedDict\nK\x01\x85R.", // with arguments
            b"\x80\x02ctorch\nFloatStorage\n)R.",
            b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
            b"\x80\x02ccollections\nOrderedDict\n)\x81.",
            b"\x80\x02K\x01}b.",
            b"\x80\x02X\x07\x00\x00\x00storageQ.",
        ] {
            assert!(matches!(
                Pickle::parse(pickle),
                Err(BundleError::Checkpoint { .. })
            ));
        }
    }

    #[test]
    fn every_truncation_is_an_error_and_not_a_panic() {
        let whole = b"\x80\x02}q\x00(X\x01\x00\x00\x00aK\x07X\x01\x00\x00\x00b\x8a\x02\x00\x01J\xff\xff\xff\xff\x86u.";
        let pickle = Pickle::parse(whole).unwrap();
        assert_eq!(pickle.entries(pickle.root()).unwrap().len(), 2);
        for length in 0..whole.len() {
            assert!(Pickle::parse(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn deep_nesting_and_cycles_do_not_recurse() {
        let mut deep = b"\x80\x02)".to_vec();
        deep.extend(std::iter::repeat_n(0x85, 500_000));
        deep.push(b'.');
        Pickle::parse(&deep).unwrap();
        // A dictionary that holds itself.
        let cycle = b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.";
        Pickle::parse(cycle).unwrap();
    }

    #[test]
    fn a_bomb_of_values_is_refused() {
        let mut bomb = b"\x80\x02".to_vec();
        bomb.extend(std::iter::repeat_n(b')', MAX_VALUES + 1));
        bomb.push(b'.');
        assert!(message(&bomb).contains("values"));
    }

    #[test]
    fn a_text_longer_than_the_pickle_is_refused_without_reserving_it() {
        assert!(message(b"\x80\x02X\xff\xff\xff\xffabc").contains("end"));
    }

    #[test]
    fn nothing_is_taken_from_below_a_mark() {
        assert!(message(b"\x80\x02K\x01(\x85.").contains("stack"));
        assert!(message(b"\x80\x02}(K\x01u.").contains("dictionary"));
    }
}
