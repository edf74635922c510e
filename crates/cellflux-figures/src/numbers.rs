//! How numbers are written.

/// Shares from here on, 100 times the whole, are written with an exponent: as digits they would be as long as
/// the chart is wide.
const LONG: f64 = 100.0;

/// A number with two to four digits, with a minus that is as wide as a plus.
pub fn digits(number: f64) -> String {
    let size = number.abs();
    let text = if size >= 99_999.5 {
        format!("{number:.1e}")
    } else if size >= 99.95 {
        format!("{number:.0}")
    } else if size >= 9.995 {
        format!("{number:.1}")
    } else if size >= 0.9995 {
        format!("{number:.2}")
    } else if size >= 0.000_999_5 || number == 0.0 {
        let decimals = if size >= 0.0995 { 2 } else { 4 };
        format!("{number:.decimals$}")
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    } else {
        format!("{number:.1e}")
    };
    text.replace('-', "−")
}

/// A share as whole percents.
pub fn percent(share: f64) -> String {
    if share.abs() >= LONG {
        return format!("{:.0e} %", 100.0 * share).replace('-', "−");
    }
    // Adding zero makes of -0 a 0.
    format!("{:.0} %", (100.0 * share).round() + 0.0).replace('-', "−")
}

/// A number on an axis whose ticks are `step` apart: as many decimals as tell ticks apart.
pub(crate) fn tick(number: f64, step: f64) -> String {
    let size = number.abs();
    if size >= 99_999.5 || (step > 0.0 && step < 1e-4) {
        return digits(number);
    }
    let decimals = (-step.log10().floor()).clamp(0.0, 4.0) as usize;
    // Adding zero makes of -0 a 0.
    let scale = 10_f64.powi(decimals as i32);
    let rounded = (number * scale).round() / scale + 0.0;
    format!("{rounded:.decimals$}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_or_four_and_shares_whole_percents() {
        for (number, expected) in [
            (0.0, "0"),
            (1234.4, "1234"),
            (21.53, "21.5"),
            (-1.234, "−1.23"),
            (0.5, "0.5"),
            (0.0314, "0.0314"),
            (-0.000_42, "−4.2e−4"),
            (1e15, "1.0e15"),
        ] {
            assert_eq!(digits(number), expected);
        }
        assert_eq!([0.615, -0.004, -0.3].map(percent), ["62 %", "0 %", "−30 %"]);
        assert_eq!(percent(-1e15), "−1e17 %");
    }

    #[test]
    fn ticks_have_as_many_decimals_as_tell_them_apart() {
        assert_eq!([0.0, 0.2, -0.4].map(|at| tick(at, 0.2)), ["0.0", "0.2", "−0.4"]);
        assert_eq!([0.0, 50.0].map(|at| tick(at, 50.0)), ["0", "50"]);
        assert_eq!(tick(1e-7, 1e-7), "1.0e−7");
    }
}
