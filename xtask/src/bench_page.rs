//! `cargo xtask bench page`: what a visitor of the demo site downloads and waits for, measured in Chromium.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::browser::Browser;
use crate::shell::{root, run, scratch, stage};
use crate::site::{self, Served};
use crate::{native, pkg};

/// Builds the demo site as it is published and visits it, on a throttled line and on a free one.
pub fn bench() -> Result<()> {
    pkg::build(&pkg::Options { release: true })?;
    let cli = native::build_cli()?;
    let browser = Browser::find(&cli)?;
    let folder = root().join("target/site-shipped");
    site::build(&cli, None, &folder)?;
    visit(&browser, &cli, &folder, "the demo site")?;

    // What quick weights change: the same page of one explorer, without them and with them.
    let quick = scratch().join("quick-bundle");
    let mut add = Command::new(&cli);
    add.current_dir(root())
        .args([
            "bundle",
            "reshard",
            site::DEMO_BUNDLE,
            "--quick",
            "--replace",
            "--out",
        ])
        .arg(&quick);
    run(&mut add)?;
    let folder = root().join("target/site-of-a-bundle");
    for (bundle, what) in [
        (root().join(site::DEMO_BUNDLE), "a page without quick weights"),
        (quick, "the same page with quick weights"),
    ] {
        site::build_from(&cli, &site::page_of(&bundle)?, None, &folder)?;
        visit(&browser, &cli, &folder, what)?;
    }
    Ok(())
}

fn visit(browser: &Browser, cli: &Path, folder: &Path, what: &str) -> Result<()> {
    let served = Served::start(cli, folder)?;
    stage(&format!("Visiting {what}"));
    browser.script(&served, "bench_page.mjs", "CELLFLUX_SITE_FOLDER", folder)
}
