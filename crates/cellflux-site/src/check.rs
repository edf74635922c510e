//! Checking a built site as a visitor's browser and a visitor's eyes would find it: links, sizes, words for pictures.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cellflux_bundle::folder;
use serde::Serialize;
use walkdir::WalkDir;

use crate::error::SiteError;
use crate::fingerprint::resolve;
use crate::model::LARGEST_FILE;

/// Something that is wrong with a site, or could be better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file in the site, or the author's file and line.
    pub place: String,
    /// What is wrong and what was expected.
    pub problem: String,
    /// Whether a site should not be published so.
    pub serious: bool,
}

/// Everything that is wrong with the site in a folder.
///
/// # Errors
/// [`SiteError::Io`] for a folder that cannot be read.
pub fn check(folder: &Path) -> Result<Vec<Finding>, SiteError> {
    let mut paths = BTreeSet::new();
    let mut findings = Vec::new();
    for entry in WalkDir::new(folder) {
        let entry = entry.map_err(|error| SiteError::io(folder)(error.into()))?;
        let (true, Ok(inside)) = (entry.file_type().is_file(), entry.path().strip_prefix(folder)) else {
            continue;
        };
        let path = inside.to_string_lossy().replace('\\', "/");
        let bytes = entry
            .metadata()
            .map_err(|error| SiteError::io(folder)(error.into()))?
            .len();
        if bytes > LARGEST_FILE {
            findings.push(serious(
                &path,
                format!("{bytes} bytes, expected at most {LARGEST_FILE}: several hosts refuse larger files"),
            ));
        }
        paths.insert(path);
    }
    for path in paths.iter().filter(|path| {
        Path::new(path)
            .extension()
            .is_some_and(|extension| extension == "html")
    }) {
        let file = folder.join(path);
        let html = fs::read_to_string(&file).map_err(SiteError::io(&file))?;
        findings.extend(page(path, &html, &paths));
    }
    for path in paths
        .iter()
        .filter(|path| path.starts_with("bundles/") && path.ends_with("/manifest.json"))
    {
        let bundle = folder.join(path.trim_end_matches("/manifest.json"));
        let read = folder::read(&bundle).and_then(|read| folder::read_assets(&bundle, &read.manifest));
        if let Err(error) = read {
            findings.push(serious(path, error.to_string()));
        }
    }
    Ok(findings)
}

fn serious(place: &str, problem: String) -> Finding {
    Finding {
        place: place.to_owned(),
        problem,
        serious: true,
    }
}

/// One page: its addresses, its headings, the words for its pictures.
fn page(path: &str, html: &str, paths: &BTreeSet<String>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut wrong = |problem: String| found.push(serious(path, problem));
    let ids: Vec<&str> = attributes(html, "id").collect();
    let mut seen = BTreeSet::new();
    for id in &ids {
        if !seen.insert(*id) {
            wrong(format!("two elements with the id {id:?}, expected one"));
        }
    }
    for name in ["href", "src", "poster", "recorded"] {
        for address in attributes(html, name) {
            let address = address.replace("&amp;", "&");
            let outside = address.contains(':') || address.starts_with("//");
            let (file, fragment) = address.split_once('#').unwrap_or((&address, ""));
            let file = file.split('?').next().unwrap_or_default();
            if outside {
                if name != "href" {
                    wrong(format!(
                        "{name} {address}: expected a file of the site; pages ask no other site for anything"
                    ));
                }
            } else if file.is_empty() {
                if !fragment.is_empty() && !seen.contains(fragment) {
                    wrong(format!("link #{fragment}: expected an element with this id"));
                }
            } else if !resolve(path, file).is_some_and(|target| paths.contains(&target)) {
                wrong(format!("{name} {address}: there is no such file in the site"));
            }
        }
    }
    for tag in tags(html, "img") {
        if attributes(tag, "alt").next().is_none() {
            wrong(format!("<img {tag}>: expected an alt text"));
        }
    }
    if tags(html, "html")
        .next()
        .is_none_or(|tag| attributes(tag, "lang").next().is_none_or(str::is_empty))
    {
        wrong("expected a language, <html lang=\"…\">".into());
    }
    let mut level = 0;
    for next in (1..=6)
        .flat_map(|level| {
            html.match_indices(&format!("<h{level}"))
                .map(move |(at, _)| (at, level))
                .collect::<Vec<_>>()
        })
        .collect::<std::collections::BTreeMap<_, _>>()
        .into_values()
    {
        if next > level + 1 {
            wrong(format!(
                "a heading of level {next} after one of level {level}, expected no gap"
            ));
        }
        level = next;
    }
    found
}

/// The insides of every tag of a name.
fn tags<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!("<{name} ");
    let starts: Vec<usize> = html
        .match_indices(&start)
        .map(|(at, _)| at + start.len())
        .collect();
    starts
        .into_iter()
        .filter_map(move |at| html.get(at..)?.split_once('>').map(|(inside, _)| inside))
}

/// The values of an attribute, wherever it stands.
fn attributes<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {name}=\"");
    let starts: Vec<usize> = html
        .match_indices(&start)
        .map(|(at, _)| at + start.len())
        .collect();
    // An `alt` may stand first in what `tags` gives.
    let first = html.strip_prefix(start.trim_start());
    first
        .into_iter()
        .chain(starts.into_iter().filter_map(move |at| html.get(at..)))
        .filter_map(|rest| rest.split_once('"').map(|(value, _)| value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(body: &str) -> Vec<String> {
        let html = format!("<html lang=\"en\"><body>{body}</body></html>");
        let paths = ["index.html", "files/a.png"].map(str::to_owned).into();
        page("index.html", &html, &paths)
            .into_iter()
            .map(|finding| finding.problem)
            .collect()
    }

    #[test]
    fn a_sound_page_has_no_findings() {
        assert_eq!(
            problems(
                "<h1 id=\"a\">A</h1><h2>B</h2><img src=\"files/a.png\" alt=\"x\"><a href=\"#a\">a</a><a href=\"https://example.org\">b</a>"
            ),
            [""; 0]
        );
    }

    #[test]
    fn each_fault_is_found_and_said() {
        for (body, expected) in [
            (
                "<h1>A</h1><img src=\"files/b.png\" alt=\"x\">",
                "src files/b.png: there is no such file",
            ),
            (
                "<h1>A</h1><img src=\"https://cdn.example/b.png\" alt=\"x\">",
                "src https://cdn.example/b.png: expected a file of the site",
            ),
            ("<h1>A</h1><img src=\"files/a.png\">", "expected an alt text"),
            ("<h1>A</h1><a href=\"#nowhere\">a</a>", "link #nowhere"),
            (
                "<h1 id=\"a\">A</h1><h2 id=\"a\">B</h2>",
                "two elements with the id \"a\"",
            ),
            (
                "<h1>A</h1><h3>B</h3>",
                "a heading of level 3 after one of level 1",
            ),
        ] {
            let found = problems(body);
            assert!(
                found.len() == 1 && found[0].contains(expected),
                "{body}: {found:?}"
            );
        }
    }
}
