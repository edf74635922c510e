//! `cargo xtask check-cuda`: the CUDA code of the trainer's operations, and that of several GPUs with NCCL,
//! compiles. The CUDA toolkit is needed, a GPU and NCCL are not.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, root, run, stage};

#[derive(clap::Args)]
pub struct Options {
    /// Compute capability to compile candle's kernels for, without the dot, where no GPU is there to name its
    /// own.
    #[arg(long, default_value = "90")]
    compute_capability: String,
}

/// What a machine without the toolkit needs, and how to install it without changing the rest of the machine.
const MISSING: &str = "no CUDA compiler (nvcc) found in $CUDA_HOME/bin or on the PATH. Needed are nvcc, the \
    headers, cuBLAS, cuRAND, NVRTC and cuDNN 9, of CUDA 12 or 13: NVIDIA's installer or your distribution's \
    packages have them, and so have Python packages:\n  python3 -m venv cuda && cuda/bin/pip install \
    nvidia-cuda-nvcc nvidia-nvvm nvidia-cuda-crt nvidia-cuda-cccl nvidia-cuda-runtime nvidia-cublas \
    nvidia-curand nvidia-cuda-nvrtc nvidia-cudnn-cu13\n\
then set CUDA_HOME to the folder nvidia/cu13 in that environment's site-packages, copy nvidia/cudnn/include \
into its include folder, and try again";

pub fn check(options: &Options) -> Result<()> {
    let nvcc = compiler()?;
    stage(&format!("Checking the trainer with {}", nvcc.display()));
    let bin = nvcc.parent().context("nvcc has no parent folder")?;
    let home = bin.parent().context("nvcc's folder has no parent folder")?;
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
            "cudnn,cellflux-train/nccl",
            "--all-targets",
        ])
        .env("CUDA_HOME", home)
        .env("CUDA_PATH", home)
        .env("CUDA_ROOT", home)
        .env("CUDA_COMPUTE_CAP", &options.compute_capability)
        .env("PATH", std::env::join_paths(path)?)
        // In a target folder of its own, since other builds have other features.
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
