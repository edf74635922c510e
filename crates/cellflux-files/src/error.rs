//! Why a folder cannot take its place.

use std::io;
use std::path::{Path, PathBuf};

/// Why a folder cannot take its place. The place is as it was then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwapError {
    /// Another process is writing the same place.
    #[error("{}: another command writes this folder now; wait for its end, or name another \
        folder", path.display())]
    Busy {
        /// The place.
        path: PathBuf,
    },
    /// The folder in which the new content would be written holds other files.
    #[error(
        "{}: holds other files, expected no such folder; move it elsewhere, or name another folder to write",
        path.display()
    )]
    Taken {
        /// The folder beside the place.
        path: PathBuf,
    },
    /// A place without a name of its own, such as the root.
    #[error("{}: cannot be written as a whole, expected a folder inside another", path.display())]
    Nameless {
        /// The place.
        path: PathBuf,
    },
    /// A link that leads nowhere.
    #[error("{}: is a link to {}, which is not there; make that folder, or name another to \
        write", path.display(), target.display())]
    Dangling {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// Something that is no folder.
    #[error("{}: is a file, expected a folder, or the name of a new one", path.display())]
    NotAFolder {
        /// The place.
        path: PathBuf,
    },
    /// The folder in which the command runs: after an exchange, the user's shell would stand in a removed
    /// folder.
    #[error("{}: is the folder that the command runs in; run it in another, or name another folder to \
        write", path.display())]
    Current {
        /// The place.
        path: PathBuf,
    },
    /// The file system.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SwapError {
    /// For `map_err`: what the system said of this path.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
