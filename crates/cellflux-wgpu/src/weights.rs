//! The state dict's tensors, repacked for the kernels while they are loaded.
//!
//! Convolutions and attention's projections lie tap by tap, in the [`WeightOrder`] of the layer's tile.
//! Linear layers become `[inputs, out quads]` quads. Channels are padded to whole quads with zeros.

use cellflux_bundle::state_dict::StateDict;
use cellflux_bundle::tensor::Tensor;

use crate::kernel::convolution::WeightOrder;
use crate::kernel::winograd::{POINTS, kernel_points};
use crate::weight_storage::WeightStorage;
use crate::{GpuError, Precision};

/// One buffer of weights: where its values come from and how they lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WeightSpec {
    /// Prefix of the tensors' names, for labels and errors.
    pub name: String,
    pub packing: Packing,
    /// Storage; vectors are always f32.
    pub storage: WeightStorage,
}

/// How a buffer is filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// `{name}.weight` `[out, in, ..]`, tap by tap. Each output and input of the buffer is one of the
    /// tensor's, or padding.
    Taps {
        outputs: Vec<Option<usize>>,
        inputs: Vec<Option<usize>>,
        taps: usize,
        /// Channels of the tensor itself, `[out, in]`.
        tensor: [usize; 2],
        /// The order that the kernel reads them in.
        order: WeightOrder,
    },
    /// A vector, each entry one of the tensor's or padding.
    Vector {
        /// `weight` or `bias`.
        part: &'static str,
        entries: Vec<Option<usize>>,
        /// Length of the tensor itself.
        tensor: usize,
    },
    /// Rows of several linear layers `{name}.weight` `[out, in]`, one after the other, transposed.
    Rows {
        layers: Vec<(String, usize)>,
        inputs: usize,
    },
    /// The biases of several linear layers, one after the other.
    Biases { layers: Vec<(String, usize)> },
}

impl WeightSpec {
    /// Bytes of the buffer.
    pub(crate) fn bytes(&self) -> u64 {
        // In 64 bits: a hostile config must not wrap around on wasm32 and look small.
        let scalars = match &self.packing {
            Packing::Taps {
                outputs,
                inputs,
                taps,
                order,
                ..
            } => {
                let taps = if *order == WeightOrder::Points {
                    POINTS
                } else {
                    *taps
                };
                outputs.len() as u64 * inputs.len() as u64 * taps as u64
            }
            Packing::Vector { entries, .. } => entries.len() as u64,
            Packing::Rows { layers, inputs } => *inputs as u64 * total(layers) as u64,
            Packing::Biases { layers } => total(layers) as u64,
        };
        scalars / 4 * self.storage.precision().quad_bytes() as u64
    }

    /// The buffer's values of a convolution's tensor.
    pub(crate) fn arrange(&self, values: &[f32]) -> Vec<f32> {
        match &self.packing {
            Packing::Taps {
                outputs,
                inputs,
                taps,
                tensor,
                order,
            } => by_tap(values, outputs, inputs, *taps, tensor[1], *order),
            _ => values.to_vec(),
        }
    }

    /// The buffer's content.
    ///
    /// # Errors
    /// [`GpuError::Tensor`] when a tensor is missing, has another shape, or holds a value that the precision
    /// cannot hold.
    pub(crate) fn pack(&self, state: &StateDict) -> Result<Vec<u8>, GpuError> {
        let values = match &self.packing {
            Packing::Taps {
                outputs,
                inputs,
                taps,
                tensor: [out, input],
                order,
            } => {
                let values = read(state, &format!("{}.weight", self.name), *out, input * taps)?;
                by_tap(&values, outputs, inputs, *taps, *input, *order)
            }
            Packing::Vector {
                part,
                entries,
                tensor,
            } => {
                let values = read(state, &format!("{}.{part}", self.name), *tensor, 1)?;
                entries
                    .iter()
                    .map(|entry| entry.map_or(0.0, |at| values[at]))
                    .collect()
            }
            Packing::Rows { layers, inputs } => {
                let outputs = total(layers);
                let mut all = vec![0.0; inputs * outputs];
                let mut first = 0;
                for (name, width) in layers {
                    let values = read(state, &format!("{name}.weight"), *width, *inputs)?;
                    for (o, row) in values.chunks_exact(*inputs).enumerate() {
                        for (i, value) in row.iter().enumerate() {
                            all[i * outputs + first + o] = *value;
                        }
                    }
                    first += width;
                }
                all
            }
            Packing::Biases { layers } => {
                let mut all = Vec::with_capacity(total(layers));
                for (name, width) in layers {
                    all.extend(read(state, &format!("{name}.bias"), *width, 1)?);
                }
                all
            }
        };
        let precision = self.storage.precision();
        if precision == Precision::F16
            && let Some(value) = values
                .iter()
                .find(|value| value.abs() > f32::from(half::f16::MAX))
        {
            return Err(GpuError::Tensor {
                name: self.name.clone(),
                problem: format!("holds {value}, expected at most 65504 in absolute value for dtype f16"),
            });
        }
        Ok(precision.encode(&values))
    }
}

fn total(layers: &[(String, usize)]) -> usize {
    layers.iter().map(|(_, width)| width).sum()
}

/// Channels `0..count`, padded to whole quads.
pub(crate) fn padded(count: usize) -> Vec<Option<usize>> {
    (0..count.next_multiple_of(4))
        .map(|channel| (channel < count).then_some(channel))
        .collect()
}

/// The order in which attention's output channels `[heads, head channels]` lie in the buffers: each head
/// padded to whole quads.
pub(crate) fn head_channels(channels: usize, heads: usize) -> Vec<Option<usize>> {
    let width = channels / heads;
    (0..heads)
        .flat_map(|head| {
            padded(width)
                .into_iter()
                .map(move |c| c.map(|c| head * width + c))
        })
        .collect()
}

/// The order in which qkv's channels lie in the buffers, `[3, heads, head channels]` each head padded, given
/// whether the tensor has this order (`new_order`) or `[heads, 3, head channels]`.
pub(crate) fn qkv_channels(channels: usize, heads: usize, new_order: bool) -> Vec<Option<usize>> {
    let width = channels / heads;
    let one = |part: usize, channel: usize| {
        if new_order {
            part * channels + channel
        } else {
            (channel / width * 3 + part) * width + channel % width
        }
    };
    (0..3)
        .flat_map(|part| {
            head_channels(channels, heads)
                .into_iter()
                .map(move |entry| entry.map(|channel| one(part, channel)))
        })
        .collect()
}

fn read(state: &StateDict, name: &str, outputs: usize, row: usize) -> Result<Vec<f32>, GpuError> {
    let problem = |problem: String| GpuError::Tensor {
        name: name.to_owned(),
        problem,
    };
    let tensor: &Tensor = state
        .tensors
        .get(name)
        .ok_or_else(|| problem("is missing from the state dict".into()))?;
    let values = tensor.to_f32();
    if tensor.shape.first() != Some(&outputs) || values.len() != outputs * row {
        return Err(problem(format!(
            "has shape {:?}, expected {outputs} rows of {row} values",
            tensor.shape
        )));
    }
    Ok(values)
}

fn by_tap(
    values: &[f32],
    outputs: &[Option<usize>],
    inputs: &[Option<usize>],
    taps: usize,
    tensor_inputs: usize,
    order: WeightOrder,
) -> Vec<f32> {
    if order == WeightOrder::Points {
        let kernels = values.as_chunks::<9>().0;
        let points: Vec<f32> = kernels.iter().flat_map(kernel_points).collect();
        return by_tap(
            &points,
            outputs,
            inputs,
            POINTS,
            tensor_inputs,
            WeightOrder::Blocks,
        );
    }
    // How many outputs lie together before those of the next input begin.
    let run = match order {
        WeightOrder::Blocks | WeightOrder::Points => 4,
        WeightOrder::Rows => outputs.len(),
    };
    let mut packed = Vec::with_capacity(outputs.len() * inputs.len() * taps);
    for tap in 0..taps {
        for input_quad in inputs.chunks_exact(4) {
            for outputs in outputs.chunks_exact(run) {
                for input in input_quad {
                    packed.extend(outputs.iter().map(|output| match (output, input) {
                        (Some(o), Some(i)) => values[(o * tensor_inputs + i) * taps + tap],
                        _ => 0.0,
                    }));
                }
            }
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;
    use cellflux_bundle::tensor::Values;

    fn state(name: &str, shape: &[usize]) -> StateDict {
        let count: usize = shape.iter().product();
        let tensor = Tensor {
            shape: shape.to_vec(),
            values: Values::F32((0..count).map(|v| v as f32).collect()),
        };
        StateDict {
            tensors: [(name.to_owned(), tensor)].into(),
        }
    }

    #[test]
    fn a_convolution_lies_in_blocks_of_four_inputs_by_four_outputs_or_in_rows_of_all_outputs() {
        let (tap, input, output) = (7, 2, 4);
        for (order, at) in [
            // [tap][input quad 0 of 1][output quad 1 of 2][input 2][output 0]
            (WeightOrder::Blocks, ((tap * 2 + 1) * 4 + input) * 4),
            // [tap][input 2 of 4][output 4 of 8]
            (WeightOrder::Rows, (tap * 4 + input) * 8 + output),
        ] {
            let spec = WeightSpec {
                name: "a".into(),
                packing: Packing::Taps {
                    outputs: padded(5),
                    inputs: padded(3),
                    taps: 9,
                    tensor: [5, 3],
                    order,
                },
                storage: WeightStorage::Plain(Precision::F32),
            };
            let bytes = spec.pack(&state("a.weight", &[5, 3, 3, 3])).unwrap();
            assert_eq!(bytes.len() as u64, spec.bytes());
            let packed = Precision::F32.decode(&bytes);
            // The next three outputs are padding.
            let value = ((output * 3 + input) * 9 + tap) as f32;
            assert_eq!(packed[at..at + 4], [value, 0.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn legacy_qkv_channels_come_from_each_heads_own_third() {
        // Two heads of 4 channels: the tensor is [q0 k0 v0 q1 k1 v1].
        let order: Vec<_> = qkv_channels(8, 2, false).into_iter().flatten().collect();
        assert_eq!(order[..8], [0, 1, 2, 3, 12, 13, 14, 15]);
        let order: Vec<_> = qkv_channels(8, 2, true).into_iter().flatten().collect();
        assert_eq!(order, (0..24).collect::<Vec<_>>());
    }

    #[test]
    fn odd_heads_are_padded_one_by_one() {
        assert_eq!(
            head_channels(6, 2),
            [Some(0), Some(1), Some(2), None, Some(3), Some(4), Some(5), None]
        );
    }

    #[test]
    fn a_missing_or_misshapen_tensor_is_named() {
        let spec = WeightSpec {
            name: "b".into(),
            packing: Packing::Vector {
                part: "bias",
                entries: padded(4),
                tensor: 4,
            },
            storage: WeightStorage::Plain(Precision::F32),
        };
        let missing = spec.pack(&StateDict::default()).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "tensor b.bias: is missing from the state dict"
        );
        let wrong = spec.pack(&state("b.bias", &[3])).unwrap_err();
        assert!(
            wrong.to_string().contains("expected 4 rows of 1 values"),
            "{wrong}"
        );
    }

    #[test]
    fn a_value_beyond_f16_is_refused_for_f16_and_packed_storage_only() {
        let mut spec = WeightSpec {
            name: "c".into(),
            packing: Packing::Rows {
                layers: vec![("c".into(), 4)],
                inputs: 1,
            },
            storage: WeightStorage::Plain(Precision::F16),
        };
        let mut state = state("c.weight", &[4, 1]);
        state.tensors.get_mut("c.weight").unwrap().values = Values::F32(vec![0.0, 7e4, 0.0, 0.0]);
        assert!(spec.pack(&state).is_err());
        spec.storage = WeightStorage::Packed;
        assert!(spec.pack(&state).is_err());
        spec.storage = WeightStorage::Plain(Precision::F32);
        assert!(spec.pack(&state).is_ok());
    }
}
