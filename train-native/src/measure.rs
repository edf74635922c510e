//! The nucleus's area and brightness in samples and in the data's cells, compound by compound.

use std::collections::BTreeMap;

use cellflux_image::ImageSpec;
use cellflux_measure::crop::Channels;
use cellflux_measure::crop::nuclei::Nuclei;
use cellflux_measure::crop::plane::{Grid, Plane};
use serde::Serialize;

/// A nucleus's area in pixels and mean coded value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Nucleus {
    /// Pixels.
    pub area: f64,
    /// Mean coded value of its pixels, 0..=255.
    pub brightness: f64,
}

/// The position of the channel in which nuclei are measured: the one whose name says that it shows DNA
/// ([`Channels::new`]).
pub fn nuclear_channel(spec: &ImageSpec) -> Option<usize> {
    let names = spec.channels.iter().map(|channel| channel.name.as_str());
    Channels::new(names).ok()?.nuclei()
}

/// Measures the nucleus in the middle of a coded image `[C, H, W]`; `None` where no channel of the model
/// shows DNA or the image shows no nucleus.
pub fn measure(spec: &ImageSpec, coded: &[u8]) -> Option<Nucleus> {
    let values = coded.chunks(spec.pixels()).nth(nuclear_channel(spec)?)?;
    let plane = Plane::new(values, Grid::new(spec.height, spec.width).ok()?).ok()?;
    let found = Nuclei::find(&plane)?;
    Some(Nucleus {
        area: found.nucleus().area() as f64,
        brightness: found.nucleus().mean(&plane),
    })
}

/// Means over the samples of one condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Effect {
    /// Samples in which all three nuclei were found.
    pub samples: usize,
    /// The controls'.
    pub control: Nucleus,
    /// What the network made of them.
    pub predicted: Nucleus,
    /// The data's treated cells': real ones, or drawn ones where a program draws the data.
    pub real: Nucleus,
}

/// Means by condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    sums: BTreeMap<u32, Effect>,
}

impl Effects {
    /// Adds a sample of `condition`: control, prediction and the data's cell; a sample in which one of them
    /// has no nucleus does not count.
    pub fn add(&mut self, condition: u32, measured: [Option<Nucleus>; 3]) {
        let [Some(control), Some(predicted), Some(real)] = measured else {
            return;
        };
        let effect = self.sums.entry(condition).or_default();
        effect.samples += 1;
        for (sum, one) in [
            (&mut effect.control, control),
            (&mut effect.predicted, predicted),
            (&mut effect.real, real),
        ] {
            sum.area += one.area;
            sum.brightness += one.brightness;
        }
    }

    /// Whether no sample counted.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Means by row of the table of conditions.
    pub fn means(&self) -> BTreeMap<u32, Effect> {
        let means = self.sums.iter().map(|(&condition, sums)| {
            let share = 1.0 / sums.samples as f64;
            let mean = |sum: Nucleus| Nucleus {
                area: sum.area * share,
                brightness: sum.brightness * share,
            };
            let effect = Effect {
                samples: sums.samples,
                control: mean(sums.control),
                predicted: mean(sums.predicted),
                real: mean(sums.real),
            };
            (condition, effect)
        });
        means.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_taken_by_condition_and_skip_what_shows_no_nucleus() {
        let nucleus = |area| {
            Some(Nucleus {
                area,
                brightness: area / 10.0,
            })
        };
        let mut effects = Effects::default();
        effects.add(4, [nucleus(100.0), nucleus(150.0), nucleus(160.0)]);
        effects.add(4, [nucleus(120.0), nucleus(170.0), nucleus(180.0)]);
        effects.add(4, [nucleus(999.0), None, nucleus(999.0)]);
        effects.add(7, [nucleus(50.0), nucleus(60.0), nucleus(70.0)]);
        let means = effects.means();
        assert_eq!(means[&4].samples, 2);
        assert!((means[&4].predicted.area - 160.0).abs() < 1e-9);
        assert!((means[&4].real.brightness - 17.0).abs() < 1e-9);
        assert!((means[&7].control.area - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_rendered_cell_has_a_nucleus_and_a_plain_model_no_dna() {
        let spec = ImageSpec::bbbc021(64, 64);
        let coded = cellflux_image::synthetic::Cell::untreated(3)
            .render(64, 64)
            .unwrap();
        assert!(measure(&spec, &coded).unwrap().area > 500.0);
        assert_eq!(measure(&ImageSpec::plain(3, 64, 64), &coded), None);
    }
}
