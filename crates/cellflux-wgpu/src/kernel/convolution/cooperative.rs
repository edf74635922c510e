//! The workgroup's tile in cooperative matrices: 16x16 blocks that a subgroup multiplies in one go, f16 in,
//! f32 sums.
//!
//! f32 factors are split into two f16 numbers each, `x = high + low`, which keeps 22 bits; of the four
//! products the one of both low parts is below f32's rounding and left out (Markidis et al., "NVIDIA Tensor
//! Core Programmability, Performance & Precision", 2018, section V). Three f16 products are still several
//! times faster than one of f32. Numbers beyond f16's range become infinite, so only inputs that come from a
//! norm are multiplied this way.

use std::fmt::Write as _;

use super::tile::{MATRIX, PADDING, SUBGROUP};
use super::{Convolution, Slices};
use crate::Precision;
use crate::weight_storage::WeightStorage;
use crate::wgsl::Shader;

impl Convolution {
    /// Whether the factors are f32, each kept as two f16 numbers.
    fn split(&self) -> bool {
        self.input == Precision::F32 || self.weight != WeightStorage::Plain(Precision::F16)
    }

    /// The parts of a factor by the names of their slices, and which of the image's multiply which of the
    /// weights'.
    fn parts(&self) -> (&'static [&'static str], &'static [[&'static str; 2]]) {
        if self.split() {
            (
                &["high", "low"],
                &[["high", "high"], ["high", "low"], ["low", "high"]],
            )
        } else {
            (&["all"], &[["all", "all"]])
        }
    }

    /// Stores the quad `value` at `place` of the slice's parts. The high part is cut off bit by bit:
    /// compilers take a rounding to f16 and back for the number itself, and the low part for zero.
    fn keep(&self, slice: &str, place: &str, value: &str) -> String {
        if self.split() {
            format!(
                "let whole = vec4<f32>({value}); \
                 let high = bitcast<vec4<f32>>(bitcast<vec4<u32>>(whole) & vec4<u32>(0xffffe000u)); \
                 {slice}_high[{place}] = vec4<f16>(high); {slice}_low[{place}] = vec4<f16>(whole - high);"
            )
        } else {
            format!("{slice}_all[{place}] = {value};")
        }
    }

    /// The shader in which `rows` x `columns` subgroups each own `pixels` x `channels` matrices of sums.
    pub(super) fn cooperative(
        &self,
        [rows, columns]: [u32; 2],
        pixels: u32,
        channels: u32,
        depth: u32,
    ) -> Shader {
        let slices = Slices {
            threads: rows * columns * SUBGROUP,
            pixels: rows * pixels * MATRIX,
            quads: columns * channels * MATRIX / 4,
            depth,
        };
        let image_stride = depth + PADDING;
        let weight_stride = slices.quads + PADDING;
        let (parts, _) = self.parts();
        let mut memory = String::new();
        for part in parts {
            let _ = writeln!(
                memory,
                "var<workgroup> image_{part}: array<vec4<f16>, {}>;\n\
                 var<workgroup> weights_{part}: array<vec4<f16>, {}>;",
                slices.pixels * image_stride,
                4 * depth * weight_stride
            );
        }
        let mut begin = self.begin_fetching(&slices);
        for p in 0..pixels {
            for q in 0..channels {
                let _ = writeln!(begin, "    var sum_{p}_{q}: coop_mat16x16<f32, C>;");
            }
        }

        let product = self.slice_product([pixels, channels], depth, [image_stride, weight_stride]);
        let accumulate = self.accumulate(
            &slices,
            &product,
            |load| {
                let place = format!("item_{load} / {depth}u * {image_stride}u + depth_{load}");
                self.keep("image", &place, &format!("image_{load}"))
            },
            |load| {
                let column = format!("(lane + {}u) % {}u", load * slices.threads, slices.quads);
                let place = format!("channel_{load} * {weight_stride}u + {column}");
                let fetched = format!("weight_{load}");
                let weight = match self.weight {
                    WeightStorage::Plain(_) => fetched,
                    WeightStorage::Packed => self.weight.widen(&fetched),
                };
                self.keep("weights", &place, &weight)
            },
        );

        Shader::new(
            "convolution_cooperative",
            include_str!("../../../shaders/convolution_cooperative.wgsl"),
            &[
                ("bindings", &self.bindings()),
                ("threads", &slices.threads.to_string()),
                ("rows", &rows.to_string()),
                ("columns", &columns.to_string()),
                ("subgroup_pixels", &(pixels * MATRIX).to_string()),
                ("subgroup_quads", &(channels * MATRIX / 4).to_string()),
                ("tile_pixels", &slices.pixels.to_string()),
                ("tile_quads", &slices.quads.to_string()),
                ("memory", &memory),
                ("staging", &(MATRIX * MATRIX / 4 * rows * columns).to_string()),
                ("taps", &self.taps().to_string()),
                ("begin", &begin),
                ("taps_of_pixels", &self.taps_of_fetches(&slices)),
                ("accumulate", &accumulate),
                ("store", &self.store_matrices([pixels, channels])),
            ],
        )
    }

    /// Multiplies what lies in workgroup memory and adds it to the sums.
    fn slice_product(
        &self,
        [pixels, channels]: [u32; 2],
        depth: u32,
        [image_stride, weight_stride]: [u32; 2],
    ) -> String {
        let (parts, products) = self.parts();
        // Matrix units may cut sums off instead of rounding them, which adds up over thousands of products.
        // f32 therefore sums each slice by itself and adds the slices with rounding.
        let sum = if self.split() { "slice_sum" } else { "sum" };
        let mut product = String::new();
        let mut finish = String::new();
        for (p, q) in (0..pixels).flat_map(|p| (0..channels).map(move |q| (p, q))) {
            if self.split() {
                let _ = writeln!(
                    product,
                    "            var slice_sum_{p}_{q} = coop_mat16x16<f32, C>();"
                );
                let _ = writeln!(
                    finish,
                    "            sum_{p}_{q} = sum_{p}_{q} + slice_sum_{p}_{q};"
                );
            }
        }
        let _ = writeln!(product, "            for (var k = 0u; k < {depth}u; k += 4u) {{");
        for part in parts {
            for p in 0..pixels {
                let _ = writeln!(
                    product,
                    "                let a_{part}_{p} = coopLoadT<coop_mat16x16<f16, A>>(&image_{part}[(row \
                    + {}u) * {image_stride}u + k], {image_stride}u);",
                    p * MATRIX
                );
            }
        }
        for q in 0..channels {
            for part in parts {
                let _ = writeln!(
                    product,
                    "                let b_{part}_{q} = coopLoadT<coop_mat16x16<f16, B>>(&weights_{part}[k \
                    * {}u + column + {}u], {weight_stride}u);",
                    4 * weight_stride,
                    q * MATRIX / 4
                );
            }
            for [image, weight] in products {
                for p in 0..pixels {
                    let _ = writeln!(
                        product,
                        "                {sum}_{p}_{q} = coopMultiplyAdd(a_{image}_{p}, b_{weight}_{q}, \
                        {sum}_{p}_{q});"
                    );
                }
            }
        }
        product += "            }\n";
        product += &finish;
        product
    }

    /// Stores the sums, matrix by matrix through workgroup memory.
    fn store_matrices(&self, [pixels, channels]: [u32; 2]) -> String {
        let mut store = String::new();
        for p in 0..pixels {
            for q in 0..channels {
                let _ = writeln!(
                    store,
                    "    workgroupBarrier();\n    coopStoreT(sum_{p}_{q}, &staging[staged], 4u);\n    \
                    workgroupBarrier();\n    \
                     for (var part = own; part < 64u; part += {SUBGROUP}u) {{\n        \
                     let index = tile_pixel + row + {}u + part / 4u;\n        \
                     let quad = tile_quad + column + {}u + part % 4u;\n        \
                     if (index < total && quad < shape.out_quads) {{\n            \
                     let at = index * shape.out_quads + quad;\n            \
                     output[at] = {}(staging[staged + part] + bias[quad]{});\n        }}\n    }}",
                    p * MATRIX,
                    q * MATRIX / 4,
                    self.output.quad(),
                    self.addend("vec4<f32>"),
                );
            }
        }
        store
    }
}
