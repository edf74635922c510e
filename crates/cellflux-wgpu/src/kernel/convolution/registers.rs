//! One register block per invocation, no workgroup memory: best where workgroup memory is ordinary memory.

use std::fmt::Write as _;

use super::Convolution;
use crate::wgsl::Shader;

impl Convolution {
    /// The shader in which every invocation multiplies `pixels` pixels by `quads` quads of outputs.
    pub(super) fn registers(&self, pixels: u32, quads: u32) -> Shader {
        let mut begin = String::new();
        for q in 0..quads {
            // Surplus quads repeat the last one and are not stored.
            let _ = writeln!(
                begin,
                "    let quad_{q} = min(first_quad + {q}u, shape.out_quads - 1u);"
            );
        }
        for p in 0..pixels {
            begin += &self.locate(p, &format!("first_pixel + {p}u"));
            for q in 0..quads {
                let _ = writeln!(begin, "    var sum_{p}_{q} = bias[quad_{q}];");
            }
        }
        let mut taps_of_pixels = self.offset().to_owned();
        for p in 0..pixels {
            taps_of_pixels += &self.look(p);
        }
        let mut accumulate = String::new();
        for source in self.sources() {
            let before = if *source == 0 { "0u" } else { "shape.in_quads_0" };
            accumulate += "        {\n";
            for p in 0..pixels {
                let _ = writeln!(
                    accumulate,
                    "            let base_{p} = pixel_{p} * shape.in_quads_{source};"
                );
            }
            let _ = writeln!(
                accumulate,
                "            for (var quad = 0u; quad < shape.in_quads_{source}; quad++) {{\n                \
                 let row = (tap * in_quads + {before} + quad) * shape.out_quads;"
            );
            for p in 0..pixels {
                let read = format!("vec4<f32>(input_{source}[base_{p} + quad])");
                let value = if self.kernel == 1 {
                    read
                } else {
                    format!("select(vec4<f32>(0.0), {read}, inside_{p})")
                };
                let _ = writeln!(accumulate, "                let a_{p} = {value};");
            }
            accumulate += &Self::multiply(pixels, quads, "                ", |name, q, lane| {
                let place = format!("weights[(row + quad_{q}) * 4u + {lane}u]");
                self.weight.read(name, &place)
            });
            accumulate += "            }\n        }\n";
        }
        Shader::new(
            "convolution_registers",
            include_str!("../../../shaders/convolution_registers.wgsl"),
            &[
                ("bindings", &self.bindings()),
                ("pixels", &pixels.to_string()),
                ("quads", &quads.to_string()),
                ("taps", &self.taps().to_string()),
                ("begin", &begin),
                ("taps_of_pixels", &taps_of_pixels),
                ("accumulate", &accumulate),
                (
                    "store",
                    &self.store(
                        pixels,
                        quads,
                        |p| format!("first_pixel + {p}u"),
                        |q| format!("first_quad + {q}u"),
                    ),
                ),
            ],
        )
    }
}
