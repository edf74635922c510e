//! cuDNN's convolutions of `[N, H, W, C]` images: forward, and the gradients of the image and of the kernel.
//!
//! The fastest of cuDNN's algorithms is found by trying them, once for every shape, and kept.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::rc::Rc;

use candle_core::backend::BackendDevice;
use candle_core::cuda_backend::DeviceId;
use candle_core::cuda_backend::cudarc::cudnn::{result, sys};
use candle_core::{CudaDevice, DType, Result, Shape};

use super::profile::{Class, timed};
use super::{Address, allocate, start};
use crate::ops::convolution::Form;

/// Memory that an algorithm may ask for besides its operands.
const WORKSPACE_BYTES: usize = 2 << 30;
/// As many algorithms as cuDNN has in any direction.
const ALGORITHMS: usize = 10;

/// Which of the three convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Image and kernel to result.
    Forward,
    /// Gradient of the result and kernel to gradient of the image.
    BackwardData,
    /// Image and gradient of the result to gradient of the kernel.
    BackwardFilter,
}

/// Operands in the order of cuDNN's descriptors: image, kernel, result, or their gradients.
#[derive(Clone, Copy, Debug)]
pub struct Operands {
    /// `[N, H, W, in]`.
    pub image: Address,
    /// `[out, k, k, in]`.
    pub kernel: Address,
    /// `[N, H / stride, W / stride, out]`.
    pub result: Address,
}

/// How numbers are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Numerics {
    /// Of images and kernels; sums are in f32.
    pub dtype: DType,
    /// Whether f32 may be rounded for the tensor cores.
    pub tf32: bool,
    /// Whether only algorithms are taken that give the same bits every time.
    pub deterministic: bool,
}

/// Runs a convolution; the operand that `direction` computes is overwritten.
pub fn convolve(
    device: &CudaDevice,
    direction: Direction,
    form: Form,
    numerics: Numerics,
    operands: Operands,
) -> Result<()> {
    let library = Library::of(device)?;
    let key = (direction, form, numerics);
    let known = library.plans.borrow().get(&key).cloned();
    let plan = match known {
        Some(plan) => plan,
        None => {
            let plan = Rc::new(Plan::find(&library, device, direction, form, numerics, operands)?);
            library.plans.borrow_mut().insert(key, plan.clone());
            plan
        }
    };
    plan.run(&library, device, operands)
}

thread_local! {
    static LIBRARIES: RefCell<HashMap<DeviceId, Rc<Library>>> = RefCell::default();
}

/// A cuDNN handle, which belongs to a thread, and the plans made on it.
struct Library {
    handle: sys::cudnnHandle_t,
    plans: RefCell<HashMap<(Direction, Form, Numerics), Rc<Plan>>>,
}

impl Library {
    fn of(device: &CudaDevice) -> Result<Rc<Self>> {
        LIBRARIES.with_borrow_mut(|libraries| {
            if let Some(library) = libraries.get(&device.id()) {
                return Ok(library.clone());
            }
            let handle = result::create_handle().map_err(candle_core::Error::wrap)?;
            let stream = device.cuda_stream();
            unsafe { result::set_stream(handle, stream.cu_stream().cast()) }
                .map_err(candle_core::Error::wrap)?;
            let library = Rc::new(Self {
                handle,
                plans: RefCell::default(),
            });
            libraries.insert(device.id(), library.clone());
            Ok(library)
        })
    }
}

/// Which algorithm runs a convolution.
#[derive(Clone, Copy, Debug)]
enum Algorithm {
    Forward(sys::cudnnConvolutionFwdAlgo_t),
    BackwardData(sys::cudnnConvolutionBwdDataAlgo_t),
    BackwardFilter(sys::cudnnConvolutionBwdFilterAlgo_t),
}

/// A convolution of one shape. Plans and their descriptors live as long as their thread.
struct Plan {
    image: sys::cudnnTensorDescriptor_t,
    kernel: sys::cudnnFilterDescriptor_t,
    result: sys::cudnnTensorDescriptor_t,
    convolution: sys::cudnnConvolutionDescriptor_t,
    algorithm: Algorithm,
    workspace: usize,
}

/// One algorithm as cuDNN measured it.
struct Measured {
    algorithm: Algorithm,
    math: sys::cudnnMathType_t,
    workspace: usize,
}

impl Plan {
    fn find(
        library: &Library,
        device: &CudaDevice,
        direction: Direction,
        form: Form,
        numerics: Numerics,
        operands: Operands,
    ) -> Result<Self> {
        let wrap = candle_core::Error::wrap;
        let kind = match numerics.dtype {
            DType::F32 => sys::cudnnDataType_t::CUDNN_DATA_FLOAT,
            DType::BF16 => sys::cudnnDataType_t::CUDNN_DATA_BFLOAT16,
            DType::F16 => sys::cudnnDataType_t::CUDNN_DATA_HALF,
            other => candle_core::bail!("no fused convolution on {other:?}"),
        };
        let layout = sys::cudnnTensorFormat_t::CUDNN_TENSOR_NHWC;
        let tensor = |height: usize, width: usize, channels: usize| -> Result<_> {
            let descriptor = result::create_tensor_descriptor().map_err(wrap)?;
            let sizes = [form.images, channels, height, width].map(|size| size as i32);
            unsafe { result::set_tensor4d_descriptor(descriptor, layout, kind, sizes) }.map_err(wrap)?;
            Ok(descriptor)
        };
        let image = tensor(form.height, form.width, form.inputs)?;
        let result_ = tensor(form.height / form.stride, form.width / form.stride, form.outputs)?;
        let kernel = result::create_filter_descriptor().map_err(wrap)?;
        let side = form.side as i32;
        let sizes = [form.outputs as i32, form.inputs as i32, side, side];
        unsafe { result::set_filter4d_descriptor(kernel, kind, layout, sizes) }.map_err(wrap)?;
        let convolution = result::create_convolution_descriptor().map_err(wrap)?;
        let (padding, stride) = (side / 2, form.stride as i32);
        let math = match (numerics.dtype, numerics.tf32) {
            (DType::F32, false) => sys::cudnnMathType_t::CUDNN_FMA_MATH,
            (DType::F32, true) => sys::cudnnMathType_t::CUDNN_DEFAULT_MATH,
            _ => sys::cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
        };
        unsafe {
            result::set_convolution2d_descriptor(
                convolution,
                padding,
                padding,
                stride,
                stride,
                1,
                1,
                sys::cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION,
                sys::cudnnDataType_t::CUDNN_DATA_FLOAT,
            )
            .map_err(wrap)?;
            result::set_convolution_math_type(convolution, math).map_err(wrap)?;
        }
        let mut plan = Self {
            image,
            kernel,
            result: result_,
            convolution,
            // Replaced right below by what the search finds.
            algorithm: Algorithm::Forward(
                sys::cudnnConvolutionFwdAlgo_t::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
            ),
            workspace: 0,
        };
        // The first time an algorithm runs, its code is loaded, which would be measured with it.
        plan.search(library, device, direction, numerics, operands)?;
        let fastest = plan.search(library, device, direction, numerics, operands)?;
        let Some(fastest) = fastest else {
            candle_core::bail!("cuDNN has no algorithm for {direction:?} of {form:?}, {numerics:?}")
        };
        if numerics.dtype != DType::F32 {
            unsafe { result::set_convolution_math_type(convolution, fastest.math) }.map_err(wrap)?;
        }
        plan.algorithm = fastest.algorithm;
        plan.workspace = fastest.workspace;
        Ok(plan)
    }

    /// Tries all algorithms, on the operands themselves: the one that is computed is overwritten.
    fn search(
        &self,
        library: &Library,
        device: &CudaDevice,
        direction: Direction,
        numerics: Numerics,
        operands: Operands,
    ) -> Result<Option<Measured>> {
        let shape = Shape::from(WORKSPACE_BYTES / 4);
        let workspace = allocate(device, &shape, DType::F32)?;
        let scratch = start(&workspace, &shape)? as *mut c_void;
        let (image, kernel, out) = (
            operands.image as *mut c_void,
            operands.kernel as *mut c_void,
            operands.result as *mut c_void,
        );
        let mut found = 0;
        let wanted = ALGORITHMS as i32;
        // The three searches differ in types only, for which C has three names and Rust would need a macro.
        macro_rules! fastest {
            ($search:path, $kind:path, [$($operand:expr),*]) => {{
                let mut measured = unsafe { std::mem::zeroed::<[_; ALGORITHMS]>() };
                unsafe {
                    $search(
                        library.handle,
                        $($operand,)*
                        wanted,
                        &raw mut found,
                        measured.as_mut_ptr(),
                        scratch,
                        WORKSPACE_BYTES,
                    )
                }
                .result()
                .map_err(candle_core::Error::wrap)?;
                measured
                    .iter()
                    .take(found as usize)
                    .find(|one| {
                        let repeats = one.determinism == sys::cudnnDeterminism_t::CUDNN_DETERMINISTIC;
                        one.status.result().is_ok() && (repeats || !numerics.deterministic)
                    })
                    .map(|one| Measured {
                        algorithm: $kind(one.algo),
                        math: one.mathType,
                        workspace: one.memory,
                    })
            }};
        }
        let fastest = match direction {
            Direction::Forward => fastest!(
                sys::cudnnFindConvolutionForwardAlgorithmEx,
                Algorithm::Forward,
                [
                    self.image,
                    image,
                    self.kernel,
                    kernel,
                    self.convolution,
                    self.result,
                    out
                ]
            ),
            Direction::BackwardData => fastest!(
                sys::cudnnFindConvolutionBackwardDataAlgorithmEx,
                Algorithm::BackwardData,
                [
                    self.kernel,
                    kernel,
                    self.result,
                    out,
                    self.convolution,
                    self.image,
                    image
                ]
            ),
            Direction::BackwardFilter => fastest!(
                sys::cudnnFindConvolutionBackwardFilterAlgorithmEx,
                Algorithm::BackwardFilter,
                [
                    self.image,
                    image,
                    self.result,
                    out,
                    self.convolution,
                    self.kernel,
                    kernel
                ]
            ),
        };
        device.synchronize()?;
        Ok(fastest)
    }

    fn run(&self, library: &Library, device: &CudaDevice, operands: Operands) -> Result<()> {
        let shape = Shape::from(self.workspace.div_ceil(4).max(1));
        let workspace = allocate(device, &shape, DType::F32)?;
        let scratch = start(&workspace, &shape)? as *mut c_void;
        let (one, zero) = (1f32, 0f32);
        let (one, zero): (*const c_void, *const c_void) = ((&raw const one).cast(), (&raw const zero).cast());
        let (image, kernel, out) = (
            operands.image as *mut c_void,
            operands.kernel as *mut c_void,
            operands.result as *mut c_void,
        );
        let class = match self.algorithm {
            Algorithm::Forward(_) => Class::ConvolutionForward,
            Algorithm::BackwardData(_) => Class::ConvolutionBackwardData,
            Algorithm::BackwardFilter(_) => Class::ConvolutionBackwardFilter,
        };
        timed(device, class, || {
            unsafe {
                match self.algorithm {
                    Algorithm::Forward(algorithm) => result::convolution_forward(
                        library.handle,
                        one,
                        self.image,
                        image,
                        self.kernel,
                        kernel,
                        self.convolution,
                        algorithm,
                        scratch,
                        self.workspace,
                        zero,
                        self.result,
                        out,
                    ),
                    Algorithm::BackwardData(algorithm) => result::convolution_backward_data(
                        library.handle,
                        one,
                        self.kernel,
                        kernel,
                        self.result,
                        out,
                        self.convolution,
                        algorithm,
                        scratch,
                        self.workspace,
                        zero,
                        self.image,
                        image,
                    ),
                    Algorithm::BackwardFilter(algorithm) => result::convolution_backward_filter(
                        library.handle,
                        one,
                        self.image,
                        image,
                        self.result,
                        out,
                        self.convolution,
                        algorithm,
                        scratch,
                        self.workspace,
                        zero,
                        self.kernel,
                        kernel,
                    ),
                }
            }
            .map_err(candle_core::Error::wrap)
        })
    }
}
