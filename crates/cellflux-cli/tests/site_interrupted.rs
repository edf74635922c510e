//! Builds that end early: killed at any moment, on a full disk, in a folder that may not be written. What was
//! published before is whole then, and the next build goes well.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

#[path = "common/files.rs"]
mod files;
#[path = "common/package.rs"]
mod package;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use files::{Files, content};
use package::has_package;

const COMMAND: &str = env!("CARGO_BIN_EXE_cellflux");

fn cellflux(home: &Path, arguments: &[&str]) -> Output {
    Command::new(COMMAND)
        .current_dir(home)
        .args(arguments)
        .output()
        .unwrap()
}

fn went_well(output: &Output) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
}

/// The same on a disk that takes no file of more than 50 kB: a write breaks off with an error, as on a full
/// one.
fn on_a_full_disk(home: &Path, arguments: &[&str]) -> Output {
    Command::new("sh")
        .current_dir(home)
        .args(["-c", "ulimit -f 100; trap '' XFSZ; exec \"$0\" \"$@\"", COMMAND])
        .args(arguments)
        .output()
        .unwrap()
}

fn write_site(home: &Path, title: &str) {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/bundles/bbbc021-tiny");
    let text = format!(
        "title = \"{title}\"\n[[bundle]]\npath = '{}'\n[[section]]\nid = \"a\"\ntext = \"\"\"\n\
        ```{{explorer}}\n```\n\"\"\"\n",
        bundle.display()
    );
    fs::write(home.join("site.toml"), text).unwrap();
}

/// A folder with a built site called One, which now calls itself Two; nothing where pkg/ is not built. Beside
/// it the files of both builds.
fn rewritten() -> Option<(tempfile::TempDir, Files, Files)> {
    if !has_package() {
        return None;
    }
    let home = tempfile::tempdir().unwrap();
    write_site(home.path(), "One");
    went_well(&cellflux(home.path(), &["site", "build"]));
    let one = content(&home.path().join("dist"));
    write_site(home.path(), "Two");
    went_well(&cellflux(home.path(), &["site", "build", "--out", "expected"]));
    let two = content(&home.path().join("expected"));
    assert!(one != two, "the title is on the page");
    Some((home, one, two))
}

/// Builds, and ends the command by force as soon as `when` holds; whether it had to be ended.
fn killed(home: &Path, when: impl Fn() -> bool) -> bool {
    let mut child = Command::new(COMMAND)
        .current_dir(home)
        .args(["site", "build"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    loop {
        if when() {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn a_build_that_is_killed_at_any_moment_leaves_the_old_site_whole_or_the_new_one() {
    let Some((home, one, two)) = rewritten() else {
        return;
    };
    let work = home.path().join(".writing-dist");
    let mut ended = 0;
    // From the first trace of the new site to the last file that is written before it takes its place.
    for file in [
        "lock",
        "new",
        "new/404.html",
        "new/digests.json",
        "new/index.html",
        "new/.cellflux-site",
    ] {
        let trace = work.join(file);
        ended += usize::from(killed(home.path(), || trace.exists()));
        let left = content(&home.path().join("dist"));
        assert!(left == one || left == two, "{file}: neither site is whole");
    }
    assert!(ended > 0, "no build was killed");
    went_well(&cellflux(home.path(), &["site", "build"]));
    assert!(content(&home.path().join("dist")) == two);
    assert!(!work.exists());
}

#[test]
fn on_a_full_disk_the_old_site_and_the_old_file_stay_and_the_reason_is_told() {
    let Some((home, one, _)) = rewritten() else {
        return;
    };
    went_well(&cellflux(
        home.path(),
        &["site", "build", "--single", "page.html"],
    ));
    let page = fs::read(home.path().join("page.html")).unwrap();
    write_site(home.path(), "Three");
    for arguments in [
        &["site", "build"][..],
        &["site", "build", "--single", "page.html"],
    ] {
        let output = on_a_full_disk(home.path(), arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        assert!(errors.contains("os error"), "{arguments:?}: {errors}");
        assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
    }
    assert!(content(&home.path().join("dist")) == one);
    assert!(fs::read(home.path().join("page.html")).unwrap() == page);
    assert!(
        !home.path().join(".writing-dist").exists(),
        "nothing half-made is left"
    );
}

#[test]
fn a_site_that_may_not_be_written_stays_and_is_named() {
    let Some((home, one, two)) = rewritten() else {
        return;
    };
    let dist = home.path().join("dist");
    fs::set_permissions(&dist, Permissions::from_mode(0o555)).unwrap();
    let output = cellflux(home.path(), &["site", "build"]);
    let left = content(&dist);
    // Root may write it, and a system may exchange such a folder for another.
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        assert!(left == two);
    } else {
        assert!(left == one && errors.contains("dist"), "{errors}");
    }
    let _ = fs::set_permissions(&dist, Permissions::from_mode(0o755));

    let shelf = home.path().join("shelf");
    fs::create_dir(&shelf).unwrap();
    fs::set_permissions(&shelf, Permissions::from_mode(0o555)).unwrap();
    if fs::create_dir(shelf.join("probe")).is_ok() {
        println!("skipped: this user may write every folder");
        return;
    }
    let output = cellflux(home.path(), &["site", "build", "--out", "shelf/dist"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("shelf"), "{errors}");
    fs::set_permissions(&shelf, Permissions::from_mode(0o755)).unwrap();
}
