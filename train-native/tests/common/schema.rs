//! The published schema of evaluations.

use std::fs;

use crate::repository::root;

/// That a file is an evaluation by the schema that the format publishes.
pub fn is_valid(evaluation: &[u8]) {
    let schema = fs::read(root().join("docs/evaluation.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json = serde_json::from_slice(evaluation).unwrap();
    if let Err(error) = validator.validate(&json) {
        panic!("{error} at {}", error.instance_path());
    }
}
