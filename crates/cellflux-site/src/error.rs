//! What can go wrong between a bundle and a served page.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use cellflux_bundle::quantise::WeightDtype;
use cellflux_image::ImageError;

use crate::place::Place;

/// The crate's one error. A message is whole: it contains its reason, which is therefore not offered again as
/// a `source`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// A part that is not where it was expected.
    #[error("{}: expected {expected}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
    },
    /// Something that an author wrote and that cannot be used.
    #[error("{place}: {problem}")]
    At {
        /// The file and line.
        place: Place,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// Several things at once: all that could be found in one run, in the order of the page.
    #[error("{}", lines(errors))]
    Several {
        /// Two or more, all different.
        errors: Vec<Self>,
    },
    /// The command was built without the page's WebAssembly package.
    #[error(
        "this command holds no WebAssembly package, which every page needs: in a clone of the repository run \
         `cargo xtask install` (or `cargo xtask pkg` for one built in place)"
    )]
    NoPackage,
    /// A module of the page that refers to something missing, or to itself in a circle.
    #[error("the page's own {path}: {problem}")]
    Module {
        /// The module.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// A language's words of the page that are not those of the English file.
    #[error("the page's words, {path}: {problem}")]
    PageWords {
        /// The language's file.
        path: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A trajectory that could not be computed.
    #[error("{place}: {reason}")]
    Walk {
        /// Where it was asked for.
        place: Place,
        /// What went wrong.
        reason: String,
    },
    /// A picture that cannot be written.
    #[error("a picture could not be written: {reason}")]
    Picture {
        /// What is wrong.
        reason: String,
    },
    /// Weights that lose too much in fewer bytes.
    #[error(
        "{place}: {dtype} weights move the velocity by {velocity:.2e} and a ten-step trajectory by \
        {trajectory:.2e} (relative), more than {bound:.0e}: keep f16, or set `force = true` if that is good \
        enough"
    )]
    Quantised {
        /// Where it was asked for.
        place: Place,
        /// The storage asked for.
        dtype: WeightDtype,
        /// Relative error of the velocity.
        velocity: f64,
        /// Relative error of the trajectory's end.
        trajectory: f64,
        /// What is allowed.
        bound: f64,
    },
    /// A page of another template that cannot be read.
    #[error("{}: {problem}", path.display())]
    Page {
        /// The file.
        path: PathBuf,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// The name of a template that is none.
    #[error("template {found:?}: expected one of {}", crate::new_site::TEMPLATES.join(", "))]
    Template {
        /// The name given.
        found: String,
    },
    /// The address of an archive that hosts cannot fetch.
    #[error("archive {found:?}: expected the address of a .tar.gz, which starts with https:// or http://")]
    Archive {
        /// The address given.
        found: String,
    },
    /// The address of a page that is none.
    #[error("url {found:?}: expected an address that starts with https:// or http://")]
    Url {
        /// The address given.
        found: String,
    },
    /// A file of a built site that cannot be used for what was asked.
    #[error("{path}: {problem}")]
    Part {
        /// The file in the site.
        path: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A folder that is there already.
    #[error("{}: is there already, expected a new or empty folder", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// An output folder that holds other files.
    #[error("{}: holds other files, expected a new or empty folder or one that an earlier build \
        wrote", path.display())]
    ForeignOutput {
        /// The folder.
        path: PathBuf,
    },
    /// The output folder cannot be written or take its place.
    #[error(transparent)]
    Swap(#[from] cellflux_files::SwapError),
    /// Files that no build wrote, where this build has others of the same names.
    #[error("{}: the build would replace files that no build wrote ({files}): move them away, or rename \
        them", path.display())]
    WouldReplace {
        /// The folder.
        path: PathBuf,
        /// The first of them.
        files: String,
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
    /// All of these as one error; none if there are none. An error that occurs twice counts once.
    pub(crate) fn of(errors: Vec<Self>) -> Option<Self> {
        let mut said = HashSet::new();
        let mut errors: Vec<Self> = errors
            .into_iter()
            .filter(|error| said.insert(error.to_string()))
            .collect();
        match errors.len() {
            0 | 1 => errors.pop(),
            _ => Some(Self::Several { errors }),
        }
    }

    /// The errors that this one holds; a single error holds itself.
    pub fn each(&self) -> &[Self] {
        match self {
            Self::Several { errors } => errors,
            single => std::slice::from_ref(single),
        }
    }

    /// Names the file that an input or output error is about.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |reason| Self::Io { path, reason }
    }
}

impl Place {
    /// An error at this place.
    pub fn wrong(&self, problem: impl Into<String>) -> SiteError {
        SiteError::At {
            place: self.clone(),
            problem: problem.into(),
        }
    }
}

/// A line for each error.
fn lines(errors: &[SiteError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
