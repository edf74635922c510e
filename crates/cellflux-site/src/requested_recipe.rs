//! Turns an author's request for a walk into a recipe, for a model that has what was named.

use cellflux_session::{Recipe, Start};
use toml::Spanned;

use crate::error::SiteError;
use crate::model::Model;
use crate::place::Place;
use crate::source::{SourceText, suggestion};
use crate::walk_request::WalkRequest;

impl WalkRequest {
    /// The first photographed control from a plate that also has cells treated with the compound.
    pub fn real_control<'m>(&'m self, model: &'m Model) -> Option<&'m str> {
        let compound = self.compound.as_ref()?.get_ref();
        let mut controls = model.manifest().gallery.controls_beside(compound);
        let control = controls.find(|control| !control.synthetic)?;
        Some(&control.id)
    }

    /// The recipe for a model.
    ///
    /// # Errors
    /// [`SiteError::At`] for an id that the bundle does not have (with the nearest) or a number out of range.
    pub fn recipe(&self, model: &Model, source: &SourceText, at: &Place) -> Result<Recipe, SiteError> {
        let manifest = model.manifest();
        let mut recipe = Recipe::first(manifest).ok_or_else(|| {
            at.wrong(format!(
                "bundle {:?} has no sample controls, expected one to start from",
                model.name
            ))
        })?;
        if let Some(compound) = &self.compound {
            let id = known_compound(model, compound, source)?;
            if let Some(condition) = manifest.conditions.get(&id) {
                let start = Start::first(manifest, condition).unwrap_or(recipe.start);
                recipe = Recipe::new(manifest, start, condition);
            }
        }
        if let Some(control) = &self.control {
            recipe.start = Start::Example(known_control(model, control, source)?);
        }
        if self.real {
            let control = match &self.control {
                Some(_) => Err("`control` and `real` together, expected one of them".to_owned()),
                None => self.real_control(model).ok_or_else(|| {
                    format!(
                        "bundle {:?} has no real control of a plate with this compound's cells",
                        model.name
                    )
                }),
            };
            recipe.start = Start::Example(control.map_err(|problem| at.wrong(problem))?.to_owned());
        }
        recipe.dose_um = self.dose_um.or(recipe.dose_um);
        let sampling = &mut recipe.sampling;
        sampling.alpha = self.alpha.unwrap_or(sampling.alpha);
        sampling.steps = self.steps.unwrap_or(sampling.steps);
        sampling.noise = self.noise.unwrap_or(sampling.noise);
        sampling.seed = self.seed.unwrap_or(sampling.seed);
        if let Some(name) = &self.solver {
            sampling.solver = name
                .get_ref()
                .parse()
                .map_err(|error: cellflux_flow::FlowError| source.wrong(&name.span(), error.to_string()))?;
        }
        if let Some(name) = &self.grid {
            sampling.grid = name
                .get_ref()
                .parse()
                .map_err(|error: cellflux_flow::FlowError| source.wrong(&name.span(), error.to_string()))?;
        }
        recipe
            .validate(manifest)
            .map_err(|error| at.wrong(error.to_string()))?;
        Ok(recipe)
    }
}

/// The id, when the model has such a control or treated cell.
///
/// # Errors
/// [`SiteError::At`] with the nearest.
pub fn known_control(model: &Model, id: &Spanned<String>, source: &SourceText) -> Result<String, SiteError> {
    let gallery = &model.manifest().gallery;
    if gallery.get(id.get_ref()).is_some() {
        return Ok(id.get_ref().clone());
    }
    let ids = gallery.controls.iter().map(|example| example.id.as_str());
    Err(source.wrong(
        &id.span(),
        format!(
            "bundle {:?} has no control {:?}{}",
            model.name,
            id.get_ref(),
            suggestion(id.get_ref(), ids)
        ),
    ))
}

/// The id, when the model has such a compound.
///
/// # Errors
/// [`SiteError::At`] with the nearest.
pub fn known_compound(model: &Model, id: &Spanned<String>, source: &SourceText) -> Result<String, SiteError> {
    let conditions = &model.manifest().conditions;
    if conditions.get(id.get_ref()).is_some() {
        return Ok(id.get_ref().clone());
    }
    let ids = conditions.list.iter().map(|condition| condition.id.as_str());
    Err(source.wrong(
        &id.span(),
        format!(
            "bundle {:?} has no compound {:?}{}",
            model.name,
            id.get_ref(),
            suggestion(id.get_ref(), ids)
        ),
    ))
}
