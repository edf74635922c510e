//! What is in the folder, and when there is none.

use std::fs;

use cellflux_bundle::folder;
use cellflux_site::{SiteError, assemble};

use crate::parts::{files, parts};

#[test]
fn a_site_holds_the_page_its_modules_the_package_and_what_the_manifest_lists() {
    let (home, parts) = parts();
    let out = home.path().join("dist");
    fs::write(home.path().join("bundle/notes-to-self.txt"), "not listed").unwrap();
    let site = assemble(&parts, &out).unwrap();
    assert_eq!(
        files(&out),
        [
            ".cellflux-site",
            "bundles/bundle/conditions.safetensors",
            "bundles/bundle/manifest.json",
            "bundles/bundle/samples/synthetic-1.png",
            "bundles/bundle/weights-0001-of-0001.safetensors",
            "index.html",
            "pkg/cellflux_wasm.js",
            "pkg/cellflux_wasm_bg.wasm",
            "web/explorer.js",
            "web/styles/page.css",
        ]
    );
    assert_eq!(site.files, 10);
    let html = fs::read_to_string(out.join("index.html")).unwrap();
    assert!(html.contains(r#"src="bundles/bundle/manifest.json""#), "{html}");
    assert_eq!(
        fs::read(out.join("bundles/bundle/manifest.json")).unwrap(),
        fs::read(home.path().join("bundle/manifest.json")).unwrap(),
        "an unchanged bundle keeps its manifest byte for byte"
    );
    folder::read(&out.join("bundles/bundle")).unwrap();
}

#[test]
fn a_bundle_whose_file_changed_is_refused_by_name_and_the_old_site_stays() {
    let (home, parts) = parts();
    let out = home.path().join("dist");
    assemble(&parts, &out).unwrap();
    let before = files(&out);
    fs::write(home.path().join("bundle/samples/synthetic-1.png"), "b picture").unwrap();
    let error = assemble(&parts, &out).unwrap_err();
    assert!(error.to_string().contains("samples/synthetic-1.png"), "{error}");
    assert_eq!(files(&out), before);
}

#[test]
fn a_package_that_was_not_built_is_asked_for() {
    let (home, parts) = parts();
    fs::remove_file(home.path().join("pkg/cellflux_wasm_bg.wasm")).unwrap();
    let error = assemble(&parts, &home.path().join("dist")).unwrap_err();
    assert!(error.to_string().contains("cargo xtask pkg"), "{error}");
    assert!(!home.path().join("dist").exists());
}

#[test]
fn two_bundles_lie_beside_each_other_and_two_of_one_name_are_refused() {
    let (home, mut parts) = parts();
    let copy = home.path().join("second");
    folder_copy(&home.path().join("bundle"), &copy);
    parts.bundles.push(copy);
    assemble(&parts, &home.path().join("dist")).unwrap();
    folder::read(&home.path().join("dist/bundles/second")).unwrap();

    let same = home.path().join("elsewhere/bundle");
    folder_copy(&home.path().join("bundle"), &same);
    parts.bundles.push(same);
    let error = assemble(&parts, &home.path().join("dist")).unwrap_err();
    assert!(
        matches!(&error, SiteError::SameName { name } if name == "bundle"),
        "{error}"
    );
}

#[test]
fn a_page_without_an_explorer_is_refused_by_name() {
    let (home, parts) = parts();
    fs::write(&parts.page, "<p>hello</p>").unwrap();
    let error = assemble(&parts, &home.path().join("dist")).unwrap_err();
    assert!(error.to_string().contains("index.html"), "{error}");
}

fn folder_copy(from: &std::path::Path, to: &std::path::Path) {
    for path in files(from) {
        let target = to.join(&path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(from.join(&path), target).unwrap();
    }
}
