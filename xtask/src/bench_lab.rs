//! `cargo xtask bench lab`: how fast the lab's network learns, natively on one thread and in browsers, and
//! what a visitor of a lab waits for.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::browser::Browser;
use crate::shell::{cargo, root, run, scratch, stage};
use crate::site::{self, Served};
use crate::{native, npm, pkg};

/// Learns natively, then visits a page with a lab in every browser that is here.
pub fn bench() -> Result<()> {
    stage("The lab's default network natively, on one thread");
    run(cargo("bench")
        .args(["--package", "cellflux-tests", "--bench", "lab"])
        .env("RAYON_NUM_THREADS", "1"))?;
    pkg::build(&pkg::Options { release: true })?;
    let cli = native::build_cli()?;
    let browser = Browser::find(&cli)?;
    npm::packages(&root().join("tests/browser-bench"), "the bench in browsers")?;
    let folder = root().join("target/site-of-a-lab");
    site::build_from(&cli, &page_of_a_lab()?, None, &folder)?;
    let served = Served::start(&cli, &folder)?;
    stage("A page with a lab");
    browser.bench(&served, "lab.mjs", &[])
}

/// A page with only a lab that has its defaults: the folder of its `site.toml`.
fn page_of_a_lab() -> Result<PathBuf> {
    let folder = scratch().join("page-of-a-lab");
    fs::create_dir_all(&folder).context("cannot make a folder in target/xtask")?;
    let text = format!(
        "title = \"A lab\"\n[[bundle]]\npath = {:?}\n\
         [[section]]\nid = \"lab\"\nwide = true\ntext = \"\"\"\n```{{lab}}\n```\n\"\"\"\n",
        root().join(site::DEMO_BUNDLE).display().to_string()
    );
    fs::write(folder.join("site.toml"), text).context("cannot write a site.toml in target/xtask")?;
    Ok(folder)
}
