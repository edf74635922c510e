//! The size of a crop's nucleus: a number to put beside a picture, such as the nuclear sizes of the paper's
//! Table 7.

use std::collections::VecDeque;

/// The nucleus in the middle of a crop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nucleus {
    /// Pixels it covers.
    pub area: usize,
    /// Pixels brighter than this coded value count as nucleus.
    pub threshold: u8,
    /// Its mean coded value.
    pub mean: f64,
    /// Whether it reaches the crop's border, so that its area is a lower bound.
    pub cut_off: bool,
}

/// Measures the nucleus in a coded DNA plane `[height, width]`: the one of the 4-connected regions above
/// Otsu's threshold (Otsu 1979) that is nearest to the middle.
///
/// `None` for a plane without contrast, or whose length is not `width * height`. Nuclei that touch are
/// measured as one.
pub fn nucleus(dna: &[u8], height: usize, width: usize) -> Option<Nucleus> {
    if dna.is_empty() || width.checked_mul(height)? != dna.len() {
        return None;
    }
    let threshold = otsu(dna)?;
    let above = |index: usize| dna.get(index).is_some_and(|&value| value > threshold);
    let middle = |index: usize| {
        // Twice the distance, so that the middle between two pixels stays a whole number.
        let (x, y) = (2 * (index % width) + 1, 2 * (index / width) + 1);
        let (dx, dy) = (x.abs_diff(width), y.abs_diff(height));
        dx * dx + dy * dy
    };
    let start = (0..dna.len())
        .filter(|&index| above(index))
        .min_by_key(|&index| middle(index))?;

    let mut seen = vec![false; dna.len()];
    let mut waiting = VecDeque::from([start]);
    let (mut area, mut sum, mut cut_off) = (0usize, 0f64, false);
    while let Some(index) = waiting.pop_front() {
        match seen.get_mut(index) {
            Some(mark) if !*mark => *mark = true,
            _ => continue,
        }
        area += 1;
        sum += dna.get(index).copied().map_or(0.0, f64::from);
        let (x, y) = (index % width, index / width);
        cut_off |= x == 0 || y == 0 || x + 1 == width || y + 1 == height;
        let neighbours = [
            (x > 0).then(|| index - 1),
            (x + 1 < width).then_some(index + 1),
            (y > 0).then(|| index - width),
            (y + 1 < height).then_some(index + width),
        ];
        waiting.extend(neighbours.into_iter().flatten().filter(|&next| above(next)));
    }
    Some(Nucleus {
        area,
        threshold,
        mean: sum / area as f64,
        cut_off,
    })
}

/// The value that splits a histogram into the two classes of largest between-class variance (Otsu 1979);
/// `None` if all values are equal.
pub fn otsu(values: &[u8]) -> Option<u8> {
    let mut histogram = [0u64; 256];
    for &value in values {
        if let Some(count) = histogram.get_mut(usize::from(value)) {
            *count += 1;
        }
    }
    let total = values.len() as f64;
    let whole: f64 = (0u8..=255)
        .zip(histogram)
        .map(|(value, count)| f64::from(value) * count as f64)
        .sum();
    let (mut below, mut below_sum) = (0f64, 0f64);
    let mut best: Option<(f64, u8)> = None;
    for (value, count) in (0u8..=255).zip(histogram) {
        below += count as f64;
        below_sum += f64::from(value) * count as f64;
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
    use crate::synthetic::{Batch, Cell, Effects};

    fn discs(size: usize, discs: &[(f64, f64, f64)]) -> Vec<u8> {
        (0..size * size)
            .map(|i| {
                let (x, y) = ((i % size) as f64, (i / size) as f64);
                let inside = discs.iter().any(|(cx, cy, r)| (x - cx).hypot(y - cy) <= *r);
                if inside { 80 } else { 20 }
            })
            .collect()
    }

    #[test]
    fn the_disc_in_the_middle_is_measured_and_not_its_larger_neighbour() {
        let plane = discs(64, &[(31.5, 31.5, 9.0), (8.0, 8.0, 14.0)]);
        let found = nucleus(&plane, 64, 64).unwrap();
        let alone = discs(64, &[(31.5, 31.5, 9.0)]);
        let expected = alone.iter().map(|&value| usize::from(value == 80)).sum();
        assert_eq!(
            found,
            Nucleus {
                area: expected,
                threshold: 20,
                mean: 80.0,
                cut_off: false
            }
        );
        let corner = nucleus(&discs(64, &[(8.0, 8.0, 14.0)]), 64, 64).unwrap();
        assert!(corner.cut_off);
    }

    #[test]
    fn no_contrast_and_wrong_lengths_have_no_nucleus() {
        assert_eq!(nucleus(&[7; 16], 4, 4), None);
        assert_eq!(nucleus(&[7; 16], 4, 5), None);
        assert_eq!(nucleus(&[], 0, 0), None);
        assert_eq!(nucleus(&[1, 2], usize::MAX, 2), None);
    }

    #[test]
    fn a_synthetic_nucleus_is_measured_in_proportion_to_its_size() {
        // Neighbours are left out: touching nuclei would be measured as one.
        let batch = Batch {
            density: 0.0,
            ..Batch::default()
        };
        let area = |nuclear_size: f64| -> f64 {
            let areas = (0..8).map(|seed| {
                let effects = Effects {
                    nuclear_size,
                    ..Effects::default()
                };
                let crop = Cell { seed, effects, batch }.render(64, 64).unwrap();
                nucleus(&crop[2 * 64 * 64..], 64, 64).unwrap().area as f64
            });
            areas.sum::<f64>() / 8.0
        };
        let (usual, large) = (area(1.0), area(1.4));
        // Half axes of 19 and 16 px, give or take 10 %.
        assert!((850.0..1150.0).contains(&usual), "{usual}");
        assert!((large / usual - 1.4).abs() < 0.1, "{large} over {usual}");
    }
}
