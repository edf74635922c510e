//! Notices for the crates that the page and the two commands are built from.
//!
//! `THIRD_PARTY.md` lists them with their licences; the licences' texts, most of which must accompany the
//! compiled code, go into `pkg/THIRD_PARTY.txt` and so into every published site, and beside an installed
//! command.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::crates::{Package, SHIPPED, Shipped};
use crate::shell::root;

const LIST: &str = "THIRD_PARTY.md";
/// Its first part is written by hand and ends here.
const GENERATED: &str = "<!-- Below: written by `cargo xtask third-party`. -->\n";

#[derive(clap::Args)]
pub struct Options {
    /// Only compare, and fail when the file is out of date.
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
    let mut new = format!("{by_hand}{GENERATED}\n| crate | version | licence |");
    for shipped in &SHIPPED {
        write!(new, " {} |", shipped.name)?;
    }
    new += "\n|---|---|---|---|---|---|\n";
    for (package, programs) in users()? {
        let (name, version, licence) = (&package.name, &package.version, package.licence());
        write!(new, "| {name} | {version} | {licence} |")?;
        for shipped in &SHIPPED {
            let mark = if programs.contains(shipped.name) {
                "yes"
            } else {
                ""
            };
            write!(new, " {mark} |")?;
        }
        new.push('\n');
    }
    if new == old {
        return Ok(());
    }
    if options.check {
        bail!("{LIST} is out of date: run `cargo xtask third-party`");
    }
    fs::write(&path, new).context("cannot write THIRD_PARTY.md")
}

/// Every crate that something published is built from, by name and version, with the names of the programs it
/// is in.
fn users() -> Result<Vec<(Package, BTreeSet<&'static str>)>> {
    let mut users: BTreeMap<(String, String), (Package, BTreeSet<&'static str>)> = BTreeMap::new();
    for shipped in &SHIPPED {
        for package in shipped.crates()? {
            let key = (package.name.clone(), package.version.clone());
            let (_, programs) = users.entry(key).or_insert_with(|| (package, BTreeSet::new()));
            programs.insert(shipped.name);
        }
    }
    Ok(users.into_values().collect())
}

/// The licence texts of the crates in the page.
pub fn texts_for_page() -> Result<String> {
    let [page, ..] = &SHIPPED;
    texts(page, "This page")
}

/// The licence texts of the crates in the `cellflux` command, and of the font that it draws figures with.
pub fn texts_for_command() -> Result<String> {
    let [_, command, _] = &SHIPPED;
    let font = root().join("crates/cellflux-print/fonts/LICENSE.txt");
    let font = fs::read_to_string(font).context("cannot read the licence of the figures' font")?;
    let crates = texts(command, "The `cellflux` command")?;
    Ok(format!(
        "{crates}\n{}\nThe font of figures, a part of Noto Sans\n\n{font}",
        "=".repeat(80)
    ))
}

/// The licence texts of the crates in the `cellflux-train` command, those of its CUDA features included.
pub fn texts_for_trainer() -> Result<String> {
    let [_, _, trainer] = &SHIPPED;
    texts(trainer, "The `cellflux-train` command")
}

/// The licence texts of the crates in something published, each once, with the crates it belongs to.
fn texts(shipped: &Shipped, what: &str) -> Result<String> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for package in shipped.crates()? {
        let title = format!("{} {} ({})", package.name, package.version, package.licence());
        let found = package.texts()?;
        if found.is_empty() {
            without.push(title.clone());
        }
        for text in found {
            texts.entry(text).or_default().push(title.clone());
        }
    }
    let mut all = format!("{what} contains compiled code of the following crates, under these licences.\n");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_program_has_its_crates_in_the_list() {
        let list = fs::read_to_string(root().join(LIST)).unwrap();
        for shipped in &SHIPPED {
            let crates = shipped.crates().unwrap();
            assert!(!crates.is_empty(), "{} is built from nothing", shipped.name);
            for package in crates {
                let row = format!("| {} | {} |", package.name, package.version);
                assert!(list.contains(&row), "{}: no row {row}", shipped.name);
            }
        }
    }
}
