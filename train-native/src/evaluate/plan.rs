//! What an evaluation's folder holds the cells of: a second run there goes on with the same, and is refused
//! with another.

use std::fs;
use std::path::Path;

use cellflux_bundle::Bundle;
use cellflux_bundle::sampling::Sampling;
use cellflux_data::Experiment;
use serde_json::{Map, Value, json};

use super::cells::Choice;
use super::{EvaluateError, written};

/// The file's name.
pub const FILE: &str = "plan.json";

/// Everything that decides a generated cell, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Map<String, Value>);

impl Plan {
    /// The plan of an evaluation of `bundle`, whose weights have this digest, on an experiment's cells.
    pub fn new(
        bundle: &Bundle,
        weights: &str,
        experiment: &Experiment,
        sampling: &Sampling,
        choice: Choice,
    ) -> Self {
        let manifest = &bundle.manifest;
        let plan = json!({
            "bundle": manifest.id,
            "weights": weights,
            "data": experiment.fingerprint(),
            "split": choice.split,
            "most": choice.most,
            "seed": choice.seed,
            "source": manifest.source,
            "sampling": sampling,
        });
        match plan {
            Value::Object(map) => Self(map),
            _ => Self(Map::new()),
        }
    }

    /// Makes `folder` this plan's: writes it where there is none, and compares it where there is one.
    ///
    /// # Errors
    /// [`EvaluateError::OtherPlan`] naming the first setting that differs, [`EvaluateError::Text`] for a file
    /// that is no plan, [`EvaluateError::File`].
    pub fn claim(&self, folder: &Path) -> Result<(), EvaluateError> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return self.write(&path),
            Err(error) => return Err(EvaluateError::file(&path)(error)),
        };
        let before: Map<String, Value> =
            serde_json::from_slice(&text).map_err(|error| EvaluateError::Text {
                path: path.clone(),
                reason: cellflux_bundle::parser_words(&error),
            })?;
        let shown =
            |map: &Map<String, Value>, key: &String| map.get(key).map_or("absent".into(), Value::to_string);
        let differs = self
            .0
            .keys()
            .chain(before.keys())
            .find(|&key| self.0.get(key) != before.get(key));
        match differs {
            None => Ok(()),
            Some(field) => Err(EvaluateError::OtherPlan {
                folder: folder.to_owned(),
                field: field.clone(),
                before: shown(&before, field),
                now: shown(&self.0, field),
            }),
        }
    }

    fn write(&self, path: &Path) -> Result<(), EvaluateError> {
        let mut text = Value::Object(self.0.clone()).to_string();
        text.push('\n');
        written(path, text.as_bytes())
    }
}
