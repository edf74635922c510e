//! `cargo xtask bench lab`: how fast the lab's network learns, natively on one thread and in Chromium, and what
//! a visitor of a lab waits for.

use anyhow::Result;

use crate::browser::Browser;
use crate::shell::{cargo, root, run, stage};
use crate::site::{self, Served};
use crate::{native, pkg};

/// Learns natively, then visits a page with a lab.
pub fn bench() -> Result<()> {
    stage("The lab's default network natively, on one thread");
    run(cargo("bench")
        .args(["--package", "cellflux-tests", "--bench", "lab"])
        .env("RAYON_NUM_THREADS", "1"))?;
    pkg::build(&pkg::Options { release: true })?;
    let cli = native::build_cli()?;
    let browser = Browser::find(&cli)?;
    let folder = root().join("target/site-of-a-bundle");
    let page = site::page_of(&root().join(site::DEMO_BUNDLE))?;
    site::build_from(&cli, &page, None, &folder)?;
    let served = Served::start(&cli, &folder)?;
    stage("A page with a lab");
    browser.script(&served, "bench_lab.mjs", "CELLFLUX_SITE_FOLDER", &folder)
}
