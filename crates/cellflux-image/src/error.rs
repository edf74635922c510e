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
        "{what} holds {found} numbers, expected {expected} ([{channels}, {height}, {width}]: channels, \
        height, width)"
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
    /// The bytes are not a picture of a kind that is read.
    #[error("{name} is {found}, expected a PNG, JPEG, TIFF or .npy picture{advice}")]
    Format {
        /// The file.
        name: String,
        /// What its bytes look like.
        found: String,
        /// What to do, where that is known: `; ...`, or nothing.
        advice: &'static str,
    },
    /// The bytes start as a picture and go wrong.
    #[error("{name} is a damaged {format}: {reason}")]
    Damaged {
        /// The file.
        name: String,
        /// What it starts as.
        format: &'static str,
        /// Where it goes wrong.
        reason: String,
    },
    /// The picture is larger than is read; this is found before any memory is reserved for it.
    #[error("{name} has {found}, at most {allowed} are read")]
    TooLarge {
        /// The file.
        name: String,
        /// What it has too much of.
        found: String,
        /// The limit.
        allowed: String,
    },
    /// The picture is whole, but of a kind that cannot be used here.
    #[error("{name} holds {found}, expected {expected}")]
    Unsupported {
        /// The file.
        name: String,
        /// What it holds.
        found: String,
        /// What could be read.
        expected: String,
    },
    /// A pixel is NaN or infinite.
    #[error("{name}: plane {plane} is {value} at x {x}, y {y}, expected finite numbers")]
    NotFinite {
        /// The file.
        name: String,
        /// The plane, counted from 1.
        plane: usize,
        /// The number found.
        value: f32,
        /// Column.
        x: usize,
        /// Row.
        y: usize,
    },
    /// Too few planes for the model's channels.
    #[error("the picture has {}, the model needs {expected}: {names}", channels(*found))]
    TooFewPlanes {
        /// Planes there are.
        found: usize,
        /// Channels of the model.
        expected: usize,
        /// The channels' names, separated by commas.
        names: String,
    },
    /// An assignment of planes to channels that does not fit.
    #[error("{channel}: {problem}")]
    Assignment {
        /// The channel's name.
        channel: String,
        /// What is wrong with its plane.
        problem: String,
    },
    /// Planes of different sizes.
    #[error(
        "{name} is {width} x {height} px, but {other} is {other_width} x {other_height} px; expected one \
        size for all channels"
    )]
    Sizes {
        /// A file (and plane).
        name: String,
        /// Its width in pixels.
        width: usize,
        /// Its height in pixels.
        height: usize,
        /// Another file (and plane).
        other: String,
        /// Its width in pixels.
        other_width: usize,
        /// Its height in pixels.
        other_height: usize,
    },
    /// A crop that is too small or leaves the picture.
    #[error("the crop {found}, expected {expected}")]
    Crop {
        /// What is wrong with it.
        found: String,
        /// What would do.
        expected: String,
    },
    /// Numbers outside what their stated meaning allows.
    #[error("{name} holds numbers from {min} to {max}, expected {expected}; {fitting}")]
    Meaning {
        /// The file.
        name: String,
        /// The smallest number.
        min: f32,
        /// The largest number.
        max: f32,
        /// The range that the stated meaning has.
        expected: String,
        /// What they could mean instead, as a configuration writes it.
        fitting: String,
    },
    /// An image could not be written.
    #[error("could not write the {what}: {reason}")]
    Write {
        /// What was to be written.
        what: &'static str,
        /// Why it was not.
        reason: String,
    },
}

fn channels(count: usize) -> String {
    if count == 1 {
        "1 channel".into()
    } else {
        format!("{count} channels")
    }
}

impl ImageError {
    pub(crate) fn spec(
        field: impl Into<String>,
        found: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Spec {
            field: field.into(),
            found: format!("{found}"),
            expected: expected.into(),
        }
    }

    pub(crate) fn damaged(name: &str, format: &'static str, reason: &dyn std::fmt::Display) -> Self {
        Self::Damaged {
            name: name.into(),
            format,
            reason: reason.to_string(),
        }
    }

    pub(crate) fn unsupported(name: &str, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Unsupported {
            name: name.into(),
            found: shortened(found.into()),
            expected: expected.into(),
        }
    }
}

/// What a file says of itself, which may be a list of a thousand formats.
fn shortened(mut found: String) -> String {
    const LONGEST: usize = 300;
    if let Some((end, _)) = found.char_indices().nth(LONGEST) {
        found.truncate(end);
        found.push('…');
    }
    found
}
