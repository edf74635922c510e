//! The source of all kernels, and its compilation for the present device.

use std::sync::OnceLock;

use candle_core::cuda_backend::cudarc::nvrtc::{CompileOptions, compile_ptx_with_opts};
use candle_core::{CudaDevice, Result};
use cellflux_bundle::config::{NORM_EPSILON, NORM_GROUPS};

/// Threads per block. The kernels rely on it.
pub const THREADS: u32 = 256;

/// Files one after the other, each with its name for the compiler's messages.
macro_rules! source {
    ($($file:literal),* $(,)?) => {
        concat!($("#line 1 \"", $file, "\"\n", include_str!(concat!("../", $file))),*)
    };
}

/// All kernels as one translation unit; later files use earlier ones.
const SOURCE: &str = source!(
    "cuda/values.cuh",
    "cuda/channel_sums.cuh",
    "adamw/kernels.cu",
    "bias/kernels.cu",
    "concatenation/kernels.cu",
    "group_norm/kernels.cu",
    "packing/kernels.cu",
    "resample/kernels.cu",
    "softmax/kernels.cu",
);

/// The kernels' PTX for the present device.
pub fn module(device: &CudaDevice) -> Result<&'static str> {
    static PTX: OnceLock<std::result::Result<String, String>> = OnceLock::new();
    let compiled = PTX.get_or_init(|| {
        let (major, minor) = device
            .cuda_stream()
            .context()
            .compute_capability()
            .map_err(|error| error.to_string())?;
        compile(&format!("compute_{major}{minor}"))
    });
    match compiled {
        Ok(ptx) => Ok(ptx),
        Err(message) => candle_core::bail!("NVRTC refused the kernels: {message}"),
    }
}

/// The kernels' PTX for an architecture.
fn compile(architecture: &str) -> std::result::Result<String, String> {
    let define = |name: &str, value: &str| format!("--define-macro={name}={value}");
    let options = CompileOptions {
        options: vec![
            format!("--gpu-architecture={architecture}"),
            "--std=c++17".to_owned(),
            // Facts that host and kernels share.
            define("THREADS", &THREADS.to_string()),
            define("NORM_GROUPS", &NORM_GROUPS.to_string()),
            define("NORM_EPSILON", &format!("{NORM_EPSILON:e}f")),
        ],
        ..CompileOptions::default()
    };
    compile_ptx_with_opts(SOURCE, options)
        .map(|ptx| ptx.to_src())
        .map_err(|error| format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NVRTC compiles without a GPU.
    #[test]
    fn every_kernel_is_there_for_every_number_type() {
        let ptx = compile("compute_80").unwrap();
        let has = |kernel: &str| ptx.contains(&format!(".entry {kernel}("));
        for kernel in [
            "add_bias",
            "add_chunks",
            "coefficients",
            "column_sums",
            "gather_pixels",
            "moments",
            "normalise",
            "normalise_gradient",
            "normalise_sums",
            "put_channels",
            "softmax",
            "softmax_gradient",
            "spread_pixels",
            "take_channels",
        ] {
            for dtype in ["float", "bf16", "f16"] {
                assert!(has(&format!("{kernel}_{dtype}")), "{kernel} of {dtype}");
            }
        }
        // Parameters are of the type of feature maps, or f32.
        for dtypes in ["float_float", "bf16_bf16", "f16_f16", "float_bf16", "float_f16"] {
            assert!(has(&format!("pack_{dtypes}")), "pack of {dtypes}");
            assert!(has(&format!("unpack_{dtypes}")), "unpack of {dtypes}");
        }
        for kernel in ["adamw_ema", "affine_gradient_f32", "normalise_fold_f32"] {
            assert!(has(kernel), "{kernel}");
        }
    }
}
