//! Where a training step's time goes, by events around every call that the fused operations make.

use std::cell::RefCell;
use std::fmt;

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::{CudaEvent, sys::CUevent_flags};
use candle_core::{CudaDevice, Result};

/// What a call on the device does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// cuDNN's convolutions, forward.
    ConvolutionForward,
    /// cuDNN's gradients of images.
    ConvolutionBackwardData,
    /// cuDNN's gradients of kernels.
    ConvolutionBackwardFilter,
    /// Biases, residual additions, packing of kernels.
    Bias,
    /// Normalisation, modulation, activation and dropout, forward.
    Normalise,
    /// The same, backward.
    NormaliseBackward,
    /// Attention, forward and backward.
    Attention,
    /// Resampling and concatenation.
    Resample,
    /// `AdamW` and the moving average.
    Optimiser,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::ConvolutionForward => "convolution, forward",
            Self::ConvolutionBackwardData => "convolution, image gradient",
            Self::ConvolutionBackwardFilter => "convolution, kernel gradient",
            Self::Bias => "bias, residual, packing",
            Self::Normalise => "normalisation, forward",
            Self::NormaliseBackward => "normalisation, gradient",
            Self::Attention => "attention",
            Self::Resample => "resampling, concatenation",
            Self::Optimiser => "optimiser",
        })
    }
}

thread_local! {
    static RECORD: RefCell<Option<Vec<(Class, CudaEvent, CudaEvent)>>> = const { RefCell::new(None) };
}

/// Starts recording on this thread.
pub fn start() {
    RECORD.set(Some(Vec::new()));
}

/// Ends recording and returns the milliseconds of every call, in order.
///
/// # Errors
/// When the device fails.
pub fn finish() -> Result<Vec<(Class, f64)>> {
    RECORD
        .take()
        .unwrap_or_default()
        .iter()
        .map(|(class, from, to)| Ok((*class, f64::from(from.elapsed_ms(to).w()?))))
        .collect()
}

/// Runs `call`, with its time on the device recorded if recording is on.
///
/// # Errors
/// Those of `call`, and when the device fails.
pub fn timed<T>(device: &CudaDevice, class: Class, call: impl FnOnce() -> Result<T>) -> Result<T> {
    if !RECORD.with_borrow(Option::is_some) {
        return call();
    }
    let stream = device.cuda_stream();
    let flags = Some(CUevent_flags::CU_EVENT_DEFAULT);
    let from = stream.record_event(flags).w()?;
    let out = call()?;
    let to = stream.record_event(flags).w()?;
    RECORD.with_borrow_mut(|record| {
        if let Some(record) = record {
            record.push((class, from, to));
        }
    });
    Ok(out)
}
