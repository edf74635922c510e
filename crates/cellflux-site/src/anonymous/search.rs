//! Looking through a finished site for every name that its sources hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use percent_encoding::percent_decode_str;
use walkdir::WalkDir;

use super::names::Identifying;
use super::readings::{closed, readings};
use crate::error::SiteError;
use crate::finding::{Finding, note, serious};

/// Every place of the site in a folder where one of these texts stands: in a name of a file, in its text, in
/// the texts that a picture or an archive holds. What the toolkit brings is the same in every site and is not
/// looked at.
///
/// # Errors
/// [`SiteError::Io`] for a file that cannot be read.
pub fn search(folder: &Path, identifying: &[Identifying]) -> Result<Vec<Finding>, SiteError> {
    let mut findings = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| SiteError::io(folder)(error.into()))?;
        let (true, Ok(inside)) = (entry.file_type().is_file(), entry.path().strip_prefix(folder)) else {
            continue;
        };
        let path = inside.to_string_lossy().replace('\\', "/");
        if is_toolkits(&path) {
            continue;
        }
        let content = fs::read(entry.path()).map_err(SiteError::io(entry.path()))?;
        findings.extend(in_file(&path, &content, identifying));
    }
    Ok(findings)
}

fn is_toolkits(path: &str) -> bool {
    path.starts_with("web/") || path.starts_with("pkg/")
}

fn in_file(path: &str, content: &[u8], identifying: &[Identifying]) -> Vec<Finding> {
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
    for reading in readings(content) {
        find(&reading.text, &reading.place, &reading.text.to_lowercase());
        if reading.text.contains('%') {
            let decoded = percent_decode_str(&reading.text).decode_utf8_lossy();
            find(&decoded, &reading.place, &decoded.to_lowercase());
        }
    }
    find(path, "the file's name", &path.to_lowercase());
    findings.extend(closed(content).map(|reason| note(path, reason)));
    findings
}

fn finding(path: &str, place: &str, each: &Identifying) -> Finding {
    let inside = if place.is_empty() {
        String::new()
    } else {
        format!("{place}: ")
    };
    if each.certain {
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
        [("Ada Green", true), ("Green", false), ("code.example/ada", true)]
            .map(|(text, certain)| Identifying {
                text: text.into(),
                what: "a name",
                certain,
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
        let found = search(home.path(), &names()).unwrap();
        let places: Vec<(&str, bool)> = found
            .iter()
            .map(|finding| (finding.place.as_str(), finding.serious))
            .collect();
        assert_eq!(
            places,
            [
                ("files/code.txt", true),
                ("files/words.txt", false),
                ("index.html", true),
            ],
            "{found:?}"
        );
        assert!(found[0].problem.contains("code.example/ada"), "{found:?}");
    }
}
