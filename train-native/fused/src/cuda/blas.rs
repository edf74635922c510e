//! Batched matrix products of cuBLAS, on matrices inside larger tensors.

use std::ffi::c_void;
use std::ops::Range;

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::cublas::{result, sys};
use candle_core::{DType, Result};

use super::launch::int;
use super::memory::{Reading, Writing, common_device};
use super::profile::{Class, timed};

/// Where a batch of matrices lies in a tensor, by rows and in elements.
#[derive(Clone, Copy, Debug)]
pub struct Matrices {
    /// The first element.
    pub first: usize,
    /// From row to row.
    pub leading: usize,
    /// From matrix to matrix.
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

/// A batch of products that is to be computed; sums are in f32.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// Whether f32 may be rounded for the tensor cores.
    pub tf32: bool,
    /// The matrices' sizes.
    pub sizes: Sizes,
    /// What the products are multiplied by.
    pub factor: f32,
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

    /// The elements from the first to the last that a product touches, which takes `batch` matrices as
    /// `[rows, columns]`.
    fn elements(self, rows: usize, columns: usize, batch: usize) -> Result<Range<usize>> {
        let (rows, columns) = if self.transposed {
            (columns, rows)
        } else {
            (rows, columns)
        };
        let end = || {
            let last_matrix = batch.checked_sub(1)?.checked_mul(self.stride)?;
            let last_row = rows.checked_sub(1)?.checked_mul(self.leading)?;
            let row = self.first.checked_add(last_matrix)?.checked_add(last_row)?;
            row.checked_add(columns)
        };
        match end() {
            Some(end) if (1..=self.leading).contains(&columns) => Ok(self.first..end),
            _ => candle_core::bail!("a fused product of {batch} matrices {rows} x {columns} in {self:?}"),
        }
    }
}

/// `out = factor a b`, of matrices in tensors of one number type.
pub fn multiply(
    product: Product,
    (a, in_a): (Reading, Matrices),
    (b, in_b): (Reading, Matrices),
    (out, in_out): (Writing, Matrices),
) -> Result<()> {
    let Product { tf32, sizes, factor } = product;
    let device = common_device([a.device(), b.device(), out.device()])?;
    let dtype = out.dtype();
    let kind = match dtype {
        DType::F32 => sys::cudaDataType::CUDA_R_32F,
        DType::BF16 => sys::cudaDataType::CUDA_R_16BF,
        DType::F16 => sys::cudaDataType::CUDA_R_16F,
        other => candle_core::bail!("no fused matrix product on {other:?}"),
    };
    if a.dtype() != dtype || b.dtype() != dtype || in_out.transposed {
        candle_core::bail!(
            "a fused product of {:?} and {:?} to {dtype:?}, {in_out:?}",
            a.dtype(),
            b.dtype()
        )
    }
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
    let a = a.part(in_a.elements(sizes.rows, sizes.inner, sizes.batch)?)?;
    let b = b.part(in_b.elements(sizes.inner, sizes.columns, sizes.batch)?)?;
    let out = out.part(in_out.elements(sizes.rows, sizes.columns, sizes.batch)?)?;
    let (rows, columns, inner) = (int(sizes.rows)?, int(sizes.columns)?, int(sizes.inner)?);
    let (a_leading, b_leading) = (int(in_a.leading)?, int(in_b.leading)?);
    let (out_leading, batch) = (int(in_out.leading)?, int(sizes.batch)?);
    let zero = 0f32;
    let blas = device.cublas_handle();
    timed(device, Class::Attention, || {
        // cuBLAS counts by columns: it sees every matrix transposed, and computes b^T a^T = (a b)^T.
        // SAFETY: each of the three pointers is the first of the elements that the sizes, distances and
        // number of its matrices reach, all of which its view has, in the type that is said. Factors are f32,
        // as sums are. The handle is that of the views' device, and its work stands in the device's stream.
        unsafe {
            result::gemm_strided_batched_ex(
                *blas.handle(),
                operation(in_b),
                operation(in_a),
                columns,
                rows,
                inner,
                (&raw const factor).cast(),
                *b.address() as *const c_void,
                kind,
                b_leading,
                in_b.stride as i64,
                *a.address() as *const c_void,
                kind,
                a_leading,
                in_a.stride as i64,
                (&raw const zero).cast(),
                *out.address() as *mut c_void,
                kind,
                out_leading,
                in_out.stride as i64,
                batch,
                compute,
                sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )
        }
        .w()?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_reaches_from_the_first_element_to_the_last_row_of_the_last_matrix() {
        // Three matrices of 4 x 5, from element 7 on, in rows of 6 and 100 apart.
        let matrices = Matrices {
            first: 7,
            leading: 6,
            stride: 100,
            transposed: false,
        };
        assert_eq!(matrices.elements(4, 5, 3).unwrap(), 7..7 + 200 + 18 + 5);
        assert_eq!(
            matrices.transposed().elements(5, 4, 3).unwrap(),
            7..7 + 200 + 18 + 5
        );
        assert!(matrices.elements(4, 7, 3).is_err(), "rows run into each other");
        assert!(matrices.elements(0, 5, 3).is_err(), "no rows");
        assert!(matrices.elements(4, 5, 0).is_err(), "no matrices");
        let far = Matrices {
            stride: usize::MAX / 2,
            ..matrices
        };
        assert!(far.elements(4, 5, 4).is_err(), "beyond every address");
    }
}
