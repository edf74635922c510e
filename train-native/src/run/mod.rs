//! A run: steps in a loop, with everything written that is needed to look at it and to go on with it.

pub mod checkpoint;
mod clock;
pub mod environment;
pub mod initial;
pub mod interrupt;
mod lock;
pub mod log;
mod memory;
mod named_state;
pub mod progress;
mod resume;
mod sheets;
pub mod table;
pub mod tensorboard;
mod together;
mod trainer;
mod watching;
mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::Tensor;

use crate::TrainError;
use crate::config::{Config, Setting};
use crate::material::Material;
use crate::ranks::{Ranks, Share};
use crate::step::{LossScale, Optimiser, initial_weights, learning_rate, parameter_count};
use cellflux_terminal::shell::quoted;

pub use named_state::named_state;
pub use sheets::{draw_sheet, varied_pairs};
pub(crate) use trainer::Trainer;
pub use watching::Best;

use checkpoint::Checkpoint;
use clock::Clock;
use interrupt::Interrupt;
use lock::RunLock;
use log::TrainLine;
use progress::Progress;
use trainer::Measured;
use watching::Lowest;
use written::Written;

/// File name of the resolved config in a run's folder.
pub const CONFIG: &str = "config.toml";
/// Folder of the checkpoints in a run's folder.
pub const CHECKPOINTS: &str = "checkpoints";
/// In a run's folder the paths of the images that its table names and that are not there, a line each; there
/// is no such file where none is missing.
pub const MISSING: &str = "missing-images.txt";
/// Folder of the sample sheets in a run's folder.
pub const SHEETS: &str = "sheets";

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All steps are made.
    Complete,
    /// Somebody asked it to stop; `--resume` goes on.
    Interrupted,
}

/// A run in progress, or one process's part in it.
#[derive(Debug)]
pub struct Run {
    material: Material,
    ranks: Ranks,
    trainer: Trainer,
    step: u64,
    metrics: BTreeMap<String, f64>,
    command: String,
    /// In the process that writes the run's folder.
    written: Option<Written>,
    last_good: Option<PathBuf>,
    /// Where the run selects by it, and has been validated.
    best: Option<Best>,
    /// The lowest validation of this process's time, pair by pair.
    lowest: Option<Lowest>,
    set_aside: Vec<PathBuf>,
    /// What is to be said of the weights that the run started from.
    notes: Vec<String>,
    /// Steps whose losses have not been read yet.
    unread: Vec<Measured>,
    clock: Clock,
}

impl Run {
    /// A new run in `config.run.folder`, which must hold none yet.
    ///
    /// # Errors
    /// What [`Material::read`] refuses; [`TrainError::Checkpoint`] when the folder holds a run: nothing is
    /// overwritten; [`TrainError::Busy`] when another process trains there.
    pub fn start(config: Config, cache_progress: impl Fn(usize, usize)) -> Result<Self, TrainError> {
        Self::start_from(config, None, cache_progress)
    }

    /// As [`Run::start`], from the weights at `init` where one is given ([`initial::read`]): they are the
    /// average too, and the optimiser is fresh.
    ///
    /// # Errors
    /// As [`Run::start`] and [`initial::read`].
    pub fn start_from(
        config: Config,
        init: Option<&Path>,
        cache_progress: impl Fn(usize, usize),
    ) -> Result<Self, TrainError> {
        Self::start_among(&Ranks::alone(), config, init, cache_progress)
    }

    /// As [`Run::start_from`], as one of several processes, all of which make the same call. The config says
    /// what a step holds, and they share it ([`Share`]); the first one writes the run's folder.
    ///
    /// # Errors
    /// As [`Run::start_from`]; [`TrainError::Ranks`] where a process has another config, other pairs or other
    /// weights; [`TrainError::Rank`] naming one that failed.
    pub fn start_among(
        ranks: &Ranks,
        config: Config,
        init: Option<&Path>,
        cache_progress: impl Fn(usize, usize),
    ) -> Result<Self, TrainError> {
        together::same_config(ranks, &config)?;
        let folder = config.run.folder.clone();
        if ranks.is_first() {
            refuse_run(&folder)?;
        }
        let share = Share::new(&config.training, ranks.rank(), ranks.size())?;
        let device = ranks
            .device(config.run.device)
            .open_for(config.training.precision)?;
        let material = ranks.first_alone(|| Material::read(config, cache_progress))?;
        together::same_pairs(ranks, &material)?;
        let lock = ranks.is_first().then(|| RunLock::take(&folder)).transpose()?;
        if ranks.is_first() {
            // Another process may have finished a run in the meantime.
            refuse_run(&folder)?;
        }
        let (weights, notes) = match init {
            None => (
                initial_weights(&material.network, material.config.run.seed),
                Vec::new(),
            ),
            Some(path) => {
                let initial = initial::read(path, &material.network, material.config.conditions.scale)?;
                (initial.weights, initial.notes)
            }
        };
        let weights = Tensor::from_vec(weights, parameter_count(&material.network), &device)?;
        together::same_weights(ranks, &weights)?;
        let optimiser = Optimiser::new(&material.config.training, weights)?;
        let scale = LossScale::new(material.config.training.precision);
        let trainer = Trainer::new(&material, device, optimiser, scale, share, 0)?;
        let mut run = Self::assemble(material, ranks, trainer, (0, 0.0), lock)?;
        run.notes = notes;
        Ok(run)
    }

    /// Goes on with the run in `folder` from its newest checkpoint, with `config`.
    ///
    /// # Errors
    /// As [`Run::resume_at`].
    pub fn resume(
        folder: &Path,
        config: Config,
        cache_progress: impl Fn(usize, usize),
    ) -> Result<Self, TrainError> {
        Self::resume_at(folder, None, config, &[], cache_progress)
    }

    /// Goes on with the run in `folder` from the checkpoint `asked`, or the newest. Checkpoints of
    /// later steps are set aside under another name: the run will write its own.
    ///
    /// `config` is the run's own, except for what `changes` name, whose values it holds: a learning rate, a
    /// number of steps. The command that the run's bundle tells names them, with the step from which they
    /// hold.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] when there is none, or its config would train something else;
    /// [`TrainError::ConfigText`] for a change that no run can make; [`TrainError::Damaged`] naming the
    /// newest whole one; [`TrainError::Busy`] when another process trains there.
    pub fn resume_at(
        folder: &Path,
        asked: Option<&Path>,
        config: Config,
        changes: &[Setting],
        cache_progress: impl Fn(usize, usize),
    ) -> Result<Self, TrainError> {
        Self::resume_among(&Ranks::alone(), (folder, asked), config, changes, cache_progress)
    }

    /// As [`Run::resume_at`] with the folder and the checkpoint asked for, as one of several processes, all
    /// of which make the same call. How many there are may be another number than before: the samples of a
    /// step are the same.
    ///
    /// # Errors
    /// As [`Run::resume_at`] and [`Run::start_among`].
    pub fn resume_among(
        ranks: &Ranks,
        (folder, asked): (&Path, Option<&Path>),
        mut config: Config,
        changes: &[Setting],
        cache_progress: impl Fn(usize, usize),
    ) -> Result<Self, TrainError> {
        resume::check_changes(changes)?;
        config.run.folder = folder.to_path_buf();
        together::same_config(ranks, &config)?;
        let checkpoints = folder.join(CHECKPOINTS);
        if !checkpoints.is_dir() {
            return Err(TrainError::Checkpoint {
                path: checkpoints,
                reason: "there is no checkpoint here, expected the folder of a run to go on with".into(),
            });
        }
        let lock = ranks.is_first().then(|| RunLock::take(folder)).transpose()?;
        let share = Share::new(&config.training, ranks.rank(), ranks.size())?;
        let device = ranks
            .device(config.run.device)
            .open_for(config.training.precision)?;
        let (path, Checkpoint { progress, state }) = checkpoint::load(&checkpoints, asked, &device)?;
        resume::check(&path, &progress.config, &config, changes)?;
        let material = ranks.first_alone(|| Material::read(config, cache_progress))?;
        together::same_pairs(ranks, &material)?;
        let expected = parameter_count(&material.network);
        if state.weights.elem_count() != expected {
            return Err(TrainError::Checkpoint {
                path,
                reason: format!(
                    "it has {} parameters, expected {expected}",
                    state.weights.elem_count()
                ),
            });
        }
        together::same_weights(ranks, &state.weights)?;
        let optimiser = Optimiser::resume(&material.config.training, state, progress.updates);
        let trainer = Trainer::new(&material, device, optimiser, progress.scale, share, progress.step)?;
        let mut run = Self::assemble(material, ranks, trainer, (progress.step, progress.seconds), lock)?;
        if ranks.is_first() {
            run.set_aside = checkpoint::set_newer_aside(&checkpoints, progress.step)?;
        }
        run.metrics = progress.metrics;
        run.command = resume::command(&progress.command, progress.step, changes);
        ranks.note_checkpoint(&path);
        run.last_good = Some(path);
        // Also of a later step: the run comes by it again, and finds the same value there.
        run.best = Best::of(&checkpoints, run.material.config.run.select);
        // Nobody goes on before the folder is as it will be.
        ranks.meet()?;
        Ok(run)
    }

    fn assemble(
        material: Material,
        ranks: &Ranks,
        trainer: Trainer,
        (step, seconds): (u64, f64),
        lock: Option<RunLock>,
    ) -> Result<Self, TrainError> {
        let written = lock
            .map(|lock| Written::open(&material, ranks, step, lock))
            .transpose()?;
        Ok(Self {
            clock: Clock::new(seconds),
            ranks: ranks.clone(),
            trainer,
            step,
            metrics: BTreeMap::new(),
            command: "cellflux-train train".to_owned(),
            written,
            last_good: None,
            best: None,
            lowest: None,
            set_aside: Vec::new(),
            notes: Vec::new(),
            unread: Vec::new(),
            material,
        })
    }

    /// The checkpoints of later steps that resuming has set aside, under their new names.
    pub fn set_aside(&self) -> &[PathBuf] {
        &self.set_aside
    }

    /// What is to be said of the weights that the run started from, a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Notes the command that started this run, for the provenance of its bundle.
    pub fn started_by(&mut self, command: String) {
        self.command = command;
    }

    /// What the run learns from.
    pub fn material(&self) -> &Material {
        &self.material
    }

    /// Steps made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The averaged weights `[P]`, f32.
    pub fn averaged(&self) -> &Tensor {
        &self.trainer.optimiser.state().averaged
    }

    /// Trains until all steps are made or somebody asks to stop; in both cases the last checkpoint is that of
    /// the last step.
    ///
    /// # Errors
    /// [`TrainError::Diverged`], [`TrainError::Io`] for a full disk, [`TrainError::Rank`] for another process
    /// that failed, and what the network and the data refuse.
    pub fn train(&mut self, interrupt: &Interrupt) -> Result<Ended, TrainError> {
        let steps = self.material.config.training.steps;
        let progress = Progress::new(self.step, steps, self.ranks.is_first());
        let every = |interval: u64, step: u64| interval > 0 && step.is_multiple_of(interval);
        self.clock.restart(self.trainer.loader.waited());
        let mut saved = self.last_good.is_some();
        while self.step < steps {
            let stop = self.advance(interrupt)?;
            saved = false;
            progress.step(self.step);
            let (run, last) = (self.material.config.run.clone(), self.step == steps);
            // On a CPU nothing runs ahead, so the bad step is known at once.
            if self.trainer.device.is_cpu() {
                self.read_losses()?;
            }
            if every(run.log_every, self.step) || last {
                let line = self.log_line()?;
                progress.train(&line, self.material.config.training.images_per_step());
            }
            if !stop && (every(run.validate_every, self.step) || last) {
                let found = self.validate()?;
                progress.validation(self.step, &found);
                self.keep_if_best(&found, &progress)?;
            }
            if !stop && (every(run.sheet_every, self.step) || (last && run.sheet_every > 0)) {
                self.sheet()?;
            }
            if every(run.checkpoint_every, self.step) || last || stop {
                self.save()?;
                saved = true;
            }
            if stop {
                progress.say(&format!(
                    "stopped after step {}; `cellflux-train train --resume {}` goes on",
                    self.step,
                    quoted(&run.folder)
                ));
                return Ok(Ended::Interrupted);
            }
        }
        if !saved {
            self.save()?;
        }
        Ok(Ended::Complete)
    }

    /// One optimiser step; whether a process was asked to stop.
    fn advance(&mut self, interrupt: &Interrupt) -> Result<bool, TrainError> {
        let training = &self.material.config.training;
        let step = self.step + 1;
        let rate = learning_rate(training, step);
        let stepped = self
            .trainer
            .step(&self.material, &self.ranks, interrupt, (step, rate))?;
        self.step = step;
        self.clock.lap_images += training.images_per_step();
        self.unread.push(stepped.measured);
        if self.trainer.scale.is_hopeless() {
            return Err(self.diverged(step, "the gradient overflows f16 at every loss scale".into()));
        }
        Ok(stepped.stop)
    }

    /// Reads the losses of the steps since the last time, and stops at the first bad one.
    fn read_losses(&mut self) -> Result<(), TrainError> {
        let explosion = self.material.config.training.explosion;
        for measured in std::mem::take(&mut self.unread) {
            let number =
                |tensor: &Tensor| -> Result<f64, TrainError> { Ok(f64::from(tensor.to_scalar::<f32>()?)) };
            let (loss, zero) = (number(&measured.losses.network)?, number(&measured.losses.zero)?);
            let norm = number(&measured.norm)?;
            if !loss.is_finite() || !(norm.is_finite() || self.trainer.scale.is_adaptive()) {
                let what = format!("the loss is {loss} and the gradient's norm {norm}");
                return Err(self.diverged(measured.step, what));
            }
            if loss > explosion * zero {
                let what = format!("the loss is {loss:.3e}, the zero predictor's {zero:.3e}");
                return Err(self.diverged(measured.step, what));
            }
            self.clock.add(loss, zero, norm);
        }
        Ok(())
    }

    fn diverged(&self, step: u64, what: String) -> TrainError {
        TrainError::Diverged {
            step,
            what,
            last_good: self.last_good.clone(),
            advice: "Try a lower training.learning_rate, training.warmup_steps, training.clip = 1.0, or \
                precision bf16 or f32 in place of f16; then go on with --resume, or start again",
        }
    }

    fn log_line(&mut self) -> Result<TrainLine, TrainError> {
        self.read_losses()?;
        let training = &self.material.config.training;
        let line = self.clock.line(
            self.step,
            learning_rate(training, self.step),
            self.trainer.scale.factor(),
            self.trainer.loader.waited(),
        );
        if let Some(written) = &mut self.written {
            written.log.train(&line)?;
        }
        self.metrics.insert("train_loss".to_owned(), line.loss);
        Ok(line)
    }

    /// Writes a checkpoint, once all processes are seen to have the same weights; all know its path then.
    fn save(&mut self) -> Result<(), TrainError> {
        let checkpoint = self.checkpoint()?;
        together::same_weights(&self.ranks, &checkpoint.state.weights)?;
        let path = match &self.written {
            Some(written) => Some(written.checkpoints.save(&checkpoint)?),
            None => None,
        };
        let path = together::told_path(&self.ranks, path)?;
        self.ranks.note_checkpoint(&path);
        self.last_good = Some(path);
        Ok(())
    }

    /// The run as a checkpoint.
    fn checkpoint(&mut self) -> Result<Checkpoint, TrainError> {
        // A checkpoint of NaN would replace a good one.
        self.read_losses()?;
        let progress = checkpoint::Progress {
            step: self.step,
            updates: self.trainer.optimiser.updates(),
            scale: self.trainer.scale,
            seconds: self.clock.seconds(),
            metrics: self.metrics.clone(),
            config: self.material.config.to_toml()?,
            command: self.command.clone(),
            device: self.device_in_words(),
            checksum: 0,
        };
        Ok(Checkpoint {
            progress,
            state: self.trainer.optimiser.state().clone(),
        })
    }

    /// What it runs on: the config's device, and how many processes.
    fn device_in_words(&self) -> String {
        let device = self.material.config.run.device;
        match self.ranks.size() {
            1 => device.to_string(),
            several => format!("{device} in {several} processes"),
        }
    }
}

/// What the run in `folder` learnt from, with `settings` in place of its config's values.
///
/// # Errors
/// [`TrainError::Io`] when there is no run, and what [`Material::read`] refuses.
pub fn open(
    folder: &Path,
    settings: &[Setting],
    cache_progress: impl Fn(usize, usize),
) -> Result<Material, TrainError> {
    let mut config = Config::read(&folder.join(CONFIG), settings)?;
    config.run.folder = folder.to_path_buf();
    Material::read(config, cache_progress)
}

/// A new run never writes into another run's folder.
fn refuse_run(folder: &Path) -> Result<(), TrainError> {
    match checkpoint::any(&folder.join(CHECKPOINTS))? {
        None => Ok(()),
        Some(path) => Err(TrainError::Checkpoint {
            path,
            reason: "this folder holds a run already, expected another run.folder, or --resume".into(),
        }),
    }
}
