//! The files of a bundle: plain relative paths, sizes, and SHA-256 digests checked while bytes arrive.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    check::{ensure, is_digest, shown},
    error::BundleError,
    limits,
};

/// The manifest's own path.
pub const MANIFEST: &str = "manifest.json";
/// The path of the condition vectors.
pub const CONDITIONS: &str = "conditions.safetensors";

/// The path of weight shard `index`, counted from 0, of `count`: `weights-0001-of-0002.safetensors`.
pub fn shard_path(index: usize, count: usize) -> String {
    format!("weights-{:04}-of-{count:04}.safetensors", index + 1)
}

/// One file of a bundle, as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path relative to the manifest; see [`check_path`].
    pub path: String,
    /// Exact size in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, 64 lower-case hex digits.
    pub sha256: String,
}

impl FileEntry {
    /// The entry that describes this content.
    pub fn of(path: &str, content: &[u8]) -> Self {
        Self {
            path: path.to_owned(),
            bytes: content.len() as u64,
            sha256: digest(content),
        }
    }

    /// Whether this is a weight shard, by its name.
    pub fn is_shard(&self) -> bool {
        self.path.starts_with("weights-") && has_extension(&self.path, "safetensors")
    }

    /// Checks path, size limit and digest; `field` is where the entry stands in the manifest.
    pub(crate) fn validate(&self, field: &str) -> Result<(), BundleError> {
        check_path(&format!("{field}.path"), &self.path)?;
        let limit = if self.is_shard() {
            limits::SHARD_BYTES as u64
        } else {
            limits::FILE_BYTES
        };
        ensure(
            self.bytes <= limit,
            format!("{field}.bytes"),
            self.bytes,
            format!("at most {limit} for {}", self.path),
        )?;
        ensure(
            is_digest(&self.sha256),
            format!("{field}.sha256"),
            shown(&self.sha256),
            "64 lower-case hex digits",
        )
    }
}

/// Checks that a path stays in the bundle's folder and means the same on every system and in every URL: at
/// most 200 characters in parts joined by `/`, each of letters, digits, `-`, `_` and `.`, none of which
/// starts with a `.` or is a Windows device name (`con`, `nul`, `com1`, ...), and not the manifest itself.
///
/// # Errors
/// [`BundleError::Field`] with `field` as its name.
pub fn check_path(field: &str, path: &str) -> Result<(), BundleError> {
    let part_holds = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            && !is_device(part)
    };
    ensure(
        path.len() <= 200 && path.split('/').all(part_holds) && !path.eq_ignore_ascii_case(MANIFEST),
        field,
        shown(path),
        "a plain path inside the bundle such as samples/dmso-1.png",
    )
}

/// Whether a checked path ends with this extension, in lower case.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

/// Names that Windows takes for devices, whatever the extension.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// A file whose bytes are known to be the ones that the manifest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedFile {
    path: String,
    bytes: Vec<u8>,
}

impl VerifiedFile {
    /// Checks bytes that are all in memory already (a cached or local file).
    ///
    /// # Errors
    /// [`BundleError::Size`] or [`BundleError::Hash`].
    pub fn check(entry: &FileEntry, bytes: Vec<u8>) -> Result<Self, BundleError> {
        check_size(entry, bytes.len() as u64)?;
        check_hash(entry, Sha256::digest(&bytes).as_slice())?;
        Ok(Self {
            path: entry.path.clone(),
            bytes,
        })
    }

    /// The path in the bundle.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The content, taken out.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A file on its way: hashed piece by piece as it arrives, refused as soon as it is too long.
#[derive(Debug)]
pub struct Download {
    entry: FileEntry,
    bytes: Vec<u8>,
    hasher: Sha256,
}

impl Download {
    /// Starts to receive the file that the manifest lists as `entry`.
    pub fn new(entry: &FileEntry) -> Self {
        Self {
            entry: entry.clone(),
            // An entry of a validated manifest is below the limit already.
            bytes: Vec::with_capacity(entry.bytes.min(limits::FILE_BYTES) as usize),
            hasher: Sha256::new(),
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`BundleError::Size`] when more has come than the manifest says; stop downloading then.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), BundleError> {
        let received = self.received() + piece.len() as u64;
        if received > self.entry.bytes {
            return Err(BundleError::Size {
                file: self.entry.path.clone(),
                found: received,
                expected: format!("{}, no more", self.entry.bytes),
            });
        }
        self.hasher.update(piece);
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Ends the download and checks size and digest.
    ///
    /// # Errors
    /// [`BundleError::Size`] when it ended early, [`BundleError::Hash`] when it is another file.
    pub fn finish(self) -> Result<VerifiedFile, BundleError> {
        check_size(&self.entry, self.received())?;
        check_hash(&self.entry, self.hasher.finalize().as_slice())?;
        Ok(VerifiedFile {
            path: self.entry.path,
            bytes: self.bytes,
        })
    }
}

fn check_size(entry: &FileEntry, found: u64) -> Result<(), BundleError> {
    if found == entry.bytes {
        return Ok(());
    }
    Err(BundleError::Size {
        file: entry.path.clone(),
        found,
        expected: entry.bytes.to_string(),
    })
}

fn check_hash(entry: &FileEntry, digest: &[u8]) -> Result<(), BundleError> {
    let found = hex(digest);
    if found == entry.sha256 {
        return Ok(());
    }
    Err(BundleError::Hash {
        file: entry.path.clone(),
        found,
        expected: entry.sha256.clone(),
    })
}

/// The SHA-256 of `content`, 64 lower-case hex digits.
///
/// ```
/// use cellflux_bundle::files::digest;
///
/// // FIPS 180-4's own example.
/// let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
/// assert_eq!(digest(b"abc"), expected);
/// ```
pub fn digest(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

/// Bytes as lower-case hex digits, two for each: for a digest that was not made by [`digest`].
///
/// ```
/// use cellflux_bundle::files::hex;
///
/// assert_eq!(hex(&[0, 10, 255]), "000aff");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_inside_the_folder_pass() {
        for good in [
            "a",
            "samples/dmso-1.png",
            "weights-0001-of-0001.safetensors",
            "a/b/C_d.e.f",
            "console.png",
        ] {
            check_path("path", good).unwrap();
        }
        let long = "a".repeat(201);
        for bad in [
            "",
            "/etc/passwd",
            "../up",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            ".hidden",
            "a/.git/config",
            "a\\b",
            "C:",
            "C:/x",
            "file:x",
            "a b",
            "a\nb",
            "a\0b",
            "a?b",
            "a#b",
            "a%2e%2e/b",
            "ä",
            "nul",
            "x/COM1.txt",
            "a.",
            "manifest.json",
            "Manifest.JSON",
            &long,
        ] {
            let error = check_path("files[0].path", bad).unwrap_err().to_string();
            assert!(error.contains("files[0].path"), "{error}");
            assert!(error.len() < 400, "an error must not repeat a long path: {error}");
        }
    }

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-4, the digest of "abc".
        let entry = FileEntry::of("a", b"abc");
        assert_eq!(
            entry.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        entry.validate("files[0]").unwrap();
    }

    #[test]
    fn a_download_in_pieces_equals_the_whole_file() {
        let content: Vec<u8> = (0..1000_u32).map(|i| (i % 251) as u8).collect();
        let entry = FileEntry::of("a.bin", &content);
        for size in [1, 7, 999, 1000] {
            let mut download = Download::new(&entry);
            for piece in content.chunks(size) {
                download.push(piece).unwrap();
            }
            let file = download.finish().unwrap();
            assert_eq!((file.path(), file.bytes()), ("a.bin", content.as_slice()));
        }
    }

    #[test]
    fn a_download_that_is_short_long_or_changed_is_refused_by_name() {
        let entry = FileEntry::of("a.bin", b"expected");
        let mut short = Download::new(&entry);
        short.push(b"expect").unwrap();
        assert_eq!(
            short.finish().unwrap_err().to_string(),
            "a.bin: 6 bytes, expected 8"
        );

        let mut long = Download::new(&entry);
        long.push(b"expected").unwrap();
        assert!(matches!(long.push(b"!"), Err(BundleError::Size { found: 9, .. })));

        let mut changed = Download::new(&entry);
        changed.push(b"expectEd").unwrap();
        assert!(matches!(changed.finish(), Err(BundleError::Hash { .. })));
    }
}
