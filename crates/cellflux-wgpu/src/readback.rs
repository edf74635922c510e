//! Copying buffers back without holding the engine.

use std::future::Future;

use futures_channel::oneshot;

use crate::{Gpu, GpuError};

/// Queues a copy of the buffer's first `bytes` at once; the future gives them when the device has reached
/// that point.
pub(crate) fn read_back(
    gpu: &Gpu,
    buffer: &wgpu::Buffer,
    bytes: u64,
) -> impl Future<Output = Result<Vec<u8>, GpuError>> + use<> {
    let gpu = gpu.clone();
    let started = gpu.check().map(|()| start(&gpu, buffer, bytes));
    async move {
        let (staging, mapped) = started?;
        // A native device goes on only while somebody waits for it; in a browser this does nothing.
        let waited = gpu.device.poll(wgpu::PollType::wait_indefinitely());
        let outcome = mapped.await;
        if waited.is_err() {
            gpu.health.lost("the device no longer answers".into());
        }
        gpu.check()?;
        let unreadable = |reason: String| GpuError::Device {
            message: format!("a buffer could not be read back: {reason}"),
        };
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(after_loss(&gpu, unreadable(error.to_string())).await),
            Err(oneshot::Canceled) => {
                return Err(after_loss(&gpu, unreadable("the device dropped the request".into())).await);
            }
        }
        let range = staging
            .get_mapped_range(..)
            .map_err(|error| unreadable(error.to_string()))?;
        let bytes = range.to_vec();
        drop(range);
        staging.unmap();
        Ok(bytes)
    }
}

type Mapped = oneshot::Receiver<Result<(), wgpu::BufferAsyncError>>;

fn start(gpu: &Gpu, buffer: &wgpu::Buffer, bytes: u64) -> (wgpu::Buffer, Mapped) {
    let staging = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("read back"),
        size: bytes,
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let mut encoder = gpu
        .device
        .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(buffer, 0, &staging, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
    let (sender, mapped) = oneshot::channel();
    staging.map_async(wgpu::MapMode::Read, .., move |outcome| {
        // The reader may be gone; then nobody needs the answer.
        let _ = sender.send(outcome);
    });
    (staging, mapped)
}

/// Why a mapping failed: a browser rejects it when the device is lost, a moment before it reports the loss.
async fn after_loss(gpu: &Gpu, otherwise: GpuError) -> GpuError {
    // Popping a scope goes to the browser's GPU process and back, after which the loss has been reported.
    let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::Internal);
    let _ = scope.pop().await;
    gpu.check().err().unwrap_or(otherwise)
}
