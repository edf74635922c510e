//! `cargo xtask test`: everything, in one command.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::browser::Browser;
use crate::shell::root;
use crate::site::{self, Served};
use crate::tally::Tally;
use crate::{debian, dist, fuzz, mpi, native, npm_package, pkg, readers, torch, torture, validators, wheel};

#[derive(clap::Args)]
pub struct Options {
    /// Leave out the end-to-end tests in Chromium.
    #[arg(long)]
    no_browser: bool,
    /// Also run what takes long and seldom breaks: every fault of the network in the browser, whole
    /// evaluations, readers of Parquet, OME-Zarr and WebDataset, the course in Firefox where there is one,
    /// the packages for npm and Jupyter, an archive of both commands, files of a real PyTorch, others'
    /// validators of archives and bundles, two processes under mpirun, torture, five minutes of fuzzing.
    #[arg(long)]
    extended: bool,
    /// Run only tests whose names contain this.
    filter: Option<String>,
}

/// Runs the tests; the last line is `N passed, M failed`.
pub fn test(options: &Options) -> ExitCode {
    let filter = options.filter.as_deref();
    let mut tally = Tally::default();
    if let Err(error) = vulkan() {
        eprintln!("{error:#}; tests that need an adapter say what happens without one");
    }
    // First, since native tests build sites with it; the browser's tests also report why it cannot be built.
    if !options.no_browser
        && let Err(error) = pkg::build(&pkg::Options { release: false })
    {
        eprintln!("{error:#}");
    }
    tally
        .add(native::test(filter).unwrap_or_else(|error| Tally::not_run(format!("native tests: {error:#}"))));
    if !options.no_browser {
        tally.add(
            browser(filter, options.extended)
                .unwrap_or_else(|error| Tally::not_run(format!("browser tests: {error:#}"))),
        );
    }
    if options.extended {
        tally.add(
            native::long_evaluations()
                .unwrap_or_else(|error| Tally::not_run(format!("whole evaluations: {error:#}"))),
        );
        tally.add(readers::test().unwrap_or_else(|error| Tally::not_run(format!("readers: {error:#}"))));
        tally.add(mpi::test().unwrap_or_else(|error| Tally::not_run(format!("mpirun: {error:#}"))));
        if !options.no_browser {
            tally.add(libraries().unwrap_or_else(|error| Tally::not_run(format!("libraries: {error:#}"))));
        }
        tally.add(match dist::dist(&dist::Options::in_target()) {
            Ok(()) => Tally::one_passed(),
            Err(error) => Tally::not_run(format!("the archive: {error:#}")),
        });
        tally.add(pytorch().unwrap_or_else(|error| Tally::not_run(format!("PyTorch's files: {error:#}"))));
        tally.add(
            validators().unwrap_or_else(|error| Tally::not_run(format!("others' validators: {error:#}"))),
        );
        for (part, done) in [
            (
                "torture",
                torture::torture(&torture::Options { rounds: 20, seed: 1 }),
            ),
            ("fuzzing", fuzz::fuzz(&fuzz::Options::minutes(5.0))),
        ] {
            tally.add(match done {
                Ok(()) => Tally::one_passed(),
                Err(error) => Tally::not_run(format!("{part}: {error:#}")),
            });
        }
    }
    println!();
    for trouble in tally.troubles() {
        println!("{trouble}");
    }
    println!("{tally}");
    if tally.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The tests that read what a real PyTorch writes.
fn pytorch() -> Result<Tally> {
    let python = torch::python()?;
    native::counted_tests("torch", &[("CELLFLUX_PYTHON", python.as_os_str())])
}

/// The package of npm in projects of others, and the Python package in JupyterLab.
fn libraries() -> Result<Tally> {
    let browser = Browser::find(&native::build_cli()?)?;
    let mut tally = npm_package::test(&browser)?;
    tally.add(wheel::test(&browser).unwrap_or_else(|error| Tally::not_run(format!("JupyterLab: {error:#}"))));
    Ok(tally)
}

/// The tests that ask others' validators.
fn validators() -> Result<Tally> {
    let python = validators::python()?;
    native::counted_tests("validator", &[("CELLFLUX_VALIDATORS", python.as_os_str())])
}

fn browser(filter: Option<&str>, extended: bool) -> Result<Tally> {
    let cli = native::build_cli()?;
    pkg::build(&pkg::Options { release: false })?;
    let crops = site::shared_crops();
    let (tested, demo) = (root().join("target/site"), root().join("target/site-demo"));
    site::build_tested(&cli, crops.as_deref(), &tested).context("the tests' site cannot be built")?;
    site::build(&cli, crops.as_deref(), &demo).context("the demo site cannot be built")?;
    let (served, demo) = (Served::start(&cli, &tested)?, Served::start(&cli, &demo)?);
    let browser = Browser::find(&cli)?.extended(extended).with_demo(&demo);
    let mut tally = browser.test(&served, filter)?;
    if extended {
        tally.add(
            browser
                .course_in_firefox(&served, filter)
                .unwrap_or_else(|error| Tally::not_run(format!("the course in Firefox: {error:#}"))),
        );
    }
    Ok(tally)
}

/// The software Vulkan driver that the GPU engine's native tests run on where there is no GPU.
fn vulkan() -> Result<()> {
    let manifests = [
        "/usr/share/vulkan/icd.d",
        "/etc/vulkan/icd.d",
        "/usr/local/share/vulkan/icd.d",
    ];
    let has_driver =
        |folder: &str| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if !cfg!(target_os = "linux") || manifests.iter().any(|folder| has_driver(folder)) {
        return Ok(());
    }
    debian::install(
        &["mesa-vulkan-drivers"],
        "the GPU engine's native tests need a Vulkan driver: install one, for example Mesa's lavapipe \
        (mesa-vulkan-drivers)",
    )
}
