//! What authors expect of a page beside its texts: who wrote it and where it is, large videos, and nothing
//! that reports its visitors.

use std::fs::{self, File};
use std::path::Path;

use cellflux_site::check::check_up_to;

use crate::parts::{LEAST, build, files, project, read};

/// How a section with a video begins.
const FILM: &str = "[[section]]\nid = \"a\"\ntext = '''\n```{video}\nfile = \"talk.webm\"\n\
    title = \"A talk\"\n";

fn written(site: &str) -> tempfile::TempDir {
    let home = project("");
    fs::write(home.path().join("site.toml"), site).unwrap();
    home
}

/// A `WebM` of so many bytes: its head, and nothing that a browser would play behind it.
fn film(home: &Path, bytes: u64) {
    let file = home.join("talk.webm");
    fs::write(&file, b"\x1a\x45\xdf\xa3\x01\x42\x82\x84webm").unwrap();
    File::options()
        .write(true)
        .open(file)
        .unwrap()
        .set_len(bytes)
        .unwrap();
}

#[test]
fn a_page_shows_its_doi_its_authors_orcid_and_whom_to_write_to_and_what_each_button_leads_to() {
    let mut site = format!(
        "doi = \"https://doi.org/10.1000/xyz\"\n{LEAST}[[author]]\nname = \"Ann Roe\"\n\
        orcid = \"0000-0002-1825-0097\"\nemail = \"ann@example.org\"\n"
    );
    let kinds = [
        "paper",
        "pdf",
        "code",
        "data",
        "video",
        "poster",
        "slides",
        "arxiv",
        "hugging-face",
        "supplement",
    ];
    for kind in kinds {
        site.push_str("[[link]]\n");
        site.extend([format!(
            "label = \"A {kind}\"\nhref = \"https://example.org/{kind}\"\nkind = \"{kind}\"\n"
        )]);
    }
    let home = written(&site);
    build(home.path()).unwrap();
    let page = read(home.path(), "index.html");
    for part in [
        "<a href=\"https://doi.org/10.1000/xyz\">doi:10.1000/xyz</a>",
        "href=\"https://orcid.org/0000-0002-1825-0097\"",
        "href=\"mailto:ann@example.org\"",
        "aria-label=\"Write to Ann Roe\"",
        "corresponding author",
        "name=\"citation_doi\" content=\"10.1000/xyz\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let drawings: Vec<&str> = kinds
        .iter()
        .map(|kind| {
            let (_, button) = page
                .split_once(&format!("<a href=\"https://example.org/{kind}\">"))
                .unwrap();
            let (drawing, _) = button.split_once("</svg>").unwrap();
            assert!(drawing.starts_with("<svg class=\"icon\""), "{kind}: {drawing}");
            drawing
        })
        .collect();
    for (at, drawing) in drawings.iter().enumerate() {
        assert!(
            !drawings[..at].contains(drawing),
            "{} looks like another",
            kinds[at]
        );
    }
}

#[test]
fn a_page_reports_its_visitors_to_nobody_and_has_no_feed_unless_the_author_adds_one() {
    let home = written(LEAST);
    build(home.path()).unwrap();
    for path in files(&home.path().join("dist")) {
        assert!(!path.contains(".rss") && !path.contains("feed.xml"), "{path}");
        if !path.contains(".html") {
            continue;
        }
        let page = read(home.path(), &path);
        assert!(!page.contains("application/rss+xml"), "{path}: {page}");
        for start in ["<script ", "<link rel=\"stylesheet\"", "<img "] {
            for element in page.split(start).skip(1) {
                let element = element.split('>').next().unwrap();
                assert!(!element.contains("=\"http"), "{path}: {element}");
            }
        }
    }
}

#[test]
fn a_video_over_24_mib_is_published_where_the_author_says_so_and_noted() {
    let section = format!("{FILM}```\n'''\n");
    let home = written(&format!("{LEAST}{section}"));
    film(home.path(), 25 << 20);
    let refused = build(home.path()).unwrap_err().to_string();
    assert!(refused.contains("largest_file_mib = 25"), "{refused}");

    fs::write(
        home.path().join("site.toml"),
        format!("largest_file_mib = 25\n{LEAST}{section}"),
    )
    .unwrap();
    let built = build(home.path()).unwrap();
    let findings = check_up_to(&home.path().join("dist"), &built.links_inside, built.largest_file).unwrap();
    let about: Vec<_> = findings
        .iter()
        .filter(|finding| finding.place.contains("talk-"))
        .collect();
    assert!(
        matches!(about.as_slice(), [note] if !note.serious && note.problem.contains("several hosts")),
        "{findings:?}"
    );
}

#[test]
fn a_poster_is_taken_at_a_time_that_is_one() {
    let home = written(&format!("{LEAST}{FILM}poster_at = -1\n```\n'''\n"));
    film(home.path(), 4096);
    let refused = build(home.path()).unwrap_err().to_string();
    assert!(
        refused.contains("site.toml:10: poster_at -1, expected seconds from 0"),
        "{refused}"
    );
}
