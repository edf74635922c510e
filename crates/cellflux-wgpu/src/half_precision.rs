//! Whether f16 is worth it on this device: it must exist, be right, and be faster.

use std::fmt;

use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::state_dict::StateDict;
use cellflux_flow::field::Engine as _;

use crate::{Gpu, GpuError, Precision, Probe, Site, Tuning, WgpuEngine};

/// Largest relative distance between the f16 and the f32 network that still counts as right; the goldens'
/// bound for f16.
const RIGHT: f64 = 5e-3;
/// f16 must take at most this part of f32's time, or it is not worth its rounding.
const FASTER: f64 = 0.9;

/// The dtype to use, and the measurements behind the choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The dtype.
    pub precision: Precision,
    /// Time of one f16 convolution over that of an f32 one, if the adapter has f16.
    pub time_ratio: Option<f64>,
    /// Relative distance between the two networks' velocities, if f16 was fast enough to ask.
    pub self_check: Option<f64>,
}

/// One line for people.
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.precision)?;
        match (self.time_ratio, self.self_check) {
            (None, _) => write!(f, "the adapter has no shader-f16"),
            (Some(ratio), None) => write!(f, "f16 takes {ratio:.2} of f32's time"),
            (Some(ratio), Some(distance)) => {
                write!(
                    f,
                    "f16 takes {ratio:.2} of f32's time and differs by {distance:.1e}"
                )
            }
        }
    }
}

/// Chooses the dtype for a network on a device: f16 only where the adapter has it, a convolution of this
/// network's size is clearly faster in it, and [`self_check`] finds it right.
///
/// `clock` gives seconds since an arbitrary moment; the crate itself has no clock that works everywhere.
///
/// # Errors
/// What the device reports; an f16 network that overflows is not an error but a reason for f32.
pub async fn choose_dtype(
    gpu: &Gpu,
    config: &UNetConfig,
    weights: &StateDict,
    [height, width]: [usize; 2],
    clock: impl Fn() -> f64,
) -> Result<Choice, GpuError> {
    let mut choice = Choice {
        precision: Precision::F32,
        time_ratio: None,
        self_check: None,
    };
    if !gpu.report().half_precision {
        return Ok(choice);
    }
    config.validate()?;
    // On a software adapter part of an image is enough to show which is faster.
    let side = |side: usize| side.min(if gpu.report().software { 32 } else { 128 }) as u32;
    let channels = config
        .channel_mult
        .first()
        .map_or(0, |mult| mult * config.model_channels) as u32;
    let size = [side(height), side(width)];
    let single = time(gpu, size, channels, Precision::F32, &clock).await?;
    let half = time(gpu, size, channels, Precision::F16, &clock).await?;
    let ratio = half / single;
    choice.time_ratio = Some(ratio);
    // Written so that a clock that stands still, for which this divides zero by zero, chooses f32.
    let faster = ratio <= FASTER;
    if !faster {
        return Ok(choice);
    }
    let distance = match self_check(gpu, config, weights).await {
        Ok(distance) => distance,
        Err(GpuError::Tensor { .. }) => f64::INFINITY,
        Err(error) => return Err(error),
    };
    choice.self_check = Some(distance);
    if distance <= RIGHT {
        choice.precision = Precision::F16;
    }
    Ok(choice)
}

/// Relative distance between the velocities of the f16 and the f32 network on one small random-looking image;
/// infinite when the f16 one overflows.
///
/// # Errors
/// [`GpuError::NoHalfPrecision`]; [`GpuError::Tensor`] for a weight that f16 cannot hold; what the device
/// reports.
pub async fn self_check(gpu: &Gpu, config: &UNetConfig, weights: &StateDict) -> Result<f64, GpuError> {
    gpu.supports(Precision::F16)?;
    config.validate()?;
    let side = 2 * config.downsampling().max(4);
    let values: Vec<f32> = (0..config.in_channels * side * side)
        // Weyl's sequence: spread over the range without a generator.
        .map(|i| 2.0 * (i as f32 * 0.618_034).fract() - 1.0)
        .collect();
    let mut velocities = Vec::new();
    for precision in [Precision::F32, Precision::F16] {
        let mut engine = WgpuEngine::new(gpu, config, weights, [side, side], 1, precision, |_| {}).await?;
        let x = engine.upload(&values)?;
        let velocity = engine.evaluate(&x, &[0.5], &[None])?;
        velocities.push(engine.read(&velocity).await?);
    }
    let distance = Probe::distance(&velocities[1], &velocities[0]);
    Ok(if distance.is_nan() {
        f64::INFINITY
    } else {
        distance
    })
}

/// Seconds of one 3x3 convolution from `channels` channels to as many.
async fn time(
    gpu: &Gpu,
    size: [u32; 2],
    channels: u32,
    precision: Precision,
    clock: &impl Fn() -> f64,
) -> Result<f64, GpuError> {
    let quads = channels.div_ceil(4);
    let site = Site {
        kernel: 3,
        stride: 1,
        pixels: size[0] * size[1],
        in_quads: quads,
        out_quads: quads,
        precision,
        normed: true,
    };
    let tile = Tuning::of(gpu.report()).tile(&site);
    let probe = Probe::new(gpu, site, 1, tile).await?;
    // A GPU needs enough work at once for its time to be visible beside that of reading back.
    let times = if gpu.report().software { 1 } else { 16 };
    probe.time(3, times, clock).await
}
