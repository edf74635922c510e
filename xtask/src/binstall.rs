//! Manifests for `cargo binstall`, which say where the archives of a release are.
//!
//! The crates of the commands hold the rule, `package.metadata.binstall`, in which the repository's address
//! is open. A release fills it in and offers the manifests beside its archives.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use crate::shell::root;

/// The commands' packages, their folders and their programs.
const PACKAGES: [(&str, &str, &str); 2] = [
    ("cellflux-cli", "crates/cellflux-cli", "cellflux"),
    ("cellflux-train", "train-native", "cellflux-train"),
];

/// Writes a manifest for each command into a folder, and returns their paths.
pub fn write(repository: &str, out: &Path) -> Result<Vec<PathBuf>> {
    if !repository.starts_with("https://") {
        bail!("--repository {repository}: expected an address that starts with https://");
    }
    let mut written = Vec::new();
    for (package, folder, program) in PACKAGES {
        let text = manifest(package, folder, program, repository)?;
        let path = out.join(format!("{package}.Cargo.toml"));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

/// What `cargo binstall --manifest-path` reads of a command.
fn manifest(package: &str, folder: &str, program: &str, repository: &str) -> Result<String> {
    let mut about = Table::new();
    about.insert("name".into(), package.into());
    about.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    about.insert("edition".into(), "2024".into());
    about.insert("repository".into(), repository.trim_end_matches('/').into());
    let mut metadata = Table::new();
    metadata.insert("binstall".into(), Value::Table(rule(folder)?));
    about.insert("metadata".into(), Value::Table(metadata));
    let mut binary = Table::new();
    binary.insert("name".into(), program.into());
    binary.insert("path".into(), "src/main.rs".into());
    let mut whole = Table::new();
    whole.insert("package".into(), Value::Table(about));
    whole.insert("bin".into(), Value::Array(vec![Value::Table(binary)]));
    toml::to_string(&whole).context("a manifest for cargo binstall cannot be written")
}

/// The rule in a command's own manifest.
fn rule(folder: &str) -> Result<Table> {
    let path = root().join(folder).join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let whole: Table = text
        .parse()
        .with_context(|| format!("cannot read {}", path.display()))?;
    let rule = ["package", "metadata", "binstall"]
        .iter()
        .try_fold(&whole, |table, key| table.get(*key).and_then(Value::as_table));
    rule.cloned()
        .with_context(|| format!("{}: expected [package.metadata.binstall]", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_leads_to_the_archive_that_dist_writes_and_the_command_in_it() {
        for (_, folder, program) in PACKAGES {
            let rule = rule(folder).unwrap();
            let filled = |key: &str| {
                let text = rule.get(key).and_then(Value::as_str).unwrap();
                text.replace("{ version }", env!("CARGO_PKG_VERSION"))
                    .replace("{ target }", "aarch64-apple-darwin")
                    .replace("{ repo }", "https://example.org/x")
                    .replace("{ bin }{ binary-ext }", program)
            };
            let name = crate::dist::archive_name("aarch64-apple-darwin");
            let version = env!("CARGO_PKG_VERSION");
            assert_eq!(
                filled("pkg-url"),
                format!("https://example.org/x/releases/download/v{version}/{name}.tar.gz")
            );
            assert_eq!(filled("bin-dir"), format!("{name}/{program}"));
            assert_eq!(filled("pkg-fmt"), "tgz");
        }
    }

    #[test]
    fn a_release_s_manifest_has_the_address_and_the_rule() {
        let home = tempfile::tempdir().unwrap();
        let written = write("https://example.org/x/", home.path()).unwrap();
        assert_eq!(written.len(), 2);
        let whole: Table = fs::read_to_string(&written[0]).unwrap().parse().unwrap();
        let about = whole.get("package").and_then(Value::as_table).unwrap();
        let repository = about.get("repository").and_then(Value::as_str);
        assert_eq!(repository, Some("https://example.org/x"));
        assert!(about.get("metadata").and_then(|m| m.get("binstall")).is_some());
        assert!(write("example.org", home.path()).is_err());
    }
}
