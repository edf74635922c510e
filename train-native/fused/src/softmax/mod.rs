//! Softmax of rows, and its gradient: what attention needs besides matrix products.
//!
//! Of a row `s` of scores, `p[i] = exp(s[i] - max(s)) / sum over j of exp(s[j] - max(s))`; with `dp` the
//! gradient of `p`, that of `s` is `p (dp - sum over j of p[j] dp[j])`, here times a factor.

#[cfg(feature = "cudnn")]
pub mod cuda;
mod plain;

pub use plain::{gradient, softmax};
