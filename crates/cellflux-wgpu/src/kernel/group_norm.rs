//! Group normalisation's statistics: strips of every channel, then one affine map per channel with the
//! embedding folded in.

use bytemuck::NoUninit;
use cellflux_bundle::config::NORM_EPSILON;

use crate::Precision;
use crate::dispatch::{Dispatch, cover};
use crate::wgsl::{Shader, joined_inputs, read_only, read_write};

/// The largest number of strips into which an image is cut: enough invocations for a GPU, few enough to merge
/// at once.
const MAX_STRIPS: u32 = 32;
/// The smallest number of pixels in a strip.
const MIN_STRIP: u32 = 16;

/// Cuts an image's pixels into strips: their number and their length (the last may be shorter, never empty).
pub(crate) fn strips(pixels: u32) -> (u32, u32) {
    let length = pixels.div_ceil(MAX_STRIPS).max(MIN_STRIP);
    (pixels.div_ceil(length), length)
}

/// Statistics of strips. Buffers: input, then, if joined, the second input, then the output
/// `[images, strips, 2, channels]` (means, then sums of squared deviations).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statistics {
    /// Whether two inputs are read as one, concatenated on channels.
    pub joined: bool,
    /// Storage of the inputs.
    pub input: Precision,
}

#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
struct StatisticsShape {
    images: u32,
    pixels: u32,
    strips: u32,
    strip: u32,
    quads: [u32; 2],
    padding: [u32; 2],
}

impl Statistics {
    /// The call for `images` images of `pixels` pixels of `quads` quads.
    pub(crate) fn dispatch(self, images: u32, pixels: u32, quads: [u32; 2]) -> Dispatch {
        let (strips, strip) = strips(pixels);
        let all_quads = quads[0] + quads[1];
        let inputs = joined_inputs(1, self.joined, self.input);
        let bindings = inputs + &read_write(2 + usize::from(self.joined), "output", "vec4<f32>");
        let shader = Shader::new(
            "group_norm_statistics",
            include_str!("../../shaders/group_norm_statistics.wgsl"),
            &[("bindings", &bindings)],
        );
        let shape = StatisticsShape {
            images,
            pixels,
            strips,
            strip,
            quads,
            padding: [0; 2],
        };
        let invocations = u64::from(images) * u64::from(strips) * u64::from(all_quads);
        let flops = 16.0 * f64::from(images) * f64::from(pixels) * f64::from(all_quads);
        Dispatch::new(shader, &shape, cover(invocations), flops)
    }
}

/// What the embedding does to a norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Film {
    /// Nothing.
    None,
    /// `norm(x) * (1 + scale) + shift`; the embedding's row holds all scales, then all shifts.
    ScaleShift,
    /// `norm(x + e)`.
    Added,
}

/// Merges strips into coefficients. Buffers: statistics, the norm's weight, its bias, then, unless
/// [`Film::None`], the embedding's outputs `[images, film stride]`, then the output `[images, 3, channels]`
/// (centre, gain, shift).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coefficients {
    /// What the embedding does.
    pub film: Film,
}

/// The shape of a call of [`Coefficients`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct CoefficientsShape {
    pub images: u32,
    pub pixels: u32,
    pub channels: u32,
    pub groups: u32,
    /// Where this layer's outputs begin in an image's row of the embedding's outputs, and that row's length.
    pub film: [u32; 2],
}

#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
struct CoefficientsUniforms {
    channels: u32,
    group_channels: u32,
    pixels: u32,
    strips: u32,
    strip: u32,
    film: [u32; 2],
    epsilon: f32,
}

impl Coefficients {
    /// The call for this shape.
    pub(crate) fn dispatch(self, shape: &CoefficientsShape) -> Dispatch {
        let (strips, strip) = strips(shape.pixels);
        let row = "film[image * shape.film_stride + shape.film_offset + channel";
        let (what, before, scale, shift) = match self.film {
            Film::None => ("nothing", "0.0".into(), "1.0".into(), "0.0".into()),
            Film::ScaleShift => (
                "a scale and a shift",
                "0.0".into(),
                format!("1.0 + {row}]"),
                format!("{row} + shape.channels]"),
            ),
            Film::Added => (
                "a term before the norm",
                format!("{row}]"),
                "1.0".into(),
                "0.0".into(),
            ),
        };
        let functions = [("before", before), ("scale", scale), ("shift", shift)]
            .map(|(name, value)| {
                format!("fn {name}(image: u32, channel: u32) -> f32 {{\n    return {value};\n}}\n")
            })
            .concat();
        let mut bindings = read_only(1, "statistics", "f32");
        bindings += &read_only(2, "norm_weight", "f32");
        bindings += &read_only(3, "norm_bias", "f32");
        let mut next = 4;
        if self.film != Film::None {
            bindings += &read_only(next, "film", "f32");
            next += 1;
        }
        bindings += &read_write(next, "output", "f32");
        let shader = Shader::new(
            "group_norm_coefficients",
            include_str!("../../shaders/group_norm_coefficients.wgsl"),
            &[
                ("bindings", &bindings),
                ("film_functions", &functions),
                ("film", what),
            ],
        );
        let uniforms = CoefficientsUniforms {
            channels: shape.channels,
            group_channels: shape.channels / shape.groups,
            pixels: shape.pixels,
            strips,
            strip,
            film: shape.film,
            epsilon: NORM_EPSILON as f32,
        };
        let flops = 10.0 * f64::from(shape.images * strips * shape.channels);
        Dispatch::new(shader, &uniforms, [shape.groups, shape.images, 1], flops)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::{Numbers, distance, gpu, precisions, run};

    /// Coefficients by the definition, in f64, from NHWC values: `[images, 3, channels]`.
    fn twin(
        values: &[f64],
        shape: &CoefficientsShape,
        film: Film,
        embedding: &[f32],
        [weight, bias]: [&[f32]; 2],
    ) -> Vec<f64> {
        let channels = shape.channels as usize;
        let width = channels / shape.groups as usize;
        let pixels = shape.pixels as usize;
        let [offset, stride] = shape.film.map(|v| v as usize);
        let mut result = Vec::new();
        for (n, image) in values.chunks_exact(pixels * channels).enumerate() {
            let e = |c: usize| f64::from(embedding[n * stride + offset + c]);
            let added = |c: usize| if film == Film::Added { e(c) } else { 0.0 };
            let group = |c: usize| {
                let first = c / width * width;
                let members: Vec<f64> = image
                    .chunks_exact(channels)
                    .flat_map(|pixel| (first..first + width).map(|c| pixel[c] + added(c)))
                    .collect();
                let mean = members.iter().sum::<f64>() / members.len() as f64;
                let variance = members.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / members.len() as f64;
                (mean, (variance + NORM_EPSILON).sqrt())
            };
            let (scale, shift): (Vec<f64>, Vec<f64>) = (0..channels)
                .map(|c| match film {
                    Film::ScaleShift => (1.0 + e(c), e(c + channels)),
                    _ => (1.0, 0.0),
                })
                .unzip();
            result.extend((0..channels).map(|c| group(c).0 - added(c)));
            result.extend((0..channels).map(|c| f64::from(weight[c]) / group(c).1 * scale[c]));
            result.extend((0..channels).map(|c| f64::from(bias[c]) * scale[c] + shift[c]));
        }
        result
    }

    fn case(seed: u64, film: Film, precision: Precision, mean: f32) -> (Vec<f32>, Vec<f64>) {
        let gpu = gpu().unwrap();
        let mut numbers = Numbers::new(seed);
        let joined = numbers.coin();
        let groups = [1, 4, 32][numbers.between(0, 2) as usize];
        // A group may end in the middle of a quad, and of an input.
        let channels = 4 * groups * numbers.between(1, 3) / if groups == 1 { 1 } else { 4 };
        let channels = channels.next_multiple_of(4).next_multiple_of(groups).max(8);
        let second = if joined {
            4 * numbers.between(1, channels / 4 - 1)
        } else {
            0
        };
        let widths = [channels - second, second];
        let (images, pixels) = (numbers.between(1, 3), numbers.between(1, 700));
        let shape = CoefficientsShape {
            images,
            pixels,
            channels,
            groups,
            film: [8, 2 * channels + 12],
        };
        let inputs = widths.map(|width| -> Vec<f32> {
            let noise = numbers.values((images * pixels * width) as usize);
            noise.iter().map(|v| v + mean).collect()
        });
        let inputs = inputs.map(|values| precision.decode(&precision.encode(&values)));
        let [weight, bias] = [0, 1].map(|_| numbers.values(channels as usize));
        let embedding = numbers.values((images * shape.film[1]) as usize);

        let statistics = Statistics {
            joined,
            input: precision,
        };
        let quads = widths.map(|width| width / 4);
        let encoded: Vec<_> = inputs
            .iter()
            .filter(|values| !values.is_empty())
            .map(|values| precision.encode(values))
            .collect();
        let size = (images * strips(pixels).0 * 2 * channels * 4) as usize;
        let merged = run(
            gpu,
            &statistics.dispatch(images, pixels, quads),
            &encoded,
            &vec![0; size],
        );

        let f32s = |values: &[f32]| Precision::F32.encode(values);
        let mut buffers = vec![merged, f32s(&weight), f32s(&bias)];
        if film != Film::None {
            buffers.push(f32s(&embedding));
        }
        let output = vec![0; (images * 3 * channels * 4) as usize];
        let found = run(gpu, &Coefficients { film }.dispatch(&shape), &buffers, &output);

        let concatenated: Vec<f64> = (0..(images * pixels) as usize)
            .flat_map(|pixel| {
                let of = |source: usize| {
                    let width = widths[source] as usize;
                    inputs[source][pixel * width..(pixel + 1) * width].to_vec()
                };
                of(0).into_iter().chain(of(1)).map(f64::from)
            })
            .collect();
        let expected = twin(&concatenated, &shape, film, &embedding, [&weight, &bias]);
        (Precision::F32.decode(&found), expected)
    }

    #[test]
    fn coefficients_equal_the_definition_with_every_film_and_odd_groups() {
        let Some(gpu) = gpu() else { return };
        for precision in precisions(gpu) {
            for film in [Film::None, Film::ScaleShift, Film::Added] {
                for seed in 0..6 {
                    let (found, expected) = case(seed, film, precision, 0.0);
                    let error = distance(&found, &expected);
                    // Statistics are f32 for both precisions.
                    assert!(error <= 2e-6, "{error:e} in {film:?} {precision} {seed}");
                }
            }
        }
    }

    #[test]
    fn a_mean_a_thousand_times_the_deviation_keeps_the_variance() {
        if gpu().is_none() {
            return;
        }
        for seed in 0..3 {
            let (found, expected) = case(seed, Film::None, Precision::F32, 600.0);
            // Compares all except the centres, mainly the gains: a naive E[x^2] - E[x]^2 in f32 is off by a
            // few percent.
            let relative: f64 = found
                .iter()
                .zip(&expected)
                .filter(|(_, e)| e.abs() < 100.0)
                .map(|(f, e)| (f64::from(*f) - e).powi(2))
                .sum::<f64>()
                .sqrt()
                / expected
                    .iter()
                    .filter(|e| e.abs() < 100.0)
                    .map(|e| e.powi(2))
                    .sum::<f64>()
                    .sqrt();
            assert!(relative <= 1e-4, "{relative:e}");
        }
    }

    #[test]
    fn strips_cover_an_image_and_none_is_empty() {
        for pixels in 1..3000 {
            let (count, length) = strips(pixels);
            assert!(
                (count - 1) * length < pixels && pixels <= count * length,
                "{pixels}"
            );
            assert!(count <= MAX_STRIPS);
        }
    }
}
