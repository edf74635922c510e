//! Pictures in a row of which one is in view. Without a script the row is scrolled, also by keyboard.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{Components, credit_of, credited, figure, paragraph};
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::SourceText;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Carousel {
    /// What the pictures are together, for who listens.
    label: Spanned<String>,
    caption: Option<Spanned<String>>,
    #[serde(default, rename = "slide")]
    slides: Vec<Slide>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Slide {
    file: Spanned<PathBuf>,
    alt: Spanned<String>,
    caption: Option<Spanned<String>>,
    #[serde(default)]
    source: String,
    #[serde(default)]
    licence: String,
}

impl Components<'_> {
    pub(super) fn carousel(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let wanted: Carousel = settings.toml()?;
        if wanted.slides.len() < 2 {
            return Err(at.wrong("carousel: expected two or more [[slide]], each with `file` and `alt`"));
        }
        super::worded(&wanted.label, "label", settings)?;
        self.uses.article = true;
        let mut slides = String::new();
        for slide in &wanted.slides {
            super::worded(&slide.alt, "alt", settings)?;
            let enlarge = self.pictures.enlarge;
            let shown = self.shown(&slide.file, slide.alt.get_ref(), None, enlarge, settings)?;
            let said = self.words_of(slide.caption.as_ref(), settings);
            let credit = credited(&credit_of(&slide.source, &slide.licence));
            let caption = paragraph(&format!("{said}{credit}"));
            slides.push_str(&format!("<li>{}{caption}</li>", shown.html));
        }
        let said = self.words_of(wanted.caption.as_ref(), settings);
        let words = self.words;
        Ok(figure(
            "carousel",
            &format!(
                "<cellflux-carousel data-previous=\"{}\" data-next=\"{}\" data-of=\"{}\"><div class=\"row\" \
                tabindex=\"0\" role=\"region\" aria-label=\"{}\"><ul>{slides}</ul></div></cellflux-carousel>",
                escape(words.previous),
                escape(words.next),
                escape(words.of),
                escape(wanted.label.get_ref())
            ),
            &said,
        ))
    }
}
