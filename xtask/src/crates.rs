//! What the workspace's programs are built from, according to `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::shell::{capture, cargo};

/// A program or module that is published.
pub struct Shipped {
    /// What people call it.
    pub name: &'static str,
    /// Its packages; the first is the one that it is called after.
    pub packages: &'static [&'static str],
    /// The question to cargo, for the program's own features and platforms.
    metadata: &'static [&'static str],
}

/// The page's modules, which run in a browser only: native builds leave them out.
pub const PAGE: [&str; 5] = [
    "cellflux-wasm",
    "cellflux-compound-wasm",
    "cellflux-results-wasm",
    "cellflux-upload-wasm",
    "cellflux-lab-wasm",
];

/// An option of cargo's that takes a package, such as `--exclude`, for each of the page's modules.
pub fn of_page(option: &'static str) -> impl Iterator<Item = &'static str> {
    PAGE.into_iter().flat_map(move |package| [option, package])
}

/// Everything that is published.
pub const SHIPPED: [Shipped; 3] = [
    Shipped {
        name: "page",
        packages: &PAGE,
        metadata: &["--filter-platform", "wasm32-unknown-unknown"],
    },
    Shipped {
        name: "cellflux",
        packages: &["cellflux-cli"],
        metadata: &[],
    },
    // With its CUDA features, which users with such a GPU build.
    Shipped {
        name: "cellflux-train",
        packages: &["cellflux-train"],
        metadata: &["--all-features"],
    },
];

impl Shipped {
    /// The crates of others that are compiled into it, by name and version.
    pub fn crates(&self) -> Result<Vec<Package>> {
        Ok(Graph::read(self.metadata)?.shipped(self.packages))
    }

    /// The whole graph that it is built from.
    pub fn graph(&self) -> Result<Graph> {
        Graph::read(self.metadata)
    }
}

/// What `cargo metadata` says.
#[derive(Deserialize)]
pub struct Graph {
    packages: Vec<Package>,
    resolve: Resolve,
    workspace_members: BTreeSet<String>,
}

/// A crate.
#[derive(Clone, Deserialize)]
pub struct Package {
    /// What edges call it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    license: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// `dev`, `build`, or nothing for an ordinary dependency.
    kind: Option<String>,
}

impl Graph {
    fn read(arguments: &[&str]) -> Result<Self> {
        let text = capture(cargo("metadata").args(["--format-version", "1"]).args(arguments))?;
        serde_json::from_str(&text).context("cannot read `cargo metadata`")
    }

    /// The packages of others that members of the workspace are built from, by name and version.
    pub fn shipped(&self, members: &[&str]) -> Vec<Package> {
        let packages: BTreeMap<&str, &Package> = self.packages.iter().map(|p| (p.id.as_str(), p)).collect();
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|n| (n.id.as_str(), n)).collect();
        let mut open: Vec<&str> = self.workspace_members.iter().map(String::as_str).collect();
        open.retain(|id| {
            packages
                .get(id)
                .is_some_and(|package| members.contains(&package.name.as_str()))
        });
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            let Some(node) = nodes.get(id).filter(|_| seen.insert(id)) else {
                continue;
            };
            let ordinary = node
                .deps
                .iter()
                .filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none()));
            open.extend(ordinary.map(|edge| edge.pkg.as_str()));
        }
        let mut shipped: Vec<Package> = seen
            .into_iter()
            .filter(|id| !self.workspace_members.contains(*id))
            .filter_map(|id| packages.get(id).map(|&package| package.clone()))
            .collect();
        shipped.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        shipped
    }

    /// A member of the workspace.
    pub fn package(&self, name: &str) -> Option<&Package> {
        let member = |package: &&Package| self.workspace_members.contains(&package.id);
        self.packages
            .iter()
            .filter(member)
            .find(|package| package.name == name)
    }

    /// The ids of what a package is compiled with, tests and build scripts left out.
    pub fn needs(&self, id: &str) -> Vec<&str> {
        let edges = self
            .resolve
            .nodes
            .iter()
            .find(|node| node.id == id)
            .map(|node| &node.deps);
        let ordinary = edges
            .into_iter()
            .flatten()
            .filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none()));
        ordinary.map(|edge| edge.pkg.as_str()).collect()
    }

    /// A package by id.
    pub fn get(&self, id: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.id == id)
    }
}

impl Package {
    /// Its licence, in its author's words.
    pub fn licence(&self) -> &str {
        self.license.as_deref().unwrap_or("see its repository")
    }

    /// The licence files in the package's folder.
    pub fn texts(&self) -> Result<Vec<String>> {
        let folder = self.manifest_path.parent().unwrap_or(Path::new("."));
        let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.is_file() && is_licence(path));
        paths.sort();
        let read = |path: &PathBuf| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let text = |bytes: Vec<u8>| {
            String::from_utf8_lossy(&bytes)
                .replace('\r', "")
                .trim()
                .to_owned()
        };
        paths.iter().map(|path| read(path).map(text)).collect()
    }
}

fn is_licence(path: &Path) -> bool {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    // cosmolkit's `THIRD_PARTY_NOTICES.md` holds RDKit's.
    ["licen", "copying", "notice", "unlicense", "copyright", "third"]
        .iter()
        .any(|start| name.starts_with(start))
}
