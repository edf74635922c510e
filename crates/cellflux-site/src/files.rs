//! Files that an author brings: pictures, videos, fonts, papers. Each goes into `files/` under a name with
//! its digest.
//!
//! A text may come from somebody else, so a name may lead only to a regular file inside the project's folder.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::anonymous::without_notes;
use crate::error::SiteError;
use crate::fingerprint::add_named;
use crate::model::LARGEST_FILE;
use crate::picture;
use crate::place::Place;
use crate::source::SourceText;
use crate::svg;
use crate::video;

/// What a page does with a file; this decides which kinds are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A browser shows it as a picture.
    Picture,
    /// A browser plays it.
    Video,
    /// Subtitles of a video.
    Subtitles,
    /// A browser sets text in it.
    Font,
    /// A visitor opens or saves it.
    Link,
}

/// The author's files that pages refer to.
#[derive(Debug, Default)]
pub struct AuthorFiles {
    /// Content by address.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The files read, for watching.
    pub read: Vec<PathBuf>,
    /// The folder in which every file must lie; the current one where this is absent.
    root: PathBuf,
    /// Whether pages and scripts may be linked: they run with the site's origin.
    allow_html: bool,
    /// The largest file in bytes; what every host takes where this is absent.
    largest: Option<u64>,
    /// Whether notes in pictures and videos are left out: they name people, programs and places.
    anonymous: bool,
}

/// Endings of scripts, and of pages that begin with something other than a tag.
const RUN: [&str; 9] = ["html", "htm", "xhtml", "xht", "shtml", "xml", "xsl", "js", "mjs"];

/// Endings that hosts serve as text or as data, which browsers show and never run, whatever the content is.
const SHOWN: [&str; 5] = ["txt", "csv", "tsv", "json", "md"];

impl AuthorFiles {
    /// The files of a project.
    pub fn of(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            ..Self::default()
        }
    }

    /// The same, with pages and scripts allowed or not (as `allow_html` does for HTML in texts).
    #[must_use]
    pub fn allow_html(self, allow_html: bool) -> Self {
        Self { allow_html, ..self }
    }

    /// The same, with pictures and videos as they are or without the notes in them.
    #[must_use]
    pub fn anonymous(self, anonymous: bool) -> Self {
        Self { anonymous, ..self }
    }

    /// The same, with files of at most so many bytes.
    #[must_use]
    pub fn up_to(self, largest: u64) -> Self {
        Self {
            largest: Some(largest),
            ..self
        }
    }

    fn read_whole(&self, file: &Path) -> Result<Vec<u8>, String> {
        read(&self.root, file, self.largest.unwrap_or(LARGEST_FILE))
    }

    /// Takes a file and gives its address, relative to the page.
    ///
    /// # Errors
    /// [`SiteError::At`] for a file that is not there, lies outside of the project, is larger than hosts
    /// take, or is of a kind that browsers cannot use in this way.
    pub fn add(&mut self, file: &Path, purpose: Use, at: &Place) -> Result<String, SiteError> {
        let wrong = |problem: String| at.wrong(format!("{}: {problem}", file.display()));
        let content = self.read_whole(file).map_err(wrong)?;
        self.runs_nothing(file, &content, purpose).map_err(wrong)?;
        let extension = fit(file, &content, purpose).map_err(wrong)?;
        let mut path = PathBuf::from(file.file_name().unwrap_or_default());
        if let Some(extension) = extension {
            path.set_extension(extension);
        }
        let plain: String = path
            .to_string_lossy()
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        self.read.push(file.to_owned());
        let content = self.as_published(content);
        Ok(self.add_made(&format!("files/{}", plain.trim_start_matches('.')), content))
    }

    /// Content as it is published: without the notes in pictures and videos where nobody is named.
    fn as_published(&self, content: Vec<u8>) -> Vec<u8> {
        if self.anonymous {
            without_notes(content)
        } else {
            content
        }
    }

    /// The content of a file that is published under its own name.
    ///
    /// # Errors
    /// [`SiteError::At`] as [`AuthorFiles::add`] has it for a link.
    pub(crate) fn published(&mut self, file: &Path, at: &Place) -> Result<Vec<u8>, SiteError> {
        let content = self.content(file, at)?;
        let wrong = |problem: String| at.wrong(format!("{}: {problem}", file.display()));
        self.runs_nothing(file, &content, Use::Link).map_err(wrong)?;
        fit(file, &content, Use::Link).map_err(wrong)?;
        Ok(self.as_published(content))
    }

    /// Refuses what would run as part of the site, unless the author allows it.
    fn runs_nothing(&self, file: &Path, content: &[u8], purpose: Use) -> Result<(), String> {
        if purpose == Use::Link && !self.allow_html && may_run(file, content) {
            return Err(
                "is a page or a script, which would run as part of the site; `allow_html = true` in \
                site.toml publishes it as it is, and a name that ends in .txt shows its text"
                    .into(),
            );
        }
        Ok(())
    }

    /// The content of a file that the build itself reads, a table for example.
    ///
    /// # Errors
    /// [`SiteError::At`] as [`AuthorFiles::add`] has it.
    pub fn content(&mut self, file: &Path, at: &Place) -> Result<Vec<u8>, SiteError> {
        let content = self
            .read_whole(file)
            .map_err(|problem| at.wrong(format!("{}: {problem}", file.display())))?;
        self.read.push(file.to_owned());
        Ok(content)
    }

    /// A text that the build itself reads, a style sheet for example.
    ///
    /// # Errors
    /// [`SiteError::At`] as [`AuthorFiles::add`] has it, and for what is no text.
    pub(crate) fn text(&mut self, file: &Path, at: &Place) -> Result<SourceText, SiteError> {
        let content = self.content(file, at)?;
        SourceText::decoded(file, &content).map_err(|error| at.wrong(error.to_string()))
    }

    /// Takes content that the build made; `path` is its name without a digest.
    pub fn add_made(&mut self, path: &str, content: Vec<u8>) -> String {
        add_named(&mut self.files, path, content)
    }
}

/// Reads a regular file of at most `largest` bytes inside a folder, links followed first.
fn read(root: &Path, file: &Path, largest: u64) -> Result<Vec<u8>, String> {
    let root = if root.as_os_str().is_empty() {
        Path::new(".")
    } else {
        root
    };
    let place = file.canonicalize().map_err(|error| error.to_string())?;
    let root = root.canonicalize().map_err(|error| error.to_string())?;
    if !place.starts_with(&root) {
        return Err(format!(
            "lies outside of the project, expected a file in {}: copy it there",
            root.display()
        ));
    }
    let opened = cellflux_files::open(&place).map_err(|error| error.to_string())?;
    let about = opened.metadata().map_err(|error| error.to_string())?;
    let mib = largest >> 20;
    if about.len() > largest {
        return Err(format!(
            "is {:.1} MiB, expected at most {mib}: several hosts refuse larger files; a video becomes \
            smaller with `ffmpeg -i in -c:v libx264 -crf 28 -pix_fmt yuv420p out.mp4`, and \
            `largest_file_mib = {}` in site.toml publishes it, where the host takes it (GitHub Pages: up to \
            100)",
            about.len() as f64 / f64::from(1 << 20),
            about.len().div_ceil(1 << 20)
        ));
    }
    let mut content = Vec::with_capacity(about.len() as usize);
    opened
        .take(largest + 1)
        .read_to_end(&mut content)
        .map_err(|error| error.to_string())?;
    if content.len() as u64 > largest {
        return Err(format!("grew while it was read, expected at most {mib} MiB"));
    }
    Ok(content)
}

/// Whether a browser that opens the file could run what is in it.
///
/// XML of any kind can hold XHTML with scripts, and a file without a known ending is taken for a page when it
/// begins with a tag (the MIME Sniffing Standard, section 7.1). So whatever begins with `<` may run, in UTF-8
/// or UTF-16, unless it is served as text. An SVG is looked through by [`svg::harmless`] instead.
fn may_run(file: &Path, content: &[u8]) -> bool {
    let extension = file.extension().unwrap_or_default();
    let among = |list: &[&str]| list.iter().any(|known| extension.eq_ignore_ascii_case(known));
    if among(&RUN) {
        return true;
    }
    if among(&SHOWN) || among(&["svg", "svgz"]) {
        return false;
    }
    let blank =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    content.iter().find(|byte| !blank(byte)) == Some(&b'<')
}

/// Refuses content that browsers cannot use in this way. Returns the extension that hosts must see, where the
/// name may have another.
fn fit(file: &Path, content: &[u8], purpose: Use) -> Result<Option<&'static str>, String> {
    let extension = file
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    match purpose {
        Use::Picture => picture::shown(content).map(|kind| {
            Some(kind.extension()).filter(|known| {
                // A JPEG has two common names.
                !(*known == "jpg" && extension == "jpeg") && *known != extension
            })
        }),
        Use::Video => video::played(content).map(|kind| Some(kind).filter(|known| *known != extension)),
        Use::Subtitles => {
            let text = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
            if text.starts_with(b"WEBVTT") {
                Ok(None)
            } else {
                Err("expected subtitles as WebVTT, whose first word is WEBVTT".into())
            }
        }
        Use::Font => {
            if content.starts_with(b"wOF2") {
                Ok(None)
            } else {
                Err("expected a font as WOFF2".into())
            }
        }
        // An SVG that is opened by itself is a page of the site's own origin.
        Use::Link if matches!(extension.as_str(), "svg" | "svgz") => svg::harmless(content).map(|()| None),
        Use::Link => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    fn at() -> Place {
        Place {
            path: "a.md".into(),
            line: 3,
        }
    }

    fn refused(root: &Path, file: &Path) -> String {
        AuthorFiles::of(root)
            .add(file, Use::Link, &at())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_file_outside_of_the_project_is_refused_by_any_way_to_it() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("paper");
        fs::create_dir(&root).unwrap();
        fs::write(home.path().join("secret"), "s").unwrap();
        for file in [root.join("../secret"), home.path().join("secret")] {
            let error = refused(&root, &file);
            assert!(
                error.starts_with("a.md:3: ") && error.contains("outside of the project"),
                "{error}"
            );
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(home.path().join("secret"), root.join("link.txt")).unwrap();
            assert!(refused(&root, &root.join("link.txt")).contains("outside of the project"));
            assert!(refused(&root, Path::new("/dev/zero")).contains("outside of the project"));
        }
        fs::write(root.join("own.txt"), "o").unwrap();
        assert!(
            AuthorFiles::of(&root)
                .add(&root.join("own.txt"), Use::Link, &at())
                .is_ok()
        );
    }

    #[test]
    fn a_page_is_published_only_where_the_author_allows_html() {
        let home = tempfile::tempdir().unwrap();
        let script = "<script>alert(1)</script>";
        let rdf = "\u{feff} \n<r:RDF xmlns:h='http://www.w3.org/1999/xhtm&#108;'>\
            <h:script>alert(1)</h:script></r:RDF>";
        let utf16: Vec<u8> = std::iter::once(0xfeff)
            .chain(script.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        for (name, content) in [
            ("plot.html", script.as_bytes()),
            ("plot.XHTML", script.as_bytes()),
            ("plot.js", b"alert(1)"),
            ("data.rdf", rdf.as_bytes()),
            ("data.owl", rdf.as_bytes()),
            ("README", script.as_bytes()),
            ("wide.dat", &utf16),
        ] {
            let page = home.path().join(name);
            fs::write(&page, content).unwrap();
            assert!(
                refused(home.path(), &page).contains("allow_html = true"),
                "{name}"
            );
            let mut files = AuthorFiles::of(home.path()).allow_html(true);
            assert!(files.add(&page, Use::Link, &at()).is_ok());
        }
        for (name, content) in [
            ("example.txt", script),
            ("pairs.dat", "1 < 2"),
            ("model.bin", "\0\u{1}<"),
        ] {
            let file = home.path().join(name);
            fs::write(&file, content).unwrap();
            assert!(
                AuthorFiles::of(home.path()).add(&file, Use::Link, &at()).is_ok(),
                "{name}"
            );
        }
    }

    #[test]
    fn only_regular_files_of_a_size_that_hosts_take_are_read() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("folder")).unwrap();
        assert!(refused(home.path(), &home.path().join("folder")).contains("is a folder"));
        let large = home.path().join("large.bin");
        // The size is checked before a byte is read: this file would be 1 TiB.
        File::create(&large).unwrap().set_len(1 << 40).unwrap();
        assert!(refused(home.path(), &large).contains("expected at most 24"));
        #[cfg(unix)]
        {
            let fifo = home.path().join("fifo");
            let made = std::process::Command::new("mkfifo").arg(&fifo).status();
            if made.is_ok_and(|status| status.success()) {
                assert!(refused(home.path(), &fifo).contains("a device or a pipe"));
            }
            let _socket = std::os::unix::net::UnixListener::bind(home.path().join("pipe")).unwrap();
            assert!(refused(home.path(), &home.path().join("pipe")).contains("a device or a pipe"));
        }
    }
}
