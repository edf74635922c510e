//! A video of the author's, with its poster and its subtitles.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{Components, figure};
use crate::error::SiteError;
use crate::files::Use;
use crate::html::escape;
use crate::source::SourceText;

impl Components<'_> {
    pub(super) fn video(&mut self, settings: &SourceText) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Video {
            file: Spanned<PathBuf>,
            title: Spanned<String>,
            poster: Option<Spanned<PathBuf>>,
            caption: Option<Spanned<String>>,
            /// Subtitles, a `.vtt` file.
            captions: Option<Spanned<PathBuf>>,
        }
        let video: Video = settings.toml()?;
        if video.title.get_ref().trim().is_empty() {
            return Err(settings.wrong(
                &video.title.span(),
                "title is empty, expected words for what the video shows",
            ));
        }
        let address = self.author_file(&video.file, Use::Video, settings)?;
        let poster = match &video.poster {
            Some(file) => format!(
                " poster=\"{}\"",
                escape(&self.author_file(file, Use::Picture, settings)?)
            ),
            None => String::new(),
        };
        let track = match &video.captions {
            Some(file) => format!(
                "<track kind=\"captions\" src=\"{}\" default>",
                escape(&self.author_file(file, Use::Subtitles, settings)?)
            ),
            None => String::new(),
        };
        let said = self.words_of(video.caption.as_ref(), settings);
        Ok(figure(
            "video",
            &format!(
                "<video src=\"{}\"{poster} controls playsinline preload=\"metadata\" \
                aria-label=\"{}\">{track}</video>",
                escape(&address),
                escape(video.title.get_ref())
            ),
            &said,
        ))
    }
}
