//! Partial sums of an adaptive step's error norm. Buffers: error, from, to, then the output of
//! [`INVOCATIONS`] sums.

use bytemuck::NoUninit;
use cellflux_flow::field::Tolerance;

use crate::dispatch::{Dispatch, LANES};
use crate::wgsl::Shader;

/// Partial sums, one per invocation.
pub(crate) const INVOCATIONS: u32 = 1024;

#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
struct Uniforms {
    quads: u32,
    pixel_quads: u32,
    channels: u32,
    invocations: u32,
    absolute: f32,
    relative: f32,
    padding: [u32; 2],
}

/// The shader.
pub(crate) fn shader() -> Shader {
    Shader::new("error_norm", include_str!("../../shaders/error_norm.wgsl"), &[])
}

/// The call for `pixels` pixels of `channels` channels.
pub(crate) fn dispatch(pixels: u32, channels: u32, tolerance: Tolerance) -> Dispatch {
    let pixel_quads = channels.div_ceil(4);
    let uniforms = Uniforms {
        quads: pixels * pixel_quads,
        pixel_quads,
        channels,
        invocations: INVOCATIONS,
        absolute: tolerance.atol as f32,
        relative: tolerance.rtol as f32,
        padding: [0; 2],
    };
    let flops = 20.0 * f64::from(pixels * pixel_quads);
    Dispatch::new(shader(), &uniforms, [INVOCATIONS / LANES, 1, 1], flops)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Precision;
    use crate::twin::{Numbers, gpu, run};

    #[test]
    fn the_sums_add_up_to_the_definition_without_padding_channels() {
        let Some(gpu) = gpu() else { return };
        for (channels, tolerance) in [
            (
                3,
                Tolerance {
                    rtol: 1e-5,
                    atol: 1e-5,
                },
            ),
            (
                5,
                Tolerance {
                    rtol: 1e-3,
                    atol: 1e-6,
                },
            ),
            (4, Tolerance { rtol: 0.0, atol: 1.0 }),
            // Without an absolute tolerance, padding would give zero over zero.
            (
                6,
                Tolerance {
                    rtol: 1e-4,
                    atol: 0.0,
                },
            ),
        ] {
            let mut numbers = Numbers::new(channels);
            let pixels = numbers.between(1, 3000);
            let padded = channels.next_multiple_of(4) as usize;
            let mut state = || -> Vec<f32> {
                let mut values = numbers.values(pixels as usize * padded);
                for pixel in values.chunks_exact_mut(padded) {
                    pixel[channels as usize..].fill(0.0);
                    pixel[..channels as usize].iter_mut().for_each(|v| *v += 2.0);
                }
                values
            };
            let states = [state(), state(), state()];
            let mut expected = 0.0;
            for (i, error) in states[0].iter().enumerate() {
                if i % padded < channels as usize {
                    let size = states[1][i].abs().max(states[2][i].abs());
                    let scale = tolerance.atol + tolerance.rtol * f64::from(size);
                    expected += (f64::from(*error) / scale).powi(2);
                }
            }
            let buffers: Vec<_> = states
                .iter()
                .map(|values| Precision::F32.encode(values))
                .collect();
            let output = vec![0; INVOCATIONS as usize * 4];
            let found = run(
                gpu,
                &dispatch(pixels, channels as u32, tolerance),
                &buffers,
                &output,
            );
            let sum: f64 = Precision::F32.decode(&found).iter().map(|v| f64::from(*v)).sum();
            // Each partial sum adds a few f32 squares.
            assert!((sum / expected - 1.0).abs() <= 1e-5, "{sum} for {expected}");
        }
    }
}
