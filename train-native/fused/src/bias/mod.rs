//! The bias and the residual of a convolution, and the bias's gradient.
//!
//! With `y` and `residual` `[N, H, W, C]` and `bias` `[C]`: `y + bias + residual`; the gradient of `bias` is
//! the sum of that of the result over all pixels of all images. On a GPU this works in place, on what cuDNN
//! wrote.

#[cfg(feature = "cudnn")]
pub mod cuda;
mod plain;

pub use plain::{add, gradient};
