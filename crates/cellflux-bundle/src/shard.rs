//! Weight shards: a state dict cut into safetensors files small enough to cache, retry and show progress by.
//!
//! Tensors follow each other in the network's order. One that does not fit a shard is cut along its first
//! axis into `name#0`, `name#1`, ..., each a whole number of rows; int8 scales stand beside it as
//! `name.scale`, uncut.

use std::collections::BTreeMap;

use half::f16;
use safetensors::{Dtype, tensor::TensorView};

use crate::{
    check::shown,
    config::UNetConfig,
    error::BundleError,
    limits,
    quantise::{Int8Tensor, WeightDtype, to_f16},
    state_dict::StateDict,
    tensor::{Tensor, Values},
    tensor_file::{TensorFile, floats},
    topology::Topology,
};

/// What the name of an int8 tensor's scales ends with.
const SCALE: &str = ".scale";

/// A tensor, or a part of one, as it lies in a shard.
struct Stored {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Stored {
    /// Bytes it takes in a file: its data, and its line in the header, generously.
    fn cost(&self) -> usize {
        self.bytes.len() + self.name.len() + 160
    }
}

/// Header bytes that every shard has beside its tensors' lines: the length, the braces, the padding.
const SHARD_OVERHEAD: usize = 64;

/// Cuts the weights of a network into shards of at most `limit` bytes ([`limits::SHARD_BYTES`] in a bundle),
/// which are named by [`crate::files::shard_path`]. The same weights give the same bytes.
///
/// # Errors
/// As [`StateDict::check`]; [`BundleError::Range`] when a weight does not fit `dtype`;
/// [`BundleError::RowTooLarge`] when one row of a tensor is larger than a shard.
pub fn write_shards(
    weights: &StateDict,
    config: &UNetConfig,
    dtype: WeightDtype,
    limit: usize,
) -> Result<Vec<Vec<u8>>, BundleError> {
    weights.check(config)?;
    let mut shards = Vec::new();
    let mut shard: Vec<Stored> = Vec::new();
    let mut filled = SHARD_OVERHEAD;
    for parameter in Topology::new(config).parameters(config) {
        let tensor = weights.get(&parameter.name)?;
        for whole in store(&parameter.name, tensor, dtype)? {
            for piece in cut(whole, limit.saturating_sub(SHARD_OVERHEAD))? {
                if filled + piece.cost() > limit && !shard.is_empty() {
                    shards.push(serialise(&shard)?);
                    shard.clear();
                    filled = SHARD_OVERHEAD;
                }
                filled += piece.cost();
                shard.push(piece);
            }
        }
    }
    shards.push(serialise(&shard)?);
    Ok(shards)
}

/// A tensor in the bundle's number format: itself, or its bytes and scales.
fn store(name: &str, tensor: &Tensor, dtype: WeightDtype) -> Result<Vec<Stored>, BundleError> {
    let plain = |values: Values| {
        let (dtype, bytes) = values.to_le_bytes();
        Stored {
            name: name.to_owned(),
            dtype,
            shape: tensor.shape.clone(),
            bytes,
        }
    };
    if dtype == WeightDtype::F32 {
        return Ok(vec![plain(Values::F32(tensor.to_f32()))]);
    }
    if !dtype.is_int8(&tensor.shape) {
        return Ok(vec![plain(Values::F16(to_f16(name, tensor)?))]);
    }
    let quantised = Int8Tensor::quantise(name, tensor)?;
    let scales = Values::F16(quantised.scales);
    let scale = Stored {
        name: format!("{name}{SCALE}"),
        dtype: Dtype::F16,
        shape: vec![scales.len()],
        bytes: scales.to_le_bytes().1,
    };
    let bytes = Stored {
        name: name.to_owned(),
        dtype: Dtype::I8,
        shape: quantised.shape,
        bytes: quantised.bytes.iter().map(|byte| byte.cast_unsigned()).collect(),
    };
    Ok(vec![bytes, scale])
}

/// Cuts a tensor into as few parts of whole rows as fit `limit`; one that fits stays whole, under its own
/// name.
fn cut(whole: Stored, limit: usize) -> Result<Vec<Stored>, BundleError> {
    if whole.cost() <= limit {
        return Ok(vec![whole]);
    }
    let rows = whole.shape.first().copied().unwrap_or(1).max(1);
    let row = whole.bytes.len() / rows;
    // Room for the part's own line in the header, its name grown by `#` and a number.
    let room = limit.saturating_sub(whole.cost() - whole.bytes.len() + 24);
    let rows_each = room.checked_div(row).unwrap_or(0);
    if rows_each == 0 {
        return Err(BundleError::RowTooLarge {
            tensor: whole.name,
            row,
            limit: room,
        });
    }
    let parts = whole.bytes.chunks(rows_each * row).enumerate();
    Ok(parts
        .map(|(index, bytes)| {
            let mut shape = whole.shape.clone();
            if let Some(first) = shape.first_mut() {
                *first = bytes.len() / row;
            }
            Stored {
                name: format!("{}#{index}", whole.name),
                dtype: whole.dtype,
                shape,
                bytes: bytes.to_vec(),
            }
        })
        .collect())
}

fn serialise(tensors: &[Stored]) -> Result<Vec<u8>, BundleError> {
    let refuse = |error: safetensors::SafeTensorError| BundleError::TensorFile {
        file: "weight shard".into(),
        reason: error.to_string(),
    };
    let views = tensors
        .iter()
        .map(|stored| {
            let view = TensorView::new(stored.dtype, stored.shape.clone(), &stored.bytes)?;
            Ok((stored.name.as_str(), view))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(refuse)?;
    safetensors::serialize(views, None).map_err(refuse)
}

/// Puts a network's weights together from its shards, given in any order.
#[derive(Debug)]
pub struct ShardReader {
    dtype: WeightDtype,
    /// What the network needs, by stored name, and what of it has come.
    wanted: BTreeMap<String, Wanted>,
    /// Names of the network's tensors.
    parameters: Vec<String>,
}

#[derive(Debug)]
struct Wanted {
    dtype: Dtype,
    shape: Vec<usize>,
    arrived: Arrived,
}

/// What has come of one stored tensor.
#[derive(Debug)]
enum Arrived {
    Nothing,
    Whole(Content),
    /// Parts by their number, with the rows of each.
    Parts(BTreeMap<usize, (usize, Content)>),
}

/// Scalars as stored.
#[derive(Debug)]
enum Content {
    Float(Values),
    Bytes(Vec<i8>),
}

impl ShardReader {
    /// Expects the weights of the network that `config` describes, stored as `dtype`.
    ///
    /// # Errors
    /// [`BundleError::Config`] for an impossible configuration.
    pub fn new(config: &UNetConfig, dtype: WeightDtype) -> Result<Self, BundleError> {
        config.validate()?;
        let mut wanted = BTreeMap::new();
        let mut parameters = Vec::new();
        for parameter in Topology::new(config).parameters(config) {
            let mut want = |name: String, dtype, shape: Vec<usize>| {
                wanted.insert(
                    name,
                    Wanted {
                        dtype,
                        shape,
                        arrived: Arrived::Nothing,
                    },
                );
            };
            if dtype.is_int8(&parameter.shape) {
                let rows = parameter.shape.first().copied().unwrap_or(0);
                want(format!("{}{SCALE}", parameter.name), Dtype::F16, vec![rows]);
                want(parameter.name.clone(), Dtype::I8, parameter.shape);
            } else {
                let stored = if dtype == WeightDtype::F32 {
                    Dtype::F32
                } else {
                    Dtype::F16
                };
                want(parameter.name.clone(), stored, parameter.shape);
            }
            parameters.push(parameter.name);
        }
        Ok(Self {
            dtype,
            wanted,
            parameters,
        })
    }

    /// Takes one shard; `name` is what errors call it.
    ///
    /// # Errors
    /// [`BundleError::TensorFile`] for bytes that are no safetensors file; with the tensor's name:
    /// unexpected, there already, of another number format or shape, not finite.
    pub fn accept(&mut self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let file = TensorFile::parse(name, bytes)?;
        for (name, view) in file.iter() {
            self.accept_tensor(name, &view)?;
        }
        Ok(())
    }

    fn accept_tensor(&mut self, name: &str, view: &TensorView) -> Result<(), BundleError> {
        let (base, part) = match name.rsplit_once('#') {
            None => (name, None),
            Some((base, number)) => (base, Some(part_number(name, number)?)),
        };
        let wanted = self
            .wanted
            .get_mut(base)
            .ok_or_else(|| BundleError::UnexpectedTensor {
                tensor: name.to_owned(),
            })?;
        if view.dtype() != wanted.dtype {
            return Err(BundleError::Dtype {
                tensor: name.to_owned(),
                found: view.dtype().to_string(),
                expected: format!("{} (the bundle's weights are {})", wanted.dtype, self.dtype),
            });
        }
        let rows = view.shape().first().copied().unwrap_or(0);
        let fits = match part {
            None => view.shape() == wanted.shape,
            Some(_) => {
                rows > 0
                    && wanted.shape.first().is_some_and(|&all| rows <= all)
                    && view.shape().get(1..) == wanted.shape.get(1..)
            }
        };
        if !fits {
            return Err(BundleError::Shape {
                tensor: name.to_owned(),
                found: view.shape().to_vec(),
                expected: wanted.shape.clone(),
            });
        }
        let content = if wanted.dtype == Dtype::I8 {
            Content::Bytes(view.data().iter().map(|byte| byte.cast_signed()).collect())
        } else {
            Content::Float(floats(name, view)?.values)
        };
        wanted.take(name, part, rows, content)
    }

    /// Puts the tensors together.
    ///
    /// # Errors
    /// [`BundleError::MissingTensor`] naming the first tensor, or part of one, that no shard held.
    pub fn finish(mut self) -> Result<StateDict, BundleError> {
        let mut tensors = BTreeMap::new();
        for name in std::mem::take(&mut self.parameters) {
            let (shape, content) = self.join(&name)?;
            let tensor = match content {
                Content::Float(values) => Tensor { shape, values },
                Content::Bytes(bytes) => {
                    let (_, scales) = self.join(&format!("{name}{SCALE}"))?;
                    dequantise(&name, shape, bytes, scales)?
                }
            };
            tensors.insert(name, tensor);
        }
        Ok(StateDict { tensors })
    }

    fn join(&mut self, name: &str) -> Result<(Vec<usize>, Content), BundleError> {
        let missing = |tensor: String, shape: &[usize]| BundleError::MissingTensor {
            tensor,
            expected: format!("in one of the shards, with shape {shape:?}"),
        };
        let Some(Wanted { shape, arrived, .. }) = self.wanted.remove(name) else {
            return Err(missing(name.to_owned(), &[]));
        };
        match arrived {
            Arrived::Nothing => Err(missing(name.to_owned(), &shape)),
            Arrived::Whole(content) => Ok((shape, content)),
            Arrived::Parts(parts) => {
                let rows = parts.values().map(|(rows, _)| rows).sum::<usize>();
                let gap = (0..).zip(parts.keys()).find(|(index, key)| index != *key);
                if let Some((index, _)) = gap {
                    return Err(missing(format!("{name}#{index}"), &shape));
                }
                if Some(&rows) != shape.first() {
                    return Err(missing(format!("{name}#{}", parts.len()), &shape));
                }
                let mut parts = parts.into_values().map(|(_, content)| content);
                let first = parts.next().unwrap_or(Content::Bytes(Vec::new()));
                Ok((shape, parts.fold(first, Content::append)))
            }
        }
    }
}

impl Wanted {
    /// Keeps a tensor or a part of one, unless it is there already or there are too many rows.
    fn take(
        &mut self,
        name: &str,
        part: Option<usize>,
        rows: usize,
        content: Content,
    ) -> Result<(), BundleError> {
        let duplicate = || BundleError::DuplicateTensor {
            tensor: name.to_owned(),
        };
        match (part, &mut self.arrived) {
            (None, arrived @ Arrived::Nothing) => *arrived = Arrived::Whole(content),
            (Some(part), arrived @ Arrived::Nothing) => {
                *arrived = Arrived::Parts(BTreeMap::from([(part, (rows, content))]));
            }
            (Some(part), Arrived::Parts(parts)) => {
                let before: usize = parts.values().map(|(rows, _)| rows).sum();
                let all = self.shape.first().copied().unwrap_or(0);
                if before + rows > all {
                    return Err(BundleError::Shape {
                        tensor: name.to_owned(),
                        found: vec![before + rows],
                        expected: vec![all],
                    });
                }
                if parts.insert(part, (rows, content)).is_some() {
                    return Err(duplicate());
                }
            }
            _ => return Err(duplicate()),
        }
        Ok(())
    }
}

impl Content {
    fn append(self, next: Self) -> Self {
        match (self, next) {
            (Self::Bytes(mut all), Self::Bytes(next)) => {
                all.extend(next);
                Self::Bytes(all)
            }
            (Self::Float(Values::F32(mut all)), Self::Float(Values::F32(next))) => {
                all.extend(next);
                Self::Float(Values::F32(all))
            }
            (Self::Float(Values::F16(mut all)), Self::Float(Values::F16(next))) => {
                all.extend(next);
                Self::Float(Values::F16(all))
            }
            // All parts of a tensor were checked to have its one number format.
            (all, _) => all,
        }
    }
}

fn dequantise(name: &str, shape: Vec<usize>, bytes: Vec<i8>, scales: Content) -> Result<Tensor, BundleError> {
    let Content::Float(Values::F16(scales)) = scales else {
        return Err(BundleError::MissingTensor {
            tensor: format!("{name}{SCALE}"),
            expected: "as F16".into(),
        });
    };
    if let Some(scale) = scales.iter().find(|scale| **scale < f16::ZERO) {
        return Err(BundleError::Field {
            field: format!("tensor {name}{SCALE}"),
            found: scale.to_string(),
            expected: "scales from 0".into(),
        });
    }
    Ok(Int8Tensor { shape, bytes, scales }.dequantise())
}

/// The number after the `#`: as it is written, so that no two names mean the same part.
fn part_number(name: &str, text: &str) -> Result<usize, BundleError> {
    text.parse::<usize>()
        .ok()
        .filter(|number| number.to_string() == text && *number <= limits::FILES)
        .ok_or_else(|| BundleError::UnexpectedTensor { tensor: shown(name) })
}
