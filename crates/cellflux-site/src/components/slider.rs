//! A slider: a walk's two ends, with a line to move between them.

use super::{Components, Shown, caption, compound_name, figure, walk_and};
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::SourceText;
use crate::walk_request::WalkRequest;
use crate::words::with_name;

impl Components<'_> {
    pub(super) fn slider(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let (request, shown): (WalkRequest, Shown) = walk_and(settings, &["caption"])?;
        let Some((recording, recipe, model)) = self.recorded_walk(&request, settings, at)? else {
            return Ok(String::new());
        };
        let last = recording.frames.last().unwrap_or(&recording.start);
        let compound = compound_name(model, &recipe);
        let before = self.picture("before", &recording.start, self.words.before)?;
        let after = self.picture("after", last, &with_name(self.words.after, compound))?;
        let said = self.words_of(shown.caption.as_ref(), settings);
        let words = self.words;
        // The page's script itself has the English words.
        let labels = if words.language == "en" {
            String::new()
        } else {
            format!(
                " data-line=\"{}\" data-before=\"{}\" data-after=\"{}\"",
                escape(words.line),
                escape(words.control),
                escape(words.made)
            )
        };
        Ok(figure(
            "slider",
            &format!("<cellflux-compare{labels}>{before}{after}</cellflux-compare>"),
            &caption(
                &said,
                &with_name(words.to_treated, compound),
                &words,
                model,
                [&recipe],
            ),
        ))
    }
}
