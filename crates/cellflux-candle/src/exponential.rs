//! The exponential and SiLU in a form that compilers vectorise.

/// `x / (1 + exp(-x))`.
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// `exp(x)` to 2 ulp without branches or calls, so that loops over it vectorise (the libm of wasm32 is scalar).
///
/// `x = k ln 2 + r` with `|r| <= ln 2 / 2` (ln 2 in two parts, after Cody and Waite), a polynomial for
/// `exp(r)`, and `2^k` put together from its bits. Below -87 and above 88 it saturates.
pub(crate) fn exp(x: f32) -> f32 {
    // Adding and taking away 1.5 * 2^23 rounds to an integer.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let k = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = x - k * LN_2_HIGH - k * LN_2_LOW;
    // The series of exp up to r^7: its remainder at ln 2 / 2 is 5e-9.
    let mut series = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = series * r + coefficient;
    }
    series * f32::from_bits(((k as i32 + 127) << 23) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_ulp_of_the_library_s() {
        for i in -8_600..8_600 {
            let x = i as f32 / 100.0;
            let expected = f64::from(x).exp();
            let found = f64::from(exp(x));
            // 2 ulp of f32 are 2.4e-7 relative.
            assert!(
                (found - expected).abs() <= 2.4e-7 * expected,
                "{x}: {found} {expected}"
            );
        }
    }

    #[test]
    fn silu_of_extreme_values_is_finite() {
        assert!(silu(1e30) >= 1e30 && silu(1e30).is_finite());
        assert!(silu(-1e30).abs() < 1e-6);
        assert!(silu(f32::NAN).is_nan());
    }
}
