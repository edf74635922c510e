//! New sites: the templates of `cellflux site new`, with what hosts need to build and publish them.

use std::fs;
use std::path::Path;

use rust_embed::RustEmbed;

use crate::config::{FILE, is_web_address};
use crate::error::SiteError;
use crate::imported::Imported;
use crate::toolkit::{all, bundle};

#[derive(RustEmbed)]
#[folder = "example"]
struct Templates;

/// The templates by name; the first is a paper's page, which is written where none is named.
pub const TEMPLATES: [&str; 4] = ["paper", "lab-course", "minimal", "supplement"];
/// The template that has nothing of its own but an explorer.
const MINIMAL: &str = "minimal";
/// What its `site.toml` goes on with after what the page says of itself.
const AFTER_HEAD: &str = "# The model.";
/// What every template gets.
const EVERY: &str = "every/";
/// Stands for the archive's address in a host's file.
const ARCHIVE: &str = "@ARCHIVE@";
/// The hosts' files.
const HOSTS: [&str; 2] = [".github/workflows/pages.yml", ".gitlab-ci.yml"];

/// The address of the archive that hosts build new sites with: that of this version, for machines as GitHub
/// and GitLab have them. A command that no release built knows none.
pub fn archive() -> Option<String> {
    let repository = option_env!("CELLFLUX_REPOSITORY")?;
    let version = env!("CARGO_PKG_VERSION");
    Some(format!(
        "{}/releases/download/v{version}/cellflux-{version}-x86_64-unknown-linux-gnu.tar.gz",
        repository.trim_end_matches('/')
    ))
}

/// Writes a new site: a template's text, the bundle that it shows, and the hosts' files, which build it with
/// the archive at this address.
///
/// # Errors
/// [`SiteError::Exists`] for a folder that holds anything, [`SiteError::Template`], [`SiteError::Archive`]
/// for what is no address, [`SiteError::Io`].
pub fn write(folder: &Path, template: &str, archive: Option<&str>) -> Result<(), SiteError> {
    if !TEMPLATES.contains(&template) {
        return Err(SiteError::Template {
            found: template.to_owned(),
        });
    }
    put(folder, archive, || files(template, archive))
}

/// Writes a new site that begins with what a page of another template says: the minimal template, whose
/// `site.toml` begins so.
///
/// # Errors
/// [`SiteError::Exists`], [`SiteError::Archive`], [`SiteError::Io`].
pub fn write_imported(folder: &Path, imported: &Imported, archive: Option<&str>) -> Result<(), SiteError> {
    put(folder, archive, || {
        let mut files = files(MINIMAL, archive);
        for (_, content) in files.iter_mut().filter(|(path, _)| path == FILE) {
            let text = String::from_utf8_lossy(content).into_owned();
            let rest = text.find(AFTER_HEAD).and_then(|at| text.get(at..));
            *content = format!("{}\n{}", imported.toml(), rest.unwrap_or_default()).into_bytes();
        }
        files
    })
}

/// Writes files into a new folder, once the archive's address is one.
fn put(
    folder: &Path,
    archive: Option<&str>,
    files: impl FnOnce() -> Vec<(String, Vec<u8>)>,
) -> Result<(), SiteError> {
    if let Some(address) = archive
        && (!is_web_address(address) || address.contains('\''))
    {
        return Err(SiteError::Archive {
            found: address.to_owned(),
        });
    }
    if folder.is_file() || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(SiteError::Exists { path: folder.into() });
    }
    for (path, content) in files() {
        let target = folder.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(SiteError::io(parent))?;
        }
        fs::write(&target, content).map_err(SiteError::io(&target))?;
    }
    Ok(())
}

/// The files of a new site by path.
fn files(template: &str, archive: Option<&str>) -> Vec<(String, Vec<u8>)> {
    let own = format!("{template}/");
    let mut files = Vec::new();
    for start in [own.as_str(), EVERY] {
        for (path, content) in all::<Templates>("", |path| path.starts_with(start)) {
            let path = path.strip_prefix(start).unwrap_or(&path).to_owned();
            let content = if HOSTS.contains(&path.as_str()) {
                String::from_utf8_lossy(&content)
                    .replace(ARCHIVE, archive.unwrap_or_default())
                    .into_bytes()
            } else {
                content
            };
            files.push((path, content));
        }
    }
    files.extend(bundle(bundle_of(template)));
    files
}

/// The bundle that a template shows, one of the repository's.
fn bundle_of(template: &str) -> &'static str {
    match template {
        // Of drawn cells it is known what a treatment does, which lessons need.
        "lab-course" => "synthetic-tiny",
        _ => "bbbc021-tiny",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_has_its_text_its_bundle_and_the_hosts_files_with_the_archive_s_address() {
        for template in TEMPLATES {
            let home = tempfile::tempdir().unwrap();
            let folder = home.path().join("new");
            let address = "https://example.org/cellflux.tar.gz";
            write(&folder, template, Some(address)).unwrap();
            let bundle = format!("bundles/{}/manifest.json", bundle_of(template));
            for file in ["site.toml", ".gitignore", "README.md", &bundle] {
                assert!(folder.join(file).is_file(), "{template}: {file}");
            }
            for file in HOSTS {
                let text = fs::read_to_string(folder.join(file)).unwrap();
                assert!(text.contains(&format!("CELLFLUX_ARCHIVE: '{address}'")), "{text}");
                assert!(!text.contains(ARCHIVE), "{text}");
            }
        }
    }

    #[test]
    fn without_an_address_the_hosts_files_say_where_one_is_missing() {
        for (path, content) in files("minimal", None) {
            if HOSTS.contains(&path.as_str()) {
                let text = String::from_utf8(content).unwrap();
                assert!(text.contains("CELLFLUX_ARCHIVE: ''"), "{text}");
                assert!(text.contains("is empty: write the address"), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_template_or_no_address_is_refused_and_nothing_is_written() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("new");
        let error = write(&folder, "papre", None).unwrap_err().to_string();
        assert!(
            error.contains("\"papre\"") && error.contains("lab-course"),
            "{error}"
        );
        for address in ["example.org/x", "https://example.org/'x", "https://a b"] {
            let error = write(&folder, "paper", Some(address)).unwrap_err();
            assert!(matches!(error, SiteError::Archive { .. }), "{error}");
        }
        assert!(!folder.exists());
        write(&folder, "minimal", None).unwrap();
        assert!(matches!(
            write(&folder, "minimal", None),
            Err(SiteError::Exists { .. })
        ));
    }
}
