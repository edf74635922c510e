//! Every chore of this repository: `cargo xtask demo`, `cargo xtask test`, `cargo xtask --help`.

mod ablation;
mod bench;
mod bench_browsers;
mod bench_cpu;
mod bench_lab;
mod bench_page;
mod bench_pool;
mod bench_train;
mod binstall;
mod browser;
mod check_cuda;
mod container;
mod crates;
mod debian;
mod demo;
mod demo_bundle;
mod deny;
mod dist;
mod fuzz;
mod install;
mod line_length;
mod lint;
mod miri;
mod mpi;
mod native;
mod npm;
mod npm_package;
mod package;
mod page_weight;
mod peers;
mod pkg;
mod python;
mod readers;
mod sbom;
mod screenshots;
mod shell;
mod site;
mod tally;
mod test;
mod third_party;
mod toolchain;
mod torch;
mod torture;
mod validators;
mod wasm_opt;
mod wheel;
mod workflows;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Every chore of this repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Build the page with the demo bundle, serve it on 127.0.0.1 and open a browser.
    Demo(demo::Options),
    /// Run every test: native, then the page in headless Chromium. Last line: `N passed, M failed`.
    Test(test::Options),
    /// Build the npm-shaped package pkg/: WebAssembly, JavaScript glue, types.
    Pkg(pkg::Options),
    /// Formatting, clippy and rustdoc with warnings denied, for this machine and for the browser, the crates'
    /// packages, third-party notices, workflows, containers' files, cargo-deny where it is installed.
    Lint,
    /// Build pkg/ and install the `cellflux` command, which embeds it and the page.
    Install(install::Options),
    /// Pack both commands, the page inside, as an archive for this machine; with checksum, licences, bill of
    /// materials. It is tried in a temporary folder.
    Dist(dist::Options),
    /// Build both commands, or with `--cuda` the trainer for GPUs, as a container's image where podman or
    /// docker is at hand; its files are checked in any case.
    Container(container::Options),
    /// Pack web/ and pkg/ as the package `cellflux` of npm.
    NpmPackage(npm_package::Options),
    /// Build the explorer as a Python package for Jupyter.
    Wheel(wheel::Options),
    /// Measure: `bench unet` prints milliseconds per evaluation and GFLOP/s of both engines, on the CPU also
    /// of onnxruntime and PyTorch where a Python has them, in browsers of onnxruntime-web and tfjs; `bench
    /// page` prints what a visitor downloads and waits for, `bench lab` how fast a lab learns, `bench pool`
    /// the memory of each of the page's workers; `bench train --beside-pytorch` lets training steps on the
    /// CPU take turns with PyTorch's.
    Bench(bench::Options),
    /// Train networks with one part of the method taken away, on synthetic cells or on real crops, and
    /// compare their evaluations with the whole method's.
    Ablation(ablation::Options),
    /// Compile the trainer with its CUDA features; no GPU is needed, nvcc and the libraries are.
    CheckCuda(check_cuda::Options),
    /// Make the demo bundle, web/bundles/bbbc021-tiny, again from the checkpoint.
    DemoBundle(demo_bundle::Options),
    /// Take pictures of the page at 390, 1280 and 1920 px, light and dark, into target/screenshots; `--docs`
    /// also refreshes those of the repository.
    Screenshots(screenshots::Options),
    /// Write `THIRD_PARTY.md` from the lock file; `--check` only compares.
    ThirdParty(third_party::Options),
    /// Write what each published program is made of as `CycloneDX` JSON into target/sbom.
    Sbom,
    /// Hand hostile inputs to every reader and print how many; findings go into target/xtask/fuzz.
    Fuzz(fuzz::Options),
    /// Look for undefined behaviour in the readers with Miri, and in mapped files with `AddressSanitizer`;
    /// needs nightly.
    Miri(miri::Options),
    /// Kill the commands that write, let their disk run full, deny them their folder, and check that the
    /// output is whole.
    Torture(torture::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().chore {
        Chore::Demo(options) => demo::demo(&options),
        // The last line of a test run is its counts, whatever happened.
        Chore::Test(options) => return test::test(&options),
        Chore::Pkg(options) => pkg::build(&options),
        Chore::Lint => lint::lint(),
        Chore::Install(options) => install::install(&options),
        Chore::Dist(options) => dist::dist(&options),
        Chore::Container(options) => container::container(&options),
        Chore::NpmPackage(options) => npm_package::write(&options),
        Chore::Wheel(options) => wheel::write(&options),
        Chore::Bench(options) => bench::bench(&options),
        Chore::Ablation(options) => ablation::ablation(&options),
        Chore::CheckCuda(options) => check_cuda::check(&options),
        Chore::DemoBundle(options) => demo_bundle::make(&options),
        Chore::Screenshots(options) => screenshots::take(&options),
        Chore::ThirdParty(options) => third_party::write(&options),
        Chore::Sbom => sbom::write(),
        Chore::Fuzz(options) => fuzz::fuzz(&options),
        Chore::Miri(options) => miri::miri(&options),
        Chore::Torture(options) => torture::torture(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
