//! 3x3 convolution with a quarter of the multiplications: Winograd's F(4x4, 3x3), after Lavin and Gray, "Fast
//! algorithms for convolutional neural networks", arXiv:1509.09308.
//!
//! Every 4x4 outputs come from a 6x6 patch of the input. Patches and kernels are transformed to 36 points
//! each, multiplied point by point, summed over the input channels, and transformed back: 36 products where
//! the plain sum needs 144. The points are f32 whatever the network's storage is, because the transforms take
//! differences of numbers up to ten times as large. That costs memory and traffic, so it pays where
//! arithmetic and loads are expensive and memory is cached: on CPUs.
//!
//! Three calls: [`Winograd::patches`] (input, points of the patches), [`Winograd::product`] (points of the
//! kernels, points of the patches, points of the outputs) and [`Winograd::outputs`] (points of the outputs,
//! bias, residual if added, output). Points lie `[36, patches, quads]`, the kernels' `[36, in quads, out
//! quads, 4]`.

use std::fmt::Write as _;

use bytemuck::NoUninit;

use super::convolution::{Convolution, ConvolutionShape, Residual};
use crate::dispatch::{Dispatch, LANES, cover};
use crate::wgsl::{Shader, read_only, read_write};

/// Points of a patch.
pub(crate) const POINTS: usize = 36;
/// Height and width of the outputs of a patch.
const OUTPUTS: u32 = 4;
/// Invocations of a workgroup of the product.
const WORKERS: u32 = 32;

/// The parts that decide the code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Winograd {
    /// The convolution that it computes: 3x3, stride 1, one input.
    pub convolution: Convolution,
    /// Patches per invocation of the product.
    pub patches: u32,
    /// Quads of output channels per invocation of the product.
    pub quads: u32,
}

/// The uniforms of all three calls.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
struct Uniforms {
    images: u32,
    /// Of the output.
    height: u32,
    width: u32,
    rows: u32,
    columns: u32,
    in_quads: u32,
    out_quads: u32,
    padding: u32,
}

impl Winograd {
    /// Patches of a shape.
    pub(crate) fn count(shape: &ConvolutionShape) -> u32 {
        let [rows, columns] = [shape.out_height, shape.out_width].map(|side| side.div_ceil(OUTPUTS));
        shape.images * rows * columns
    }

    /// Bytes of the points of this many quads per patch.
    pub(crate) fn bytes(shape: &ConvolutionShape, quads: u32) -> u64 {
        POINTS as u64 * u64::from(Self::count(shape)) * u64::from(quads) * 16
    }

    fn uniforms(shape: &ConvolutionShape) -> Uniforms {
        let [rows, columns] = [shape.out_height, shape.out_width].map(|side| side.div_ceil(OUTPUTS));
        Uniforms {
            images: shape.images,
            height: shape.out_height,
            width: shape.out_width,
            rows,
            columns,
            in_quads: shape.in_quads[0],
            out_quads: shape.out_quads,
            padding: 0,
        }
    }

    /// The input's patches as points.
    pub(crate) fn patches(&self, shape: &ConvolutionShape) -> Dispatch {
        let bindings =
            read_only(1, "input", self.convolution.input.scalar()) + &read_write(2, "points", "f32");
        let shift = u32::from(self.convolution.upsampled);
        let mut load = String::new();
        for i in 0..6 {
            let _ = writeln!(
                load,
                "    let y_{i} = 4u * row + {i}u - 1u;\n    \
                 let line_{i} = image + (min(y_{i}, shape.height - 1u) >> {shift}u) * (shape.width >> \
                 {shift}u);\n    \
                 let x_{i} = 4u * column + {i}u - 1u;\n    \
                 let under_{i} = min(x_{i}, shape.width - 1u) >> {shift}u;"
            );
        }
        for i in 0..6 {
            for j in 0..6 {
                let _ = writeln!(
                    load,
                    "    let d_{i}_{j} = select(0.0, f32(input[(line_{i} + under_{j}) * channels + \
                    channel]), \
                     (y_{i} < shape.height) & (x_{j} < shape.width));"
                );
            }
        }
        let mut transform = String::new();
        for j in 0..6 {
            let column: [String; 6] = std::array::from_fn(|i| format!("d_{i}_{j}"));
            for (i, value) in spread(&column).iter().enumerate() {
                let _ = writeln!(transform, "    let t_{i}_{j} = {value};");
            }
        }
        for i in 0..6 {
            let row: [String; 6] = std::array::from_fn(|j| format!("t_{i}_{j}"));
            for (j, value) in spread(&row).iter().enumerate() {
                let _ = writeln!(
                    transform,
                    "    points[{}u * stride + index] = {value};",
                    6 * i + j
                );
            }
        }
        let shader = Shader::new(
            "winograd_patches",
            include_str!("../../shaders/winograd_patches.wgsl"),
            &[
                ("bindings", &bindings),
                ("shift", &shift.to_string()),
                ("load", &load),
                ("transform", &transform),
            ],
        );
        let items = 4 * u64::from(Self::count(shape)) * u64::from(shape.in_quads[0]);
        Dispatch::new(shader, &Self::uniforms(shape), cover(items), items as f64 * 288.0)
    }

    /// The sums over the input channels, point by point.
    pub(crate) fn product(&self, shape: &ConvolutionShape) -> Dispatch {
        let Self { patches, quads, .. } = *self;
        let bindings = read_only(1, "kernels", "vec4<f32>")
            + &read_only(2, "patches", "vec4<f32>")
            + &read_write(3, "output", "vec4<f32>");
        let mut begin = String::new();
        for q in 0..quads {
            // Surplus quads and patches repeat the last one and are not stored.
            let _ = writeln!(
                begin,
                "    let quad_{q} = min(first_quad + {q}u, shape.out_quads - 1u);"
            );
        }
        for p in 0..patches {
            let _ = writeln!(
                begin,
                "    let base_{p} = (point * total + min(first_patch + {p}u, total - 1u)) * shape.in_quads;"
            );
            for q in 0..quads {
                let _ = writeln!(begin, "    var sum_{p}_{q} = vec4<f32>(0.0);");
            }
        }
        let mut accumulate = String::new();
        for p in 0..patches {
            let _ = writeln!(accumulate, "        let a_{p} = patches[base_{p} + quad];");
        }
        accumulate += &Convolution::multiply(patches, quads, "        ", |name, q, lane| {
            format!("let {name} = kernels[(row + quad_{q}) * 4u + {lane}u];")
        });
        let mut store = String::new();
        for p in 0..patches {
            for q in 0..quads {
                let _ = writeln!(
                    store,
                    "    if (first_patch + {p}u < total && first_quad + {q}u < shape.out_quads) {{\n        \
                     output[(point * total + first_patch + {p}u) * shape.out_quads + first_quad + {q}u] = \
                     sum_{p}_{q};\n    }}"
                );
            }
        }
        let shader = Shader::new(
            "winograd_product",
            include_str!("../../shaders/winograd_product.wgsl"),
            &[
                ("bindings", &bindings),
                ("workers", &WORKERS.to_string()),
                ("patches", &patches.to_string()),
                ("quads", &quads.to_string()),
                ("begin", &begin),
                ("accumulate", &accumulate),
                ("store", &store),
            ],
        );
        let count = Self::count(shape);
        let workgroups = [
            count.div_ceil(WORKERS * patches),
            shape.out_quads.div_ceil(quads),
            POINTS as u32,
        ];
        let multiplications = 16.0 * f64::from(shape.in_quads[0]) * f64::from(shape.out_quads);
        let flops = 2.0 * POINTS as f64 * f64::from(count) * multiplications;
        Dispatch::new(shader, &Self::uniforms(shape), workgroups, flops)
    }

    /// The outputs from their points, with bias and residual.
    pub(crate) fn outputs(&self, shape: &ConvolutionShape) -> Dispatch {
        let stored = self.convolution.output.scalar();
        let mut bindings = read_only(1, "points", "f32") + &read_only(2, "bias", "f32");
        let mut next = 3;
        if self.convolution.residual == Residual::Added {
            bindings += &read_only(next, "residual", stored);
            next += 1;
        }
        bindings += &read_write(next, "output", stored);
        let mut transform = String::new();
        for i in 0..6 {
            for j in 0..6 {
                let _ = writeln!(
                    transform,
                    "    let m_{i}_{j} = points[{}u * stride + index];",
                    6 * i + j
                );
            }
        }
        for j in 0..6 {
            let column: [String; 6] = std::array::from_fn(|i| format!("m_{i}_{j}"));
            for (i, value) in gather(&column).iter().enumerate() {
                let _ = writeln!(transform, "    let t_{i}_{j} = {value};");
            }
        }
        for i in 0..4 {
            let row: [String; 6] = std::array::from_fn(|j| format!("t_{i}_{j}"));
            for (j, value) in gather(&row).iter().enumerate() {
                let _ = writeln!(
                    transform,
                    "    if (4u * row + {i}u < shape.height && 4u * column + {j}u < shape.width) {{\n        \
                     let at = first + ({i}u * shape.width + {j}u) * channels;\n        \
                     output[at] = {stored}(bias[channel] + {value}{});\n    }}",
                    self.convolution.addend("f32")
                );
            }
        }
        let shader = Shader::new(
            "winograd_outputs",
            include_str!("../../shaders/winograd_outputs.wgsl"),
            &[("bindings", &bindings), ("transform", &transform)],
        );
        let items = 4 * u64::from(Self::count(shape)) * u64::from(shape.out_quads);
        Dispatch::new(shader, &Self::uniforms(shape), cover(items), items as f64 * 225.0)
    }
}

const _: () = assert!(LANES == 64, "the shaders' workgroups");

/// `B^T d`: six values of a patch's row or column to six points.
fn spread([a, b, c, d, e, f]: &[String; 6]) -> [String; 6] {
    [
        format!("4.0 * {a} - 5.0 * {c} + {e}"),
        format!("{d} + {e} - 4.0 * ({b} + {c})"),
        format!("{e} - {d} + 4.0 * ({b} - {c})"),
        format!("{e} - {c} + 2.0 * ({d} - {b})"),
        format!("{e} - {c} + 2.0 * ({b} - {d})"),
        format!("4.0 * {b} - 5.0 * {d} + {f}"),
    ]
}

/// `A^T m`: six points to four outputs.
fn gather([a, b, c, d, e, f]: &[String; 6]) -> [String; 4] {
    [
        format!("({a} + {b} + {c} + {d} + {e})"),
        format!("({b} - {c} + 2.0 * ({d} - {e}))"),
        format!("({b} + {c} + 4.0 * ({d} + {e}))"),
        format!("({b} - {c} + 8.0 * ({d} - {e}) + {f})"),
    ]
}

/// `G g G^T`: a 3x3 kernel to its points.
pub(crate) fn kernel_points(kernel: &[f32; 9]) -> [f32; POINTS] {
    let line = |a: f64, b: f64, c: f64| {
        [
            a / 4.0,
            -(a + b + c) / 6.0,
            -(a - b + c) / 6.0,
            (a + 2.0 * b + 4.0 * c) / 24.0,
            (a - 2.0 * b + 4.0 * c) / 24.0,
            c,
        ]
    };
    let at = |y: usize, x: usize| f64::from(kernel[3 * y + x]);
    let columns: [[f64; 6]; 3] = std::array::from_fn(|x| line(at(0, x), at(1, x), at(2, x)));
    let mut points = [0.0; POINTS];
    for (i, row) in points.as_chunks_mut::<6>().0.iter_mut().enumerate() {
        *row = line(columns[0][i], columns[1][i], columns[2][i]).map(|value| value as f32);
    }
    points
}
