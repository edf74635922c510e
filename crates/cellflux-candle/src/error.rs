//! What can go wrong in this crate.

use cellflux_bundle::config::ConfigError;
use cellflux_bundle::error::BundleError;
use cellflux_flow::error::FlowError;

/// Why a network could not be built or evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CandleError {
    /// The configuration, or the image size asked of it, describes no network.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state dict is not this network's.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// An input's length does not fit the network or the batch.
    #[error("{what} has {found} values, expected {expected}")]
    Length {
        /// Which input.
        what: &'static str,
        /// How many it has.
        found: usize,
        /// How many were expected, in words.
        expected: String,
    },
    /// [`velocity`](cellflux_flow::field::Field::velocity) was asked for before any condition was set.
    #[error("no condition is set: call condition() before velocity()")]
    NoCondition,
    /// A linear combination of no states.
    #[error("a linear combination needs at least one state")]
    NoTerms,
    /// The flow refused a number.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The tensor library failed.
    #[error("candle: {0}")]
    Candle(#[from] candle_core::Error),
}
