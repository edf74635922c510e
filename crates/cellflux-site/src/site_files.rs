//! The files of a site while it is built.

use std::collections::BTreeMap;

use crate::fingerprint;

/// Every file of the site by address.
#[derive(Default)]
pub(crate) struct Files {
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Files {
    /// Takes content under this address.
    pub fn add(&mut self, path: &str, content: Vec<u8>) {
        self.files.insert(path.to_owned(), content);
    }

    /// Takes content under `path` with a digest, and gives this address.
    pub fn add_named(&mut self, path: &str, content: Vec<u8>) -> String {
        fingerprint::add_named(&mut self.files, path, content)
    }

    /// Takes other files.
    pub fn extend(&mut self, files: &BTreeMap<String, Vec<u8>>) {
        self.files.extend(
            files
                .iter()
                .map(|(path, content)| (path.clone(), content.clone())),
        );
    }

    /// What is at an address; nothing where no file is.
    pub fn content(&self, path: &str) -> &[u8] {
        self.files.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// Bytes of the files at these addresses together.
    pub fn bytes(&self, paths: impl Iterator<Item = String>) -> u64 {
        paths
            .filter_map(|path| self.files.get(&path))
            .map(|content| content.len() as u64)
            .sum()
    }
}
