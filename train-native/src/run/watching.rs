//! What a run shows of itself while it trains: the validation of its averaged weights, the best checkpoint so
//! far, sample sheets.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use cellflux_bundle::sampling::Sampling;
use cellflux_flow::solver::{FixedSolver, Solver};
use cellflux_flow::time_grid::GridKind;

use super::checkpoint;
use super::progress::Progress;
use super::sheets::{draw_sheet, use_in_words, varied_pairs};
use super::{Run, SHEETS};
use crate::TrainError;
use crate::config::Select;
use crate::difference::Difference;
use crate::generated::generate;
use crate::network::Network;
use crate::sampling::Walk;
use crate::validation::{self, Fixed, Validation, validate};
use cellflux_data::Split;

/// The validation loss among a checkpoint's metrics.
const VALIDATION_LOSS: &str = "validation_loss";
/// What generated cells measure, among them.
const VALIDATION_KID: &str = "validation_kid";
const VALIDATION_GAP_CLOSED: &str = "validation_gap_closed";
/// Steps of a sheet's walk: a multiple of four, so that its frames are exactly at their times.
const SHEET_STEPS: usize = 20;

/// The best value so far of what a run selects its checkpoint by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// The step whose averaged weights have it.
    pub step: u64,
    /// The validation loss, or what generated cells measure.
    pub value: f64,
}

impl Best {
    /// That of the best checkpoint in a run's folder of checkpoints, if there is one.
    pub(super) fn of(checkpoints: &Path, select: Select) -> Option<Self> {
        let best = checkpoint::best(checkpoints)?;
        Some(Self {
            step: best.step,
            value: *best.metrics.get(metric(select)?)?,
        })
    }
}

/// The name among a checkpoint's metrics of what a run selects by.
fn metric(select: Select) -> Option<&'static str> {
    match select {
        Select::Last => None,
        Select::ValidationLoss => Some(VALIDATION_LOSS),
        Select::Kid => Some(VALIDATION_KID),
        Select::GapClosed => Some(VALIDATION_GAP_CLOSED),
    }
}

/// Its value in a validation; none where the cells are too few for one.
fn value(select: Select, found: &Validation) -> Option<f64> {
    let value = match select {
        Select::Last => None,
        Select::ValidationLoss => Some(found.loss),
        Select::Kid => found.generated.map(|generated| generated.kid),
        Select::GapClosed => found.generated.and_then(|generated| generated.gap_closed),
    };
    value.filter(|value| value.is_finite())
}

/// The lowest validation loss that this process has seen, pair by pair.
#[derive(Clone, Debug)]
pub(super) struct Lowest {
    step: u64,
    loss: f64,
    by_pair: Vec<f64>,
}

impl Run {
    /// Validates the averaged weights.
    ///
    /// # Errors
    /// The network's or the data's.
    pub fn validate(&mut self) -> Result<Validation, TrainError> {
        let config = &self.material.config;
        let limit = (config.run.validation_pairs > 0).then_some(config.run.validation_pairs);
        let fixed = Fixed {
            source: config.training.source,
            seed: config.run.seed,
            range: self.material.spec().range,
            device: &self.trainer.device,
            entries: self.material.experiment.entries(),
        };
        let network = self.averaged_network()?;
        let pairs = self.material.fixed(Split::Validation, limit, &self.ranks);
        let mut found = validate(&network, pairs, fixed, config.run.condition_use, &self.ranks)?;
        if config.run.select.asks_for_cells() {
            let cells = config.run.generated_cells;
            found.generated = Some(generate(&self.material, network, cells, &self.ranks)?);
        }
        found.difference = self
            .lowest
            .as_ref()
            .and_then(|lowest| Difference::between(lowest.step, &lowest.by_pair, &found.by_pair));
        if self.lowest.as_ref().is_none_or(|lowest| found.loss < lowest.loss) {
            self.lowest = Some(Lowest {
                step: self.step,
                loss: found.loss,
                by_pair: found.by_pair.clone(),
            });
        }
        if let Some(written) = &mut self.written {
            written.log.validation(self.step, &found, self.clock.seconds())?;
        }
        self.metrics.insert(VALIDATION_LOSS.to_owned(), found.loss);
        self.metrics.insert("validation_zero_loss".to_owned(), found.zero);
        for (t, loss) in validation::TIMES.iter().zip(found.by_time) {
            self.metrics.insert(format!("validation_loss_t_{t}"), loss);
        }
        if let Some(generated) = &found.generated {
            self.metrics.insert(VALIDATION_KID.to_owned(), generated.kid);
            if let Some(gap_closed) = generated.gap_closed {
                self.metrics.insert(VALIDATION_GAP_CLOSED.to_owned(), gap_closed);
            }
            if let Some(ends_apart) = generated.ends_apart {
                self.metrics
                    .insert("validation_ends_apart".to_owned(), ends_apart);
            }
        }
        if let Some(condition) = &found.condition {
            for (name, value) in [
                ("validation_shuffled_gap", condition.shuffled_gap),
                ("validation_velocity_distance", condition.velocity_distance),
            ] {
                self.metrics.insert(name.to_owned(), value);
            }
            if let Some(gap) = condition.other_batch_gap {
                self.metrics.insert("validation_other_batch_gap".to_owned(), gap);
            }
        }
        Ok(found)
    }

    fn averaged_network(&self) -> Result<Network, TrainError> {
        Network::constant(
            &self.material.network,
            self.averaged(),
            Arc::clone(&self.material.conditions),
            &self.trainer.operations,
        )
    }

    /// Draws the sample sheet of the averaged weights, in the process that writes the run's folder.
    pub(super) fn sheet(&mut self) -> Result<(), TrainError> {
        if self.written.is_none() {
            return Ok(());
        }
        let pairs = varied_pairs(
            &self.material,
            Split::Validation,
            self.material.config.run.sheet_rows,
        )?;
        let sampling = Sampling {
            solver: Solver::Fixed(FixedSolver::Midpoint),
            grid: GridKind::Uniform,
            steps: SHEET_STEPS,
            ..Sampling::default()
        };
        let walk = Walk::new(&sampling, self.material.config.training.source)?;
        let notes = use_in_words(&self.metrics);
        let sheet = draw_sheet(&self.material, self.averaged_network()?, &walk, &pairs, &notes)?;
        let folder = self.material.config.run.folder.join(SHEETS);
        fs::create_dir_all(&folder).map_err(TrainError::io(&folder))?;
        let path = folder.join(format!("step-{:09}.png", self.step));
        checkpoint::write_whole(&path, ".sheet-", &sheet.png)?;
        match &mut self.written {
            Some(written) => written.log.sheet(self.step, &sheet),
            None => Ok(()),
        }
    }

    /// The best checkpoint so far, where the run selects one.
    pub fn best(&self) -> Option<Best> {
        self.best
    }

    /// Keeps the run as its best checkpoint if this validation is the best so far of what it selects by.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub(super) fn keep_if_best(&mut self, found: &Validation, progress: &Progress) -> Result<(), TrainError> {
        let select = self.material.config.run.select;
        let Some(value) = value(select, found) else {
            if select.asks_for_cells() {
                progress.say(&format!(
                    "note: step {} is not compared with others: no condition has enough generated cells for \
                    run.select; expected a larger run.generated_cells",
                    self.step
                ));
            }
            return Ok(());
        };
        let before = self.best.map(|best| best.value);
        if before.is_some_and(|before| !select.is_better(value, before)) {
            return Ok(());
        }
        let checkpoint = self.checkpoint()?;
        self.best = Some(Best {
            step: self.step,
            value,
        });
        let Some(written) = &mut self.written else {
            return Ok(());
        };
        let path = written.checkpoints.save_best(&checkpoint)?;
        written.log.best(self.step, select, value, before)?;
        let than = before.map_or_else(String::new, |before| format!(", {before:.5} before"));
        let (what, which) = select.in_words();
        progress.say(&format!(
            "step {}: kept as {}, as its {what} is the {which} so far: {value:.5}{than}",
            self.step,
            path.display()
        ));
        Ok(())
    }
}
