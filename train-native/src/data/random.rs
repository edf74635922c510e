//! Random numbers that are a pure function of what they are for, so that a run can be resumed at any batch and repeated on
//! any machine. `ChaCha8` is specified; a general-purpose generator's shuffle may change between versions.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What numbers are drawn for; each has streams of its own.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// The order of an epoch.
    Order = 1,
    /// The control of a sample.
    Control,
    /// A synthetic cell.
    Cell,
    /// A synthetic plate.
    Plate,
}

/// The stream of random numbers for one epoch, sample, cell or plate.
pub(super) fn stream(seed: u64, purpose: Purpose, number: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (place, part) in key.chunks_exact_mut(8).zip([seed, purpose as u64, number]) {
        place.copy_from_slice(&part.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// A uniform number below `end`; 0 for an `end` of 0. Numbers from the last, incomplete multiple of `end` are drawn again.
pub(super) fn below(random: &mut ChaCha8Rng, end: u64) -> u64 {
    if end == 0 {
        return 0;
    }
    let whole = u64::MAX - u64::MAX % end;
    loop {
        let drawn = random.next_u64();
        if drawn < whole {
            return drawn % end;
        }
    }
}

/// The numbers below `count` in random order (Fisher and Yates).
pub(super) fn order(count: usize, random: &mut ChaCha8Rng) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        order.swap(last, below(random, last as u64 + 1) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_below_the_end_is_equally_likely() {
        let mut random = stream(1, Purpose::Control, 0);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[below(&mut random, 7) as usize] += 1;
        }
        // Each count is binomial with mean 10,000 and standard deviation 93; five of those.
        assert!(
            counts.iter().all(|&count| count.abs_diff(10_000) < 465),
            "{counts:?}"
        );
        assert_eq!(below(&mut random, 0), 0);
        assert_eq!(below(&mut random, 1), 0);
    }

    #[test]
    fn an_order_holds_every_number_once_and_streams_differ() {
        let drawn = order(1000, &mut stream(5, Purpose::Order, 3));
        let mut sorted = drawn.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<u32>>());
        assert_eq!(drawn, order(1000, &mut stream(5, Purpose::Order, 3)));
        for (seed, purpose, number) in [
            (6, Purpose::Order, 3),
            (5, Purpose::Control, 3),
            (5, Purpose::Order, 4),
        ] {
            assert_ne!(drawn, order(1000, &mut stream(seed, purpose, number)));
        }
    }
}
