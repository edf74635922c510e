//! `cargo xtask screenshots`: the page as visitors see it.

use std::fs;

use anyhow::{Context, Result};

use crate::browser::Browser;
use crate::shell::{root, stage};
use crate::site::{self, Served};
use crate::{native, pkg};

#[derive(clap::Args)]
pub struct Options {
    /// Also refresh what the repository shows: docs/page.png, the picture in README.md, and the pictures of
    /// docs/screenshots.md.
    #[arg(long)]
    docs: bool,
}

pub fn take(options: &Options) -> Result<()> {
    let cli = native::build_cli()?;
    let browser = Browser::find(&cli)?;
    pkg::build(&pkg::Options { release: false })?;
    let folder = root().join("target/site-shipped");
    // Without real crops: what the repository shows is its own.
    site::build(&cli, None, &folder)?;
    let served = Served::start(&cli, &folder)?;
    let pictures = root().join("target/screenshots");
    fs::create_dir_all(&pictures).context("cannot make target/screenshots")?;
    stage("Taking pictures");
    browser.script(&served, "screenshots.mjs", "CELLFLUX_SCREENSHOTS", &pictures)?;
    if options.docs {
        let shown = root().join("docs/screenshots");
        fs::create_dir_all(&shown).context("cannot make docs/screenshots")?;
        for entry in fs::read_dir(&pictures).context("cannot list target/screenshots")? {
            let picture = entry.context("cannot list target/screenshots")?.path();
            if let (Some("webp"), Some(name)) = (
                picture.extension().and_then(|extension| extension.to_str()),
                picture.file_name(),
            ) {
                fs::copy(&picture, shown.join(name))
                    .with_context(|| format!("cannot copy {} to docs/screenshots", picture.display()))?;
            }
        }
        let picture = pictures.join("view-1280-light.png");
        fs::copy(&picture, root().join("docs/page.png"))
            .with_context(|| format!("cannot copy {} to docs/page.png", picture.display()))?;
    }
    Ok(())
}
