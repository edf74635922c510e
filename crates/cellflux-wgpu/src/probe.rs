//! One 3x3 convolution on its own, to time an adapter: it is four fifths of the network's cost.

use crate::compile::compile;
use crate::engine::bind;
use crate::kernel::convolution::{Convolution, ConvolutionShape, Residual, Tile};
use crate::readback::read_back;
use crate::submission::{BoundCall, submit};
use crate::{Gpu, GpuError, Precision};

/// A 3x3 convolution from and to `channels` channels, ready to run.
#[derive(Debug)]
pub struct Probe {
    gpu: Gpu,
    call: BoundCall,
    output: wgpu::Buffer,
    source: String,
}

impl Probe {
    /// Compiles and allocates. Without a `tile` it takes the one that the network would.
    ///
    /// # Errors
    /// [`GpuError::NoHalfPrecision`], [`GpuError::Shader`], [`GpuError::OutOfMemory`], [`GpuError::DeviceLost`].
    pub async fn new(
        gpu: &Gpu,
        [height, width]: [u32; 2],
        channels: u32,
        precision: Precision,
        tile: Option<Tile>,
    ) -> Result<Self, GpuError> {
        gpu.check()?;
        gpu.supports(precision)?;
        let quads = channels.div_ceil(4);
        let tile = tile.unwrap_or_else(|| Tile::suited(gpu.report().software, height * width, quads));
        let kernel = Convolution {
            kernel: 3,
            stride: 1,
            upsampled: false,
            joined: false,
            residual: Residual::None,
            input: precision,
            weight: precision,
            output: precision,
            tile,
        };
        let dispatch = kernel.dispatch(&ConvolutionShape {
            images: 1,
            in_height: height,
            in_width: width,
            out_height: height,
            out_width: width,
            in_quads: [quads, 0],
            out_quads: quads,
        });
        let pipelines = compile(gpu, std::slice::from_ref(&dispatch.shader), |_| {}).await?;
        let buffer = |bytes: usize, usage| {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("probe"),
                size: bytes as u64,
                usage: usage | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        };
        let storage = wgpu::BufferUsages::STORAGE;
        let image = (height * width * quads) as usize * precision.quad_bytes();
        let weights = (9 * 4 * quads * quads) as usize * precision.quad_bytes();
        let uniforms = buffer(dispatch.uniforms.len(), wgpu::BufferUsages::UNIFORM);
        gpu.queue.write_buffer(&uniforms, 0, &dispatch.uniforms);
        let output = buffer(image, storage);
        let buffers = [
            &buffer(weights, storage),
            &buffer(16 * quads as usize, storage),
            &buffer(image, storage),
            &output,
        ];
        // The scope of compilation is closed, so an allocation that failed shows in the first run.
        let [pipeline] = pipelines.as_slice() else {
            return Err(GpuError::Device {
                message: "no pipeline was made".into(),
            });
        };
        Ok(Self {
            gpu: gpu.clone(),
            call: BoundCall {
                pipeline: pipeline.clone(),
                bindings: bind(gpu, pipeline, uniforms.as_entire_buffer_binding(), &buffers),
                workgroups: dispatch.workgroups,
                flops: dispatch.flops,
            },
            output,
            source: dispatch.shader.source,
        })
    }

    /// Runs it `times` times, one after the other, and waits for the last.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`] and what else the device reports.
    pub async fn run(&self, times: usize) -> Result<(), GpuError> {
        submit(&self.gpu, &vec![self.call.clone(); times]);
        read_back(&self.gpu, &self.output, 16).await.map(|_| ())
    }

    /// Floating-point operations of one run.
    pub fn flops(&self) -> f64 {
        self.call.flops
    }

    /// The shader's text.
    pub fn wgsl(&self) -> &str {
        &self.source
    }
}
