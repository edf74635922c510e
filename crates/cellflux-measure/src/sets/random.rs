//! Random draws that are the same on every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The numbers of one draw. The rule, fixed for good: ChaCha8 with a key of the seed's eight little-endian
/// bytes and 24 zeros, and the draw's number as the cipher's stream, so that no draw depends on those before
/// it.
pub(super) fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (byte, value) in key.iter_mut().zip(seed.to_le_bytes()) {
        *byte = value;
    }
    let mut numbers = ChaCha8Rng::from_seed(key);
    numbers.set_stream(number);
    numbers
}

/// A uniform number below `end`; 0 for an `end` of 0. The high half of a product with 64 random bits, drawn
/// again where the low half would favour some numbers (Lemire, 2019).
pub(super) fn below(numbers: &mut ChaCha8Rng, end: usize) -> usize {
    let end = end as u64;
    let unfair = end.wrapping_neg().checked_rem(end).unwrap_or(0);
    loop {
        let product = u128::from(numbers.next_u64()) * u128::from(end);
        if product as u64 >= unfair {
            return (product >> 64) as usize;
        }
    }
}

/// `size` different numbers below `count` in random order (the start of a Fisher-Yates shuffle); all of them
/// where `size` is larger.
pub(super) fn choose(numbers: &mut ChaCha8Rng, count: usize, size: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for place in 0..size.min(count) {
        order.swap(place, place + below(numbers, count - place));
    }
    order.truncate(size);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_below_a_number_are_even() {
        let mut numbers = stream(1, 0);
        let mut hits = [0u32; 7];
        for _ in 0..70_000 {
            hits[below(&mut numbers, 7)] += 1;
        }
        // Five standard deviations of a binomial count of 70,000 tries at 1/7.
        let spread = 5.0 * (70_000.0f64 * (1.0 / 7.0) * (6.0 / 7.0)).sqrt();
        assert!(
            hits.iter()
                .all(|&hits| (f64::from(hits) - 10_000.0).abs() < spread),
            "{hits:?}"
        );
        assert_eq!((below(&mut numbers, 0), below(&mut numbers, 1)), (0, 0));
    }

    #[test]
    fn chosen_numbers_differ_and_follow_seed_and_stream() {
        let chosen = choose(&mut stream(3, 4), 10, 6);
        let mut sorted = chosen.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(
            (sorted.len(), choose(&mut stream(3, 4), 10, 6)),
            (6, chosen.clone())
        );
        assert_ne!(choose(&mut stream(3, 5), 10, 6), chosen);
        assert_ne!(choose(&mut stream(4, 4), 10, 6), chosen);
        assert_eq!(choose(&mut stream(3, 4), 2, 6).len(), 2);
    }
}
