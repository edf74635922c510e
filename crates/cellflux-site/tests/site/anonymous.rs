//! A page without names: what is left out, what is found, and that its links stay.

use std::fs;
use std::path::Path;

use cellflux_bundle::folder;
use cellflux_bundle::provenance::Training;
use cellflux_site::Project;
use cellflux_site::anonymous::{identifying, search};

use crate::parts::{build, files, project, published, read};

const PEOPLE: &str = "bibtex = \"@misc{example2026, author = {Ada Example}}\"\n\
    url = \"https://ada.code.example/cells/\"\ndoi = \"10.1000/secret\"\n";
const MORE: &str = "[[author]]\nname = \"Ada Example\"\naffiliations = [\"A University\"]\n\
    orcid = \"0000-0002-1825-0097\"\n[[link]]\nlabel = \"Code\"\nhref = \"https://code.example/ada/cells\"\n\
    [[section]]\nid = \"try\"\ntext = \"\"\"\n```{explorer}\ncompound = \"taxol\"\nalpha = 1.5\n```\n\"\"\"\n\
    [precompute]\ncompounds = [\"taxol\"]\n";

/// The project, with its authors, and with a command of training in the bundle.
fn named() -> tempfile::TempDir {
    let home = project("");
    let bundle = home.path().join("bundle");
    let mut packed = folder::read(&bundle).unwrap();
    packed.manifest.provenance.training = Some(Training {
        command: "train /home/ada/config.toml".into(),
        steps: 3,
        ..Training::default()
    });
    let assets = folder::read_assets(&bundle, &packed.manifest).unwrap();
    folder::write(&packed.into_draft(assets).pack().unwrap(), &bundle, true).unwrap();
    write(home.path(), "");
    home
}

fn write(home: &Path, settings: &str) {
    let text = format!("title = \"A title\"\n{settings}{PEOPLE}[[bundle]]\npath = \"bundle\"\n{MORE}");
    fs::write(home.join("site.toml"), text).unwrap();
}

/// What is wrong with the built site: the files, and what they hold.
fn found(home: &Path) -> Vec<String> {
    let project = Project::read(home).unwrap();
    let findings = search(&home.join("dist"), &identifying(&project).unwrap()).unwrap();
    let serious = findings.into_iter().filter(|finding| finding.serious);
    serious
        .map(|finding| format!("{}: {}", finding.place, finding.problem))
        .collect()
}

/// The link of the walk that the page's explorer shows.
fn link(page: &str) -> &str {
    let (_, rest) = page.split_once("preset=\"").unwrap();
    rest.split_once('"').unwrap().0
}

#[test]
fn an_anonymous_site_holds_no_name_of_its_sources_and_one_with_names_does() {
    let home = named();
    build(home.path()).unwrap();
    let with_names = found(home.path());
    assert!(
        with_names
            .iter()
            .any(|finding| finding.starts_with("index.html: holds \"Ada Example\"")),
        "{with_names:?}"
    );
    write(home.path(), "anonymous = true\n");
    build(home.path()).unwrap();
    assert_eq!(found(home.path()), [""; 0]);
    let manifest = fs::read_to_string(published(home.path()).join("manifest.json")).unwrap();
    assert!(!manifest.contains("/home/ada"), "{manifest}");
    folder::read(&published(home.path())).unwrap();
}

#[test]
fn a_name_in_the_authors_own_words_or_files_is_found_by_file_and_text() {
    let home = named();
    write(
        home.path(),
        "anonymous = true\nabstract = \"Thanks to Ada Example. [table](t.csv)\"\n",
    );
    fs::write(home.path().join("t.csv"), "by\nA University\n").unwrap();
    build(home.path()).unwrap();
    let found = found(home.path());
    assert!(
        found
            .iter()
            .any(|finding| finding.starts_with("index.html: holds \"Ada Example\"")),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|finding| finding.starts_with("files/t-") && finding.contains("\"A University\"")),
        "{found:?}"
    );
}

#[test]
fn a_page_that_gets_its_names_later_keeps_its_links() {
    let home = named();
    write(home.path(), "anonymous = true\n");
    build(home.path()).unwrap();
    let before = read(home.path(), "index.html");
    write(home.path(), "");
    build(home.path()).unwrap();
    let after = read(home.path(), "index.html");
    assert_eq!(link(&before), link(&after));
    assert!(!link(&after).is_empty());
    let embed = read(home.path(), "embed.html");
    assert!(embed.contains("\"name\":\"bundle\""), "{embed}");
}

/// A page of 200 x 100 points, and who drew it.
const PDF: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
    2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
    3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<<>>>>endobj\n\
    4 0 obj<</Length 20>>stream\n0 0 100 100 re f    \nendstream endobj\n\
    5 0 obj<</Author(Ada Example)>>endobj\n\
    trailer<</Root 1 0 R/Info 5 0 R>>\n%%EOF\n";

/// What the first page of the next test says.
const TEXT: &str = "As [@ex20] shows.\n\n```{works}\n[[work]]\ntitle = \"An earlier one\"\n\
    href = \"https://ada.example/earlier\"\nauthors = \"Ada Example\"\n[[work]]\ntitle = \"More\"\n\
    href = \"more.html\"\n```\n\n```{figure}\nfile = \"plot.pdf\"\nalt = \"a plot\"\n```\n";

#[test]
fn further_pages_other_works_citations_static_files_and_pdfs_say_nothing_or_are_found() {
    let home = named();
    let put = |path: &str, text: &str| fs::write(home.path().join(path), text).unwrap();
    put(
        "site.toml",
        "title = \"A title\"\nanonymous = true\nbibliography = \"refs.bib\"\nstatic = \"static\"\n\
         [[bundle]]\npath = \"bundle\"\n[[author]]\nname = \"Ada Example\"\nemail = \"ada@lab.example\"\n\
         [[section]]\nid = \"a\"\ntitle = \"A\"\nfile = \"a.md\"\n\
         [[page]]\nid = \"more\"\ntitle = \"More\"\n\
         [[page.section]]\nid = \"b\"\ntitle = \"B\"\nfile = \"b.md\"\n",
    );
    put(
        "refs.bib",
        "@article{ex20,\n  author = {Example, Ada},\n  title = {Cells},\n  journal = {Cell},\n  \
         year = {2020}\n}\n",
    );
    put("a.md", TEXT);
    put("b.md", "Words.\n");
    put("plot.pdf", PDF);
    fs::create_dir(home.path().join("static")).unwrap();
    put("static/CNAME", "cells.ada.example\n");
    put("static/robots.txt", "User-agent: *\n");
    let built = build(home.path()).unwrap();
    assert_eq!(found(home.path()), [""; 0]);
    for said in [
        "works: 1 left out",
        "plot.pdf is published as the picture",
        "CNAME is left out",
    ] {
        let count = built.advice.iter().filter(|note| note.contains(said)).count();
        assert_eq!(count, 1, "{said}: {:?}", built.advice);
    }
    let page = read(home.path(), "index.html");
    assert!(
        page.contains("<a href=\"more.html\">More</a>") && !page.contains("mailto:"),
        "{page}"
    );
    let published = files(&home.path().join("dist"));
    assert!(published.iter().any(|path| path == "robots.txt"), "{published:?}");
    assert!(
        !published
            .iter()
            .any(|path| path == "CNAME" || path.contains(".pdf")),
        "{published:?}"
    );

    put("b.md", "Write to ada@lab.example, as [@ex20] does.\n");
    put("static/robots.txt", "# cells.ada.example\n");
    build(home.path()).unwrap();
    let found = found(home.path());
    for expected in [
        "more.html: holds \"ada@lab.example\"",
        "robots.txt: holds \"cells.ada.example\"",
    ] {
        assert!(found.iter().any(|each| each.starts_with(expected)), "{found:?}");
    }
}
