//! How many pixels have each coded value.

/// Counts of the 256 coded values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: [u64; 256],
    total: u64,
}

impl Histogram {
    /// Of some bytes.
    pub fn of(values: &[u8]) -> Self {
        let mut counts = [0; 256];
        for &value in values {
            if let Some(count) = counts.get_mut(usize::from(value)) {
                *count += 1;
            }
        }
        Self {
            counts,
            total: values.len() as u64,
        }
    }

    /// Each value with its count, from 0 to 255.
    pub fn entries(&self) -> impl Iterator<Item = (u8, u64)> {
        (0u8..=255).zip(self.counts)
    }

    /// Number of bytes.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The byte at a place, from 0, in ascending order; `None` beyond the last.
    pub fn at_rank(&self, rank: u64) -> Option<u8> {
        let mut below = 0;
        self.entries().find_map(|(value, count)| {
            below += count;
            (below > rank).then_some(value)
        })
    }

    /// The quantile of a whole percentage, interpolated linearly between the two nearest ranks (type 7 of
    /// Hyndman and Fan 1996, `NumPy`'s default); `None` without a byte.
    pub fn quantile(&self, percent: u64) -> Option<f64> {
        let place = percent.min(100) * self.total.checked_sub(1)?;
        let (rank, hundredths) = (place / 100, place % 100);
        let low = f64::from(self.at_rank(rank)?);
        let high = self.at_rank(rank + 1).map_or(low, f64::from);
        Some(low + (high - low) * hundredths as f64 / 100.0)
    }
}
