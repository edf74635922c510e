//! The library crates as packages: each has what a registry requires, and can be packed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::shell::{capture, cargo, root, shown, stage};

const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// The slugs of crates.io that are used here. crates.io drops an unknown category with only a warning.
const CATEGORIES: [&str; 12] = [
    "command-line-interface",
    "command-line-utilities",
    "encoding",
    "filesystem",
    "mathematics",
    "multimedia::images",
    "parser-implementations",
    "science",
    "simulation",
    "text-processing",
    "visualization",
    "wasm",
];

/// Checks what every published crate says of itself, then packs them all, without building them.
pub fn check() -> Result<()> {
    stage("Packages");
    let text = capture(cargo("metadata").args(["--no-deps", "--format-version", "1"]))?;
    let Metadata { packages } = serde_json::from_str(&text).context("cannot read `cargo metadata`")?;
    let published = |package: &&Package| package.is_published();
    let lacks: Vec<String> = packages
        .iter()
        .filter(published)
        .flat_map(Package::lacks)
        .collect();
    if !lacks.is_empty() {
        bail!("{}", lacks.join("\n"));
    }
    pack(packages.iter().filter(|package| !package.is_published()))
}

/// Packs the workspace without `left_out`. Returns a sentence where cargo knows too little of the registry,
/// since this does not use the network.
fn pack<'a>(left_out: impl Iterator<Item = &'a Package>) -> Result<()> {
    let mut command = cargo("package");
    command.args(["--workspace", "--no-verify", "--allow-dirty", "--offline"]);
    for package in left_out {
        command.args(["--exclude", &package.name]);
    }
    let output = command
        .output()
        .with_context(|| format!("cannot start `{}`", shown(&command)))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match (output.status.success(), said.contains("offline mode")) {
        (true, _) => Ok(()),
        (false, true) => {
            eprintln!(
                "the crates are not packed: cargo has no copy of the registry's index for them; after \
                 `cargo fetch` it has one"
            );
            Ok(())
        }
        (false, false) => bail!("`{}` failed ({})\n{said}", shown(&command), output.status),
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A member of the workspace, as `cargo metadata` describes it.
#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    /// The registries that it may be published to: none for `publish = false`, any if nothing is stated.
    publish: Option<BTreeSet<String>>,
    description: Option<String>,
    readme: Option<PathBuf>,
    keywords: Vec<String>,
    categories: Vec<String>,
}

impl Package {
    fn is_published(&self) -> bool {
        self.publish
            .as_ref()
            .is_none_or(|registries| !registries.is_empty())
    }

    /// What is missing, as sentences.
    fn lacks(&self) -> Vec<String> {
        let folder = self.manifest_path.parent().unwrap_or(Path::new("."));
        let mut lacks = Vec::new();
        if self.description.as_ref().is_none_or(String::is_empty) {
            lacks.push("description is missing, expected a line that says what the crate is".to_owned());
        }
        match &self.readme {
            Some(readme) if folder.join(readme).is_file() => {}
            Some(readme) => lacks.push(format!("readme is {}, which is not a file", readme.display())),
            None => lacks.push("readme is missing, expected \"README.md\" and the file".to_owned()),
        }
        if !(1..=5).contains(&self.keywords.len()) {
            let found = self.keywords.len();
            lacks.push(format!("keywords: {found} words, expected 1 to 5"));
        }
        if self.categories.is_empty() {
            lacks.push("categories is missing, expected slugs of crates.io".to_owned());
        }
        let unknown = self
            .categories
            .iter()
            .filter(|slug| !CATEGORIES.contains(&slug.as_str()));
        lacks.extend(unknown.map(|slug| {
            format!("categories: {slug:?} is not in xtask/src/package.rs, which lists the slugs in use")
        }));
        let licences = LICENCES.iter().filter(|name| !is_the_repository_s(folder, name));
        lacks.extend(licences.map(|name| {
            format!("{name} is not the repository's, expected a symbolic link to it beside Cargo.toml")
        }));
        let named = |lack| format!("{}: {lack}", self.manifest_path.display());
        lacks.into_iter().map(named).collect()
    }
}

/// Whether the licence file of a crate's folder, which goes into its package, is that of the repository.
fn is_the_repository_s(folder: &Path, name: &str) -> bool {
    let [own, repository] = [folder, root()].map(|folder| fs::read(folder.join(name)).ok());
    own.is_some() && own == repository
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(changes: &serde_json::Value) -> Package {
        let mut metadata = json!({
            "name": "cellflux-flow",
            "manifest_path": root().join("crates/cellflux-flow/Cargo.toml"),
            "publish": null,
            "description": "What a flow is",
            "readme": "README.md",
            "keywords": ["ode"],
            "categories": ["science"],
        });
        for (key, value) in changes.as_object().unwrap() {
            metadata[key] = value.clone();
        }
        serde_json::from_value(metadata).unwrap()
    }

    #[test]
    fn a_crate_that_says_everything_lacks_nothing() {
        assert_eq!(package(&json!({})).lacks(), Vec::<String>::new());
    }

    #[test]
    fn each_thing_that_a_registry_asks_for_is_missed() {
        for (changes, expected) in [
            (json!({ "description": null }), "description is missing"),
            (json!({ "readme": null }), "readme is missing"),
            (json!({ "readme": "no.md" }), "readme is no.md"),
            (json!({ "keywords": [] }), "keywords: 0 words"),
            (
                json!({ "keywords": ["a", "b", "c", "d", "e", "f"] }),
                "keywords: 6 words",
            ),
            (json!({ "categories": [] }), "categories is missing"),
            (json!({ "categories": ["sciense"] }), "categories: \"sciense\""),
        ] {
            let lacks = package(&changes).lacks();
            assert_eq!(lacks.len(), 1, "{lacks:?}");
            assert!(lacks[0].contains(&format!("Cargo.toml: {expected}")), "{lacks:?}");
        }
        // A folder without licence files.
        let bare = json!({ "manifest_path": root().join("xtask/Cargo.toml"), "readme": "Cargo.toml" });
        assert_eq!(package(&bare).lacks().len(), 2);
    }

    #[test]
    fn a_crate_is_published_unless_it_says_otherwise() {
        assert!(package(&json!({})).is_published());
        assert!(package(&json!({ "publish": ["a-registry"] })).is_published());
        assert!(!package(&json!({ "publish": [] })).is_published());
    }
}
