//! A whole site in one HTML file, which opens from a disk: for supplements, learning platforms, mail.
//!
//! ```text
//! built site ─┬─ pictures, fonts, sheets ─▶ data: addresses, one <style>        (page)
//!             ├─ modules ─▶ one script, a script for each worker                (modules)
//!             └─ bundle, recorded walks, WebAssembly ─▶ blocks of packed data
//! ```
//!
//! The page's own modules run as they are. Their `fetch` and `Worker` are of this file
//! (`templates/single/`): they find everything in the blocks. A policy of the file's own allows the one
//! script and the one style sheet by their digests, workers from blobs, and nothing else.

mod modules;
mod page;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::config::{self, Project};
use crate::error::SiteError;
use crate::fingerprint::is_digest;
use crate::site_files::in_folder;
use page::{Page, body, head, sheet};

/// Bytes of a file that mail and learning platforms usually take.
pub const LIMIT: usize = 24 << 20;

/// The page that is made into one file.
const INDEX: &str = "index.html";

/// Workers' own modules, without their digests.
const WORKERS: [&str; 2] = ["web/worker", "web/lab/lab_worker"];

/// Modules of the page that have nothing to do here: they fetch, or keep the page for later.
const LEFT_OUT: [&str; 2] = ["web/unstarted", "web/offline"];

/// The module that lists what workers are made of, and this list where they are made of one script.
const INTEGRITY: (&str, &str) = (
    "web/integrity",
    "export const WORKER_MODULES = [];\nexport const LAB_WORKER_MODULES = [];\n",
);

/// Refuses a project that is not one page.
///
/// # Errors
/// [`SiteError::At`] at the first `[[page]]`, with the names of all.
pub fn is_one_page(project: &Project) -> Result<(), SiteError> {
    let pages = &project.config.pages;
    let Some(first) = pages.first() else {
        return Ok(());
    };
    let names: Vec<String> = pages.iter().map(config::Page::file).collect();
    Err(project.source.wrong(
        &first.id.span(),
        format!(
            "`--single` writes one page, and this site has further ones ({}): make their sections part of \
             the first page, or publish the folder",
            names.join(", ")
        ),
    ))
}

/// What one file does without that the project's folder of a site has, as sentences with their place.
pub fn left_out(project: &Project) -> Vec<String> {
    let folder = project.config.static_files.iter();
    folder
        .map(|folder| {
            format!(
                "{}: static: its files are for a host and no part of one file",
                project.source.place(folder.span().start)
            )
        })
        .collect()
}

/// The site in a folder, as one HTML file.
///
/// # Errors
/// [`SiteError::Missing`] for a folder without a page, [`SiteError::Part`] for what one file cannot hold,
/// [`SiteError::Module`] for a module of the page that cannot be linked, [`SiteError::Io`].
pub fn single(folder: &Path) -> Result<String, SiteError> {
    let mut site = BTreeMap::new();
    for (path, file) in in_folder(folder)? {
        let content = fs::read(&file).map_err(SiteError::io(&file))?;
        site.insert(path, content);
    }
    if !site.contains_key(INDEX) {
        return Err(SiteError::Missing {
            path: folder.join(INDEX),
            expected: "the page of a built site",
        });
    }
    of_files(&site)
}

fn of_files(site: &BTreeMap<String, Vec<u8>>) -> Result<String, SiteError> {
    let html = text(site, INDEX)?;
    let (above, below) = html
        .split_once("</head>")
        .ok_or_else(|| wrong(INDEX, "expected </head>"))?;
    let (below, end) = below
        .rsplit_once("</body>")
        .ok_or_else(|| wrong(INDEX, "expected </body>"))?;
    let Page {
        before_policy,
        after_policy,
        sheets,
        scripts,
        address,
    } = head(above, site)?;
    let sheets: Vec<String> = sheets
        .iter()
        .map(|path| sheet(path, site))
        .collect::<Result<_, _>>()?;
    let style = sheets.concat();
    if style.contains("</style") {
        return Err(wrong(INDEX, "a style sheet that ends its own element"));
    }
    let mut code = site.clone();
    if let Some(path) = named(site, INTEGRITY.0) {
        code.insert(path.to_owned(), INTEGRITY.1.into());
    }
    let entries: Vec<&str> = scripts
        .iter()
        .map(String::as_str)
        .filter(|path| !LEFT_OUT.iter().any(|stem| named(site, stem) == Some(*path)))
        .collect();
    let script = whole_script(
        include_str!("../../templates/single/page.js"),
        &modules::linked(&code, &entries)?,
    );
    let mut blocks = String::new();
    for path in WORKERS.iter().filter_map(|stem| named(site, stem)) {
        let worker = whole_script(
            include_str!("../../templates/single/worker.js"),
            &modules::linked(&code, &[path])?,
        );
        blocks.push_str(&block(path, worker.as_bytes()));
    }
    if !blocks.is_empty() {
        for (path, content) in site.iter().filter(|(path, _)| is_fetched(path)) {
            blocks.push_str(&block(path, &packed(content)));
        }
    }
    let body = body(below, site, address.as_deref())?;
    Ok(format!(
        "{before_policy}{}{after_policy}    <style>{style}</style>\n  </head>{body}{blocks}\
         <script>{script}</script>\n  </body>{end}",
        policy(&script, &style)
    ))
}

/// What this file may run and load. Blocks of data are no scripts to a browser.
fn policy(script: &str, style: &str) -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{}' \
         'wasm-unsafe-eval'; style-src 'sha256-{}'; img-src blob: data:; font-src data:; media-src blob: \
         data:; worker-src blob:; base-uri 'none'; form-action 'none'\">",
        digest(script),
        digest(style)
    )
}

/// A script of this file: what its modules find their files with, then the modules. Nothing in it ends the
/// element that it stands in.
fn whole_script(finding: &str, linked: &str) -> String {
    let files = include_str!("../../templates/single/files.js");
    format!("'use strict';\n(() => {{\n{files}\n{finding}\n{linked}}})();\n")
        .replace("</script", "<\\/script")
        .replace("<!--", "<\\!--")
}

fn block(path: &str, content: &[u8]) -> String {
    format!(
        "<script type=\"text/plain\" data-path=\"{path}\">{}</script>\n",
        STANDARD.encode(content)
    )
}

/// By gzip, the same bytes for the same content.
fn packed(content: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    // Writing into memory cannot fail.
    let _ = packed.write_all(content);
    packed.finish().unwrap_or_default()
}

/// Whether modules fetch a file while they run.
fn is_fetched(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or_default();
    match path.split('/').next() {
        Some("bundles" | "recorded") => true,
        Some("pkg") => extension == "wasm",
        Some("web") => extension == "css",
        _ => false,
    }
}

/// The module that had this name, without `.js`, before a digest of its content was written into it.
fn named<'a>(site: &'a BTreeMap<String, Vec<u8>>, stem: &str) -> Option<&'a str> {
    let has_digest = |path: &&String| {
        let digits = path
            .strip_prefix(stem)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| rest.strip_suffix(".js"));
        digits.is_some_and(is_digest)
    };
    site.keys().find(has_digest).map(String::as_str)
}

fn text<'a>(site: &'a BTreeMap<String, Vec<u8>>, path: &str) -> Result<&'a str, SiteError> {
    let content = site.get(path).ok_or_else(|| wrong(path, "is not in the site"))?;
    std::str::from_utf8(content).map_err(|_| wrong(path, "expected a text in UTF-8"))
}

fn wrong(path: &str, problem: impl Into<String>) -> SiteError {
    SiteError::Part {
        path: path.to_owned(),
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(index: &str) -> BTreeMap<String, Vec<u8>> {
        [
            ("index.html", index),
            ("web/page-0123456789.js", "const end = '</script>';\nexport {};\n"),
            ("web/unstarted-0123456789.js", "fetch('x');\n"),
            (
                "web/worker-0123456789.js",
                "import { a } from '../pkg/w-0123456789.js';\nself.b = a;\n",
            ),
            ("pkg/w-0123456789.js", "export const a = 1;\n"),
            ("pkg/w_bg-0123456789.wasm", "\0asm"),
            (
                "web/styles/page-0123456789.css",
                "@import url('./t-0123456789.css');\nb {}\n",
            ),
            (
                "web/styles/t-0123456789.css",
                "a { src: url('../f-0123456789.woff2') }\n",
            ),
            ("web/f-0123456789.woff2", "wOF2"),
            ("files/a-0123456789.png", "png"),
            ("bundles/b-0123456789/manifest.json", "{}"),
        ]
        .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
        .into()
    }

    const INDEX: &str = "<!doctype html>\n<html lang=\"en\">\n  <head>\n    <meta charset=\"utf-8\">\n    \
        <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">\n    \
        <script type=\"importmap\">{}</script>\n    \
        <link rel=\"stylesheet\" href=\"web/styles/page-0123456789.css\" integrity=\"x\">\n    \
        <link rel=\"modulepreload\" href=\"pkg/w-0123456789.js\" integrity=\"x\">\n    \
        <script type=\"module\" src=\"web/unstarted-0123456789.js\" integrity=\"x\" async></script>\n    \
        <script type=\"module\" src=\"web/page-0123456789.js\" integrity=\"x\"></script>\n  </head>\n  \
        <body><img src=\"files/a-0123456789.png\" alt=\"a\"><a href=\"files/a-0123456789.png\">b</a>\
        <cellflux-explorer src=\"bundles/b-0123456789/manifest.json\"></cellflux-explorer></body>\n</html>\n";

    #[test]
    fn one_file_holds_everything_and_names_no_other() {
        let html = of_files(&site(INDEX)).unwrap();
        for gone in [
            "importmap",
            "modulepreload",
            "integrity=",
            "type=\"module\"",
            "fetch('x')",
            "@import",
        ] {
            assert!(!html.contains(gone), "{gone}: {html}");
        }
        for held in [
            "<img src=\"data:image/png;base64,cG5n\"",
            "<a href=\"data:image/png;base64,cG5n\" download=\"a-0123456789.png\"",
            "url(\"data:font/woff2;base64,d09GMg==\")",
            "data-path=\"bundles/b-0123456789/manifest.json\"",
            "data-path=\"web/worker-0123456789.js\"",
            "data-path=\"pkg/w_bg-0123456789.wasm\"",
            "<cellflux-explorer src=\"bundles/b-0123456789/manifest.json\">",
            "'<\\/script>'",
        ] {
            assert!(html.contains(held), "{held}: {html}");
        }
        assert_eq!(html.matches("Content-Security-Policy").count(), 1);
        assert_eq!(html, of_files(&site(INDEX)).unwrap());
    }

    #[test]
    fn its_policy_allows_its_own_script_and_style_by_their_digests() {
        let html = of_files(&site(INDEX)).unwrap();
        let between = |before: &str, after: &str| {
            let (_, rest) = html.rsplit_once(before).unwrap();
            rest.split_once(after).unwrap().0.to_owned()
        };
        let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
        let script = between("<script>", "</script>");
        assert!(html.contains(&format!("script-src 'sha256-{}'", digest(&script))));
        let style = between("<style>", "</style>");
        assert!(html.contains(&format!("style-src 'sha256-{}'", digest(&style))));
    }

    #[test]
    fn a_site_of_several_pages_is_refused_with_their_names_and_static_files_are_told() {
        let home = tempfile::tempdir().unwrap();
        let text = "title = \"T\"\nstatic = \"s\"\n[[bundle]]\npath = \"b\"\n";
        let read = |more: &str| {
            fs::write(home.path().join(config::FILE), format!("{text}{more}")).unwrap();
            Project::read(home.path()).unwrap()
        };
        let one = read("");
        assert!(is_one_page(&one).is_ok());
        assert!(left_out(&one)[0].contains("site.toml:2: static: "));
        let several =
            read("[[page]]\nid = \"methods\"\ntitle = \"M\"\n[[page]]\nid = \"more\"\ntitle = \"N\"\n");
        let error = is_one_page(&several).unwrap_err().to_string();
        assert!(
            error.contains("site.toml:6: ") && error.contains("(methods.html, more.html)"),
            "{error}"
        );
    }

    #[test]
    fn a_link_to_another_page_of_the_site_is_refused_by_its_address() {
        let with_page = INDEX.replace("<body>", "<body><a href=\"more.html\">more</a>");
        let error = of_files(&site(&with_page)).unwrap_err().to_string();
        assert!(error.contains("more.html"), "{error}");
    }
}
