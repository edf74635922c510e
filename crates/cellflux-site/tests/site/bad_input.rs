//! What authors get wrong: each is one sentence with the file and the line, and the earlier site stays.

use std::fs;
use std::path::Path;

use cellflux_bundle::folder;

use crate::parts::{LEAST, build, files, project};

/// Builds well once, then with a changed project: the error, without the folder's name. The first site must
/// have stayed.
fn refused(change: impl FnOnce(&Path)) -> String {
    let home = project("");
    build(home.path()).unwrap();
    let before = files(&home.path().join("dist"));
    change(home.path());
    let error = build(home.path()).unwrap_err().to_string();
    assert_eq!(files(&home.path().join("dist")), before, "{error}");
    let beside: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with(".writing-"))
        .collect();
    assert!(beside.is_empty(), "nothing half-made is left: {beside:?}");
    assert!(!error.contains('\n'), "{error}");
    error.replace(&format!("{}/", home.path().display()), "")
}

fn text(more: &str) -> impl FnOnce(&Path) + '_ {
    move |home| fs::write(home.join("site.toml"), format!("{LEAST}{more}")).unwrap()
}

#[test]
fn a_bundles_file_that_would_do_more_than_show_is_refused_by_name() {
    let doubled = |i: usize| {
        let half = format!(r##"<use href="#a{}"/>"##, i - 1);
        format!(r#"<g id="a{i}">{half}{half}</g>"#)
    };
    let bombs: Vec<String> = (1..40).map(doubled).collect();
    let bombs = bombs.concat();
    let svg = |inner: &str| format!(r#"<svg xmlns="http://www.w3.org/2000/svg">{inner}</svg>"#);
    for (path, content, reason) in [
        (
            "structures/a.svg",
            svg("<script>alert(1)</script>"),
            "an element <script>",
        ),
        (
            "structures/a.svg",
            svg(r#"<path onload="alert(1)"/>"#),
            "a script, onload",
        ),
        (
            "structures/a.svg",
            svg(&format!(
                r##"<defs><g id="a0"/>{bombs}</defs><use href="#a39"/>"##
            )),
            "an SVG that draws",
        ),
        (
            "page.html",
            "<script>alert(1)</script>".into(),
            "neither a picture",
        ),
        ("worker.js", "alert(1)".into(), "neither a picture"),
    ] {
        let error = refused(|home| {
            let folder = home.join("bundle");
            let bundle = folder::read(&folder).unwrap();
            let mut assets = folder::read_assets(&folder, &bundle.manifest).unwrap();
            assets.insert(path.into(), content.into_bytes());
            folder::write(&bundle.into_draft(assets).pack().unwrap(), &folder, true).unwrap();
        });
        assert!(
            error.starts_with("site.toml:3: bundle bundle: ")
                && error.contains(path)
                && error.contains(reason),
            "{error}"
        );
    }
}

#[test]
fn a_misspelt_key_is_answered_with_the_nearest() {
    assert_eq!(
        refused(text("dtyp = \"int8\"\n")),
        "site.toml:4: unknown name `dtyp`, did you mean `dtype`?"
    );
    assert_eq!(
        refused(text("[precompute]\ncompunds = []\n")),
        "site.toml:5: unknown name `compunds`, did you mean `compounds`?"
    );
    assert_eq!(
        refused(text(
            "[[precompute]]\ncompounds = []\n[[precompute]]\ncompunds = []\n"
        )),
        "site.toml:7: unknown name `compunds`, did you mean `compounds`?"
    );
    assert_eq!(
        refused(text(
            "[crops]\nsource = \"a\"\nlicence = \"b\"\nbundle = \"bundel\"\n"
        )),
        "site.toml:7: no bundle \"bundel\", did you mean \"bundle\"?"
    );
}

#[test]
fn a_component_says_what_it_does_not_know_with_the_line_in_its_file() {
    let section = "[[section]]\nid = \"a\"\nfile = \"a.md\"\n";
    for (markdown, expected) in [
        (
            "Hello.\n\n```{explorer}\ncompoud = \"taxol\"\n```\n",
            "a.md:4: unknown name `compoud`, did you mean \"compound\"?",
        ),
        (
            "```{strip}\ncompound = \"taxoll\"\n```\n",
            "a.md:2: bundle \"bundle\" has no compound \"taxoll\", did you mean \"taxol\"?",
        ),
        (
            "```{explorer}\nhide = [\"setings\"]\n```\n",
            "a.md:2: hide \"setings\", did you mean \"settings\"?",
        ),
        (
            "```{explorer}\nbundle = \"bundel\"\n```\n",
            "a.md:2: bundle \"bundel\", did you mean \"bundle\"?",
        ),
        (
            "```{explorer}\nalpha = 99\n```\n",
            "a.md:1: alpha is 99, expected",
        ),
        ("```{strip}\nsolver = \"eulr\"\n```\n", "a.md:2: "),
        (
            "```{sldier}\n```\n",
            "a.md:1: component \"sldier\", did you mean \"slider\"?",
        ),
        (
            "\n```{figure}\nfile = \"gone.png\"\nalt = \"x\"\n```\n",
            "a.md:3: gone.png: ",
        ),
        (
            "```{figure}\nfile = \"gone.png\"\n```\n",
            "a.md:2: missing field `alt`",
        ),
        ("![x](gone.png)\n", "a.md:1: gone.png: "),
        (
            "![x](https://cdn.example/x.png)\n",
            "a.md:1: picture https://cdn.example/x.png",
        ),
        ("```{table}\nfile = \"gone.csv\"\n```\n", "a.md:2: gone.csv: "),
        ("$\\nosuch x$\n", "a.md:1: formula"),
    ] {
        let error = refused(|home| {
            text(section)(home);
            fs::write(home.join("a.md"), markdown).unwrap();
        });
        assert!(error.starts_with(expected), "{markdown}: {error}");
    }
}

#[test]
fn a_missing_text_icon_or_bundle_is_named_with_its_line() {
    for (more, expected) in [
        (
            "[[section]]\nid = \"a\"\nfile = \"gone.md\"\n",
            "site.toml:6: gone.md: ",
        ),
        ("[[bundle]]\npath = \"gone\"\n", "site.toml:5: gone: "),
        (
            "[[bundle]]\npath = \"bundle\"\n",
            "site.toml:5: a second bundle called \"bundle\"",
        ),
        (
            "[[link]]\nlabel = \"x\"\nhref = \"gone.pdf\"\n",
            "site.toml:6: gone.pdf: ",
        ),
    ] {
        let error = refused(text(more));
        assert!(error.starts_with(expected), "{more}: {error}");
    }
}

#[test]
fn a_bundle_of_another_version_one_with_a_changed_file_and_one_without_licence_are_refused() {
    let manifest = |change: fn(&mut serde_json::Value)| {
        move |home: &Path| {
            let path = home.join("bundle/manifest.json");
            let mut value: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            change(&mut value);
            fs::write(path, value.to_string()).unwrap();
        }
    };
    let error = refused(manifest(|manifest| manifest["version"] = 2.into()));
    assert!(
        error.starts_with("site.toml:3: bundle bundle: ") && error.contains("version 1"),
        "{error}"
    );
    let error = refused(manifest(|manifest| {
        manifest["gallery"]["controls"][0]["licence"] = "".into();
    }));
    assert!(
        error.starts_with("site.toml:3: ") && error.contains("gallery.controls[0].licence"),
        "{error}"
    );
    let error = refused(manifest(|manifest| {
        manifest["provenance"]["data_set"]["citation"] = " ".into();
    }));
    assert!(
        error.starts_with("site.toml:3: ") && error.contains("citation"),
        "{error}"
    );
    let error = refused(|home| fs::write(home.join("bundle/samples/synthetic-1.png"), "another").unwrap());
    assert!(
        error.starts_with("site.toml:3: ") && error.contains("samples/synthetic-1.png"),
        "{error}"
    );
}

#[test]
fn html_in_markdown_is_shown_as_text_unless_it_is_allowed() {
    let section = "[[section]]\nid = \"a\"\ntext = \"<img src=x onerror=alert(1)>\"\n";
    let page = |more: &str| {
        let home = tempfile::tempdir().unwrap();
        let small = project("");
        fs::rename(small.path().join("bundle"), home.path().join("bundle")).unwrap();
        fs::write(home.path().join("site.toml"), format!("{more}{LEAST}{section}")).unwrap();
        build(home.path()).unwrap();
        fs::read_to_string(home.path().join("dist/index.html")).unwrap()
    };
    assert!(!page("").contains("<img src=x"));
    assert!(page("allow_html = true\n").contains("<img src=x"));
}

#[test]
fn an_output_folder_with_somebody_elses_files_is_refused() {
    let home = project("");
    fs::create_dir(home.path().join("dist")).unwrap();
    fs::write(home.path().join("dist/thesis.tex"), "years of work").unwrap();
    let error = build(home.path()).unwrap_err().to_string();
    assert!(
        error.contains("dist") && error.contains("holds other files"),
        "{error}"
    );
    assert_eq!(files(&home.path().join("dist")), ["thesis.tex"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let home = project("");
    // A file stands where the folder's parent should be: what a full or read-only disk looks like, also to
    // root.
    fs::write(home.path().join("dist"), "a file").unwrap();
    let error = build(home.path()).unwrap_err().to_string();
    assert!(error.contains("dist"), "{error}");
}

#[test]
fn what_is_wrong_with_several_texts_is_told_in_one_run_with_files_and_lines() {
    let sections = "[[section]]\nid = \"one\"\nfile = \"one.md\"\n\
        [[section]]\nid = \"gone\"\nfile = \"gone.md\"\n\
        [[section]]\nid = \"two\"\nfile = \"two.md\"\n";
    let home = project(&format!(
        "[[link]]\nlabel = \"Paper\"\nhref = \"paper.pdf\"\n{sections}"
    ));
    let one = "A [place](#nowhere).\n\n![words](missing.png)\n\n```{strip}\ncompound = \"nosuch\"\n```\n";
    fs::write(home.path().join("one.md"), one).unwrap();
    fs::write(home.path().join("two.md"), "# Head\n\n$\\nosuch$\n").unwrap();
    let error = build(home.path()).unwrap_err().to_string();
    let told: Vec<String> = error
        .lines()
        .map(|line| line.replace(&format!("{}/", home.path().display()), ""))
        .collect();
    let expected = [
        "one.md:3: missing.png",
        "one.md:6: ",
        "site.toml:12: gone.md",
        "two.md:3: formula",
        "site.toml:6: paper.pdf",
        "one.md:1: link #nowhere",
    ];
    assert_eq!(told.len(), expected.len(), "{error}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told} for {expected}");
    }
    assert!(!home.path().join("dist").exists());
}

#[test]
fn a_link_to_nowhere_is_found_by_the_check_with_its_line() {
    let home = project(
        "[[section]]\nid = \"one\"\ntext = \"\"\"\nSee [this](#one)\nand [that](#nowhere).\n\"\"\"\n",
    );
    let built = build(home.path()).unwrap();
    let findings = cellflux_site::check::check(&home.path().join("dist"), &built.links_inside).unwrap();
    let told: Vec<_> = findings
        .iter()
        .map(|finding| format!("{}: {}", finding.place, finding.problem))
        .filter(|told| told.contains("link #"))
        .collect();
    let [told] = told.as_slice() else {
        panic!("one link, found {told:?}");
    };
    assert!(told.contains("site.toml:8: link #nowhere"), "{told}");
}
