//! Putting a plan's buffers and weights on the device, with progress and with memory running out as an error.

use cellflux_bundle::state_dict::StateDict;
use wgpu::BufferUsages;

use crate::health::from_wgpu;
use crate::{Gpu, GpuError, Memory, Plan};

/// Bytes of weights handed to the device before the host's event loop gets its turn.
const UPLOAD_PIECE: u64 = 4 << 20;

/// What the constructor is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Compiling pipelines; counted in pipelines.
    Compiling,
    /// Repacking and uploading weights; counted in bytes on the GPU.
    Uploading,
}

/// How far the constructor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// How much of it is done.
    pub done: u64,
    /// How much there is.
    pub total: u64,
}

/// Allocates the arena, or says that the plan does not fit.
pub(crate) async fn allocate(gpu: &Gpu, plan: &Plan) -> Result<Vec<wgpu::Buffer>, GpuError> {
    let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let buffers = plan.arena.buffers.iter().map(|&size| {
        gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("activations"),
            size,
            usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    });
    let buffers = buffers.collect();
    settle(gpu, scope, plan.memory()).await?;
    Ok(buffers)
}

/// Repacks and uploads weights, piece by piece.
pub(crate) async fn upload(
    gpu: &Gpu,
    state: &StateDict,
    plan: &Plan,
    progress: &mut impl FnMut(Progress),
) -> Result<Vec<wgpu::Buffer>, GpuError> {
    let memory = plan.memory();
    let total = memory.weights;
    let mut buffers = Vec::new();
    let mut specs = plan.weights.iter().peekable();
    let mut done = 0;
    while specs.peek().is_some() {
        progress(Progress {
            stage: Stage::Uploading,
            done,
            total,
        });
        let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let until = done + UPLOAD_PIECE;
        while done < until
            && let Some(spec) = specs.next()
        {
            let bytes = spec.pack(state)?;
            let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(&spec.name),
                size: spec.bytes(),
                usage: BufferUsages::STORAGE | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            gpu.queue.write_buffer(&buffer, 0, &bytes);
            buffers.push(buffer);
            done += spec.bytes();
        }
        // Submits the piece, so that staging memory does not pile up.
        gpu.queue.submit([]);
        settle(gpu, scope, memory).await?;
    }
    progress(Progress {
        stage: Stage::Uploading,
        done: total,
        total,
    });
    Ok(buffers)
}

/// Closes an out-of-memory scope and checks the device's health.
async fn settle(gpu: &Gpu, scope: wgpu::ErrorScopeGuard, memory: Memory) -> Result<(), GpuError> {
    if let Some(error) = scope.pop().await {
        return Err(match from_wgpu(&error) {
            GpuError::OutOfMemory { .. } => GpuError::OutOfMemory {
                needed_mib: memory.peak() >> 20,
            },
            other => other,
        });
    }
    gpu.check()
}
