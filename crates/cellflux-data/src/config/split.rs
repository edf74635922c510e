//! `[data.split]`: which rows of a table train, validate and test.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::words;
use crate::entry::Split;
use crate::error::DataError;

/// What the column of splits may hold, and where the validation split comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitValues {
    /// Values of the training split.
    pub train: Vec<String>,
    /// Values of the validation split, or the rule by which it is drawn.
    pub validation: ValidationSplit,
    /// Values of the test split.
    pub test: Vec<String>,
    /// Values of rows that are left out.
    pub ignored: Vec<String>,
    /// What happens to rows with any other value; by the layout unless stated: the public tables' are left
    /// out, as their own loader does, and a folder's are an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<UnknownSplit>,
}

impl Default for SplitValues {
    fn default() -> Self {
        Self {
            train: words(["train"]),
            validation: ValidationSplit::Values(words(["val", "valid", "validation"])),
            test: words(["test"]),
            ignored: Vec::new(),
            unknown: None,
        }
    }
}

/// What happens to rows whose split or state is none that the configuration knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownSplit {
    /// Reading stops with an error that names the row and the value.
    Error,
    /// They are left out, and counted by value in the report.
    Skip,
}

/// Where the validation split comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ValidationSplit {
    /// From rows with these values.
    Values(Vec<String>),
    /// From rows of another split, drawn by a rule.
    Drawn(DrawnSplit),
}

/// A rule that draws the validation split from rows of another: whole groups, so that no well (or whatever
/// the groups are) is in both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawnSplit {
    /// The split that gives its rows.
    pub from: DrawnFrom,
    /// What makes a group: a column's title, or text with columns in braces, such as `{PLATE} {WELL}` (as in
    /// the configuration of raw fields).
    pub by: String,
    /// Share of that split's images, above 0 and below 1, met to within one group.
    pub share: f64,
    /// Decides which groups; the run's own seed does not, so that every command sees the same split.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seed: u64,
}

/// A split that can give rows to validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DrawnFrom {
    /// The training split, which then no longer trains on them.
    Train,
    /// The test split, which then no longer measures the result on them.
    Test,
}

impl DrawnFrom {
    /// The split itself.
    pub fn split(self) -> Split {
        match self {
            Self::Train => Split::Train,
            Self::Test => Split::Test,
        }
    }
}

impl DrawnSplit {
    /// Checks the share.
    ///
    /// # Errors
    /// [`DataError::Config`] naming it.
    pub(crate) fn validate(&self) -> Result<(), DataError> {
        if self.share > 0.0 && self.share < 1.0 {
            return Ok(());
        }
        Err(DataError::config(
            "data.split.validation.share",
            self.share,
            "a number above 0 and below 1",
        ))
    }
}

impl ValidationSplit {
    /// The values of the validation split; none where it is drawn.
    pub(crate) fn values(&self) -> &[String] {
        match self {
            Self::Values(values) => values,
            Self::Drawn(_) => &[],
        }
    }

    /// The rule, where there is one.
    pub(crate) fn rule(&self) -> Option<&DrawnSplit> {
        match self {
            Self::Values(_) => None,
            Self::Drawn(rule) => Some(rule),
        }
    }
}

// By hand, so that a misspelt key of the rule is named: an untagged enum only says that nothing fits.
impl<'de> Deserialize<'de> for ValidationSplit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListOrRule)
    }
}

struct ListOrRule;

impl<'de> Visitor<'de> for ListOrRule {
    type Value = ValidationSplit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of values, or { from = \"train\", by = \"WELL\", share = 0.05 }")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(values)).map(ValidationSplit::Values)
    }

    fn visit_map<A: MapAccess<'de>>(self, keys: A) -> Result<Self::Value, A::Error> {
        DrawnSplit::deserialize(MapAccessDeserializer::new(keys)).map(ValidationSplit::Drawn)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validation_is_a_list_or_a_rule_and_both_read_back_as_themselves() {
        let list = "validation = [\"dev\"]";
        let rule = "validation = { from = \"train\", by = \"WELL\", share = 0.05 }";
        for (text, expected) in [
            (list, ValidationSplit::Values(words(["dev"]))),
            (
                rule,
                ValidationSplit::Drawn(DrawnSplit {
                    from: DrawnFrom::Train,
                    by: "WELL".into(),
                    share: 0.05,
                    seed: 0,
                }),
            ),
        ] {
            let read: SplitValues = toml::from_str(text).unwrap();
            assert_eq!(read.validation, expected);
            let written = toml::to_string(&read).unwrap();
            assert_eq!(
                toml::from_str::<SplitValues>(&written).unwrap(),
                read,
                "{written}"
            );
        }
    }

    #[test]
    fn a_misspelt_key_of_the_rule_is_named() {
        for (wrong, named) in [
            (
                "validation = { from = \"train\", by = \"WELL\", shar = 0.05 }",
                "shar",
            ),
            (
                "validation = { from = \"val\", by = \"WELL\", share = 0.05 }",
                "train",
            ),
            ("validation = { from = \"train\", share = 0.05 }", "by"),
            ("validation = \"dev\"", "a list of values"),
        ] {
            let error = toml::from_str::<SplitValues>(wrong).unwrap_err().to_string();
            assert!(error.contains(named), "{wrong}: {error}");
        }
    }
}
