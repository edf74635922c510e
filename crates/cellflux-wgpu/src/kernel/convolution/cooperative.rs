//! The workgroup's tile in cooperative matrices: 16x16 blocks that a subgroup multiplies in one go, f16 in, f32 sums.

use std::fmt::Write as _;

use super::tile::{MATRIX, SUBGROUP};
use super::{Convolution, SHAPE, Slices};
use crate::wgsl::Shader;

/// Quads between the rows of a slice, so that the rows of a matrix lie in different banks of workgroup memory.
pub(super) const PADDING: u32 = 2;

impl Convolution {
    /// The shader in which `rows` x `columns` subgroups each own `pixels` x `channels` matrices of sums.
    pub(super) fn cooperative(
        &self,
        [rows, columns]: [u32; 2],
        pixels: u32,
        channels: u32,
        depth: u32,
    ) -> Shader {
        debug_assert!(self.stored_in_half(), "the cooperative kernel multiplies f16");
        let slices = Slices {
            threads: rows * columns * SUBGROUP,
            pixels: rows * pixels * MATRIX,
            quads: columns * channels * MATRIX / 4,
            depth,
        };
        let image_stride = depth + PADDING;
        let weight_stride = slices.quads + PADDING;
        let mut begin = self.begin_fetching(&slices);
        for p in 0..pixels {
            for q in 0..channels {
                let _ = writeln!(begin, "    var sum_{p}_{q}: coop_mat16x16<f32, C>;");
            }
        }

        let mut product = format!("            for (var k = 0u; k < {depth}u; k += 4u) {{\n");
        for p in 0..pixels {
            let _ = writeln!(
                product,
                "                let a_{p} = coopLoadT<coop_mat16x16<f16, A>>(&image_slice[(row + {}u) * {image_stride}u + k], {image_stride}u);",
                p * MATRIX
            );
        }
        for q in 0..channels {
            let _ = writeln!(
                product,
                "                let b_{q} = coopLoadT<coop_mat16x16<f16, B>>(&weight_slice[k * {}u + column + {}u], {weight_stride}u);",
                4 * weight_stride,
                q * MATRIX / 4
            );
            for p in 0..pixels {
                let _ = writeln!(
                    product,
                    "                sum_{p}_{q} = coopMultiplyAdd(a_{p}, b_{q}, sum_{p}_{q});"
                );
            }
        }
        product += "            }\n";
        let accumulate = self.accumulate(
            &slices,
            &product,
            |load| {
                format!(
                    "image_slice[item_{load} / {depth}u * {image_stride}u + depth_{load}] = image_{load};"
                )
            },
            |load| {
                format!(
                    "weight_slice[channel_{load} * {weight_stride}u + (lane + {}u) % {}u] = weight_{load};",
                    load * slices.threads,
                    slices.quads
                )
            },
        );

        let mut store = String::new();
        for p in 0..pixels {
            for q in 0..channels {
                let _ = writeln!(
                    store,
                    "    workgroupBarrier();\n    coopStoreT(sum_{p}_{q}, &staging[staged], 4u);\n    workgroupBarrier();\n    \
                     for (var part = own; part < 64u; part += {SUBGROUP}u) {{\n        \
                     let index = tile_pixel + row + {}u + part / 4u;\n        \
                     let quad = tile_quad + column + {}u + part % 4u;\n        \
                     if (index < total && quad < shape.out_quads) {{\n            \
                     let at = index * shape.out_quads + quad;\n            \
                     output[at] = {}(staging[staged + part] + bias[quad]{});\n        }}\n    }}",
                    p * MATRIX,
                    q * MATRIX / 4,
                    self.output.quad(),
                    self.addend(),
                );
            }
        }
        Shader::new(
            "convolution_cooperative",
            include_str!("../../../shaders/convolution_cooperative.wgsl"),
            &[
                ("shape", SHAPE),
                ("bindings", &self.bindings()),
                ("threads", &slices.threads.to_string()),
                ("rows", &rows.to_string()),
                ("columns", &columns.to_string()),
                ("subgroup_pixels", &(pixels * MATRIX).to_string()),
                ("subgroup_quads", &(channels * MATRIX / 4).to_string()),
                ("tile_pixels", &slices.pixels.to_string()),
                ("tile_quads", &slices.quads.to_string()),
                ("image_slice", &(slices.pixels * image_stride).to_string()),
                ("weight_slice", &(4 * depth * weight_stride).to_string()),
                ("staging", &(MATRIX * MATRIX / 4 * rows * columns).to_string()),
                ("taps", &self.taps().to_string()),
                ("begin", &begin),
                ("taps_of_pixels", &self.taps_of_fetches(&slices)),
                ("accumulate", &accumulate),
                ("store", &store),
            ],
        )
    }
}
