//! A site as an archive to deposit.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use cellflux_site::Project;
use cellflux_site::archive::archive;
use serde_json::Value;

use crate::parts::{build, project};

const PEOPLE: &str = "[[author]]\nname = \"Ada Example\"\naffiliations = [\"A University\"]\n\
    orcid = \"0000-0002-1825-0097\"\n[[author]]\nname = \"Noether, Emmy\"\naffiliations = [\"A \
    University\"]\n";

/// The project with these settings at the top and two authors.
fn named(settings: &str) -> tempfile::TempDir {
    let home = project("");
    let text = format!("title = \"A: \\\"title\\\"\"\n{settings}[[bundle]]\npath = \"bundle\"\n{PEOPLE}");
    fs::write(home.path().join("site.toml"), text).unwrap();
    home
}

fn made(home: &Path) -> Vec<u8> {
    build(home).unwrap();
    archive(&Project::read(home).unwrap(), &home.join("dist")).unwrap()
}

fn held(archive: &[u8], path: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut text = String::new();
    archive.by_name(path).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn two_builds_give_one_archive_bit_for_bit() {
    let home = named("date = \"2026-07-13\"\n");
    let first = made(home.path());
    fs::remove_dir_all(home.path().join("dist")).unwrap();
    let _ = fs::remove_dir_all(home.path().join(".cellflux-cache"));
    assert!(first == made(home.path()));
    // What no build wrote stays out.
    fs::create_dir(home.path().join("dist/.git")).unwrap();
    fs::write(home.path().join("dist/.git/config"), "x").unwrap();
    assert!(first == made(home.path()));
}

#[test]
fn an_archive_says_who_made_it_under_which_licence_and_what_each_file_is() {
    let home = named("date = \"2026-07-13\"\ndoi = \"10.1000/x\"\nurl = \"https://a.example/b/\"\n");
    let archive = made(home.path());
    let zenodo: Value = serde_json::from_str(&held(&archive, ".zenodo.json")).unwrap();
    assert_eq!(zenodo["creators"][0]["name"], "Example, Ada");
    assert_eq!(zenodo["creators"][1]["name"], "Noether, Emmy");
    assert_eq!(zenodo["license"], "cc0-1.0");
    assert_eq!(zenodo["publication_date"], "2026-07-13");
    let citation = held(&archive, "CITATION.cff");
    assert!(citation.contains("title: \"A: \\\"title\\\"\""), "{citation}");
    assert!(
        citation.contains("family-names: \"Noether\"\n    given-names: \"Emmy\""),
        "{citation}"
    );
    assert!(citation.contains("doi: \"10.1000/x\""), "{citation}");
    let crate_of: Value = serde_json::from_str(&held(&archive, "ro-crate-metadata.json")).unwrap();
    let graph = crate_of["@graph"].as_array().unwrap();
    let of = |id: &str| graph.iter().find(|entity| entity["@id"] == id).unwrap();
    assert_eq!(of("./")["license"]["@id"], "https://spdx.org/licenses/CC0-1.0");
    assert_eq!(of("./")["author"].as_array().unwrap().len(), 2);
    assert_eq!(of("index.html")["encodingFormat"], "text/html");
    // Each part is described, and no institution twice.
    for part in of("./")["hasPart"].as_array().unwrap() {
        of(part["@id"].as_str().unwrap());
    }
    let institutions = graph.iter().filter(|entity| entity["@type"] == "Organization");
    assert_eq!(institutions.count(), 1);
}

#[test]
fn a_deposit_without_names_or_a_whole_date_is_refused() {
    for (settings, expected) in [
        ("", "no `date`"),
        ("date = \"2026\"\n", "expected YYYY-MM-DD"),
        ("date = \"2026-07-13\"\nanonymous = true\n", "anonymous = true"),
    ] {
        let home = named(settings);
        build(home.path()).unwrap();
        let error = archive(&Project::read(home.path()).unwrap(), &home.path().join("dist")).unwrap_err();
        assert!(error.to_string().contains(expected), "{settings}: {error}");
    }
}

#[test]
fn an_archive_holds_every_page_and_keeps_the_author_s_own_citation_file() {
    let home = named("date = \"2026-07-13\"\nstatic = \"static\"\n");
    let site = home.path().join("site.toml");
    let text = fs::read_to_string(&site).unwrap();
    fs::write(&site, text + "[[page]]\nid = \"more\"\ntitle = \"Further\"\n").unwrap();
    fs::create_dir(home.path().join("static")).unwrap();
    let own = "cff-version: 1.2.0\nmessage: As I say.\n";
    fs::write(home.path().join("static/CITATION.cff"), own).unwrap();
    let archive = made(home.path());
    assert!(held(&archive, "more.html").contains("<h1>Further</h1>"));
    assert_eq!(held(&archive, "CITATION.cff"), own);
    let crate_of: Value = serde_json::from_str(&held(&archive, "ro-crate-metadata.json")).unwrap();
    let graph = crate_of["@graph"].as_array().unwrap();
    for path in ["more.html", "CITATION.cff"] {
        assert!(graph.iter().any(|entity| entity["@id"] == path), "{path}");
    }
}
