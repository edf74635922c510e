//! What one build computed and the next need not compute again: files beside `site.toml`, named by a digest
//! of all that their content depends on.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::fingerprint::digest;

/// Where they lie, beside `site.toml`.
const FOLDER: &str = ".cellflux-cache";

/// Bytes of the digest that each file begins with.
const SUM: usize = 32;

/// The kept files of a project. They only save time: what cannot be read or written is computed again.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Those of the project in a folder.
    pub fn of(project: &Path) -> Self {
        Self {
            folder: project.join(FOLDER),
        }
    }

    /// The content that was kept for a key, if any, byte for byte: content that has changed since is not
    /// returned.
    pub fn read(&self, key: &str) -> Option<Vec<u8>> {
        let file = fs::read(self.file(key)).ok()?;
        let (sum, content) = file.split_at_checked(SUM)?;
        (Sha256::digest(content).as_slice() == sum).then(|| content.to_vec())
    }

    /// Keeps content for the next build.
    pub fn write(&self, key: &str, content: &[u8]) {
        if fs::create_dir_all(&self.folder).is_ok() {
            // Nothing here belongs in the author's version control.
            let _ = fs::write(self.folder.join(".gitignore"), "*\n");
            let file = [Sha256::digest(content).as_slice(), content].concat();
            let _ = fs::write(self.file(key), file);
        }
    }

    /// Another version of the toolkit may compute other numbers.
    fn file(&self, key: &str) -> PathBuf {
        self.folder
            .join(digest(format!("{} {key}", env!("CARGO_PKG_VERSION")).as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_found_by_its_key_alone_and_git_does_not_see_it() {
        let home = tempfile::tempdir().unwrap();
        let kept = Cache::of(home.path());
        assert_eq!(kept.read("a"), None);
        kept.write("a", b"numbers");
        assert_eq!(kept.read("a").as_deref(), Some(&b"numbers"[..]));
        assert_eq!(kept.read("b"), None);
        assert_eq!(
            fs::read_to_string(home.path().join(FOLDER).join(".gitignore")).unwrap(),
            "*\n"
        );
    }

    #[test]
    fn where_nothing_can_be_written_nothing_is_kept() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(FOLDER), "a file in the way").unwrap();
        let kept = Cache::of(home.path());
        kept.write("a", b"numbers");
        assert_eq!(kept.read("a"), None);
    }

    #[test]
    fn what_was_changed_or_cut_since_it_was_kept_is_not_given_out() {
        let home = tempfile::tempdir().unwrap();
        let kept = Cache::of(home.path());
        kept.write("a", b"numbers");
        let file = kept.file("a");
        let whole = fs::read(&file).unwrap();
        for bad in [
            &whole[..whole.len() - 1],
            &whole[..20],
            b"",
            &[whole.as_slice(), b"x"].concat(),
        ] {
            fs::write(&file, bad).unwrap();
            assert_eq!(kept.read("a"), None);
        }
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        fs::write(&file, flipped).unwrap();
        assert_eq!(kept.read("a"), None);
    }
}
