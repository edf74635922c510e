//! A tile of the product for a workgroup, slices of both factors shared through workgroup memory.

use std::fmt::Write as _;

use super::{Convolution, Slices};
use crate::wgsl::Shader;

impl Convolution {
    /// The shader in which `rows` x `columns` invocations each multiply `pixels` pixels by `quads` quads.
    pub(super) fn workgroup(&self, [rows, columns]: [u32; 2], pixels: u32, quads: u32, depth: u32) -> Shader {
        let slices = Slices {
            threads: rows * columns,
            pixels: rows * pixels,
            quads: columns * quads,
            depth,
        };
        let (tile_pixels, tile_quads) = (slices.pixels, slices.quads);
        let mut begin = String::new();
        for q in 0..quads {
            let _ = writeln!(
                begin,
                "    let own_quad_{q} = tile_quad + column + {}u;",
                q * columns
            );
            for p in 0..pixels {
                let _ = writeln!(
                    begin,
                    "    var sum_{p}_{q} = bias[min(own_quad_{q}, shape.out_quads - 1u)];"
                );
            }
        }
        begin += &self.begin_fetching(&slices);

        let mut product = format!("            for (var k = 0u; k < {depth}u; k++) {{\n");
        for p in 0..pixels {
            let _ = writeln!(
                product,
                "                let a_{p} = image_slice[k * {tile_pixels}u + row + {}u];",
                p * rows
            );
        }
        product += &Self::multiply(pixels, quads, "                ", |name, q, lane| {
            format!(
                "let {name} = weight_slice[(k * 4u + {lane}u) * {tile_quads}u + column + {}u];",
                q * columns
            )
        });
        product += "            }\n";
        let accumulate = self.accumulate(
            &slices,
            &product,
            |load| {
                format!(
                    "image_slice[depth_{load} * {tile_pixels}u + item_{load} / {depth}u] = \
                    vec4<f32>(image_{load});"
                )
            },
            |load| {
                format!(
                    "weight_slice[lane + {}u] = {};",
                    load * slices.threads,
                    self.weight.widen(&format!("weight_{load}"))
                )
            },
        );
        Shader::new(
            "convolution_workgroup",
            include_str!("../../../shaders/convolution_workgroup.wgsl"),
            &[
                ("bindings", &self.bindings()),
                ("threads", &slices.threads.to_string()),
                ("rows", &rows.to_string()),
                ("columns", &columns.to_string()),
                ("pixels", &pixels.to_string()),
                ("quads", &quads.to_string()),
                ("depth", &depth.to_string()),
                ("tile_pixels", &tile_pixels.to_string()),
                ("tile_quads", &tile_quads.to_string()),
                ("image_slice", &slices.image_items().to_string()),
                ("weight_slice", &slices.weight_items().to_string()),
                ("taps", &self.taps().to_string()),
                ("begin", &begin),
                ("taps_of_pixels", &self.taps_of_fetches(&slices)),
                ("accumulate", &accumulate),
                (
                    "store",
                    &self.store(
                        pixels,
                        quads,
                        |p| format!("tile_pixel + row + {}u", p * rows),
                        |q| format!("own_quad_{q}"),
                    ),
                ),
            ],
        )
    }
}
