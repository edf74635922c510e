//! Several processes that train one network together, each on its share of every step.
//!
//! ```text
//! Run ─▶ Ranks: what all do together, and what becomes of all when one fails
//!          │ Transport: everybody's bytes, a tensor's sum
//!          ├─ star.rs   through the first process: threads, sockets
//!          ├─ mpi.rs    MPI
//!          └─ nccl.rs   sums on GPUs by NCCL, bytes through sockets
//! ```
//!
//! Every exchange begins with a word from each process, that all is well or what went wrong there. So a
//! process that fails, at whatever place, says so in the others' next exchange, and all end with its rank and
//! its reason.

#[cfg(all(feature = "cuda", any(feature = "mpi", feature = "nccl")))]
mod cuda_memory;
mod launch;
#[cfg(feature = "mpi")]
mod mpi;
#[cfg(feature = "nccl")]
mod nccl;
mod share;
mod socket;
mod star;
mod transport;

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use candle_core::Tensor;

use crate::TrainError;
use crate::config::DeviceChoice;

pub use launch::{Place, Through};
pub use share::Share;
pub use star::{Channel, Link, Star, threads};
pub use transport::{Transport, TransportError};

/// How a process's word begins: all is well, or what went wrong follows.
const WELL: u8 = 0;
const FAILED: u8 = 1;

/// This process among those that train together. Clones are handles of the same process.
#[derive(Clone, Debug)]
pub struct Ranks {
    shared: Rc<Shared>,
    rank: usize,
    size: usize,
    /// This process among those of its machine.
    local: usize,
}

#[derive(Debug)]
struct Shared {
    transport: RefCell<Box<dyn Transport>>,
    /// The newest checkpoint that all know of.
    last_good: RefCell<Option<PathBuf>>,
    /// Whether a process has failed: nothing is exchanged any more.
    over: Cell<bool>,
}

impl Ranks {
    /// The only process.
    pub fn alone() -> Self {
        Self::new(transport::Alone, 0)
    }

    /// One of the processes that `transport` joins, number `local` of those on its machine.
    pub fn new(transport: impl Transport + 'static, local: usize) -> Self {
        Self {
            rank: transport.rank(),
            size: transport.size(),
            local,
            shared: Rc::new(Shared {
                transport: RefCell::new(Box::new(transport)),
                last_good: RefCell::new(None),
                over: Cell::new(false),
            }),
        }
    }

    /// This process, from 0.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// How many there are.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether this is the one that writes the run's folder.
    pub fn is_first(&self) -> bool {
        self.rank == 0
    }

    /// The device of this process where the config has `choice`: of several processes on a machine each takes
    /// the next GPU.
    pub fn device(&self, choice: DeviceChoice) -> DeviceChoice {
        match choice {
            DeviceChoice::Cuda(first) if self.size > 1 => DeviceChoice::Cuda(first + self.local % gpus()),
            choice => choice,
        }
    }

    /// The bytes that each process gives, in the order of ranks.
    ///
    /// # Errors
    /// [`TrainError::Rank`] naming the process that failed or is gone.
    pub fn exchange(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, TrainError> {
        self.words(&[&[WELL][..], own].concat())
    }

    /// Waits until all processes are here.
    ///
    /// # Errors
    /// As [`Ranks::exchange`].
    pub fn meet(&self) -> Result<(), TrainError> {
        self.exchange(&[]).map(|_| ())
    }

    /// The numbers that each process gives, in the order of ranks.
    ///
    /// # Errors
    /// As [`Ranks::exchange`].
    pub fn numbers(&self, own: &[f64]) -> Result<Vec<Vec<f64>>, TrainError> {
        let own: Vec<u8> = own.iter().flat_map(|number| number.to_le_bytes()).collect();
        let all = self.exchange(&own)?;
        let read = |bytes: &Vec<u8>| -> Vec<f64> {
            let numbers = bytes.as_chunks::<8>().0.iter();
            numbers.map(|bytes| f64::from_le_bytes(*bytes)).collect()
        };
        Ok(all.iter().map(read).collect())
    }

    /// The mean over the processes of a flat f32 tensor, the same bits in all; and what each says with it.
    ///
    /// # Errors
    /// As [`Ranks::exchange`], and [`TrainError::Tensor`].
    pub fn mean(&self, values: &Tensor, word: &[u8]) -> Result<(Tensor, Vec<Vec<u8>>), TrainError> {
        let words = self.exchange(word)?;
        if self.size == 1 {
            return Ok((values.clone(), words));
        }
        let sum = self.shared.transport.borrow_mut().sum(values);
        let sum = sum.map_err(|error| self.lost(error))?;
        Ok(((sum / self.size as f64)?, words))
    }

    /// Refuses to go on where a process has another text than the first one; `differences` puts the two into
    /// words.
    ///
    /// # Errors
    /// [`TrainError::Ranks`] naming the process, in all of them; and as [`Ranks::exchange`].
    pub fn same(
        &self,
        what: &str,
        own: &str,
        differences: impl Fn(&str, &str) -> String,
    ) -> Result<(), TrainError> {
        let all = self.exchange(own.as_bytes())?;
        let texts: Vec<_> = all.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect();
        let Some((first, others)) = texts.split_first() else {
            return Ok(());
        };
        match (1..).zip(others).find(|(_, other)| *other != first) {
            None => Ok(()),
            Some((rank, other)) => Err(TrainError::Ranks {
                reason: format!(
                    "rank {rank} of {} has another {what} than rank 0: {}",
                    self.size,
                    differences(first, other)
                ),
            }),
        }
    }

    /// Does in the first process what the others then find done, and do too: opens a cache that the first one
    /// builds.
    ///
    /// # Errors
    /// Those of `work`, and as [`Ranks::exchange`].
    pub fn first_alone<T, E: From<TrainError>>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        if self.is_first() {
            let done = work()?;
            self.meet()?;
            Ok(done)
        } else {
            self.meet()?;
            work()
        }
    }

    /// Notes the newest checkpoint: what is named when a process fails.
    pub fn note_checkpoint(&self, path: &Path) {
        *self.shared.last_good.borrow_mut() = Some(path.to_owned());
    }

    /// The whole work of a process. At its end all wait for each other, and one that fails tells the others,
    /// which then end too.
    ///
    /// # Errors
    /// Those of `work`, and as [`Ranks::exchange`].
    pub fn together<T, E: From<TrainError> + Display>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let done = work();
        if self.shared.over.get() {
            return done;
        }
        match &done {
            Ok(_) => self.meet()?,
            Err(error) => {
                let reason = format!("stopped: {error:#}");
                // Those who hear it say who failed; this process's own error is the one to show.
                let _ = self.words(&[&[FAILED][..], reason.as_bytes()].concat());
            }
        }
        done
    }

    /// Exchanges everybody's word, and stops at the first one that failed.
    fn words(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, TrainError> {
        let words = self.shared.transport.borrow_mut().gather(own);
        let words = words.map_err(|error| self.lost(error))?;
        let mut well = Vec::with_capacity(words.len());
        for (rank, mut word) in words.into_iter().enumerate() {
            match word.split_first() {
                Some((&WELL, _)) => well.push(word.split_off(1)),
                Some((_, reason)) => {
                    return Err(self.failed(Some(rank), &String::from_utf8_lossy(reason)));
                }
                None => return Err(self.failed(Some(rank), "sent an empty message")),
            }
        }
        Ok(well)
    }

    fn lost(&self, error: TransportError) -> TrainError {
        match error {
            TransportError::Lost { rank, reason } => self.failed(rank, &format!("is gone: {reason}")),
            TransportError::Tensor(error) => error.into(),
        }
    }

    /// The error of a process that failed: nothing is exchanged from here on.
    fn failed(&self, rank: Option<usize>, reason: &str) -> TrainError {
        self.shared.over.set(true);
        TrainError::Rank {
            rank,
            size: self.size,
            reason: reason.to_owned(),
            last_good: self.shared.last_good.borrow().clone(),
        }
    }
}

/// GPUs that this process sees, at least 1.
#[cfg(feature = "cuda")]
fn gpus() -> usize {
    use candle_core::cuda_backend::cudarc::driver::CudaContext;

    let count = CudaContext::device_count().unwrap_or(1);
    usize::try_from(count).unwrap_or(1).max(1)
}

/// A build without CUDA sees none; which one is asked for is in the error then.
#[cfg(not(feature = "cuda"))]
fn gpus() -> usize {
    usize::MAX
}

#[cfg(test)]
mod tests;
