//! Randomness as a pure function: numbers of a key, without a generator whose state could be lost.
//!
//! A key is four numbers, by convention a seed, what the numbers are for, a step, and a sample within the
//! step. A key gives the same numbers on every platform, and whatever else was drawn before.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The numbers of a key. The rule, fixed for good: ChaCha8 with a 32-byte key of the four numbers, each as
/// eight little-endian bytes.
///
/// ```
/// use cellflux_flow::random::{stream, unit};
///
/// let first = unit(&mut stream([1, 2, 3, 4]));
/// assert_eq!(first, unit(&mut stream([1, 2, 3, 4])));
/// assert_ne!(first, unit(&mut stream([1, 2, 3, 5])));
/// ```
pub fn stream(key: [u64; 4]) -> ChaCha8Rng {
    let mut bytes = [0; 32];
    for (part, value) in bytes.chunks_exact_mut(8).zip(key) {
        part.copy_from_slice(&value.to_le_bytes());
    }
    ChaCha8Rng::from_seed(bytes)
}

/// A uniform number in `[0, 1)`.
pub fn unit(numbers: &mut ChaCha8Rng) -> f64 {
    (numbers.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// True with this probability.
pub fn chance(numbers: &mut ChaCha8Rng, probability: f64) -> bool {
    unit(numbers) < probability
}

/// A uniform whole number below `end`; 0 for an `end` of 0. Numbers from the last, incomplete multiple of
/// `end` are drawn again.
pub fn below(numbers: &mut ChaCha8Rng, end: u64) -> u64 {
    if end == 0 {
        return 0;
    }
    let whole = u64::MAX - u64::MAX % end;
    loop {
        let drawn = numbers.next_u64();
        if drawn < whole {
            return drawn % end;
        }
    }
}

/// The numbers below `count` in random order (Fisher and Yates).
pub fn order(count: usize, numbers: &mut ChaCha8Rng) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        order.swap(last, below(numbers, last as u64 + 1) as usize);
    }
    order
}

/// Two independent standard normal numbers: Box-Muller, `sqrt(-2 ln u) cos(2 pi w)` then the same with
/// `sin`, of a uniform `u` in `(0, 1]` and `w` in `[0, 1)`, in f64 through `libm`.
pub fn normal_pair(numbers: &mut ChaCha8Rng) -> [f64; 2] {
    let above_zero = ((numbers.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64;
    let radius = (-2.0 * libm::log(above_zero)).sqrt();
    let angle = std::f64::consts::TAU * unit(numbers);
    [radius * libm::cos(angle), radius * libm::sin(angle)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chance_comes_as_often_as_it_says() {
        let mut numbers = stream([0, 6, 0, 0]);
        let hits = (0..10_000).filter(|_| chance(&mut numbers, 0.2)).count() as f64;
        // Five standard errors of 10,000 tries.
        assert!((hits / 1e4 - 0.2).abs() < 5.0 * (0.16f64 / 1e4).sqrt());
        assert!(!chance(&mut numbers, 0.0) && chance(&mut numbers, 1.0));
    }

    #[test]
    fn every_number_below_the_end_is_equally_likely() {
        let mut numbers = stream([1, 10, 0, 0]);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[below(&mut numbers, 7) as usize] += 1;
        }
        // Each count is binomial with mean 10,000 and standard deviation 93; five of those.
        assert!(
            counts.iter().all(|&count| count.abs_diff(10_000) < 465),
            "{counts:?}"
        );
        assert_eq!(below(&mut numbers, 0), 0);
        assert_eq!(below(&mut numbers, 1), 0);
    }

    #[test]
    fn an_order_holds_every_number_once() {
        let drawn = order(1000, &mut stream([5, 9, 3, 0]));
        let mut sorted = drawn.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<u32>>());
        assert_eq!(drawn, order(1000, &mut stream([5, 9, 3, 0])));
        for key in [[6, 9, 3, 0], [5, 10, 3, 0], [5, 9, 4, 0]] {
            assert_ne!(drawn, order(1000, &mut stream(key)));
        }
    }
}
