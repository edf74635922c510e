//! `cargo xtask bench page`: what a visitor of the demo site downloads and waits for, measured in Chromium.

use anyhow::Result;

use crate::browser::Browser;
use crate::shell::{root, stage};
use crate::site::{self, Served};
use crate::{native, pkg};

/// Builds the demo site as it is published and visits it, on a throttled line and on a free one.
pub fn bench() -> Result<()> {
    pkg::build(&pkg::Options { release: true })?;
    let cli = native::build_cli()?;
    let browser = Browser::find(&cli)?;
    let folder = root().join("target/site-shipped");
    site::build(&cli, None, &folder)?;
    let served = Served::start(&cli, &folder)?;
    stage("Visiting the page");
    browser.script(&served, "bench_page.mjs", "CELLFLUX_SITE_FOLDER", &folder)?;
    Ok(())
}
