//! The two things that wgpu calls unsafe: shaders without run-time checks, and experimental features.
//!
//! wgpu guards shaders of unknown origin: every index is compared with its array's length, every loop counts
//! its iterations, every division checks its divisor. The loop count alone costs half of the arithmetic rate
//! of a large GPU. The shaders here are all made by this crate's kernels, which clamp every index to the
//! buffers that the plan sized, loop over finite ranges of uniforms and divide by sizes that are at least
//! one; so they do without guards. In a browser nothing changes: there the browser's own compiler keeps its
//! guards.

#![allow(
    unsafe_code,
    reason = "wgpu marks the two calls unsafe; the comments above and beside them say why they are sound"
)]

/// A shader module made from this crate's own text.
pub(crate) fn shader_module(
    device: &wgpu::Device,
    descriptor: wgpu::ShaderModuleDescriptor<'_>,
) -> wgpu::ShaderModule {
    let checks = wgpu::ShaderRuntimeChecks {
        bounds_checks: false,
        force_loop_bounding: false,
        int_div_checks: false,
        ..wgpu::ShaderRuntimeChecks::checked()
    };
    // SAFETY: the text comes from `crate::kernel` alone, whose indices stay inside their buffers, whose loops
    // end and whose divisors are sizes of at least one.
    unsafe { device.create_shader_module_trusted(descriptor, checks) }
}

/// Permission to use cooperative matrices, which wgpu calls experimental.
pub(crate) fn experimental(wanted: bool) -> wgpu::ExperimentalFeatures {
    if wanted {
        // SAFETY: the only experimental feature asked for is cooperative matrices, used by one kernel whose
        // results are compared with its CPU twin on every adapter that has them.
        unsafe { wgpu::ExperimentalFeatures::enabled() }
    } else {
        wgpu::ExperimentalFeatures::disabled()
    }
}
