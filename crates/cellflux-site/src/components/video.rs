//! A video of the author's, with its poster and its subtitles.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{Components, credit_of, credited, figure};
use crate::error::SiteError;
use crate::files::Use;
use crate::html::escape;
use crate::poster;
use crate::source::SourceText;

impl Components<'_> {
    pub(super) fn video(&mut self, settings: &SourceText) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Video {
            file: Spanned<PathBuf>,
            title: Spanned<String>,
            poster: Option<Spanned<PathBuf>>,
            /// Seconds into the video at which its poster is taken while building.
            poster_at: Option<Spanned<f64>>,
            caption: Option<Spanned<String>>,
            /// Subtitles, a `.vtt` file.
            captions: Option<Spanned<PathBuf>>,
            #[serde(default)]
            source: String,
            #[serde(default)]
            licence: String,
        }
        let video: Video = settings.toml()?;
        if video.title.get_ref().trim().is_empty() {
            return Err(settings.wrong(
                &video.title.span(),
                "title is empty, expected words for what the video shows",
            ));
        }
        let address = self.author_file(&video.file, Use::Video, settings)?;
        let poster = match (&video.poster, &video.poster_at) {
            (Some(file), _) => Some(self.author_file(file, Use::Picture, settings)?),
            (None, Some(at)) => self.poster(&video.file, at, settings)?,
            (None, None) => None,
        };
        let poster = poster.map_or_else(String::new, |address| format!(" poster=\"{}\"", escape(&address)));
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
            &format!("{said}{}", credited(&credit_of(&video.source, &video.licence))),
        ))
    }

    /// A picture of a video; nothing where this machine cannot take one, which is told.
    fn poster(
        &mut self,
        video: &Spanned<PathBuf>,
        at: &Spanned<f64>,
        settings: &SourceText,
    ) -> Result<Option<String>, SiteError> {
        let seconds = *at.get_ref();
        let place = settings.place(at.span().start);
        if !(0.0..1e6).contains(&seconds) {
            return Err(place.wrong(format!("poster_at {seconds}, expected seconds from 0")));
        }
        let path = self.folder.join(video.get_ref());
        (self.tell)(&format!("taking a picture of {}", path.display()));
        let taken = poster::taken(&path, seconds)
            .map_err(|problem| place.wrong(format!("{}: {problem}", path.display())))?;
        if taken.is_none() {
            self.notes.push(format!(
                "{place}: the video has no poster, since this machine has no `ffmpeg` to take one; name a \
                picture of your own as `poster`"
            ));
        }
        Ok(taken.map(|picture| self.files.add_made("files/poster.jpg", picture)))
    }
}
