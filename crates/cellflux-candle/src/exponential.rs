//! The exponential and `SiLU`, four numbers at a time.

use wide::{f32x4, i32x4};

/// `x / (1 + exp(-x))`.
#[inline]
pub(crate) fn silu(x: f32x4) -> f32x4 {
    x / (f32x4::ONE + exp(-x))
}

/// The derivative of [`silu`]: `s + x s (1 - s)` with the logistic function `s`.
#[inline]
pub(crate) fn silu_slope(x: f32x4) -> f32x4 {
    let logistic = f32x4::ONE / (f32x4::ONE + exp(-x));
    logistic + x * logistic * (f32x4::ONE - logistic)
}

/// `exp(x)` to 2 ulp; below -87 and above 88 it saturates, which is what a softmax and `SiLU` need.
///
/// `x = k ln 2 + r` with `|r| <= ln 2 / 2` (ln 2 in two parts, after Cody and Waite), a polynomial for
/// `exp(r)`, and `2^k` put together from its bits.
#[inline]
pub(crate) fn exp(x: f32x4) -> f32x4 {
    // Adding and taking away 1.5 * 2^23 rounds to an integer.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.fast_max(f32x4::splat(-87.0)).fast_min(f32x4::splat(88.0));
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = x - k * LN_2_HIGH - k * LN_2_LOW;
    // The series of exp up to r^7: its remainder at ln 2 / 2 is 5e-9.
    let mut series = f32x4::splat(1.0 / 5040.0);
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = series * r + f32x4::splat(coefficient);
    }
    // The sum's last bits are k; in the exponent's place they multiply by 2^k.
    let exponent: i32x4 = bytemuck::cast::<_, i32x4>(shifted) << 23;
    bytemuck::cast(bytemuck::cast::<_, i32x4>(series) + exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(lanes: f32x4) -> f32 {
        lanes.to_array()[0]
    }

    #[test]
    fn exp_is_within_two_ulp_of_the_library_s() {
        for i in -8_600..8_600 {
            let x = i as f32 / 100.0;
            let expected = f64::from(x).exp();
            let found = f64::from(first(exp(f32x4::splat(x))));
            // 2 ulp of f32 are 2.4e-7 relative.
            assert!(
                (found - expected).abs() <= 2.4e-7 * expected,
                "{x}: {found} {expected}"
            );
        }
    }

    #[test]
    fn silu_of_extreme_values_is_finite() {
        let silu = |x| first(silu(f32x4::splat(x)));
        assert!(silu(1e30) >= 1e30 && silu(1e30).is_finite());
        assert!(silu(-1e30).abs() < 1e-6);
        assert!(silu(f32::NAN).is_nan());
    }
}
