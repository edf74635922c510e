//! The microscope and its camera: blur, uneven light, background, photon and read noise.

use super::Batch;
use super::canvas::Canvas;
use super::noise::Random;

/// Variance of a pixel per count of light: how many photons one count stands for, and the camera's own
/// smoothing.
const SHOT: f64 = 0.09;
/// Variance of a dark pixel, counts squared.
const READ: f64 = 3.0;
/// The share of light that comes from above and below the focus.
const HAZE: f64 = 0.22;

/// A stain's light as the counts of a 12-bit camera, without the canvas's margin.
pub(super) fn expose(
    batch: &Batch,
    channel: usize,
    mut light: Canvas,
    focus: f64,
    random: &mut Random,
) -> Vec<f64> {
    // Three independent blurs add up in squares.
    light.blur(libm::sqrt(focus * focus + batch.defocus * batch.defocus));
    let mut haze = light.clone();
    haze.blur(5.0);
    let (tilt_x, tilt_y) = (0.05 * random.normal(), 0.05 * random.normal());
    let gain = batch.gain.get(channel).copied().unwrap_or(1.0);
    let background = batch.background.get(channel).copied().unwrap_or_default();
    let (width, height) = (light.width as f64, light.height as f64);
    let exposed = light.painted(|index, x, y| {
        let sharp = light.values.get(index).copied().unwrap_or_default();
        let spread = haze.values.get(index).copied().unwrap_or_default();
        let lit = 1.0 + tilt_x * x / width + tilt_y * y / height;
        background + gain * lit * ((1.0 - HAZE) * sharp + HAZE * spread)
    });
    let noisy = exposed.cropped().into_iter().map(|counts| {
        let deviation = libm::sqrt(SHOT * counts + READ);
        (counts + deviation * random.normal()).max(0.0)
    });
    noisy.collect()
}
