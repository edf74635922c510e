//! Figures with their intervals, as reports and tables show them.

use super::Estimate;

/// A number with its interval.
pub(super) fn shown(estimate: Option<Estimate>, digits: usize) -> String {
    estimate.map_or_else(
        || "-".to_owned(),
        |Estimate { value, low, high }| {
            let [value, low, high] = [value, low, high].map(|number| rounded(number, digits));
            format!("{value} ({low} to {high})")
        },
    )
}

/// A number and the ends of its interval, for three columns of a table: all digits, or nothing.
pub(super) fn numbers(estimate: Option<Estimate>) -> [String; 3] {
    estimate.map_or_else(Default::default, |Estimate { value, low, high }| {
        [value, low, high].map(|number| number.to_string())
    })
}

/// A number to this many digits, in which what rounds to zero has no sign.
fn rounded(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|digit| matches!(digit, '0' | '.')) => zero.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rounds_to_zero_has_no_sign() {
        assert_eq!(rounded(-0.004, 2), "0.00");
        assert_eq!(rounded(-0.0, 0), "0");
        assert_eq!(rounded(-0.006, 2), "-0.01");
        let estimate = Estimate {
            value: 0.001,
            low: -0.001,
            high: 0.3,
        };
        assert_eq!(shown(Some(estimate), 2), "0.00 (0.00 to 0.30)");
        assert_eq!(shown(None, 2), "-");
    }
}
