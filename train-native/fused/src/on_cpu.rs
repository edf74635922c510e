//! Storages on a CPU as tensors, and back. Computing with tensors is not fast, but it uses the kernels'
//! formulas, so that gradients can be tested without a GPU.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, DType, Device, Layout, Result, Shape, Tensor, WithDType};
use half::{bf16, f16};

/// A custom operation's input as a tensor.
pub fn tensor(storage: &CpuStorage, layout: &Layout) -> Result<Tensor> {
    match storage.dtype() {
        DType::F32 => typed::<f32>(storage, layout),
        DType::F64 => typed::<f64>(storage, layout),
        DType::BF16 => typed::<bf16>(storage, layout),
        DType::F16 => typed::<f16>(storage, layout),
        other => candle_core::bail!("no fused operation on {other:?}"),
    }
}

/// A tensor as a custom operation's result.
pub fn storage(tensor: &Tensor) -> Result<(CpuStorage, Shape)> {
    let flat = tensor.flatten_all()?;
    let storage = match tensor.dtype() {
        DType::F32 => f32::to_cpu_storage_owned(flat.to_vec1()?),
        DType::F64 => f64::to_cpu_storage_owned(flat.to_vec1()?),
        DType::BF16 => bf16::to_cpu_storage_owned(flat.to_vec1()?),
        DType::F16 => f16::to_cpu_storage_owned(flat.to_vec1()?),
        other => candle_core::bail!("no fused operation on {other:?}"),
    };
    Ok((storage, tensor.shape().clone()))
}

fn typed<T: WithDType>(storage: &CpuStorage, layout: &Layout) -> Result<Tensor> {
    let values = T::cpu_storage_as_slice(storage)?;
    let Some(values) = layout
        .contiguous_offsets()
        .and_then(|(start, end)| values.get(start..end))
    else {
        candle_core::bail!("a fused operation needs contiguous tensors, found {layout:?}")
    };
    Tensor::from_slice(values, layout.shape(), &Device::Cpu)
}
