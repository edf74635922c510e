//! Attention in larger blocks of registers: 4 queries x 4 keys for the scores, 8 queries x 2 quads for the
//! values. Of what an invocation fetches from workgroup memory every number is used at least four times.

use std::fmt::Write as _;

use super::{Attention, QUERIES, QUERY_ROWS};
use crate::wgsl::{Shader, read_only, read_write};

/// Keys of an invocation in a tile.
const OWN_KEYS: u32 = 4;
/// Quads of queries and keys fetched into workgroup memory at a time: with these all of it stays below
/// WebGPU's default of 16 KiB.
const SLICE: u32 = 4;
/// The distance between the rows of the queries' slice, so that rows begin in different banks.
const QUERY_STRIDE: u32 = QUERIES + 1;
/// Parts of a row in which the highest score is looked for, times rows.
const PART_ROWS: u32 = 8 * QUERY_ROWS;
const LANES: [&str; 4] = ["x", "y", "z", "w"];

/// How the invocations of a workgroup are counted.
struct Blocks {
    threads: u32,
    /// Invocations along the keys.
    columns: u32,
    /// Invocations along the values' quads.
    value_columns: u32,
    /// Keys of a tile.
    keys: u32,
    /// Quads of values of an invocation.
    own_quads: u32,
}

impl Attention {
    /// The specialised shader.
    pub(super) fn blocks(self) -> Shader {
        let value_columns = self.columns();
        // Two rows of 4 queries each.
        let threads = value_columns * QUERY_ROWS / 2;
        let columns = threads / QUERY_ROWS;
        let blocks = Blocks {
            threads,
            columns,
            value_columns,
            keys: OWN_KEYS * columns,
            own_quads: self.own_quads(),
        };
        let stored = self.precision.quad();
        let bindings = read_only(1, "qkv", stored) + &read_write(2, "output", stored);
        let number = |n: u32| n.to_string();
        Shader::new(
            "attention_blocks",
            include_str!("../../../shaders/attention_blocks.wgsl"),
            &[
                ("bindings", &bindings),
                ("queries", &number(QUERIES)),
                ("rows", &number(QUERY_ROWS)),
                ("keys", &number(blocks.keys)),
                ("columns", &number(columns)),
                ("value_columns", &number(value_columns)),
                ("threads", &number(threads)),
                ("slice_quads", &number(value_columns * blocks.own_quads)),
                ("own_quads", &number(blocks.own_quads)),
                ("score_rows", &number(QUERY_ROWS * blocks.keys)),
                ("part_rows", &number(PART_ROWS)),
                ("query_items", &number(SLICE * QUERY_STRIDE)),
                ("key_items", &number(SLICE * (blocks.keys + 1))),
                ("begin", &blocks.begin()),
                ("score", &blocks.score()),
                ("weigh", &blocks.weigh()),
                ("rescale", &blocks.rescale()),
                ("accumulate", &blocks.accumulate()),
                ("store", &blocks.store(stored)),
            ],
        )
    }
}

impl Blocks {
    fn begin(&self) -> String {
        let mut text = String::new();
        for q in 0..self.own_quads {
            // Surplus quads repeat the last one and are not stored.
            let _ = writeln!(
                text,
                "    let quad_{q} = value_column + {}u;\n    \
                 let value_{q} = min(quad_{q}, shape.head_quads - 1u - slice);",
                q * self.value_columns
            );
            for p in 0..8 {
                let _ = writeln!(text, "    var sum_{p}_{q} = vec4<f32>(0.0);");
            }
        }
        text
    }

    /// Declares `score_{k}`, one lane per query, and stores them in `scores`.
    fn score(&self) -> String {
        let (keys, threads) = (self.keys, self.threads);
        let key_stride = keys + 1;
        let mut text = String::new();
        for k in 0..OWN_KEYS {
            let _ = writeln!(text, "        var score_{k} = vec4<f32>(0.0);");
        }
        // Neighbouring invocations fetch neighbouring quads; quads beyond the head's count as zero.
        let _ = writeln!(
            text,
            "        for (var first = 0u; first < shape.head_quads; first += {SLICE}u) {{
            let quad = first + lane % {SLICE}u;
            let known = quad < shape.head_quads;
            let source = min(quad, shape.head_quads - 1u);
            for (var token = lane / {SLICE}u; token < {QUERIES}u; token += {step}u) {{
                query_slice[lane % {SLICE}u * {QUERY_STRIDE}u + token] = select(vec4<f32>(0.0), \
             vec4<f32>(qkv[queries + min(first_query + token, last) * row_quads + source]), known);
            }}
            for (var token = lane / {SLICE}u; token < {keys}u; token += {step}u) {{
                key_slice[lane % {SLICE}u * {key_stride}u + token] = \
             vec4<f32>(qkv[keys + min(tile + token, last) * row_quads + source]);
            }}
            workgroupBarrier();
            for (var part = 0u; part < {SLICE}u; part++) {{",
            step = threads / SLICE,
        );
        for p in 0..4 {
            let _ = writeln!(
                text,
                "                let q_{p} = query_slice[part * {QUERY_STRIDE}u + row * 4u + {p}u];"
            );
        }
        for lane in LANES {
            let _ = writeln!(
                text,
                "                let all_{lane} = vec4<f32>(q_0.{lane}, q_1.{lane}, q_2.{lane}, q_3.{lane});"
            );
        }
        for k in 0..OWN_KEYS {
            let _ = writeln!(
                text,
                "                let k_{k} = key_slice[part * {key_stride}u + column + {}u];",
                k * self.columns
            );
            for lane in LANES {
                let _ = writeln!(text, "                score_{k} += all_{lane} * k_{k}.{lane};");
            }
        }
        text += "            }\n            workgroupBarrier();\n        }\n";
        for k in 0..OWN_KEYS {
            let _ = writeln!(
                text,
                "        score_{k} *= shape.scale;\n        \
                 scores[(column + {}u) * {QUERY_ROWS}u + row] = score_{k};",
                k * self.columns
            );
        }
        text
    }

    fn weigh(&self) -> String {
        let mut text = String::new();
        for k in 0..OWN_KEYS {
            let _ = writeln!(
                text,
                "        let weight_{k} = select(vec4<f32>(0.0), exp(score_{k} - highest), tile + column + \
                 {0}u <= last);\n        \
                 scores[(column + {0}u) * {QUERY_ROWS}u + row] = weight_{k};\n        total += weight_{k};",
                k * self.columns
            );
        }
        text
    }

    fn rescale(&self) -> String {
        self.of_each(|p, q| format!("        sum_{p}_{q} *= factor_{}.{};", p / 4, LANES[p % 4]))
    }

    fn accumulate(&self) -> String {
        let mut text = String::new();
        for q in 0..self.own_quads {
            let _ = writeln!(text, "            let v_{q} = vec4<f32>(qkv[at + value_{q}]);");
        }
        text + &self
            .of_each(|p, q| format!("            sum_{p}_{q} += w_{}.{} * v_{q};", p / 4, LANES[p % 4]))
    }

    fn store(&self, stored: &str) -> String {
        self.of_each(|p, q| {
            format!(
                "    if (first_query + value_row * 4u + {p}u <= last && slice + quad_{q} < shape.head_quads) \
                 {{\n        \
                 let token = image * shape.tokens + first_query + value_row * 4u + {p}u;\n        \
                 output[(token * shape.heads + head) * shape.head_quads + slice + quad_{q}] = \
                 {stored}(sum_{p}_{q} * share_{}.{});\n    }}",
                p / 4,
                LANES[p % 4]
            )
        })
    }

    /// A line for each of an invocation's 8 queries and its quads.
    fn of_each(&self, line: impl Fn(usize, u32) -> String) -> String {
        let mut text = String::new();
        for q in 0..self.own_quads {
            for p in 0..8 {
                text += &line(p, q);
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workgroup_memory_stays_within_webgpus_default() {
        let quads =
            QUERY_ROWS * OWN_KEYS * 16 + PART_ROWS + SLICE * QUERY_STRIDE + SLICE * (OWN_KEYS * 16 + 1);
        assert!(16 * quads <= 16_384, "{} bytes", 16 * quads);
    }
}
