//! The engines in browsers against onnxruntime-web and tfjs, and the page on a machine without a GPU.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::browser::Browser;
use crate::npm;
use crate::shell::{root, run, stage};
use crate::site::{self, Served};
use crate::{native, pkg};

/// Measures in every browser that is here; `arguments` go to tests/browser-bench/unet.mjs.
pub fn measure(release: bool, arguments: &[String]) -> Result<()> {
    let cli = native::build_cli()?;
    let browser = Browser::find(&cli)?;
    let bench = root().join("tests/browser-bench");
    npm::packages(&bench, "the bench in browsers")?;
    peer_is_the_network(&bench)?;
    pkg::build(&pkg::Options { release })?;
    let folder = root().join("target/site");
    site::build_tested(&cli, None, &folder)?;
    let served = Served::start(&cli, &folder)?;
    stage("Guided evaluations in browsers, ours, onnxruntime-web's and tfjs's in turn");
    browser.bench(&served, "unet.mjs", arguments)?;
    stage("The page on a machine without a GPU");
    browser.bench(&served, "page.mjs", &[])
}

/// Compares the network that is built of tfjs's operations with the goldens, before anything is timed.
fn peer_is_the_network(bench: &Path) -> Result<()> {
    stage("The network of tfjs against the goldens");
    run(Command::new("node")
        .current_dir(bench)
        .args(["--test", "tfjs_unet.test.mjs"]))
}
