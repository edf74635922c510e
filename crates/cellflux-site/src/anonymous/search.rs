//! Looking through a finished site for every name that its sources hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use percent_encoding::percent_decode_str;

use super::names::Identifying;
use super::readings::{Reading, closed, readings};
use crate::error::SiteError;
use crate::finding::{Finding, note, serious};
use crate::fingerprint::is_digest;
use crate::site_files::in_folder;

/// Every place of the site in a folder where one of these texts stands: in a name of a file, in its text, in
/// the texts that a picture or an archive holds. What the toolkit brings is the same in every site and is not
/// looked at. A person's name in a page's list of references is a note: earlier works may be cited, as
/// anybody's.
///
/// # Errors
/// [`SiteError::Io`] for a file that cannot be read.
pub fn search(folder: &Path, identifying: &[Identifying]) -> Result<Vec<Finding>, SiteError> {
    let mut findings = Vec::new();
    for (path, file) in in_folder(folder)? {
        if is_toolkits(&path) {
            continue;
        }
        let content = fs::read(&file).map_err(SiteError::io(&file))?;
        findings.extend(in_file(&path, &content, identifying));
    }
    Ok(findings)
}

/// Whether the toolkit brings a file: its own have a digest in their names, and a static file has none.
fn is_toolkits(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let has_digest = stem.rsplit_once('-').is_some_and(|(_, digits)| is_digest(digits));
    has_digest && (path.starts_with("web/") || path.starts_with("pkg/"))
}

/// What a list of references begins with, as `citations.rs` writes it, and its end: no list stands in it.
const REFERENCES: (&str, &str) = ("<ul class=\"references\">", "</ul>");

/// Where names that are found in a list of references stand.
const IN_REFERENCES: &str = "the list of references";

/// A page without its list of references, and this list; other content is whole.
fn apart(path: &str, content: &[u8]) -> (Vec<u8>, String) {
    let is_page = Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "html");
    let text = std::str::from_utf8(content).ok().filter(|_| is_page);
    let found = text.and_then(|text| {
        let (before, rest) = text.split_once(REFERENCES.0)?;
        let (list, after) = rest.split_once(REFERENCES.1)?;
        Some((format!("{before}{after}").into_bytes(), list.to_owned()))
    });
    found.unwrap_or_else(|| (content.to_vec(), String::new()))
}

fn in_file(path: &str, content: &[u8], identifying: &[Identifying]) -> Vec<Finding> {
    let (own, cited) = apart(path, content);
    let mut said = BTreeSet::new();
    let mut findings = Vec::new();
    let mut find = |text: &str, place: &str, text_lower: &str| {
        for each in identifying {
            let found = if each.certain {
                stands_in(text_lower, &each.text.to_lowercase())
            } else {
                stands_in(text, &each.text)
            };
            if found && said.insert((place.to_owned(), each.text.clone())) {
                findings.push(finding(path, place, each));
            }
        }
    };
    let in_references = readings(cited.as_bytes()).into_iter().map(|reading| Reading {
        place: IN_REFERENCES.to_owned(),
        ..reading
    });
    for reading in readings(&own).into_iter().chain(in_references) {
        find(&reading.text, &reading.place, &reading.text.to_lowercase());
        if reading.text.contains('%') {
            let decoded = percent_decode_str(&reading.text).decode_utf8_lossy();
            find(&decoded, &reading.place, &decoded.to_lowercase());
        }
    }
    // What stands between the words of a name is written as `-` in addresses.
    let words = path.replace(['-', '_'], " ");
    for name in [path, words.as_str()] {
        find(name, "the file's name", &name.to_lowercase());
    }
    findings.extend(closed(content).map(|reason| note(path, reason)));
    findings
}

fn finding(path: &str, place: &str, each: &Identifying) -> Finding {
    let inside = if place.is_empty() {
        String::new()
    } else {
        format!("{place}: ")
    };
    if each.certain && !(each.is_person && place == IN_REFERENCES) {
        serious(
            path,
            format!(
                "{inside}holds {:?}, {}, expected nothing that names the authors",
                each.text, each.what
            ),
        )
    } else {
        note(
            path,
            format!(
                "{inside}holds {:?}, {}; this may be another word, or an earlier work that is cited",
                each.text, each.what
            ),
        )
    }
}

/// Whether `wanted` stands in a text by itself: no letter or digit right before or after it.
fn stands_in(text: &str, wanted: &str) -> bool {
    text.match_indices(wanted).any(|(at, found)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text
            .get(at + found.len()..)
            .and_then(|after| after.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<Identifying> {
        [
            ("Ada Green", true, true),
            ("Green", false, true),
            ("code.example/ada", true, false),
        ]
        .map(|(text, certain, is_person)| Identifying {
            text: text.into(),
            what: "a name",
            certain,
            is_person,
        })
        .to_vec()
    }

    #[test]
    fn a_finding_names_the_file_and_the_text() {
        let home = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let file = home.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        put("index.html", "<p>By ADA GREEN</p>");
        put("files/code.txt", "see https://code.example/ada");
        put("files/words.txt", "Greenhouse, green and the Green channel");
        put("web/page-0123456789.js", "// Ada Green");
        put("web/mine.js", "// Ada Green");
        put("files/Ada-Green-0123456789.csv", "a,b");
        let found = search(home.path(), &names()).unwrap();
        let places: Vec<(&str, bool)> = found
            .iter()
            .map(|finding| (finding.place.as_str(), finding.serious))
            .collect();
        assert_eq!(
            places,
            [
                ("files/Ada-Green-0123456789.csv", false),
                ("files/Ada-Green-0123456789.csv", true),
                ("files/code.txt", true),
                ("files/words.txt", false),
                ("index.html", true),
                ("web/mine.js", true),
                ("web/mine.js", false),
            ],
            "{found:?}"
        );
        assert!(found[2].problem.contains("code.example/ada"), "{found:?}");
    }

    #[test]
    fn a_name_in_a_list_of_references_is_a_note_and_an_address_there_is_not() {
        let home = tempfile::tempdir().unwrap();
        let page = "<p>See [1].</p><ul class=\"references\">\n<li id=\"ref-a\">Ada Green, Cells.</li>\n\
            <li>https://code.example/ada</li></ul><p>The end.</p>";
        fs::write(home.path().join("more.html"), page).unwrap();
        let found = search(home.path(), &names()).unwrap();
        let of = |text: &str| {
            let quoted = format!("{text:?}");
            found.iter().find(|each| each.problem.contains(&quoted)).unwrap()
        };
        assert!(!of("Ada Green").serious, "{found:?}");
        assert!(
            of("Ada Green").problem.starts_with("the list of references: "),
            "{found:?}"
        );
        assert!(of("code.example/ada").serious, "{found:?}");
    }
}
