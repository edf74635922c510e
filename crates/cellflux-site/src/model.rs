//! A model on the page: its bundle, checked, in the storage that the author asked for, with the author's own
//! crops.

use std::collections::BTreeMap;
use std::path::Path;

use cellflux_bundle::files::MANIFEST;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::{Bundle, Manifest, folder, limits};
use cellflux_engine::EngineMaker;
use cellflux_session::comparison::storage::{BOUND, StorageError};

use crate::anonymous::hide_origin;
use crate::cache::Cache;
use crate::config::{BundleRequest, Project};
use crate::error::SiteError;
use crate::fingerprint::digest;
use crate::place::Place;
use crate::real_crops;
use crate::storage;
use crate::svg;

/// The largest file that every known host takes (Cloudflare Pages: 25 MiB).
pub const LARGEST_FILE: u64 = 24 << 20;

/// The note about a bundle whose evaluation does not belong to the published weights.
pub const LEFT_OUT: &str = "its evaluation is left out, because `dtype` stores the weights in other bytes \
    than those that were measured; store them so first (`cellflux bundle quantise`), then evaluate that \
    bundle";

/// A bundle as it will be published.
#[derive(Debug)]
pub struct Model {
    /// The name of the bundle's folder, which `site.toml` and links to `embed.html` use.
    pub name: String,
    /// Where the site holds it: `bundles/NAME-DIGEST`. The digest is that of the manifest, which holds the
    /// digests of all other files.
    pub place: String,
    /// Weights and vectors, for computing pictures.
    pub bundle: Bundle,
    /// Every file as it will be published, the manifest included.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What storing the weights in fewer bytes costs, where that was asked for.
    pub storage_error: Option<StorageError>,
    /// Real crops added.
    pub real_crops: usize,
    /// Whether the author's bundle has an evaluation that is left out here, since the weights are stored in
    /// other bytes than those that were measured.
    pub evaluation_left_out: bool,
}

impl Model {
    /// Reads and checks the bundle of one `[[bundle]]` and, where asked for, stores it otherwise.
    ///
    /// # Errors
    /// [`SiteError::At`] for a folder that is not a bundle or is a broken one, [`SiteError::Quantised`] for
    /// weights that lose too much, [`SiteError::Crops`] and [`SiteError::Image`] for the crops.
    pub fn load(
        project: &Project,
        request: &BundleRequest,
        crops: Option<&Path>,
        engines: EngineMaker,
        tell: fn(&str),
    ) -> Result<Self, SiteError> {
        let at = project.source.place(request.path.span().start);
        let folder = project.path(request.path.get_ref());
        let name = name_of(&folder, &at)?;
        let broken =
            |error: cellflux_bundle::BundleError| at.wrong(format!("bundle {}: {error}", folder.display()));
        let mut bundle = folder::read(&folder).map_err(broken)?;
        let anonymous = project.config.anonymous;
        if anonymous {
            hide_origin(&mut bundle.manifest.provenance);
        }
        let mut assets = folder::read_assets(&folder, &bundle.manifest).map_err(broken)?;
        for (path, content) in &assets {
            only_shown(path, content)
                .map_err(|reason| at.wrong(format!("bundle {}: {path}: {reason}", folder.display())))?;
        }
        attributed(&bundle.manifest, &at)?;
        let dtype = request
            .dtype(&project.source)?
            .unwrap_or(bundle.manifest.model.dtype);
        let shards_fit = bundle
            .manifest
            .files
            .iter()
            .all(|entry| entry.bytes <= LARGEST_FILE);
        if dtype == bundle.manifest.model.dtype && shards_fit && crops.is_none() {
            // Byte for byte as the author has it, except for a manifest that must not say whose it is.
            let mut content = assets;
            let manifest = &bundle.manifest;
            for entry in manifest
                .required_files()
                .into_iter()
                .chain(manifest.quick_files())
            {
                let bytes = folder::read_file(&folder, &bundle.manifest, &entry.path).map_err(broken)?;
                content.insert(entry.path.clone(), bytes);
            }
            let manifest = folder.join(MANIFEST);
            let written = if anonymous {
                bundle.manifest.to_json().map_err(broken)?
            } else {
                cellflux_files::read(&manifest).map_err(SiteError::io(&manifest))?
            };
            content.insert(MANIFEST.into(), written);
            return Ok(Self::new(name, bundle, content));
        }
        let mut draft = bundle.clone();
        let mut added = 0;
        if let Some(data) = crops {
            let statement = project.config.crops.as_ref().ok_or_else(|| SiteError::Crops {
                path: project.source.path.clone(),
                problem: format!(
                    "has no [crops], expected `source` and `licence` there: whose photographs {} holds and \
                    how they may be shown",
                    data.display()
                ),
            })?;
            let crops = real_crops::choose(data, &draft.manifest, statement)?;
            added = crops.crops.len();
            assets.extend(real_crops::add(crops, &mut draft.manifest));
        }
        let mut draft = draft.into_draft(assets);
        draft.dtype = dtype;
        let mut packed = draft.pack().map_err(broken)?;
        let kept = packed.carry(&bundle).map_err(broken)?;
        packed
            .carry_quick(&bundle.manifest, limits::SHARD_BYTES)
            .map_err(broken)?;
        let published = packed.published().map_err(broken)?;
        let error = if dtype == WeightDtype::Int8 && bundle.manifest.model.dtype != WeightDtype::Int8 {
            tell(&format!("measuring what {dtype} weights of {name} cost"));
            let kept = Cache::of(&project.folder);
            let error = storage::kept_error(&kept, &bundle, &published, &packed.files, engines).map_err(
                |reason| SiteError::Walk {
                    place: at.clone(),
                    reason,
                },
            )?;
            if error.is_too_large() && !request.force {
                return Err(SiteError::Quantised {
                    place: at,
                    dtype,
                    velocity: error.velocity,
                    trajectory: error.trajectory,
                    bound: BOUND,
                });
            }
            Some(error)
        } else {
            None
        };
        Ok(Self {
            storage_error: error,
            real_crops: added,
            evaluation_left_out: bundle.manifest.evaluation.is_some() && !kept,
            ..Self::new(name, published, packed.files)
        })
    }

    fn new(name: String, bundle: Bundle, files: BTreeMap<String, Vec<u8>>) -> Self {
        let manifest = files.get(MANIFEST).map(Vec::as_slice).unwrap_or_default();
        Self {
            place: format!("bundles/{name}-{}", digest(manifest)),
            name,
            bundle,
            files,
            storage_error: None,
            real_crops: 0,
            evaluation_left_out: false,
        }
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.bundle.manifest
    }

    /// The manifest's address, relative to the page.
    pub fn manifest_address(&self) -> String {
        format!("{}/{MANIFEST}", self.place)
    }

    /// Files that a visitor needs before the first computed frame, the manifest included: where there are
    /// quick weights, those in place of the full ones.
    pub fn needed(&self) -> impl Iterator<Item = String> + '_ {
        let manifest = self.manifest();
        let quick = manifest.quick_files();
        let has_quick = !quick.is_empty();
        let required = manifest.required_files().into_iter();
        std::iter::once(MANIFEST)
            .chain(
                required
                    .filter(move |entry| !(has_quick && entry.is_shard()))
                    .chain(quick)
                    .map(|entry| entry.path.as_str()),
            )
            .map(|path| format!("{}/{path}", self.place))
    }
}

/// Refuses a file beside a bundle's weights with which a browser would do more than show it: every file of a
/// site can be opened by its own address, and a page or a script there has the site's origin.
fn only_shown(path: &str, content: &[u8]) -> Result<(), String> {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("png") => Ok(()),
        Some("svg") => svg::harmless(content),
        _ => Err(
            "is neither a picture (.png) nor a drawing (.svg), expected only those beside the weights".into(),
        ),
    }
}

/// Refuses data and pictures whose source or licence a page could not name.
fn attributed(manifest: &Manifest, at: &Place) -> Result<(), SiteError> {
    let data = &manifest.provenance.data_set;
    let of_data = [
        ("provenance.data_set.name".to_owned(), &data.name),
        ("provenance.data_set.citation".to_owned(), &data.citation),
        ("provenance.data_set.licence".to_owned(), &data.licence),
        ("provenance.licence".to_owned(), &manifest.provenance.licence),
    ];
    let gallery = &manifest.gallery;
    let of_examples = gallery
        .controls
        .iter()
        .chain(&gallery.treated)
        .flat_map(|example| {
            [
                (format!("the source of {:?}", example.id), &example.source),
                (format!("the licence of {:?}", example.id), &example.licence),
            ]
        });
    match of_data
        .into_iter()
        .chain(of_examples)
        .find(|(_, text)| text.trim().is_empty())
    {
        Some((field, _)) => Err(at.wrong(format!(
            "the bundle does not say {field}, expected it: a page names source and licence beside its \
            pictures"
        ))),
        None => Ok(()),
    }
}

/// The folder's own name, which becomes part of an address.
///
/// # Errors
/// [`SiteError::At`] for a name that cannot be one.
pub fn name_of(folder: &Path, at: &Place) -> Result<String, SiteError> {
    let whole = folder.canonicalize().map_err(|error| {
        at.wrong(format!(
            "{}: {error}, expected a bundle's folder (`cellflux import` makes one)",
            folder.display()
        ))
    })?;
    let name = whole
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(at.wrong(format!(
            "bundle folder {name:?}, expected a name of letters, digits, `-`, `_` and `.`"
        )));
    }
    Ok(name.to_owned())
}
