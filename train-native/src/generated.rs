//! What a few generated validation cells measure beside the data's own, while a network trains: by
//! these figures a run may select its checkpoint. Where losses are alike, cells need not be.
//!
//! They are those of `evaluate`, but without its intervals and without taking away the noise that few cells
//! have: figures of one run can be compared with each other, not with those of an evaluation.

use std::collections::BTreeMap;

use cellflux_bundle::sampling::Sampling;
use cellflux_candle::CandleEngine;
use cellflux_data::{HostBatch, Split};
use cellflux_measure::sets::kid::kid;
use serde::Serialize;

use crate::TrainError;
use crate::evaluate::measured::{Measured, Ruler, Scale};
use crate::material::Material;
use crate::network::Network;
use crate::ranks::Ranks;
use crate::run::varied_pairs;
use crate::sampling::{Walk, recommended};

/// Steps of a walk: half of what a bundle recommends, since every validation waits for them.
const STEPS: usize = 10;
/// A condition of fewer cells has no distances.
const FEWEST: usize = 4;

/// What generated cells measure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Generated {
    /// Kernel distance of generated from treated cells, over the measures of a crop in standard deviations of
    /// the controls; lower is better, and 0 is what two halves of the treated cells have on average.
    pub kid: f64,
    /// The share of the distance from controls to treated cells that is closed, over the measures that tell
    /// of an effect, within each condition; 1 is all of it, 0 nothing. None where no condition has enough
    /// cells.
    pub gap_closed: Option<f64>,
    /// How far apart two ends are of one control, walked with the same noise under the pair's condition and
    /// under another pair's: the root mean square of their difference, relative to that of the change which
    /// the own condition makes. 0 for a network that ignores its condition; none where all pairs have one.
    pub ends_apart: Option<f64>,
    /// Generated cells.
    pub cells: usize,
}

/// Generates a cell for each of some validation pairs, of as many conditions as possible, and measures them.
/// The first process does so; all get the figures.
///
/// # Errors
/// The network's or the data's, [`TrainError::Generated`] for images that cannot be measured, and those of
/// another process.
pub fn generate(
    material: &Material,
    network: Network,
    cells: usize,
    ranks: &Ranks,
) -> Result<Generated, TrainError> {
    let own = if ranks.is_first() {
        let pairs = varied_pairs(material, Split::Validation, cells)?;
        let mut walks = Walks::new(material, network)?;
        let made = walks.ends(&pairs.control, &pairs.conditions)?;
        let apart = walks.apart(&pairs, &made)?;
        let found = measured(material, &pairs, &made, apart)?;
        vec![
            found.kid,
            found.gap_closed.unwrap_or(f64::NAN),
            found.ends_apart.unwrap_or(f64::NAN),
            found.cells as f64,
        ]
    } else {
        Vec::new()
    };
    let all = ranks.numbers(&own)?;
    let first = all.first().and_then(|numbers| numbers.first_chunk::<4>());
    let Some(&[kid, gap_closed, ends_apart, cells]) = first else {
        return Err(refused(&"the first process has sent no figures"));
    };
    Ok(Generated {
        kid,
        gap_closed: gap_closed.is_finite().then_some(gap_closed),
        ends_apart: ends_apart.is_finite().then_some(ends_apart),
        cells: cells as usize,
    })
}

/// Walks of a network that is being trained.
struct Walks<'a> {
    material: &'a Material,
    walk: Walk,
    engine: CandleEngine,
}

impl<'a> Walks<'a> {
    fn new(material: &'a Material, network: Network) -> Result<Self, TrainError> {
        let spec = material.spec();
        let training = &material.config.training;
        let sampling = Sampling {
            steps: STEPS,
            ..recommended(training)
        };
        Ok(Self {
            walk: Walk::new(&sampling, training.source)?,
            engine: CandleEngine::of_network(network.into_unet(), spec.height, spec.width)?,
            material,
        })
    }

    /// The coded image at the end of each control's walk under the condition of its row, `[N, C, H, W]`. A
    /// control has the noise of its place.
    fn ends(&mut self, controls: &[u8], rows: &[u32]) -> Result<Vec<u8>, TrainError> {
        let spec = self.material.spec();
        // At most a training batch at once, which fits the device's memory.
        let batch = self.material.config.training.batch.max(1);
        let mut made = Vec::with_capacity(controls.len());
        let parts = controls.chunks(batch * spec.len()).zip(rows.chunks(batch));
        for (number, (controls, rows)) in parts.enumerate() {
            let vectors: Vec<Vec<f32>> = rows
                .iter()
                .map(|&row| {
                    let vector = self.material.conditions.row(row);
                    vector.map(<[f32]>::to_vec).unwrap_or_default()
                })
                .collect();
            let start = (controls, number * batch);
            for frames in self.walk.walk(&mut self.engine, &vectors, start, spec, &[1.0])? {
                made.extend(spec.to_coded(&frames.concat())?);
            }
        }
        Ok(made)
    }

    /// How far apart the ends are of at most a training batch of controls under two conditions, beside the
    /// change that the own one makes.
    fn apart(&mut self, pairs: &HostBatch, made: &[u8]) -> Result<Option<f64>, TrainError> {
        let batch = self.material.config.training.batch.max(1);
        let rows: Vec<u32> = pairs.conditions.iter().take(batch).copied().collect();
        let others: Option<Vec<u32>> = rows
            .iter()
            .map(|own| pairs.conditions.iter().copied().find(|other| other != own))
            .collect();
        let Some(others) = others else {
            return Ok(None);
        };
        let length = rows.len() * self.material.spec().len();
        let (Some(controls), Some(own)) = (pairs.control.get(..length), made.get(..length)) else {
            return Ok(None);
        };
        let under_others = self.ends(controls, &others)?;
        let change = distance(own, controls);
        Ok((change > 0.0).then(|| distance(own, &under_others) / change))
    }
}

/// The root mean square of the difference between two images' bytes.
fn distance(one: &[u8], other: &[u8]) -> f64 {
    let squares = one
        .iter()
        .zip(other)
        .map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2));
    (squares.sum::<f64>() / one.len().max(1) as f64).sqrt()
}

/// The figures of generated cells beside the pairs that they were made for.
fn measured(
    material: &Material,
    pairs: &HostBatch,
    made: &[u8],
    ends_apart: Option<f64>,
) -> Result<Generated, TrainError> {
    let ruler = Ruler::new(material.spec()).map_err(|error| refused(&error))?;
    let measure = |images: &[u8]| ruler.measure(images).map_err(|error| refused(&error));
    let (controls, treated) = (measure(&pairs.control)?, measure(&pairs.treated)?);
    let made = measure(made)?;
    let scale = Scale::of(&controls);
    let features = |set: &Measured| set.features(&scale).map_err(|error| refused(&error));
    let kernel = kid(&features(&treated)?, &features(&made)?, None).map_err(|error| refused(&error))?;
    let mut by_condition: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, &condition) in pairs.conditions.iter().enumerate() {
        by_condition.entry(condition).or_default().push(row);
    }
    Ok(Generated {
        kid: kernel.exact,
        gap_closed: gap_closed(
            &ruler,
            &scale,
            by_condition.into_values(),
            [&controls, &treated, &made],
        ),
        ends_apart,
        cells: made.len(),
    })
}

/// The share of the gap that is closed, over the conditions whose rows these are.
fn gap_closed(
    ruler: &Ruler,
    scale: &Scale,
    conditions: impl Iterator<Item = Vec<usize>>,
    sets: [&Measured; 3],
) -> Option<f64> {
    let (mut left, mut gap) = (0.0, 0.0);
    for rows in conditions.filter(|rows| rows.len() >= FEWEST) {
        let [controls, treated, made] = sets.map(|set| set.select(&rows));
        let counts = vec![1; rows.len()];
        for measure in (0..scale.len()).filter(|&measure| ruler.tells_of_effect(measure)) {
            let columns = [&controls, &treated, &made].map(|set| set.column(measure));
            if let (Some(deviation), [Some(controls), Some(treated), Some(made)]) =
                (scale.deviation(measure), columns)
                && let (Some(of_made), Some(of_controls)) = (
                    made.distance(&counts, &treated, &counts),
                    controls.distance(&counts, &treated, &counts),
                )
            {
                left += of_made / deviation;
                gap += of_controls / deviation;
            }
        }
    }
    (gap > 0.0).then(|| 1.0 - left / gap)
}

fn refused(reason: &impl std::fmt::Display) -> TrainError {
    TrainError::Generated {
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use cellflux_image::ImageSpec;
    use cellflux_image::synthetic::{Cell, Effects};

    use super::*;

    /// Eight drawn cells whose nuclei are of this relative size.
    fn cells(first: u64, nuclear_size: f64) -> Vec<u8> {
        let draw = |seed| {
            let mut cell = Cell::untreated(seed);
            cell.effects = Effects {
                nuclear_size,
                ..Effects::default()
            };
            cell.render(64, 64).unwrap()
        };
        (first..first + 8).flat_map(draw).collect()
    }

    #[test]
    fn a_distance_is_that_of_the_bytes() {
        assert!((distance(&[0, 10, 3], &[2, 10, 0]) - (13f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!(distance(&[], &[]).abs() < 1e-12);
    }

    #[test]
    fn treated_cells_close_the_whole_gap_and_controls_nothing_of_it() {
        let ruler = Ruler::new(&ImageSpec::bbbc021(64, 64)).unwrap();
        let [controls, treated] = [cells(0, 1.0), cells(0, 1.7)].map(|set| ruler.measure(&set).unwrap());
        let scale = Scale::of(&controls);
        let of = |made: &Measured, rows: Vec<Vec<usize>>| {
            gap_closed(&ruler, &scale, rows.into_iter(), [&controls, &treated, made])
        };
        let all = || vec![(0..8).collect::<Vec<usize>>()];
        assert!((of(&treated, all()).unwrap() - 1.0).abs() < 1e-12);
        assert!(of(&controls, all()).unwrap().abs() < 1e-12);
        let half = ruler.measure(&cells(0, 1.35)).unwrap();
        let share = of(&half, all()).unwrap();
        assert!((0.2..0.9).contains(&share), "{share}");
        // Three cells of a condition say nothing.
        assert_eq!(of(&treated, vec![vec![0, 1, 2]]), None);
    }
}
