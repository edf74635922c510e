//! `cellflux site` as it is called from a shell: the example, and the exit statuses by which scripts
//! recognise failures.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

#[path = "common/files.rs"]
mod files;
#[path = "common/package.rs"]
mod package;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use files::content;
use package::has_package;
use serde_json::Value;

fn cellflux(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

/// Standard output of a call that went well.
fn said(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The sentence of a call that was refused.
fn refused(output: &Output) -> String {
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert_eq!(errors.trim_end().lines().count(), 1, "{errors}");
    errors
}

/// A folder with the example in `demo`.
fn with_demo() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    said(&cellflux(home.path(), &["site", "new", "demo"]));
    home
}

/// A folder with a `site.toml` that shows the repository's bundle.
fn small_site(more: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/bundles/bbbc021-tiny");
    let text = format!(
        "title = \"A page\"\n[[bundle]]\npath = '{}'\n{more}",
        bundle.display()
    );
    fs::write(home.path().join("site.toml"), text).unwrap();
    home
}

#[test]
fn the_example_builds_as_it_is_passes_its_own_check_and_comes_out_the_same_again() {
    if !has_package() {
        return;
    }
    let home = with_demo();
    let timed = |out: &str| -> Value {
        let began = Instant::now();
        let report = said(&cellflux(
            home.path(),
            &["site", "build", "demo", "--out", out, "--json"],
        ));
        println!("{out}: {:.2} s", began.elapsed().as_secs_f64());
        serde_json::from_str(&report).unwrap()
    };
    let first = timed("first");
    assert!(first["computed"].as_u64() > Some(0), "{first}");
    let again = timed("again");
    assert_eq!(again["computed"], 0, "walks are kept from build to build");
    let site = content(&home.path().join("first"));
    assert!(
        site == content(&home.path().join("again")),
        "the same input gives the same bytes"
    );
    assert!(
        site.iter().all(|(_, bytes)| bytes.len() <= 24 << 20),
        "every host takes every file"
    );
    let page = String::from_utf8(site["index.html"].clone()).unwrap();
    for part in [
        "<cellflux-explorer ",
        "<math",
        "<cellflux-compare>",
        "citation_author",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Nothing is wrong; the notes say what the author may fill in.
    let findings: Value = serde_json::from_str(&said(&cellflux(
        home.path(),
        &["site", "check", "demo", "--json"],
    )))
    .unwrap();
    let serious = |finding: &Value| finding["serious"] == true;
    assert!(!findings.as_array().unwrap().iter().any(serious), "{findings}");
    // A second example does not replace the first.
    let error = refused(&cellflux(home.path(), &["site", "new", "demo"]));
    assert!(error.contains("demo: is there already"), "{error}");
}

/// What is told of the templates' bundle in every build. It is true and cannot be put right here: without
/// photographs its walks start from a drawing, its data do not state the pixel size, and it keeps the colours
/// of the paper.
const OF_THE_BUNDLE: [&str; 3] = ["is drawn by a program", "pixel_size_um", "look alike"];

/// Whether words are about the templates' bundle.
fn is_of_the_bundle(words: &str) -> bool {
    OF_THE_BUNDLE.iter().any(|each| words.contains(each))
}

#[test]
fn every_template_builds_without_a_warning_that_is_not_its_bundle_s() {
    if !has_package() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let address = "https://example.org/page/";
    for template in ["paper", "lab-course", "minimal", "supplement"] {
        said(&cellflux(
            home.path(),
            &["site", "new", template, "--template", template],
        ));
        let output = cellflux(
            home.path(),
            &["site", "check", template, "--url", address, "--json"],
        );
        let findings: Value = serde_json::from_str(&said(&output)).unwrap();
        for finding in findings.as_array().unwrap() {
            let words = finding.to_string();
            assert!(is_of_the_bundle(&words), "{template}: {words}");
        }
        let built = cellflux(home.path(), &["site", "build", template, "--url", address]);
        said(&built);
        let errors = String::from_utf8_lossy(&built.stderr);
        for note in errors.lines().filter(|line| line.starts_with("note:")) {
            assert!(is_of_the_bundle(note), "{template}: {note}");
        }
        let page = fs::read_to_string(home.path().join(template).join("dist/index.html")).unwrap();
        assert!(
            page.contains(address),
            "{template}: the page's address is not in it"
        );
    }
}

#[test]
fn a_new_site_says_what_it_wrote_and_a_template_or_address_that_is_none_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let archive = "https://example.org/cellflux.tar.gz";
    let text = said(&cellflux(
        home.path(),
        &[
            "site",
            "new",
            "demo",
            "--template",
            "minimal",
            "--archive",
            archive,
        ],
    ));
    assert!(
        text.contains("minimal") && !text.contains("not built for a release"),
        "{text}"
    );
    let pages = fs::read_to_string(home.path().join("demo/.github/workflows/pages.yml")).unwrap();
    assert!(pages.contains(archive), "{pages}");
    let error = refused(&cellflux(
        home.path(),
        &["site", "new", "other", "--archive", "cellflux.tar.gz"],
    ));
    assert!(error.contains("starts with https://"), "{error}");
    let wrong = cellflux(home.path(), &["site", "new", "other", "--template", "poster"]);
    assert_eq!(
        wrong.status.code(),
        Some(2),
        "as for every argument that clap refuses"
    );
    let error = refused(&cellflux(
        home.path(),
        &["site", "build", "demo", "--url", "example.org"],
    ));
    assert!(error.contains("url \"example.org\""), "{error}");
    assert!(!home.path().join("other").exists());
}

#[test]
fn a_site_that_begins_with_a_page_of_another_template_builds_and_names_what_it_lacks() {
    if !has_package() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let page = "<h1 class='publication-title'>Cells that move</h1><div class='publication-authors'>\
        <span class='author-block'><a href='https://example.org/ada'>Ada One</a></span></div>\
        <span class='link-block'><a href='static/paper.pdf'>Paper</a></span><h2>Method</h2>";
    fs::write(home.path().join("index.html"), page).unwrap();
    let output = cellflux(home.path(), &["site", "import-template", ".", "--out", "mine"]);
    let text = said(&output);
    assert!(
        text.contains("\"Cells that move\", authors: 1, links: 1"),
        "{text}"
    );
    let left = String::from_utf8_lossy(&output.stderr);
    for named in ["section \"Method\"", "static/paper.pdf", "no BibTeX"] {
        assert!(left.contains(named), "{named}: {left}");
    }
    said(&cellflux(home.path(), &["site", "build", "mine"]));
    let built = fs::read_to_string(home.path().join("mine/dist/index.html")).unwrap();
    assert!(built.contains("Cells that move") && built.contains("https://example.org/ada"));
    let error = refused(&cellflux(
        home.path(),
        &["site", "import-template", "https://example.org", "--out", "other"],
    ));
    assert!(error.contains("save the page"), "{error}");
}

#[test]
fn what_an_author_got_wrong_is_one_line_with_its_place_and_status_1() {
    let home = small_site("[[section]]\nid = \"a\"\ntitel = \"A\"\n");
    let error = refused(&cellflux(home.path(), &["site", "build"]));
    assert!(
        error.contains("site.toml:6: unknown name `titel`, did you mean `title`?"),
        "{error}"
    );
    assert!(!home.path().join("dist").exists());
    let error = refused(&cellflux(home.path(), &["site", "build", "absent"]));
    assert!(error.contains("absent") && error.contains("site new"), "{error}");
}

#[test]
fn a_port_in_use_is_named_before_anybody_waits() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("index.html"), "<title>A page</title>").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let error = refused(&cellflux(home.path(), &["site", "serve", ".", "--port", &port]));
    assert!(
        error.contains(&format!("port {port}")) && error.contains("expected a free one"),
        "{error}"
    );
}

/// `/sys` takes no files, not even root's.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    if !has_package() {
        return;
    }
    let home = small_site("");
    let error = refused(&cellflux(home.path(), &["site", "build", "--out", "/sys/a-site"]));
    assert!(error.contains("/sys"), "{error}");
}

#[test]
fn a_reader_that_leaves_early_ends_the_command_without_a_panic() {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/bundles/bbbc021-tiny");
    let bundle = bundle.display().to_string();
    for arguments in [
        &["completions", "bash"][..],
        &["bundle", "inspect", &bundle],
        &["bundle", "inspect", &bundle, "--json"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_cellflux"))
            .args(arguments)
            .stdout(writer)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
    }
}

#[test]
fn the_example_keeps_what_is_built_out_of_its_git() {
    let home = with_demo();
    let ignored = fs::read_to_string(home.path().join("demo/.gitignore")).unwrap();
    for folder in ["/dist", "/.cellflux-cache"] {
        assert!(ignored.lines().any(|line| line == folder), "{folder}: {ignored}");
    }
}

#[test]
fn the_hint_after_a_new_site_can_be_copied_when_its_name_has_a_blank() {
    let home = tempfile::tempdir().unwrap();
    let text = said(&cellflux(home.path(), &["site", "new", "my paper"]));
    assert!(
        text.contains("next: cellflux site serve 'my paper' --open"),
        "{text}"
    );
}

#[test]
fn one_file_holds_the_example_and_nothing_else_is_written() {
    if !has_package() {
        return;
    }
    let home = with_demo();
    let told = said(&cellflux(
        home.path(),
        &["site", "build", "demo", "--single", "page.html"],
    ));
    assert!(told.starts_with("page.html: one file, "), "{told}");
    let html = fs::read_to_string(home.path().join("page.html")).unwrap();
    assert!(html.contains("data-path=\"bundles/bbbc021-tiny-"));
    assert!(
        !home.path().join("demo/dist").exists(),
        "only the file is written"
    );
    let names: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_built_site_is_verified_and_a_changed_file_gives_status_1() {
    if !has_package() {
        return;
    }
    let home = with_demo();
    said(&cellflux(home.path(), &["site", "build", "demo"]));
    let told = said(&cellflux(home.path(), &["verify-site", "demo/dist", "--offline"]));
    assert!(told.contains("computed anew"), "{told}");
    fs::write(home.path().join("demo/dist/404.html"), "<html lang=en>").unwrap();
    let output = cellflux(home.path(), &["verify-site", "demo/dist", "--offline"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("wrong: 404.html: its SHA-256 is"), "{told}");
    let output = cellflux(home.path(), &["verify-site", "demo", "--offline"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_check_for_names_fails_with_the_file_and_the_name() {
    if !has_package() {
        return;
    }
    let home = small_site("");
    let text = fs::read_to_string(home.path().join("site.toml")).unwrap();
    let text = text.replace(
        "title = ",
        "anonymous = true\nabstract = \"By Ada Example.\"\ntitle = ",
    );
    fs::write(
        home.path().join("site.toml"),
        format!("{text}[[author]]\nname = \"Ada Example\"\n"),
    )
    .unwrap();
    let output = cellflux(home.path(), &["site", "check"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("wrong: index.html: holds \"Ada Example\""),
        "{told}"
    );
}

#[test]
fn one_file_of_a_site_with_several_pages_is_refused_by_their_names_and_nothing_is_written() {
    let home = small_site("[[page]]\nid = \"methods\"\ntitle = \"Methods\"\n");
    let error = refused(&cellflux(
        home.path(),
        &["site", "build", "--single", "page.html"],
    ));
    assert!(
        error.contains("site.toml:5: ") && error.contains("(methods.html)"),
        "{error}"
    );
    assert!(!home.path().join("page.html").exists());
}

#[test]
fn a_check_for_names_looks_through_every_page_and_file_and_finds_the_address_given_beside_it() {
    if !has_package() {
        return;
    }
    let home = small_site(
        "[[page]]\nid = \"more\"\ntitle = \"More\"\n[[page.section]]\nid = \"a\"\n\
        text = \"By ada@lab.example, see ada.example/cells.\"\n\
        [[author]]\nname = \"Ada Example\"\nemail = \"ada@lab.example\"\n",
    );
    let text = fs::read_to_string(home.path().join("site.toml")).unwrap();
    let text = text.replace(
        "title = \"A page\"",
        "anonymous = true\nstatic = \"static\"\ntitle = \"A page\"",
    );
    fs::write(home.path().join("site.toml"), text).unwrap();
    fs::create_dir(home.path().join("static")).unwrap();
    fs::write(home.path().join("static/CNAME"), "cells.ada.example\n").unwrap();
    fs::write(home.path().join("static/robots.txt"), "# cells.ada.example\n").unwrap();
    let output = cellflux(
        home.path(),
        &["site", "check", "--url", "https://ada.example/cells/"],
    );
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    for found in [
        "wrong: more.html: holds \"ada@lab.example\"",
        "wrong: more.html: holds \"ada.example/cells\"",
        "wrong: robots.txt: holds \"cells.ada.example\"",
        "static: CNAME is left out",
    ] {
        assert!(told.contains(found), "{found}: {told}");
    }
    assert!(!told.contains("wrong: CNAME"), "{told}");
}

#[test]
fn one_file_that_mail_would_refuse_is_written_only_when_it_is_forced() {
    if !has_package() {
        return;
    }
    let home = small_site("[[link]]\nlabel = \"Data\"\nhref = \"data.bin\"\n");
    fs::write(home.path().join("data.bin"), vec![7_u8; 19 << 20]).unwrap();
    let single = ["site", "build", "--single", "page.html"];
    let output = cellflux(home.path(), &single);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("page.html: would be ") && errors.contains("--force"),
        "{errors}"
    );
    assert!(!home.path().join("page.html").exists());
    let told = said(&cellflux(home.path(), &[&single[..], &["--force"]].concat()));
    assert!(told.starts_with("page.html: one file, "), "{told}");
}

#[test]
fn what_takes_a_while_is_told_before_it_begins_and_not_when_it_is_kept() {
    if !has_package() {
        return;
    }
    let home = small_site(
        "[precompute]\ncontrols = [\"synthetic-1\", \"synthetic-2\"]\ncompounds = [\"taxol\"]\nsteps = 2\n",
    );
    let told = || {
        let output = cellflux(home.path(), &["site", "build"]);
        said(&output);
        String::from_utf8(output.stderr).unwrap()
    };
    let first = told();
    for part in ["from synthetic-1 ...", "from synthetic-2 ...", "writing "] {
        assert!(first.contains(part), "{part}: {first}");
    }
    let again = told();
    assert!(
        !again.contains("computing ") && again.contains("writing "),
        "{again}"
    );
}
