//! Rows of a table that are left out for other reasons than a value that the configuration lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

/// How many names a message lists; a run writes all of them into a file beside its log.
const NAMED: usize = 20;

/// Rows that are left out, by reason. Those with a value that the configuration lists are counted apart
/// ([`crate::Report::ignored_rows`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Rows by the value of their split, where the configuration does not know that value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown_splits: BTreeMap<String, usize>,
    /// Rows by the value of their state, where the configuration does not know that value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown_states: BTreeMap<String, usize>,
    /// Rows of treatments that `data.only` does not name or `data.except` does.
    pub unchosen: usize,
    /// The treatments of those rows, by name.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub unchosen_compounds: BTreeSet<String>,
    /// Rows whose image is missing.
    pub missing: MissingImages,
}

/// Images that a table names and that are not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MissingImages {
    /// How many.
    pub count: usize,
    /// Their paths, in the table's order.
    pub names: Vec<String>,
}

impl LeftOut {
    /// Whether no row is left out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Counts a row whose split the configuration does not know.
    pub(crate) fn unknown_split(&mut self, value: &str) {
        count(&mut self.unknown_splits, value);
    }

    /// Counts a row whose state the configuration does not know.
    pub(crate) fn unknown_state(&mut self, value: &str) {
        count(&mut self.unknown_states, value);
    }

    /// Counts a row of a treatment that is not chosen.
    pub(crate) fn unchosen(&mut self, compound: &str) {
        self.unchosen += 1;
        if !self.unchosen_compounds.contains(compound) {
            self.unchosen_compounds.insert(compound.to_owned());
        }
    }

    /// Counts a row whose image is missing.
    pub(crate) fn missing(&mut self, image: &str) {
        self.missing.count += 1;
        self.missing.names.push(image.to_owned());
    }
}

/// One indented line for each reason; nothing where no row is left out.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (by, section, values) in [
            ("split", "data.split", &self.unknown_splits),
            ("state", "data.state", &self.unknown_states),
        ] {
            let unknown: usize = values.values().sum();
            if unknown > 0 {
                let told = values.iter().map(|(value, rows)| format!("{value:?} ({rows})"));
                writeln!(
                    f,
                    "  {unknown} rows left out by a {by} that [{section}] does not know: {}",
                    listed(told, values.len())
                )?;
            }
        }
        if self.unchosen > 0 {
            let compounds = self.unchosen_compounds.iter().cloned();
            writeln!(
                f,
                "  {} rows left out by data.only or data.except: {}",
                self.unchosen,
                listed(compounds, self.unchosen_compounds.len())
            )?;
        }
        if self.missing.count > 0 {
            writeln!(
                f,
                "  {} rows left out, as their image is missing: {}",
                self.missing.count,
                listed(self.missing.names.iter().cloned(), self.missing.count)
            )?;
        }
        Ok(())
    }
}

fn count(values: &mut BTreeMap<String, usize>, value: &str) {
    match values.get_mut(value) {
        Some(rows) => *rows += 1,
        None => {
            values.insert(value.to_owned(), 1);
        }
    }
}

/// The first names of `count`, and how many more there are.
fn listed(names: impl Iterator<Item = String>, count: usize) -> String {
    let shown: Vec<String> = names.take(NAMED).collect();
    match count.saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut_and_says_how_many_more_there_are() {
        let mut left_out = LeftOut::default();
        assert_eq!((left_out.to_string().as_str(), left_out.is_empty()), ("", true));
        for number in 0..25 {
            left_out.missing(&format!("a{number}.png"));
        }
        left_out.unknown_split("ood");
        left_out.unknown_split("ood");
        left_out.unknown_state("compound");
        let said = left_out.to_string();
        assert!(
            said.contains("25 rows left out, as their image is missing: a0.png, "),
            "{said}"
        );
        assert!(
            said.contains("a19.png and 5 more") && !said.contains("a20"),
            "{said}"
        );
        assert!(said.contains("2 rows left out by a split that [data.split] does not know: \"ood\" (2)"));
        assert!(
            said.contains("1 rows left out by a state that [data.state] does not know: \"compound\" (1)")
        );
    }
}
