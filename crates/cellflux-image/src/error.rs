//! Everything that can be wrong with a picture or with what is asked of it, as one sentence each.

/// Why a picture could not be read, mapped, cropped or written.
///
/// Messages name the thing, what was found and what was expected, so that a page can show them as they are.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// A field of an [`ImageSpec`](crate::spec::ImageSpec) holds something impossible.
    #[error("image spec: {field} is {found}, expected {expected}")]
    Spec {
        /// The field's path in JSON, below `image`.
        field: String,
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: String,
    },
    /// A buffer is not as long as the spec's shape.
    #[error(
        "{what} holds {found} numbers, expected {expected} ([{channels}, {height}, {width}]: channels, height, width)"
    )]
    Length {
        /// Which buffer.
        what: &'static str,
        /// Numbers in it.
        found: usize,
        /// Numbers expected.
        expected: usize,
        /// Channels of the spec.
        channels: usize,
        /// Height of the spec in pixels.
        height: usize,
        /// Width of the spec in pixels.
        width: usize,
    },
}

impl ImageError {
    pub(crate) fn spec(
        field: impl ToString,
        found: impl std::fmt::Display,
        expected: impl std::fmt::Display,
    ) -> Self {
        Self::Spec {
            field: field.to_string(),
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }
}
