//! 2x2 average pooling and nearest up-sampling by two. Buffers: input, output.

use bytemuck::NoUninit;
use cellflux_bundle::topology::Resample as Direction;

use crate::Precision;
use crate::dispatch::{Dispatch, cover};
use crate::wgsl::{Shader, read_only, read_write};

/// The parts that decide the code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resample {
    /// Down (average) or up (nearest).
    pub direction: Direction,
    /// Storage of input and output.
    pub precision: Precision,
}

#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
struct Uniforms {
    images: u32,
    out_height: u32,
    out_width: u32,
    quads: u32,
}

impl Resample {
    /// The call for images of this output size.
    pub(crate) fn dispatch(self, images: u32, [height, width]: [u32; 2], quads: u32) -> Dispatch {
        let stored = self.precision.quad();
        let bindings = read_only(1, "input", stored) + &read_write(2, "output", stored);
        let (what, body) = match self.direction {
            Direction::Down => (
                "Average of 2x2 pixels",
                format!(
                    "    let row = 2u * shape.out_width;
    let corner = (image * 2u * shape.out_height + 2u * y) * row + 2u * x;
    var sum = vec4<f32>(input[corner * shape.quads + quad]);
    sum += vec4<f32>(input[(corner + 1u) * shape.quads + quad]);
    sum += vec4<f32>(input[(corner + row) * shape.quads + quad]);
    sum += vec4<f32>(input[(corner + row + 1u) * shape.quads + quad]);
    output[index] = {stored}(0.25 * sum);"
                ),
            ),
            Direction::Up => (
                "Nearest up-sampling by two",
                "    let row = shape.out_width / 2u;
    let source = (image * (shape.out_height / 2u) + y / 2u) * row + x / 2u;
    output[index] = input[source * shape.quads + quad];"
                    .into(),
            ),
        };
        let shader = Shader::new(
            "resample",
            include_str!("../../shaders/resample.wgsl"),
            &[("bindings", &bindings), ("body", &body), ("what", what)],
        );
        let shape = Uniforms {
            images,
            out_height: height,
            out_width: width,
            quads,
        };
        let items = u64::from(images) * u64::from(height) * u64::from(width) * u64::from(quads);
        Dispatch::new(shader, &shape, cover(items), items as f64 * 20.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::{Numbers, bound, error, gpu, images, pooled, precisions};

    #[test]
    fn pooling_averages_and_up_sampling_repeats() {
        let Some(gpu) = gpu() else { return };
        for precision in precisions(gpu) {
            for seed in 0..8 {
                let mut numbers = Numbers::new(seed);
                let direction = if numbers.coin() {
                    Direction::Down
                } else {
                    Direction::Up
                };
                let (count, quads) = (numbers.between(1, 3), numbers.between(1, 5));
                let small = [0, 1].map(|_| numbers.between(1, 9));
                let large = small.map(|side| 2 * side);
                let (from, to) = match direction {
                    Direction::Down => (large, small),
                    Direction::Up => (small, large),
                };
                let channels = 4 * quads as usize;
                let input = numbers.values((count * from[0] * from[1]) as usize * channels);
                let at = |n: u32, y: u32, x: u32, c: usize| {
                    f64::from(input[((n * from[0] + y) * from[1] + x) as usize * channels + c])
                };
                let expected = images(count, to, channels, |n, y, x, c| match direction {
                    Direction::Up => at(n, y / 2, x / 2, c),
                    Direction::Down => pooled(y, x, |y, x| at(n, y, x, c)),
                });
                let kernel = Resample { direction, precision };
                let error = error(
                    gpu,
                    &kernel.dispatch(count, to, quads),
                    &[precision.encode(&input)],
                    precision,
                    &expected,
                );
                assert!(error <= bound(precision), "{error:e} in {kernel:?}");
            }
        }
    }
}
