//! One adapter for candle's three traits of custom operations, which take one, two and three tensors.
//!
//! An [`Operation`] says what it computes on a CPU and on a GPU, and what its gradients are. How candle hands
//! over tensors, as pairs of a storage and a layout, is here, once for each number of tensors.

#[cfg(feature = "cudnn")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor};

#[cfg(feature = "cudnn")]
use crate::cuda::memory::Reading;
use crate::on_cpu;

/// An operation of `N` contiguous tensors.
pub trait Operation<const N: usize>: Send + Sync + 'static {
    /// What candle's messages call it.
    const NAME: &'static str;

    /// The result on a CPU.
    fn on_cpu(&self, inputs: [Tensor; N]) -> Result<Tensor>;

    /// The result on a GPU, and its shape.
    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, inputs: [Input; N]) -> Result<(CudaStorage, Shape)>;

    /// The gradients of the inputs, from that of the result; none for an input that needs none. An
    /// operation that is itself part of a gradient has no gradients.
    fn gradients(&self, _inputs: [&Tensor; N], _gradient: &Tensor) -> Result<[Option<Tensor>; N]> {
        Err(candle_core::Error::BackwardNotSupported { op: Self::NAME })
    }
}

/// Operations applied to tensors.
pub trait Apply<const N: usize>: Operation<N> + Sized {
    /// The result, which has [`Operation::gradients`].
    fn apply(self, inputs: [&Tensor; N]) -> Result<Tensor>;

    /// The result, as a constant.
    fn evaluate(self, inputs: [&Tensor; N]) -> Result<Tensor>;
}

impl<O: Operation<1>> Apply<1> for O {
    fn apply(self, [a]: [&Tensor; 1]) -> Result<Tensor> {
        a.apply_op1(Custom(self))
    }

    fn evaluate(self, [a]: [&Tensor; 1]) -> Result<Tensor> {
        a.apply_op1_no_bwd(&Custom(self))
    }
}

impl<O: Operation<2>> Apply<2> for O {
    fn apply(self, [a, b]: [&Tensor; 2]) -> Result<Tensor> {
        a.apply_op2(b, Custom(self))
    }

    fn evaluate(self, [a, b]: [&Tensor; 2]) -> Result<Tensor> {
        a.apply_op2_no_bwd(b, &Custom(self))
    }
}

impl<O: Operation<3>> Apply<3> for O {
    fn apply(self, [a, b, c]: [&Tensor; 3]) -> Result<Tensor> {
        a.apply_op3(b, c, Custom(self))
    }

    fn evaluate(self, [a, b, c]: [&Tensor; 3]) -> Result<Tensor> {
        a.apply_op3_no_bwd(b, c, &Custom(self))
    }
}

/// A tensor on a GPU, as an operation receives it.
#[cfg(feature = "cudnn")]
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Its values.
    pub values: Reading<'a>,
    /// Its shape.
    pub shape: &'a Shape,
}

#[cfg(feature = "cudnn")]
impl<'a> Input<'a> {
    /// The input of a storage and a contiguous layout.
    pub fn of(storage: &'a CudaStorage, layout: &'a Layout) -> Result<Self> {
        Ok(Self {
            values: Reading::of(storage, layout)?,
            shape: layout.shape(),
        })
    }
}

/// An operation of two tensors and, where there is one, a third.
pub fn two_or_three<T, const N: usize>(inputs: &[T; N]) -> Result<(&T, &T, Option<&T>)> {
    match inputs.as_slice() {
        [a, b] => Ok((a, b, None)),
        [a, b, c] => Ok((a, b, Some(c))),
        _ => candle_core::bail!("an operation of two or three tensors on {N}"),
    }
}

/// The gradients of two tensors and, where there is one, a third, as many as there are.
pub fn gradients_of<const N: usize>(gradients: [Option<Tensor>; 3]) -> [Option<Tensor>; N] {
    let mut gradients = gradients.into_iter();
    std::array::from_fn(|_| gradients.next().flatten())
}

/// An operation of ours as one of candle's.
struct Custom<O>(O);

impl<O: Operation<1>> CustomOp1 for Custom<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(&self, a: &CpuStorage, in_a: &Layout) -> Result<(CpuStorage, Shape)> {
        let inputs = [on_cpu::tensor(a, in_a)?];
        on_cpu::storage(&self.0.on_cpu(inputs)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(&self, a: &CudaStorage, in_a: &Layout) -> Result<(CudaStorage, Shape)> {
        self.0.on_cuda([Input::of(a, in_a)?])
    }

    fn bwd(&self, a: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let [of_a] = self.0.gradients([a], gradient)?;
        Ok(of_a)
    }
}

impl<O: Operation<2>> CustomOp2 for Custom<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        in_a: &Layout,
        b: &CpuStorage,
        in_b: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = [on_cpu::tensor(a, in_a)?, on_cpu::tensor(b, in_b)?];
        on_cpu::storage(&self.0.on_cpu(inputs)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        a: &CudaStorage,
        in_a: &Layout,
        b: &CudaStorage,
        in_b: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.0.on_cuda([Input::of(a, in_a)?, Input::of(b, in_b)?])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok(self.0.gradients([a, b], gradient)?.into())
    }
}

impl<O: Operation<3>> CustomOp3 for Custom<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        in_a: &Layout,
        b: &CpuStorage,
        in_b: &Layout,
        c: &CpuStorage,
        in_c: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = [
            on_cpu::tensor(a, in_a)?,
            on_cpu::tensor(b, in_b)?,
            on_cpu::tensor(c, in_c)?,
        ];
        on_cpu::storage(&self.0.on_cpu(inputs)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        a: &CudaStorage,
        in_a: &Layout,
        b: &CudaStorage,
        in_b: &Layout,
        c: &CudaStorage,
        in_c: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let inputs = [Input::of(a, in_a)?, Input::of(b, in_b)?, Input::of(c, in_c)?];
        self.0.on_cuda(inputs)
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        Ok(self.0.gradients([a, b, c], gradient)?.into())
    }
}
