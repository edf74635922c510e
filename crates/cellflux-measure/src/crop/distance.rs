//! How far a pixel lies within a mask.

use super::plane::Grid;

/// The squared Euclidean distance in px from each pixel of a mask to the nearest pixel outside it; 0 outside.
/// Exact, in whole numbers. Nothing beyond the border counts: where the crop cuts a region, only what is in
/// view decides how thick it is. `None` where every pixel is marked.
pub fn squared(mask: &[bool], grid: Grid) -> Option<Vec<u64>> {
    if mask.iter().all(|&marked| marked) {
        return None;
    }
    let along_columns = along_columns(mask, grid);
    let width = grid.width();
    let nearest = |pixel: usize| {
        let (x, _) = grid.place(pixel);
        let mut least = u64::MAX;
        // Outward along the row, as long as the steps alone are not longer than the best distance.
        for step in 0..width {
            let across = (step as u64) * (step as u64);
            if across >= least {
                break;
            }
            let left = (step <= x).then(|| pixel - step);
            let right = (x + step < width).then(|| pixel + step);
            for other in [left, right].into_iter().flatten() {
                if let Some(&Some(down)) = along_columns.get(other) {
                    least = least.min(across + down * down);
                }
            }
        }
        least
    };
    let pixels = mask.iter().enumerate();
    Some(
        pixels
            .map(|(pixel, &marked)| if marked { nearest(pixel) } else { 0 })
            .collect(),
    )
}

/// The distance along the column to the nearest pixel outside the mask; `None` where the column has none.
fn along_columns(mask: &[bool], grid: Grid) -> Vec<Option<u64>> {
    let width = grid.width();
    let mut distances: Vec<Option<u64>> = mask.iter().map(|&marked| (!marked).then_some(0)).collect();
    let mut relax = |pixel: usize, from: Option<usize>| {
        let beside = from
            .and_then(|from| *distances.get(from)?)
            .map(|distance| distance + 1);
        if let Some(own) = distances.get_mut(pixel) {
            *own = [*own, beside].into_iter().flatten().min();
        }
    };
    for pixel in 0..mask.len() {
        relax(pixel, pixel.checked_sub(width));
    }
    for pixel in (0..mask.len()).rev() {
        relax(pixel, Some(pixel + width));
    }
    distances
}
