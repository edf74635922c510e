//! Processes that `mpirun` or `srun` started, joined by MPI.
//!
//! A process that is killed ends the others as MPI's launcher does: it names the rank and stops them. The
//! checkpoint to go on from is the newest in the run's folder.

use std::fmt;

use candle_core::Tensor;
use mpi::Count;
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};

use super::launch::refused;
use super::transport::{Transport, TransportError};
use crate::TrainError;

/// Numbers that are summed by one call: MPI counts in 32 bits, and one message must fit its buffers.
const AT_ONCE: usize = 1 << 26;

/// This process in MPI's world.
pub struct Mpi {
    world: SimpleCommunicator,
    rank: usize,
    size: usize,
    /// Whether MPI is given addresses on GPUs.
    on_gpus: bool,
    /// Ends MPI when it is dropped.
    _universe: Universe,
}

impl fmt::Debug for Mpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rank, size, on_gpus, ..
        } = self;
        write!(f, "Mpi(rank {rank} of {size}, on GPUs: {on_gpus})")
    }
}

impl Mpi {
    /// Starts MPI.
    ///
    /// # Errors
    /// [`TrainError::Ranks`] where it was started before, or this build cannot give it addresses on GPUs.
    pub(super) fn join(on_gpus: bool) -> Result<Self, TrainError> {
        if on_gpus && !cfg!(feature = "cuda") {
            return Err(refused(
                "--processes mpi-cuda: this program was built without CUDA; build it with --features \
                 mpi,cudnn",
            ));
        }
        let universe = mpi::initialize().ok_or_else(|| refused("MPI was started before"))?;
        let world = universe.world();
        let number = |number: i32| usize::try_from(number).unwrap_or(0);
        Ok(Self {
            rank: number(world.rank()),
            size: number(world.size()).max(1),
            world,
            on_gpus,
            _universe: universe,
        })
    }

    fn sum_on_host(&self, values: &Tensor) -> Result<Tensor, TransportError> {
        let own: Vec<f32> = values.to_vec1()?;
        let mut sum = vec![0.0f32; own.len()];
        for (own, sum) in own.chunks(AT_ONCE).zip(sum.chunks_mut(AT_ONCE)) {
            self.world.all_reduce_into(own, sum, SystemOperation::sum());
        }
        let count = sum.len();
        Ok(Tensor::from_vec(sum, count, values.device())?)
    }
}

impl Drop for Mpi {
    fn drop(&mut self) {
        // The others would wait for this process for ever.
        if std::thread::panicking() {
            self.world.abort(101);
        }
    }
}

impl Transport for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn gather(&mut self, own: &[u8]) -> Result<Vec<Vec<u8>>, TransportError> {
        let too_long = || TransportError::Lost {
            rank: Some(self.rank),
            reason: "its message is too long for MPI".into(),
        };
        let mut lengths: Vec<Count> = vec![0; self.size];
        let length = Count::try_from(own.len()).map_err(|_| too_long())?;
        self.world.all_gather_into(&length, &mut lengths[..]);
        let mut starts = Vec::with_capacity(self.size);
        let mut end: Count = 0;
        for &length in &lengths {
            starts.push(end);
            end = end.checked_add(length).ok_or_else(too_long)?;
        }
        let mut all = vec![0u8; usize::try_from(end).unwrap_or(0)];
        let mut parts = PartitionMut::new(&mut all[..], &lengths[..], &starts[..]);
        self.world.all_gather_varcount_into(own, &mut parts);
        let mut rest = all.as_slice();
        let mut messages = Vec::with_capacity(self.size);
        for length in lengths {
            let length = usize::try_from(length).unwrap_or(0);
            let (message, after) = rest.split_at_checked(length).ok_or_else(too_long)?;
            messages.push(message.to_vec());
            rest = after;
        }
        Ok(messages)
    }

    fn sum(&mut self, values: &Tensor) -> Result<Tensor, TransportError> {
        #[cfg(feature = "cuda")]
        if self.on_gpus && values.device().is_cuda() {
            return Ok(super::cuda_memory::replaced(values, |own, sum| {
                super::cuda_memory::all_reduce(&self.world, own, sum)
            })?);
        }
        self.sum_on_host(values)
    }
}
