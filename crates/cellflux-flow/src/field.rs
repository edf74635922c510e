//! What a solver needs of a velocity field, and what an engine must offer beside it.
//!
//! States are opaque handles, so that the same solver steps tensors on a CPU and buffers on a GPU.

use std::future::Future;

use crate::guidance::Guidance;

/// A velocity field `v(x, t)` over opaque states.
pub trait Field {
    /// A handle to a batch of images `[N, C, H, W]`, wherever it lives.
    type State: Clone;
    /// What can go wrong while evaluating.
    type Error;

    /// The velocity at time `t` in `[0, 1]`. Never waits for a GPU: it may only enqueue work.
    ///
    /// # Errors
    /// The field's own: a state of another shape, an engine that cannot compute any more.
    fn velocity(&mut self, t: f64, x: &Self::State) -> Result<Self::State, Self::Error>;

    /// The linear combination `sum c_i x_i`. Never waits for a GPU. `terms` is not empty.
    ///
    /// # Errors
    /// The field's own: states of different shapes, an engine that cannot compute any more.
    fn combine(&mut self, terms: &[(f64, &Self::State)]) -> Result<Self::State, Self::Error>;
}

/// A field that can be waited for: for a velocity that others compute a part of, and for a step's error,
/// which adaptive solvers need.
pub trait AdaptiveField: Field {
    /// Waits for what others compute of a velocity. A field that computes all of it itself has nothing to
    /// wait for, a GPU's queue included. A velocity may also be used without.
    ///
    /// # Errors
    /// The field's own.
    fn settle(&mut self, _velocity: &Self::State) -> impl Future<Output = Result<(), Self::Error>> {
        std::future::ready(Ok(()))
    }

    /// Root mean square over all elements of `error / (atol + rtol * max(|from|, |to|))`.
    ///
    /// # Errors
    /// The field's own, also those of earlier work that only shows now.
    fn error_norm(
        &mut self,
        error: &Self::State,
        from: &Self::State,
        to: &Self::State,
        tolerance: Tolerance,
    ) -> impl Future<Output = Result<f64, Self::Error>>;
}

/// Relative and absolute tolerance of an adaptive solver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Relative tolerance.
    pub rtol: f64,
    /// Absolute tolerance, in the state's unit (model range).
    pub atol: f64,
}

/// A velocity network on some device: the guided velocity of a batch of images, and how images get in and
/// out.
pub trait Engine: AdaptiveField {
    /// Puts a batch `[N, C, H, W]` (row-major, model range) on the device.
    ///
    /// # Errors
    /// The engine's own: a number of values that does not fill a batch of its image size, no memory left.
    fn upload(&mut self, values: &[f32]) -> Result<Self::State, Self::Error>;

    /// Reads a state back, `[N, C, H, W]` row-major.
    ///
    /// The copy is queued by the call itself, before the future is first polled, and the future does not
    /// borrow the engine: work enqueued after the call runs on the device while the caller awaits the values.
    ///
    /// # Errors
    /// The future's: the engine's own, also those of earlier work that only shows now.
    fn read(
        &mut self,
        state: &Self::State,
    ) -> impl Future<Output = Result<Vec<f32>, Self::Error>> + use<Self>;

    /// Sets what [`Field::velocity`] is conditioned on from now on: one condition vector `[D]` per sample,
    /// and the guidance. The number of conditions is the batch size N of the states that follow.
    ///
    /// # Errors
    /// The engine's own: a vector of another length than D, no condition at all.
    fn condition(&mut self, conditions: &[Vec<f32>], guidance: Guidance) -> Result<(), Self::Error>;

    /// The network itself, unguided: `x` is `[N, C, H, W]`, `t` has N times, and each sample has a
    /// condition vector `[D]` or none (the null condition).
    ///
    /// # Errors
    /// The engine's own: N, D or the image shape does not fit, an engine that cannot compute any more.
    fn evaluate(
        &mut self,
        x: &Self::State,
        t: &[f64],
        conditions: &[Option<&[f32]>],
    ) -> Result<Self::State, Self::Error>;
}
