//! A linear layer over the few rows of a batch: the time embedding, the condition, and all layers' FiLM at
//! once.
//!
//! Buffers: weights `[inputs, out quads]` quads, bias, input `[rows, inputs]`, then, if added, a term
//! `[rows, outputs]`, then, if kept, one factor per row (0 drops the row, bias included), then the output
//! `[rows, outputs]`; everything except the weights is f32.

use bytemuck::NoUninit;

use crate::dispatch::{Dispatch, cover};
use crate::weight_storage::WeightStorage;
use crate::wgsl::{Shader, read_only, read_write};

/// The parts that decide the code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linear {
    /// Whether SiLU comes before.
    pub silu: bool,
    /// Whether a term is added.
    pub added: bool,
    /// Whether rows can be dropped.
    pub kept: bool,
    /// Storage of the weights.
    pub weight: WeightStorage,
}

#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
struct Uniforms {
    rows: u32,
    inputs: u32,
    out_quads: u32,
    padding: u32,
}

impl Linear {
    /// The call for this many rows, inputs and quads of outputs.
    pub(crate) fn dispatch(self, rows: u32, inputs: u32, out_quads: u32) -> Dispatch {
        let mut bindings = read_only(1, "weights", self.weight.quad());
        bindings += &read_only(2, "bias", "vec4<f32>");
        bindings += &read_only(3, "input", "f32");
        let mut next = 4;
        let mut finish = String::new();
        if self.added {
            bindings += &read_only(next, "added", "vec4<f32>");
            finish += "sum += added[index];";
            next += 1;
        }
        if self.kept {
            bindings += &read_only(next, "kept", "f32");
            finish += "sum *= kept[row];";
            next += 1;
        }
        bindings += &read_write(next, "output", "vec4<f32>");
        let activation = if self.silu {
            "x = x / (1.0 + exp(min(-x, 80.0)));"
        } else {
            ""
        };
        let product = if self.silu {
            "W silu(input) + b"
        } else {
            "W input + b"
        };
        let what = format!(
            "{}{product}{}{}",
            if self.kept { "kept * (" } else { "" },
            if self.added { " + added" } else { "" },
            if self.kept { ")" } else { "" }
        );
        let shader = Shader::new(
            "linear",
            include_str!("../../shaders/linear.wgsl"),
            &[
                ("bindings", &bindings),
                ("activation", activation),
                ("finish", &finish),
                (
                    "weight",
                    &self.weight.read("weight", "weights[i * shape.out_quads + quad]"),
                ),
                ("what", &what),
            ],
        );
        let shape = Uniforms {
            rows,
            inputs,
            out_quads,
            padding: 0,
        };
        let items = u64::from(rows) * u64::from(out_quads);
        Dispatch::new(
            shader,
            &shape,
            cover(items),
            items as f64 * 8.0 * f64::from(inputs),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Precision;
    use crate::twin::{Numbers, error, gpu, precisions, silu};

    #[test]
    fn it_equals_the_definition_and_drops_rows_with_their_bias() {
        let Some(gpu) = gpu() else { return };
        let plain = precisions(gpu).into_iter().map(WeightStorage::Plain);
        for weight in plain.chain([WeightStorage::Packed]) {
            for seed in 0..10 {
                let mut numbers = Numbers::new(seed);
                let kernel = Linear {
                    silu: numbers.coin(),
                    added: numbers.coin(),
                    kept: numbers.coin(),
                    weight,
                };
                let (rows, inputs) = (numbers.between(1, 5), numbers.between(1, 300));
                let out_quads = numbers.between(1, 40);
                let outputs = 4 * out_quads as usize;
                let weights = numbers.values(inputs as usize * outputs);
                let bias = numbers.values(outputs);
                let input = numbers.values((rows * inputs) as usize);
                let added = numbers.values(rows as usize * outputs);
                let kept: Vec<f32> = (0..rows).map(|row| (row % 2) as f32).collect();
                let mut expected = Vec::new();
                for row in 0..rows as usize {
                    for o in 0..outputs {
                        let product: f64 = (0..inputs as usize)
                            .map(|i| {
                                let x = f64::from(input[row * inputs as usize + i]);
                                let x = if kernel.silu { silu(x) } else { x };
                                x * f64::from(weights[i * outputs + o])
                            })
                            .sum();
                        let mut sum = product + f64::from(bias[o]);
                        if kernel.added {
                            sum += f64::from(added[row * outputs + o]);
                        }
                        if kernel.kept {
                            sum *= f64::from(kept[row]);
                        }
                        expected.push(sum);
                    }
                }
                let f32s = |values: &[f32]| Precision::F32.encode(values);
                let mut buffers = vec![weight.precision().encode(&weights), f32s(&bias), f32s(&input)];
                if kernel.added {
                    buffers.push(f32s(&added));
                }
                if kernel.kept {
                    buffers.push(f32s(&kept));
                }
                let error = error(
                    gpu,
                    &kernel.dispatch(rows, inputs, out_quads),
                    &buffers,
                    Precision::F32,
                    &expected,
                );
                // Weights are f16 numbers already; sums are f32 for all storages.
                assert!(error <= 2e-6, "{error:e} in {kernel:?}");
            }
        }
    }
}
