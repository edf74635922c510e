//! The page's end-to-end tests in a headless Chromium, driven by playwright-core under Node's test runner.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::debian;
use crate::npm;
use crate::shell::{root, run, scratch, stage};
use crate::site::{self, Served};
use crate::tally::Tally;

/// Names of Chromium's program, Debian's first.
const CHROMIUM: [&str; 5] = [
    "chromium",
    "chromium-headless-shell",
    "chromium-browser",
    "google-chrome",
    "chrome",
];
/// Where macOS keeps it.
const CHROME_ON_MACOS: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// What the browser tests need beyond the site.
#[derive(Debug)]
pub struct Browser {
    chromium: PathBuf,
    cli: PathBuf,
    /// Whether tests also run their long tables.
    extended: bool,
    /// The demo site's address, where it is served beside the tests' own.
    demo: Option<String>,
}

impl Browser {
    /// Finds Chromium, Node and playwright-core, installing what can be installed.
    pub fn find(cli: &Path) -> Result<Self> {
        let chromium = chromium()?;
        let what = "every browser test (`--no-browser` leaves them out)";
        npm::node(what)?;
        npm::packages(&folder(), what)?;
        Ok(Self {
            chromium,
            cli: cli.to_owned(),
            extended: false,
            demo: None,
        })
    }

    /// The same with the tests' long tables (`CELLFLUX_EXTENDED=1`), or without.
    pub fn extended(self, extended: bool) -> Self {
        Self { extended, ..self }
    }

    /// The same with the demo site served, which some tests visit (`CELLFLUX_DEMO_URL`).
    pub fn with_demo(self, demo: &Served) -> Self {
        let demo = Some(demo.url.clone());
        Self { demo, ..self }
    }

    /// Node in tests/browser, with variables that say where everything is.
    fn node(&self, served: &Served) -> Command {
        let mut command = Command::new("node");
        command
            .current_dir(folder())
            .env("CELLFLUX_URL", &served.url)
            .env("CELLFLUX_CHROMIUM", &self.chromium)
            .env("CELLFLUX_CLI", &self.cli);
        if self.extended {
            command.env("CELLFLUX_EXTENDED", "1");
        }
        if let Some(demo) = &self.demo {
            command.env("CELLFLUX_DEMO_URL", demo);
        }
        if let Some(shared) = site::shared() {
            command.env("CELLFLUX_SHARED", shared);
        }
        command
    }

    /// Runs the end-to-end tests whose names contain `filter` against the served site.
    pub fn test(&self, served: &Served, filter: Option<&str>) -> Result<Tally> {
        stage("The page in headless Chromium");
        counted(&mut self.node(served), &test_files()?, filter, "browser")
    }

    /// Takes the demo site's course in Firefox, where there is one.
    pub fn course_in_firefox(&self, served: &Served, filter: Option<&str>) -> Result<Tally> {
        stage("The course in Firefox");
        let bench = root().join("tests/browser-bench");
        npm::packages(&bench, "the course in Firefox")?;
        let files = [bench.join("course.test.mjs")];
        counted(&mut self.node(served), &files, filter, "firefox")
    }

    /// Node in a folder of tests that need no site of this repository.
    pub fn node_in(&self, folder: &Path) -> Command {
        let mut command = Command::new("node");
        command
            .current_dir(folder)
            .env("CELLFLUX_CHROMIUM", &self.chromium)
            .env("CELLFLUX_CLI", &self.cli);
        command
    }

    /// Runs a script of tests/browser against the served site, with one more variable.
    pub fn script(&self, served: &Served, script: &str, variable: &str, value: &Path) -> Result<()> {
        run(self.node(served).env(variable, value).arg(script))
    }

    /// Runs a script of tests/browser-bench against the served site.
    pub fn bench(&self, served: &Served, script: &str, arguments: &[String]) -> Result<()> {
        run(self
            .node(served)
            .arg(Path::new("../browser-bench").join(script))
            .args(arguments))
    }
}

/// Runs files of tests under Node's test runner and counts them; `name` is the report's.
pub fn counted(command: &mut Command, files: &[PathBuf], filter: Option<&str>, name: &str) -> Result<Tally> {
    let report = scratch().join(format!("{name}.tap"));
    // One file at a time: they share two cores and a software GPU.
    command.args(["--test", "--test-concurrency=1"]);
    command.args(["--test-reporter=spec", "--test-reporter-destination=stdout"]);
    command
        .arg("--test-reporter=tap")
        .arg(format!("--test-reporter-destination={}", report.display()));
    if let Some(filter) = filter {
        command.arg(format!("--test-name-pattern={}", escaped(filter)));
    }
    command.args(files);
    fs::create_dir_all(scratch()).context("cannot make target/xtask")?;
    let _ = fs::remove_file(&report);
    let status = command.status().context("cannot start node")?;
    let mut tally = Tally::default();
    let text = fs::read_to_string(&report).with_context(|| format!("cannot read {}", report.display()))?;
    tally.add_tap_report(&text);
    tally.settle(&format!("tests in Node ({name})"), status.success());
    Ok(tally)
}

/// The tests' folder, with the packages of npm that they and the page's lint use.
pub fn folder() -> PathBuf {
    root().join("tests/browser")
}

fn test_files() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder()).context("cannot list tests/browser")? {
        let path = entry.context("cannot list tests/browser")?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("tests/browser holds no *.test.mjs");
    }
    files.sort();
    Ok(files)
}

fn chromium() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CELLFLUX_CHROMIUM") {
        return Ok(path.into());
    }
    if let Some(path) = installed_chromium() {
        return Ok(path);
    }
    debian::install(
        &["chromium"],
        "the browser tests need Chromium: install it, or name it in CELLFLUX_CHROMIUM, or leave them out \
        with --no-browser",
    )?;
    installed_chromium().context("Debian's chromium did not install a chromium")
}

fn installed_chromium() -> Option<PathBuf> {
    let macos = Path::new(CHROME_ON_MACOS);
    let found = CHROMIUM.iter().find_map(|name| which::which(name).ok());
    found.or_else(|| macos.exists().then(|| macos.to_owned()))
}

/// A name as a regular expression that matches it as it is.
fn escaped(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, c| {
        if !c.is_alphanumeric() && !matches!(c, ' ' | '_') {
            text.push('\\');
        }
        text.push(c);
        text
    })
}
