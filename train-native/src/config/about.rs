//! `[about]`: what an exported bundle says of itself and only a person can know.

use serde::{Deserialize, Serialize};

/// Words for the bundle's manifest. What is not stated is marked so there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AboutConfig {
    /// Name of the bundle in links and commands; by default made from the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name to show.
    pub title: String,
    /// A sentence or two about the model.
    pub description: String,
    /// Licence of the weights.
    pub licence: String,
    /// Anything else that a reader of the page should know.
    pub notes: String,
    /// The training data.
    pub data_set: DataSetConfig,
    /// Where sample crops come from, shown with each of them.
    pub crops_source: String,
    /// The licence under which the data's crops may be shown; without it none is put into a bundle.
    /// Synthetic cells are CC0-1.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crops_licence: Option<String>,
}

/// The training data, as the manifest's `provenance.data_set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSetConfig {
    /// Name.
    pub name: String,
    /// How to cite it.
    pub citation: String,
    /// Its licence.
    pub licence: String,
    /// Its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// What nobody said.
const NOT_STATED: &str = "not stated";

impl Default for AboutConfig {
    fn default() -> Self {
        Self {
            id: None,
            title: "A CellFlux model".to_owned(),
            description: String::new(),
            licence: NOT_STATED.to_owned(),
            notes: String::new(),
            data_set: DataSetConfig::default(),
            crops_source: NOT_STATED.to_owned(),
            crops_licence: None,
        }
    }
}

impl Default for DataSetConfig {
    fn default() -> Self {
        Self {
            name: NOT_STATED.to_owned(),
            citation: NOT_STATED.to_owned(),
            licence: NOT_STATED.to_owned(),
            url: None,
        }
    }
}
