//! Whether a device is large enough for a plan.

use crate::{Gpu, GpuError, Plan, Wanted};

impl Wanted {
    /// What this plan needs.
    pub fn for_plan(plan: &Plan) -> Self {
        Self {
            largest_buffer: plan.memory().largest_buffer,
            ..Self::default()
        }
    }
}

impl Gpu {
    /// Whether the device allows buffers as large as this plan needs.
    ///
    /// # Errors
    /// [`GpuError::Limit`] naming the limit.
    pub fn fits(&self, plan: &Plan) -> Result<(), GpuError> {
        let limits = self.device.limits();
        plan.check_limits(limits.max_buffer_size, limits.max_storage_buffer_binding_size)
    }
}
