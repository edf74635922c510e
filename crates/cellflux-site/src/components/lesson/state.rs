//! What a lesson sets an explorer or a lab to.

use cellflux_lab::{Settings, View};
use cellflux_session::recipe::{ChangeMap, Direction};
use cellflux_session::{Recipe, link};
use serde::Deserialize;
use serde_json::json;
use toml::Spanned;

use super::super::{Components, lab, model};
use super::target;
use crate::error::SiteError;
use crate::model::Model;
use crate::place::Place;
use crate::source::{SourceText, suggestion};
use crate::walk_request::WalkRequest;

/// The most steps that a lesson's network learns; a visitor waits for them.
pub(super) const MOST_LEARNT: usize = 5000;
/// What an explorer's state has beside a walk.
const BESIDE_A_WALK: [&str; 3] = ["at", "map", "way"];

/// How a walk is looked at.
#[derive(Deserialize)]
pub(super) struct ExplorerState {
    /// The step in view, from 0.
    at: Option<Spanned<usize>>,
    /// What the picture of the change shows, by its name in links.
    map: Option<Spanned<String>>,
    /// The direction, by its name in links.
    way: Option<Spanned<String>>,
}

/// A state, checked, with the element that it is for.
pub(super) enum Setting<'a> {
    Explorer {
        target: String,
        model: &'a Model,
        recipe: Box<Recipe>,
    },
    Lab {
        target: String,
        lab: Box<LabState>,
        /// As the author wrote it, for options that change a part of it.
        written: toml::Table,
    },
}

/// A lab and how many steps its network has learnt.
#[derive(Clone)]
pub(super) struct LabState {
    pub settings: Settings,
    pub view: View,
    pub learn: usize,
}

impl Setting<'_> {
    /// The id of the element.
    pub fn target(&self) -> &str {
        match self {
            Self::Explorer { target, .. } | Self::Lab { target, .. } => target,
        }
    }

    /// What the page is told.
    pub fn json(&self, at: &Place) -> Result<serde_json::Value, SiteError> {
        match self {
            Self::Explorer { model, recipe, .. } => {
                let link = link::write(recipe, &model.manifest().image)
                    .map_err(|error| at.wrong(error.to_string()))?;
                Ok(json!({ "link": link }))
            }
            Self::Lab { lab, .. } => Ok(lab.json()),
        }
    }
}

impl LabState {
    /// What the page is told.
    pub fn json(&self) -> serde_json::Value {
        json!({ "settings": self.settings, "view": self.view, "learn": self.learn })
    }

    /// A lab's settings with `view` and `learn`, checked.
    pub fn read(mut table: toml::Table, at: &Place) -> Result<Self, SiteError> {
        let learn = match table.remove("learn") {
            None => 0,
            Some(learn) => learn
                .as_integer()
                .and_then(|learn| usize::try_from(learn).ok())
                .filter(|learn| *learn <= MOST_LEARNT)
                .ok_or_else(|| {
                    at.wrong(format!(
                        "learn = {learn}, expected a number of steps from 0 to {MOST_LEARNT}"
                    ))
                })?,
        };
        let (settings, view) = lab::settings_and_view(table, at)?;
        Ok(Self {
            settings,
            view,
            learn,
        })
    }
}

/// A table with another's values in the place of its own, table by table.
pub(super) fn merged(mut base: toml::Table, change: &toml::Table) -> toml::Table {
    for (name, value) in change {
        let value = match (base.remove(name), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(change)) => {
                toml::Value::Table(merged(inner, change))
            }
            _ => value.clone(),
        };
        base.insert(name.clone(), value);
    }
    base
}

/// Refuses names of `[explorer]` that it does not know, with the nearest.
pub(super) fn check_explorer_keys(settings: &SourceText) -> Result<(), SiteError> {
    let Ok(table) = toml::de::DeTable::parse(&settings.text) else {
        return Ok(());
    };
    let Some(explorer) = table
        .get_ref()
        .get("explorer")
        .and_then(|value| value.get_ref().as_table())
    else {
        return Ok(());
    };
    let known: Vec<&str> = WalkRequest::KEYS.iter().chain(&BESIDE_A_WALK).copied().collect();
    for key in explorer.keys() {
        let name: &str = key.get_ref();
        if !known.contains(&name) {
            let near = suggestion(name, known.iter().copied());
            return Err(settings.wrong(&key.span(), format!("unknown name `{name}`{near}")));
        }
    }
    Ok(())
}

impl<'a> Components<'a> {
    pub(super) fn explorer_setting(
        &self,
        state: &Spanned<ExplorerState>,
        on: Option<&Spanned<String>>,
        settings: &SourceText,
    ) -> Result<Setting<'a>, SiteError> {
        #[derive(Deserialize)]
        struct Walk {
            explorer: WalkRequest,
        }
        let Walk { explorer: request } = settings.toml()?;
        let at = settings.place(state.span().start);
        let model = model(self.models, request.bundle.as_ref(), settings)?;
        let above: Vec<usize> = (1..)
            .zip(&self.explored)
            .filter_map(|(number, name)| (*name == model.name).then_some(number))
            .collect();
        let number = target("explorer", &above, on, settings, &state.span())?;
        let mut recipe = request.recipe(model, settings, &at)?;
        let ExplorerState { at: step, map, way } = state.get_ref();
        recipe.view.step = step.as_ref().map(|step| *step.get_ref());
        if let Some(name) = map {
            recipe.view.map = by_name(name, &ChangeMap::ALL, ChangeMap::name, settings)?;
        }
        if let Some(name) = way {
            recipe.direction = by_name(name, &Direction::ALL, Direction::name, settings)?;
        }
        recipe
            .validate(model.manifest())
            .map_err(|error| at.wrong(error.to_string()))?;
        Ok(Setting::Explorer {
            target: format!("explorer-{number}"),
            model,
            recipe: Box::new(recipe),
        })
    }

    pub(super) fn lab_setting(
        &self,
        table: &Spanned<toml::Table>,
        on: Option<&Spanned<String>>,
        settings: &SourceText,
    ) -> Result<Setting<'a>, SiteError> {
        let at = settings.place(table.span().start);
        let above: Vec<usize> = (1..=self.uses.labs).collect();
        let number = target("lab", &above, on, settings, &table.span())?;
        Ok(Setting::Lab {
            target: format!("lab-{number}"),
            lab: Box::new(LabState::read(table.get_ref().clone(), &at)?),
            written: table.get_ref().clone(),
        })
    }
}

/// One of several things by its name; the error names the nearest.
fn by_name<T: Copy>(
    name: &Spanned<String>,
    all: &[T],
    name_of: fn(T) -> &'static str,
    settings: &SourceText,
) -> Result<T, SiteError> {
    let found = all.iter().copied().find(|one| name_of(*one) == name.get_ref());
    found.ok_or_else(|| {
        let near = suggestion(name.get_ref(), all.iter().map(|one| name_of(*one)));
        settings.wrong(&name.span(), format!("{:?}{near}", name.get_ref()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_s_changes_take_the_place_of_the_lesson_s_values_and_leave_the_rest() {
        let table = |text: &str| toml::from_str::<toml::Table>(text).unwrap();
        let base = table("seed = 1\n[path]\ncoupling = \"independent\"\nnoise = 0.1\n");
        let changed = merged(base, &table("path = { coupling = \"same-batch\" }\nlearn = 3\n"));
        assert_eq!(
            changed,
            table("seed = 1\nlearn = 3\n[path]\ncoupling = \"same-batch\"\nnoise = 0.1\n")
        );
    }
}
