//! The brightness that divides things from the ground.

use super::histogram::Histogram;

/// The value that splits bytes into the two classes of largest between-class variance (Otsu 1979): what is
/// brighter belongs to the upper one. `None` if all values are equal.
pub fn otsu(values: &[u8]) -> Option<u8> {
    let histogram = Histogram::of(values);
    let total = histogram.total() as f64;
    let weighted = |(value, count): (u8, u64)| f64::from(value) * count as f64;
    let whole: f64 = histogram.entries().map(weighted).sum();
    let (mut below, mut below_sum) = (0f64, 0f64);
    let mut best: Option<(f64, u8)> = None;
    for (value, count) in histogram.entries() {
        below += count as f64;
        below_sum += weighted((value, count));
        let above = total - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let gap = below_sum / below - (whole - below_sum) / above;
        let variance = below * above * gap * gap;
        if best.is_none_or(|(largest, _)| variance > largest) {
            best = Some((variance, value));
        }
    }
    best.map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_brightnesses_are_divided_and_one_is_not() {
        assert_eq!(otsu(&[20, 20, 20, 80, 80]), Some(20));
        assert_eq!(otsu(&[10, 11, 12, 200, 201]), Some(12));
        assert_eq!(otsu(&[7; 16]), None);
        assert_eq!(otsu(&[]), None);
    }
}
