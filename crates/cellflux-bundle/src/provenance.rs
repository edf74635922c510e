//! Where a model comes from: data, citation, licence, training, tools.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    check::{self, ensure, shown},
    error::BundleError,
    limits,
};

/// What a page says about a model's origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The data the model was trained on.
    pub data_set: DataSet,
    /// How it was trained, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// Measured qualities by name, for example `validation_loss`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, f64>,
    /// Programs and crates that took part, name to version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, String>,
    /// Licence of the weights.
    pub licence: String,
    /// Anything else that a reader of the page should know.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Day on which the bundle was made, `YYYY-MM-DD`.
    pub created: String,
}

/// The training data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSet {
    /// Name, for example `BBBC021v1`.
    pub name: String,
    /// How to cite it.
    pub citation: String,
    /// Its licence.
    pub licence: String,
    /// Its page (`https:` or `http:`), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A training run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// The command, or the program in words.
    pub command: String,
    /// Optimiser steps.
    pub steps: u64,
    /// Images per step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u64>,
    /// Wall-clock seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What it ran on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl Provenance {
    pub(crate) fn validate(&self) -> Result<(), BundleError> {
        let data_set = &self.data_set;
        check::label("provenance.data_set.name", &data_set.name)?;
        check::text("provenance.data_set.citation", &data_set.citation)?;
        check::label("provenance.data_set.licence", &data_set.licence)?;
        if let Some(url) = &data_set.url {
            check::label("provenance.data_set.url", url)?;
            // A page makes a link of it, so `javascript:` and the like must not come this far.
            ensure(
                url.starts_with("https://") || url.starts_with("http://"),
                "provenance.data_set.url",
                shown(url),
                "an address that starts with https:// or http://",
            )?;
        }
        if let Some(training) = &self.training {
            check::text("provenance.training.command", &training.command)?;
            if let Some(seconds) = training.seconds {
                check::within("provenance.training.seconds", seconds, 0.0, 1e12)?;
            }
            if let Some(device) = &training.device {
                check::label("provenance.training.device", device)?;
            }
        }
        for (field, found) in [("metrics", self.metrics.len()), ("tools", self.tools.len())] {
            ensure(
                found <= limits::METRICS,
                format!("length of provenance.{field}"),
                found,
                format!("at most {}", limits::METRICS),
            )?;
        }
        for (name, value) in &self.metrics {
            check::label("a name in provenance.metrics", name)?;
            check::within(
                format!("provenance.metrics.{name}"),
                *value,
                -limits::METRIC,
                limits::METRIC,
            )?;
        }
        for (name, version) in &self.tools {
            check::label("a name in provenance.tools", name)?;
            check::label(format!("provenance.tools.{name}"), version)?;
        }
        check::label("provenance.licence", &self.licence)?;
        check::text("provenance.notes", &self.notes)?;
        ensure(
            crate::date::is_date(&self.created, 3),
            "provenance.created",
            shown(&self.created),
            "a date as YYYY-MM-DD",
        )
    }
}
