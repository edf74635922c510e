//! 3x3 (zero padding 1) and 1x1 convolution as an implicit matrix product.
//!
//! Buffers: weights (in the tile's [`WeightOrder`]), bias, input, then, if joined, the
//! second input (concatenated after the first on channels), then, for [`Residual::Added`], the residual, then
//! the output.

mod cooperative;
mod registers;
mod slices;
mod tile;
mod workgroup;

use std::fmt::Write as _;

use bytemuck::NoUninit;

use self::slices::Slices;
pub use self::tile::Tile;
pub(crate) use self::tile::WeightOrder;
use crate::Precision;
use crate::dispatch::Dispatch;
use crate::weight_storage::WeightStorage;
use crate::wgsl::{Shader, read_only, read_write};

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
    pub weight: WeightStorage,
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
            Tile::Cooperative {
                rows,
                columns,
                pixels,
                channels,
                depth,
            } => self.cooperative([rows, columns], pixels, channels, depth),
            // Winograd consists of three kernels; this is the block of its product.
            Tile::Winograd { patches, quads } => self.registers(patches, quads),
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

    /// Declares where the middle tap of output pixel `index` falls, under names that end in `name`. Written
    /// out and not a WGSL function, because SwiftShader takes tens of seconds to compile a dozen calls.
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
        let inside_{name} = (under_y_{name} < shape.in_height * {scale}u) \
         & (under_x_{name} < shape.in_width * {scale}u);
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

    /// Adds `a.x w0 + a.y w1 + a.z w2 + a.w w3` to the sum of every pixel and quad of a block, product by
    /// product, so that each is one fused multiply-add and none is left over.
    /// `weight(name, q, lane)` is a statement that declares a weight under a name.
    pub(crate) fn multiply(
        pixels: u32,
        quads: u32,
        indent: &str,
        weight: impl Fn(&str, u32, u32) -> String,
    ) -> String {
        let mut text = String::new();
        for q in 0..quads {
            for lane in 0..4 {
                let _ = writeln!(text, "{indent}{}", weight(&format!("w_{q}_{lane}"), q, lane));
            }
            for p in 0..pixels {
                for (lane, part) in ["x", "y", "z", "w"].iter().enumerate() {
                    let _ = writeln!(text, "{indent}sum_{p}_{q} += a_{p}.{part} * w_{q}_{lane};");
                }
            }
        }
        text
    }

    /// What the residual adds to the output at `at`, as numbers of the type `sum`.
    pub(crate) fn addend(&self, sum: &str) -> String {
        match self.residual {
            Residual::None => String::new(),
            Residual::Added => format!(" + {sum}(residual[at])"),
            Residual::InPlace => format!(" + {sum}(output[at])"),
        }
    }

    /// Writes a block's sums, where `index(p)` and `quad(q)` are expressions of the output pixel and quad.
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
                let added = self.addend("vec4<f32>");
                let _ = writeln!(
                    text,
                    "        if ({quad} < shape.out_quads) \
                    {{\n            let at = ({index}) * shape.out_quads + {quad};\n            \
                     output[at] = {stored}(sum_{p}_{q}{added});\n        }}",
                    quad = quad(q),
                    index = index(p),
                );
            }
            text += "    }\n";
        }
        text
    }
}

#[cfg(test)]
mod tests;
