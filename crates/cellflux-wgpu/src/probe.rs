//! One convolution on its own, to time an adapter and to compare tiles: convolutions are four fifths of the
//! network's cost.

use crate::compile::compile;
use crate::dispatch::Dispatch;
use crate::engine::bind;
use crate::kernel::convolution::{Convolution, ConvolutionShape, Residual, Tile};
use crate::kernel::winograd::Winograd;
use crate::profile::{CallTime, time_calls};
use crate::readback::read_back;
use crate::submission::{BoundCall, submit};
use crate::weight_storage::WeightStorage;
use crate::weights::{Packing, WeightSpec, padded};
use crate::wgsl::Shader;
use crate::{Gpu, GpuError, Precision, Site, Tuning};

/// A convolution at one site of a network, on made-up numbers, ready to run.
#[derive(Debug)]
pub struct Probe {
    gpu: Gpu,
    calls: Vec<BoundCall>,
    output: wgpu::Buffer,
    site: Site,
    images: u32,
    /// Of the calls.
    shaders: Vec<Shader>,
}

impl Probe {
    /// Compiles and allocates for this many images at once.
    ///
    /// # Errors
    /// [`GpuError::NoHalfPrecision`], [`GpuError::Shader`], [`GpuError::OutOfMemory`],
    /// [`GpuError::DeviceLost`].
    pub async fn new(gpu: &Gpu, site: Site, images: u32, tile: Tile) -> Result<Self, GpuError> {
        gpu.check()?;
        gpu.supports(site.precision)?;
        let precision = site.precision;
        // As the network's own weights lie on this adapter.
        let weight = Tuning::of(gpu.report()).weight_storage(precision);
        let shape = shape(&site, images);
        let storage = wgpu::BufferUsages::STORAGE;
        let (inputs, outputs) = (4 * site.in_quads as usize, 4 * site.out_quads as usize);
        let in_pixels = (images * shape.in_height * shape.in_width) as usize;
        let blank = vec![0; (images * site.pixels * site.out_quads) as usize * precision.quad_bytes()];
        let output = buffer(gpu, &blank, storage);
        let weights = buffer(gpu, &made_up_weights(&site, tile, weight), storage);
        let bias = spread(outputs, BIASES, 1.0);
        let bias = buffer(gpu, bytemuck::cast_slice(&bias), storage);
        let image = spread(in_pixels * inputs, PIXELS, 1.0);
        let image = buffer(gpu, &precision.encode(&image), storage);
        let points = [site.in_quads, site.out_quads].map(|quads| {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("probe"),
                size: Winograd::bytes(&shape, quads),
                usage: storage,
                mapped_at_creation: false,
            })
        });
        let buffers = if matches!(tile, Tile::Winograd { .. }) {
            vec![
                vec![&image, &points[0]],
                vec![&weights, &points[0], &points[1]],
                vec![&points[1], &bias, &output],
            ]
        } else {
            vec![vec![&weights, &bias, &image, &output]]
        };
        let steps: Vec<_> = dispatches(&site, &shape, tile, weight)
            .into_iter()
            .zip(buffers)
            .collect();
        let shaders: Vec<_> = steps
            .iter()
            .map(|(dispatch, _)| dispatch.shader.clone())
            .collect();
        let pipelines = compile(gpu, &shaders, |_| {}).await?;
        let calls = pipelines
            .into_iter()
            .zip(&steps)
            .map(|(pipeline, (dispatch, buffers))| {
                let uniforms = buffer(gpu, &dispatch.uniforms, wgpu::BufferUsages::UNIFORM);
                BoundCall {
                    bindings: bind(gpu, &pipeline, uniforms.as_entire_buffer_binding(), buffers),
                    pipeline,
                    workgroups: dispatch.workgroups,
                    flops: dispatch.flops,
                }
            })
            .collect();
        // The scope of compilation is closed, so a failed allocation shows in the first run.
        Ok(Self {
            gpu: gpu.clone(),
            calls,
            output,
            site,
            images,
            shaders,
        })
    }

    /// Runs it `times` times, one after the other, and waits for the last.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`] and what else the device reports.
    pub async fn run(&self, times: usize) -> Result<(), GpuError> {
        let calls: Vec<_> = std::iter::repeat_n(&self.calls, times)
            .flatten()
            .cloned()
            .collect();
        submit(&self.gpu, &calls);
        read_back(&self.gpu, &self.output, 16).await.map(|_| ())
    }

    /// Seconds of one run: the best of `rounds` rounds of `times` runs, after one to warm up. `clock` gives
    /// seconds since an arbitrary moment; the crate itself has no clock that works everywhere.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn time(&self, rounds: usize, times: usize, clock: &impl Fn() -> f64) -> Result<f64, GpuError> {
        self.run(1).await?;
        let mut best = f64::INFINITY;
        for _ in 0..rounds {
            let started = clock();
            self.run(times).await?;
            best = best.min((clock() - started) / times as f64);
        }
        Ok(best)
    }

    /// The output, which is the same for every tile except for rounding.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn output(&self) -> Result<Vec<f32>, GpuError> {
        self.run(1).await?;
        let bytes = read_back(&self.gpu, &self.output, self.output.size()).await?;
        Ok(self.site.precision.decode(&bytes))
    }

    /// Relative distance of two tiles' outputs, `||found - expected|| / ||expected||`; infinite for outputs
    /// of different lengths.
    ///
    /// NaN for nothing but zeros on both sides, which [`cellflux_flow::distance::relative_error`] takes for
    /// equal: an adapter that answers with zeros has computed nothing, and what compares with this refuses
    /// NaN.
    pub fn distance(found: &[f32], expected: &[f32]) -> f64 {
        if found.len() != expected.len() {
            return f64::INFINITY;
        }
        let square = |value: f32| f64::from(value) * f64::from(value);
        let error: f64 = found.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
        let norm: f64 = expected.iter().map(|value| square(*value)).sum();
        (error / norm).sqrt()
    }

    /// The distance that rounding explains: sums of a few thousand products in another order, and for f16 the
    /// output's own rounding.
    pub fn rounding(precision: Precision) -> f64 {
        match precision {
            Precision::F32 => 1e-5,
            Precision::F16 => 2e-3,
        }
    }

    /// Floating-point operations of the plain algorithm, whatever the tile does to save some.
    pub fn flops(&self) -> f64 {
        self.site.flops(self.images)
    }

    /// The time of each of its kernels, for a device made with [`timestamps`](crate::Wanted::timestamps).
    ///
    /// # Errors
    /// As [`WgpuEngine::profile`](crate::WgpuEngine::profile).
    pub async fn profile(&self) -> Result<Vec<CallTime>, GpuError> {
        let seconds = time_calls(&self.gpu, &self.calls).await?;
        let calls = self.shaders.iter().zip(&self.calls).zip(seconds);
        Ok(calls
            .map(|((shader, call), seconds)| CallTime {
                layer: self.site.to_string(),
                kernel: shader.label.clone(),
                seconds,
                flops: call.flops,
            })
            .collect())
    }

    /// The shaders' text.
    pub fn wgsl(&self) -> impl Iterator<Item = &str> {
        self.shaders.iter().map(|shader| shader.source.as_str())
    }
}

fn shape(site: &Site, images: u32) -> ConvolutionShape {
    let [height, width] = sides(site.pixels);
    ConvolutionShape {
        images,
        in_height: site.stride * height,
        in_width: site.stride * width,
        out_height: height,
        out_width: width,
        in_quads: [site.in_quads, 0],
        out_quads: site.out_quads,
    }
}

/// The kernel calls of a tile at a site, in order.
fn dispatches(site: &Site, shape: &ConvolutionShape, tile: Tile, weight: WeightStorage) -> Vec<Dispatch> {
    let convolution = Convolution {
        kernel: site.kernel,
        stride: site.stride,
        upsampled: false,
        joined: false,
        residual: Residual::None,
        input: site.precision,
        weight,
        output: site.precision,
        tile,
    };
    if let Tile::Winograd { patches, quads } = tile {
        let winograd = Winograd {
            convolution,
            patches,
            quads,
        };
        vec![
            winograd.patches(shape),
            winograd.product(shape),
            winograd.outputs(shape),
        ]
    } else {
        vec![convolution.dispatch(shape)]
    }
}

/// The text of a tile's shaders at a site, for weights of a storage; this needs no device.
pub(crate) fn shaders(site: &Site, tile: Tile, weight: WeightStorage) -> Vec<String> {
    dispatches(site, &shape(site, 1), tile, weight)
        .into_iter()
        .map(|dispatch| dispatch.shader.source)
        .collect()
}

/// A buffer of these bytes.
fn buffer(gpu: &Gpu, bytes: &[u8], usage: wgpu::BufferUsages) -> wgpu::Buffer {
    let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("probe"),
        size: bytes.len() as u64,
        usage: usage | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    });
    gpu.queue.write_buffer(&buffer, 0, bytes);
    buffer
}

/// The same tensor for every tile of a site, as the tile's kernel reads it.
fn made_up_weights(site: &Site, tile: Tile, storage: WeightStorage) -> Vec<u8> {
    let (inputs, outputs) = (4 * site.in_quads as usize, 4 * site.out_quads as usize);
    let taps = (site.kernel * site.kernel) as usize;
    let spec = WeightSpec {
        name: String::new(),
        packing: Packing::Taps {
            outputs: padded(outputs),
            inputs: padded(inputs),
            taps,
            tensor: [outputs, inputs],
            order: tile.weight_order(),
        },
        storage: tile.weight_storage(storage),
    };
    let scale = 1.0 / ((inputs * taps) as f32).sqrt();
    let values = spread(outputs * inputs * taps, WEIGHTS, scale);
    spec.storage.precision().encode(&spec.arrange(&values))
}

/// Height and width of an image of `pixels` pixels, as square as possible.
fn sides(pixels: u32) -> [u32; 2] {
    let width = (1..=pixels.isqrt())
        .rev()
        .find(|width| pixels.is_multiple_of(*width));
    let width = width.unwrap_or(1);
    [pixels / width, width]
}

/// Steps of Weyl's sequence modulo 2^32, one for each tensor so that they are unrelated: 2^32 times the
/// inverse golden ratio, the inverse plastic number and its square; all odd.
const PIXELS: u32 = 0x9e37_79b9;
const WEIGHTS: u32 = 0xc13f_a9a9;
const BIASES: u32 = 0x91e1_0da5;

/// Numbers between `-scale` and `scale`, spread as Weyl's sequence does: no zeros, which some devices
/// multiply faster. Millions are made for a probe in a browser, so they are made of integers.
fn spread(count: usize, step: u32, scale: f32) -> Vec<f32> {
    let scale = scale / 2_f32.powi(31);
    (1..=count as u32)
        .map(|i| i.wrapping_mul(step).cast_signed() as f32 * scale)
        .collect()
}
