//! What can go wrong on a GPU, as values.

use cellflux_bundle::config::ConfigError;

/// Why the GPU engine cannot be made, or cannot go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// The machine or browser offers no GPU adapter, not even a software one.
    #[error("no GPU adapter: {reason}")]
    NoAdapter {
        /// What the platform said.
        reason: String,
    },
    /// The adapter exists but gives no device.
    #[error("the adapter {adapter} gives no device: {reason}")]
    NoDevice {
        /// The adapter's name.
        adapter: String,
        /// What the platform said.
        reason: String,
    },
    /// A number of the flow that is not allowed.
    #[error(transparent)]
    Flow(#[from] cellflux_flow::FlowError),
    /// The network needs more than the device allows.
    #[error("{what} needs {limit} of {needed}, but the device allows {available}")]
    Limit {
        /// WebGPU's name of the limit.
        limit: &'static str,
        /// What the network needs.
        needed: u64,
        /// What the device allows.
        available: u64,
        /// The buffer or kernel that needs it.
        what: String,
    },
    /// f16 was asked for on an adapter without it.
    #[error("dtype f16 needs the WebGPU feature shader-f16, which the adapter {adapter} does not have")]
    NoHalfPrecision {
        /// The adapter's name.
        adapter: String,
    },
    /// The device does not have enough memory for the plan.
    #[error("out of GPU memory: the plan needs {needed_mib} MiB")]
    OutOfMemory {
        /// Peak memory of the plan in MiB.
        needed_mib: u64,
    },
    /// The device is gone (driver reset, tab in the background, unplugged, destroyed); a new engine may work.
    #[error("the GPU device was lost: {reason}")]
    DeviceLost {
        /// What the platform said.
        reason: String,
    },
    /// The driver or browser refuses a shader.
    #[error("the shader {kernel} does not compile: {message}")]
    Shader {
        /// The kernel's name.
        kernel: String,
        /// What the compiler said.
        message: String,
    },
    /// The device reported an error in a call.
    #[error("the GPU reported an error: {message}")]
    Device {
        /// What the platform said.
        message: String,
    },
    /// The configuration or image size describes no network.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A tensor of the state dict is missing or does not fit the configuration.
    #[error("tensor {name}: {problem}")]
    Tensor {
        /// The tensor's name in the state dict.
        name: String,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A batch that the engine was not made for.
    #[error("a batch of {found} images, expected 1 to {largest}")]
    Batch {
        /// Images given.
        found: usize,
        /// What the engine was made for.
        largest: usize,
    },
    /// An argument whose length does not fit the network or the batch.
    #[error("{what} has {found} values, expected {expected}")]
    Length {
        /// The argument.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that fits.
        expected: usize,
    },
    /// A text that is not a stored choice of tiles.
    #[error("stored tiles, line {line}: {problem}")]
    StoredTiles {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A stored choice of tiles that was measured elsewhere, or with other kernels.
    #[error("stored tiles are for {what} {found:?}, expected {expected:?}")]
    ForeignTiles {
        /// What differs.
        what: &'static str,
        /// What they were measured with.
        found: String,
        /// What is here.
        expected: String,
    },
    /// A velocity was asked for before any condition was set.
    #[error("no condition is set, expected one condition vector per image first")]
    NoCondition,
}
