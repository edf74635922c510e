//! What an adapter can do at best, measured: the lower limit beside every time of the network.

use std::fmt;

use crate::compile::compile;
use crate::dispatch::{Dispatch, LANES};
use crate::engine::bind;
use crate::readback::read_back;
use crate::submission::{BoundCall, submit};
use crate::wgsl::{Shader, read_only, read_write};
use crate::{Gpu, GpuError, Precision};

/// Vectors of four sums that an invocation of the arithmetic kernel adds to at once.
const SUMS: u32 = 8;
/// Rounds over them.
const ROUNDS: u32 = 1024;
/// Bytes of each of the copying kernel's two buffers: far more than any cache, within WebGPU's default
/// binding.
const COPIED: u64 = 96 << 20;

/// Measured ceilings of an adapter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Floating-point operations per second of independent f32 multiply-adds (two each).
    pub fma_f32: f64,
    /// As before with f16 operands, where the adapter has them.
    pub fma_f16: Option<f64>,
    /// Bytes read plus bytes written per second in a large copy.
    pub copy: f64,
}

/// One line for people.
impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} GFLOP/s f32", self.fma_f32 / 1e9)?;
        if let Some(half) = self.fma_f16 {
            write!(f, ", {:.1} GFLOP/s f16", half / 1e9)?;
        }
        write!(f, ", {:.1} GB/s copied", self.copy / 1e9)
    }
}

impl Limits {
    /// Measures an adapter: each rate is the best of five rounds of `rounds_of` runs. `clock` gives seconds
    /// since an arbitrary moment.
    ///
    /// # Errors
    /// What the device reports.
    pub async fn measure(gpu: &Gpu, clock: impl Fn() -> f64) -> Result<Self, GpuError> {
        let fma_f32 = arithmetic(gpu, Precision::F32, &clock).await?;
        let fma_f16 = if gpu.report().half_precision {
            Some(arithmetic(gpu, Precision::F16, &clock).await?)
        } else {
            None
        };
        Ok(Self {
            fma_f32,
            fma_f16,
            copy: copying(gpu, &clock).await?,
        })
    }

    /// Seconds that no engine can go below: operations over the arithmetic rate or bytes over the copying
    /// rate, whichever is longer.
    pub fn floor(&self, flops: f64, bytes: f64) -> f64 {
        (flops / self.fma_f32).max(bytes / self.copy)
    }
}

async fn arithmetic(gpu: &Gpu, precision: Precision, clock: &impl Fn() -> f64) -> Result<f64, GpuError> {
    // Enough invocations to fill a device many times over; on a CPU a few hundred do.
    let workgroups = if gpu.report().software { 64 } else { 16_384 };
    let quad = precision.quad();
    let sums = |text: &dyn Fn(u32) -> String| (0..SUMS).map(text).collect::<String>();
    let shader = Shader::new(
        "arithmetic",
        include_str!("../shaders/arithmetic.wgsl"),
        &[
            ("bindings", &read_write(1, "output", quad)),
            ("quad", quad),
            ("rounds", &ROUNDS.to_string()),
            (
                "begin",
                &sums(&|i| format!("    var sum_{i} = {quad}(start + {i}.0);\n")),
            ),
            (
                "round",
                &sums(&|i| format!("        sum_{i} = sum_{i} * factor + step;\n")),
            ),
            (
                "total",
                &(0..SUMS)
                    .map(|i| format!("sum_{i}"))
                    .collect::<Vec<_>>()
                    .join(" + "),
            ),
        ],
    );
    let items = workgroups * LANES;
    let flops = f64::from(items) * f64::from(SUMS * ROUNDS * 8);
    let dispatch = Dispatch::new(shader, &[0.5_f32, 0.25, 0.0, 0.0], [workgroups, 1, 1], flops);
    let bytes = u64::from(items) * precision.quad_bytes() as u64;
    let seconds = time(gpu, &dispatch, &[bytes], clock).await?;
    Ok(flops / seconds)
}

async fn copying(gpu: &Gpu, clock: &impl Fn() -> f64) -> Result<f64, GpuError> {
    let shader = Shader::new(
        "copying",
        include_str!("../shaders/copying.wgsl"),
        &[(
            "bindings",
            &(read_only(1, "input", "vec4<f32>") + &read_write(2, "output", "vec4<f32>")),
        )],
    );
    let quads = (COPIED / 16) as u32;
    let workgroups = crate::dispatch::cover(u64::from(quads));
    // The cost by which submissions are cut: as long as about this number of operations.
    let dispatch = Dispatch::new(shader, &[quads, 0, 0, 0], workgroups, COPIED as f64);
    let seconds = time(gpu, &dispatch, &[COPIED, COPIED], clock).await?;
    Ok(2.0 * COPIED as f64 / seconds)
}

/// Seconds of one run: the best of five rounds.
async fn time(
    gpu: &Gpu,
    dispatch: &Dispatch,
    bytes: &[u64],
    clock: &impl Fn() -> f64,
) -> Result<f64, GpuError> {
    gpu.check()?;
    let pipelines = compile(gpu, std::slice::from_ref(&dispatch.shader), |_| {}).await?;
    let [pipeline] = pipelines.as_slice() else {
        return Err(GpuError::Device {
            message: "no pipeline was made".into(),
        });
    };
    let buffer = |size, usage| {
        gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("limits"),
            size,
            usage: usage | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        })
    };
    let uniforms = buffer(dispatch.uniforms.len() as u64, wgpu::BufferUsages::UNIFORM);
    gpu.queue.write_buffer(&uniforms, 0, &dispatch.uniforms);
    let buffers: Vec<_> = bytes
        .iter()
        .map(|bytes| buffer(*bytes, wgpu::BufferUsages::STORAGE))
        .collect();
    let references: Vec<_> = buffers.iter().collect();
    let call = BoundCall {
        pipeline: pipeline.clone(),
        bindings: bind(gpu, pipeline, uniforms.as_entire_buffer_binding(), &references),
        workgroups: dispatch.workgroups,
        flops: dispatch.flops,
    };
    let Some(output) = buffers.last() else {
        return Ok(f64::INFINITY);
    };
    let times = if gpu.report().software { 1 } else { 10 };
    let calls = vec![call; times];
    let mut best = f64::INFINITY;
    for round in 0..6 {
        let started = clock();
        submit(gpu, &calls);
        read_back(gpu, output, 16).await?;
        // The first round is warming up.
        if round > 0 {
            best = best.min((clock() - started) / times as f64);
        }
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_finite_and_the_floor_is_the_longer_of_two_times() {
        let limits = Limits {
            fma_f32: 10.0,
            fma_f16: None,
            copy: 2.0,
        };
        assert!((limits.floor(100.0, 4.0) - 10.0).abs() < 1e-12);
        assert!((limits.floor(10.0, 40.0) - 20.0).abs() < 1e-12);
    }
}
