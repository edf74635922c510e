//! Finding an adapter and a device, and reporting what they are.

use std::fmt;

use crate::health::{Health, one_line};
use crate::{GpuError, Precision, trusted};

/// What the cooperative kernels need besides `shader-f16`.
const COOPERATIVE: wgpu::Features =
    wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX.union(wgpu::Features::SUBGROUP);

/// Bytes of workgroup memory that an adapter with cooperative matrices is asked for.
pub(crate) const COOPERATIVE_MEMORY: u32 = 48 << 10;

/// What is asked of a device beyond WebGPU's defaults.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Bytes of the largest buffer; higher limits than the defaults are asked for only if this needs them.
    pub largest_buffer: u64,
    /// Take a software adapter even where there is a GPU.
    pub software: bool,
    /// Time stamps for [`crate::WgpuEngine::profile`], where the adapter has them.
    pub timestamps: bool,
}

/// What the adapter is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdapterReport {
    /// Name, as the driver or browser gives it; browsers may give none.
    pub name: String,
    /// The API under wgpu: vulkan, metal, dx12 or webgpu.
    pub backend: String,
    /// Driver and version; empty in browsers.
    pub driver: String,
    /// Whether it computes on the CPU.
    pub software: bool,
    /// Invocations of its largest subgroup.
    pub lanes: u32,
    /// Whether it has `shader-f16`.
    pub half_precision: bool,
    /// Whether its subgroups multiply 16x16 f16 matrices into f32 sums (native back ends only).
    pub cooperative: bool,
}

impl AdapterReport {
    /// Whether it computes on the CPU's narrowest vectors, as SwiftShader does.
    pub(crate) fn narrow(&self) -> bool {
        self.software && self.lanes == 4
    }
}

/// One line for people.
impl fmt::Display for AdapterReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() {
            "unnamed adapter"
        } else {
            &self.name
        };
        write!(f, "{name} ({}", self.backend)?;
        if !self.driver.is_empty() {
            write!(f, ", {}", self.driver)?;
        }
        if self.software {
            write!(f, ", a software adapter")?;
        }
        write!(f, ")")
    }
}

/// A device with its queue, its adapter's report and a watch on its health. Clones are handles to the same
/// device.
#[derive(Clone)]
pub struct Gpu {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) health: Health,
    report: AdapterReport,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gpu")
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

impl Gpu {
    /// Asks the platform for an adapter and a device. On native back ends `WGPU_BACKEND` narrows the choice.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`], [`GpuError::Limit`] when the adapter allows less than WebGPU's defaults or
    /// than what is wanted, [`GpuError::NoDevice`].
    pub async fn request(wanted: Wanted) -> Result<Self, GpuError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let adapter = instance
            .request_adapter(&wgpu::RequestAdapterOptions {
                power_preference: wgpu::PowerPreference::HighPerformance,
                force_fallback_adapter: wanted.software,
                ..Default::default()
            })
            .await
            .map_err(|error| GpuError::NoAdapter {
                reason: one_line(&error.to_string()),
            })?;
        let report = report(&adapter);
        let mut limits = limits(&adapter.limits(), wanted, &report.name)?;
        if report.cooperative {
            // The cooperative kernel is the only one that can use more than the default.
            limits.max_compute_workgroup_storage_size = adapter
                .limits()
                .max_compute_workgroup_storage_size
                .min(COOPERATIVE_MEMORY);
        }
        let mut features = wgpu::Features::SHADER_F16;
        features.set(wgpu::Features::TIMESTAMP_QUERY, wanted.timestamps);
        features &= adapter.features();
        features.set(COOPERATIVE, report.cooperative);
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("cellflux"),
                required_features: features,
                required_limits: limits,
                experimental_features: trusted::experimental(report.cooperative),
                ..Default::default()
            })
            .await
            .map_err(|error| GpuError::NoDevice {
                adapter: report.name.clone(),
                reason: one_line(&error.to_string()),
            })?;
        let health = Health::watch(&device);
        Ok(Self {
            device,
            queue,
            health,
            report,
        })
    }

    /// What the adapter is.
    pub fn report(&self) -> &AdapterReport {
        &self.report
    }

    /// Whether the device still answers and nothing has gone wrong since the last check.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`] on every call after a loss; any other error that a call reported, once.
    pub fn check(&self) -> Result<(), GpuError> {
        // Native back ends run callbacks only when polled; in a browser this does nothing.
        if self.device.poll(wgpu::PollType::Poll).is_err() {
            self.health.lost("the device no longer answers".into());
        }
        self.health.check()
    }

    /// Loses the device, as a driver reset would. Every later call gives [`GpuError::DeviceLost`].
    pub fn lose(&self) {
        self.device.destroy();
        // The platform reports it only when earlier work is done.
        self.health.lost("it was destroyed".into());
    }

    /// Refuses f16 where the device does not have it.
    pub(crate) fn supports(&self, precision: Precision) -> Result<(), GpuError> {
        if precision == Precision::F16 && !self.report.half_precision {
            return Err(GpuError::NoHalfPrecision {
                adapter: self.report.name.clone(),
            });
        }
        Ok(())
    }
}

fn report(adapter: &wgpu::Adapter) -> AdapterReport {
    let info = adapter.get_info();
    let name = info.name.to_lowercase();
    // `SOFTWARE` in `web/worker/adapter.js` has the same names: a page decides by them before this runs.
    let named_software = ["swiftshader", "llvmpipe", "lavapipe", "microsoft basic render"]
        .iter()
        .any(|software| name.contains(software));
    AdapterReport {
        software: named_software || info.device_type == wgpu::DeviceType::Cpu,
        lanes: info.subgroup_max_size,
        backend: match info.backend {
            wgpu::Backend::BrowserWebGpu => "webgpu".into(),
            other => other.to_string(),
        },
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        half_precision: adapter.features().contains(wgpu::Features::SHADER_F16),
        cooperative: cooperative(adapter, &info),
        name: info.name,
    }
}

/// Whether the adapter multiplies 16x16 f16 matrices into f32 sums, in subgroups that always have 32
/// invocations.
fn cooperative(adapter: &wgpu::Adapter, info: &wgpu::AdapterInfo) -> bool {
    let wanted = |matrix: &wgpu::CooperativeMatrixProperties| {
        [matrix.m_size, matrix.n_size, matrix.k_size] == [16; 3]
            && matrix.ab_type == wgpu::CooperativeScalarType::F16
            && matrix.cr_type == wgpu::CooperativeScalarType::F32
    };
    adapter
        .features()
        .contains(COOPERATIVE.union(wgpu::Features::SHADER_F16))
        && [info.subgroup_min_size, info.subgroup_max_size] == [32; 2]
        && adapter.cooperative_matrix_properties().iter().any(wanted)
}

/// WebGPU's defaults, with larger buffers where they are wanted.
fn limits(allowed: &wgpu::Limits, wanted: Wanted, adapter: &str) -> Result<wgpu::Limits, GpuError> {
    let defaults = wgpu::Limits::default();
    let limits = wgpu::Limits {
        max_buffer_size: defaults.max_buffer_size.max(wanted.largest_buffer),
        max_storage_buffer_binding_size: defaults
            .max_storage_buffer_binding_size
            .max(wanted.largest_buffer.next_multiple_of(4)),
        ..defaults
    };
    let mut missing = None;
    // Only what compute kernels use: an adapter that is too small for rendering may still be large enough.
    for (limit, needed, available) in [
        ("maxBufferSize", limits.max_buffer_size, allowed.max_buffer_size),
        (
            "maxStorageBufferBindingSize",
            limits.max_storage_buffer_binding_size,
            allowed.max_storage_buffer_binding_size,
        ),
        (
            "maxStorageBuffersPerShaderStage",
            u64::from(limits.max_storage_buffers_per_shader_stage),
            u64::from(allowed.max_storage_buffers_per_shader_stage),
        ),
        (
            "maxComputeWorkgroupStorageSize",
            u64::from(limits.max_compute_workgroup_storage_size),
            u64::from(allowed.max_compute_workgroup_storage_size),
        ),
        (
            "maxComputeInvocationsPerWorkgroup",
            u64::from(limits.max_compute_invocations_per_workgroup),
            u64::from(allowed.max_compute_invocations_per_workgroup),
        ),
    ] {
        if needed > available {
            missing.get_or_insert(GpuError::Limit {
                limit,
                needed,
                available,
                what: format!("the network on the adapter {adapter}"),
            });
        }
    }
    missing.map_or(Ok(limits), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_buffers_are_asked_for_only_when_wanted() {
        let allowed = wgpu::Limits {
            max_buffer_size: 1 << 32,
            max_storage_buffer_binding_size: 1 << 31,
            ..Default::default()
        };
        let plain = limits(&allowed, Wanted::default(), "x").unwrap();
        assert_eq!(plain, wgpu::Limits::default());
        let wanted = Wanted {
            largest_buffer: 1 << 30,
            ..Wanted::default()
        };
        let larger = limits(&allowed, wanted, "x").unwrap();
        assert_eq!(larger.max_storage_buffer_binding_size, 1 << 30);
    }

    #[test]
    fn a_missing_limit_is_named() {
        let small = wgpu::Limits {
            max_storage_buffer_binding_size: 1 << 20,
            ..Default::default()
        };
        let error = limits(&small, Wanted::default(), "toy").unwrap_err();
        assert!(
            error.to_string().contains("maxStorageBufferBindingSize"),
            "{error}"
        );
    }

    #[test]
    fn the_report_says_that_an_adapter_is_software() {
        let report = AdapterReport {
            name: "llvmpipe".into(),
            backend: "vulkan".into(),
            driver: String::new(),
            software: true,
            lanes: 8,
            half_precision: true,
            cooperative: false,
        };
        assert_eq!(report.to_string(), "llvmpipe (vulkan, a software adapter)");
    }
}
