//! The sinusoidal embedding of a time, the network's first look at `t`.

use crate::error::FlowError;

/// The longest period of the embedding's waves, divided by 2 pi.
const MAX_PERIOD: f64 = 1e4;

/// `[cos | sin]` of `t` times the frequencies `exp(-ln(1e4) i / (width / 2))`, `i` from 0 to `width / 2`.
///
/// `t` is in `[0, 1]` and is not scaled by 1000, as in the public code. Computed in f64 and rounded to f32,
/// so that every engine and platform feeds the network the same numbers. `width` is the config's
/// `model_channels`.
///
/// # Errors
/// [`FlowError::Width`] when `width` is 0 or odd.
pub fn timestep_embedding(t: f64, width: usize) -> Result<Vec<f32>, FlowError> {
    if width == 0 || !width.is_multiple_of(2) {
        return Err(FlowError::Width { found: width });
    }
    let half = width / 2;
    let phases: Vec<f64> = (0..half)
        .map(|i| t * libm::exp(-libm::log(MAX_PERIOD) * i as f64 / half as f64))
        .collect();
    let cosines = phases.iter().map(|&phase| libm::cos(phase) as f32);
    let sines = phases.iter().map(|&phase| libm::sin(phase) as f32);
    Ok(cosines.chain(sines).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fields::schedule;

    #[test]
    fn the_embedding_is_the_public_code_s() {
        let expected = schedule("timestep_embedding_128");
        for (t, row) in schedule("timesteps").into_iter().zip(expected.chunks(128)) {
            for (found, expected) in timestep_embedding(t, 128).unwrap().into_iter().zip(row) {
                // Values up to 1 stored in f32: half an ulp each, and a frequency rounded in f32 there.
                assert!(
                    (f64::from(found) - expected).abs() < 2e-7,
                    "{t}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn an_odd_width_is_refused() {
        assert_eq!(timestep_embedding(0.5, 3), Err(FlowError::Width { found: 3 }));
        assert_eq!(timestep_embedding(0.5, 0), Err(FlowError::Width { found: 0 }));
    }
}
