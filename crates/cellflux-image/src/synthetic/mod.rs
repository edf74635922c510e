//! Synthetic cells: DNA, tubulin and actin drawn by a procedure, so that the project can ship and test
//! pictures that no licence of others covers. They look like the BBBC021 crops that they imitate, and are not
//! measurements.
//!
//! A crop is a pure function of its [`Cell`]: equal on every platform in every byte, since randomness is
//! ChaCha8 and every transcendental function is `libm`'s. Geometry, each stain and the camera draw from
//! streams of their own, so that changing an effect changes what it acts on and leaves the rest of the cell
//! as it was: the same seed with and without effects is the same cell, untreated and treated.
//!
//! Lengths are in pixels of the BBBC021 crops (a nucleus is about 36 px long), intensities in counts of a
//! 12-bit camera.

mod actin;
mod camera;
mod canvas;
mod layout;
mod noise;
mod nucleus;
mod tubulin;

use serde::{Deserialize, Serialize};

use crate::error::ImageError;
use crate::spec::ImageSpec;

use canvas::Canvas;
use layout::Layout;
use noise::Random;

/// The crop's channels, in order: F-actin, beta-tubulin, DNA, as in [`ImageSpec::bbbc021`].
pub const CHANNELS: usize = 3;

/// The largest side of a crop that is drawn, in pixels.
pub const MAX_SIDE: usize = 512;

/// Everything a synthetic crop depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Which cell: layout, shapes, fibres and noise.
    pub seed: u64,
    /// What was done to it.
    #[serde(default)]
    pub effects: Effects,
    /// The plate it was imaged on.
    #[serde(default)]
    pub batch: Batch,
}

/// What a perturbation does to a cell. [`Effects::default`] is an untreated one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effects {
    /// Area of the nucleus relative to an untreated one's, 0.3..=3.
    pub nuclear_size: f64,
    /// How far the nucleus has fallen into condensed pieces, 0..=1.
    pub fragmentation: f64,
    /// Amount of microtubules relative to an untreated cell's, 0..=3; 0 leaves unpolymerised tubulin.
    pub microtubules: f64,
    /// How far microtubules have gathered into thick bundles, 0..=1.
    pub bundling: f64,
    /// Amount of actin cortex and stress fibres relative to an untreated cell's, 0..=3.
    pub actin_fibres: f64,
    /// Bright actin ruffles at the cell's edge, 0..=1.
    pub ruffling: f64,
    /// Area of the cell relative to an untreated one's, 0.3..=3.
    pub cell_size: f64,
    /// How far the cell has let go and rounded up, 0..=1.
    pub rounding: f64,
}

/// How one plate differs from another: staining, background, seeding, focus.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Batch {
    /// Brightness of actin, tubulin and DNA relative to the usual, 0.1..=10.
    pub gain: [f64; CHANNELS],
    /// Counts without any cell in actin, tubulin and DNA, 0..=1000.
    pub background: [f64; CHANNELS],
    /// How many of the places around a cell have a neighbour, 0..=1.
    pub density: f64,
    /// Additional blur in pixels, 0..=5.
    pub defocus: f64,
}

impl Default for Effects {
    fn default() -> Self {
        Self {
            nuclear_size: 1.0,
            fragmentation: 0.0,
            microtubules: 1.0,
            bundling: 0.0,
            actin_fibres: 1.0,
            ruffling: 0.0,
            cell_size: 1.0,
            rounding: 0.0,
        }
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            gain: [1.0; CHANNELS],
            background: [52.0, 44.0, 48.0],
            density: 0.8,
            defocus: 0.0,
        }
    }
}

impl Effects {
    /// The effects at a fraction of their strength: 0 is untreated, 1 is `self`.
    #[must_use]
    pub fn at_strength(&self, strength: f64) -> Self {
        let none = Self::default();
        let mix = |from: f64, to: f64| from + strength * (to - from);
        Self {
            nuclear_size: mix(none.nuclear_size, self.nuclear_size),
            fragmentation: mix(none.fragmentation, self.fragmentation),
            microtubules: mix(none.microtubules, self.microtubules),
            bundling: mix(none.bundling, self.bundling),
            actin_fibres: mix(none.actin_fibres, self.actin_fibres),
            ruffling: mix(none.ruffling, self.ruffling),
            cell_size: mix(none.cell_size, self.cell_size),
            rounding: mix(none.rounding, self.rounding),
        }
    }

    fn check(&self) -> Result<(), ImageError> {
        within("nuclear_size", self.nuclear_size, 0.3, 3.0)?;
        within("fragmentation", self.fragmentation, 0.0, 1.0)?;
        within("microtubules", self.microtubules, 0.0, 3.0)?;
        within("bundling", self.bundling, 0.0, 1.0)?;
        within("actin_fibres", self.actin_fibres, 0.0, 3.0)?;
        within("ruffling", self.ruffling, 0.0, 1.0)?;
        within("cell_size", self.cell_size, 0.3, 3.0)?;
        within("rounding", self.rounding, 0.0, 1.0)
    }
}

impl Batch {
    /// A plate drawn from a seed: staining within about 15 %, a little more or less background, density and
    /// focus.
    pub fn drawn(seed: u64) -> Self {
        let mut random = Random::new(seed, noise::Stream::Batch);
        let usual = Self::default();
        Self {
            gain: usual
                .gain
                .map(|gain| gain * libm::exp(0.15 * random.normal().clamp(-2.0, 2.0))),
            background: usual.background.map(|counts| counts * random.between(0.85, 1.2)),
            density: random.between(0.6, 0.95),
            defocus: random.between(0.0, 0.5),
        }
    }

    fn check(&self) -> Result<(), ImageError> {
        for gain in self.gain {
            within("gain", gain, 0.1, 10.0)?;
        }
        for counts in self.background {
            within("background", counts, 0.0, 1000.0)?;
        }
        within("density", self.density, 0.0, 1.0)?;
        within("defocus", self.defocus, 0.0, 5.0)
    }
}

fn within(field: &'static str, value: f64, low: f64, high: f64) -> Result<(), ImageError> {
    // NaN is in no range.
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(ImageError::spec(
        format!("synthetic cell's {field}"),
        value,
        format!("{low} to {high}"),
    ))
}

impl Cell {
    /// An untreated cell on the usual plate.
    pub fn untreated(seed: u64) -> Self {
        Self {
            seed,
            effects: Effects::default(),
            batch: Batch::default(),
        }
    }

    /// Draws the crop, coded bytes `[3, height, width]` in the coding of [`ImageSpec::bbbc021`]; the cell's
    /// nucleus is in the middle.
    ///
    /// # Errors
    /// [`ImageError::Spec`] for effects or batch values outside their documented ranges, or a side outside
    /// 1..=[`MAX_SIDE`].
    pub fn render(&self, height: usize, width: usize) -> Result<Vec<u8>, ImageError> {
        for side in [height, width] {
            if side == 0 || side > MAX_SIDE {
                return Err(ImageError::spec(
                    "synthetic crop's side",
                    side,
                    format!("1 to {MAX_SIDE}"),
                ));
            }
        }
        self.effects.check()?;
        self.batch.check()?;

        let canvas = Canvas::new(height, width);
        let layout = Layout::draw(self, &canvas);
        let stains = [
            actin::draw(self, &layout, &canvas),
            tubulin::draw(self, &layout, &canvas),
            nucleus::draw(self, &layout, &canvas),
        ];
        let coding = ImageSpec::bbbc021(height, width).coding;
        let mut random = Random::new(self.seed, noise::Stream::Camera);
        let mut coded = Vec::with_capacity(CHANNELS * height * width);
        for (index, stain) in stains.into_iter().enumerate() {
            let counts = camera::expose(&self.batch, index, stain, layout.focus, &mut random);
            coded.extend(counts.into_iter().map(|v| coding.encode(v)));
        }
        Ok(coded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(bytes: &[u8]) -> f64 {
        bytes.iter().map(|&b| f64::from(b)).sum::<f64>() / bytes.len() as f64
    }

    fn planes(crop: &[u8]) -> [&[u8]; 3] {
        let pixels = crop.len() / 3;
        [&crop[..pixels], &crop[pixels..2 * pixels], &crop[2 * pixels..]]
    }

    fn with(effects: Effects, seed: u64) -> Vec<u8> {
        Cell {
            seed,
            effects,
            batch: Batch::default(),
        }
        .render(64, 64)
        .unwrap()
    }

    /// FNV-1a, 64 bits: enough to pin bytes.
    fn fingerprint(bytes: &[u8]) -> u64 {
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    #[test]
    fn a_seed_is_one_picture_on_every_platform() {
        // Changing a number of the procedure changes this, and every shipped sample with it.
        const PINNED: u64 = 15_061_091_843_514_520_669;
        assert_eq!(fingerprint(&Cell::untreated(1).render(64, 64).unwrap()), PINNED);
        assert_ne!(
            Cell::untreated(1).render(64, 64).unwrap(),
            Cell::untreated(2).render(64, 64).unwrap()
        );
    }

    #[test]
    fn brightness_is_that_of_the_real_crops() {
        // Means of 800 DMSO crops of BBBC021 in coded units: actin 68.6, tubulin 48.9, DNA 43.2, with
        // standard deviations of the crops' means of 8.4, 4.1 and 5.2.
        let mut sums = [0.0; 3];
        for seed in 0..40 {
            let crop = Cell::untreated(seed).render(64, 64).unwrap();
            for (sum, plane) in sums.iter_mut().zip(planes(&crop)) {
                *sum += mean(plane) / 40.0;
            }
        }
        for ((found, real), deviation) in sums.iter().zip([68.6, 48.9, 43.2]).zip([8.4, 4.1, 5.2]) {
            assert!((found - real).abs() < deviation, "means {sums:?}");
        }
    }

    #[test]
    fn an_effect_changes_its_own_stain_and_leaves_the_others_alone() {
        let control = with(Effects::default(), 7);
        let fewer = with(
            Effects {
                microtubules: 0.0,
                ..Effects::default()
            },
            7,
        );
        let [actin, tubulin, dna] = planes(&control);
        let [actin_after, tubulin_after, dna_after] = planes(&fewer);
        assert_eq!((actin, dna), (actin_after, dna_after));
        assert_ne!(tubulin, tubulin_after);
    }

    #[test]
    fn effects_have_the_sign_they_are_named_for() {
        let bright = |plane: &[u8], level: u8| plane.iter().filter(|&&q| q > level).count() as f64;
        let (mut larger, mut fibrous, mut ruffled, mut rounder) = (0.0, 0.0, 0.0, 0.0);
        for seed in 0..12 {
            let control = with(Effects::default(), seed);
            let [actin, tubulin, dna] = planes(&control);
            let big = with(
                Effects {
                    nuclear_size: 1.6,
                    ..Effects::default()
                },
                seed,
            );
            larger += bright(planes(&big)[2], 50) - bright(dna, 50);
            let roughness = |plane: &[u8]| {
                plane
                    .windows(2)
                    .map(|pair| f64::from(pair[0].abs_diff(pair[1])))
                    .sum::<f64>()
            };
            let without = with(
                Effects {
                    microtubules: 0.0,
                    ..Effects::default()
                },
                seed,
            );
            fibrous += roughness(tubulin) - roughness(planes(&without)[1]);
            let ruffles = with(
                Effects {
                    ruffling: 1.0,
                    ..Effects::default()
                },
                seed,
            );
            ruffled += mean(planes(&ruffles)[0]) - mean(actin);
            let round = with(
                Effects {
                    rounding: 1.0,
                    ..Effects::default()
                },
                seed,
            );
            rounder += bright(planes(&round)[0], 110) - bright(actin, 110);
        }
        assert!(larger > 0.0 && fibrous > 0.0 && ruffled > 0.0 && rounder > 0.0);
    }

    #[test]
    fn strength_goes_from_untreated_to_full() {
        let full = Effects {
            fragmentation: 0.8,
            cell_size: 0.5,
            ..Effects::default()
        };
        assert_eq!(full.at_strength(0.0), Effects::default());
        let half = full.at_strength(0.5);
        assert!((half.fragmentation - 0.4).abs() < 1e-12 && (half.cell_size - 0.75).abs() < 1e-12);
    }

    #[test]
    fn extreme_and_odd_sized_cells_are_drawn_and_impossible_ones_refused() {
        let extreme = Effects {
            nuclear_size: 3.0,
            fragmentation: 1.0,
            microtubules: 3.0,
            bundling: 1.0,
            actin_fibres: 3.0,
            ruffling: 1.0,
            cell_size: 3.0,
            rounding: 1.0,
        };
        for seed in 0..5 {
            for batch in [
                Batch::default(),
                Batch::drawn(seed),
                Batch {
                    density: 0.0,
                    ..Batch::default()
                },
            ] {
                let cell = Cell {
                    seed,
                    effects: extreme,
                    batch,
                };
                assert_eq!(cell.render(33, 70).unwrap().len(), 3 * 33 * 70);
            }
        }
        assert_eq!(Cell::untreated(0).render(1, 1).unwrap().len(), 3);
        let impossible = Effects {
            rounding: f64::NAN,
            ..Effects::default()
        };
        let error = Cell {
            effects: impossible,
            ..Cell::untreated(0)
        }
        .render(8, 8)
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "image spec: synthetic cell's rounding is NaN, expected 0 to 1"
        );
        assert!(Cell::untreated(0).render(0, 8).is_err());
        assert!(Cell::untreated(0).render(8, MAX_SIDE + 1).is_err());
    }
}
