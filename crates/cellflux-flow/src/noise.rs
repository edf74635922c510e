//! Source noise: the standard normal numbers that turn one control image into many possible sources.
//!
//! A seed names the same numbers on every platform and engine, so the noise is part of the recipe and a link
//! can hold it. `level * N(0, I)` is added to the control image (paper, section 3.4).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::random::normal_pair;

/// `len` standard normal numbers of a seed.
///
/// The rule, fixed for good: ChaCha8 with a 32-byte key of the seed's four little-endian bytes and 28 zeros;
/// pairs of its 64-bit words give uniforms of 53 bits, `u` in `(0, 1]` and `w` in `[0, 1)`; Box-Muller,
/// `sqrt(-2 ln u) cos(2 pi w)` then the same with `sin`, in f64 through `libm`, rounded to f32. A longer
/// request of the same seed begins with the shorter one's numbers.
pub fn source_noise(seed: u32, len: usize) -> Vec<f32> {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&seed.to_le_bytes());
    let mut words = ChaCha8Rng::from_seed(key);
    let mut noise = Vec::with_capacity(len + 1);
    while noise.len() < len {
        noise.extend(normal_pair(&mut words).map(|z| z as f32));
    }
    noise.truncate(len);
    noise
}

/// `image + level * noise` for an image `[C, H, W]` in model range and a level of 0 or more; level 0 leaves
/// the image as it is. Computed in f64 and rounded to f32 once.
#[must_use]
pub fn with_source_noise(image: &[f32], level: f64, seed: u32) -> Vec<f32> {
    let noise = source_noise(seed, image.len());
    image
        .iter()
        .zip(noise)
        .map(|(&x, z)| (f64::from(x) + level * f64::from(z)) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_names_these_numbers_for_good() {
        // Computed by a separate implementation of the rule, written in Python from its description.
        let pinned = [
            (
                0,
                [-0.404_561_6, -0.438_616_07, 1.262_889_9, 1.150_462_3, 1.342_516_1],
            ),
            (
                1,
                [
                    -0.386_711_3,
                    1.333_341_2,
                    0.580_285_1,
                    -0.337_528_47,
                    0.357_866_56,
                ],
            ),
            (
                u32::MAX,
                [3.389_95, -1.866_608_3, 1.100_268_4, -0.345_020_5, 0.202_277_17],
            ),
        ];
        for (seed, numbers) in pinned {
            assert_eq!(source_noise(seed, 5), numbers, "seed {seed}");
        }
    }

    #[test]
    fn a_longer_request_begins_with_the_shorter_one() {
        assert_eq!(source_noise(7, 101)[..50], source_noise(7, 50));
    }

    #[test]
    fn the_numbers_are_standard_normal() {
        let noise = source_noise(42, 100_000);
        let count = noise.len() as f64;
        let moment = |power: i32| noise.iter().map(|&z| f64::from(z).powi(power)).sum::<f64>() / count;
        // Five standard errors of each moment of 100,000 normal numbers.
        assert!(moment(1).abs() < 5.0 * (1.0 / count).sqrt());
        assert!((moment(2) - 1.0).abs() < 5.0 * (2.0 / count).sqrt());
        assert!(moment(3).abs() < 5.0 * (15.0 / count).sqrt());
        assert!((moment(4) - 3.0).abs() < 5.0 * (96.0 / count).sqrt());
    }

    #[test]
    fn level_zero_leaves_the_image() {
        let image = [0.5, -0.25, 1.0];
        assert_eq!(with_source_noise(&image, 0.0, 3), image);
        let noisy = with_source_noise(&image, 0.5, 3);
        for ((noisy, image), z) in noisy.iter().zip(image).zip(source_noise(3, 3)) {
            assert!((noisy - image - 0.5 * z).abs() < 1e-6); // f32 rounding of values of a few units
        }
    }
}
