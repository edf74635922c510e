//! What is in a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Content by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Every file of a folder by path.
pub fn content(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}
