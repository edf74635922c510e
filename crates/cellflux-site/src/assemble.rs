//! Assembling: the page, its modules, the WebAssembly package and the bundles become one folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cellflux_bundle::{files, folder};
use walkdir::WalkDir;

use crate::error::SiteError;
use crate::output::Output;
use crate::{page, real_crops};

/// Where the parts of a site come from.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Bundle folders; the page opens the first, the others lie beside it.
    pub bundles: Vec<PathBuf>,
    /// The page, an HTML file with one `<cellflux-explorer src="…">`.
    pub page: PathBuf,
    /// The page's modules and styles.
    pub web: PathBuf,
    /// The WebAssembly package that `cargo xtask pkg` builds.
    pub pkg: PathBuf,
    /// A folder of real single-cell crops to offer in the first bundle, see [`real_crops`].
    pub real_crops: Option<PathBuf>,
}

/// What was assembled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Files in the folder.
    pub files: usize,
    /// Their bytes together.
    pub bytes: u64,
    /// Real crops added to the first bundle's copy, controls and treated together.
    pub real_crops: usize,
}

/// Writes the site to `out`: `index.html`, `web/`, `pkg/`, `bundles/NAME/`. Every file of every bundle is checked
/// against its manifest on the way.
///
/// # Errors
/// Any [`SiteError`] of the parts; `out` is as it was then.
pub fn assemble(parts: &Parts, out: &Path) -> Result<Site, SiteError> {
    let output = Output::new(out)?;
    let mut added = 0;
    let mut names = BTreeSet::new();
    for (index, bundle) in parts.bundles.iter().enumerate() {
        let name = bundle_name(bundle)?;
        let crops = parts.real_crops.as_deref().filter(|_| index == 0);
        added += copy_bundle(bundle, crops, &format!("bundles/{name}"), &output)?;
        if index == 0 {
            write_page(&parts.page, &format!("bundles/{name}/manifest.json"), &output)?;
        }
        if !names.insert(name.clone()) {
            return Err(SiteError::SameName { name });
        }
    }
    if parts.bundles.is_empty() {
        return Err(SiteError::Missing {
            path: out.into(),
            expected: "at least one bundle for it",
        });
    }
    // Bundles are listed by their manifests and copied above; the ones kept under web/ are sources.
    copy_tree(&parts.web, "web", &output, "the page's modules", |path| {
        !path.starts_with("bundles")
    })?;
    copy_tree(
        &parts.pkg,
        "pkg",
        &output,
        "the package that `cargo xtask pkg` builds",
        is_package_part,
    )?;
    if !output.folder().join("pkg/cellflux_wasm_bg.wasm").is_file() {
        return Err(SiteError::Missing {
            path: parts.pkg.join("cellflux_wasm_bg.wasm"),
            expected: "the module that `cargo xtask pkg` builds",
        });
    }
    let site = Site {
        real_crops: added,
        ..measure(output.folder())?
    };
    output.finish()?;
    Ok(site)
}

/// The folder's own name, which becomes part of an address.
fn bundle_name(bundle: &Path) -> Result<String, SiteError> {
    let whole = bundle.canonicalize().map_err(SiteError::io(bundle))?;
    let name = whole
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(SiteError::Missing {
            path: bundle.into(),
            expected: "a bundle folder whose name is of letters, digits, `-`, `_` and `.`",
        });
    }
    Ok(name.to_owned())
}

/// Copies the manifest and the files it lists, no others; returns how many real crops were added.
fn copy_bundle(bundle: &Path, crops: Option<&Path>, to: &str, output: &Output) -> Result<usize, SiteError> {
    let broken = SiteError::bundle(bundle);
    // Reads the weights too: a broken model is found here and not by a visitor.
    let mut manifest = folder::read(bundle).map_err(&broken)?.manifest;
    for entry in &manifest.files {
        let bytes = folder::read_file(bundle, &manifest, &entry.path).map_err(&broken)?;
        output.write(&format!("{to}/{}", entry.path), &bytes)?;
    }
    let target = format!("{to}/{}", files::MANIFEST);
    let Some(data) = crops else {
        let source = bundle.join(files::MANIFEST);
        output.write(&target, &fs::read(&source).map_err(SiteError::io(&source))?)?;
        return Ok(0);
    };
    let crops = real_crops::choose(data, &manifest)?;
    let added = crops.len();
    for (path, bytes) in real_crops::add(crops, &mut manifest) {
        output.write(&format!("{to}/{path}"), &bytes)?;
    }
    output.write(&target, &manifest.to_json().map_err(&broken)?)?;
    Ok(added)
}

fn write_page(page: &Path, manifest: &str, output: &Output) -> Result<(), SiteError> {
    let html = fs::read_to_string(page).map_err(SiteError::io(page))?;
    let html = page::with_bundle(&html, manifest).map_err(|found| SiteError::Page {
        path: page.into(),
        found,
    })?;
    output.write("index.html", html.as_bytes())
}

/// What of pkg/ a page needs: not the types, the npm description or the build's stamp.
fn is_package_part(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    !name.starts_with('.')
        && Path::new(name)
            .extension()
            .is_none_or(|extension| extension != "ts")
        && !matches!(name, "package.json" | "README.md")
}

fn copy_tree(
    from: &Path,
    to: &str,
    output: &Output,
    expected: &'static str,
    wanted: impl Fn(&Path) -> bool,
) -> Result<(), SiteError> {
    if !from.is_dir() {
        return Err(SiteError::Missing {
            path: from.into(),
            expected,
        });
    }
    for entry in WalkDir::new(from).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| SiteError::io(from)(error.into()))?;
        let path = entry.path();
        let Ok(inside) = path.strip_prefix(from) else {
            continue;
        };
        if !entry.file_type().is_file() || !wanted(inside) {
            continue;
        }
        let target = output.folder().join(to).join(inside);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(SiteError::io(parent))?;
        }
        fs::copy(path, &target).map_err(SiteError::io(path))?;
    }
    Ok(())
}

/// Counts the files and their bytes.
fn measure(folder: &Path) -> Result<Site, SiteError> {
    let mut site = Site::default();
    for entry in WalkDir::new(folder) {
        let entry = entry.map_err(|error| SiteError::io(folder)(error.into()))?;
        if entry.file_type().is_file() {
            site.files += 1;
            site.bytes += entry
                .metadata()
                .map_err(|error| SiteError::io(folder)(error.into()))?
                .len();
        }
    }
    Ok(site)
}
