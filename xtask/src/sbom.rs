//! `cargo xtask sbom`: what each published program is made of, as `CycloneDX` 1.5 JSON.
//!
//! The same sources and lock file give the same bytes: there is no time, no serial number and no path in it.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::crates::{Package, SHIPPED, Shipped};
use crate::shell::root;

/// Writes one file for each program into target/sbom.
pub fn write() -> Result<()> {
    let folder = root().join("target/sbom");
    fs::create_dir_all(&folder).context("cannot make target/sbom")?;
    for shipped in &SHIPPED {
        let path = folder.join(format!("{}.cdx.json", shipped.name));
        fs::write(&path, text(shipped)?).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// What a program is made of, as the text of its file.
pub fn text(shipped: &Shipped) -> Result<String> {
    let text = serde_json::to_string_pretty(&bill(shipped, &checksums()?)?)?;
    Ok(text + "\n")
}

fn bill(shipped: &Shipped, checksums: &BTreeMap<(String, String), String>) -> Result<Value> {
    let graph = shipped.graph()?;
    let program = graph
        .package(shipped.packages.first().copied().unwrap_or_default())
        .context("a shipped package is not in the workspace")?;
    let crates = graph.shipped(shipped.packages);
    let components: Vec<Value> = crates
        .iter()
        .map(|package| {
            let mut component = json!({
                "type": "library",
                "bom-ref": reference(package),
                "name": package.name,
                "version": package.version,
                "purl": reference(package),
                "licenses": [{ "expression": package.licence().replace('/', " OR ") }],
            });
            let key = (package.name.clone(), package.version.clone());
            if let (Some(checksum), Some(object)) = (checksums.get(&key), component.as_object_mut()) {
                object.insert(
                    "hashes".into(),
                    json!([{ "alg": "SHA-256", "content": checksum }]),
                );
            }
            component
        })
        .collect();
    // The workspace's own crates are part of the program, and so is all that they need.
    let known = |id: &str| crates.iter().any(|package| package.id == id);
    let own_packages = shipped.packages.iter().filter_map(|name| graph.package(name));
    let mut open: Vec<&str> = own_packages.map(|package| package.id.as_str()).collect();
    let mut own = std::collections::BTreeSet::new();
    let mut direct = std::collections::BTreeSet::new();
    while let Some(id) = open.pop() {
        if known(id) {
            direct.extend(graph.get(id).map(reference));
        } else if own.insert(id) {
            open.extend(graph.needs(id));
        }
    }
    let mut dependencies = vec![json!({ "ref": reference(program), "dependsOn": direct })];
    for package in &crates {
        let mut needs: Vec<String> = graph
            .needs(&package.id)
            .into_iter()
            .filter_map(|id| graph.get(id).map(reference))
            .collect();
        needs.sort();
        needs.dedup();
        dependencies.push(json!({ "ref": reference(package), "dependsOn": needs }));
    }
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": {
            "type": "application",
            "bom-ref": reference(program),
            "name": shipped.name,
            "version": program.version,
            "purl": reference(program),
            "licenses": [{ "expression": program.licence() }],
        }},
        "components": components,
        "dependencies": dependencies,
    }))
}

/// A package's address in the form that is common to packages of all languages.
fn reference(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

/// The digests that the lock file holds, by name and version.
fn checksums() -> Result<BTreeMap<(String, String), String>> {
    let text = fs::read_to_string(root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let mut checksums = BTreeMap::new();
    for package in text.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = package
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
            line.map(|text| text.trim_matches('"').to_owned())
        };
        if let (Some(name), Some(version), Some(checksum)) =
            (value("name"), value("version"), value("checksum"))
        {
            checksums.insert((name, version), checksum);
        }
    }
    Ok(checksums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_the_same_twice_and_every_part_has_licence_digest_and_known_needs() {
        let checksums = checksums().unwrap();
        let [_, command, _] = &SHIPPED;
        let made = bill(command, &checksums).unwrap();
        assert_eq!(made, bill(command, &checksums).unwrap());
        let components = made["components"].as_array().unwrap();
        let references: Vec<&str> = components
            .iter()
            .map(|part| part["bom-ref"].as_str().unwrap())
            .collect();
        assert!(references.iter().any(|part| part.starts_with("pkg:cargo/wgpu@")));
        for part in components {
            assert!(
                part["hashes"][0]["content"]
                    .as_str()
                    .is_some_and(|digest| digest.len() == 64),
                "{part}"
            );
            assert!(
                !part["licenses"][0]["expression"].as_str().unwrap().contains('/'),
                "{part}"
            );
        }
        for edge in made["dependencies"].as_array().unwrap() {
            for needed in edge["dependsOn"].as_array().unwrap() {
                assert!(references.contains(&needed.as_str().unwrap()), "{edge}");
            }
        }
    }
}
