//! Custom operations on the CPU, written with tensors: not fast, but the same formulas as the kernels', so
//! that gradients can be tested wherever there is no GPU.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, DType, Device, Layout, Result, Shape, Tensor, WithDType};
use half::{bf16, f16};

/// A custom operation's storages as tensors.
pub fn tensors(inputs: &[(&CpuStorage, &Layout)]) -> Result<Vec<Tensor>> {
    inputs
        .iter()
        .map(|(storage, layout)| match storage.dtype() {
            DType::F32 => tensor::<f32>(storage, layout),
            DType::F64 => tensor::<f64>(storage, layout),
            DType::BF16 => tensor::<bf16>(storage, layout),
            DType::F16 => tensor::<f16>(storage, layout),
            other => candle_core::bail!("no fused operation on {other:?}"),
        })
        .collect()
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

fn tensor<T: WithDType>(storage: &CpuStorage, layout: &Layout) -> Result<Tensor> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("a fused operation wants contiguous tensors, found {layout:?}")
    };
    Tensor::from_slice(
        &T::cpu_storage_as_slice(storage)?[start..end],
        layout.shape(),
        &Device::Cpu,
    )
}
