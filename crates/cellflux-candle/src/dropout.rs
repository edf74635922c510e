//! Dropout whose mask is a pure function of a key, so that a resumed run drops what the first one would have.

use candle_core::{Device, Result, Tensor};

/// Which features are dropped: each with probability `share`, by a hash of the key and the feature's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Share of the features that are set to zero, in `[0, 1)`; the others are multiplied by `1 / (1 -
    /// share)`.
    pub share: f32,
    /// What the mask depends on, besides the place.
    pub key: u64,
}

impl Dropout {
    /// The dropout of the `number`-th block at a step whose key is `step`.
    pub fn of_block(share: f32, step: u64, number: usize) -> Self {
        // The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
        let mut key = step.wrapping_add((number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self {
            share,
            key: key ^ (key >> 31),
        }
    }

    /// What the features that stay are multiplied by.
    pub fn gain(&self) -> f32 {
        1.0 / (1.0 - self.share)
    }

    /// A feature is dropped where its hash is below this.
    pub fn threshold(&self) -> u32 {
        (f64::from(self.share) * f64::from(u32::MAX)) as u32
    }

    /// Whether the feature at `place`, its index in `[N, C, H, W]`, stays.
    pub fn keeps(&self, place: u32) -> bool {
        let mixed = mix(place ^ self.key as u32);
        mix(mixed ^ (self.key >> 32) as u32) >= self.threshold()
    }

    /// The factors of the first 2^32 features in the order of `[N, C, H, W]`: 0 or [`Self::gain`].
    pub(crate) fn factors(&self) -> impl Iterator<Item = f32> {
        let gain = self.gain();
        (0..=u32::MAX).map(move |place| if self.keeps(place) { gain } else { 0.0 })
    }

    /// The factors of features `[N, C, H, W]`: 0 or [`Self::gain`].
    ///
    /// # Errors
    /// When candle fails, or there are more than 2^32 features.
    pub fn mask(&self, shape: (usize, usize, usize, usize), device: &Device) -> Result<Tensor> {
        let (batch, channels, height, width) = shape;
        let Ok(count) = u32::try_from(batch * channels * height * width) else {
            candle_core::bail!("dropout on {shape:?}: more than 2^32 features")
        };
        let factors: Vec<f32> = self.factors().take(count as usize).collect();
        Tensor::from_vec(factors, shape, device)
    }

    /// Drops features of `x`, `[N, C, H, W]`.
    ///
    /// # Errors
    /// When candle fails.
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        x * self.mask(x.dims4()?, x.device())?.to_dtype(x.dtype())?
    }
}

/// A 32-bit hash of low bias (Wellons, "Prospecting for hash functions", 2018).
fn mix(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::DType;

    #[test]
    fn the_stated_share_is_dropped_and_the_mean_stays() {
        let dropout = Dropout::of_block(0.3, 7, 2);
        let mask = dropout.mask((4, 32, 25, 25), &Device::Cpu).unwrap();
        let values: Vec<f32> = mask.flatten_all().unwrap().to_vec1().unwrap();
        let dropped = values.iter().filter(|&&value| value == 0.0).count() as f64;
        // 80,000 draws: four standard deviations are 0.0065.
        assert!((dropped / values.len() as f64 - 0.3).abs() < 0.0065);
        assert!(
            values
                .iter()
                .all(|&value| value == 0.0 || (value - 1.0 / 0.7).abs() < 1e-6)
        );
    }

    #[test]
    fn the_mask_changes_with_the_step_and_the_block_alone() {
        let mask = |step, number| {
            let mask = Dropout::of_block(0.5, step, number).mask((1, 32, 4, 4), &Device::Cpu);
            mask.unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        assert_eq!(mask(1, 0), mask(1, 0));
        assert_ne!(mask(1, 0), mask(2, 0));
        assert_ne!(mask(1, 0), mask(1, 1));
    }

    #[test]
    fn neighbouring_blocks_drop_independently() {
        let count = 1 << 16;
        let (a, b) = (Dropout::of_block(0.5, 0, 0), Dropout::of_block(0.5, 0, 1));
        let both = (0..count).filter(|&i| a.keeps(i) && b.keeps(i)).count() as f64;
        // A quarter of 65,536 draws: four standard deviations are 0.0068.
        assert!((both / f64::from(count) - 0.25).abs() < 0.0068);
    }

    #[test]
    fn low_precision_features_keep_their_type() {
        let x = Tensor::ones((1, 32, 2, 2), DType::BF16, &Device::Cpu).unwrap();
        let dropped = Dropout::of_block(0.5, 0, 0).apply(&x).unwrap();
        assert_eq!(dropped.dtype(), DType::BF16);
    }
}
