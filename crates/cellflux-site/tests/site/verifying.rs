//! Verifying a site: what was built passes, and what was changed since is found.

use std::fs;
use std::path::Path;

use cellflux_site::verify::{Folder, Verified, verify};

use crate::parts::{build, engine, files, project, read};

const WALK: &str = "[precompute]\ncompounds = [\"taxol\"]\n";
const BADGE: &str = "[[section]]\nid = \"badge\"\ntext = \"\"\"\n```{verified}\n```\n\"\"\"\n";

fn verified(home: &Path) -> Verified {
    verify(&mut Folder(home.join("dist")), &mut engine).unwrap()
}

fn serious(verified: &Verified) -> Vec<String> {
    let serious = verified.findings.iter().filter(|finding| finding.serious);
    serious
        .map(|finding| format!("{}: {}", finding.place, finding.problem))
        .collect()
}

/// The first file below `dist/` whose path begins so.
fn first(home: &Path, prefix: &str) -> String {
    let all = files(&home.join("dist"));
    all.into_iter().find(|path| path.starts_with(prefix)).unwrap()
}

#[test]
fn a_built_site_passes_and_its_walk_comes_out_again() {
    let home = project(WALK);
    build(home.path()).unwrap();
    let verified = verified(home.path());
    assert_eq!(serious(&verified), [""; 0]);
    // All but the list itself and the mark of the build.
    assert_eq!(verified.files, files(&home.path().join("dist")).len() - 2);
    assert_eq!(verified.walk.unwrap().apart, 0);
}

#[test]
fn a_changed_a_lost_and_an_added_file_are_named() {
    let home = project(WALK);
    build(home.path()).unwrap();
    let dist = home.path().join("dist");
    let (icon, licences) = (
        first(home.path(), "web/icon-"),
        first(home.path(), "pkg/THIRD_PARTY-"),
    );
    fs::write(dist.join(&icon), "other").unwrap();
    fs::remove_file(dist.join(&licences)).unwrap();
    fs::write(dist.join("added.html"), "x").unwrap();
    let verified = verified(home.path());
    let wrong = serious(&verified);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(
        wrong
            .iter()
            .any(|each| each.starts_with(&icon) && each.contains("SHA-256")),
        "{wrong:?}"
    );
    assert!(
        wrong
            .iter()
            .any(|each| each.starts_with(&licences) && each.contains("no such file")),
        "{wrong:?}"
    );
    assert!(
        verified
            .findings
            .iter()
            .any(|finding| finding.place == "added.html")
    );
}

#[test]
fn a_recorded_walk_that_cannot_be_computed_again_is_found() {
    let home = project(WALK);
    build(home.path()).unwrap();
    // A recipe that cannot be read stands in for the recorded one.
    let list = home
        .path()
        .join("dist")
        .join(first(home.path(), "recorded/bundle-"));
    let text = fs::read_to_string(&list).unwrap();
    let link = text.split('"').nth(3).unwrap().to_owned();
    fs::write(&list, text.replace(&link, "not a link=")).unwrap();
    let wrong = serious(&verified(home.path()));
    assert!(
        wrong.iter().any(|each| each.starts_with("recorded: ")),
        "{wrong:?}"
    );
}

#[test]
fn a_folder_without_a_list_of_digests_is_refused() {
    let home = project(WALK);
    build(home.path()).unwrap();
    fs::remove_file(home.path().join("dist/digests.json")).unwrap();
    let error = verify(&mut Folder(home.path().join("dist")), &mut engine).unwrap_err();
    assert!(error.to_string().starts_with("digests.json: "), "{error}");
}

#[test]
fn a_badge_stands_only_where_a_walk_was_computed_anew() {
    let home = project(&format!("{BADGE}{WALK}"));
    build(home.path()).unwrap();
    assert!(read(home.path(), "index.html").contains("Verified when built."));
    let home = project(BADGE);
    let error = build(home.path()).unwrap_err().to_string();
    assert!(error.contains("expected `[precompute]`"), "{error}");
}
