//! Processes with a GPU each: NCCL sums tensors, sockets carry everything else.
//!
//! A process that is gone is noticed by the sockets before the next sum. One that ends during a sum leaves
//! the others waiting; the launcher (`torchrun`, `srun --kill-on-bad-exit`) then ends them.

use candle_core::Tensor;
use candle_core::cuda_backend::cudarc::nccl::{Comm, Id, ReduceOp};

use super::cuda_memory;
use super::socket::Socket;
use super::star::Star;
use super::transport::{Transport, TransportError};

/// This process among those with a GPU each.
#[derive(Debug)]
pub struct Nccl {
    star: Star<Socket>,
    /// Made at the first sum, when the GPU is known.
    comm: Option<Comm>,
}

/// What NCCL said.
fn said(error: &candle_core::cuda_backend::cudarc::nccl::result::NcclError) -> candle_core::Error {
    candle_core::Error::Msg(format!("NCCL: {:?}", error.0))
}

impl Nccl {
    pub(super) fn new(star: Star<Socket>) -> Self {
        Self { star, comm: None }
    }

    /// Joins the GPUs: the first process makes the name under which they find each other.
    fn comm(&mut self, values: &Tensor) -> Result<&Comm, TransportError> {
        if let Some(comm) = self.comm.take() {
            return Ok(self.comm.insert(comm));
        }
        // Whoever cannot make a name sends none, and all stop.
        let own: Vec<u8> = if self.star.rank() == 0 {
            let id = Id::new().map_err(|error| said(&error));
            id.map_or_else(|_| Vec::new(), |id| bytes_of(&id))
        } else {
            Vec::new()
        };
        let all = self.star.gather(&own)?;
        let name = all.first().and_then(|name| name.as_chunks::<128>().0.first());
        let Some(name) = name else {
            let reason = "NCCL: rank 0 could make no name under which the GPUs find each other";
            return Err(candle_core::Error::Msg(reason.into()).into());
        };
        let id = Id::uninit(name.map(|byte| std::ffi::c_char::from_ne_bytes([byte])));
        let stream = values.device().as_cuda_device()?.cuda_stream();
        let comm = Comm::from_rank(stream, self.star.rank(), self.star.size(), id);
        Ok(self.comm.insert(comm.map_err(|error| said(&error))?))
    }
}

fn bytes_of(id: &Id) -> Vec<u8> {
    id.internal()
        .iter()
        .map(|&letter| u8::from_ne_bytes(letter.to_ne_bytes()))
        .collect()
}

impl Transport for Nccl {
    fn rank(&self) -> usize {
        self.star.rank()
    }

    fn size(&self) -> usize {
        self.star.size()
    }

    fn gather(&mut self, own: &[u8]) -> Result<Vec<Vec<u8>>, TransportError> {
        self.star.gather(own)
    }

    fn sum(&mut self, values: &Tensor) -> Result<Tensor, TransportError> {
        if !values.device().is_cuda() {
            let reason = "NCCL sums tensors on GPUs: set run.device = \"cuda\", or use --processes sockets";
            return Err(candle_core::Error::Msg(reason.into()).into());
        }
        let comm = self.comm(values)?;
        Ok(cuda_memory::replaced(values, |own, sum| {
            let status = comm.all_reduce(own, sum, &ReduceOp::Sum);
            status.map(|_| ()).map_err(|error| said(&error))
        })?)
    }
}
