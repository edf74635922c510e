//! Tensors on a GPU as the memory that NCCL, or MPI that knows CUDA, sums.

use std::cell::Cell;

use candle_core::cuda_backend::CudaStorageSlice;
use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::{CpuStorage, CudaStorage, InplaceOp1, Layout, Result, Tensor};

/// A tensor like `values` (f32, on a GPU), filled by `fill`, which is given the memory of a copy of `values`
/// and the result's, of the same length.
pub(super) fn replaced(
    values: &Tensor,
    fill: impl FnOnce(&CudaSlice<f32>, &mut CudaSlice<f32>) -> Result<()>,
) -> Result<Tensor> {
    // A storage of its own, as long as the tensor.
    let result = values.copy()?;
    result.inplace_op1(&Replace(Cell::new(Some(fill))))?;
    Ok(result)
}

/// A call that one operation of candle makes, once.
struct Replace<F>(Cell<Option<F>>);

impl<F: FnOnce(&CudaSlice<f32>, &mut CudaSlice<f32>) -> Result<()>> InplaceOp1 for Replace<F> {
    fn name(&self) -> &'static str {
        "sum over processes"
    }

    fn cpu_fwd(&self, _storage: &mut CpuStorage, _layout: &Layout) -> Result<()> {
        candle_core::bail!("expected a tensor on a CUDA device")
    }

    fn cuda_fwd(&self, storage: &mut CudaStorage, _layout: &Layout) -> Result<()> {
        let device = storage.device.clone();
        let (CudaStorageSlice::F32(own), Some(fill)) = (&mut storage.slice, self.0.take()) else {
            candle_core::bail!("expected f32")
        };
        let mut sum = device.alloc_zeros::<f32>(own.len())?;
        fill(own, &mut sum)?;
        *own = sum;
        Ok(())
    }
}

#[cfg(feature = "mpi")]
pub(super) use with_mpi::all_reduce;

/// MPI that takes addresses on GPUs.
#[cfg(feature = "mpi")]
mod with_mpi {
    #![allow(
        unsafe_code,
        reason = "addresses on a GPU, which MPI is told to sum; each says what was checked"
    )]

    use std::ffi::c_void;

    use candle_core::Result;
    use candle_core::cuda_backend::WrapErr;
    use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DevicePtr, DevicePtrMut};
    use mpi::Count;
    use mpi::collective::SystemOperation;
    use mpi::datatype::{AsDatatype, Buffer, BufferMut, Collection, Equivalence, Pointer, PointerMut};
    use mpi::topology::SimpleCommunicator;
    use mpi::traits::CommunicatorCollectives;

    /// f32 numbers on a GPU, from an address on.
    struct Numbers {
        address: *mut c_void,
        count: Count,
    }

    // SAFETY: the numbers at `address` are f32, `count` of them: `all_reduce` takes both from one slice,
    // which lives longer than the call.
    unsafe impl AsDatatype for Numbers {
        type Out = <f32 as Equivalence>::Out;

        fn as_datatype(&self) -> Self::Out {
            f32::equivalent_datatype()
        }
    }

    // SAFETY: as above.
    unsafe impl Collection for Numbers {
        fn count(&self) -> Count {
            self.count
        }
    }

    // SAFETY: as above.
    unsafe impl Pointer for Numbers {
        fn pointer(&self) -> *const c_void {
            self.address.cast_const()
        }
    }

    // SAFETY: as above; the result's numbers are borrowed for writing.
    unsafe impl PointerMut for Numbers {
        fn pointer_mut(&mut self) -> *mut c_void {
            self.address
        }
    }

    // SAFETY: as above.
    unsafe impl Buffer for Numbers {}

    // SAFETY: as above.
    unsafe impl BufferMut for Numbers {}

    /// The sum over the processes of `own`, into `sum`, by an MPI that takes addresses on GPUs.
    pub fn all_reduce(
        world: &SimpleCommunicator,
        own: &CudaSlice<f32>,
        sum: &mut CudaSlice<f32>,
    ) -> Result<()> {
        let stream = own.stream().clone();
        let Ok(count) = Count::try_from(own.len()) else {
            candle_core::bail!("{} numbers are too many for one call of MPI", own.len())
        };
        let (from, _read) = own.device_ptr(&stream);
        let (to, _written) = sum.device_ptr_mut(&stream);
        let at = |address: u64| Numbers {
            address: address as *mut c_void,
            count,
        };
        // MPI knows no streams: what writes these numbers must have ended.
        stream.synchronize().w()?;
        world.all_reduce_into(&at(from), &mut at(to), SystemOperation::sum());
        Ok(())
    }
}
