//! `digests.json`: what each file of a site is, so that anybody can see later whether it is as it was built.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The list's own address. It does not hold itself.
pub const PATH: &str = "digests.json";

/// The version that is written and read.
const VERSION: u32 = 1;

/// The list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Digests {
    version: u32,
    /// SHA-256 in hexadecimal digits, by address.
    pub(crate) files: BTreeMap<String, String>,
}

/// The list of these files, as JSON.
pub(crate) fn list(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let digests = Digests {
        version: VERSION,
        files: files
            .iter()
            .map(|(path, content)| (path.clone(), cellflux_bundle::files::digest(content)))
            .collect(),
    };
    let mut json = serde_json::to_vec_pretty(&digests).unwrap_or_default();
    json.push(b'\n');
    json
}

/// Reads a list.
///
/// # Errors
/// A sentence, for JSON that is none, another version, and an address that leaves the site.
pub(crate) fn read(json: &[u8]) -> Result<Digests, String> {
    let digests: Digests = serde_json::from_slice(json).map_err(|error| {
        format!(
            "expected a list of digests ({})",
            cellflux_bundle::parser_words(&error)
        )
    })?;
    if digests.version != VERSION {
        return Err(format!(
            "version {}, expected {VERSION}: take a newer cellflux",
            digests.version
        ));
    }
    match digests.files.keys().find(|path| !stays_inside(path)) {
        Some(path) => Err(format!("{path:?}, expected addresses inside of the site")),
        None => Ok(digests),
    }
}

fn stays_inside(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':', '\0']);
    path.split('/').all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let files = BTreeMap::from([("a/b.txt".to_owned(), b"abc".to_vec())]);
        let read = read(&list(&files)).unwrap();
        assert_eq!(
            read.files["a/b.txt"],
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn an_address_that_leaves_the_site_and_another_version_are_refused() {
        for path in ["../a", "/a", "a//b", "c:/a", "a\\\\b"] {
            let json = format!("{{\"version\": 1, \"files\": {{\"{path}\": \"\"}}}}");
            let error = read(json.as_bytes()).unwrap_err();
            assert!(error.contains("inside of the site"), "{path}: {error}");
        }
        let error = read(b"{\"version\": 2, \"files\": {}}").unwrap_err();
        assert!(error.contains("version 2, expected 1"), "{error}");
    }
}
