//! The engines in browsers against onnxruntime-web, and the page on a machine without a GPU.

use anyhow::Result;

use crate::browser::Browser;
use crate::npm;
use crate::shell::{root, stage};
use crate::site::{self, Served};
use crate::{native, pkg};

/// Measures in every browser that is here; `arguments` go to tests/browser-bench/unet.mjs.
pub fn measure(release: bool, arguments: &[String]) -> Result<()> {
    let cli = native::build_cli()?;
    let browser = Browser::find(&cli)?;
    npm::packages(&root().join("tests/browser-bench"), "the bench in browsers")?;
    pkg::build(&pkg::Options { release })?;
    let folder = root().join("target/site");
    site::build_tested(&cli, None, &folder)?;
    let served = Served::start(&cli, &folder)?;
    stage("Guided evaluations in browsers, ours and onnxruntime-web's in turn");
    browser.bench(&served, "unet.mjs", arguments)?;
    stage("The page on a machine without a GPU");
    browser.bench(&served, "page.mjs", &[])
}
