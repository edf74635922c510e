//! Verifying a site: what was built passes, and what was changed since is found.

use std::fs;
use std::path::Path;

use cellflux_site::verify::{Folder, Verified, verify};

use crate::parts::{LEAST, build, engine, files, project, read};

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

#[test]
fn every_page_and_static_file_is_verified_and_a_badge_may_stand_on_any_page() {
    let home = project("");
    let text = format!(
        "static = \"static\"\n{LEAST}{WALK}[[page]]\nid = \"more\"\ntitle = \"More\"\n\
         [[page.section]]\nid = \"badge\"\ntext = \"\"\"\n```{{verified}}\n```\n\"\"\"\n"
    );
    fs::write(home.path().join("site.toml"), text).unwrap();
    fs::create_dir_all(home.path().join("static/data")).unwrap();
    fs::write(home.path().join("static/CNAME"), "cells.example.org\n").unwrap();
    fs::write(home.path().join("static/data/a b.csv"), "a,b\n").unwrap();
    build(home.path()).unwrap();
    assert!(read(home.path(), "more.html").contains("Verified when built."));
    let dist = home.path().join("dist");
    let list: serde_json::Value = serde_json::from_str(&read(home.path(), "digests.json")).unwrap();
    for path in ["index.html", "more.html", "CNAME", "data/a b.csv"] {
        assert!(list["files"][path].is_string(), "{path}: {list}");
    }
    let whole = verified(home.path());
    assert_eq!(serious(&whole), [""; 0]);
    assert_eq!(whole.files, files(&dist).len() - 2);

    // Some hosts keep this one to themselves.
    fs::remove_file(dist.join("CNAME")).unwrap();
    let page = read(home.path(), "more.html").replace("</main>", "<a href=\"gone.html\">gone</a></main>");
    fs::write(dist.join("more.html"), page).unwrap();
    let changed = verified(home.path());
    let wrong = serious(&changed);
    assert!(
        wrong.len() == 2 && wrong.iter().all(|each| each.starts_with("more.html: ")),
        "{wrong:?}"
    );
    assert!(wrong.iter().any(|each| each.contains("gone.html")), "{wrong:?}");
    assert!(
        changed
            .findings
            .iter()
            .any(|finding| finding.place == "CNAME" && !finding.serious)
    );
}

#[test]
fn no_static_file_takes_the_place_of_the_list_of_digests() {
    let home = project("");
    fs::write(
        home.path().join("site.toml"),
        format!("static = \"static\"\n{LEAST}"),
    )
    .unwrap();
    fs::create_dir(home.path().join("static")).unwrap();
    fs::write(home.path().join("static/digests.json"), "{}").unwrap();
    let error = build(home.path()).unwrap_err().to_string();
    assert!(error.contains("the build itself writes digests.json"), "{error}");
}
