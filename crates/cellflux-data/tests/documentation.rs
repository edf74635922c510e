//! The data sections that the repository's documents show are valid configurations.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use cellflux_data::fields::FieldsConfig;
use cellflux_data::{ConditionsConfig, DataConfig};
use toml::{Table, Value};

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The section of that name, or the example's own where an excerpt leaves it out.
fn section<'a>(table: &'a mut Table, name: &str, otherwise: &str) -> &'a mut Value {
    table
        .entry(name)
        .or_insert_with(|| Value::Table(otherwise.parse().unwrap()))
}

#[test]
fn every_example_of_the_documentation_is_a_configuration() {
    let text = text("docs/training-data.md");
    let examples: Vec<&str> = text
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(examples.len() > 7);
    for example in examples {
        let mut table: Table = example
            .parse()
            .unwrap_or_else(|error| panic!("{error} in\n{example}"));
        if table.contains_key("nuclei") {
            table
                .try_into::<FieldsConfig>()
                .unwrap_or_else(|error| panic!("{error} in\n{example}"));
            continue;
        }
        let data = section(&mut table, "data", "").as_table_mut().unwrap();
        section(data, "source", "layout = 'folder'\ntable = 'a.csv'");
        section(data, "image", "preset = 'bbbc021'\nheight = 64\nwidth = 64");
        let data: DataConfig = data
            .clone()
            .try_into()
            .unwrap_or_else(|error| panic!("{error} in\n{example}"));
        data.image.spec().unwrap();
        if let Some(conditions) = table.remove("conditions") {
            conditions
                .try_into::<ConditionsConfig>()
                .unwrap_or_else(|error| panic!("{error} in\n{example}"));
        }
    }
}

#[test]
fn the_fields_configurations_are_read() {
    for name in [
        "configs/fields-bbbc021.toml",
        "configs/fields-jump.toml",
        "configs/fields-rxrx1.toml",
    ] {
        let config: FieldsConfig =
            toml::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(config.files.len(), config.image.spec().unwrap().channels.len());
    }
}
