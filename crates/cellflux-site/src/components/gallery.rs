//! A gallery: controls down, compounds across.

use cellflux_session::Start;
use serde::Deserialize;
use toml::Spanned;

use super::{Components, caption, compound_name, figure, model, scrolling, walk_and};
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::requested_recipe::{known_compound, known_control};
use crate::source::SourceText;
use crate::walk_request::WalkRequest;
use crate::words::with_name;

impl Components<'_> {
    pub(super) fn gallery(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        struct Grid {
            controls: Option<Vec<Spanned<String>>>,
            compounds: Vec<Spanned<String>>,
            caption: Option<Spanned<String>>,
        }
        let (request, grid): (WalkRequest, Grid) = walk_and(settings, &["controls", "compounds", "caption"])?;
        let words = self.words;
        let models = self.models;
        let model = model(models, request.bundle.as_ref(), settings)?;
        let controls = match &grid.controls {
            Some(ids) => ids
                .iter()
                .map(|id| known_control(model, id, settings))
                .collect::<Result<Vec<_>, _>>()?,
            None => model
                .manifest()
                .gallery
                .controls
                .iter()
                .take(1)
                .map(|example| example.id.clone())
                .collect(),
        };
        let mut recipes = Vec::new();
        let mut head = format!("<th scope=\"col\">{}</th>", escape(words.control));
        let mut rows = String::new();
        for (row, control) in controls.iter().enumerate() {
            let mut cells = String::new();
            for compound in &grid.compounds {
                known_compound(model, compound, settings)?;
                let cell = WalkRequest {
                    compound: Some(compound.clone()),
                    control: None,
                    ..request.clone()
                };
                let mut recipe = cell.recipe(model, settings, at)?;
                recipe.start = Start::Example(control.clone());
                let recording = self.recorder.record(model, &recipe, at)?;
                let name = compound_name(model, &recipe).to_owned();
                if cells.is_empty() {
                    let start = self.picture("start", &recording.start, words.control_cell)?;
                    cells.push_str(&format!("<th scope=\"row\">{start}</th>"));
                }
                if row == 0 {
                    head.push_str(&format!("<th scope=\"col\">{}</th>", escape(&name)));
                }
                let last = recording.frames.last().unwrap_or(&recording.start);
                let image = self.picture("end", last, &with_name(words.generated_under, &name))?;
                cells.push_str(&format!("<td>{image}</td>"));
                recipes.push(recipe);
            }
            rows.push_str(&format!("<tr>{cells}</tr>"));
        }
        let said = self.words_of(grid.caption.as_ref(), settings);
        Ok(figure(
            "gallery",
            &scrolling(
                words.flow_makes,
                &format!("<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"),
            ),
            &caption(&said, words.flow_makes, &words, model, recipes.iter()),
        ))
    }
}
