//! Small checks that every section of the manifest uses, with errors that name the field.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{error::BundleError, limits};

/// Longest excerpt of an outside text that an error repeats.
const SHOWN_CHARS: usize = 80;

/// An outside text as an error may repeat it: quoted, escaped, cut short.
pub(crate) fn shown(text: &str) -> String {
    format!("{:?}", excerpt(text, SHOWN_CHARS))
}

/// The first `longest` characters of an outside text, and `…` where there are more.
///
/// ```
/// use cellflux_bundle::excerpt;
///
/// assert_eq!(excerpt("3 µM taxol", 4), "3 µM…");
/// assert_eq!(excerpt("3 µM", 4), "3 µM");
/// ```
pub fn excerpt(text: &str, longest: usize) -> String {
    let mut short: String = text.chars().take(longest).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A JSON parser's message, which may quote a whole value: cut in the middle, since its end names the place.
pub fn parser_words(error: &serde_json::Error) -> String {
    const ENDS: usize = 160;
    let text = error.to_string();
    let count = text.chars().count();
    if count <= 2 * ENDS {
        return text;
    }
    let start: String = text.chars().take(ENDS).collect();
    let end: String = text.chars().skip(count - ENDS / 2).collect();
    format!("{start} … {end}")
}

/// Reads JSON that states its version, the manifest or an evaluation. The version is looked at first, so that
/// a newer one is named and not called malformed: `other` is the error for another than `known`, which it is
/// given in words.
///
/// # Errors
/// [`BundleError::Size`] above [`limits::MANIFEST_BYTES`], [`BundleError::Json`], and what `other` returns.
pub(crate) fn versioned<T: DeserializeOwned>(
    file: &str,
    bytes: &[u8],
    known: u32,
    other: impl FnOnce(String) -> BundleError,
) -> Result<T, BundleError> {
    /// The part that every version has.
    #[derive(Deserialize)]
    struct Versioned {
        version: serde_json::Value,
    }
    if bytes.len() > limits::MANIFEST_BYTES {
        return Err(BundleError::Size {
            file: file.into(),
            found: bytes.len() as u64,
            expected: format!("at most {}", limits::MANIFEST_BYTES),
        });
    }
    let malformed = |error: serde_json::Error| BundleError::Json {
        file: file.into(),
        reason: parser_words(&error),
    };
    let Versioned { version } = serde_json::from_slice(bytes).map_err(malformed)?;
    if version != known {
        return Err(other(shown(&version.to_string())));
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

/// Fails with a [`BundleError::Field`] unless `holds`.
pub(crate) fn ensure(
    holds: bool,
    field: impl Into<String>,
    found: impl std::fmt::Display,
    expected: impl Into<String>,
) -> Result<(), BundleError> {
    if holds {
        return Ok(());
    }
    Err(BundleError::field(field, found, expected))
}

/// A name or label: one line, not empty.
pub(crate) fn label(field: impl Into<String>, text: &str) -> Result<(), BundleError> {
    let holds = !text.trim().is_empty()
        && text.chars().count() <= limits::LABEL_CHARS
        && !text.chars().any(char::is_control);
    ensure(
        holds,
        field,
        shown(text),
        format!("one line of 1 to {} characters", limits::LABEL_CHARS),
    )
}

/// A longer text: line breaks and tabs are its only control characters; may be empty.
pub(crate) fn text(field: impl Into<String>, text: &str) -> Result<(), BundleError> {
    let holds = text.chars().count() <= limits::TEXT_CHARS
        && !text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    ensure(
        holds,
        field,
        shown(text),
        format!("at most {} characters of plain text", limits::TEXT_CHARS),
    )
}

/// A name that links and commands carry: lower-case letters, digits, `-`, `_` and `.`, the first a letter or
/// digit.
pub(crate) fn id(field: impl Into<String>, text: &str) -> Result<(), BundleError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let holds = (1..=64).contains(&text.len())
        && text.bytes().next().is_some_and(plain)
        && text.bytes().all(|b| plain(b) || matches!(b, b'-' | b'_' | b'.'));
    ensure(
        holds,
        field,
        shown(text),
        "1 to 64 lower-case letters, digits, '-', '_' or '.', the first a letter or digit",
    )
}

/// Whether a text is a digest as bundles hold them: 64 lower-case hexadecimal digits.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A number in a closed range; NaN is in none.
pub(crate) fn within(field: impl Into<String>, value: f64, low: f64, high: f64) -> Result<(), BundleError> {
    ensure(
        (low..=high).contains(&value),
        field,
        value,
        format!("a number from {low} to {high}"),
    )
}

/// A dose in micromolar.
pub(crate) fn dose(field: impl Into<String>, micromolar: f64) -> Result<(), BundleError> {
    within(field, micromolar, 0.0, limits::DOSE_UM)
}
