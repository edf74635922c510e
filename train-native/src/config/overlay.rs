//! Values that override others: a file its preset, flags the file.

use std::fmt;
use std::str::FromStr;

use toml::{Table, Value};

use crate::TrainError;

/// One value that overrides the config, written `section.key=value` as on the command line; the value is
/// TOML, and what is not TOML is a string.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    path: Vec<String>,
    value: Value,
}

impl Setting {
    /// Puts `value` at `section.key`.
    pub fn new(section: &str, key: &str, value: impl Into<Value>) -> Self {
        Self {
            path: vec![section.to_owned(), key.to_owned()],
            value: value.into(),
        }
    }

    /// The section that it is in.
    pub fn section(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }

    /// Where it is, as it is written before the `=`.
    pub fn name(&self) -> String {
        self.path.join(".")
    }

    /// The section and the key, where it is a value right in a section.
    pub(crate) fn place(&self) -> Option<(&str, &str)> {
        match self.path.as_slice() {
            [section, key] => Some((section.as_str(), key.as_str())),
            _ => None,
        }
    }

    pub(super) fn put(&self, table: &mut Table) -> Result<(), TrainError> {
        let Some((key, sections)) = self.path.split_last() else {
            return Ok(());
        };
        let mut at = table;
        for section in sections {
            let entry = at
                .entry(section.as_str())
                .or_insert_with(|| Value::Table(Table::new()));
            at = entry.as_table_mut().ok_or_else(|| TrainError::ConfigText {
                origin: format!("--set {}", self.name()),
                reason: format!("{section} is a value, expected a section"),
            })?;
        }
        at.insert(key.clone(), self.value.clone());
        Ok(())
    }
}

/// As on the command line.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name(), self.value)
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, value) = text
            .split_once('=')
            .filter(|(path, _)| path.contains('.'))
            .ok_or_else(|| format!("{text:?}, expected section.key=value"))?;
        let value = format!("value = {}", value.trim())
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| Value::String(value.trim().to_owned()));
        Ok(Self {
            path: path.trim().split('.').map(str::to_owned).collect(),
            value,
        })
    }
}

/// Puts every value of `over` in place of `base`'s; tables are merged key by key.
pub(super) fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
