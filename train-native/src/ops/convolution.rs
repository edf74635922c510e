//! Convolution with bias and residual: cuDNN on a GPU, forward and both gradients.
//!
//! Kernel and bias travel as one tensor, in cuDNN's order and the compute type, since an operation of candle
//! takes three inputs at most: the image, that tensor, the residual.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Tensor};
#[cfg(feature = "cudnn")]
use candle_core::{CudaStorage, backend::BackendStorage};

#[cfg(feature = "cudnn")]
use super::cuda::{
    bias,
    cudnn::{self, Numerics},
    memory::{Reading, Writing, allocate},
    packing,
};
use super::on_cpu;

/// Channels are filled up to a multiple of this: tensor cores and 16-byte reads want it.
pub const CHANNEL_UNIT: usize = 8;

/// The shape of a convolution of `[N, H, W, in]` to `[N, H / stride, W / stride, out]`, zero padding `side /
/// 2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Form {
    /// N.
    pub images: usize,
    /// H.
    pub height: usize,
    /// W.
    pub width: usize,
    /// Channels of the image, filled up.
    pub inputs: usize,
    /// Channels of the result, filled up.
    pub outputs: usize,
    /// Side of the kernel: 1 or 3.
    pub side: usize,
    /// 1 or 2.
    pub stride: usize,
}

impl Form {
    /// Sizes of the result.
    #[cfg(feature = "cudnn")]
    pub(super) fn result(&self) -> (usize, usize, usize, usize) {
        let (height, width) = (self.height / self.stride, self.width / self.stride);
        (self.images, height, width, self.outputs)
    }

    /// Sizes of the image.
    pub(super) fn image(&self) -> (usize, usize, usize, usize) {
        (self.images, self.height, self.width, self.inputs)
    }

    fn kernel_len(&self) -> usize {
        self.outputs * self.side * self.side * self.inputs
    }

    /// Values of the kernel and the bias together.
    fn packed_len(&self) -> usize {
        self.kernel_len() + self.outputs
    }

    /// Kernel `[out, in, k, k]` and bias of a packed tensor.
    fn unpack(&self, packed: &Tensor) -> Result<(Tensor, Tensor)> {
        let kernel = packed.narrow(0, 0, self.kernel_len())?;
        let kernel = kernel.reshape((self.outputs, self.side, self.side, self.inputs))?;
        let bias = packed.narrow(0, self.kernel_len(), self.outputs)?;
        Ok((kernel.permute((0, 3, 1, 2))?.contiguous()?, bias))
    }
}

/// How convolutions treat numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Treatment {
    /// Whether f32 may be rounded for the tensor cores (TF32).
    pub tf32: bool,
    /// Whether only algorithms are taken that give the same bits every time.
    pub deterministic: bool,
}

/// A kernel `[out, in, k, k]` or `[out, in]` and a bias `[out]` as one tensor of type `dtype`.
///
/// # Errors
/// When candle fails.
pub fn pack(weight: &Tensor, bias: &Tensor, dtype: DType) -> Result<Tensor> {
    weight
        .contiguous()?
        .apply_op2(&bias.contiguous()?, Pack { dtype })
}

/// The fused convolution of `x` by a packed kernel.
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub fn fused(
    x: &Tensor,
    packed: &Tensor,
    residual: Option<&Tensor>,
    form: Form,
    treatment: Treatment,
) -> Result<Tensor> {
    form.check(x, packed)?;
    let operation = Convolve { form, treatment };
    match residual {
        None => x.apply_op2(packed, operation),
        Some(residual) => x.apply_op3(packed, residual, operation),
    }
}

/// The twin of [`fused`] in plain candle operations.
///
/// # Errors
/// When shapes do not fit, or candle fails.
pub fn twin(x: &Tensor, packed: &Tensor, residual: Option<&Tensor>, form: Form) -> Result<Tensor> {
    form.check(x, packed)?;
    let (kernel, bias) = form.unpack(packed)?;
    let image = x.permute((0, 3, 1, 2))?.contiguous()?;
    let convolved = image.conv2d(&kernel, form.side / 2, form.stride, 1, 1)?;
    let convolved = convolved
        .permute((0, 2, 3, 1))?
        .contiguous()?
        .broadcast_add(&bias)?;
    match residual {
        None => Ok(convolved),
        Some(residual) => convolved + residual,
    }
}

impl Form {
    fn check(&self, x: &Tensor, packed: &Tensor) -> Result<()> {
        if x.dims4()? != self.image() || packed.dims1()? != self.packed_len() {
            candle_core::bail!("{self:?} on {:?} and {:?}", x.shape(), packed.shape())
        }
        Ok(())
    }
}

struct Pack {
    dtype: DType,
}

/// Sizes of a kernel before and after packing.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    pub(super) taps: usize,
}

impl Sizes {
    fn of(weight: &Shape) -> Result<Self> {
        match *weight.dims() {
            [outputs, inputs] => Ok(Self {
                outputs,
                inputs,
                taps: 1,
            }),
            [outputs, inputs, height, width] => Ok(Self {
                outputs,
                inputs,
                taps: height * width,
            }),
            _ => candle_core::bail!("a kernel of shape {weight:?}"),
        }
    }

    /// Outputs and inputs after packing.
    pub(super) fn padded(self) -> (usize, usize) {
        (
            self.outputs.next_multiple_of(CHANNEL_UNIT),
            self.inputs.next_multiple_of(CHANNEL_UNIT),
        )
    }

    /// Values of the kernel before packing.
    #[cfg(feature = "cudnn")]
    pub(super) fn kernel_len(self) -> usize {
        self.outputs * self.inputs * self.taps
    }

    /// Values of kernel and bias together, before packing.
    #[cfg(feature = "cudnn")]
    pub(super) fn len(self) -> usize {
        self.kernel_len() + self.outputs
    }

    /// Values of kernel and bias together, after packing.
    #[cfg(feature = "cudnn")]
    pub(super) fn packed_len(self) -> usize {
        let (outputs, inputs) = self.padded();
        outputs * self.taps * inputs + outputs
    }
}

impl CustomOp2 for Pack {
    fn name(&self) -> &'static str {
        "pack-kernel"
    }

    fn cpu_fwd(
        &self,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = on_cpu::tensors(&[(weight, weight_layout), (bias, bias_layout)])?;
        let sizes = Sizes::of(weight_layout.shape())?;
        let (padded_outputs, padded_inputs) = sizes.padded();
        let missing = padded_outputs - sizes.outputs;
        let kernel = inputs[0]
            .reshape((sizes.outputs, sizes.inputs, sizes.taps))?
            .permute((0, 2, 1))?
            .pad_with_zeros(2, 0, padded_inputs - sizes.inputs)?
            .pad_with_zeros(0, 0, missing)?;
        let bias = inputs[1].pad_with_zeros(0, 0, missing)?;
        let packed = Tensor::cat(&[kernel.flatten_all()?, bias], 0)?;
        on_cpu::storage(&packed.to_dtype(self.dtype)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        weight: &CudaStorage,
        weight_layout: &Layout,
        bias: &CudaStorage,
        bias_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let sizes = Sizes::of(weight_layout.shape())?;
        let weight = Reading::of(weight, weight_layout)?;
        let bias = Reading::of(bias, bias_layout)?;
        let packed = packing::pack(weight, bias, sizes, self.dtype)?;
        Ok((packed, Shape::from(sizes.packed_len())))
    }

    fn bwd(
        &self,
        weight: &Tensor,
        bias: &Tensor,
        _packed: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let unpack = Unpack {
            sizes: Sizes::of(weight.shape())?,
            dtype: weight.dtype(),
        };
        let flat = gradient.contiguous()?.apply_op1_no_bwd(&unpack)?;
        let kernel = flat.narrow(0, 0, weight.elem_count())?.reshape(weight.shape())?;
        let bias = flat.narrow(0, weight.elem_count(), bias.elem_count())?;
        Ok((Some(kernel), Some(bias)))
    }
}

/// The gradients of kernel and bias, one after the other, of a packed gradient.
struct Unpack {
    sizes: Sizes,
    dtype: DType,
}

impl CustomOp1 for Unpack {
    fn name(&self) -> &'static str {
        "unpack-kernel"
    }

    fn cpu_fwd(&self, packed: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let packed = &on_cpu::tensors(&[(packed, layout)])?[0];
        let (padded_outputs, padded_inputs) = self.sizes.padded();
        let Sizes {
            outputs,
            inputs,
            taps,
        } = self.sizes;
        let length = padded_outputs * taps * padded_inputs;
        let kernel = packed
            .narrow(0, 0, length)?
            .reshape((padded_outputs, taps, padded_inputs))?
            .narrow(0, 0, outputs)?
            .narrow(2, 0, inputs)?
            .permute((0, 2, 1))?;
        let bias = packed.narrow(0, length, outputs)?;
        let flat = Tensor::cat(&[kernel.flatten_all()?, bias], 0)?;
        on_cpu::storage(&flat.to_dtype(self.dtype)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(&self, packed: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let flat = packing::unpack(Reading::of(packed, layout)?, self.sizes, self.dtype)?;
        Ok((flat, Shape::from(self.sizes.len())))
    }
}

#[derive(Clone, Copy)]
struct Convolve {
    form: Form,
    #[cfg_attr(not(feature = "cudnn"), allow(dead_code, reason = "the kernel alone uses it"))]
    // the CPU knows one way only
    treatment: Treatment,
}

impl Convolve {
    #[cfg(feature = "cudnn")]
    fn numerics(&self, dtype: DType) -> Numerics {
        Numerics {
            dtype,
            tf32: self.treatment.tf32,
            deterministic: self.treatment.deterministic,
        }
    }

    #[cfg(feature = "cudnn")]
    fn forward(
        &self,
        x: (&CudaStorage, &Layout),
        packed: (&CudaStorage, &Layout),
        residual: Option<(&CudaStorage, &Layout)>,
    ) -> Result<(CudaStorage, Shape)> {
        let (device, dtype, form) = (x.0.device(), x.0.dtype(), self.form);
        let shape = Shape::from(form.result());
        let mut out = allocate(device, &shape, dtype)?;
        let packed = Reading::of(packed.0, packed.1)?;
        cudnn::forward(
            form,
            self.numerics(dtype),
            Reading::of(x.0, x.1)?,
            packed.part(0..form.kernel_len())?,
            Writing::whole(&mut out)?,
        )?;
        let bias = packed.part(form.kernel_len()..form.packed_len())?;
        let residual = residual.map(|(storage, layout)| Reading::of(storage, layout));
        bias::add(Writing::whole(&mut out)?, bias, residual.transpose()?)?;
        Ok((out, shape))
    }

    fn gradients(&self, x: &Tensor, packed: &Tensor, gradient: &Tensor) -> Result<(Option<Tensor>, Tensor)> {
        let gradient = gradient.contiguous()?;
        // The image that the network begins with has no gradient.
        let image = x
            .track_op()
            .then(|| gradient.apply_op2_no_bwd(packed, &ImageGradient(*self)));
        let kernel = x.apply_op2_no_bwd(&gradient, &KernelGradient(*self))?;
        Ok((image.transpose()?, kernel))
    }
}

impl CustomOp2 for Convolve {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        packed: &CpuStorage,
        packed_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = on_cpu::tensors(&[(x, x_layout), (packed, packed_layout)])?;
        on_cpu::storage(&twin(&inputs[0], &inputs[1], None, self.form)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        packed: &CudaStorage,
        packed_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.forward((x, x_layout), (packed, packed_layout), None)
    }

    fn bwd(
        &self,
        x: &Tensor,
        packed: &Tensor,
        _y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (image, kernel) = self.gradients(x, packed, gradient)?;
        Ok((image, Some(kernel)))
    }
}

impl CustomOp3 for Convolve {
    fn name(&self) -> &'static str {
        "convolution-residual"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        packed: &CpuStorage,
        packed_layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = on_cpu::tensors(&[
            (x, x_layout),
            (packed, packed_layout),
            (residual, residual_layout),
        ])?;
        on_cpu::storage(&twin(&inputs[0], &inputs[1], Some(&inputs[2]), self.form)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        packed: &CudaStorage,
        packed_layout: &Layout,
        residual: &CudaStorage,
        residual_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.forward(
            (x, x_layout),
            (packed, packed_layout),
            Some((residual, residual_layout)),
        )
    }

    fn bwd(
        &self,
        x: &Tensor,
        packed: &Tensor,
        _residual: &Tensor,
        _y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (image, kernel) = self.gradients(x, packed, gradient)?;
        Ok((image, Some(kernel), Some(gradient.clone())))
    }
}

/// Gradient of the image, of the result's gradient and the kernel.
struct ImageGradient(Convolve);

impl CustomOp2 for ImageGradient {
    fn name(&self) -> &'static str {
        "convolution-image-gradient"
    }

    fn cpu_fwd(
        &self,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
        packed: &CpuStorage,
        packed_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let form = self.0.form;
        let inputs = on_cpu::tensors(&[(gradient, gradient_layout), (packed, packed_layout)])?;
        let (kernel, _) = form.unpack(&inputs[1])?;
        let gradient = inputs[0].permute((0, 3, 1, 2))?.contiguous()?;
        // A stride of two leaves out the last row and column, which the transposed convolution puts back.
        let image = gradient.conv_transpose2d(&kernel, form.side / 2, form.stride - 1, form.stride, 1)?;
        on_cpu::storage(&image.permute((0, 2, 3, 1))?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        gradient: &CudaStorage,
        gradient_layout: &Layout,
        packed: &CudaStorage,
        packed_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let (dtype, form) = (gradient.dtype(), self.0.form);
        let shape = Shape::from(form.image());
        let mut out = allocate(gradient.device(), &shape, dtype)?;
        cudnn::backward_data(
            form,
            self.0.numerics(dtype),
            Writing::whole(&mut out)?,
            Reading::of(packed, packed_layout)?.part(0..form.kernel_len())?,
            Reading::of(gradient, gradient_layout)?,
        )?;
        Ok((out, shape))
    }
}

/// Gradients of kernel and bias, packed, of the image and the result's gradient.
struct KernelGradient(Convolve);

impl CustomOp2 for KernelGradient {
    fn name(&self) -> &'static str {
        "convolution-kernel-gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let form = self.0.form;
        let inputs = on_cpu::tensors(&[(x, x_layout), (gradient, gradient_layout)])?;
        // Images and channels change places: the kernel's gradient is a convolution by the result's, spread
        // out.
        let image = inputs[0].permute((3, 0, 1, 2))?.contiguous()?;
        let gradient = inputs[1].permute((3, 0, 1, 2))?.contiguous()?;
        let kernel = image
            .conv2d(&gradient, form.side / 2, 1, form.stride, 1)?
            .narrow(2, 0, form.side)?
            .narrow(3, 0, form.side)?
            .permute((1, 2, 3, 0))?;
        let bias = gradient.sum((1, 2, 3))?;
        on_cpu::storage(&Tensor::cat(&[kernel.flatten_all()?, bias], 0)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        gradient: &CudaStorage,
        gradient_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let (device, dtype, form) = (x.device(), x.dtype(), self.0.form);
        let shape = Shape::from(form.packed_len());
        let mut out = allocate(device, &shape, dtype)?;
        let gradient = Reading::of(gradient, gradient_layout)?;
        cudnn::backward_filter(
            form,
            self.0.numerics(dtype),
            Reading::of(x, x_layout)?,
            Writing::whole(&mut out)?.part(0..form.kernel_len())?,
            gradient,
        )?;
        let bias = Writing::whole(&mut out)?.part(form.kernel_len()..form.packed_len())?;
        bias::sums(gradient, bias)?;
        Ok((out, shape))
    }
}
