//! What the images of a set measure, one row of numbers for each.

use cellflux_image::ImageSpec;
use cellflux_measure::crop::{self, Channels, Crop, Measure};
use cellflux_measure::sets::Features;
use cellflux_measure::sets::wasserstein::Sorted;
use rayon::prelude::*;

use super::EvaluateError;

/// A feature's largest distance from the mean of real controls, in their standard deviations. Grain puts a
/// measure of texture at 50 of them, where it alone would decide every distance: beyond this, far is far.
pub const FARTHEST: f64 = 6.0;

/// The measures of a model's images.
#[derive(Clone, Debug)]
pub struct Ruler {
    channels: Channels,
    catalogue: Vec<Measure>,
    names: Vec<String>,
    size: (usize, usize, usize),
}

/// A set of images, measured: a value, or nothing where a crop does not have it, for each image and measure.
#[derive(Clone, Debug)]
pub struct Measured {
    rows: Vec<Vec<Option<f64>>>,
    width: usize,
}

/// One measure's values in a set, sorted, with the rows that have one.
#[derive(Clone, Debug)]
pub struct Column {
    rows: Vec<usize>,
    sorted: Sorted,
    values: Vec<f64>,
}

impl Ruler {
    /// The measures of images of this specification.
    ///
    /// # Errors
    /// [`EvaluateError::Crop`] for channels that cannot be told apart by name.
    pub fn new(spec: &ImageSpec) -> Result<Self, EvaluateError> {
        let names: Vec<String> = spec.channels.iter().map(|channel| channel.name.clone()).collect();
        Self::of_channels(&names, [spec.height, spec.width])
    }

    /// The measures of images of these channels, of this height and width.
    ///
    /// # Errors
    /// As [`Ruler::new`].
    pub fn of_channels(names: &[String], [height, width]: [usize; 2]) -> Result<Self, EvaluateError> {
        let channels = Channels::new(names.iter().map(String::as_str))?;
        Ok(Self {
            catalogue: crop::catalogue(&channels),
            channels,
            names: names.to_vec(),
            size: (names.len() * height * width, height, width),
        })
    }

    /// The channels' names, and the images' height and width.
    pub fn images(&self) -> (&[String], [usize; 2]) {
        (&self.names, [self.size.1, self.size.2])
    }

    /// What is measured, in order.
    pub fn catalogue(&self) -> &[Measure] {
        &self.catalogue
    }

    /// Whether a measure tells of an effect: size and shape of nucleus and cell, amount of stain, and where
    /// it lies. Fine texture is left to [`super::detail`] and to the distances: a network's grain would hide
    /// an effect that it makes.
    pub fn tells_of_effect(&self, measure: usize) -> bool {
        const OF_CHANNEL: [&str; 4] = ["mean", "quantile-25", "median", "quantile-75"];
        const WHOLE: [&str; 4] = [
            "nucleus.area",
            "nucleus.eccentricity",
            "nucleus.solidity",
            "cell.area",
        ];
        let Some(measure) = self.catalogue.get(measure) else {
            return false;
        };
        let last = measure.name.rsplit('.').next().unwrap_or_default();
        WHOLE.contains(&measure.name.as_str())
            || last == "correlation"
            || last == "brightness"
            || last.starts_with("ring-")
            || OF_CHANNEL.contains(&last)
    }

    /// The position of a measure.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.catalogue.iter().position(|measure| measure.name == name)
    }

    /// Measures coded images `[N, C, H, W]`.
    ///
    /// # Errors
    /// [`EvaluateError::Crop`] for bytes that are not images of the specification.
    pub fn measure(&self, images: &[u8]) -> Result<Measured, EvaluateError> {
        let (length, height, width) = self.size;
        let rows = images
            .par_chunks(length.max(1))
            .map(|image| Ok(crop::measure(&Crop::new(&self.channels, image, height, width)?)))
            .collect::<Result<_, EvaluateError>>()?;
        Ok(Measured {
            rows,
            width: self.catalogue.len(),
        })
    }
}

impl Measured {
    /// Rows as they were measured before, each of `width` values.
    pub fn of_rows(rows: Vec<Vec<Option<f64>>>, width: usize) -> Self {
        Self { rows, width }
    }

    /// Images.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every value, image after image.
    pub fn values(&self) -> impl Iterator<Item = Option<f64>> {
        self.rows.iter().flatten().copied()
    }

    /// The rows of these numbers, in this order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            rows: rows
                .iter()
                .filter_map(|&row| self.rows.get(row).cloned())
                .collect(),
            width: self.width,
        }
    }

    /// A measure's values; `None` where fewer than two images have one.
    pub fn column(&self, measure: usize) -> Option<Column> {
        let present = self.rows.iter().enumerate();
        let (rows, values): (Vec<usize>, Vec<f64>) = present
            .filter_map(|(row, values)| Some((row, values.get(measure).copied().flatten()?)))
            .unzip();
        if rows.len() < 2 {
            return None;
        }
        let sorted = Sorted::new(&values).ok()?;
        Some(Column { rows, sorted, values })
    }

    /// Features `[N, D]` in units of the standard deviation of `reference`, around its mean, cut off at
    /// [`FARTHEST`]. A measure that an image lacks stands at the mean; one that does not vary in the
    /// reference is left out.
    ///
    /// # Errors
    /// [`EvaluateError::Sets`] where no measure varies.
    pub fn features(&self, reference: &Scale) -> Result<Features, EvaluateError> {
        let kept = || reference.0.iter().enumerate();
        let width = kept().filter(|(_, scale)| scale.is_some()).count();
        let values = self
            .rows
            .iter()
            .flat_map(|row| {
                kept().filter_map(|(measure, scale)| {
                    let (mean, deviation) = (*scale)?;
                    let value = row.get(measure).copied().flatten();
                    let scaled = value.map_or(0.0, |value| (value - mean) / deviation);
                    Some(scaled.clamp(-FARTHEST, FARTHEST))
                })
            })
            .collect();
        Ok(Features::new(self.rows.len(), width, values)?)
    }
}

/// Mean and standard deviation of each measure in a reference set; none where it does not vary.
#[derive(Clone, Debug)]
pub struct Scale(Vec<Option<(f64, f64)>>);

impl Scale {
    /// Of a set.
    pub fn of(set: &Measured) -> Self {
        let one = |measure| {
            let column = set.column(measure)?;
            let count = column.values.len() as f64;
            let mean = column.values.iter().sum::<f64>() / count;
            let squares: f64 = column.values.iter().map(|value| (value - mean).powi(2)).sum();
            let deviation = (squares / (count - 1.0)).sqrt();
            // Far below a byte's step: rounding, no spread.
            (deviation > 1e-9).then_some((mean, deviation))
        };
        Self((0..set.width).map(one).collect())
    }

    /// A measure's standard deviation.
    pub fn deviation(&self, measure: usize) -> Option<f64> {
        self.0
            .get(measure)
            .copied()
            .flatten()
            .map(|(_, deviation)| deviation)
    }

    /// Measures.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Column {
    /// Wasserstein-1 to another set's column, each row counted as often as its set's counts say; `None` where
    /// one of them has no counted row.
    pub fn distance(&self, counts: &[u32], other: &Self, others: &[u32]) -> Option<f64> {
        let (own, theirs) = (self.counts(counts), other.counts(others));
        self.sorted.weighted_distance(&own, &other.sorted, &theirs).ok()
    }

    /// The mean with each row counted this often; `None` without a counted row.
    pub fn mean(&self, counts: &[u32]) -> Option<f64> {
        let (mut sum, mut total) = (0.0, 0u64);
        for (value, count) in self.values.iter().zip(self.counts(counts)) {
            sum += value * f64::from(count);
            total += u64::from(count);
        }
        (total > 0).then(|| sum / total as f64)
    }

    /// How many images have a value.
    pub fn images(&self) -> usize {
        self.values.len()
    }

    /// The mean with each row counted once.
    pub fn plain_mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len().max(1) as f64
    }

    /// The length that counts have at least, so that every row with a value has one.
    pub fn least_length(&self) -> usize {
        self.rows.last().map_or(0, |last| last + 1)
    }

    fn counts(&self, counts: &[u32]) -> Vec<u32> {
        let count = |&row: &usize| counts.get(row).copied().unwrap_or(0);
        self.rows.iter().map(count).collect()
    }
}
