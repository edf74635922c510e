//! The CellFlux U-Net on wgpu: WGSL kernels, a plan built from the config, and an engine for Vulkan, Metal, DX12 and WebGPU.
