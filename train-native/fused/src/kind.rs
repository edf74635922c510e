//! The operations by name, each of which a check finds right or wrong.

use std::fmt;

/// An operation that may be replaced by its twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Convolution with bias and residual.
    Convolution,
    /// Group normalisation and what follows it.
    Normalisation,
    /// Attention.
    Attention,
    /// Pooling and nearest up-sampling.
    Resampling,
    /// Concatenation of channels.
    Concatenation,
    /// `AdamW` with the average of the weights, which is not part of the network.
    Optimiser,
}

impl Kind {
    /// Those of the network.
    pub const ALL: [Self; 5] = [
        Self::Convolution,
        Self::Normalisation,
        Self::Attention,
        Self::Resampling,
        Self::Concatenation,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Convolution => "convolution",
            Self::Normalisation => "group normalisation",
            Self::Attention => "attention",
            Self::Resampling => "resampling",
            Self::Concatenation => "concatenation",
            Self::Optimiser => "optimiser",
        })
    }
}
