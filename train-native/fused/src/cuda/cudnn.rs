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

use super::launch::int;
use super::memory::{Reading, Writing, allocate, common_device};
use super::profile::{Class, timed};
use crate::convolution::form::Form;

/// Memory that an algorithm may ask for besides its operands.
const WORKSPACE_BYTES: usize = 2 << 30;
/// As many algorithms as cuDNN has in any direction.
const ALGORITHMS: usize = 10;

/// How numbers are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Numerics {
    /// Of images and kernels; sums are in f32.
    pub dtype: DType,
    /// Whether f32 may be rounded for the tensor cores.
    pub tf32: bool,
    /// Whether to use only algorithms that give the same bits every time.
    pub deterministic: bool,
}

/// The convolution of `image` `[N, H, W, in]` by `kernel` `[out, k, k, in]`, to `result`
/// `[N, H / stride, W / stride, out]`.
pub fn forward(
    form: Form,
    numerics: Numerics,
    image: Reading,
    kernel: Reading,
    result: Writing,
) -> Result<()> {
    Call::of(
        Direction::Forward,
        form,
        numerics,
        [image, kernel, result.memory()],
    )?
    .run()
}

/// The gradient of `image`, from `kernel` and the gradient of `result`.
pub fn backward_data(
    form: Form,
    numerics: Numerics,
    image: Writing,
    kernel: Reading,
    result: Reading,
) -> Result<()> {
    Call::of(
        Direction::BackwardData,
        form,
        numerics,
        [image.memory(), kernel, result],
    )?
    .run()
}

/// The gradient of `kernel`, from `image` and the gradient of `result`.
pub fn backward_filter(
    form: Form,
    numerics: Numerics,
    image: Reading,
    kernel: Writing,
    result: Reading,
) -> Result<()> {
    Call::of(
        Direction::BackwardFilter,
        form,
        numerics,
        [image, kernel.memory(), result],
    )?
    .run()
}

/// Which of the three convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Direction {
    /// Image and kernel to result.
    Forward,
    /// Gradient of the result and kernel to gradient of the image.
    BackwardData,
    /// Image and gradient of the result to gradient of the kernel.
    BackwardFilter,
}

/// A convolution whose operands are on one device and as large as its form says. The functions above make it;
/// nothing else has a view of the memory that `direction` writes to.
struct Call<'a> {
    device: &'a CudaDevice,
    direction: Direction,
    form: Form,
    numerics: Numerics,
    image: *mut c_void,
    kernel: *mut c_void,
    result: *mut c_void,
}

impl<'a> Call<'a> {
    fn of(
        direction: Direction,
        form: Form,
        numerics: Numerics,
        [image, kernel, result]: [Reading<'a>; 3],
    ) -> Result<Self> {
        let device = common_device([image.device(), kernel.device(), result.device()])?;
        let kernel_sizes = (form.outputs, form.side, form.side, form.inputs);
        let pointer = |memory: Reading, sizes: (usize, usize, usize, usize)| -> Result<_> {
            let (a, b, c, d) = sizes;
            let len = [b, c, d].iter().try_fold(a, |len, &size| len.checked_mul(size));
            let Some(len) = len else {
                candle_core::bail!("{sizes:?} values are more than memory can hold")
            };
            Ok(*memory.values(numerics.dtype, len)?.address() as *mut c_void)
        };
        Ok(Self {
            device,
            direction,
            form,
            numerics,
            image: pointer(image, form.image())?,
            kernel: pointer(kernel, kernel_sizes)?,
            result: pointer(result, form.result())?,
        })
    }

    fn run(&self) -> Result<()> {
        let library = Library::of(self.device)?;
        let key = (self.direction, self.form, self.numerics);
        let known = library.plans.borrow().get(&key).cloned();
        let plan = if let Some(plan) = known {
            plan
        } else {
            let plan = Rc::new(Plan::find(&library, self)?);
            library.plans.borrow_mut().insert(key, plan.clone());
            plan
        };
        plan.run(&library, self)
    }
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
            // SAFETY: the handle was made right above and is never destroyed. The stream is the device's,
            // which is at hand for a reader of this library's documentation.
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

/// How a call of one direction, form and numerics is made. Plans and their descriptors live as long as their
/// thread.
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
    fn find(library: &Library, call: &Call) -> Result<Self> {
        let wrap = candle_core::Error::wrap;
        let Call { form, numerics, .. } = *call;
        let kind = match numerics.dtype {
            DType::F32 => sys::cudnnDataType_t::CUDNN_DATA_FLOAT,
            DType::BF16 => sys::cudnnDataType_t::CUDNN_DATA_BFLOAT16,
            DType::F16 => sys::cudnnDataType_t::CUDNN_DATA_HALF,
            other => candle_core::bail!("no fused convolution on {other:?}"),
        };
        let layout = sys::cudnnTensorFormat_t::CUDNN_TENSOR_NHWC;
        let images = int(form.images)?;
        let (inputs, outputs) = (int(form.inputs)?, int(form.outputs)?);
        let (side, stride) = (int(form.side)?, int(form.stride)?);
        let tensor = |height: usize, width: usize, channels: i32| -> Result<_> {
            let descriptor = result::create_tensor_descriptor().map_err(wrap)?;
            let sizes = [images, channels, int(height)?, int(width)?];
            // SAFETY: the descriptor was made right above and is never destroyed.
            unsafe { result::set_tensor4d_descriptor(descriptor, layout, kind, sizes) }.map_err(wrap)?;
            Ok(descriptor)
        };
        let image = tensor(form.height, form.width, inputs)?;
        let result_ = tensor(form.height / form.stride, form.width / form.stride, outputs)?;
        let kernel = result::create_filter_descriptor().map_err(wrap)?;
        let sizes = [outputs, inputs, side, side];
        // SAFETY: the descriptor was made right above and is never destroyed.
        unsafe { result::set_filter4d_descriptor(kernel, kind, layout, sizes) }.map_err(wrap)?;
        let convolution = result::create_convolution_descriptor().map_err(wrap)?;
        let padding = side / 2;
        let math = match (numerics.dtype, numerics.tf32) {
            (DType::F32, false) => sys::cudnnMathType_t::CUDNN_FMA_MATH,
            (DType::F32, true) => sys::cudnnMathType_t::CUDNN_DEFAULT_MATH,
            _ => sys::cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
        };
        // SAFETY: the descriptor was made right above and is never destroyed.
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
        }
        .map_err(wrap)?;
        // SAFETY: the descriptor was made above and is never destroyed.
        unsafe { result::set_convolution_math_type(convolution, math) }.map_err(wrap)?;
        let mut plan = Self {
            image,
            kernel,
            result: result_,
            convolution,
            // Replaced just below by what the search finds.
            algorithm: Algorithm::Forward(
                sys::cudnnConvolutionFwdAlgo_t::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
            ),
            workspace: 0,
        };
        // The first time an algorithm runs, its code is loaded, which would be measured with it.
        plan.search(library, call)?;
        let Some(fastest) = plan.search(library, call)? else {
            candle_core::bail!(
                "cuDNN has no algorithm for {:?} of {form:?}, {numerics:?}",
                call.direction
            )
        };
        if numerics.dtype != DType::F32 {
            // SAFETY: the descriptor is the plan's, which nothing destroys.
            unsafe { result::set_convolution_math_type(convolution, fastest.math) }.map_err(wrap)?;
        }
        plan.algorithm = fastest.algorithm;
        plan.workspace = fastest.workspace;
        Ok(plan)
    }

    /// Tries all algorithms, on the call's own memory: what it computes is overwritten.
    fn search(&self, library: &Library, call: &Call) -> Result<Option<Measured>> {
        let mut workspace = allocate(call.device, &Shape::from(WORKSPACE_BYTES / 4), DType::F32)?;
        let scratch = Writing::whole(&mut workspace)?;
        let scratch = *scratch.address() as *mut c_void;
        let mut found = 0;
        let wanted = ALGORITHMS as i32;
        // The three searches differ in types only, for which C has three names and Rust would need a macro.
        macro_rules! fastest {
            ($search:path, $kind:path, [$($operand:expr),*]) => {{
                // SAFETY: a plain C struct of numbers and of enumerations that all have a value 0.
                let mut measured = unsafe { std::mem::zeroed::<[_; ALGORITHMS]>() };
                // SAFETY: the descriptors have the sizes and type of the call's form, and so has its memory,
                // of which the search writes what the call's direction does. `found` and `measured` outlive
                // the call, `measured` has room for the `wanted` results, and the workspace has the stated
                // bytes.
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
                        one.status.result().is_ok() && (repeats || !call.numerics.deterministic)
                    })
                    .map(|one| Measured {
                        algorithm: $kind(one.algo),
                        math: one.mathType,
                        workspace: one.memory,
                    })
            }};
        }
        let fastest = match call.direction {
            Direction::Forward => fastest!(
                sys::cudnnFindConvolutionForwardAlgorithmEx,
                Algorithm::Forward,
                [
                    self.image,
                    call.image,
                    self.kernel,
                    call.kernel,
                    self.convolution,
                    self.result,
                    call.result
                ]
            ),
            Direction::BackwardData => fastest!(
                sys::cudnnFindConvolutionBackwardDataAlgorithmEx,
                Algorithm::BackwardData,
                [
                    self.kernel,
                    call.kernel,
                    self.result,
                    call.result,
                    self.convolution,
                    self.image,
                    call.image
                ]
            ),
            Direction::BackwardFilter => fastest!(
                sys::cudnnFindConvolutionBackwardFilterAlgorithmEx,
                Algorithm::BackwardFilter,
                [
                    self.image,
                    call.image,
                    self.result,
                    call.result,
                    self.convolution,
                    self.kernel,
                    call.kernel
                ]
            ),
        };
        call.device.synchronize()?;
        Ok(fastest)
    }

    /// Makes a call for which the plan was found.
    fn run(&self, library: &Library, call: &Call) -> Result<()> {
        let shape = Shape::from(self.workspace.div_ceil(4).max(1));
        let mut workspace = allocate(call.device, &shape, DType::F32)?;
        let scratch = Writing::whole(&mut workspace)?;
        let scratch = *scratch.address() as *mut c_void;
        let (one, zero) = (1f32, 0f32);
        let (one, zero): (*const c_void, *const c_void) = ((&raw const one).cast(), (&raw const zero).cast());
        let class = match self.algorithm {
            Algorithm::Forward(_) => Class::ConvolutionForward,
            Algorithm::BackwardData(_) => Class::ConvolutionBackwardData,
            Algorithm::BackwardFilter(_) => Class::ConvolutionBackwardFilter,
        };
        // The reasons below share this: a plan is found by the direction, form and numerics of its call, so
        // that the descriptors state the sizes and the type that the call's memory was checked to have. The
        // workspace is as large as the algorithm asked for, and the two factors are f32, as sums are.
        timed(call.device, class, || {
            match self.algorithm {
                // SAFETY: reads the image and the kernel, and writes the result, which only a forward call
                // can reach.
                Algorithm::Forward(algorithm) => unsafe {
                    result::convolution_forward(
                        library.handle,
                        one,
                        self.image,
                        call.image,
                        self.kernel,
                        call.kernel,
                        self.convolution,
                        algorithm,
                        scratch,
                        self.workspace,
                        zero,
                        self.result,
                        call.result,
                    )
                },
                // SAFETY: reads the kernel and the result, and writes the image, which only this call can
                // reach.
                Algorithm::BackwardData(algorithm) => unsafe {
                    result::convolution_backward_data(
                        library.handle,
                        one,
                        self.kernel,
                        call.kernel,
                        self.result,
                        call.result,
                        self.convolution,
                        algorithm,
                        scratch,
                        self.workspace,
                        zero,
                        self.image,
                        call.image,
                    )
                },
                // SAFETY: reads the image and the result, and writes the kernel, which only this call can
                // reach.
                Algorithm::BackwardFilter(algorithm) => unsafe {
                    result::convolution_backward_filter(
                        library.handle,
                        one,
                        self.image,
                        call.image,
                        self.result,
                        call.result,
                        self.convolution,
                        algorithm,
                        scratch,
                        self.workspace,
                        zero,
                        self.kernel,
                        call.kernel,
                    )
                },
            }
            .map_err(candle_core::Error::wrap)
        })
    }
}
