//! Submitting kernel calls to the queue, in pieces short enough for watchdogs.

use crate::Gpu;

/// Floating-point operations of one submission: browsers want less than a second. A weak integrated GPU does
/// about 300 GFLOP/s with these kernels, a software adapter about 5.
const GPU_BUDGET: f64 = 3e10;
const SOFTWARE_BUDGET: f64 = 1e9;

/// A call with its buffers bound.
#[derive(Clone, Debug)]
pub(crate) struct BoundCall {
    pub pipeline: wgpu::ComputePipeline,
    pub bindings: wgpu::BindGroup,
    pub workgroups: [u32; 3],
    pub flops: f64,
}

impl BoundCall {
    pub(crate) fn encode(&self, pass: &mut wgpu::ComputePass<'_>) {
        let [x, y, z] = self.workgroups;
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.dispatch_workgroups(x, y, z);
    }
}

/// Submits calls in order, cut where the budget is spent.
pub(crate) fn submit(gpu: &Gpu, calls: &[BoundCall]) {
    let budget = budget(gpu.report().software);
    let mut rest = calls;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece_length(rest.iter().map(|call| call.flops), budget));
        let mut encoder = gpu
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            for call in piece {
                call.encode(&mut pass);
            }
        }
        gpu.queue.submit([encoder.finish()]);
        rest = after;
    }
}

fn budget(software: bool) -> f64 {
    if software { SOFTWARE_BUDGET } else { GPU_BUDGET }
}

/// The number of submissions for calls of these costs.
pub(crate) fn submissions(mut costs: &[f64], software: bool) -> usize {
    let mut count = 0;
    while !costs.is_empty() {
        let piece = piece_length(costs.iter().copied(), budget(software));
        costs = costs.get(piece..).unwrap_or_default();
        count += 1;
    }
    count
}

/// How many of these costs come before the budget is spent; at least one.
fn piece_length(costs: impl Iterator<Item = f64>, budget: f64) -> usize {
    let mut spent = 0.0;
    let fitting = costs.take_while(|cost| {
        spent += cost;
        spent <= budget
    });
    fitting.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_keeps_to_the_budget_but_is_never_empty() {
        assert_eq!(piece_length([1.0, 1.0, 1.0].into_iter(), 2.0), 2);
        assert_eq!(piece_length([9.0, 1.0].into_iter(), 2.0), 1);
        assert_eq!(submissions(&[0.6 * SOFTWARE_BUDGET; 3], true), 3);
        assert_eq!(submissions(&[0.3 * GPU_BUDGET; 4], false), 2);
    }
}
