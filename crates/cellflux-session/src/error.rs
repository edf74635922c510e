//! What can be wrong with a recipe, a link or what they name.

use cellflux_bundle::BundleError;
use cellflux_flow::FlowError;
use cellflux_image::ImageError;

/// Why a recipe or link describes no walk with this model, or why an export was not written.
///
/// Every message is one sentence that a page can show as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A field of a recipe holds something it may not hold.
    #[error("{field} is {found}, expected {expected}")]
    Field {
        /// The field.
        field: &'static str,
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: String,
    },
    /// A link that cannot be read.
    #[error("the link cannot be read: {reason}")]
    Link {
        /// What is wrong with it, and what was expected.
        reason: String,
    },
    /// A typed compound without the vector that stands for it.
    #[error("the compound {smiles} was typed, so no bundle has its vector; expected it beside the recipe")]
    NoVector {
        /// The compound's structure, quoted.
        smiles: String,
    },
    /// A start image that cannot be read, or is not the model's shape.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The bundle does not hold what the recipe needs of it.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The flow refused a number.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// JSON that is no recipe.
    #[error("the recipe is not the expected JSON: {reason}")]
    Json {
        /// The parser's words, with line and column.
        reason: String,
    },
}

impl SessionError {
    pub(crate) fn field(
        field: &'static str,
        found: impl std::fmt::Display,
        expected: impl std::fmt::Display,
    ) -> Self {
        Self::Field {
            field,
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }

    pub(crate) fn link(reason: impl Into<String>) -> Self {
        Self::Link {
            reason: reason.into(),
        }
    }
}

/// Longest excerpt of an outside text that an error repeats.
const SHOWN_CHARS: usize = 40;

/// An outside text as an error may repeat it: quoted, escaped, cut short.
pub(crate) fn shown(text: &str) -> String {
    format!("{:?}", excerpt(text))
}

/// The beginning of an outside text.
pub(crate) fn excerpt(text: &str) -> String {
    cellflux_bundle::excerpt(text, SHOWN_CHARS)
}
