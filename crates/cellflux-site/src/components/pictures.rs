//! Which of a walk's frames stand for it.

/// Indices of the frames nearest to `count` moments that lie evenly between the first and the last: a grid's
/// steps may be crowded at its ends.
pub(super) fn evenly(times: &[f64], count: usize) -> Vec<usize> {
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return Vec::new();
    };
    let moment = |index: usize| first + (last - first) * index as f64 / (count - 1).max(1) as f64;
    let far = |index: usize, moment: f64| {
        times
            .get(index)
            .map_or(f64::INFINITY, |time| (time - moment).abs())
    };
    let nearest = |moment: f64| (0..times.len()).min_by(|&a, &b| far(a, moment).total_cmp(&far(b, moment)));
    let mut chosen: Vec<usize> = (0..count).filter_map(|index| nearest(moment(index))).collect();
    chosen.dedup();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_chosen_evenly_with_both_ends() {
        let uniform: Vec<f64> = (0..=50).map(|i| f64::from(i) / 50.0).collect();
        assert_eq!(evenly(&uniform, 6), [0, 10, 20, 30, 40, 50]);
        let backwards: Vec<f64> = uniform.iter().rev().copied().collect();
        assert_eq!(evenly(&backwards, 3), [0, 25, 50]);
        let crowded = [0.0, 0.01, 0.02, 0.1, 0.45, 0.9, 0.99, 1.0];
        assert_eq!(evenly(&crowded, 3), [0, 4, 7]);
        assert_eq!(evenly(&[0.0, 0.5, 1.0], 6), [0, 1, 2]);
        assert_eq!(evenly(&[0.0], 2), [0]);
    }
}
