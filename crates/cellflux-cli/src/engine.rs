//! Which engine evaluates the network: the options that `verify` and `run` share.

use clap::ValueEnum;

/// An implementation of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
    /// The CPU, through candle.
    Candle,
    /// A GPU (or its software stand-in), through wgpu.
    Wgpu,
}

/// The precision of weights and activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DType {
    /// 32-bit floats.
    F32,
    /// 16-bit floats with 32-bit accumulation (wgpu only).
    F16,
}
