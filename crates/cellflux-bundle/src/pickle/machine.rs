//! The pickle machine: opcodes in, values out, and nothing called.

use std::collections::HashMap;

use super::{Global, Id, Pickle, Scalar, Storage, TensorView, Value};
use crate::error::BundleError;

/// Largest number of values; each opcode makes at most one.
pub(super) const MAX_VALUES: usize = 1 << 20;
/// Largest number of bytes kept in all, whatever the values are.
const MAX_KEPT: usize = 48 << 20;
/// Longest `module.name`.
const MAX_NAME: usize = 256;
/// Largest number of axes of a tensor.
const MAX_AXES: usize = 8;

/// The reader's state.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    /// Heights of the stack at which marks stand.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    foreign: Vec<Box<str>>,
    foreign_by_name: HashMap<Box<str>, u32>,
    /// Bytes kept so far, at least.
    kept: usize,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            foreign: Vec::new(),
            foreign_by_name: HashMap::new(),
            kept: 0,
        }
    }

    /// The pickle, and the number of bytes that it takes.
    pub(super) fn run(mut self) -> Result<(Pickle, usize), BundleError> {
        let [mark, protocol] = self.take()?;
        if mark != 0x80 || !(2..=5).contains(&protocol) {
            return Err(self.wrong("no pickle of protocol 2, 3, 4 or 5"));
        }
        loop {
            let [opcode] = self.take()?;
            if opcode == b'.' {
                let root = self.pop()?;
                let pickle = Pickle {
                    values: self.values,
                    foreign: self.foreign,
                    root,
                };
                return Ok((pickle, self.at));
            }
            self.step(opcode)?;
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a table of the opcodes, one line or two for each, is read more easily whole"
    )]
    fn step(&mut self, opcode: u8) -> Result<(), BundleError> {
        match opcode {
            // None; sets (0x8f) hold no weights.
            b'N' | 0x8f => self.push(Value::Opaque),
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
            0x8a => {
                let [length] = self.take()?;
                self.long(length.into())
            }
            0x8b => {
                let length = u32::from_le_bytes(self.take()?);
                self.long(length as usize)
            }
            b'G' => {
                self.take::<8>()?;
                self.push(Value::Float)
            }
            b'X' => {
                let length = u32::from_le_bytes(self.take()?);
                self.text(length.into())
            }
            0x8c => {
                let [length] = self.take()?;
                self.text(length.into())
            }
            0x8d => {
                let length = u64::from_le_bytes(self.take()?);
                self.text(length)
            }
            b'B' => {
                let length = u32::from_le_bytes(self.take()?);
                self.skipped(length.into())
            }
            b'C' => {
                let [length] = self.take()?;
                self.skipped(length.into())
            }
            0x8e | 0x96 => {
                let length = u64::from_le_bytes(self.take()?);
                self.skipped(length)
            }
            // A frame's length is a hint for reading ahead.
            0x95 => self.take::<8>().map(|_| ()),
            0x94 => {
                let index = self.memo.len() as u32;
                self.remember(index)
            }
            0x93 => self.stack_global(),
            0x90 => {
                self.above_mark()?;
                self.top().map(|_| ())
            }
            0x91 => {
                self.above_mark()?;
                self.push(Value::Opaque)
            }
            b'0' => self.pop().map(|_| ()),
            b'1' => self.above_mark().map(|_| ()),
            b'2' => {
                let top = self.top()?;
                self.put(top)
            }
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
            0x81 => {
                self.pop()?;
                self.new_object()
            }
            0x92 => {
                self.pop()?;
                self.pop()?;
                self.new_object()
            }
            b'b' => self.build(),
            other => Err(self.wrong(&format!("opcode 0x{other:02x}, which no checkpoint needs"))),
        }
    }

    /// A long integer; sizes and step counts fit eight bytes, and what is longer (states of random
    /// generators) is not a size.
    fn long(&mut self, length: usize) -> Result<(), BundleError> {
        let bytes = self.slice(length)?;
        if length > 8 {
            return self.push(Value::Opaque);
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut wide = if negative { [0xff; 8] } else { [0; 8] };
        for (wide, byte) in wide.iter_mut().zip(bytes) {
            *wide = *byte;
        }
        self.push(Value::Int(i64::from_le_bytes(wide)))
    }

    /// A text; Python also writes halves of surrogate pairs, which occur in paths and never in a tensor's
    /// name.
    fn text(&mut self, length: u64) -> Result<(), BundleError> {
        let bytes = self.slice(usize::try_from(length).unwrap_or(usize::MAX))?;
        let text = String::from_utf8_lossy(bytes).into_owned().into_boxed_str();
        self.keep(text.len())?;
        self.push(Value::Text(text))
    }

    /// Bytes, whose content does not matter here.
    fn skipped(&mut self, length: u64) -> Result<(), BundleError> {
        self.slice(usize::try_from(length).unwrap_or(usize::MAX))?;
        self.push(Value::Opaque)
    }

    fn append(&mut self, items: &[Id]) -> Result<(), BundleError> {
        let list = self.top()?;
        match self.values.get_mut(list.0 as usize) {
            Some(Value::List(list)) => {
                list.extend_from_slice(items);
                self.keep(size_of_val(items))
            }
            // An object of a class that is not known takes what it is given.
            Some(Value::Foreign(_) | Value::Opaque) => Ok(()),
            _ => Err(self.wrong("items for something that is not a list")),
        }
    }

    fn insert(&mut self, items: &[Id]) -> Result<(), BundleError> {
        let (pairs, rest) = items.as_chunks::<2>();
        let dict = self.top()?;
        match self.values.get_mut(dict.0 as usize) {
            Some(Value::Dict(dict)) if rest.is_empty() => {
                dict.extend(pairs.iter().map(|[key, value]| (*key, *value)));
                self.keep(size_of_val(items))
            }
            Some(Value::Foreign(_) | Value::Opaque) if rest.is_empty() => Ok(()),
            _ => Err(self.wrong("entries for something that is not a dictionary")),
        }
    }

    fn remember(&mut self, index: u32) -> Result<(), BundleError> {
        let value = self.top()?;
        if self.memo.insert(index, value).is_none() {
            self.keep(size_of::<(u32, Id)>() * 2)?;
        }
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), BundleError> {
        let Some(&value) = self.memo.get(&index) else {
            return Err(self.wrong(&format!("memo {index}, which was never set")));
        };
        self.put(value)
    }

    /// Puts a value that there is already on the stack.
    fn put(&mut self, value: Id) -> Result<(), BundleError> {
        self.keep(size_of::<Id>())?;
        self.stack.push(value);
        Ok(())
    }

    /// Counts what is kept against the budget. What is dropped again is not given back, so the sum also
    /// bounds time.
    fn keep(&mut self, bytes: usize) -> Result<(), BundleError> {
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > MAX_KEPT {
            return Err(self.wrong(&format!("more than {} MiB of values", MAX_KEPT >> 20)));
        }
        Ok(())
    }

    fn global(&mut self) -> Result<(), BundleError> {
        let module = self.line()?;
        let name = self.line()?;
        self.named(module, name)
    }

    /// A name whose two parts are on the stack, as protocol 4 writes it.
    fn stack_global(&mut self) -> Result<(), BundleError> {
        let (name, module) = (self.pop()?, self.pop()?);
        let text = |id| match self.get(id) {
            Some(Value::Text(text)) if text.len() <= MAX_NAME => Some(text.clone()),
            _ => None,
        };
        match (text(module), text(name)) {
            (Some(module), Some(name)) => self.named(&module, &name),
            _ => Err(self.wrong("a name that is not two short texts")),
        }
    }

    fn named(&mut self, module: &str, name: &str) -> Result<(), BundleError> {
        let storage = |scalar| Some(Global::Storage(scalar));
        let known = match (module, name) {
            ("torch._utils", "_rebuild_tensor_v2") => Some(Global::RebuildTensor),
            ("torch._utils", "_rebuild_parameter") => Some(Global::RebuildParameter),
            ("collections", "OrderedDict") => Some(Global::OrderedDict),
            ("torch", "DoubleStorage") => storage(Scalar::F64),
            ("torch", "FloatStorage") => storage(Scalar::F32),
            ("torch", "HalfStorage") => storage(Scalar::F16),
            ("torch", "BFloat16Storage") => storage(Scalar::BF16),
            ("torch", "LongStorage") => storage(Scalar::Other("64-bit integers", 8)),
            ("torch", "IntStorage") => storage(Scalar::Other("32-bit integers", 4)),
            ("torch", "ShortStorage") => storage(Scalar::Other("16-bit integers", 2)),
            ("torch", "CharStorage" | "ByteStorage") => storage(Scalar::Other("8-bit integers", 1)),
            ("torch", "BoolStorage") => storage(Scalar::Other("truth values", 1)),
            _ => None,
        };
        if let Some(global) = known {
            return self.push(Value::Global(global));
        }
        let full: Box<str> = format!("{module}.{name}").into();
        let index = if let Some(&index) = self.foreign_by_name.get(&full) {
            index
        } else {
            let index = self.foreign.len() as u32;
            self.keep(2 * full.len() + 64)?;
            self.foreign.push(full.clone());
            self.foreign_by_name.insert(full, index);
            index
        };
        self.push(Value::Foreign(index))
    }

    /// The persistent id of a storage: `("storage", type, key, device, length)`; before `PyTorch` 1.6 with
    /// `None` behind it (of storages that are parts of others, which nothing has written since 0.4, a tuple).
    fn storage(&mut self) -> Result<(), BundleError> {
        let id = self.pop()?;
        let parts = match self.tuple(id) {
            Some([parts @ .., whole])
                if parts.len() == 5 && matches!(self.get(*whole), Some(Value::Opaque)) =>
            {
                Some(parts)
            }
            parts => parts,
        };
        let storage = if let Some([tag, kind, key, _, length]) = parts
            && matches!(self.get(*tag), Some(Value::Text(tag)) if &**tag == "storage")
            && let Some(scalar) = match self.get(*kind) {
                Some(Value::Global(Global::Storage(scalar))) => Some(*scalar),
                Some(Value::Foreign(name)) => Some(Scalar::Foreign(*name)),
                _ => None,
            }
            && let Some(Value::Text(text)) = self.get(*key)
            && (1..=20).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_digit())
            && let Some(len) = self.count(*length)
        {
            Storage {
                scalar,
                key: *key,
                len,
            }
        } else {
            return Err(self.wrong("a persistent id that is not (\"storage\", type, key, device, length)"));
        };
        self.push(Value::Storage(storage))
    }

    /// A call: of `OrderedDict` with nothing, of `_rebuild_tensor_v2` with a view of a storage, of
    /// `_rebuild_parameter` with a tensor. What any other call would make is not known and stays opaque.
    fn reduce(&mut self) -> Result<(), BundleError> {
        let arguments = self.pop()?;
        let callable = self.pop()?;
        let Some(arguments) = self.tuple(arguments) else {
            return Err(self.wrong("arguments that are not a tuple"));
        };
        match (self.get(callable), arguments) {
            (Some(Value::Global(Global::OrderedDict)), []) => self.push(Value::Dict(Vec::new())),
            // After the view: requires_grad, backward hooks, and in newer files metadata.
            (Some(Value::Global(Global::RebuildTensor)), &[storage, offset, shape, strides, ..])
                if (6..=7).contains(&arguments.len()) =>
            {
                let view = self.view(storage, offset, shape, strides)?;
                self.push(Value::Tensor(view))
            }
            // A parameter is its tensor; after it: requires_grad, backward hooks.
            (Some(Value::Global(Global::RebuildParameter)), &[tensor, _, _])
                if matches!(self.get(tensor), Some(Value::Tensor(_))) =>
            {
                self.put(tensor)
            }
            (Some(&Value::Foreign(name)), _) => self.push(Value::Foreign(name)),
            _ => Err(self.wrong("a call whose arguments do not fit")),
        }
    }

    fn view(&self, storage: Id, offset: Id, shape: Id, strides: Id) -> Result<TensorView, BundleError> {
        let axes = |id: Id| -> Option<usize> {
            let items = self.tuple(id)?;
            let counts = items.len() <= MAX_AXES
                && items.iter().all(|&item| {
                    self.count(item)
                        .is_some_and(|count| usize::try_from(count).is_ok())
                });
            counts.then_some(items.len())
        };
        if let Some(Value::Storage(_)) = self.get(storage)
            && let (Some(offset), Some(sides), Some(steps)) = (self.count(offset), axes(shape), axes(strides))
            && sides == steps
        {
            return Ok(TensorView {
                storage,
                offset,
                shape,
                strides,
            });
        }
        Err(self.wrong(&format!(
            "a tensor that is not (storage, offset, shape, strides, ...) of at most {MAX_AXES} axes"
        )))
    }

    /// `class.__new__(...)`: an object whose content is not kept.
    fn new_object(&mut self) -> Result<(), BundleError> {
        let class = self.pop()?;
        match self.get(class) {
            Some(&Value::Foreign(name)) => self.push(Value::Foreign(name)),
            _ => Err(self.wrong("a new object of something that is not a class")),
        }
    }

    /// State for an object, or attributes for an ordered dictionary (`_metadata`) or a tensor; none matters
    /// for weights.
    fn build(&mut self) -> Result<(), BundleError> {
        self.pop()?;
        let object = self.top()?;
        match self.get(object) {
            Some(Value::Foreign(_) | Value::Dict(_) | Value::Tensor(_)) => Ok(()),
            _ => Err(self.wrong("state for an object that takes none")),
        }
    }

    fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Some(Value::Tuple(items)) => Some(items),
            _ => None,
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
        let own = match &value {
            Value::Tuple(items) => size_of_val(items.as_slice()),
            _ => 0,
        };
        self.keep(size_of::<Value>() + size_of::<Id>() + own)?;
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

    /// Removes the last mark and everything above it.
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
