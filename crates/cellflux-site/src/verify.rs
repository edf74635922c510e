//! Whether a published site is what was built, and whether its numbers come out again: every file against
//! `digests.json`, every link, and one recorded walk, computed anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cellflux_bundle::files::{MANIFEST, VerifiedFile, digest};
use cellflux_bundle::{Bundle, BundleReader};
use cellflux_engine::EngineMaker;
use cellflux_session::link;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use walkdir::WalkDir;

use crate::digests;
use crate::error::SiteError;
use crate::film::film;
use crate::finding::{Finding, note, serious};
use crate::output::MARK;
use crate::page_check::{leading_outside, page};
use crate::recorder::recomputed;
use crate::webp;

/// The largest difference between a recorded picture and one that is computed anew, of 255. Processors sum in
/// different orders, which changes the last digits of a walk's numbers; a picture is drawn in 256 steps and
/// its difference in larger ones.
pub const MOST_APART: u8 = 8;

/// Files with which an author tells a host what to do. Some hosts show them, others keep them to themselves.
const OF_HOSTS: [&str; 4] = [".nojekyll", "CNAME", "_headers", "_redirects"];

/// The address of a file below that of its site.
pub fn address_of(path: &str) -> String {
    const IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~')
        .remove(b'/');
    utf8_percent_encode(path, IN_PATHS).to_string()
}

/// Where the files of a published site come from.
pub trait Published {
    /// The file at an address of the site; none where there is none.
    ///
    /// # Errors
    /// [`SiteError::Part`] or [`SiteError::Io`] where it is not known whether there is one.
    fn file(&mut self, path: &str) -> Result<Option<Vec<u8>>, SiteError>;

    /// The address of every file, where they can be listed.
    ///
    /// # Errors
    /// [`SiteError::Io`].
    fn all(&mut self) -> Result<Vec<String>, SiteError> {
        Ok(Vec::new())
    }
}

/// A site that lies in a folder.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Published for Folder {
    fn file(&mut self, path: &str) -> Result<Option<Vec<u8>>, SiteError> {
        let file = self.0.join(path);
        match fs::read(&file) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SiteError::io(&file)(error)),
        }
    }

    fn all(&mut self) -> Result<Vec<String>, SiteError> {
        let is_git = |entry: &walkdir::DirEntry| entry.file_name() == ".git";
        let mut paths = Vec::new();
        for entry in WalkDir::new(&self.0)
            .into_iter()
            .filter_entry(|entry| !is_git(entry))
        {
            let entry = entry.map_err(|error| SiteError::io(&self.0)(error.into()))?;
            if entry.file_type().is_file()
                && let Ok(inside) = entry.path().strip_prefix(&self.0)
            {
                paths.push(inside.to_string_lossy().replace('\\', "/"));
            }
        }
        paths.sort();
        Ok(paths)
    }
}

/// What was looked at, and what is wrong.
#[derive(Debug, Default)]
pub struct Verified {
    /// Files whose digests were compared.
    pub files: usize,
    /// Addresses of other sites that the pages link to.
    pub outside: BTreeSet<String>,
    /// The walk that was computed anew.
    pub walk: Option<WalkAgain>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// A recorded walk beside the same walk, computed anew.
#[derive(Clone, Debug)]
pub struct WalkAgain {
    /// Its recipe.
    pub link: String,
    /// The largest difference of a picture's number, of 255.
    pub apart: u8,
}

impl WalkAgain {
    /// Whether it came out again.
    pub fn is_same(&self) -> bool {
        self.apart <= MOST_APART
    }
}

/// A recorded walk, as far as it is needed to compute it again.
#[derive(Deserialize)]
struct Recorded {
    link: String,
    file: String,
}

/// Verifies a site.
///
/// # Errors
/// [`SiteError::Part`] for a site without a list of digests, and for files that cannot be asked for.
pub fn verify(site: &mut dyn Published, engines: EngineMaker) -> Result<Verified, SiteError> {
    let part = |path: &str, problem: String| SiteError::Part {
        path: path.to_owned(),
        problem,
    };
    let list = site.file(digests::PATH)?.ok_or_else(|| {
        let problem = "there is no such file, expected a site that `cellflux site build` wrote";
        part(digests::PATH, problem.into())
    })?;
    let listed = digests::read(&list).map_err(|problem| part(digests::PATH, problem))?;
    let mut verified = Verified::default();
    let mut kept: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (path, expected) in &listed.files {
        let Some(content) = site.file(path)? else {
            let finding = if OF_HOSTS.contains(&path.as_str()) {
                note(
                    path,
                    "there is no such file, since the host reads it and shows it to nobody".into(),
                )
            } else {
                let problem = "there is no such file, expected the one that was built";
                serious(path, problem.into())
            };
            verified.findings.push(finding);
            continue;
        };
        verified.files += 1;
        let found = digest(&content);
        if found != *expected {
            let problem =
                format!("its SHA-256 is {found}, expected {expected}: it is not the file that was built");
            verified.findings.push(serious(path, problem));
        }
        if is_page(path) || path.starts_with("bundles/") || path.starts_with("recorded/") {
            kept.insert(path.clone(), content);
        }
    }
    let mut paths: BTreeSet<String> = listed.files.into_keys().collect();
    paths.insert(digests::PATH.to_owned());
    for path in site.all()? {
        if !paths.contains(&path) && path != MARK {
            let problem = "is not in the list of digests: the build did not write it";
            verified.findings.push(note(&path, problem.into()));
        }
    }
    for (path, content) in kept.iter().filter(|(path, _)| is_page(path)) {
        let html = String::from_utf8_lossy(content);
        verified.findings.extend(page(path, &html, &paths, &[]));
        verified.outside.extend(leading_outside(&html));
    }
    match first_walk(&kept, engines) {
        Ok(Some(walk)) => {
            if !walk.is_same() {
                let problem = format!(
                    "computed anew, its pictures differ by up to {} of 255, expected at most \
                     {MOST_APART}: the page shows another walk than its network makes",
                    walk.apart
                );
                verified.findings.push(serious(&walk.link, problem));
            }
            verified.walk = Some(walk);
        }
        Ok(None) => {
            let problem = "holds no recorded walk, so none was computed anew";
            verified.findings.push(note("recorded", problem.into()));
        }
        Err(problem) => verified.findings.push(serious("recorded", problem)),
    }
    Ok(verified)
}

fn is_page(path: &str) -> bool {
    has_extension(path, "html")
}

fn has_extension(path: &str, wanted: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == wanted)
}

/// The first recorded walk of a site, computed anew with the bundle that the site holds.
fn first_walk(site: &BTreeMap<String, Vec<u8>>, engines: EngineMaker) -> Result<Option<WalkAgain>, String> {
    let is_list = |path: &&String| path.starts_with("recorded/") && has_extension(path, "json");
    let Some(list) = site.keys().find(is_list) else {
        return Ok(None);
    };
    // `recorded/NAME-DIGEST.json` belongs to `bundles/NAME-DIGEST/`.
    let name = list
        .strip_prefix("recorded/")
        .and_then(|name| name.rsplit_once('-'))
        .map_or("", |(name, _)| name);
    let is_of_bundle = |folder: &str| folder.rsplit_once('-').is_some_and(|(bundle, _)| bundle == name);
    let folder = site
        .keys()
        .filter_map(|path| path.strip_prefix("bundles/")?.strip_suffix("/manifest.json"))
        .find(|folder| is_of_bundle(folder))
        .ok_or_else(|| format!("{list}: the site holds no bundle {name:?}"))?;
    let of_bundle = |path: &str| site.get(&format!("bundles/{folder}/{path}"));
    let manifest = of_bundle(MANIFEST).map(Vec::as_slice).unwrap_or_default();
    let bundle = bundle(manifest, |path| of_bundle(path).cloned()).map_err(|error| error.to_string())?;
    let content = site.get(list).map(Vec::as_slice).unwrap_or_default();
    let film = |file: &str| site.get(&format!("recorded/{file}")).map(Vec::as_slice);
    let mut engine = || engines(&bundle);
    again(
        content,
        film,
        &bundle,
        |path| of_bundle(path).cloned(),
        &mut engine,
    )
}

fn bundle(
    manifest: &[u8],
    file: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<Bundle, cellflux_bundle::BundleError> {
    let mut reader = BundleReader::new(manifest)?;
    let entries: Vec<_> = reader.manifest().required_files().into_iter().cloned().collect();
    for entry in entries {
        // What is not there has another digest.
        let content = file(&entry.path).unwrap_or_default();
        reader.accept(&VerifiedFile::check(&entry, content)?)?;
    }
    reader.finish()
}

/// The first walk of a list of recorded walks, computed anew; none where the list is empty. `films` gives the
/// pictures of a walk by the name that the list has for them, `file` a file of the bundle.
///
/// # Errors
/// A sentence.
pub(crate) fn again<'a>(
    list: &[u8],
    films: impl Fn(&str) -> Option<&'a [u8]>,
    bundle: &Bundle,
    file: impl Fn(&str) -> Option<Vec<u8>>,
    engine: &mut dyn FnMut() -> Result<cellflux_engine::AnyEngine, String>,
) -> Result<Option<WalkAgain>, String> {
    let recorded: Vec<Recorded> =
        serde_json::from_slice(list).map_err(|error| cellflux_bundle::parser_words(&error))?;
    let Some(Recorded { link, file: name }) = recorded.into_iter().next() else {
        return Ok(None);
    };
    let shown = films(&name)
        .and_then(webp::decode)
        .ok_or_else(|| format!("the pictures of {link} ({name}) are not there or damaged"))?;
    let recipe = link::read(&link, &bundle.manifest).map_err(|error| error.to_string())?;
    let recording = recomputed(bundle, &recipe, file, engine()?)?;
    let film = film(&recording).map_err(|error| error.to_string())?;
    let computed = webp::decode(&film).ok_or("the computed pictures cannot be read")?;
    if (shown.width, shown.height) != (computed.width, computed.height) {
        return Err(format!(
            "the pictures of {link} are {} x {}, expected {} x {}",
            shown.width, shown.height, computed.width, computed.height
        ));
    }
    let apart = shown
        .pixels
        .iter()
        .zip(&computed.pixels)
        .map(|(shown, computed)| shown.abs_diff(*computed))
        .max();
    Ok(Some(WalkAgain {
        link,
        apart: apart.unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_any_name_of_a_file() {
        assert_eq!(address_of("web/a-0.js"), "web/a-0.js");
        assert_eq!(
            address_of("data/50 % #1 é.csv"),
            "data/50%20%25%20%231%20%C3%A9.csv"
        );
    }
}
