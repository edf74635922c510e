//! What the processes of a run need from whatever joins them: everybody's bytes, and the sum of a tensor.

use std::fmt::Debug;

use candle_core::Tensor;

/// Why something could not be exchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// A process has ended, or cannot be reached any longer.
    #[error("{reason}")]
    Lost {
        /// Its rank, where that is known.
        rank: Option<usize>,
        /// What was seen of it.
        reason: String,
    },
    /// The tensor library failed.
    #[error("candle: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// Joins the processes of a run. All of them make the same calls in the same order; each waits for the
/// others.
pub trait Transport: Debug {
    /// This process, from 0.
    fn rank(&self) -> usize;

    /// How many processes there are.
    fn size(&self) -> usize;

    /// The bytes that each process gives, in the order of ranks; they may differ in length.
    ///
    /// # Errors
    /// [`TransportError::Lost`].
    fn gather(&mut self, own: &[u8]) -> Result<Vec<Vec<u8>>, TransportError>;

    /// The sum over the processes of a flat f32 tensor, the same bits in all of them; its length is the same
    /// in all of them.
    ///
    /// # Errors
    /// [`TransportError`].
    fn sum(&mut self, values: &Tensor) -> Result<Tensor, TransportError>;
}

/// The only process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alone;

impl Transport for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn gather(&mut self, own: &[u8]) -> Result<Vec<Vec<u8>>, TransportError> {
        Ok(vec![own.to_vec()])
    }

    fn sum(&mut self, values: &Tensor) -> Result<Tensor, TransportError> {
        Ok(values.clone())
    }
}
