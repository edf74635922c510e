//! `cargo xtask bench pool`: what each of the page's workers takes of the memory, measured in Chromium.

use anyhow::Result;

use crate::browser::Browser;
use crate::shell::{root, stage};
use crate::site::{self, Served};
use crate::{native, pkg};

/// Visits a page of the shipped bundle with one worker, two and three.
pub fn bench() -> Result<()> {
    pkg::build(&pkg::Options { release: true })?;
    let cli = native::build_cli()?;
    let browser = Browser::find(&cli)?;
    let folder = root().join("target/site-of-a-bundle");
    let page = site::page_of(&root().join(site::DEMO_BUNDLE))?;
    site::build_from(&cli, &page, None, &folder)?;
    let served = Served::start(&cli, &folder)?;
    stage("The memory of each worker");
    browser.script(&served, "bench_pool.mjs", "CELLFLUX_SITE_FOLDER", &folder)
}
