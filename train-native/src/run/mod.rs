//! A run: steps in a loop, with everything written that is needed to look at it and to go on with it.

pub mod checkpoint;
mod clock;
pub mod initial;
pub mod interrupt;
mod lock;
pub mod log;
mod memory;
pub mod progress;
mod resume;
mod sheets;
pub mod tensorboard;
mod watching;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{Device, Tensor};
use cellflux_candle::Operations;

use crate::TrainError;
use crate::config::{Config, Select, Setting};
use crate::material::Material;
use crate::network::Network;
use crate::step::{
    Draws, FlowBatch, LossScale, Losses, Optimiser, Parameters, gradient, initial_weights, learning_rate,
    parameter_count,
};
use cellflux_data::{Experiment, Loader};
use cellflux_terminal::shell::quoted;

pub use sheets::{draw_sheet, varied_pairs};
pub use watching::Best;

use checkpoint::{Checkpoint, CheckpointFolder};
use clock::Clock;
use interrupt::Interrupt;
use lock::RunLock;
use log::{Log, TrainLine};
use progress::Progress;

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

/// A run in progress.
#[derive(Debug)]
pub struct Run {
    material: Material,
    device: Device,
    operations: Arc<dyn Operations>,
    network: Network,
    parameters: Parameters,
    optimiser: Optimiser,
    scale: LossScale,
    loader: Loader,
    step: u64,
    metrics: BTreeMap<String, f64>,
    command: String,
    checkpoints: CheckpointFolder,
    last_good: Option<PathBuf>,
    /// Where the run selects by it, and has been validated.
    best: Option<Best>,
    set_aside: Vec<PathBuf>,
    /// What is to be said of the weights that the run started from.
    notes: Vec<String>,
    log: Log,
    /// Steps whose losses have not been read yet.
    unread: Vec<Measured>,
    clock: Clock,
    _lock: RunLock,
}

/// What a step left on the device.
#[derive(Debug)]
struct Measured {
    step: u64,
    losses: Losses,
    norm: Tensor,
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
        let folder = config.run.folder.clone();
        refuse_run(&folder)?;
        let device = config.run.device.open_for(config.training.precision)?;
        let material = Material::read(config, cache_progress)?;
        let lock = RunLock::take(&folder)?;
        // Another process may have finished a run in the meantime.
        refuse_run(&folder)?;
        let (weights, notes) = match init {
            None => (
                initial_weights(&material.network, material.config.run.seed),
                Vec::new(),
            ),
            Some(path) => {
                let initial = initial::read(path, &material.network)?;
                (initial.weights, initial.notes)
            }
        };
        let weights = Tensor::from_vec(weights, parameter_count(&material.network), &device)?;
        let optimiser = Optimiser::new(&material.config.training, weights)?;
        let scale = LossScale::new(material.config.training.precision);
        let mut run = Self::assemble(material, device, optimiser, scale, (0, 0.0), lock)?;
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
    /// [`TrainError::ConfigText`] for a change that no run can make; [`TrainError::Damaged`] naming the newest
    /// whole one; [`TrainError::Busy`] when another process trains there.
    pub fn resume_at(
        folder: &Path,
        asked: Option<&Path>,
        mut config: Config,
        changes: &[Setting],
        cache_progress: impl Fn(usize, usize),
    ) -> Result<Self, TrainError> {
        resume::check_changes(changes)?;
        config.run.folder = folder.to_path_buf();
        let checkpoints = folder.join(CHECKPOINTS);
        if !checkpoints.is_dir() {
            return Err(TrainError::Checkpoint {
                path: checkpoints,
                reason: "there is no checkpoint here, expected the folder of a run to go on with".into(),
            });
        }
        let lock = RunLock::take(folder)?;
        let device = config.run.device.open_for(config.training.precision)?;
        let (path, Checkpoint { progress, state }) = checkpoint::load(&checkpoints, asked, &device)?;
        resume::check(&path, &progress.config, &config, changes)?;
        let material = Material::read(config, cache_progress)?;
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
        let optimiser = Optimiser::resume(&material.config.training, state, progress.updates);
        let mut run = Self::assemble(
            material,
            device,
            optimiser,
            progress.scale,
            (progress.step, progress.seconds),
            lock,
        )?;
        run.set_aside = checkpoint::set_newer_aside(&checkpoints, progress.step)?;
        run.metrics = progress.metrics;
        run.command = resume::command(&progress.command, progress.step, changes);
        run.last_good = Some(path);
        // Also of a later step: the run comes by it again, and finds the same loss there.
        if run.material.config.run.select == Select::ValidationLoss {
            run.best = Best::of(&run.checkpoints);
        }
        Ok(run)
    }

    fn assemble(
        material: Material,
        device: Device,
        optimiser: Optimiser,
        scale: LossScale,
        (step, seconds): (u64, f64),
        lock: RunLock,
    ) -> Result<Self, TrainError> {
        let config = &material.config;
        let folder = &config.run.folder;
        let dtype = config.training.precision.dtype();
        let operations = config
            .run
            .ops
            .operations(&device, dtype, config.run.deterministic)?;
        let parameters = Parameters::new(&material.network, &optimiser.state().weights, dtype)?;
        let network = Network::trainable(
            &material.network,
            &parameters,
            Arc::clone(&material.conditions),
            Arc::clone(&operations),
        )?;
        memory::check(&material, &network, &parameters, &device)?;
        let checkpoints = CheckpointFolder::open(&folder.join(CHECKPOINTS), config.run.keep)?;
        checkpoint::write_whole(&folder.join(CONFIG), ".config-", config.to_toml()?.as_bytes())?;
        name_missing(folder, &material.experiment)?;
        let log = Log::open(folder, step)?;
        let loader = material.loader(step * config.training.accumulate as u64)?;
        Ok(Self {
            clock: Clock::new(seconds),
            device,
            operations,
            network,
            parameters,
            optimiser,
            scale,
            loader,
            step,
            metrics: BTreeMap::new(),
            command: "cellflux-train train".to_owned(),
            checkpoints,
            last_good: None,
            best: None,
            set_aside: Vec::new(),
            notes: Vec::new(),
            log,
            unread: Vec::new(),
            material,
            _lock: lock,
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
        &self.optimiser.state().averaged
    }

    /// Trains until all steps are made or somebody asks to stop; in both cases the last checkpoint is that of
    /// the last step.
    ///
    /// # Errors
    /// [`TrainError::Diverged`], [`TrainError::Io`] for a full disk, and what the network and the data
    /// refuse.
    pub fn train(&mut self, interrupt: &Interrupt) -> Result<Ended, TrainError> {
        let steps = self.material.config.training.steps;
        let progress = Progress::new(self.step, steps);
        let every = |interval: u64, step: u64| interval > 0 && step.is_multiple_of(interval);
        self.clock.restart(self.loader.waited());
        let mut saved = self.last_good.is_some();
        while self.step < steps {
            self.advance()?;
            saved = false;
            progress.step(self.step);
            let (run, last) = (self.material.config.run.clone(), self.step == steps);
            let stop = interrupt.asked();
            // On a CPU nothing runs ahead, so the bad step is known at once.
            if self.device.is_cpu() {
                self.read_losses()?;
            }
            if every(run.log_every, self.step) || last {
                let line = self.log_line()?;
                progress.train(&line, self.material.config.training.images_per_step());
            }
            if !stop && (every(run.validate_every, self.step) || last) {
                let found = self.validate()?;
                progress.validation(self.step, &found);
                if run.select == Select::ValidationLoss {
                    self.keep_if_best(found.loss, &progress)?;
                }
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

    /// One optimiser step. Waits for the device only where the loss scale must know of an overflow.
    fn advance(&mut self) -> Result<(), TrainError> {
        let config = &self.material.config;
        let training = &config.training;
        let step = self.step + 1;
        let (values, range) = (self.material.values(), self.material.spec().range);
        let loader = &mut self.loader;
        let device = &self.device;
        let mut first = 0;
        let batches = (0..training.accumulate).map(|_| {
            let pairs = loader.next()?;
            let draws = Draws::new(training, config.run.seed, step, first, pairs.len(), values);
            first += pairs.len() as u64;
            FlowBatch::new(&pairs, &draws, training.source, range, device)
        });
        let factor = self.scale.factor();
        let (scaled, losses) = gradient(
            &self.network,
            &self.parameters,
            batches,
            training.accumulate,
            factor,
        )?;
        let unscaled = if self.scale.is_adaptive() {
            (scaled / factor)?
        } else {
            scaled
        };
        let norm = Optimiser::norm(&unscaled)?;
        let finite = !self.scale.is_adaptive() || norm.to_scalar::<f32>()?.is_finite();
        if finite {
            self.optimiser
                .step(&unscaled, &norm, learning_rate(training, step))?;
            self.parameters.set(&self.optimiser.state().weights)?;
        }
        self.scale.update(finite);
        self.step = step;
        self.clock.lap_images += training.images_per_step();
        self.unread.push(Measured { step, losses, norm });
        if self.scale.is_hopeless() {
            return Err(self.diverged(step, "the gradient overflows f16 at every loss scale".into()));
        }
        Ok(())
    }

    /// Reads the losses of the steps since the last time, and stops at the first bad one.
    fn read_losses(&mut self) -> Result<(), TrainError> {
        let explosion = self.material.config.training.explosion;
        for measured in std::mem::take(&mut self.unread) {
            let number =
                |tensor: &Tensor| -> Result<f64, TrainError> { Ok(f64::from(tensor.to_scalar::<f32>()?)) };
            let (loss, zero) = (number(&measured.losses.network)?, number(&measured.losses.zero)?);
            let norm = number(&measured.norm)?;
            if !loss.is_finite() || !(norm.is_finite() || self.scale.is_adaptive()) {
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
            self.scale.factor(),
            self.loader.waited(),
        );
        self.log.train(&line)?;
        self.metrics.insert("train_loss".to_owned(), line.loss);
        Ok(line)
    }

    fn save(&mut self) -> Result<(), TrainError> {
        let checkpoint = self.checkpoint()?;
        let path = self.checkpoints.save(&checkpoint)?;
        self.last_good = Some(path);
        Ok(())
    }

    /// The run as a checkpoint.
    fn checkpoint(&mut self) -> Result<Checkpoint, TrainError> {
        // A checkpoint of NaN would replace a good one.
        self.read_losses()?;
        let progress = checkpoint::Progress {
            step: self.step,
            updates: self.optimiser.updates(),
            scale: self.scale,
            seconds: self.clock.seconds(),
            metrics: self.metrics.clone(),
            config: self.material.config.to_toml()?,
            command: self.command.clone(),
            device: self.material.config.run.device.to_string(),
            checksum: 0,
        };
        Ok(Checkpoint {
            progress,
            state: self.optimiser.state().clone(),
        })
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

/// Names every image that is missing: the printed report has only the first of them.
fn name_missing(folder: &Path, experiment: &Experiment) -> Result<(), TrainError> {
    let path = folder.join(MISSING);
    let names = &experiment.left_out().missing.names;
    if !names.is_empty() {
        let mut text = names.join("\n");
        text.push('\n');
        return checkpoint::write_whole(&path, ".missing-", text.as_bytes());
    }
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(TrainError::io(&path)(error)),
        _ => Ok(()),
    }
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
