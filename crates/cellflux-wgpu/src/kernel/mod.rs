//! One module per kernel: typed parameters in, a specialised shader and its dispatch out.
//!
//! Each module documents the order of its storage buffers, and tests its kernel against a CPU twin.

pub(crate) mod attention;
pub(crate) mod combine;
pub(crate) mod convolution;
pub(crate) mod error_norm;
pub(crate) mod group_norm;
pub(crate) mod linear;
pub(crate) mod normalise;
pub(crate) mod resample;
pub(crate) mod winograd;
