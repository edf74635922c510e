//! What the command has inside itself: the page's modules and styles, the WebAssembly package, bundles to
//! begin with.
//!
//! A release build holds them as they were when it was built. A debug build, which works in a clone, reads
//! them from the clone's folders each time, so that a change shows at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rust_embed::RustEmbed;
use walkdir::WalkDir;

use crate::error::SiteError;

#[derive(RustEmbed)]
#[folder = "../../web"]
struct Web;

#[derive(RustEmbed)]
#[folder = "../../pkg"]
struct Pkg;

/// The module without which no page runs.
pub(crate) const WASM: &str = "pkg/cellflux_wasm_bg.wasm";
/// The chemistry's, which a page fetches when a visitor types a compound.
pub(crate) const CHEMISTRY: &str = "pkg/cellflux_compound_wasm_bg.wasm";
/// The results', which a page fetches when a visitor measures a walk or keeps a figure of it.
pub(crate) const RESULTS: &str = "pkg/cellflux_results_wasm_bg.wasm";
/// The one that reads images, which a page fetches when a visitor brings one.
pub(crate) const UPLOAD: &str = "pkg/cellflux_upload_wasm_bg.wasm";
/// The lab's, which only a page with a lab has.
pub(crate) const LAB: &str = "pkg/cellflux_lab_wasm_bg.wasm";

/// The page's own files by path: `web/…` and `pkg/…`.
#[derive(Clone, Debug, Default)]
pub struct Toolkit {
    /// Content by path.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Toolkit {
    /// The files that the command holds.
    ///
    /// # Errors
    /// [`SiteError::NoPackage`] for a command that was built without `pkg/`.
    pub fn embedded() -> Result<Self, SiteError> {
        let mut files = BTreeMap::new();
        files.extend(all::<Web>("web/", is_of_pages));
        files.extend(all::<Pkg>("pkg/", |_| true));
        Self { files }.complete()
    }

    /// The files of two folders.
    ///
    /// # Errors
    /// [`SiteError::Io`], [`SiteError::NoPackage`].
    pub fn from_folders(web: &Path, pkg: &Path) -> Result<Self, SiteError> {
        let mut files = BTreeMap::new();
        for (folder, prefix) in [(web, "web"), (pkg, "pkg")] {
            for entry in WalkDir::new(folder).follow_links(true) {
                let entry = entry.map_err(|error| SiteError::io(folder)(error.into()))?;
                let Ok(inside) = entry.path().strip_prefix(folder) else {
                    continue;
                };
                let inside = inside.to_string_lossy().replace('\\', "/");
                if entry.file_type().is_file() && is_of_pages(&inside) {
                    let content = fs::read(entry.path()).map_err(SiteError::io(entry.path()))?;
                    files.insert(format!("{prefix}/{inside}"), content);
                }
            }
        }
        Self { files }.complete()
    }

    fn complete(self) -> Result<Self, SiteError> {
        if self.files.contains_key(WASM) {
            Ok(self)
        } else {
            Err(SiteError::NoPackage)
        }
    }
}

/// The files of one of the repository's bundles, as `bundles/NAME/…`.
pub(crate) fn bundle(name: &str) -> Vec<(String, Vec<u8>)> {
    let start = format!("bundles/{name}/");
    all::<Web>("", |path| path.starts_with(&start))
}

/// Whether a file of `web/` is for pages: bundles come from the author, and the lint's settings are for
/// people who change the page.
fn is_of_pages(path: &str) -> bool {
    !path.starts_with("bundles/") && path != "tsconfig.json"
}

/// The embedded files whose paths are wanted.
pub(crate) fn all<E: RustEmbed>(prefix: &str, wanted: impl Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let content = |path: &str| E::get(path).map(|file| file.data.into_owned());
    E::iter()
        // Windows has another separator.
        .map(|path: Cow<str>| path.replace('\\', "/"))
        .filter(|path| wanted(path))
        .filter_map(|path| content(&path).map(|bytes| (format!("{prefix}{path}"), bytes)))
        .collect()
}
