//! Two pictures of the author's and of one size, with a line to move between them.

use std::io::Cursor;
use std::path::PathBuf;

use image::ImageReader;
use serde::Deserialize;
use toml::Spanned;

use super::{Components, credit_of, credited, figure, worded};
use crate::error::SiteError;
use crate::files::Use;
use crate::html::escape;
use crate::source::SourceText;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Compare {
    before: Spanned<PathBuf>,
    after: Spanned<PathBuf>,
    before_alt: Spanned<String>,
    after_alt: Spanned<String>,
    /// Words on the pictures; the page's usual ones where they are absent.
    #[serde(default)]
    before_label: String,
    #[serde(default)]
    after_label: String,
    caption: Option<Spanned<String>>,
    #[serde(default)]
    source: String,
    #[serde(default)]
    licence: String,
}

impl Components<'_> {
    pub(super) fn compare(&mut self, settings: &SourceText) -> Result<String, SiteError> {
        let wanted: Compare = settings.toml()?;
        worded(&wanted.before_alt, "before_alt", settings)?;
        worded(&wanted.after_alt, "after_alt", settings)?;
        let mut pictures = String::new();
        let mut sizes = Vec::new();
        for (file, alt) in [
            (&wanted.before, &wanted.before_alt),
            (&wanted.after, &wanted.after_alt),
        ] {
            let address = self.author_file(file, Use::Picture, settings)?;
            let size = size(
                self.files
                    .files
                    .get(&address)
                    .map(Vec::as_slice)
                    .unwrap_or_default(),
            );
            sizes.push(size);
            pictures.push_str(&format!(
                "<img src=\"{}\" alt=\"{}\"{} decoding=\"async\">",
                escape(&address),
                escape(alt.get_ref()),
                measures(size)
            ));
        }
        if let [Some(before), Some(after)] = sizes.as_slice()
            && before != after
        {
            return Err(settings.wrong(
                &wanted.after.span(),
                format!(
                    "compare: {} x {} px before and {} x {} px after, expected two pictures of one size",
                    before.0, before.1, after.0, after.1
                ),
            ));
        }
        let words = self.words;
        let label = |own: &str, usual: &str| escape(if own.is_empty() { usual } else { own });
        let said = self.words_of(wanted.caption.as_ref(), settings);
        Ok(figure(
            "compare",
            &format!(
                "<cellflux-compare data-line=\"{}\" data-before=\"{}\" data-after=\"{}\">{pictures}\
                </cellflux-compare>",
                escape(words.line_of_two),
                label(&wanted.before_label, words.first),
                label(&wanted.after_label, words.second)
            ),
            &format!("{said}{}", credited(&credit_of(&wanted.source, &wanted.licence))),
        ))
    }
}

/// A picture's size as attributes; nothing where it is not known.
pub(super) fn measures(size: Option<(u32, u32)>) -> String {
    size.map_or_else(String::new, |(width, height)| {
        format!(" width=\"{width}\" height=\"{height}\"")
    })
}

/// Width and height of a picture in pixels; nothing of one whose format says so elsewhere.
pub(super) fn size(content: &[u8]) -> Option<(u32, u32)> {
    if content.starts_with(b"RIFF") {
        return image_webp::WebPDecoder::new(Cursor::new(content))
            .ok()
            .map(|decoder| decoder.dimensions());
    }
    ImageReader::new(Cursor::new(content))
        .with_guessed_format()
        .ok()?
        .into_dimensions()
        .ok()
}
