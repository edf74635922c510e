use std::fs;

use super::*;
use crate::config::Project;
use crate::new_site;

/// A page as the Nerfies template has it, with names and texts of this test.
const NERFIES: &str = r#"<!DOCTYPE html><html><head><meta charset="utf-8">
<meta name="description" content="Cells that move.">
<title>Moving Cells</title></head><body>
<nav><a class="navbar-item" href="https://example.org/home">Home</a></nav>
<section class="hero"><div class="hero-body">
<h1 class="title is-1 publication-title">Moving Cells: A <em>Study</em></h1>
<div class="is-size-5 publication-authors">
  <span class="author-block"><a href="https://example.org/ada">Ada One</a><sup>1</sup>,</span>
  <span class="author-block"><a href="https://orcid.org/0000-0002-1825-0097">Bo Two</a><sup>1,2*</sup>,</span>
  <span class="author-block">Cy O&#39;Three<sup>2†</sup></span>
</div>
<div class="is-size-5 publication-authors">
  <span class="author-block"><sup>1</sup>University of One, Oneville,</span>
  <span class="author-block"><sup>2</sup>Institute "Two"</span>
  <span class="eql-cntrb"><small><sup>*</sup>Indicates Equal Contribution</small></span>
</div>
<div class="column"><div class="publication-links">
  <span class="link-block"><a href="https://arxiv.org/pdf/1234.5678" class="button">
    <span class="icon"><i class="fas fa-file-pdf"></i></span><span>Paper</span></a></span>
  <span class="link-block"><a href="https://example.org/code"><span>Code</span></a></span>
  <span class="link-block"><a href="static/pdfs/supplementary.pdf"><span>Supplementary</span></a></span>
</div></div></section>
<section><h2 class="title is-3">Abstract</h2><div class="content">
<p>First   paragraph with $x_0 \to x_1$.</p><p>Second &amp; last.</p></div>
<div class="columns is-centered"><h2 class="title is-3">Video</h2>
<iframe src="https://example.org/v"></iframe></div>
<img src="a.png"><img src="b.png"></section>
<section id="BibTeX"><h2 class="title">BibTeX</h2><pre><code>@article{one2026,
  title = {Moving Cells}
}</code></pre></section></body></html>"#;

/// A page as the Academic project page template has it.
const ACADEMIC: &str = r#"<title>Academic Project Page</title>
<h1 class="title is-1 publication-title">A Title</h1>
<div class="is-size-5 publication-authors">
<span class="author-block"><a href="FIRST AUTHOR PERSONAL LINK">First Author</a><sup>*</sup>,</span>
<span class="author-block"><a href="https://example.org/b">Second Author</a><sup>*</sup>,</span></div>
<div class="is-size-5 publication-authors">
<span class="author-block">Institution Name<br>A Conference 2026</span>
<span class="eql-cntrb"><small><br><sup>*</sup>Indicates Equal Contribution</small></span></div>"#;

fn names(imported: &Imported) -> Vec<&str> {
    imported
        .authors
        .iter()
        .map(|author| author.name.as_str())
        .collect()
}

#[test]
fn authors_institutions_links_abstract_and_bibtex_of_a_nerfies_page_are_taken() {
    let page = of_html(NERFIES).unwrap();
    assert_eq!(page.title, "Moving Cells: A Study");
    assert_eq!(page.description, "Cells that move.");
    assert_eq!(names(&page), ["Ada One", "Bo Two", "Cy O'Three"]);
    let [ada, bo, cy] = page.authors.as_slice() else {
        panic!("{page:?}")
    };
    assert_eq!(ada.address.as_deref(), Some("https://example.org/ada"));
    assert_eq!(ada.affiliations, ["University of One, Oneville"]);
    assert_eq!(
        bo.affiliations,
        ["University of One, Oneville", "Institute \"Two\""]
    );
    assert_eq!([ada.equal, bo.equal, cy.equal], [false, true, false]);
    assert_eq!(cy.address, None);
    let links: Vec<(&str, Option<&str>)> = page
        .links
        .iter()
        .map(|link| (link.label.as_str(), link.kind))
        .collect();
    assert_eq!(
        links,
        [
            ("Paper", Some("pdf")),
            ("Code", Some("code")),
            ("Supplementary", None)
        ]
    );
    assert_eq!(
        page.summary,
        "First paragraph with $x_0 \\to x_1$.\n\nSecond & last."
    );
    assert!(page.bibtex.starts_with("@article{one2026,\n  title") && page.bibtex.ends_with('}'));
}

#[test]
fn what_is_not_taken_is_named() {
    let left = of_html(NERFIES).unwrap().left.join("\n");
    for named in [
        "mark \"†\" of Cy O'Three",
        "link \"Supplementary\" leads to \"static/pdfs/supplementary.pdf\"",
        "section \"Video\"",
        "pictures: 2",
        "frames: 1",
    ] {
        assert!(left.contains(named), "{named}: {left}");
    }
    assert!(!left.contains("Abstract") && !left.contains("BibTeX"), "{left}");
    let left = of_html("<h1>Only a title</h1>").unwrap().left.join("\n");
    for what in ["no authors", "no links", "no abstract", "no BibTeX"] {
        assert!(left.contains(what), "{left}");
    }
}

#[test]
fn an_academic_page_has_its_institution_for_all_its_venue_and_its_equal_authors() {
    let page = of_html(ACADEMIC).unwrap();
    assert_eq!(names(&page), ["First Author", "Second Author"]);
    assert_eq!(page.venue, "A Conference 2026");
    for author in &page.authors {
        assert_eq!(author.affiliations, ["Institution Name"]);
        assert!(author.equal);
    }
}

#[test]
fn a_site_begins_with_the_page_and_reads_back_as_it() {
    for html in [NERFIES, ACADEMIC] {
        let page = of_html(html).unwrap();
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("new");
        new_site::write_imported(&folder, &page, None).unwrap();
        let config = Project::read(&folder).unwrap().config;
        assert_eq!(config.title.get_ref(), &page.title);
        assert_eq!(config.venue, page.venue);
        assert_eq!(config.bibtex.trim(), page.bibtex);
        let summary = config.summary.map(|text| text.get_ref().trim().to_owned());
        assert_eq!(summary.unwrap_or_default(), page.summary);
        assert_eq!(config.authors.len(), page.authors.len());
        for (read, author) in config.authors.iter().zip(&page.authors) {
            assert_eq!((&read.name, read.equal), (&author.name, author.equal));
            assert_eq!(read.affiliations, author.affiliations);
        }
        assert!(config.authors.iter().any(|author| author.orcid.is_some()) || html == ACADEMIC);
        // A file of the page is not there yet: its button waits as a comment.
        let web = page.links.iter().filter(|link| link.href.starts_with("https://"));
        assert_eq!(config.links.len(), web.count());
        assert_eq!(config.bundles.len(), 1);
    }
}

#[test]
fn half_a_page_and_a_hostile_one_are_read_or_refused_in_a_sentence() {
    for end in (0..NERFIES.len())
        .filter(|end| NERFIES.is_char_boundary(*end))
        .step_by(7)
    {
        match of_html(&NERFIES[..end]) {
            Ok(page) => assert!(!page.title.is_empty()),
            Err(problem) => assert!(problem.contains("expected"), "{problem}"),
        }
    }
    let quotes = "<h1>a ''' \" \\ \u{1}b\u{202e}</h1><pre>@a{''' \" \\ \u{7} }</pre><span class=link-block>\
        <a href='javascript:alert(1)'>code\n[[author]]</a></span>";
    let page = of_html(quotes).unwrap();
    assert!(!page.title.contains('\u{1}') && !page.bibtex.contains('\u{7}'));
    let home = tempfile::tempdir().unwrap();
    new_site::write_imported(&home.path().join("new"), &page, None).unwrap();
    let config = Project::read(&home.path().join("new")).unwrap().config;
    assert_eq!(config.title.get_ref(), &page.title);
    assert!(config.links.is_empty() && config.authors.is_empty());
    let deep = format!(
        "<h1>x</h1><div class=publication-authors>{}y",
        "<b><i>".repeat(5000)
    );
    assert!(of_html(&deep).is_ok());
    let many = of_html(&"<p>".repeat(MOST_TAGS + 1)).unwrap_err();
    assert!(many.contains("tags"), "{many}");
    let long = of_html(&format!("<h1>{}</h1>", "word ".repeat(MOST_CHARACTERS))).unwrap();
    assert!(long.title.chars().count() <= MOST_CHARACTERS);
    assert!(of_html("").is_err() && of_html("\u{0}<<<>").is_err());
}

#[test]
fn a_file_an_index_in_a_folder_and_an_address_are_told_apart() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("index.html"), b"<h1>Caf\xe9</h1>").unwrap();
    assert!(read(home.path()).unwrap().title.starts_with("Caf"));
    let address = read(Path::new("https://example.org/")).unwrap_err().to_string();
    assert!(address.contains("save the page"), "{address}");
    assert!(read(&home.path().join("no.html")).is_err());
}
