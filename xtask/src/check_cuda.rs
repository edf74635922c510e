//! `cargo xtask check-cuda`: the CUDA code of the trainer's operations compiles. No GPU is needed, but the toolkit is.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, root, run, stage};

#[derive(clap::Args)]
pub struct Options {
    /// Compute capability to compile candle's kernels for, without the dot, where no GPU says its own.
    #[arg(long, default_value = "90")]
    compute_capability: String,
}

/// What a machine without the toolkit needs, with a way that leaves the rest of the machine alone.
const MISSING: &str = "no CUDA compiler (nvcc) found in $CUDA_HOME/bin or on the PATH. Needed are nvcc, the headers, \
cuBLAS, cuRAND, NVRTC and cuDNN 9, of CUDA 12 or 13: NVIDIA's installer or your distribution's packages have them, \
and so have Python packages:\n  \
python3 -m venv cuda && cuda/bin/pip install nvidia-cuda-nvcc nvidia-nvvm nvidia-cuda-crt nvidia-cuda-cccl \
nvidia-cuda-runtime nvidia-cublas nvidia-curand nvidia-cuda-nvrtc nvidia-cudnn-cu13\nthen set CUDA_HOME to the folder \
nvidia/cu13 in that environment's site-packages, copy nvidia/cudnn/include into its include folder, and try again";

pub fn check(options: &Options) -> Result<()> {
    let nvcc = compiler()?;
    stage(&format!("Checking the trainer with {}", nvcc.display()));
    let bin = nvcc.parent().context("nvcc lies in no folder")?;
    let home = bin.parent().context("nvcc's folder lies in no other")?;
    let mut path = vec![bin.to_path_buf()];
    path.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    run(cargo("check")
        .args([
            "--package",
            "cellflux-fused",
            "--package",
            "cellflux-train",
            "--features",
            "cudnn",
            "--all-targets",
        ])
        .env("CUDA_HOME", home)
        .env("CUDA_PATH", home)
        .env("CUDA_ROOT", home)
        .env("CUDA_COMPUTE_CAP", &options.compute_capability)
        .env("PATH", std::env::join_paths(path)?)
        // Apart from other builds, which have other features.
        .env("CARGO_TARGET_DIR", root().join("target/cuda")))
}

/// The CUDA compiler, in `$CUDA_HOME` or on the PATH.
fn compiler() -> Result<PathBuf> {
    let name = format!("nvcc{}", std::env::consts::EXE_SUFFIX);
    let home = std::env::var_os("CUDA_HOME").map(|home| PathBuf::from(home).join("bin").join(&name));
    if let Some(nvcc) = home.filter(|nvcc| nvcc.is_file()) {
        return Ok(nvcc);
    }
    match which::which(&name) {
        Ok(nvcc) => Ok(nvcc),
        Err(_) => bail!(MISSING),
    }
}
