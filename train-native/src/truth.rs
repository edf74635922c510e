//! What a network predicts for drawn cells, beside the true answer: the same cell, drawn under the treatment.

use cellflux_bundle::Bundle;
use cellflux_bundle::conditions::slug;
use cellflux_candle::CandleEngine;
use cellflux_image::ImageSpec;
use cellflux_image::synthetic::Cell;
use serde::Serialize;

use crate::TrainError;
use crate::measure::{Effect, Effects, measure};
use crate::sampling::Walk;
use cellflux_data::synthetic::Design;

/// Cells walked at once.
const BATCH: usize = 4;

/// How far cells changed under one compound at one dose, beside how far they should have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The compound's name.
    pub compound: String,
    /// The dose in micromolar.
    pub dose_um: f64,
    /// Mean nuclei of controls, predictions and true answers.
    pub nuclei: Effect,
    /// Cells walked.
    pub cells: usize,
    /// Of these, how many predictions are nearest in brightness to the true answers of their own batch,
    /// among all batches.
    pub in_own_batch: usize,
    /// The same number for the true answers themselves: predictions cannot be expected to do better.
    pub truths_in_own_batch: usize,
}

impl Answer {
    /// The share of the true change that the prediction made, in the nucleus's area and in its brightness; 1
    /// is right. `None` where the truth changes it by less than `least` of the control's: there is no effect
    /// to follow.
    pub fn shares(&self, least: f64) -> [Option<f64>; 2] {
        let share = |control: f64, predicted: f64, real: f64| {
            let effect = real - control;
            (effect.abs() >= least * control).then(|| (predicted - control) / effect)
        };
        let Effect {
            control,
            predicted,
            real,
            ..
        } = &self.nuclei;
        [
            share(control.area, predicted.area, real.area),
            share(control.brightness, predicted.brightness, real.brightness),
        ]
    }
}

/// Cells of an experiment that none of its images shows, for a bundle's network to predict.
#[derive(Debug)]
pub struct Question<'a> {
    bundle: &'a Bundle,
    design: &'a Design,
    walk: Walk,
    engine: CandleEngine,
}

impl<'a> Question<'a> {
    /// Asks `bundle` about cells of `design`, sampled as `walk` says.
    ///
    /// # Errors
    /// [`TrainError::Candle`] for a network that cannot be built.
    pub fn new(bundle: &'a Bundle, design: &'a Design, walk: Walk) -> Result<Self, TrainError> {
        let manifest = &bundle.manifest;
        let size = (manifest.image.height, manifest.image.width);
        let engine = CandleEngine::new(&manifest.model.config, &bundle.weights, size.0, size.1)?;
        Ok(Self {
            bundle,
            design,
            walk,
            engine,
        })
    }

    /// The sampling that the bundle's author recommends.
    ///
    /// # Errors
    /// [`TrainError::ConfigValue`] where that is an adaptive one.
    pub fn recommended(bundle: &Bundle) -> Result<Walk, TrainError> {
        Walk::new(&bundle.manifest.sampling, bundle.manifest.source)
    }

    /// Predicts `count` cells under the compound at this position at a dose.
    ///
    /// # Errors
    /// [`TrainError::Bundle`] for a compound or dose that the bundle lacks; the renderer's and the network's.
    pub fn ask(&mut self, compound: usize, dose_um: f64, cells: usize) -> Result<Answer, TrainError> {
        let spec = &self.bundle.manifest.image;
        let name = self
            .design
            .config()
            .compounds
            .get(compound)
            .map_or("", |compound| &compound.name);
        let dose = (self.bundle.manifest.conditions.dose.width() > 0).then_some(dose_um);
        let vector = self.bundle.condition(&slug(name), dose)?;
        let effects = self.design.effects(compound, dose_um);
        let mut drawn = Vec::with_capacity(cells);
        for number in 0..cells {
            let (plate, control) = self.design.unseen(number);
            let treated = Cell { effects, ..control };
            drawn.push((
                plate,
                self.design.draw(&control, spec)?,
                self.design.draw(&treated, spec)?,
            ));
        }
        let mut nuclei = Effects::default();
        let mut predictions = Vec::with_capacity(cells);
        for (number, some) in drawn.chunks(BATCH).enumerate() {
            let controls: Vec<u8> = some.iter().flat_map(|(_, control, _)| control.clone()).collect();
            let vectors = vec![vector.clone(); some.len()];
            let frames = self.walk.walk(
                &mut self.engine,
                &vectors,
                (&controls, number * BATCH),
                spec,
                &[1.0],
            )?;
            for ((_, control, truth), frame) in some.iter().zip(frames) {
                let predicted = spec.to_coded(&frame.concat())?;
                nuclei.add(0, [control, &predicted, truth].map(|image| measure(spec, image)));
                predictions.push(Brightness::of(spec, &predicted));
            }
        }
        let truths: Vec<(usize, Brightness)> = drawn
            .iter()
            .map(|(plate, _, truth)| (*plate, Brightness::of(spec, truth)))
            .collect();
        let clusters = Clusters::of(&truths, self.design.plates().len());
        let own = |cell: &Brightness, plate: usize| clusters.nearest(cell) == Some(plate);
        let predictions = predictions.iter().zip(&truths);
        let in_own_batch = predictions
            .filter(|(predicted, (plate, _))| own(predicted, *plate))
            .count();
        let truths_in_own_batch = truths.iter().filter(|(plate, truth)| own(truth, *plate)).count();
        Ok(Answer {
            compound: name.to_owned(),
            dose_um,
            nuclei: nuclei.means().remove(&0).unwrap_or_default(),
            cells,
            in_own_batch,
            truths_in_own_batch,
        })
    }
}

/// What depends on a batch's stain and camera: each channel's background (the tenth percentile) and mean, as
/// coded values.
#[derive(Clone, Debug, PartialEq)]
struct Brightness(Vec<f64>);

impl Brightness {
    fn of(spec: &ImageSpec, coded: &[u8]) -> Self {
        let planes = coded.chunks(spec.pixels().max(1));
        Self(
            planes
                .flat_map(|plane| [background(plane), mean(plane)])
                .collect(),
        )
    }
}

fn mean(plane: &[u8]) -> f64 {
    plane.iter().map(|&value| f64::from(value)).sum::<f64>() / plane.len().max(1) as f64
}

fn background(plane: &[u8]) -> f64 {
    let mut sorted = plane.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 10).copied().map_or(0.0, f64::from)
}

/// Each batch's mean brightness, and how far cells of one batch lie from it.
#[derive(Clone, Debug)]
struct Clusters {
    centres: Vec<Vec<f64>>,
    spreads: Vec<f64>,
}

impl Clusters {
    /// Of true answers and their batches.
    fn of(cells: &[(usize, Brightness)], batches: usize) -> Self {
        let width = cells.first().map_or(0, |(_, brightness)| brightness.0.len());
        let centres: Vec<Vec<f64>> = (0..batches)
            .map(|batch| {
                let own = || cells.iter().filter(|(of, _)| *of == batch);
                let count = own().count().max(1) as f64;
                (0..width)
                    .map(|at| own().filter_map(|(_, cell)| cell.0.get(at)).sum::<f64>() / count)
                    .collect()
            })
            .collect();
        let spreads = (0..width)
            .map(|at| {
                let squares: f64 = cells
                    .iter()
                    .filter_map(|(batch, cell)| {
                        let centre = centres.get(*batch)?.get(at)?;
                        Some((cell.0.get(at)? - centre).powi(2))
                    })
                    .sum();
                // Coded values are whole numbers: a difference of half of one means nothing.
                (squares / cells.len().max(1) as f64).sqrt().max(0.5)
            })
            .collect();
        Self { centres, spreads }
    }

    /// The batch whose centre is nearest, every number in units of its spread.
    fn nearest(&self, cell: &Brightness) -> Option<usize> {
        let distance = |centre: &Vec<f64>| -> f64 {
            let numbers = cell.0.iter().zip(centre).zip(&self.spreads);
            numbers
                .map(|((value, centre), spread)| ((value - centre) / spread).powi(2))
                .sum()
        };
        let distances = self.centres.iter().map(distance).enumerate();
        distances
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
            .map(|(batch, _)| batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Nucleus;

    #[test]
    fn a_share_is_of_the_true_change_and_there_is_none_without_one() {
        let nucleus = |area, brightness| Nucleus { area, brightness };
        let answer = Answer {
            compound: "x".into(),
            dose_um: 1.0,
            nuclei: Effect {
                samples: 1,
                control: nucleus(100.0, 50.0),
                predicted: nucleus(175.0, 60.0),
                real: nucleus(200.0, 51.0),
            },
            cells: 1,
            in_own_batch: 1,
            truths_in_own_batch: 1,
        };
        let [area, brightness] = answer.shares(0.1);
        assert!((area.unwrap() - 0.75).abs() < 1e-9);
        assert_eq!(brightness, None);
    }

    #[test]
    fn a_brighter_picture_belongs_to_the_brighter_batch() {
        let spec = ImageSpec::bbbc021(8, 8);
        let plain = |value: u8| Brightness::of(&spec, &vec![value; spec.len()]);
        let clusters = Clusters::of(
            &[(0, plain(20)), (0, plain(24)), (1, plain(60)), (1, plain(66))],
            2,
        );
        assert_eq!(clusters.nearest(&plain(23)), Some(0));
        assert_eq!(clusters.nearest(&plain(50)), Some(1));
    }
}
