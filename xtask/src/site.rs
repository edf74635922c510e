//! The demo site: built by the `cellflux` command, and served until it is stopped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell::{root, run, scratch, stage};

/// The bundle that the repository ships.
pub const DEMO_BUNDLE: &str = "web/bundles/bbbc021-tiny";

/// The demo site's own text; the toolkit does the rest.
const DEMO_SITE: &str = "site";

/// The text of the site that browser tests visit.
const TESTED_SITE: &str = "tests/browser/site";

/// Builds the demo site into `out` with the command at `cli`, with real crops from `data` where given.
pub fn build(cli: &Path, data: Option<&Path>, out: &Path) -> Result<()> {
    build_from(cli, Path::new(DEMO_SITE), data, out)
}

/// Builds the site that browser tests visit into `out`, with real crops from `data` where given.
pub fn build_tested(cli: &Path, data: Option<&Path>, out: &Path) -> Result<()> {
    build_from(cli, Path::new(TESTED_SITE), data, out)
}

/// A page with only an explorer of the given bundle: the folder of its `site.toml`.
pub fn page_of(bundle: &Path) -> Result<PathBuf> {
    let folder = scratch().join("page-of-a-bundle");
    fs::create_dir_all(&folder).context("cannot make a folder in target/xtask")?;
    let text = format!(
        "title = \"Walk a cell from control to treated\"\n[[bundle]]\npath = {:?}\n\
         [[section]]\nid = \"explore\"\nwide = true\ntext = \"\"\"\n```{{explorer}}\n```\n\"\"\"\n",
        bundle.display().to_string()
    );
    fs::write(folder.join("site.toml"), text).context("cannot write a site.toml in target/xtask")?;
    Ok(folder)
}

/// Builds a site from the folder of a `site.toml`.
pub fn build_from(cli: &Path, source: &Path, data: Option<&Path>, out: &Path) -> Result<()> {
    stage("Building the site");
    let mut command = Command::new(cli);
    command
        .current_dir(root())
        .args(["site", "build"])
        .arg(source)
        .arg("--out")
        .arg(out);
    if let Some(data) = data {
        // The chore's own working folder may differ from the root, where the command runs.
        let data = std::path::absolute(data).context("cannot resolve --data")?;
        command.arg("--data").arg(data);
    }
    run(&mut command)
}

/// The folder of reference material beside the repository, where there is one.
pub fn shared() -> Option<PathBuf> {
    let folder = root().parent()?.join("shared");
    folder.is_dir().then_some(folder)
}

/// Real crops in the folder of reference material.
pub fn shared_crops() -> Option<PathBuf> {
    let folder = shared()?.join("data/bbbc021-cells");
    folder.join("metadata.csv").is_file().then_some(folder)
}

/// A server in the background; it ends when this value is dropped.
#[derive(Debug)]
pub struct Served {
    child: Child,
    /// The site's address, ending in `/`.
    pub url: String,
}

impl Served {
    /// Serves `folder` on any free port.
    pub fn start(cli: &Path, folder: &Path) -> Result<Self> {
        let mut child = Command::new(cli)
            .current_dir(root())
            .args(["site", "serve", "--port", "0"])
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", cli.display()))?;
        let mut first = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut first)
                .context("cannot read the server's address")?;
        }
        let Some(url) = first.split(' ').find(|word| word.starts_with("http://")) else {
            let _ = child.kill();
            bail!("the server did not start");
        };
        Ok(Self {
            url: url.trim_end().to_owned(),
            child,
        })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // A server that has already ended need not be stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
