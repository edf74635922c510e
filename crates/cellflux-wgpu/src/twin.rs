//! Running one kernel on the test machine's adapter, to compare it with its twin on the CPU.

use std::sync::OnceLock;

use half::f16;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use wgpu::BufferUsages;

use crate::compile::compile;
use crate::dispatch::Dispatch;
use crate::readback::read_back;
use crate::{Gpu, Precision, Wanted};

/// The test machine's device. Without one, tests fail, unless `CELLFLUX_NO_GPU=1` says that this is intended.
pub(crate) fn gpu() -> Option<&'static Gpu> {
    static GPU: OnceLock<Option<Gpu>> = OnceLock::new();
    GPU.get_or_init(|| match pollster::block_on(Gpu::request(Wanted::default())) {
        Ok(gpu) => Some(gpu),
        Err(error) => {
            assert!(
                std::env::var_os("CELLFLUX_NO_GPU").is_some_and(|value| value == "1"),
                "{error}; install a Vulkan driver (Debian: mesa-vulkan-drivers), or set CELLFLUX_NO_GPU=1 \
                to skip"
            );
            println!("skipped: no GPU adapter, and CELLFLUX_NO_GPU=1");
            None
        }
    })
    .as_ref()
}

/// The precisions that the adapter has.
pub(crate) fn precisions(gpu: &Gpu) -> Vec<Precision> {
    let mut all = vec![Precision::F32];
    if gpu.report().half_precision {
        all.push(Precision::F16);
    }
    all
}

/// Runs a kernel on `inputs` (in binding order) and an output that begins as `output`; gives the output.
pub(crate) fn run(gpu: &Gpu, dispatch: &Dispatch, inputs: &[Vec<u8>], output: &[u8]) -> Vec<u8> {
    pollster::block_on(async {
        let pipelines = compile(gpu, std::slice::from_ref(&dispatch.shader), |_| {})
            .await
            .unwrap();
        let buffer = |bytes: &[u8], usage| {
            let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: bytes.len() as u64,
                usage: usage | BufferUsages::COPY_DST | BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            });
            gpu.queue.write_buffer(&buffer, 0, bytes);
            buffer
        };
        let mut buffers = vec![buffer(&dispatch.uniforms, BufferUsages::UNIFORM)];
        buffers.extend(inputs.iter().map(|bytes| buffer(bytes, BufferUsages::STORAGE)));
        buffers.push(buffer(output, BufferUsages::STORAGE));
        let entries: Vec<_> = (0..)
            .zip(&buffers)
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let bindings = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipelines[0].get_bind_group_layout(0),
            entries: &entries,
        });
        let call = crate::submission::BoundCall {
            pipeline: pipelines[0].clone(),
            bindings,
            workgroups: dispatch.workgroups,
            flops: dispatch.flops,
        };
        crate::submission::submit(gpu, &[call]);
        let last = buffers.last().unwrap();
        read_back(gpu, last, output.len() as u64).await.unwrap()
    })
}

/// Relative distance between what a kernel writes, stored in `precision`, and its twin.
pub(crate) fn error(
    gpu: &Gpu,
    dispatch: &Dispatch,
    inputs: &[Vec<u8>],
    precision: Precision,
    expected: &[f64],
) -> f64 {
    // Numbers that no kernel writes, so that a missing element is noticed.
    let blank = vec![0x7f; expected.len() / 4 * precision.quad_bytes()];
    distance(&precision.decode(&run(gpu, dispatch, inputs, &blank)), expected)
}

/// Seeded numbers for tests.
pub(crate) struct Numbers(ChaCha8Rng);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Between -1 and 1, exactly representable in f16, so that both precisions see the same inputs.
    pub(crate) fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count)
            .map(|_| {
                let unit = self.0.next_u32() as f32 / u32::MAX as f32;
                f16::from_f32(2.0 * unit - 1.0).to_f32()
            })
            .collect()
    }

    /// Between -1 and 1, with all the bits that `precision` stores.
    pub(crate) fn stored(&mut self, precision: Precision, count: usize) -> Vec<f32> {
        match precision {
            Precision::F16 => self.values(count),
            Precision::F32 => (0..count)
                .map(|_| 2.0 * (self.0.next_u32() as f32 / u32::MAX as f32) - 1.0)
                .collect(),
        }
    }

    /// A number from `low` to `high`.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.0.next_u32() % (high - low + 1)
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.0.next_u32().is_multiple_of(2)
    }
}

/// Relative distance `||found - expected|| / ||expected||`.
pub(crate) fn distance(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let square = |v: f64| v * v;
    let error: f64 = found
        .iter()
        .zip(expected)
        .map(|(a, b)| square(f64::from(*a) - b))
        .sum();
    let norm: f64 = expected.iter().map(|v| square(*v)).sum();
    (error / norm.max(1e-30)).sqrt()
}

/// What rounding allows: f32 sums of a few thousand terms; f16 outputs have 11 bits.
pub(crate) fn bound(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => 2e-6,
        Precision::F16 => 6e-4,
    }
}

/// Images in the device's order, `[N, H, W, C]`, from the value at image, row, column, channel.
pub(crate) fn images(
    count: u32,
    [height, width]: [u32; 2],
    channels: usize,
    value: impl Fn(u32, u32, u32, usize) -> f64,
) -> Vec<f64> {
    let mut values = Vec::new();
    for n in 0..count {
        for y in 0..height {
            for x in 0..width {
                values.extend((0..channels).map(|c| value(n, y, x, c)));
            }
        }
    }
    values
}

/// The mean of the 2x2 pixels that become pixel `(y, x)` of an image with half the sides.
pub(crate) fn pooled(y: u32, x: u32, value: impl Fn(u32, u32) -> f64) -> f64 {
    let corner = [(0, 0), (0, 1), (1, 0), (1, 1)];
    corner
        .map(|(dy, dx)| value(2 * y + dy, 2 * x + dx))
        .iter()
        .sum::<f64>()
        / 4.0
}

pub(crate) fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}
