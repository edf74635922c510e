//! What a small network learns with on a CPU, in f32: the same bits in every browser and natively.
//!
//! candle's products use the widest vectors and the fused operations of the processor that they run on, and
//! its sums are grouped as those vectors are, so that their last bits differ from one machine to the next.
//! Here products are the blocks of `matrix_product`, which add up one number after the other, and sums run in
//! the order of the rows. candle's own element by element operations (sum, difference, product, quotient,
//! square root) are exact to the last bit everywhere, as IEEE 754 asks.

use candle_core::{CpuStorage, CustomOp1, CustomOp3, Device, Layout, Result, Shape, Tensor, bail};

use crate::exponential::{silu as silu_lanes, silu_slope};
use crate::lanes::{self, load, store};
use crate::matrix_product::{LeftFactor, RightFactor};
use crate::memory::{contiguous, values};

/// `x weight + bias` with gradients: `x` `[N, in]`, `weight` `[in, out]`, `bias` `[out]`, the result
/// `[N, out]`, all f32 on the CPU. None of the three sizes is 0.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use cellflux_candle::reproducible::dense;
///
/// let x = Tensor::new(&[[1f32, 2.0]], &Device::Cpu)?;
/// let weight = Tensor::new(&[[1f32, 0.0, 3.0], [0.0, 1.0, 1.0]], &Device::Cpu)?;
/// let bias = Tensor::new(&[0f32, 10.0, 0.0], &Device::Cpu)?;
/// assert_eq!(dense(&x, &weight, &bias)?.to_vec2::<f32>()?, [[1.0, 12.0, 5.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
///
/// # Errors
/// When the shapes do not fit each other, or a tensor is not f32.
pub fn dense(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.contiguous()?
        .apply_op3(&weight.contiguous()?, &bias.contiguous()?, Dense)
}

/// `x / (1 + exp(-x))` with its gradient, for an f32 tensor of any shape on the CPU.
///
/// # Errors
/// When the tensor is not f32.
pub fn silu(x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Silu)
}

/// The mean of the squares of all numbers of `x`, with its gradient, for an f32 tensor on the CPU that is not
/// empty: a scalar, summed in f64 in the order of memory.
///
/// # Errors
/// When the tensor is empty or not f32.
pub fn mean_square(x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(MeanSquare)
}

/// The product `[rows, columns]` of `left` `[rows, inner]` and `right` `[inner, columns]`, given number by
/// number and row by row.
fn product<'a>(
    [rows, inner, columns]: [usize; 3],
    left: impl Fn(usize, usize) -> f32,
    right: impl Fn(usize) -> &'a [f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let left = LeftFactor::new(rows, inner, left);
    let right = RightFactor::new(inner, columns, right);
    let mut out = vec![0.0; rows * columns];
    left.times(&right, &mut out, |_, first, [low, high]| {
        let [more_low, more_high] = load(bias.and_then(|bias| bias.get(first..)).unwrap_or_default());
        [low + more_low, high + more_high]
    });
    out
}

struct Dense;

impl CustomOp3 for Dense {
    fn name(&self) -> &'static str {
        "reproducible-dense"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, inner) = x_layout.shape().dims2()?;
        let (height, columns) = weight_layout.shape().dims2()?;
        let offsets = bias_layout.shape().dims1()?;
        if rows * inner * columns == 0 || height != inner || offsets != columns {
            bail!("dense layer: x is [{rows}, {inner}], weight [{height}, {columns}], bias [{offsets}]");
        }
        let x = contiguous(x, x_layout)?;
        let weight = contiguous(weight, weight_layout)?;
        let out = product(
            [rows, inner, columns],
            |row, at| x[row * inner + at],
            |at| &weight[at * columns..(at + 1) * columns],
            Some(contiguous(bias, bias_layout)?),
        );
        Ok((CpuStorage::F32(out), Shape::from((rows, columns))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (rows, columns) = gradient.dims2()?;
        let inner = x.dim(1)?;
        let gradients = values(gradient)?;
        let towards_x = if x.track_op() {
            let transposed = values(&weight.detach().t()?)?;
            let out = product(
                [rows, columns, inner],
                |row, at| gradients[row * columns + at],
                |at| &transposed[at * inner..(at + 1) * inner],
                None,
            );
            Some(Tensor::from_vec(out, (rows, inner), &Device::Cpu)?)
        } else {
            None
        };
        let towards_weight = if weight.track_op() {
            let x = values(&x.detach())?;
            let out = product(
                [inner, rows, columns],
                |row, at| x[at * inner + row],
                |at| &gradients[at * columns..(at + 1) * columns],
                None,
            );
            Some(Tensor::from_vec(out, (inner, columns), &Device::Cpu)?)
        } else {
            None
        };
        let towards_bias = if bias.track_op() {
            let mut sums = vec![0.0f32; columns];
            for row in gradients.chunks_exact(columns) {
                for (sum, gradient) in sums.iter_mut().zip(row) {
                    *sum += gradient;
                }
            }
            Some(Tensor::from_vec(sums, columns, &Device::Cpu)?)
        } else {
            None
        };
        Ok((towards_x, towards_weight, towards_bias))
    }
}

struct Silu;

impl CustomOp1 for Silu {
    fn name(&self) -> &'static str {
        "reproducible-silu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = contiguous(x, layout)?;
        let mut out = vec![0.0; x.len()];
        lanes::map(x, &mut out, silu_lanes);
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let shape = x.shape().clone();
        let (x, gradient) = (values(&x.detach())?, values(gradient)?);
        let mut out = vec![0.0; x.len()];
        let inputs = x.chunks(lanes::COUNT).zip(gradient.chunks(lanes::COUNT));
        for (out, (x, gradient)) in out.chunks_mut(lanes::COUNT).zip(inputs) {
            let ([x_low, x_high], [low, high]) = (load(x), load(gradient));
            store([silu_slope(x_low) * low, silu_slope(x_high) * high], out);
        }
        Ok(Some(Tensor::from_vec(out, shape, &Device::Cpu)?))
    }
}

struct MeanSquare;

impl CustomOp1 for MeanSquare {
    fn name(&self) -> &'static str {
        "reproducible-mean-square"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = contiguous(x, layout)?;
        if x.is_empty() {
            bail!("mean of squares: the tensor is empty");
        }
        let sum: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        Ok((
            CpuStorage::F32(vec![(sum / x.len() as f64) as f32]),
            Shape::from(()),
        ))
    }

    fn bwd(&self, x: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let factor = 2.0 * f64::from(gradient.to_scalar::<f32>()?) / x.elem_count() as f64;
        Ok(Some((x.detach() * factor)?))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;

    fn numbers(count: usize, start: usize) -> Vec<f32> {
        (start..start + count)
            .map(|i| (i as f32 * 0.618_034).fract() - 0.5)
            .collect()
    }

    fn var(rows: usize, columns: usize, start: usize) -> Var {
        Var::from_vec(numbers(rows * columns, start), (rows, columns), &Device::Cpu).unwrap()
    }

    /// Two layers and the mean square of what comes out, by these operations or by candle's own.
    fn loss(x: &Tensor, [w, v]: [&Tensor; 2], [b, c]: [&Tensor; 2], own: bool) -> Tensor {
        if own {
            let hidden = silu(&dense(x, w, b).unwrap()).unwrap();
            return mean_square(&dense(&hidden, v, c).unwrap()).unwrap();
        }
        let hidden = x.matmul(w).unwrap().broadcast_add(b).unwrap();
        let hidden = hidden.silu().unwrap();
        let out = hidden.matmul(v).unwrap().broadcast_add(c).unwrap();
        out.sqr().unwrap().mean_all().unwrap()
    }

    #[test]
    fn results_and_gradients_are_candle_s() {
        for (rows, inner, hidden, columns) in [(1, 1, 1, 1), (5, 3, 9, 2), (33, 18, 64, 2)] {
            let x = var(rows, inner, 0);
            let (w, v) = (var(inner, hidden, 7), var(hidden, columns, 11));
            let b = Var::from_vec(numbers(hidden, 3), hidden, &Device::Cpu).unwrap();
            let c = Var::from_vec(numbers(columns, 5), columns, &Device::Cpu).unwrap();
            let [ours, candles] = [true, false].map(|own| {
                let weights = [w.as_tensor(), v.as_tensor()];
                loss(x.as_tensor(), weights, [b.as_tensor(), c.as_tensor()], own)
            });
            let difference = ours.to_scalar::<f32>().unwrap() - candles.to_scalar::<f32>().unwrap();
            // Sums of a few dozen numbers below 1, in f32.
            assert!(difference.abs() < 1e-5, "{difference}");
            let (ours, candles) = (ours.backward().unwrap(), candles.backward().unwrap());
            for of in [&x, &w, &b, &v, &c] {
                let [own, other] = [&ours, &candles].map(|all| values(all.get(of).unwrap()).unwrap());
                for (own, other) in own.iter().zip(&other) {
                    assert!((own - other).abs() < 1e-5, "{own} {other}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_computed_for_what_is_no_variable() {
        let x = var(3, 2, 0);
        let weight = Tensor::from_vec(numbers(8, 1), (2, 4), &Device::Cpu).unwrap();
        let bias = Tensor::zeros(4, candle_core::DType::F32, &Device::Cpu).unwrap();
        let gradients = dense(&x, &weight, &bias).unwrap().backward().unwrap();
        assert!(gradients.get(&x).is_some());
        assert!(gradients.get(&weight).is_none() && gradients.get(&bias).is_none());
    }

    #[test]
    fn layers_that_do_not_fit_are_refused() {
        let x = var(3, 2, 0);
        let bias = Tensor::zeros(4, candle_core::DType::F32, &Device::Cpu).unwrap();
        let error = dense(&x, &var(3, 4, 0), &bias).unwrap_err();
        assert!(
            error.to_string().contains("x is [3, 2], weight [3, 4]"),
            "{error}"
        );
        let empty = Tensor::zeros((0, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(mean_square(&empty).is_err());
    }
}
