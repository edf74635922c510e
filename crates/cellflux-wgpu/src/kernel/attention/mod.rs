//! Self-attention with a running softmax: no score matrix in memory.
//!
//! Buffers: qkv `[images, tokens, 3, heads, head channels]` (head channels padded to whole quads), then the
//! output `[images, tokens, heads, head channels]`.

mod blocks;

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use bytemuck::NoUninit;

use crate::Precision;
use crate::dispatch::Dispatch;
use crate::wgsl::{Shader, read_only, read_write};

/// Queries per workgroup, and keys per tile.
const QUERIES: u32 = 32;
const KEYS: u32 = 32;
/// Rows of 4 queries.
const QUERY_ROWS: u32 = QUERIES / 4;
/// Quads of queries and keys fetched into workgroup memory at a time, and the distance between their rows
/// there, chosen so that rows begin in different banks.
const SLICE: u32 = 8;
const SLICE_STRIDE: u32 = QUERIES + 1;
/// Largest number of quads of values that one invocation sums: with 4 queries 32 registers.
const MAX_OWN_QUADS: u32 = 2;

/// How attention is divided among invocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttentionTile {
    /// 4 queries x a few keys per invocation, straight from the buffers: for CPUs, where workgroup memory
    /// would be one more copy.
    Direct,
    /// The same with queries and keys fetched side by side through workgroup memory: for GPUs.
    Staged,
    /// 4 queries x 4 keys, then 8 queries x 2 quads of values per invocation: fewer fetches per
    /// multiplication, more registers. Not measured yet, and nowhere the default.
    Blocks,
}

impl AttentionTile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Direct, Self::Staged, Self::Blocks];
}

/// `direct`, `staged`, `blocks`.
impl fmt::Display for AttentionTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::Staged => "staged",
            Self::Blocks => "blocks",
        })
    }
}

impl FromStr for AttentionTile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|tile| tile.to_string() == text);
        named.ok_or_else(|| format!("attention is {text:?}, expected direct, staged or blocks"))
    }
}

/// The parts that decide the code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attention {
    /// Quads of a head's channels; decides how many invocations share a row of queries.
    pub head_quads: u32,
    /// Storage of input and output.
    pub precision: Precision,
    /// The division of labour.
    pub tile: AttentionTile,
}

#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
struct Uniforms {
    tokens: u32,
    heads: u32,
    head_quads: u32,
    scale: f32,
}

/// The shape of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttentionShape {
    pub images: u32,
    /// Pixels of an image.
    pub tokens: u32,
    pub heads: u32,
    /// Channels of a head before padding: the scores' scale is its square root's inverse.
    pub head_channels: u32,
}

impl Attention {
    /// Invocations along the channels: 8, 16 or 32, so that a head of up to 64, 128 or 256 channels fits one
    /// workgroup. In blocks at least 16, each with two rows of queries.
    fn columns(self) -> u32 {
        let least = if self.tile == AttentionTile::Blocks { 16 } else { 8 };
        let columns: u32 = match self.head_quads {
            0..=16 => 8,
            17..=32 => 16,
            _ => 32,
        };
        columns.max(least)
    }

    /// Whether queries and keys go through workgroup memory.
    fn staged(self) -> bool {
        self.tile == AttentionTile::Staged
    }

    /// Quads of values of an invocation.
    fn own_quads(self) -> u32 {
        self.head_quads.div_ceil(self.columns()).min(MAX_OWN_QUADS)
    }

    /// The call for this shape. Heads wider than 256 channels are cut into slices, each with a workgroup of
    /// its own.
    pub(crate) fn dispatch(self, shape: &AttentionShape) -> Dispatch {
        let slice_quads = self.columns() * self.own_quads();
        let slices = self.head_quads.div_ceil(slice_quads);
        let uniforms = Uniforms {
            tokens: shape.tokens,
            heads: shape.heads,
            head_quads: self.head_quads,
            scale: (1.0 / f64::from(shape.head_channels).sqrt()) as f32,
        };
        let scores = f64::from(shape.images * shape.heads) * f64::from(shape.tokens).powi(2);
        let flops = scores * 8.0 * f64::from(self.head_quads) * (1.0 + f64::from(slices));
        let workgroups = [shape.tokens.div_ceil(QUERIES), slices, shape.images * shape.heads];
        Dispatch::new(self.shader(), &uniforms, workgroups, flops)
    }

    /// The specialised shader.
    pub(crate) fn shader(self) -> Shader {
        // No page asks for it as long as it is nowhere the default, so the module that visitors fetch is
        // without it.
        if cfg!(not(target_arch = "wasm32")) && self.tile == AttentionTile::Blocks {
            return self.blocks();
        }
        let columns = self.columns();
        let own_keys = KEYS / columns;
        let own_quads = self.own_quads();
        let stored = self.precision.quad();
        let bindings = read_only(1, "qkv", stored) + &read_write(2, "output", stored);

        let mut begin = String::new();
        for p in 0..4 {
            if !self.staged() {
                let _ = writeln!(
                    begin,
                    "    let query_{p} = queries + min(query + {p}u, last) * row_quads;"
                );
            }
            for q in 0..own_quads {
                let _ = writeln!(begin, "    var sum_{p}_{q} = vec4<f32>(0.0);");
            }
        }
        for q in 0..own_quads {
            // Surplus quads repeat the last one and are not stored.
            let _ = writeln!(begin, "    let quad_{q} = column + {}u;", q * columns);
            let _ = writeln!(
                begin,
                "    let value_{q} = min(quad_{q}, shape.head_quads - 1u - slice);"
            );
        }

        let mut weigh = String::new();
        for k in 0..own_keys {
            let _ = writeln!(
                weigh,
                "        let weight_{k} = select(vec4<f32>(0.0), exp(score_{k} - highest), tile + column + \
                {0}u <= last);\n        \
                 scores[(column + {0}u) * {QUERY_ROWS}u + row] = weight_{k};\n        total += weight_{k};",
                k * columns
            );
        }

        let lanes = ["x", "y", "z", "w"];
        let mut rescale = String::new();
        let mut accumulate = String::new();
        let mut store = String::new();
        for q in 0..own_quads {
            let _ = writeln!(
                accumulate,
                "            let v_{q} = vec4<f32>(qkv[at + value_{q}]);"
            );
            for (p, lane) in lanes.iter().enumerate() {
                let _ = writeln!(rescale, "        sum_{p}_{q} *= factor.{lane};");
                let _ = writeln!(accumulate, "            sum_{p}_{q} += weight.{lane} * v_{q};");
            }
        }
        for (p, lane) in lanes.iter().enumerate() {
            let _ = writeln!(store, "    if (query + {p}u <= last) {{");
            for q in 0..own_quads {
                let _ = writeln!(
                    store,
                    "        if (slice + quad_{q} < shape.head_quads) {{\n            \
                     let token = image * shape.tokens + query + {p}u;\n            \
                     output[(token * shape.heads + head) * shape.head_quads + slice + quad_{q}] = \
                     {stored}(sum_{p}_{q} * share.{lane});\n        }}"
                );
            }
            store += "    }\n";
        }
        let number = |n: u32| n.to_string();
        Shader::new(
            "attention",
            include_str!("../../../shaders/attention.wgsl"),
            &[
                ("bindings", &bindings),
                ("queries", &number(QUERIES)),
                ("keys", &number(KEYS)),
                ("query_rows", &number(QUERY_ROWS)),
                ("score_rows", &number(QUERY_ROWS * KEYS)),
                ("part_rows", &number(QUERY_ROWS * columns)),
                ("slices", &self.slices()),
                ("columns", &number(columns)),
                ("threads", &number(columns * QUERY_ROWS)),
                ("slice_quads", &number(columns * own_quads)),
                ("own_keys", &number(own_keys)),
                ("own_quads", &number(own_quads)),
                ("begin", &begin),
                ("score", &self.score(columns, own_keys)),
                ("weigh", &weigh),
                ("rescale", &rescale),
                ("accumulate", &accumulate),
                ("store", &store),
            ],
        )
    }

    fn slices(self) -> String {
        if !self.staged() {
            return String::new();
        }
        let items = SLICE * SLICE_STRIDE;
        format!(
            "// A few quads of the tile's queries and keys.\n\
             var<workgroup> query_slice: array<vec4<f32>, {items}>;\n\
             var<workgroup> key_slice: array<vec4<f32>, {items}>;\n"
        )
    }

    /// The scores of an invocation's queries and keys: declares `score_{k}`, one lane per query, and stores
    /// them in `scores`.
    fn score(self, columns: u32, own_keys: u32) -> String {
        let mut text = String::new();
        for k in 0..own_keys {
            let _ = writeln!(text, "        var score_{k} = vec4<f32>(0.0);");
        }
        if self.staged() {
            let threads = columns * QUERY_ROWS;
            let _ = writeln!(
                text,
                "        for (var first = 0u; first < shape.head_quads; first += {SLICE}u) {{
            // Neighbouring invocations fetch neighbouring quads; quads beyond the head's count as zero.
            for (var item = lane; item < {items}u; item += {threads}u) {{
                let quad = first + item % {SLICE}u;
                let token = item / {SLICE}u;
                let known = quad < shape.head_quads;
                let source = min(quad, shape.head_quads - 1u);
                let place = item % {SLICE}u * {SLICE_STRIDE}u + token;
                query_slice[place] = select(vec4<f32>(0.0), \
                 vec4<f32>(qkv[queries + min(first_query + token, last) * row_quads + source]), known);
                key_slice[place] = vec4<f32>(qkv[keys + min(tile + token, last) * row_quads + source]);
            }}
            workgroupBarrier();
            for (var quad = 0u; quad < {SLICE}u; quad++) {{",
                items = SLICE * QUERIES,
            );
        } else {
            for k in 0..own_keys {
                let _ = writeln!(
                    text,
                    "        let key_{k} = keys + min(tile + column + {}u, last) * row_quads;",
                    k * columns
                );
            }
            text += "        {\n            for (var quad = 0u; quad < shape.head_quads; quad++) {\n";
        }
        for p in 0..4 {
            let query = if self.staged() {
                format!("query_slice[quad * {SLICE_STRIDE}u + row * 4u + {p}u]")
            } else {
                format!("vec4<f32>(qkv[query_{p} + quad])")
            };
            let _ = writeln!(text, "                let q_{p} = {query};");
        }
        for k in 0..own_keys {
            let key = if self.staged() {
                format!("key_slice[quad * {SLICE_STRIDE}u + column + {}u]", k * columns)
            } else {
                format!("vec4<f32>(qkv[key_{k} + quad])")
            };
            let _ = writeln!(text, "                let k_{k} = {key};");
            for lane in ["x", "y", "z", "w"] {
                let _ = writeln!(
                    text,
                    "                score_{k} += vec4<f32>(q_0.{lane}, q_1.{lane}, q_2.{lane}, q_3.{lane}) \
                    * k_{k}.{lane};"
                );
            }
        }
        text += "            }\n";
        text += if self.staged() {
            "            workgroupBarrier();\n        }\n"
        } else {
            "        }\n"
        };
        for k in 0..own_keys {
            let _ = writeln!(
                text,
                "        score_{k} *= shape.scale;\n        scores[(column + {}u) * {QUERY_ROWS}u + row] = \
                score_{k};",
                k * columns
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::{Numbers, bound, error, gpu, precisions};

    /// softmax(q k^T / sqrt(d)) v in f64.
    fn twin(qkv: &[f32], shape: &AttentionShape, width: usize) -> Vec<f64> {
        let (tokens, heads) = (shape.tokens as usize, shape.heads as usize);
        let row = 3 * heads * width;
        let mut result = Vec::new();
        for image in qkv.chunks_exact(tokens * row) {
            for query in 0..tokens {
                for head in 0..heads {
                    let part = |part: usize, token: usize| {
                        let first = token * row + (part * heads + head) * width;
                        &image[first..first + width]
                    };
                    let scores: Vec<f64> = (0..tokens)
                        .map(|key| {
                            let (q, k) = (part(0, query), part(1, key));
                            let product: f64 =
                                q.iter().zip(k).map(|(q, k)| f64::from(*q) * f64::from(*k)).sum();
                            product / f64::from(shape.head_channels).sqrt()
                        })
                        .collect();
                    let highest = scores.iter().copied().fold(f64::MIN, f64::max);
                    let weights: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
                    let total: f64 = weights.iter().sum();
                    for channel in 0..width {
                        let sum: f64 = (0..tokens)
                            .map(|key| weights[key] * f64::from(part(2, key)[channel]))
                            .sum();
                        result.push(sum / total);
                    }
                }
            }
        }
        result
    }

    fn case(
        seed: u64,
        head_quads: u32,
        tokens: u32,
        gain: f32,
        precision: Precision,
        tile: AttentionTile,
    ) -> f64 {
        let gpu = gpu().unwrap();
        let mut numbers = Numbers::new(seed);
        let shape = AttentionShape {
            images: numbers.between(1, 2),
            tokens,
            heads: numbers.between(1, 3),
            head_channels: 4 * head_quads,
        };
        let width = 4 * head_quads as usize;
        let outputs = (shape.images * tokens * shape.heads) as usize * width;
        let qkv: Vec<f32> = numbers.values(3 * outputs).iter().map(|v| v * gain).collect();
        let kernel = Attention {
            head_quads,
            precision,
            tile,
        };
        error(
            gpu,
            &kernel.dispatch(&shape),
            &[precision.encode(&qkv)],
            precision,
            &twin(&qkv, &shape, width),
        )
    }

    #[test]
    fn it_equals_the_definition_for_narrow_and_wide_heads_and_ragged_tiles() {
        let Some(gpu) = gpu() else { return };
        for precision in precisions(gpu) {
            for (seed, (head_quads, tokens)) in (0..).zip([
                (1, 1),
                (2, 33),
                (8, 64),
                (16, 35),
                (20, 70),
                (40, 40),
                (64, 37),
                (80, 33),
                // Several tiles of 64 keys.
                (64, 150),
            ]) {
                for tile in AttentionTile::ALL {
                    let error = case(seed, head_quads, tokens, 1.0, precision, tile);
                    assert!(
                        error <= 2.0 * bound(precision),
                        "{error:e}: {head_quads} quads, {tokens} tokens, {precision}, {tile}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_tile_is_read_back_from_its_name() {
        for tile in AttentionTile::ALL {
            assert_eq!(tile.to_string().parse::<AttentionTile>(), Ok(tile));
        }
        assert!("block".parse::<AttentionTile>().is_err());
    }

    #[test]
    fn scores_in_the_hundreds_do_not_overflow() {
        if gpu().is_none() {
            return;
        }
        for tile in AttentionTile::ALL {
            let error = case(99, 16, 65, 32.0, Precision::F32, tile);
            // exp of a score near 500 has an error of about 500 roundings.
            assert!(error <= 1e-4, "{error:e}");
        }
    }
}
