//! 3x3 (zero padding 1) and 1x1 convolution as an implicit matrix product.
//!
//! Buffers: weights `[taps, in quads, out quads, 4]` quads (see [`crate::weights`]), bias, input, then, if joined, the
//! second input (concatenated after the first on channels), then, for [`Residual::Added`], the residual, then the output.

use std::fmt::Write as _;

use bytemuck::NoUninit;

use crate::Precision;
use crate::dispatch::{Dispatch, LANES};
use crate::wgsl::{Shader, read_only, read_write};

/// How a convolution is cut into pieces for the device's invocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tile {
    /// Every invocation multiplies a block of its own straight from the buffers.
    Registers {
        /// Output pixels of an invocation.
        pixels: u32,
        /// Quads of output channels of an invocation.
        quads: u32,
    },
    /// A workgroup shares slices of the image and of the weights through workgroup memory.
    Workgroup {
        /// Invocations along the pixels.
        rows: u32,
        /// Invocations along the channels.
        columns: u32,
        /// Output pixels of an invocation.
        pixels: u32,
        /// Quads of output channels of an invocation.
        quads: u32,
        /// Quads of input channels fetched at a time.
        depth: u32,
    },
}

impl Tile {
    /// The shape that suits an adapter and a layer of so many output pixels an image and quads of output channels.
    pub(crate) fn suited(software: bool, pixels: u32, out_quads: u32) -> Self {
        if software || out_quads < 4 {
            return Self::Registers {
                pixels: 8,
                quads: out_quads.min(2),
            };
        }
        Self::Workgroup {
            rows: 8,
            columns: 8,
            pixels: if pixels >= 2048 { 8 } else { 4 },
            quads: if out_quads >= 16 { 2 } else { 1 },
            depth: 4,
        }
    }

    /// Output pixels and quads of output channels of one workgroup.
    pub(crate) fn extent(self) -> [u32; 2] {
        match self {
            Self::Registers { pixels, quads } => [LANES * pixels, quads],
            Self::Workgroup {
                rows,
                columns,
                pixels,
                quads,
                ..
            } => [rows * pixels, columns * quads],
        }
    }
}

/// What is added to the product besides the bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Residual {
    /// Nothing.
    None,
    /// A buffer of the output's shape.
    Added,
    /// What the output buffer holds already.
    InPlace,
}

/// The parts of a convolution that decide its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Convolution {
    /// 3 or 1.
    pub kernel: u32,
    /// 1 or 2.
    pub stride: u32,
    /// Whether the input is read as if up-sampled by two, nearest.
    pub upsampled: bool,
    /// Whether two inputs are read as one, concatenated on channels.
    pub joined: bool,
    /// What else is added.
    pub residual: Residual,
    /// Storage of the inputs.
    pub input: Precision,
    /// Storage of the weights.
    pub weight: Precision,
    /// Storage of the residual and the output.
    pub output: Precision,
    /// The division of labour.
    pub tile: Tile,
}

/// The parts of a convolution that are uniforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, NoUninit)]
#[repr(C)]
pub(crate) struct ConvolutionShape {
    pub images: u32,
    pub in_height: u32,
    pub in_width: u32,
    pub out_height: u32,
    pub out_width: u32,
    /// Quads of the first input's pixels, and of the second's.
    pub in_quads: [u32; 2],
    pub out_quads: u32,
}

impl Convolution {
    /// The output's height or width for the input's.
    pub(crate) fn out_side(&self, side: u32) -> u32 {
        if self.upsampled {
            2 * side
        } else {
            side / self.stride
        }
    }

    /// The call for this shape.
    pub(crate) fn dispatch(&self, shape: &ConvolutionShape) -> Dispatch {
        let pixels = shape.images * shape.out_height * shape.out_width;
        let [tile_pixels, tile_quads] = self.tile.extent();
        let workgroups = [
            pixels.div_ceil(tile_pixels),
            shape.out_quads.div_ceil(tile_quads),
            1,
        ];
        let inner = 4.0 * f64::from(self.taps() * (shape.in_quads[0] + shape.in_quads[1]));
        let flops = 8.0 * f64::from(pixels) * f64::from(shape.out_quads) * inner;
        Dispatch::new(self.shader(), shape, workgroups, flops)
    }

    fn taps(&self) -> u32 {
        self.kernel * self.kernel
    }

    /// The specialised shader.
    pub(crate) fn shader(&self) -> Shader {
        match self.tile {
            Tile::Registers { pixels, quads } => self.registers(pixels, quads),
            Tile::Workgroup {
                rows,
                columns,
                pixels,
                quads,
                depth,
            } => self.workgroup([rows, columns], pixels, quads, depth),
        }
    }

    fn bindings(&self) -> String {
        let mut text = read_only(1, "weights", self.weight.quad());
        text += &read_only(2, "bias", "vec4<f32>");
        text += &read_only(3, "input_0", self.input.quad());
        let mut next = 4;
        if self.joined {
            text += &read_only(next, "input_1", self.input.quad());
            next += 1;
        }
        if self.residual == Residual::Added {
            text += &read_only(next, "residual", self.output.quad());
            next += 1;
        }
        text + &read_write(next, "output", self.output.quad())
    }

    /// Declares where the middle tap of output pixel `index` falls, under names that end in `name`. Written out and not
    /// a WGSL function, because SwiftShader takes tens of seconds to compile a dozen calls.
    fn locate(&self, name: u32, index: &str) -> String {
        let stride = self.stride;
        format!(
            "    let index_{name} = min({index}, total - 1u);
    let x_{name} = i32(index_{name} % shape.out_width * {stride}u);
    let y_{name} = i32(index_{name} / shape.out_width % shape.out_height * {stride}u);
    let image_{name} = index_{name} / (shape.out_width * shape.out_height) * shape.in_height * shape.in_width;
"
        )
    }

    /// Declares the input pixel under the tap, and whether it is inside the image (outside counts as zero).
    fn look(&self, name: u32) -> String {
        if self.kernel == 1 {
            return format!(
                "        let pixel_{name} = image_{name} + u32(y_{name}) * shape.in_width + u32(x_{name});\n"
            );
        }
        let (scale, shift) = if self.upsampled { (2, 1) } else { (1, 0) };
        // A negative coordinate becomes a huge one.
        format!(
            "        let under_y_{name} = u32(y_{name} + dy);
        let under_x_{name} = u32(x_{name} + dx);
        let inside_{name} = (under_y_{name} < shape.in_height * {scale}u) & (under_x_{name} < shape.in_width * {scale}u);
        let pixel_{name} = select(
            0u,
            image_{name} + (under_y_{name} >> {shift}u) * shape.in_width + (under_x_{name} >> {shift}u),
            inside_{name},
        );
"
        )
    }

    /// Whether the input pixel under the tap is inside the image.
    fn inside(&self, name: u32) -> String {
        if self.kernel == 1 {
            "true".into()
        } else {
            format!("inside_{name}")
        }
    }

    /// The tap's offset from the middle.
    fn offset(&self) -> &'static str {
        if self.kernel == 1 {
            ""
        } else {
            "        let dy = i32(tap / 3u) - 1;\n        let dx = i32(tap % 3u) - 1;\n"
        }
    }

    fn sources(&self) -> &'static [usize] {
        if self.joined { &[0, 1] } else { &[0] }
    }

    /// `sum += a.x w0 + a.y w1 + a.z w2 + a.w w3` for every pixel and quad of a block.
    fn multiply(pixels: u32, quads: u32, indent: &str, weight: impl Fn(u32, u32) -> String) -> String {
        let mut text = String::new();
        for q in 0..quads {
            for lane in 0..4 {
                let _ = writeln!(text, "{indent}let w_{q}_{lane} = {};", weight(q, lane));
            }
            for p in 0..pixels {
                let _ = writeln!(
                    text,
                    "{indent}sum_{p}_{q} += a_{p}.x * w_{q}_0 + a_{p}.y * w_{q}_1 + a_{p}.z * w_{q}_2 + a_{p}.w * w_{q}_3;"
                );
            }
        }
        text
    }

    /// Writes a block's sums, `index(p)` and `quad(q)` being expressions of the output pixel and quad.
    fn store(
        &self,
        pixels: u32,
        quads: u32,
        index: impl Fn(u32) -> String,
        quad: impl Fn(u32) -> String,
    ) -> String {
        let stored = self.output.quad();
        let mut text = String::new();
        for p in 0..pixels {
            let _ = writeln!(text, "    if ({} < total) {{", index(p));
            for q in 0..quads {
                let added = match self.residual {
                    Residual::None => "",
                    Residual::Added => " + vec4<f32>(residual[at])",
                    Residual::InPlace => " + vec4<f32>(output[at])",
                };
                let _ = writeln!(
                    text,
                    "        if ({quad} < shape.out_quads) {{\n            let at = ({index}) * shape.out_quads + {quad};\n            \
                     output[at] = {stored}(sum_{p}_{q}{added});\n        }}",
                    quad = quad(q),
                    index = index(p),
                );
            }
            text += "    }\n";
        }
        text
    }

    fn registers(&self, pixels: u32, quads: u32) -> Shader {
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
            accumulate += &Self::multiply(pixels, quads, "                ", |q, lane| {
                format!("vec4<f32>(weights[(row + quad_{q}) * 4u + {lane}u])")
            });
            accumulate += "            }\n        }\n";
        }
        Shader::new(
            "convolution_registers",
            include_str!("../../shaders/convolution_registers.wgsl"),
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

    /// Fetches one slice of the image and of the weights into workgroup memory.
    fn fetch(&self, threads: u32, [tile_pixels, tile_quads]: [u32; 2], depth: u32, source: usize) -> String {
        let before = if source == 0 { "0u" } else { "shape.in_quads_0" };
        let (image_slice, weight_slice) = (tile_pixels * depth, tile_quads * depth * 4);
        let image_loads = image_slice.div_ceil(threads);
        let weight_loads = weight_slice.div_ceil(threads);
        let mut text = String::new();
        for load in 0..image_loads {
            let guard = guard(load, image_loads, image_slice, threads);
            let _ = writeln!(
                text,
                "            {guard}{{\n                \
                 let quad = slice + depth_{load};\n                \
                 let known = {inside} & (quad < shape.in_quads_{source});\n                \
                 let at = select(0u, pixel_{load} * shape.in_quads_{source} + quad, known);\n                \
                 image_slice[depth_{load} * {tile_pixels}u + item_{load} / {depth}u] =\n                    \
                 select(vec4<f32>(0.0), vec4<f32>(input_{source}[at]), known);\n            }}",
                inside = self.inside(load),
            );
        }
        for load in 0..weight_loads {
            let guard = guard(load, weight_loads, weight_slice, threads);
            // Items run over the four channels of a quad first, then output quads, then depth: as the buffer does.
            let _ = writeln!(
                text,
                "            {guard}{{\n                \
                 let item = lane + {offset}u;\n                \
                 let out_quad = min(tile_quad + (item / 4u) % {tile_quads}u, shape.out_quads - 1u);\n                \
                 let quad = min(slice + item / {per_depth}u, shape.in_quads_{source} - 1u);\n                \
                 let at = ((tap * in_quads + {before} + quad) * shape.out_quads + out_quad) * 4u + item % 4u;\n                \
                 weight_slice[item] = vec4<f32>(weights[at]);\n            }}",
                offset = load * threads,
                per_depth = 4 * tile_quads,
            );
        }
        text
    }

    fn workgroup(&self, [rows, columns]: [u32; 2], pixels: u32, quads: u32, depth: u32) -> Shader {
        let threads = rows * columns;
        let (tile_pixels, tile_quads) = (rows * pixels, columns * quads);
        let (image_slice, weight_slice) = (tile_pixels * depth, tile_quads * depth * 4);
        let image_loads = image_slice.div_ceil(threads);

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
        // Neighbouring invocations fetch neighbouring quads of one pixel.
        for load in 0..image_loads {
            let _ = writeln!(
                begin,
                "    let item_{load} = lane + {}u;\n    \
                 let depth_{load} = item_{load} % {depth}u;",
                load * threads
            );
            begin += &self.locate(load, &format!("tile_pixel + item_{load} / {depth}u"));
        }
        let mut taps_of_pixels = self.offset().to_owned();
        for load in 0..image_loads {
            taps_of_pixels += &self.look(load);
        }
        let mut accumulate = String::new();
        for source in self.sources() {
            let _ = writeln!(
                accumulate,
                "        for (var slice = 0u; slice < shape.in_quads_{source}; slice += {depth}u) {{\n            \
                 workgroupBarrier();"
            );
            accumulate += &self.fetch(threads, [tile_pixels, tile_quads], depth, *source);
            let _ = writeln!(
                accumulate,
                "            workgroupBarrier();\n            for (var k = 0u; k < {depth}u; k++) {{"
            );
            for p in 0..pixels {
                let _ = writeln!(
                    accumulate,
                    "                let a_{p} = image_slice[k * {tile_pixels}u + row + {}u];",
                    p * rows
                );
            }
            accumulate += &Self::multiply(pixels, quads, "                ", |q, lane| {
                format!(
                    "weight_slice[(k * {tile_quads}u + column + {}u) * 4u + {lane}u]",
                    q * columns
                )
            });
            accumulate += "            }\n        }\n";
        }
        Shader::new(
            "convolution_workgroup",
            include_str!("../../shaders/convolution_workgroup.wgsl"),
            &[
                ("bindings", &self.bindings()),
                ("threads", &threads.to_string()),
                ("rows", &rows.to_string()),
                ("columns", &columns.to_string()),
                ("pixels", &pixels.to_string()),
                ("quads", &quads.to_string()),
                ("depth", &depth.to_string()),
                ("tile_pixels", &tile_pixels.to_string()),
                ("tile_quads", &tile_quads.to_string()),
                ("image_slice", &image_slice.to_string()),
                ("weight_slice", &weight_slice.to_string()),
                ("taps", &self.taps().to_string()),
                ("begin", &begin),
                ("taps_of_pixels", &taps_of_pixels),
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

/// A condition for the last round of loads when the slice does not fill it.
fn guard(load: u32, loads: u32, items: u32, threads: u32) -> String {
    if load + 1 == loads && !items.is_multiple_of(threads) {
        format!("if (lane + {}u < {items}u) ", load * threads)
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::{Numbers, bound, distance, gpu, precisions, run};

    /// Every kernel is tested with each of these.
    const TILES: [Tile; 6] = [
        Tile::Registers { pixels: 1, quads: 1 },
        Tile::Registers { pixels: 8, quads: 2 },
        Tile::Registers { pixels: 3, quads: 4 },
        Tile::Workgroup {
            rows: 8,
            columns: 8,
            pixels: 8,
            quads: 2,
            depth: 4,
        },
        Tile::Workgroup {
            rows: 8,
            columns: 8,
            pixels: 4,
            quads: 1,
            depth: 4,
        },
        Tile::Workgroup {
            rows: 4,
            columns: 4,
            pixels: 3,
            quads: 2,
            depth: 3,
        },
    ];

    /// Random inputs of one case, as channels (whole quads) of NHWC images.
    struct Case {
        kernel: Convolution,
        shape: ConvolutionShape,
        weights: Vec<f32>,
        bias: Vec<f32>,
        inputs: [Vec<f32>; 2],
        residual: Vec<f32>,
    }

    impl Case {
        fn new(numbers: &mut Numbers, tile: Tile, precision: Precision) -> Self {
            let kernel = if numbers.coin() { 3 } else { 1 };
            let upsampled = kernel == 3 && numbers.coin();
            let stride = if kernel == 3 && !upsampled && numbers.coin() {
                2
            } else {
                1
            };
            let joined = numbers.coin();
            let kernel = Convolution {
                kernel,
                stride,
                upsampled,
                joined,
                residual: [Residual::None, Residual::Added, Residual::InPlace]
                    [numbers.between(0, 2) as usize],
                input: precision,
                weight: precision,
                output: precision,
                tile,
            };
            let [in_height, in_width] = [0, 1].map(|_| stride * numbers.between(1, 13));
            let in_quads = [
                numbers.between(1, 9),
                if joined { numbers.between(1, 9) } else { 0 },
            ];
            let shape = ConvolutionShape {
                images: numbers.between(1, 3),
                in_height,
                in_width,
                out_height: kernel.out_side(in_height),
                out_width: kernel.out_side(in_width),
                in_quads,
                out_quads: numbers.between(1, 11),
            };
            let in_pixels = shape.images * in_height * in_width;
            let outputs = shape.images * shape.out_height * shape.out_width * shape.out_quads * 4;
            let channels = 4 * (in_quads[0] + in_quads[1]);
            Self {
                kernel,
                shape,
                weights: numbers.values((kernel.taps() * channels * shape.out_quads * 4) as usize),
                bias: numbers.values(4 * shape.out_quads as usize),
                inputs: in_quads.map(|quads| numbers.values((in_pixels * quads * 4) as usize)),
                residual: numbers.values(outputs as usize),
            }
        }

        /// The definition, in f64.
        fn twin(&self) -> Vec<f64> {
            let ConvolutionShape {
                images,
                in_height,
                in_width,
                out_height,
                out_width,
                in_quads,
                out_quads,
            } = self.shape;
            let Convolution { kernel, stride, .. } = self.kernel;
            let scale = if self.kernel.upsampled { 2 } else { 1 };
            let widths = in_quads.map(|quads| quads as usize * 4);
            let outputs = out_quads as usize * 4;
            let mut result = Vec::new();
            for image in 0..images {
                for y in 0..out_height {
                    for x in 0..out_width {
                        let mut sums: Vec<f64> = self.bias.iter().map(|b| f64::from(*b)).collect();
                        for tap in 0..self.kernel.taps() {
                            let margin = i64::from(kernel / 2);
                            let iy = i64::from(y * stride + tap / kernel) - margin;
                            let ix = i64::from(x * stride + tap % kernel) - margin;
                            let inside = |at: i64, side: u32| (0..i64::from(side * scale)).contains(&at);
                            if !inside(iy, in_height) || !inside(ix, in_width) {
                                continue;
                            }
                            let pixel = (i64::from(image * in_height) + iy / i64::from(scale))
                                * i64::from(in_width)
                                + ix / i64::from(scale);
                            let values = (0..2).flat_map(|source| {
                                let first = pixel as usize * widths[source];
                                &self.inputs[source][first..first + widths[source]]
                            });
                            for (channel, value) in values.enumerate() {
                                for (output, sum) in sums.iter_mut().enumerate() {
                                    let quad = tap as usize * (widths[0] + widths[1]) / 4 + channel / 4;
                                    let block = quad * out_quads as usize + output / 4;
                                    let weight = self.weights[(block * 4 + channel % 4) * 4 + output % 4];
                                    *sum += f64::from(*value) * f64::from(weight);
                                }
                            }
                        }
                        result.extend(sums);
                    }
                }
            }
            assert_eq!(result.len(), (images * out_height * out_width) as usize * outputs);
            if self.kernel.residual != Residual::None {
                for (sum, residual) in result.iter_mut().zip(&self.residual) {
                    *sum += f64::from(*residual);
                }
            }
            result
        }

        fn run(&self, gpu: &crate::Gpu) -> Vec<f32> {
            let precision = self.kernel.output;
            let mut inputs = vec![
                precision.encode(&self.weights),
                Precision::F32.encode(&self.bias),
                precision.encode(&self.inputs[0]),
            ];
            if self.kernel.joined {
                inputs.push(precision.encode(&self.inputs[1]));
            }
            let residual = precision.encode(&self.residual);
            if self.kernel.residual == Residual::Added {
                inputs.push(residual.clone());
            }
            precision.decode(&run(gpu, &self.kernel.dispatch(&self.shape), &inputs, &residual))
        }
    }

    #[test]
    fn every_tile_equals_the_definition_on_odd_sizes() {
        let Some(gpu) = gpu() else { return };
        for precision in precisions(gpu) {
            for (tile_index, tile) in (0..).zip(TILES) {
                for seed in 0..6 {
                    let case = Case::new(&mut Numbers::new(1000 * tile_index + seed), tile, precision);
                    let error = distance(&case.run(gpu), &case.twin());
                    assert!(
                        error <= bound(precision),
                        "{error:e} in {:?} {:?}",
                        case.kernel,
                        case.shape
                    );
                }
            }
        }
    }

    #[test]
    fn an_f32_image_goes_in_and_an_f32_velocity_comes_out_of_an_f16_network() {
        let Some(gpu) = gpu() else { return };
        for precision in precisions(gpu) {
            let mut case = Case::new(&mut Numbers::new(7), TILES[1], Precision::F32);
            case.kernel.weight = precision;
            let mut inputs = vec![
                precision.encode(&case.weights),
                Precision::F32.encode(&case.bias),
                Precision::F32.encode(&case.inputs[0]),
            ];
            case.kernel.joined = false;
            case.kernel.residual = Residual::None;
            case.shape.in_quads[1] = 0;
            case.inputs[1].clear();
            inputs.truncate(3);
            let output = vec![0; case.residual.len() * 4];
            let found = run(gpu, &case.kernel.dispatch(&case.shape), &inputs, &output);
            // Weights are f16 numbers and sums f32, so only the output's rounding is left, and it is f32's.
            let error = distance(&Precision::F32.decode(&found), &case.twin());
            assert!(
                error <= bound(Precision::F32),
                "{error:e} with {precision} weights"
            );
        }
    }

    #[test]
    fn default_tiles_fit_default_limits() {
        for (pixels, out_quads) in [(16, 8), (4096, 64), (64, 1), (9216, 16)] {
            for software in [false, true] {
                if let Tile::Workgroup {
                    rows,
                    columns,
                    pixels,
                    quads,
                    depth,
                } = Tile::suited(software, pixels, out_quads)
                {
                    let bytes = 16 * depth * (rows * pixels + 4 * columns * quads);
                    assert!(bytes <= 16_384 && rows * columns <= 256);
                }
            }
        }
    }
}
