//! One kernel call before it has buffers: shader, uniforms, number of workgroups, cost.

use bytemuck::NoUninit;

use crate::wgsl::Shader;

/// Invocations of a one-dimensional workgroup.
pub(crate) const LANES: u32 = 64;

/// WebGPU's default `maxComputeWorkgroupsPerDimension`.
pub(crate) const MAX_WORKGROUPS: u32 = 65_535;

/// A kernel call. Binding 0 is the uniform struct; the storage buffers follow in the order that the kernel
/// documents.
#[derive(Clone, Debug)]
pub(crate) struct Dispatch {
    pub shader: Shader,
    pub uniforms: Vec<u8>,
    pub workgroups: [u32; 3],
    /// Floating-point operations, to cut submissions into pieces short enough for watchdogs.
    pub flops: f64,
}

impl Dispatch {
    pub(crate) fn new<U: NoUninit>(shader: Shader, uniforms: &U, workgroups: [u32; 3], flops: f64) -> Self {
        Self {
            shader,
            uniforms: bytemuck::bytes_of(uniforms).to_vec(),
            workgroups,
            flops,
        }
    }
}

/// Workgroups of [`LANES`] invocations that cover `count` items, folded over two dimensions when one is too
/// short. Kernels number them `group.y * groups.x + group.x` and ignore the surplus.
pub(crate) fn cover(count: u64) -> [u32; 3] {
    let groups = count.div_ceil(u64::from(LANES)).max(1);
    let rows = groups.div_ceil(u64::from(MAX_WORKGROUPS));
    [groups.div_ceil(rows) as u32, rows as u32, 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_grid_covers_every_item_within_the_limit() {
        for count in [1_u64, 64, 65, 4_194_240, 4_194_241, 1 << 31] {
            let [x, y, _] = cover(count);
            assert!(x <= MAX_WORKGROUPS && y <= MAX_WORKGROUPS, "{count}");
            assert!(u64::from(x) * u64::from(y) * u64::from(LANES) >= count, "{count}");
        }
    }
}
