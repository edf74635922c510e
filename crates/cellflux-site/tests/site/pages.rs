//! Sites of several pages, and what authors expect in them: numbers, citations, tabs, files of their own.

use std::fs::{self, File};
use std::path::Path;

use cellflux_site::Built;
use cellflux_site::check::check;
use cellflux_site::single::single;

use crate::parts::{build, files, project, read};

const BIB: &str = "@article{roe20,\n  author = {Roe, Ann},\n  title = {Cells},\n  journal = {Cell},\n  \
    year = {2020}\n}\n";

fn png(home: &Path, name: &str, width: u32, height: u32) {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 3) as u8, (y * 5) as u8, (x ^ y) as u8])
    });
    picture.save(home.join(name)).unwrap();
}

/// A project whose first page has this text, with more in its `site.toml` from the second line on.
fn with_text(text: &str, more: &str) -> tempfile::TempDir {
    let home = project("");
    let site = format!(
        "title = \"A title\"\n{more}[[bundle]]\npath = \"bundle\"\n[[section]]\nid = \"a\"\n\
        title = \"A\"\nfile = \"a.md\"\n"
    );
    fs::write(home.path().join("site.toml"), site).unwrap();
    fs::write(home.path().join("a.md"), text).unwrap();
    home
}

fn clean(home: &Path, built: &Built) {
    let serious: Vec<_> = check(&home.join("dist"), &built.links_inside)
        .unwrap()
        .into_iter()
        .filter(|finding| finding.serious)
        .collect();
    assert!(serious.is_empty(), "{serious:?}");
}

fn refused(text: &str, more: &str) -> String {
    let home = with_text(text, more);
    png(home.path(), "x.png", 8, 8);
    let error = build(home.path()).unwrap_err().to_string();
    error.replace(&format!("{}/", home.path().display()), "")
}

#[test]
fn a_second_page_has_its_own_ids_and_figures_of_the_other_are_referred_to() {
    let home = with_text(
        "See [the supplement](supplement.html#data) and @fig-late; here is @fig-first.\n\n```{figure}\n\
        file = \"x.png\"\nid = \"fig-first\"\nalt = \"x\"\ncaption = \"First.\"\n```\n",
        "url = \"https://lab.example\"\n",
    );
    let site = home.path().join("site.toml");
    let more = "[[page]]\nid = \"supplement\"\ntitle = \"Supplement\"\n[[page.section]]\nid = \"data\"\n\
        title = \"Data\"\ntext = \"\"\"\n```{figure}\nfile = \"x.png\"\nid = \"fig-late\"\nalt = \"x\"\n```\n\
        Back to @fig-first, and [down](#a).\n## More {#a}\n\"\"\"\n";
    let before = fs::read_to_string(&site).unwrap();
    fs::write(&site, before + more).unwrap();
    png(home.path(), "x.png", 8, 8);
    let built = build(home.path()).unwrap();
    clean(home.path(), &built);
    let (first, second) = (
        read(home.path(), "index.html"),
        read(home.path(), "supplement.html"),
    );
    for part in [
        "href=\"supplement.html#data\"",
        "href=\"supplement.html#fig-late\">Figure\u{a0}2</a>",
        "href=\"#fig-first\">Figure\u{a0}1</a>",
        "<figure id=\"fig-first\"",
        "<span class=\"number\">Figure\u{a0}1.</span> First.",
        "<a href=\"index.html\" aria-current=\"page\">",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert!(
        second.contains("href=\"index.html#fig-first\">Figure\u{a0}1</a>"),
        "{second}"
    );
    assert!(second.contains("<link rel=\"canonical\" href=\"https://lab.example/supplement.html\">"));
    assert!(read(home.path(), "sitemap.xml").contains("<loc>https://lab.example/supplement.html</loc>"));
}

#[test]
fn what_a_page_cites_is_listed_at_its_end_and_a_fault_in_the_file_is_told_with_its_line() {
    let more = "bibliography = \"refs.bib\"\n";
    let home = with_text("As @roe20 says [@roe20, p. 3].\n", more);
    fs::write(home.path().join("refs.bib"), BIB).unwrap();
    let built = build(home.path()).unwrap();
    clean(home.path(), &built);
    let page = read(home.path(), "index.html");
    assert!(
        page.contains("href=\"#ref-roe20\"") && page.contains("<li id=\"ref-roe20\">"),
        "{page}"
    );
    assert!(page.contains("<h2>References</h2>"), "{page}");

    fs::write(home.path().join("a.md"), "As [@roe21].\n").unwrap();
    let error = build(home.path()).unwrap_err().to_string();
    assert!(
        error.contains("a.md:1: ") && error.contains("did you mean \"roe20\"?"),
        "{error}"
    );
    fs::write(
        home.path().join("refs.bib"),
        "@article{roe20,\n  title = {Cells},\n",
    )
    .unwrap();
    let error = build(home.path()).unwrap_err().to_string();
    assert!(
        error.contains("refs.bib:") && error.contains("\"roe20\""),
        "{error}"
    );
}

#[test]
fn every_part_of_a_text_is_on_the_page_without_a_script() {
    let home = with_text(
        "```{contents}\n```\n\n````{tabs}\n[[tab]]\ntitle = \"One\"\ntext = \"*first*\"\n[[tab]]\n\
        title = \"Two\"\ntext = \"second\"\n````\n\n```{columns}\n[[column]]\ntext = \"left\"\n[[column]]\n\
        text = \"right\"\n```\n\n```{callout}\nkind = \"warning\"\ntext = \"Mind the step.\"\n```\n\n\
        ```{carousel}\nlabel = \"Cells\"\n[[slide]]\nfile = \"x.png\"\nalt = \"one\"\n[[slide]]\n\
        file = \"y.png\"\nalt = \"two\"\n```\n\n```{compare}\nbefore = \"x.png\"\nafter = \"y.png\"\n\
        before_alt = \"x\"\nafter_alt = \"y\"\n```\n\n```{downloads}\n[[file]]\npath = \"data.csv\"\n\
        label = \"Data\"\nlicence = \"CC0\"\n```\n\n```{works}\n[[work]]\ntitle = \"Before\"\n\
        href = \"https://example.org\"\n```\n",
        "teaser = \"Look at this.\"\nabstract = \"What was done.\"\n",
    );
    png(home.path(), "x.png", 16, 8);
    png(home.path(), "y.png", 16, 8);
    fs::write(home.path().join("data.csv"), "a\n1\n").unwrap();
    let built = build(home.path()).unwrap();
    clean(home.path(), &built);
    let page = read(home.path(), "index.html");
    for part in [
        "<em>first</em>",
        "second",
        "<div class=\"component columns columns-2\">",
        "Mind the step.",
        "role=\"note\" aria-label=\"Warning\"",
        "<cellflux-compare data-line=",
        "href=\"#a\">A</a>",
        "SHA-256 ",
        "web/article/article-",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.find("Look at this.").unwrap() < page.find("What was done.").unwrap());
    let plain = with_text("Words.", "");
    build(plain.path()).unwrap();
    assert!(
        !files(&plain.path().join("dist"))
            .iter()
            .any(|path| path.contains("article"))
    );
}

#[test]
fn a_search_knows_all_pages_and_brings_its_script_to_the_page_that_has_it_only() {
    let more = "[[page]]\nid = \"late\"\ntitle = \"Late\"\n[[page.section]]\nid = \"b\"\ntext = \"x\"\n";
    let home = with_text("```{search}\n```\n", "");
    let site = home.path().join("site.toml");
    let before = fs::read_to_string(&site).unwrap();
    fs::write(&site, before + more).unwrap();
    let built = build(home.path()).unwrap();
    clean(home.path(), &built);
    let page = read(home.path(), "index.html");
    for part in [
        "<cellflux-search class=\"component search\" data-here=\"index.html\"",
        "data-pages=\"index.html late.html\"",
        "data-label=\"Search this site\"",
        "web/article/article-",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!read(home.path(), "late.html").contains("web/article/article-"));
    let error = refused("```{search}\npages = 1\n```\n", "");
    assert!(error.contains("a.md:2: unknown field `pages`"), "{error}");
}

#[test]
fn pictures_are_published_in_several_widths_where_the_author_asks_for_it() {
    let text = "```{figure}\nfile = \"x.png\"\nalt = \"x\"\nenlarge = true\n```\n";
    let home = with_text(text, "[pictures]\nwidths = [64]\n");
    png(home.path(), "x.png", 120, 80);
    let built = build(home.path()).unwrap();
    clean(home.path(), &built);
    let page = read(home.path(), "index.html");
    assert!(
        page.contains("srcset=\"files/x-") && page.contains(" 64w"),
        "{page}"
    );
    assert!(
        page.contains("width=\"120\" height=\"80\"") && page.contains("class=\"enlarge\""),
        "{page}"
    );
    let plain = with_text("```{figure}\nfile = \"x.png\"\nalt = \"x\"\n```\n", "");
    png(plain.path(), "x.png", 120, 80);
    build(plain.path()).unwrap();
    assert!(!read(plain.path(), "index.html").contains("srcset"));
}

#[test]
fn files_of_the_author_s_keep_their_names_and_may_not_take_the_build_s() {
    let home = with_text("Words.", "static = \"static\"\n[theme]\ncss = \"own.css\"\n");
    fs::create_dir(home.path().join("static")).unwrap();
    fs::write(home.path().join("static/CNAME"), "cells.example.org\n").unwrap();
    fs::write(home.path().join("own.css"), "h1 { color: teal; }\n").unwrap();
    build(home.path()).unwrap();
    build(home.path()).unwrap();
    assert_eq!(read(home.path(), "CNAME"), "cells.example.org\n");
    let sheet = files(&home.path().join("dist"))
        .into_iter()
        .find(|path| path.starts_with("theme-"))
        .unwrap();
    assert!(read(home.path(), &sheet).contains("color: teal"));
    fs::create_dir_all(home.path().join("static/pkg")).unwrap();
    let taken = files(&home.path().join("dist"))
        .into_iter()
        .find(|path| path.starts_with("pkg/THIRD_PARTY"))
        .unwrap();
    fs::write(home.path().join("static").join(&taken), "x").unwrap();
    let error = build(home.path()).unwrap_err().to_string();
    assert!(
        error.contains("the build itself writes") && error.contains(&taken),
        "{error}"
    );
}

#[test]
fn what_an_author_gets_wrong_is_answered_in_words_that_help() {
    let tabs = "```{tabs}\n[[tab]]\ntitle = \"One\"\ntext = \"x\"\n```\n";
    for (text, more, expected) in [
        (tabs, "", "a.md:1: tabs: expected two or more"),
        (
            "```{video}\nfile = \"https://www.youtube.com/watch?v=x\"\ntitle = \"t\"\n```\n",
            "",
            "a player of that site would report every visitor",
        ),
        ("See @fig-none.", "", "a.md:1: @fig-none: nothing has this id"),
        (
            "```{figure}\nfile = \"x.png\"\nid = \"picture\"\nalt = \"x\"\n```\n",
            "",
            "a.md:3: id \"picture\", expected fig-, tbl-, vid- or eq-",
        ),
        (
            "x",
            "citation_style = \"natur\"\n",
            "site.toml:2: citation_style \"natur\", did you mean",
        ),
        (
            "x",
            "[pictures]\nwidths = [1]\n",
            "site.toml:3: width 1, expected from 64",
        ),
        (
            "x",
            "largest_file_mib = 1\n",
            "site.toml:2: largest_file_mib 1, expected from 24",
        ),
        (
            "x",
            "[[page]]\nid = \"index\"\ntitle = \"t\"\n",
            "site.toml:3: page id \"index\" is the site's own",
        ),
        ("x", "teaser = \"unfinished\n", "site.toml:2: "),
    ] {
        let error = refused(text, more);
        assert!(error.contains(expected), "{text} {more}: {error}");
    }
}

#[test]
fn a_video_of_200_mib_is_refused_with_what_to_do_and_a_blank_in_a_name_is_no_fault() {
    let home = with_text("```{video}\nfile = \"talk.mp4\"\ntitle = \"t\"\n```\n", "");
    File::create(home.path().join("talk.mp4"))
        .unwrap()
        .set_len(200 << 20)
        .unwrap();
    let error = build(home.path()).unwrap_err().to_string();
    for part in ["200.0 MiB", "largest_file_mib = 200", "ffmpeg"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let home = with_text(
        "```{figure}\nfile = \"fig 1.png\"\nalt = \"x\"\n```\n\n![x](<fig 1.png>)\n",
        "",
    );
    png(home.path(), "fig 1.png", 8, 8);
    let built = build(home.path()).unwrap();
    clean(home.path(), &built);
}

#[test]
fn captions_of_the_model_s_pictures_state_scale_and_channels_wherever_they_stand() {
    let strip = "text = \"\"\"\n```{strip}\ncompound = \"taxol\"\n```\n\"\"\"\n";
    let home = with_text(
        &format!(
            "````{{tabs}}\n[[tab]]\ntitle = \"One\"\n{strip}[[tab]]\ntitle = \"Two\"\ntext = \"x\"\n````\n\n\
             ````{{columns}}\n[[column]]\n{strip}[[column]]\ntext = \"x\"\n````\n"
        ),
        "",
    );
    let built = build(home.path()).unwrap();
    clean(home.path(), &built);
    let page = read(home.path(), "index.html");
    let scales = page.matches("Scale not known").count() + page.matches(" µm wide").count();
    assert_eq!(scales, 2, "{page}");
}

#[test]
fn one_file_holds_tabs_rows_of_pictures_one_width_of_each_and_files_under_their_names() {
    let home = with_text(
        "```{tabs}\n[[tab]]\ntitle = \"One\"\ntext = \"first\"\n[[tab]]\ntitle = \"Two\"\n\
        text = \"second\"\n```\n\n```{carousel}\nlabel = \"Cells\"\n[[slide]]\nfile = \"x.png\"\n\
        alt = \"one\"\n[[slide]]\nfile = \"y.png\"\nalt = \"two\"\n```\n\n```{compare}\n\
        before = \"x.png\"\nafter = \"y.png\"\nbefore_alt = \"x\"\nafter_alt = \"y\"\n```\n\n\
        ```{downloads}\n[[file]]\npath = \"data.csv\"\nlabel = \"Data\"\n```\n",
        "[pictures]\nwidths = [64, 96]\nenlarge = true\n",
    );
    png(home.path(), "x.png", 120, 80);
    png(home.path(), "y.png", 120, 80);
    fs::write(home.path().join("data.csv"), "a\n1\n").unwrap();
    build(home.path()).unwrap();
    let html = single(&home.path().join("dist")).unwrap();
    for part in ["href=\"files/", "src=\"files/", "srcset=\"files/"] {
        assert!(!html.contains(part), "{part}: {html}");
    }
    for part in ["<cellflux-tabs ", "<cellflux-carousel ", "<cellflux-compare "] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let sets: Vec<&str> = html
        .split("srcset=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(
        !sets.is_empty() && sets.iter().all(|set| set.matches("data:").count() == 1),
        "{sets:?}"
    );
    assert_eq!(html.matches("download=\"data").count(), 1, "{html}");
    assert!(html.contains("download=\"data.csv\">Data</a>"), "{html}");
}
