//! `cargo xtask wheel`: the explorer as a Python package for Jupyter, and its test in a headless JupyterLab.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::browser::{self, Browser};
use crate::shell::{root, run, scratch, stage};
use crate::tally::Tally;
use crate::{npm, npm_package, pkg};

/// What the package's test runs in.
const JUPYTER: [&str; 3] = ["jupyterlab==4.6.6", "ipykernel==7.4.0", "anywidget==0.11.0"];
/// The project's files that go into the wheel as they are.
const PROJECT: [&str; 4] = [
    "pyproject.toml",
    "README.md",
    "src/cellflux_explorer/__init__.py",
    "src/cellflux_explorer/widget.js",
];
const NEEDED: &str = "the Python package needs python3 with venv, and PyPI: install python3-venv";

#[derive(clap::Args)]
pub struct Options {
    /// Take pkg/ as it lies there: `cargo xtask pkg --release` made it, maybe on another machine.
    #[arg(long)]
    pub built_page: bool,
}

/// Writes the wheel into target/dist.
pub fn write(options: &Options) -> Result<()> {
    pkg::published(options.built_page)?;
    println!("{}", build()?.display());
    Ok(())
}

/// Builds the wheel of what lies in web/ and pkg/, and returns its path.
fn build() -> Result<PathBuf> {
    stage("Building the Python wheel");
    let folder = scratch().join("wheel");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    npm_package::assemble(&folder.join("page"))?;
    for name in PROJECT {
        npm_package::copy(&root().join("python").join(name), &folder.join(name))?;
    }
    for name in ["LICENSE-MIT", "LICENSE-APACHE", "THIRD_PARTY.txt"] {
        npm_package::copy(&folder.join("page").join(name), &folder.join(name))?;
    }
    let python = environment("wheel-python")?;
    let out = root().join("target/dist");
    run(Command::new(python)
        .args(["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"])
        .arg(&out)
        .arg(&folder)
        // The same files give the same bytes.
        .env("SOURCE_DATE_EPOCH", "315532800"))
    .context(NEEDED)?;
    let wheel = out.join(format!(
        "cellflux_explorer-{}-py3-none-any.whl",
        env!("CARGO_PKG_VERSION")
    ));
    if !wheel.is_file() {
        bail!("pip wrote no {}", wheel.display());
    }
    Ok(wheel)
}

/// The Python of a virtual environment below `target/`, made at the first call.
fn environment(name: &str) -> Result<PathBuf> {
    let home = scratch().join(name);
    let python = home.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    if !python.is_file() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home)).context(NEEDED)?;
    }
    Ok(python)
}

/// Shows the explorer of the wheel in a headless JupyterLab.
pub fn test(browser: &Browser) -> Result<Tally> {
    let wheel = build()?;
    let python = environment("jupyter")?;
    stage("Installing JupyterLab and the wheel");
    let pip = |arguments: &[&str], packages: &[&str]| {
        let mut command = Command::new(&python);
        command
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(arguments)
            .args(packages);
        run(&mut command).context(NEEDED)
    };
    pip(&[], &JUPYTER)?;
    // Built anew each time under one version.
    pip(&["--no-deps", "--force-reinstall"], &[&wheel.to_string_lossy()])?;
    let folder = root().join("tests/library");
    npm::packages(&folder, "the test in JupyterLab")?;
    stage("The explorer in JupyterLab");
    let mut command = browser.node_in(&folder);
    command.env("CELLFLUX_JUPYTER_PYTHON", python);
    browser::counted(&mut command, &[folder.join("jupyter.test.mjs")], None, "jupyter")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wheel_has_the_workspace_s_version_and_every_file_of_the_package() {
        let project = root().join("python");
        let text = fs::read_to_string(project.join("pyproject.toml")).unwrap();
        let whole: toml::Table = text.parse().unwrap();
        let version = whole.get("project").and_then(|about| about.get("version"));
        assert_eq!(
            version.and_then(toml::Value::as_str),
            Some(env!("CARGO_PKG_VERSION"))
        );
        let module = fs::read_to_string(project.join("src/cellflux_explorer/__init__.py")).unwrap();
        assert!(module.contains(&format!("__version__ = \"{}\"", env!("CARGO_PKG_VERSION"))));
        for entry in fs::read_dir(project.join("src/cellflux_explorer")).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_file() {
                let path = format!("src/cellflux_explorer/{}", entry.file_name().to_string_lossy());
                assert!(PROJECT.contains(&path.as_str()), "{path}");
            }
        }
    }
}
