//! Thirty faults, each planted alone into a sound project: `cellflux site check` must find every one, where
//! it is, and in words that say what was expected.

use std::fs::{self, File};
use std::path::Path;

use cellflux_site::SiteError;
use cellflux_site::check::{Finding, check_up_to};

use crate::parts::{build, project};

const SITE: &str = "title = \"A title\"\nurl = \"https://lab.example\"\ndate = \"2026-07-13\"\n\
    doi = \"10.1000/xyz\"\nbibliography = \"refs.bib\"\n[[author]]\nname = \"Ann Roe\"\n\
    orcid = \"0000-0002-1825-0097\"\n[[link]]\nlabel = \"Data\"\nhref = \"data.csv\"\n[[bundle]]\n\
    path = \"bundle\"\n[[section]]\nid = \"a\"\ntitle = \"A\"\nfile = \"a.md\"\n[[section]]\nid = \"b\"\n\
    title = \"B\"\nfile = \"b.md\"\n";
const TEXT: &str = "See @fig-cell and [the end](#b), as [@roe20] says.\n\n```{figure}\nid = \"fig-cell\"\n\
    file = \"x.png\"\nalt = \"A cell\"\n```\n";
const BIB: &str = "@article{roe20,\n  author = {Roe, Ann},\n  title = {Cells},\n  journal = {Cell},\n  \
    year = {2020}\n}\n";

/// How a fault gets into the project.
enum Plant {
    /// Into `site.toml`, in place of a part of it.
    Site(&'static str, &'static str),
    /// At the end of the first section's text.
    Text(&'static str),
    /// The same as HTML, which the author allows.
    Html(&'static str),
    /// In another way.
    With(fn(&Path)),
}

/// A fault, the file or place that must be named, and words that must be said.
type Fault = (Plant, &'static str, &'static str);

fn manifest(home: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let path = home.join("bundle/manifest.json");
    let mut value: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

const FAULTS: [Fault; 30] = [
    // site.toml
    (
        Plant::Site("path = \"bundle\"", "path = \"bundle\"\ndtyp = \"int8\""),
        "site.toml:14",
        "did you mean `dtype`?",
    ),
    (
        Plant::Site("title = \"A title\"", "title = \"A tit"),
        "site.toml:1",
        "",
    ),
    (
        Plant::Site("id = \"b\"", "id = \"a\""),
        "site.toml:19",
        "a second section with the id \"a\"",
    ),
    (
        Plant::Site("https://lab.example", "lab.example"),
        "site.toml:2",
        "starts with https://",
    ),
    (
        Plant::Site("2026-07-13", "13 July 2026"),
        "site.toml:3",
        "expected YYYY",
    ),
    (Plant::Site("0097", "0098"), "site.toml:", "mistyped"),
    (
        Plant::Site("10.1000/xyz", "ICML 2026"),
        "site.toml:",
        "expected one such as 10.",
    ),
    (
        Plant::Site("href = \"data.csv\"", "href = \"gone.csv\""),
        "site.toml:11",
        "gone.csv",
    ),
    (
        Plant::Site("title = \"A title\"", "title = \"A title\"\nlanguage = \"tlh\""),
        "site.toml:2",
        "the page's own words are in en",
    ),
    (
        Plant::Site(
            "path = \"bundle\"",
            "path = \"bundle\"\n[[bundle]]\npath = \"bundle\"",
        ),
        "site.toml:15",
        "a second bundle called \"bundle\"",
    ),
    // The bundle
    (
        Plant::With(|home| manifest(home, |manifest| manifest["version"] = 2.into())),
        "site.toml:13",
        "version 1",
    ),
    (
        Plant::With(|home| fs::write(home.join("bundle/samples/synthetic-1.png"), "another").unwrap()),
        "site.toml:13",
        "samples/synthetic-1.png",
    ),
    (
        Plant::With(|home| {
            manifest(home, |manifest| {
                manifest["gallery"]["controls"][0]["licence"] = "".into();
            });
        }),
        "site.toml:13",
        "gallery.controls[0].licence",
    ),
    // The texts
    (Plant::Text("![A cell](gone.png)"), "a.md:9", "gone.png"),
    (
        Plant::Text("![A cell](https://cdn.example/x.png)"),
        "a.md:9",
        "pages ask no other site for anything",
    ),
    (Plant::Text("![](x.png)"), "a.md:9", "a picture without words"),
    (Plant::Text("[there](#nowhere)"), "a.md:9", "link #nowhere"),
    (Plant::Text("$\\nosuch x$"), "a.md:9", "formula"),
    (
        Plant::Text("```{sldier}\n```"),
        "a.md:9",
        "did you mean \"slider\"?",
    ),
    (
        Plant::Text("```{strip}\ncompound = \"taxoll\"\n```"),
        "a.md:10",
        "did you mean \"taxol\"?",
    ),
    (Plant::Text("See @fig-none."), "a.md:9", "nothing has this id"),
    (Plant::Text("As [@roe21]."), "a.md:9", "did you mean \"roe20\"?"),
    (
        Plant::With(|home| {
            fs::write(home.join("refs.bib"), "@article{roe20,\n  title = {Cells},\n").unwrap();
        }),
        "refs.bib:",
        "\"roe20\"",
    ),
    (
        Plant::Text("```{video}\nfile = \"https://youtu.be/x\"\ntitle = \"A talk\"\n```"),
        "a.md:10",
        "would report every visitor",
    ),
    (
        Plant::With(|home| {
            let video = File::create(home.join("talk.mp4")).unwrap();
            video.set_len(200 << 20).unwrap();
            append(home, "```{video}\nfile = \"talk.mp4\"\ntitle = \"A talk\"\n```");
        }),
        "a.md:10",
        "200.0 MiB",
    ),
    (
        Plant::Text("```{figure}\nfile = \"x.png\"\n```"),
        "a.md:10",
        "missing field `alt`",
    ),
    // HTML of the author's, which only the finished page shows
    (
        Plant::Html("<script src=\"https://cdn.example/x.js\"></script>"),
        "index.html",
        "pages ask no other site for anything",
    ),
    (
        Plant::Html("<p><img src=\"x.png\"></p>"),
        "index.html",
        "expected an alt text",
    ),
    (
        Plant::Html("<p id=\"b\">The end?</p>"),
        "index.html",
        "two elements with the id \"b\"",
    ),
    (
        Plant::Html("<h5>Deep</h5>"),
        "index.html",
        "a heading of level 5 after one of level 2",
    ),
];

fn append(home: &Path, more: &str) {
    fs::write(home.join("a.md"), format!("{TEXT}\n{more}\n")).unwrap();
}

fn sound() -> tempfile::TempDir {
    let home = project("");
    fs::write(home.path().join("site.toml"), SITE).unwrap();
    fs::write(home.path().join("a.md"), TEXT).unwrap();
    fs::write(home.path().join("b.md"), "The end.\n").unwrap();
    fs::write(home.path().join("refs.bib"), BIB).unwrap();
    fs::write(home.path().join("data.csv"), "a,b\n1,2\n").unwrap();
    let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([9, 9, 9]));
    picture.save(home.path().join("x.png")).unwrap();
    home
}

impl Plant {
    fn sow(&self, home: &Path) {
        match self {
            Self::Site(part, instead) => {
                assert!(SITE.contains(part), "{part}");
                fs::write(home.join("site.toml"), SITE.replacen(part, instead, 1)).unwrap();
            }
            Self::Text(more) => append(home, more),
            Self::Html(more) => {
                fs::write(home.join("site.toml"), format!("allow_html = true\n{SITE}")).unwrap();
                append(home, more);
            }
            Self::With(change) => change(home),
        }
    }
}

/// What `cellflux site check` finds and calls wrong.
fn found(home: &Path) -> Vec<Finding> {
    let findings = match build(home) {
        Ok(built) => check_up_to(&home.join("dist"), &built.links_inside, built.largest_file).unwrap(),
        Err(error @ (SiteError::At { .. } | SiteError::Several { .. })) => {
            error.each().iter().map(Finding::of).collect()
        }
        Err(error) => panic!("{error}"),
    };
    findings.into_iter().filter(|finding| finding.serious).collect()
}

#[test]
fn a_check_finds_each_of_thirty_planted_faults_and_nothing_in_the_sound_project() {
    let sound_findings = found(sound().path());
    assert!(sound_findings.is_empty(), "{sound_findings:?}");
    let mut missed = Vec::new();
    for (plant, place, words) in &FAULTS {
        let (place, words) = (*place, *words);
        let home = sound();
        plant.sow(home.path());
        let findings = found(home.path());
        let is_it = |finding: &Finding| {
            let is_there =
                finding.place.ends_with(place) || (place.ends_with(':') && finding.place.contains(place));
            is_there && finding.problem.contains(words)
        };
        if !findings.iter().any(is_it) {
            missed.push(format!("{place} {words:?}: {findings:?}"));
        }
    }
    assert!(
        missed.is_empty(),
        "{} of {} were missed:\n{}",
        missed.len(),
        FAULTS.len(),
        missed.join("\n")
    );
}
