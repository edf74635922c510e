//! Dividing what touches.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::plane::Grid;

/// Two parts are two things where the neck between them is narrower than 0.9 of the smaller one's width.
/// Squared, as distances are here: 81 of 100.
const NECK_SQUARED: (u64, u64) = (81, 100);

/// The squared radius in px of the smallest part that is a thing and not a bump: its disc covers 31 px.
const LEAST_RADIUS_SQUARED: u64 = 10;

/// The middles of the things within a mask, found by the squared distance to its outside
/// ([`super::distance::squared`]): ascending pixels, one or more for every connected region.
///
/// Each local maximum of the distance is the middle of a part as wide as the disc around it. From the largest
/// distance down, two parts that meet become one unless the neck where they meet is narrow. That is the
/// watershed with markers chosen by their dynamics (Grimaud 1992), as a share of the width instead of in
/// pixels, so that it is the same at every magnification.
pub fn middles(squared: &[u64], grid: Grid) -> Vec<usize> {
    let distance = |pixel: usize| squared.get(pixel).copied().unwrap_or_default();
    let mut order: Vec<usize> = (0..squared.len()).filter(|&pixel| distance(pixel) > 0).collect();
    order.sort_by_key(|&pixel| Reverse(distance(pixel)));
    let mut parts = Parts::new(squared.len());
    for &pixel in &order {
        parts.arrive(pixel);
        for next in grid.neighbours(pixel) {
            let Some((one, other)) = parts.meeting(pixel, next) else {
                continue;
            };
            let smaller = distance(one).min(distance(other));
            let is_bump = smaller < LEAST_RADIUS_SQUARED;
            if is_bump || NECK_SQUARED.1 * distance(pixel) >= NECK_SQUARED.0 * smaller {
                let one_is_larger = (distance(one), Reverse(one)) > (distance(other), Reverse(other));
                let (larger, smaller) = if one_is_larger { (one, other) } else { (other, one) };
                parts.join(larger, smaller);
            }
        }
    }
    order.sort_unstable();
    order.retain(|&pixel| parts.middle(pixel) == Some(pixel));
    order
}

/// Which pixels were seen, and to which part's middle each leads.
struct Parts(Vec<Option<usize>>);

impl Parts {
    fn new(pixels: usize) -> Self {
        Self(vec![None; pixels])
    }

    fn arrive(&mut self, pixel: usize) {
        self.join(pixel, pixel);
    }

    /// The middle of the part that a pixel belongs to; `None` for one that was not seen yet.
    fn middle(&mut self, pixel: usize) -> Option<usize> {
        let mut at = pixel;
        loop {
            let next = (*self.0.get(at)?)?;
            if next == at {
                return Some(at);
            }
            // Shortens the path for the next search.
            let after = (*self.0.get(next)?)?;
            *self.0.get_mut(at)? = Some(after);
            at = after;
        }
    }

    /// The middles of two pixels' parts, if the parts differ.
    fn meeting(&mut self, one: usize, other: usize) -> Option<(usize, usize)> {
        let (one, other) = (self.middle(one)?, self.middle(other)?);
        (one != other).then_some((one, other))
    }

    fn join(&mut self, larger: usize, smaller: usize) {
        if let Some(middle) = self.0.get_mut(smaller) {
            *middle = Some(larger);
        }
    }
}

/// The watershed of a mask (Meyer 1994): from the greatest height down, each pixel takes the label of the
/// region that it touches; among pixels of equal height the first to arrive is served first. `labels` are
/// numbers from 1 where regions start, 0 elsewhere; what no label reaches stays 0.
pub fn flood(heights: &[u64], mask: &[bool], mut labels: Vec<u32>, grid: Grid) -> Vec<u32> {
    let mut waiting = BinaryHeap::new();
    let mut arrived = 0u64;
    let mut touch = |waiting: &mut BinaryHeap<_>, labels: &[u32], pixel: usize, label: u32| {
        for next in grid.neighbours(pixel) {
            if labels.get(next) == Some(&0) && mask.get(next) == Some(&true) {
                let height = heights.get(next).copied().unwrap_or_default();
                waiting.push((height, Reverse(arrived), next, label));
                arrived += 1;
            }
        }
    };
    for (pixel, &label) in labels.iter().enumerate().filter(|(_, label)| **label > 0) {
        touch(&mut waiting, &labels, pixel, label);
    }
    while let Some((_, _, pixel, label)) = waiting.pop() {
        if let Some(free) = labels.get_mut(pixel)
            && *free == 0
        {
            *free = label;
            touch(&mut waiting, &labels, pixel, label);
        }
    }
    labels
}
