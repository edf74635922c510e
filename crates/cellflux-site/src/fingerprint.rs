//! Content in names: a file's address changes when its content does, so that hosts and browsers may keep it
//! forever.
//!
//! Modules and style sheets refer to each other by name, and import maps do not reach workers: a file gets
//! its name only when the files it refers to have theirs, which are written into it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cellflux_bundle::files;
use sha2::{Digest, Sha384};

use crate::error::SiteError;

/// Hexadecimal digits of a digest that names hold: 40 bits of SHA-256.
const DIGITS: usize = 10;

/// The part of a digest that names hold.
pub fn digest(content: &[u8]) -> String {
    let mut whole = files::digest(content);
    whole.truncate(DIGITS);
    whole
}

/// Whether a part of a name may be such a digest.
pub(crate) fn is_digest(part: &str) -> bool {
    part.len() == DIGITS && part.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A subresource integrity value.
pub fn integrity(content: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(content)))
}

/// `web/worker.js` with a digest: `web/worker-0123456789.js`. Types belong to the module of the same name.
pub fn named(path: &str, digest: &str) -> String {
    let (folder, file) = path
        .rsplit_once('/')
        .map_or(("", path), |(folder, file)| (folder, file));
    let (stem, extension) = match file.split_once('.') {
        Some((stem, extension)) => (stem, format!(".{extension}")),
        None => (file, String::new()),
    };
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{stem}-{digest}{extension}")
}

/// Puts content among `files` under `path` with a digest of it, and gives this name.
pub fn add_named(files: &mut BTreeMap<String, Vec<u8>>, path: &str, content: Vec<u8>) -> String {
    let name = named(path, &digest(&content));
    files.insert(name.clone(), content);
    name
}

/// The page's own files under names that hold a digest of their content.
#[derive(Debug, Default)]
pub struct Named {
    /// Content by new name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// New names by old.
    names: BTreeMap<String, String>,
    /// What a file imports, by old names: the files that a browser fetches before it runs it.
    imports: BTreeMap<String, BTreeSet<String>>,
}

impl Named {
    /// The new name of a file.
    ///
    /// # Errors
    /// [`SiteError::Module`] for one that is not there.
    pub fn of(&self, path: &str) -> Result<&str, SiteError> {
        self.names
            .get(path)
            .map(String::as_str)
            .ok_or_else(|| missing(path, "expected this file among the page's own"))
    }

    /// New names of a module and of every module that it imports, directly or not.
    pub fn with_imports(&self, path: &str) -> Vec<&str> {
        let mut seen = BTreeSet::from([path]);
        let mut open = vec![path];
        while let Some(next) = open.pop() {
            for import in self.imports.get(next).into_iter().flatten() {
                if seen.insert(import) {
                    open.push(import);
                }
            }
        }
        seen.into_iter()
            .filter_map(|path| self.names.get(path))
            .map(String::as_str)
            .collect()
    }
}

impl Named {
    /// Old and new names of a module and of all that it imports, each after the modules that it imports.
    pub fn in_order_of_need(&self, path: &str) -> Vec<(&str, &str)> {
        let mut ordered = Vec::new();
        self.need(path, &mut ordered);
        ordered
    }

    fn need<'a>(&'a self, path: &str, ordered: &mut Vec<(&'a str, &'a str)>) {
        let Some((old, new)) = self.names.get_key_value(path) else {
            return;
        };
        if ordered.iter().any(|(each, _)| each == old) {
            return;
        }
        for import in self.imports.get(path).into_iter().flatten() {
            self.need(import, ordered);
        }
        ordered.push((old, new));
    }
}

/// Names `entries` and everything they refer to, and writes the names into what refers to them. Other files
/// of `all` are left out.
///
/// # Errors
/// [`SiteError::Module`] for a reference to a file that is not there, and for files that refer to each other
/// in a circle.
pub fn name_by_content(all: &BTreeMap<String, Vec<u8>>, entries: &[&str]) -> Result<Named, SiteError> {
    let mut named = Named::default();
    let mut path = Vec::new();
    for entry in entries {
        name(entry, all, &mut path, &mut named)?;
    }
    Ok(named)
}

fn name(
    path: &str,
    all: &BTreeMap<String, Vec<u8>>,
    above: &mut Vec<String>,
    named: &mut Named,
) -> Result<(), SiteError> {
    if named.names.contains_key(path) {
        return Ok(());
    }
    if above.iter().any(|each| each == path) {
        return Err(missing(
            path,
            &format!("refers to itself by way of {}", above.join(", ")),
        ));
    }
    let content = all
        .get(path)
        .ok_or_else(|| missing(path, "expected this file among the page's own"))?;
    let content = match std::str::from_utf8(content) {
        Ok(text) if is_text(path) => {
            above.push(path.to_owned());
            let mut rewritten = String::with_capacity(text.len());
            let mut rest = 0;
            for reference in references(path, text) {
                let Some(target) = resolve(path, &reference.target) else {
                    continue;
                };
                if !all.contains_key(&target) {
                    if reference.required {
                        return Err(missing(path, &format!("refers to {target}, which is not there")));
                    }
                    continue;
                }
                name(&target, all, above, named)?;
                if reference.required {
                    named
                        .imports
                        .entry(path.to_owned())
                        .or_default()
                        .insert(target.clone());
                }
                let new = named.of(&target)?;
                rewritten.push_str(text.get(rest..reference.start).unwrap_or_default());
                rewritten.push_str(&relative(path, new));
                rest = reference.start + reference.target.len();
            }
            rewritten.push_str(text.get(rest..).unwrap_or_default());
            above.pop();
            rewritten.into_bytes()
        }
        _ => content.clone(),
    };
    let new = add_named(&mut named.files, path, content);
    named.names.insert(path.to_owned(), new);
    Ok(())
}

fn missing(path: &str, problem: &str) -> SiteError {
    SiteError::Module {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

fn is_text(path: &str) -> bool {
    [".js", ".css"].iter().any(|extension| path.ends_with(extension))
}

/// A relative address in a module or a style sheet.
struct Reference {
    /// Where its text starts.
    start: usize,
    target: String,
    /// Whether the file needs it: an `import` does, an address that is only built does not.
    required: bool,
}

/// The text before an address, and whether the file at that address is loaded with this one.
const BEFORE: [(&str, bool); 5] = [
    ("from", true),
    ("import", true),
    ("import(", false),
    ("new URL(", false),
    ("url(", false),
];

/// Every quoted address after one of the forms that an address follows.
fn references(path: &str, text: &str) -> Vec<Reference> {
    let is_sheet = Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "css");
    let mut found = Vec::new();
    for (form, required) in BEFORE {
        for (at, _) in text.match_indices(form) {
            let after = at + form.len();
            let rest = text.get(after..).unwrap_or_default();
            let blank = rest.len() - rest.trim_start().len();
            let mut letters = rest.trim_start().chars();
            let Some(quote) = letters.next().filter(|c| matches!(c, '\'' | '"')) else {
                continue;
            };
            let Some((target, _)) = letters.as_str().split_once(quote) else {
                continue;
            };
            let is_address = !target.is_empty() && target.len() < 200 && !target.contains(['\n', ' ', ':']);
            let is_relative = target.starts_with("./") || target.starts_with("../") || form == "new URL(";
            if is_address && is_relative {
                found.push(Reference {
                    start: after + blank + 1,
                    target: target.to_owned(),
                    required: required && !is_sheet,
                });
            }
        }
    }
    found.sort_by_key(|reference| reference.start);
    found.dedup_by_key(|reference| reference.start);
    found
}

/// The path that an address means in the file at `from`; nothing when it leaves the site.
pub fn resolve(from: &str, address: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in address.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The address of `to` in the file at `from`, always beginning with `./` or `../`.
pub fn relative(from: &str, to: &str) -> String {
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = to.split('/').collect();
    let folders = from.len().saturating_sub(1);
    let shared = from
        .iter()
        .take(folders)
        .zip(to.iter().take(to.len().saturating_sub(1)))
        .take_while(|(a, b)| a == b)
        .count();
    let up = "../".repeat(folders - shared);
    let here = if up.is_empty() { "./" } else { "" };
    format!("{here}{up}{}", to.get(shared..).unwrap_or_default().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        list.iter()
            .map(|(path, text)| ((*path).into(), text.as_bytes().to_vec()))
            .collect()
    }

    fn text<'a>(named: &'a Named, old: &str) -> &'a str {
        std::str::from_utf8(&named.files[named.of(old).unwrap()]).unwrap()
    }

    const SITE: [(&str, &str); 7] = [
        (
            "web/page.js",
            "import { a } from './lib/a.js';\nimport './lib/b.js';\n\
            new Worker(new URL('./worker.js', import.meta.url));\n\
            const sheet = new URL('./page.css', import.meta.url);",
        ),
        (
            "web/lib/a.js",
            "export const a = \"./not-a-reference.js\"; new URL('.', base);",
        ),
        ("web/lib/b.js", "export { a } from \"./a.js\";"),
        ("web/worker.js", "import init from '../pkg/m.js';"),
        ("web/page.css", "@import url('./tokens.css');"),
        ("web/tokens.css", ":root {}"),
        ("pkg/m.js", "new URL('m_bg.wasm', import.meta.url)"),
    ];

    fn site() -> BTreeMap<String, Vec<u8>> {
        let mut site = files(&SITE);
        site.insert("pkg/m_bg.wasm".into(), vec![0, 0x61, 0xff]);
        site.insert("pkg/unused.js".into(), Vec::new());
        site
    }

    #[test]
    fn names_are_written_into_modules_workers_and_style_sheets_and_all_of_them_resolve() {
        let named = name_by_content(&site(), &["web/page.js"]).unwrap();
        assert_eq!(named.files.len(), 8, "what nothing refers to is left out");
        for old in ["web/lib/a.js", "web/lib/b.js", "web/worker.js", "web/page.css"] {
            let new = named.of(old).unwrap();
            assert!(
                text(&named, "web/page.js").contains(&relative("web/page.js", new)),
                "{old}"
            );
        }
        assert!(text(&named, "web/worker.js").contains(&format!("'../{}'", named.of("pkg/m.js").unwrap())));
        assert!(
            text(&named, "pkg/m.js").contains(&format!("'./{}'", &named.of("pkg/m_bg.wasm").unwrap()[4..]))
        );
        assert!(text(&named, "web/page.css").contains(&named.of("web/tokens.css").unwrap()[4..]));
        assert!(text(&named, "web/lib/a.js").contains("./not-a-reference.js"));
    }

    #[test]
    fn a_change_deep_down_renames_everything_that_refers_to_it_and_nothing_else() {
        let before = name_by_content(&site(), &["web/page.js"]).unwrap();
        let mut changed = site();
        changed.insert("pkg/m_bg.wasm".into(), vec![0, 0x61, 0xfe]);
        let after = name_by_content(&changed, &["web/page.js"]).unwrap();
        for (old, same) in [
            ("pkg/m_bg.wasm", false),
            ("pkg/m.js", false),
            ("web/worker.js", false),
            ("web/page.js", false),
            ("web/lib/b.js", true),
            ("web/page.css", true),
        ] {
            assert_eq!(before.of(old).unwrap() == after.of(old).unwrap(), same, "{old}");
        }
    }

    #[test]
    fn imports_are_what_a_browser_fetches_before_it_runs_a_module() {
        let named = name_by_content(&site(), &["web/page.js"]).unwrap();
        let imports = named.with_imports("web/page.js");
        assert_eq!(
            imports.len(),
            3,
            "{imports:?}: the page and its two libraries, not the worker's"
        );
    }

    #[test]
    fn a_missing_module_and_a_circle_are_named() {
        let error = name_by_content(&files(&[("a.js", "import './b.js';")]), &["a.js"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the page's own a.js: refers to b.js, which is not there"
        );
        let circle = files(&[("a.js", "import './b.js';"), ("b.js", "import './a.js';")]);
        let error = name_by_content(&circle, &["a.js"]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("refers to itself by way of a.js, b.js"),
            "{error}"
        );
    }

    #[test]
    fn addresses_lead_from_any_folder_to_any_other() {
        for (from, to) in [
            ("a.js", "b.js"),
            ("x/a.js", "x/b.js"),
            ("x/y/a.js", "z/b.js"),
            ("a.js", "x/y/b.js"),
            ("x/a.js", "x/y/b.js"),
        ] {
            let address = relative(from, to);
            assert!(
                address.starts_with("./") || address.starts_with("../"),
                "{address}"
            );
            assert_eq!(resolve(from, &address).as_deref(), Some(to));
        }
        assert_eq!(resolve("a.js", "../b.js"), None);
    }
}
