//! What can go wrong between a bundle and a served page.

use std::path::{Path, PathBuf};

use cellflux_bundle::BundleError;
use cellflux_image::ImageError;

/// The crate's one error. A message is whole: it contains its reason, which is therefore not offered again as a `source`.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A bundle that is broken, or whose files cannot be read.
    #[error("bundle {}: {reason}", folder.display())]
    Bundle {
        /// The bundle's folder.
        folder: PathBuf,
        /// What is wrong with it.
        reason: Box<BundleError>,
    },
    /// Two bundles that would take the same place in the site.
    #[error("two bundles are called {name}, expected a folder name of its own for each")]
    SameName {
        /// The name.
        name: String,
    },
    /// A part that is not where it was said to be.
    #[error("{}: expected {expected}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
    },
    /// A page without a place for the bundle.
    #[error("{}: expected one `<cellflux-explorer src=\"…\">`, {found}", path.display())]
    Page {
        /// The page.
        path: PathBuf,
        /// What is there instead.
        found: &'static str,
    },
    /// An output folder that somebody else filled.
    #[error("{}: holds other files, expected a new or empty folder or one that an earlier build wrote", path.display())]
    ForeignOutput {
        /// The folder.
        path: PathBuf,
    },
    /// A table of crops that cannot be used with this model.
    #[error("{}: {problem}", path.display())]
    Crops {
        /// The table or the crop.
        path: PathBuf,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A crop that cannot be decoded or cut.
    #[error("{}: {reason}", path.display())]
    Image {
        /// The crop.
        path: PathBuf,
        /// What is wrong with it.
        reason: Box<ImageError>,
    },
    /// A port that cannot be had.
    #[error(
        "port {port} of 127.0.0.1 cannot be used ({reason}), expected a free one: choose another or 0 for any"
    )]
    Port {
        /// The port asked for.
        port: u16,
        /// What the system says.
        reason: std::io::Error,
    },
    /// A path prefix that is none.
    #[error("path {found:?}: expected one such as /demo/, of letters, digits, `-`, `_`, `.` and `/`")]
    Under {
        /// The text given.
        found: String,
    },
    /// The file system or the network.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
}

impl SiteError {
    /// Names the file that an input or output error is about.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |reason| Self::Io { path, reason }
    }

    /// Names the bundle that an error is about.
    pub(crate) fn bundle(folder: &Path) -> impl Fn(BundleError) -> Self {
        let folder = folder.to_owned();
        move |reason| Self::Bundle {
            folder: folder.clone(),
            reason: Box::new(reason),
        }
    }
}
