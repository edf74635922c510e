//! Notices for the crates that the command and the page are built from.
//!
//! `THIRD_PARTY.md` lists them with their licences; the licences' texts, which most of them ask to travel with the
//! compiled code, go into `pkg/THIRD_PARTY.txt` and so into every published site.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::shell::{capture, cargo, root};

const LIST: &str = "THIRD_PARTY.md";
/// Its first part is written by hand and ends here.
const GENERATED: &str = "<!-- Below: written by `cargo xtask third-party`. -->\n";
/// Packages that nobody is given: tests and chores.
const INTERNAL: [&str; 2] = ["xtask", "cellflux-tests"];

#[derive(clap::Args)]
pub struct Options {
    /// Only compare, and fail when the file is not what it would be.
    #[arg(long)]
    pub check: bool,
}

/// Writes or checks the generated part of `THIRD_PARTY.md`.
pub fn write(options: &Options) -> Result<()> {
    let path = root().join(LIST);
    let old = fs::read_to_string(&path).context("cannot read THIRD_PARTY.md")?;
    let Some((by_hand, _)) = old.split_once(GENERATED) else {
        bail!("{LIST}: expected the line {GENERATED:?}");
    };
    let everywhere = Graph::read(&[])?;
    let in_page: BTreeSet<String> = in_page()?.into_iter().map(|package| package.id).collect();
    let mut new =
        format!("{by_hand}{GENERATED}\n| crate | version | licence | in the page |\n|---|---|---|---|\n");
    for package in everywhere.shipped(|name| !INTERNAL.contains(&name)) {
        let page = if in_page.contains(&package.id) { "yes" } else { "" };
        let licence = package.licence();
        writeln!(
            new,
            "| {} | {} | {licence} | {page} |",
            package.name, package.version
        )?;
    }
    if new == old {
        return Ok(());
    }
    if options.check {
        bail!("{LIST} is out of date: run `cargo xtask third-party`");
    }
    fs::write(&path, new).context("cannot write THIRD_PARTY.md")
}

/// The licence texts of the crates in the page, each once, with the crates it belongs to.
pub fn texts_for_page() -> Result<String> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for package in in_page()? {
        let title = format!("{} {} ({})", package.name, package.version, package.licence());
        let found = package.texts()?;
        if found.is_empty() {
            without.push(title.clone());
        }
        for text in found {
            texts.entry(text).or_default().push(title.clone());
        }
    }
    let mut all =
        String::from("This page contains compiled code of the following crates, under these licences.\n");
    for (text, crates) in &texts {
        write!(all, "\n{}\n{}\n\n{text}\n", "=".repeat(80), crates.join("\n"))?;
    }
    if !without.is_empty() {
        write!(
            all,
            "\n{}\nWithout a licence text in the crate, under the licence named:\n{}\n",
            "=".repeat(80),
            without.join("\n")
        )?;
    }
    Ok(all)
}

/// The crates that are compiled into the page.
fn in_page() -> Result<Vec<Package>> {
    let graph = Graph::read(&["--filter-platform", "wasm32-unknown-unknown"])?;
    Ok(graph.shipped(|name| name == "cellflux-wasm"))
}

/// What `cargo metadata` says.
#[derive(Deserialize)]
struct Graph {
    packages: Vec<Package>,
    resolve: Resolve,
    workspace_members: BTreeSet<String>,
}

#[derive(Clone, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
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

    /// The packages of others that the chosen members of the workspace are built from, by name and version.
    fn shipped(&self, member: impl Fn(&str) -> bool) -> Vec<Package> {
        let packages: BTreeMap<&str, &Package> = self.packages.iter().map(|p| (p.id.as_str(), p)).collect();
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|n| (n.id.as_str(), n)).collect();
        let mut open: Vec<&str> = self.workspace_members.iter().map(String::as_str).collect();
        open.retain(|id| packages.get(id).is_some_and(|package| member(&package.name)));
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
}

impl Package {
    fn licence(&self) -> &str {
        self.license.as_deref().unwrap_or("see its repository")
    }

    /// The licence files in the package's folder.
    fn texts(&self) -> Result<Vec<String>> {
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
    ["licen", "copying", "notice", "unlicense", "copyright"]
        .iter()
        .any(|start| name.starts_with(start))
}
