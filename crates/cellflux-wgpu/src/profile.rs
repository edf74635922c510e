//! Time by kernel, from the device's own clock.

use std::collections::BTreeMap;
use std::fmt;

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

/// All calls of one kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// The kernel.
    pub kernel: String,
    /// How often it was called.
    pub calls: usize,
    /// Seconds of all calls.
    pub seconds: f64,
    /// Floating-point operations of all calls.
    pub flops: f64,
}

impl KernelTime {
    /// Sums calls by kernel, the longest first.
    pub fn of(calls: &[CallTime]) -> Vec<Self> {
        let mut kernels: BTreeMap<&str, Self> = BTreeMap::new();
        for call in calls {
            let kernel = kernels.entry(&call.kernel).or_insert_with(|| Self {
                kernel: call.kernel.clone(),
                calls: 0,
                seconds: 0.0,
                flops: 0.0,
            });
            kernel.calls += 1;
            kernel.seconds += call.seconds;
            kernel.flops += call.flops;
        }
        let mut kernels: Vec<_> = kernels.into_values().collect();
        kernels.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        kernels
    }
}

/// One line for people.
impl fmt::Display for KernelTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:26} {:4} calls {:10.3} ms {:10.1} GFLOP/s",
            self.kernel,
            self.calls,
            self.seconds * 1e3,
            self.flops / self.seconds / 1e9
        )
    }
}

/// Runs each call in a pass of its own between two time stamps and gives the seconds of each. Nothing
/// overlaps that way, so the sum is a little more than the calls take together.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_summed_by_kernel_and_the_longest_comes_first() {
        let call = |kernel: &str, seconds| CallTime {
            layer: String::new(),
            kernel: kernel.into(),
            seconds,
            flops: 10.0,
        };
        let kernels = KernelTime::of(&[call("a", 1.0), call("b", 5.0), call("a", 2.0)]);
        assert_eq!(kernels[0].kernel, "b");
        assert_eq!((kernels[1].calls, kernels[1].seconds), (2, 3.0));
        assert!((kernels[1].flops - 20.0).abs() < 1e-12);
    }
}
