//! Connected regions of a mask: which are too small to count.

use super::plane::Grid;

/// Marks the pixels of the mask's 4-connected regions that have fewer than `least` pixels.
pub fn smaller_than(least: usize, mask: &[bool], grid: Grid) -> Vec<bool> {
    let mut seen = vec![false; mask.len()];
    let mut small = vec![false; mask.len()];
    for start in 0..mask.len() {
        let region = connected(start, mask, &mut seen, grid);
        if region.len() < least {
            for pixel in region {
                if let Some(mark) = small.get_mut(pixel) {
                    *mark = true;
                }
            }
        }
    }
    small
}

/// The pixels of the mask that are connected to `start` and were not seen before.
fn connected(start: usize, mask: &[bool], seen: &mut [bool], grid: Grid) -> Vec<usize> {
    let mut is_new = |pixel: usize| {
        let new = mask.get(pixel) == Some(&true) && seen.get(pixel) == Some(&false);
        if new && let Some(mark) = seen.get_mut(pixel) {
            *mark = true;
        }
        new
    };
    let mut region = Vec::new();
    let mut waiting = Vec::new();
    if is_new(start) {
        waiting.push(start);
    }
    while let Some(pixel) = waiting.pop() {
        region.push(pixel);
        waiting.extend(grid.neighbours(pixel).filter(|&next| is_new(next)));
    }
    region
}
