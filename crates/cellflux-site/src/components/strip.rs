//! A strip: moments of a walk, side by side.

use super::pictures::evenly;
use super::{Components, Shown, caption, compound_name, figure, walk_and};
use crate::error::SiteError;
use crate::place::Place;
use crate::source::SourceText;
use crate::walk_request::WalkRequest;
use crate::words::with_name;

/// Frames of a strip that says no number.
const STRIP_FRAMES: usize = 6;

impl Components<'_> {
    pub(super) fn strip(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let (request, shown): (WalkRequest, Shown) = walk_and(settings, &["caption", "frames"])?;
        let Some((recording, recipe, model)) = self.recorded_walk(&request, settings, at)? else {
            return Ok(String::new());
        };
        let count = match &shown.frames {
            Some(frames) if !(2..=24).contains(frames.get_ref()) => {
                return Err(settings.wrong(
                    &frames.span(),
                    format!("frames = {}, expected 2 to 24", frames.get_ref()),
                ));
            }
            Some(frames) => *frames.get_ref(),
            None => STRIP_FRAMES,
        };
        let chosen = evenly(&recording.times, count);
        let compound = compound_name(model, &recipe);
        let mut cells = String::new();
        for index in chosen {
            let (Some(frame), Some(t)) = (recording.frames.get(index), recording.times.get(index)) else {
                continue;
            };
            let image = self.picture("step", frame, &format!("{compound}, t = {t:.2}"))?;
            cells.push_str(&format!("<li>{image}<span><var>t</var> = {t:.2}</span></li>"));
        }
        let said = self.words_of(shown.caption.as_ref(), settings);
        let words = self.words;
        Ok(figure(
            "strip",
            &format!("<ol class=\"frames\">{cells}</ol>"),
            &caption(
                &said,
                &with_name(words.walk_under, compound),
                &words,
                model,
                [&recipe],
            ),
        ))
    }
}
