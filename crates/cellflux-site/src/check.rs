//! Checking a built site as a visitor's browser and a visitor's eyes would find it: links, sizes, words for
//! pictures.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cellflux_bundle::clipping::{self, Clipped};
use cellflux_bundle::{BundleError, folder};

use crate::components::page::id_on_page;
use crate::error::SiteError;
use crate::finding::{note, serious};
use crate::model::LARGEST_FILE;
use crate::page_check::page;
use crate::place::Place;
use crate::site_files::in_folder;

pub use crate::finding::Finding;

/// Everything that is wrong with the site in a folder. `links` are the links of the author's texts to an
/// element of the page, by its id ([`crate::Built::links_inside`]): one that leads nowhere is reported with
/// its line.
///
/// # Errors
/// [`SiteError::Io`] for a folder that cannot be read.
pub fn check(folder: &Path, links: &[(String, Place)]) -> Result<Vec<Finding>, SiteError> {
    check_up_to(folder, links, LARGEST_FILE)
}

/// As [`check`], for a site whose author allows files of at most so many bytes.
///
/// # Errors
/// [`SiteError::Io`] for a folder that cannot be read.
pub fn check_up_to(
    folder: &Path,
    links: &[(String, Place)],
    largest: u64,
) -> Result<Vec<Finding>, SiteError> {
    let mut paths = BTreeSet::new();
    let mut findings = Vec::new();
    for (path, file) in in_folder(folder)? {
        let bytes = fs::metadata(&file).map_err(SiteError::io(&file))?.len();
        if bytes > LARGEST_FILE {
            let problem =
                format!("{bytes} bytes, expected at most {LARGEST_FILE}: several hosts refuse larger files");
            findings.push(if bytes > largest {
                serious(&path, problem)
            } else {
                note(&path, problem)
            });
        }
        paths.insert(path);
    }
    for path in paths.iter().filter(|path| {
        Path::new(path)
            .extension()
            .is_some_and(|extension| extension == "html")
    }) {
        let file = folder.join(path);
        let html = fs::read_to_string(&file).map_err(SiteError::io(&file))?;
        // Each text stands on one page.
        let links: Vec<(String, Place)> = links
            .iter()
            .filter_map(|(link, at)| Some((id_on_page(path, link)?.to_owned(), at.clone())))
            .collect();
        findings.extend(page(path, &html, &paths, &links));
    }
    for path in paths
        .iter()
        .filter(|path| path.starts_with("bundles/") && path.ends_with("/manifest.json"))
    {
        let bundle = folder.join(path.trim_end_matches("/manifest.json"));
        match clipped(&bundle) {
            Ok(channels) => findings.extend(channels.iter().map(|channel| note(path, channel.to_string()))),
            Err(error) => findings.push(serious(path, error.to_string())),
        }
    }
    Ok(findings)
}

/// Reads and checks all of a bundle; the channels whose windows cut off treated cells.
fn clipped(bundle: &Path) -> Result<Vec<Clipped>, BundleError> {
    let manifest = folder::read(bundle)?.manifest;
    folder::read_quick(bundle, &manifest)?;
    let assets = folder::read_assets(bundle, &manifest)?;
    clipping::of_treated(&manifest.image, &manifest.gallery, &assets)
}
