//! Batched matrix products of cuBLAS, on matrices inside larger tensors.

use std::ffi::c_void;

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::cublas::{result, sys};
use candle_core::{CudaDevice, DType, Result};

use super::Address;
use super::profile::{Class, timed};

/// A batch of matrices by rows: `leading` is the distance of rows, `stride` that of matrices, in elements.
#[derive(Clone, Copy, Debug)]
pub struct Matrices {
    /// The first element.
    pub at: Address,
    /// Elements from row to row.
    pub leading: usize,
    /// Elements from matrix to matrix.
    pub stride: usize,
    /// Whether the product takes the transposed matrix.
    pub transposed: bool,
}

/// Sizes of a product: `[rows, inner] x [inner, columns]`, `batch` times.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Rows of the result.
    pub rows: usize,
    /// Columns of the result.
    pub columns: usize,
    /// What is summed over.
    pub inner: usize,
    /// Number of products.
    pub batch: usize,
}

/// A batch of products that is to be computed.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a> {
    /// Where.
    pub device: &'a CudaDevice,
    /// Of all matrices; sums are in f32.
    pub dtype: DType,
    /// Whether f32 may be rounded for the tensor cores.
    pub tf32: bool,
    /// The matrices' sizes.
    pub sizes: Sizes,
    /// What the products are multiplied by.
    pub factor: f32,
}

/// `out = factor a b`.
pub fn multiply(product: Product, a: Matrices, b: Matrices, out: Matrices) -> Result<()> {
    let Product {
        device,
        dtype,
        tf32,
        sizes,
        factor,
    } = product;
    let kind = match dtype {
        DType::F32 => sys::cudaDataType::CUDA_R_32F,
        DType::BF16 => sys::cudaDataType::CUDA_R_16BF,
        DType::F16 => sys::cudaDataType::CUDA_R_16F,
        other => candle_core::bail!("no fused matrix product on {other:?}"),
    };
    let compute = if tf32 && dtype == DType::F32 {
        sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32
    } else {
        sys::cublasComputeType_t::CUBLAS_COMPUTE_32F
    };
    let operation = |matrices: Matrices| {
        if matrices.transposed {
            sys::cublasOperation_t::CUBLAS_OP_T
        } else {
            sys::cublasOperation_t::CUBLAS_OP_N
        }
    };
    let zero = 0f32;
    let blas = device.cublas_handle();
    timed(device, Class::Attention, || {
        // cuBLAS counts by columns: it sees every matrix transposed, and computes b^T a^T = (a b)^T.
        unsafe {
            result::gemm_strided_batched_ex(
                *blas.handle(),
                operation(b),
                operation(a),
                sizes.columns as i32,
                sizes.rows as i32,
                sizes.inner as i32,
                (&raw const factor).cast(),
                b.at as *const c_void,
                kind,
                b.leading as i32,
                b.stride as i64,
                a.at as *const c_void,
                kind,
                a.leading as i32,
                a.stride as i64,
                (&raw const zero).cast(),
                out.at as *mut c_void,
                kind,
                out.leading as i32,
                out.stride as i64,
                sizes.batch as i32,
                compute,
                sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )
        }
        .w()?;
        Ok(())
    })
}

impl Matrices {
    /// The same matrices, to be taken transposed.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            transposed: true,
            ..self
        }
    }
}
