//! Links and recipes that somebody sent.

use std::sync::LazyLock;

use cellflux_bundle::Manifest;
use cellflux_session::{Recipe, link};

use crate::Outcome;

/// The model that links are read for: the shipped demo's.
static MODEL: LazyLock<Option<Manifest>> = LazyLock::new(|| {
    Manifest::from_json(include_bytes!("../../../web/bundles/bbbc021-tiny/manifest.json")).ok()
});

/// A link. What is taken can be written, and read again as the same.
pub fn link(input: &[u8]) -> Outcome {
    let model = MODEL.as_ref().ok_or("the demo's manifest is not read")?;
    let text = String::from_utf8_lossy(input);
    let recipe = link::read(&text, model).map_err(|error| error.to_string())?;
    same_again(&recipe, model)
}

/// A recipe's file.
pub fn recipe(input: &[u8]) -> Outcome {
    let model = MODEL.as_ref().ok_or("the demo's manifest is not read")?;
    let recipe = Recipe::from_json(input).map_err(|error| error.to_string())?;
    recipe.validate(model).map_err(|error| error.to_string())?;
    same_again(&recipe, model)
}

fn same_again(recipe: &Recipe, model: &Manifest) -> Outcome {
    let text = link::write(recipe, &model.image).map_err(|error| error.to_string())?;
    let again = link::read(&text, model).map_err(|error| error.to_string());
    assert!(
        again.as_ref().is_ok_and(|again| again == recipe),
        "{text:.300} was written and is read as {again:?}"
    );
    Ok(())
}
