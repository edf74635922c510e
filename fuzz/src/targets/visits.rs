//! Links and recipes that somebody sent.

use std::sync::LazyLock;

use cellflux_bundle::Manifest;
use cellflux_session::{Recipe, link};

use crate::Outcome;
use crate::model::{self, Kind};

/// The models that links are read for, one of each kind.
static MODELS: LazyLock<Vec<Manifest>> = LazyLock::new(|| {
    let models = Kind::ALL.into_iter().map(model::manifest);
    models.filter_map(Result::ok).collect()
});

/// A link. What is taken can be written, and read again as the same.
pub fn link(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    for_any_model(|model| {
        let recipe = link::read(&text, model).map_err(|error| error.to_string())?;
        same_again(&recipe, model);
        Ok(())
    })
}

/// A recipe's file. What is taken can be written, as a file and as a link, and read again as the same.
pub fn recipe(input: &[u8]) -> Outcome {
    let recipe = Recipe::from_json(input).map_err(|error| error.to_string())?;
    for_any_model(|model| {
        recipe.validate(model).map_err(|error| error.to_string())?;
        let written = recipe.to_json().map_err(|error| error.to_string())?;
        let again = Recipe::from_json(written.as_bytes()).map_err(|error| error.to_string());
        assert!(
            again.as_ref().is_ok_and(|again| *again == recipe),
            "{written:.300} was written and is read as {again:?}"
        );
        same_again(&recipe, model);
        Ok(())
    })
}

/// Taken where one of the models takes it. The answer is otherwise that of the model which the input names,
/// or the first model's.
fn for_any_model(read: impl Fn(&Manifest) -> Outcome) -> Outcome {
    let mut outcome = Err("model is none: not one could be made".to_owned());
    for model in MODELS.iter() {
        let answer = read(model);
        let of_another = outcome
            .as_ref()
            .is_err_and(|sentence| sentence.starts_with("model is "));
        if of_another || answer.is_ok() {
            outcome = answer;
        }
    }
    outcome
}

fn same_again(recipe: &Recipe, model: &Manifest) {
    let text = link::write(recipe, &model.image).map_err(|error| error.to_string());
    let again = text
        .as_ref()
        .map(|text| link::read(text, model).map_err(|error| error.to_string()));
    assert!(
        matches!(&again, Ok(Ok(again)) if again == recipe),
        "{text:.300?} was written and is read as {again:?}"
    );
}
