//! `cargo xtask npm-package`: web/ and pkg/ as one package of npm, and its tests in projects of others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::browser::{self, Browser};
use crate::shell::{capture, root, scratch, stage};
use crate::tally::Tally;
use crate::{npm, pkg};

#[derive(clap::Args)]
pub struct Options {
    /// Take pkg/ as it lies there: `cargo xtask pkg --release` made it, maybe on another machine.
    #[arg(long)]
    pub built_page: bool,
}

/// Writes the package's file into target/dist.
pub fn write(options: &Options) -> Result<()> {
    pkg::published(options.built_page)?;
    println!("{}", pack()?.display());
    Ok(())
}

/// Packs what lies in web/ and pkg/, and returns the package's file.
pub fn pack() -> Result<PathBuf> {
    npm::node("the package of npm")?;
    stage("Packing the package of npm");
    let folder = scratch().join("npm-package");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    assemble(&folder)?;
    let out = root().join("target/dist");
    fs::create_dir_all(&out).context("cannot make target/dist")?;
    let npm = which::which("npm").context("npm is not on the path")?;
    let said = capture(
        Command::new(npm)
            .current_dir(&folder)
            .args(["pack", "--silent", "--pack-destination"])
            .arg(&out),
    )?;
    // The last line is the file's name.
    let name = said.lines().last().unwrap_or_default().trim().to_owned();
    Ok(out.join(name))
}

/// The package as a folder: what explains it at its top, the page's modules and styles, the WebAssembly.
pub fn assemble(folder: &Path) -> Result<()> {
    let repository = root();
    copy_below(&repository.join("web"), &folder.join("web"), &|inside| {
        inside != Path::new("bundles") && inside != Path::new("tsconfig.json")
    })?;
    write_words(&repository.join("web"), &folder.join("web"))?;
    let at_the_top = ["package.json", "README.md", "THIRD_PARTY.txt"];
    copy_below(&repository.join("pkg"), &folder.join("pkg"), &|inside| {
        let name = inside.to_string_lossy();
        !name.starts_with('.') && !at_the_top.iter().any(|kept| *kept == name)
    })?;
    for name in at_the_top {
        copy(&repository.join("pkg").join(name), &folder.join(name))?;
    }
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&repository.join(name), &folder.join(name))?;
    }
    Ok(())
}

/// Writes the English words into the module that all others read, as a site's build writes those of its
/// language: browsers and bundlers that are some years old do not import JSON.
fn write_words(from: &Path, to: &Path) -> Result<()> {
    let english = from.join("words/en.json");
    let words = fs::read_to_string(&english).with_context(|| format!("cannot read {}", english.display()))?;
    let module = to.join("words/chosen.js");
    fs::write(&module, format!("export default {};\n", words.trim_end()))
        .with_context(|| format!("cannot write {}", module.display()))
}

/// Copies the files of a folder whose paths, or the folders above them, are wanted.
fn copy_below(from: &Path, to: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<()> {
    let mut open = vec![PathBuf::new()];
    while let Some(inside) = open.pop() {
        let folder = from.join(&inside);
        let wrong = || format!("cannot list {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(wrong)? {
            let entry = entry.with_context(wrong)?;
            let inside = inside.join(entry.file_name());
            if !wanted(&inside) {
                continue;
            }
            if entry.path().is_dir() {
                open.push(inside);
            } else {
                copy(&entry.path(), &to.join(&inside))?;
            }
        }
    }
    Ok(())
}

/// Copies a file, and makes the folders above it.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// Uses the package's file in a fresh Vite project and in a page without a bundler, in headless Chromium.
pub fn test(browser: &Browser) -> Result<Tally> {
    let folder = root().join("tests/library");
    npm::packages(&folder, "the package's tests")?;
    let package = pack()?;
    stage("The package of npm in projects of others");
    let mut command = browser.node_in(&folder);
    command.env("CELLFLUX_PACKAGE", package);
    browser::counted(&mut command, &[folder.join("library.test.mjs")], None, "library")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_has_the_words_in_a_module_and_imports_no_json() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("words")).unwrap();
        write_words(&root().join("web"), home.path()).unwrap();
        let module = fs::read_to_string(home.path().join("words/chosen.js")).unwrap();
        assert!(
            module.starts_with("export default {") && module.ends_with("};\n"),
            "{module}"
        );
        assert!(!module.contains("import "), "{module}");
    }

    #[test]
    fn the_package_has_all_that_its_manifest_names_and_no_bundle() {
        let text = fs::read_to_string(root().join("pkg/package.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
        let home = tempfile::tempdir().unwrap();
        copy_below(&root().join("web"), &home.path().join("web"), &|inside| {
            inside != Path::new("bundles")
        })
        .unwrap();
        assert!(!home.path().join("web/bundles").exists());
        for (name, target) in manifest["exports"].as_object().unwrap() {
            for kind in ["types", "default"] {
                // Those below pkg/ are there once it has been built.
                let Some(path) = target[kind].as_str().filter(|path| path.starts_with("./web/")) else {
                    continue;
                };
                assert!(home.path().join(path).is_file(), "{name}: {path}");
            }
        }
    }
}
