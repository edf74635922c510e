//! What the device has reported about itself since it was made: loss, and errors that no scope caught.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::GpuError;

/// A device's reports, shared with the callbacks that the platform calls at any time.
#[derive(Clone, Default)]
pub(crate) struct Health {
    first_error: Arc<Mutex<Option<GpuError>>>,
}

impl Health {
    /// Listens to a device.
    pub(crate) fn watch(device: &wgpu::Device) -> Self {
        let health = Self::default();
        let on_loss = health.clone();
        device.set_device_lost_callback(move |reason, message| {
            on_loss.lost(if message.is_empty() {
                format!("{reason:?}").to_lowercase()
            } else {
                message
            });
        });
        let on_error = health.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| on_error.record(&error)));
        health
    }

    /// The device is gone; this replaces any earlier error, which was probably its first sign.
    pub(crate) fn lost(&self, reason: String) {
        let mut slot = self.slot();
        if !matches!(*slot, Some(GpuError::DeviceLost { .. })) {
            *slot = Some(GpuError::DeviceLost { reason });
        }
    }

    fn record(&self, error: &wgpu::Error) {
        let error = from_wgpu(error);
        let mut slot = self.slot();
        match (&*slot, &error) {
            (Some(GpuError::DeviceLost { .. }), _) => {}
            (None, _) | (_, GpuError::DeviceLost { .. }) => *slot = Some(error),
            _ => {}
        }
    }

    /// A kernel that the constructor did not compile was called: a mistake in this crate, reported like any
    /// device error.
    pub(crate) fn missing_kernel(&self, label: &str) {
        self.slot().get_or_insert(GpuError::Device {
            message: format!("the kernel {label} was not compiled"),
        });
    }

    /// The first thing that went wrong, if anything has. A lost device stays lost; other errors are reported
    /// once.
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        let mut slot = self.slot();
        let told = match &*slot {
            None => return Ok(()),
            Some(error) => error.clone(),
        };
        if !matches!(told, GpuError::DeviceLost { .. }) {
            *slot = None;
        }
        Err(told)
    }

    fn slot(&self) -> MutexGuard<'_, Option<GpuError>> {
        self.first_error.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Turns a wgpu error into one of this crate. On native back ends a call on a lost device is a validation
/// error that says so.
pub(crate) fn from_wgpu(error: &wgpu::Error) -> GpuError {
    match error {
        wgpu::Error::OutOfMemory { .. } => GpuError::OutOfMemory { needed_mib: 0 },
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            if description.contains("device is lost") || description.contains("Device is lost") {
                GpuError::DeviceLost {
                    reason: "the device no longer takes calls".into(),
                }
            } else {
                GpuError::Device {
                    message: one_line(description),
                }
            }
        }
    }
}

/// Multi-line reports as one sentence, for a page or a terminal line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_outranks_and_outlasts_other_errors() {
        let health = Health::default();
        *health.slot() = Some(GpuError::Device { message: "a".into() });
        health.lost("gone".into());
        let loss = Err(GpuError::DeviceLost {
            reason: "gone".into(),
        });
        assert_eq!(health.check(), loss);
        assert_eq!(health.check(), loss);
    }

    #[test]
    fn other_errors_are_told_once() {
        let health = Health::default();
        *health.slot() = Some(GpuError::Device { message: "a".into() });
        assert!(health.check().is_err());
        assert_eq!(health.check(), Ok(()));
    }
}
