//! Every text of the sources by which a reader could tell whose work it is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::address::{self, Target};
use crate::config::{Config, Project};
use crate::error::SiteError;
use crate::identity::name_parts;
use crate::static_files;

/// A text that says whose work a page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifying {
    /// The text.
    pub text: String,
    /// What it is, for findings.
    pub what: &'static str,
    /// Whether the text alone tells it. A surname alone does not: it may be a colour, or stand in the
    /// citation of an earlier work.
    pub certain: bool,
    /// Whether it is a person's name. In a list of references such a name is that of an earlier work.
    pub is_person: bool,
}

/// Letters of the shortest text that is looked for; two where a name is written in other letters than ours.
const SHORTEST: usize = 3;

/// The names of a project, each once: of authors and what belongs to them, of addresses, of the reference,
/// of the host that a static file names, and of the git repository that the folder belongs to.
///
/// # Errors
/// As [`Project::read`], where `site.toml` has changed since.
pub fn identifying(project: &Project) -> Result<Vec<Identifying>, SiteError> {
    // The project itself holds them no more where it is anonymous.
    let config: Config = project.source.toml()?;
    let mut found = Found::default();
    for author in &config.authors {
        found.person(&author.name, "the name of an author");
        found.address(author.url.as_str(), "the page of an author");
        found.add(author.email.as_str(), "an author's mail address");
        if let Some(orcid) = &author.orcid {
            found.add(orcid.as_str(), "an author's ORCID iD");
        }
        for affiliation in &author.affiliations {
            found.add(affiliation, "an affiliation");
        }
    }
    let stated = config.url.as_ref().map(|url| url.get_ref().as_str());
    for url in stated.into_iter().chain(project.unsaid_url.as_deref()) {
        found.address(url, "the page's address");
        let host = without_scheme(url).split('/').next().unwrap_or_default();
        found.add(host, "the page's host");
    }
    for host in static_files::hosts(project) {
        found.add(&host, "the page's host");
    }
    found.add(config.doi.as_str(), "the DOI");
    for link in &config.links {
        let href = link.href.get_ref();
        if !href.starts_with('#') && address::target(href) == Target::Elsewhere {
            found.address(href, "the address of a link");
        }
    }
    reference(&config.bibtex, &mut found);
    if let Some(settings) = git_settings(&project.folder) {
        of_git(&settings, &mut found);
    }
    Ok(found.0)
}

#[derive(Default)]
struct Found(Vec<Identifying>);

impl Found {
    fn add(&mut self, text: &str, what: &'static str) {
        self.put(text, what, true, false);
    }

    fn put(&mut self, text: &str, what: &'static str, certain: bool, is_person: bool) {
        let text = text.trim();
        let shortest = if text.is_ascii() { SHORTEST } else { SHORTEST - 1 };
        let known = self.0.iter().any(|other| other.text == text);
        if text.chars().count() >= shortest && !known {
            self.0.push(Identifying {
                text: text.to_owned(),
                what,
                certain,
                is_person,
            });
        }
    }

    /// An address without what many addresses have in front.
    fn address(&mut self, address: &str, what: &'static str) {
        let bare = without_scheme(address);
        let bare = bare.split(['?', '#']).next().unwrap_or(bare);
        self.add(bare.trim_end_matches('/'), what);
    }

    /// A person's name in the forms in which names are written.
    fn person(&mut self, name: &str, what: &'static str) {
        let (given, family) = name_parts(name);
        if given.is_empty() {
            self.put(family, what, true, true);
            return;
        }
        let mut forms = vec![format!("{given} {family}"), format!("{family}, {given}")];
        if let Some(initial) = given.chars().next() {
            forms.push(format!("{initial}. {family}"));
            forms.push(format!("{family}, {initial}."));
        }
        for form in forms {
            self.put(&form, what, true, true);
        }
        self.put(family, "the surname of an author", false, true);
    }
}

fn without_scheme(address: &str) -> &str {
    let bare = ["https://", "http://", "mailto:", "ssh://", "git://"]
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme))
        .unwrap_or(address);
    bare.strip_prefix("www.").unwrap_or(bare)
}

/// The key, the people and the addresses of a reference in BibTeX.
fn reference(bibtex: &str, found: &mut Found) {
    for entry in bibtex.split('@').skip(1) {
        if let Some((_, rest)) = entry.split_once('{')
            && let Some((key, _)) = rest.split_once(',')
        {
            found.add(key, "the key of the reference");
        }
        for (field, what) in [
            ("author", "the name of an author"),
            ("editor", "the name of an editor"),
        ] {
            for name in value(entry, field).split(" and ") {
                // TeX's commands for accents would be found nowhere else in this form.
                if !name.contains('\\') {
                    found.person(&name.replace(['{', '}'], ""), what);
                }
            }
        }
        for field in ["doi", "eprint"] {
            found.address(value(entry, field), "an identifier of the reference");
        }
        found.address(value(entry, "url"), "the address of the reference");
    }
}

/// What a BibTeX entry says of a field; empty where it has none.
fn value<'a>(entry: &'a str, field: &str) -> &'a str {
    let lower = entry.to_ascii_lowercase();
    let named = lower.match_indices(field).find_map(|(at, _)| {
        let before = lower.get(..at)?.chars().next_back()?;
        let rest = entry.get(at + field.len()..)?.trim_start().strip_prefix('=')?;
        (!before.is_alphanumeric()).then(|| rest.trim_start())
    });
    let Some(rest) = named else { return "" };
    if let Some(quoted) = rest.strip_prefix('"') {
        return quoted.split('"').next().unwrap_or_default();
    }
    let Some(braced) = rest.strip_prefix('{') else {
        return rest.split([',', '}', '\n']).next().unwrap_or_default().trim();
    };
    let mut open = 1;
    let end = braced.char_indices().find(|(_, letter)| {
        match letter {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        open == 0
    });
    end.and_then(|(at, _)| braced.get(..at)).unwrap_or(braced)
}

/// The settings of the git repository that a folder is in, as text.
fn git_settings(folder: &Path) -> Option<String> {
    let whole: PathBuf = folder.canonicalize().ok()?;
    whole
        .ancestors()
        .find_map(|above| fs::read_to_string(above.join(".git/config")).ok())
}

/// Remotes and the committer of a repository's own settings.
fn of_git(settings: &str, found: &mut Found) {
    let mut section = "";
    for line in settings.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.split([']', ' ', '"']).next().unwrap_or_default();
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        match (section, key.trim()) {
            ("user", "name") => found.person(value, "the committer's name in git"),
            ("user", "email") => found.add(value, "the committer's address in git"),
            ("remote", "url" | "pushurl") => {
                let bare = without_scheme(value).trim_end_matches(".git");
                let bare = bare
                    .split_once('@')
                    .map_or(bare, |(_, host)| host)
                    .replace(':', "/");
                // A remote that is a folder of this computer has no host.
                if !bare.starts_with(['/', '.']) {
                    found.add(&bare, "the repository's address in git");
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        let home = tempfile::tempdir().unwrap();
        let whole = format!("title = \"T\"\n{text}\n[[bundle]]\npath = \"b\"\n");
        fs::write(home.path().join("site.toml"), whole).unwrap();
        // So that no repository around this folder is found.
        fs::create_dir(home.path().join(".git")).unwrap();
        fs::write(
            home.path().join(".git/config"),
            "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@code.example:ada/cells.git\n\
             [user]\n\temail = ada@uni.example\n",
        )
        .unwrap();
        fs::create_dir(home.path().join("static")).unwrap();
        fs::write(home.path().join("static/CNAME"), "cells.ada.example\n").unwrap();
        let project = Project::read(home.path()).unwrap();
        let found = identifying(&project).unwrap();
        found.into_iter().map(|each| each.text).collect()
    }

    #[test]
    fn every_name_in_the_sources_is_found_also_where_the_page_is_anonymous() {
        let found = of("anonymous = true\n\
            url = \"https://ada.code.example/cells/\"\n\
            doi = \"10.1000/x\"\n\
            bibtex = '@misc{example2026, author = {Ada Example and Noether, Emmy}, url = \
            \"https://arxiv.example/1\"}'\n\
            static = \"static\"\n\
            [[author]]\nname = \"Ada Example\"\nurl = \"mailto:ada@uni.example\"\n\
            email = \"ada.example@lab.example\"\n\
            orcid = \"0000-0002-1825-0097\"\naffiliations = [\"A University\"]\n\
            [[link]]\nlabel = \"Code\"\nhref = \"https://code.example/ada/cells\"\n\
            [[link]]\nlabel = \"Paper\"\nhref = \"paper.pdf\"\n");
        for expected in [
            "Ada Example",
            "Example, Ada",
            "A. Example",
            "Emmy Noether",
            "ada@uni.example",
            "ada.example@lab.example",
            "cells.ada.example",
            "0000-0002-1825-0097",
            "A University",
            "ada.code.example/cells",
            "ada.code.example",
            "10.1000/x",
            "code.example/ada/cells",
            "example2026",
            "arxiv.example/1",
        ] {
            assert!(found.iter().any(|text| text == expected), "{expected}: {found:?}");
        }
        assert!(!found.iter().any(|text| text == "paper.pdf"), "{found:?}");
    }

    #[test]
    fn a_surname_alone_is_not_certain() {
        let mut found = Found::default();
        found.person("Ada Green", "an author");
        let uncertain: Vec<&Identifying> = found.0.iter().filter(|each| !each.certain).collect();
        assert_eq!(uncertain.len(), 1);
        assert_eq!(uncertain[0].text, "Green");
    }

    #[test]
    fn a_field_of_bibtex_is_read_in_braces_in_quotes_and_bare() {
        let entry =
            "misc{k, title = {The author}, author = {Ada {von} Example}, doi = \"10.1/x\", year = 2026}";
        assert_eq!(value(entry, "author"), "Ada {von} Example");
        assert_eq!(value(entry, "doi"), "10.1/x");
        assert_eq!(value(entry, "year"), "2026");
        assert_eq!(value(entry, "editor"), "");
    }
}
