//! The explorer, with the walk that it shows first.

use serde::Deserialize;
use toml::Spanned;

use super::{Components, model, walk_and};
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::{SourceText, suggestion};
use crate::walk_request::WalkRequest;

/// Parts of the explorer that a page may leave out.
pub const HIDEABLE: [&str; 8] = [
    "upload", "model", "measured", "measures", "compare", "settings", "keep", "about",
];

/// What stands where an explorer has not started, as HTML. Nothing removes it: the started explorer's shadow
/// tree has no slot for it. `web/unstarted.js` adds which file is the cause.
pub const FALLBACK: &str = "<div class=\"fallback\" slot=\"fallback\" lang=\"en\"><p>The explorer has not \
    started. It needs JavaScript, WebAssembly and a web server that sends its parts as they were built: a \
    part that was changed on its way is not run, and a page that was opened as a file, or kept from before \
    the site was built anew, does not find its parts. Load the page again; where that does not help, a \
    current version of the browser may.</p>\
    <p><a href=\"\">Load the page again</a></p></div>";

/// The explorer's settings beside a walk.
#[derive(Debug, Default, Deserialize)]
struct Explorer {
    #[serde(default)]
    hide: Vec<Spanned<String>>,
}

impl Components<'_> {
    pub(super) fn explorer(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let (request, Explorer { hide }): (WalkRequest, _) = walk_and(settings, &["hide"])?;
        for part in &hide {
            if !HIDEABLE.contains(&part.get_ref().as_str()) {
                return Err(settings.wrong(
                    &part.span(),
                    format!(
                        "hide {:?}{}",
                        part.get_ref(),
                        suggestion(part.get_ref(), HIDEABLE)
                    ),
                ));
            }
        }
        let model = model(self.models, request.bundle.as_ref(), settings)?;
        let recipe = request.recipe(model, settings, at)?;
        self.recorder.note_batch(model, &recipe, at);
        let preset = cellflux_session::link::write(&recipe, &model.manifest().image)
            .map_err(|error| at.wrong(error.to_string()))?;
        let mut attributes = format!(
            " id=\"explorer-{}\" src=\"{}\" preset=\"{}\"",
            self.uses.explorers + 1,
            escape(&model.manifest_address()),
            escape(&preset)
        );
        if !hide.is_empty() {
            let names: Vec<&str> = hide.iter().map(|part| part.get_ref().as_str()).collect();
            attributes.push_str(&format!(" hide=\"{}\"", names.join(" ")));
        }
        if let Some((_, address)) = self.recorded.iter().find(|(name, _)| *name == model.name) {
            attributes.push_str(&format!(" recorded=\"{}\"", escape(address)));
        }
        if self.uses.explorers > 0 {
            // The page's address belongs to its first explorer; links to this one's pictures lead to its own
            // page.
            attributes.push_str(&format!(" address=\"embed.html?model={}\"", escape(&model.name)));
        }
        self.uses.explorers += 1;
        self.explored.push(model.name.clone());
        attributes.push_str(&self.language_of_words());
        Ok(format!(
            "<cellflux-explorer{attributes}><noscript><p>{}</p></noscript>{FALLBACK}</cellflux-explorer>\n",
            escape(self.words.no_script)
        ))
    }
}
