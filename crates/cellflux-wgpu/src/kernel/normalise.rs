//! Applies a group norm's affine map, optionally with SiLU and with 2x2 average pooling after it.
//!
//! Buffers: coefficients `[images, 3, channels]`, input, then, if joined, the second input, then the output
//! (contiguous over the concatenated channels).

use bytemuck::NoUninit;

use crate::Precision;
use crate::dispatch::{Dispatch, cover};
use crate::wgsl::{Shader, joined_inputs, read_only, read_write};

/// The parts that decide the code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Normalise {
    /// Whether SiLU follows.
    pub silu: bool,
    /// Whether 2x2 average pooling follows.
    pub pooled: bool,
    /// Whether two inputs are read as one, concatenated on channels.
    pub joined: bool,
    /// Storage of inputs and output.
    pub precision: Precision,
}

#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
struct Uniforms {
    images: u32,
    out_height: u32,
    out_width: u32,
    quads: [u32; 2],
    padding: [u32; 3],
}

impl Normalise {
    /// The call for images of this output size and these quads of the inputs.
    pub(crate) fn dispatch(self, images: u32, [height, width]: [u32; 2], quads: [u32; 2]) -> Dispatch {
        let inputs = joined_inputs(2, self.joined, self.precision);
        let stored = self.precision.quad();
        let bindings = read_only(1, "coefficients", "vec4<f32>")
            + &inputs
            + &read_write(3 + usize::from(self.joined), "output", stored)
            + "fn activate(x: vec4<f32>) -> vec4<f32> {\n"
            // The bound keeps exp finite; below it the result is zero in f32 anyway.
            + if self.silu {
                "    return x / (1.0 + exp(min(-x, vec4<f32>(80.0))));\n}\n"
            } else {
                "    return x;\n}\n"
            };
        let body = if self.pooled {
            format!(
                "    let x = pixel % shape.out_width;
    let y = (pixel / shape.out_width) % shape.out_height;
    let row = 2u * shape.out_width;
    let corner = (image * 2u * shape.out_height + 2u * y) * row + 2u * x;
    var sum = activate((quad_at(corner, quad) - centre) * gain + shift);
    sum += activate((quad_at(corner + 1u, quad) - centre) * gain + shift);
    sum += activate((quad_at(corner + row, quad) - centre) * gain + shift);
    sum += activate((quad_at(corner + row + 1u, quad) - centre) * gain + shift);
    output[index] = {stored}(0.25 * sum);"
            )
        } else {
            format!("    output[index] = {stored}(activate((quad_at(pixel, quad) - centre) * gain + shift));")
        };
        let what = match (self.silu, self.pooled) {
            (false, false) => "",
            (true, false) => " and SiLU",
            (false, true) => " and 2x2 average pooling",
            (true, true) => ", SiLU and 2x2 average pooling",
        };
        let shader = Shader::new(
            "normalise",
            include_str!("../../shaders/normalise.wgsl"),
            &[("bindings", &bindings), ("body", &body), ("what", what)],
        );
        let shape = Uniforms {
            images,
            out_height: height,
            out_width: width,
            quads,
            padding: [0; 3],
        };
        let items = u64::from(images) * u64::from(height) * u64::from(width) * u64::from(quads[0] + quads[1]);
        let flops = items as f64 * if self.pooled { 160.0 } else { 40.0 };
        Dispatch::new(shader, &shape, cover(items), flops)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::{Numbers, bound, error, gpu, images, pooled, precisions, run, silu};

    #[test]
    fn it_equals_the_definition_joined_or_not_pooled_or_not() {
        let Some(gpu) = gpu() else { return };
        for precision in precisions(gpu) {
            for seed in 0..12 {
                let mut numbers = Numbers::new(seed);
                let kernel = Normalise {
                    silu: numbers.coin(),
                    pooled: numbers.coin(),
                    joined: numbers.coin(),
                    precision,
                };
                let count = numbers.between(1, 3);
                let out = [0, 1].map(|_| numbers.between(1, 9));
                let quads = [
                    numbers.between(1, 5),
                    if kernel.joined { numbers.between(1, 5) } else { 0 },
                ];
                let step = if kernel.pooled { 2 } else { 1 };
                let [height, width] = out.map(|side| side * step);
                let channels = 4 * (quads[0] + quads[1]) as usize;
                let inputs = quads.map(|q| numbers.values((count * height * width * 4 * q) as usize));
                let coefficients = numbers.values(count as usize * 3 * channels);

                let at = |n: u32, y: u32, x: u32, c: usize| {
                    let first = 4 * quads[0] as usize;
                    let pixel = ((n * height + y) * width + x) as usize;
                    let value = if c < first {
                        inputs[0][pixel * first + c]
                    } else {
                        inputs[1][pixel * (channels - first) + c - first]
                    };
                    let [centre, gain, shift] =
                        [0, 1, 2].map(|k| f64::from(coefficients[(n as usize * 3 + k) * channels + c]));
                    let normed = (f64::from(value) - centre) * gain + shift;
                    if kernel.silu { silu(normed) } else { normed }
                };
                let expected = images(count, out, channels, |n, y, x, c| {
                    if kernel.pooled {
                        pooled(y, x, |y, x| at(n, y, x, c))
                    } else {
                        at(n, y, x, c)
                    }
                });
                let mut buffers = vec![Precision::F32.encode(&coefficients), precision.encode(&inputs[0])];
                if kernel.joined {
                    buffers.push(precision.encode(&inputs[1]));
                }
                let error = error(
                    gpu,
                    &kernel.dispatch(count, out, quads),
                    &buffers,
                    precision,
                    &expected,
                );
                assert!(error <= bound(precision), "{error:e} in {kernel:?}");
            }
        }
    }

    #[test]
    fn silu_of_very_negative_numbers_is_zero_not_nan() {
        let Some(gpu) = gpu() else { return };
        let kernel = Normalise {
            silu: true,
            pooled: false,
            joined: false,
            precision: Precision::F32,
        };
        let coefficients = [[0.0_f32; 4], [1.0; 4], [0.0; 4]].concat();
        let buffers = [
            Precision::F32.encode(&coefficients),
            Precision::F32.encode(&[-1e30, -200.0, -90.0, 200.0]),
        ];
        let found = run(gpu, &kernel.dispatch(1, [1, 1], [1, 0]), &buffers, &[0; 16]);
        let found = Precision::F32.decode(&found);
        assert!(
            found[1].abs() < 1e-30 && found[2].abs() < 1e-30 && (found[3] - 200.0).abs() < 1e-3,
            "{found:?}"
        );
        assert!(found[0].is_finite(), "{found:?}");
    }
}
