//! Time by kernel, from the device's own clock.

use crate::readback::read_back;
use crate::submission::BoundCall;
use crate::{Gpu, GpuError};

/// One kernel call and the time it took.
#[derive(Clone, Debug, PartialEq)]
pub struct CallTime {
    /// The layer.
    pub layer: String,
    /// The kernel.
    pub kernel: String,
    /// Seconds between its beginning and its end on the device.
    pub seconds: f64,
    /// Its floating-point operations.
    pub flops: f64,
}

/// Runs each call in a pass of its own between two time stamps and gives the seconds of each. Nothing overlaps that way, so
/// the sum is a little more than the calls take together.
///
/// # Errors
/// [`GpuError::Device`] where the device was made without time stamps; what else the device reports.
pub(crate) async fn time_calls(gpu: &Gpu, calls: &[BoundCall]) -> Result<Vec<f64>, GpuError> {
    if !gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
        return Err(GpuError::Device {
            message: "the device was made without time stamps, or its adapter has none".into(),
        });
    }
    let count = calls.len() as u32 * 2;
    let queries = gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
        label: Some("profile"),
        ty: wgpu::QueryType::Timestamp,
        count,
    });
    let bytes = u64::from(count) * 8;
    let resolved = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("profile"),
        size: bytes,
        usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    });
    for (index, call) in (0..).zip(calls) {
        let mut encoder = gpu
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        call.encode(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: None,
            timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                query_set: &queries,
                beginning_of_pass_write_index: Some(2 * index),
                end_of_pass_write_index: Some(2 * index + 1),
            }),
        }));
        gpu.queue.submit([encoder.finish()]);
    }
    let mut encoder = gpu
        .device
        .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.resolve_query_set(&queries, 0..count, &resolved, 0);
    gpu.queue.submit([encoder.finish()]);
    let stamps: Vec<u64> = bytemuck::pod_collect_to_vec(&read_back(gpu, &resolved, bytes).await?);
    let tick = f64::from(gpu.queue.get_timestamp_period()) * 1e-9;
    Ok(stamps
        .chunks_exact(2)
        .map(|pair| pair[1].saturating_sub(pair[0]) as f64 * tick)
        .collect())
}
