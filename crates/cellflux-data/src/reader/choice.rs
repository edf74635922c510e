//! Which compounds are read: those that `data.only` names, without those that `data.except` does.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use crate::config::DataConfig;
use crate::entry::Compound;
use crate::error::DataError;

/// Which treated rows are taken. Controls always are: every treated cell is paired with one.
pub(super) struct Choice<'a> {
    only: HashSet<&'a str>,
    except: HashSet<&'a str>,
}

impl<'a> Choice<'a> {
    pub(super) fn new(config: &'a DataConfig) -> Self {
        let set = |names: &'a [String]| names.iter().map(String::as_str).collect();
        Self {
            only: set(&config.only),
            except: set(&config.except),
        }
    }

    /// Whether a row of this compound is read.
    pub(super) fn takes(&self, compound: &str, treated: bool) -> bool {
        !treated
            || ((self.only.is_empty() || self.only.contains(compound)) && !self.except.contains(compound))
    }

    /// Refuses names that are no treatment of the table, whose compounds are `read` and `left_out`.
    ///
    /// # Errors
    /// [`DataError::Config`] naming the key, the name and the nearest that there is.
    pub(super) fn check(
        &self,
        table: &Path,
        read: &[Compound],
        left_out: &BTreeSet<String>,
    ) -> Result<(), DataError> {
        let read = read
            .iter()
            .map(|compound| (compound.name.as_str(), compound.control));
        let left_out = left_out.iter().map(|name| (name.as_str(), false));
        let known: Vec<(&str, bool)> = read.chain(left_out).collect();
        for (field, names) in [("data.only", &self.only), ("data.except", &self.except)] {
            // In one order, so that the message does not change from run to run.
            let names: BTreeSet<&str> = names.iter().copied().collect();
            for name in names {
                let control = known.iter().find(|(own, _)| *own == name).map(|found| found.1);
                let (found, expected) = match control {
                    Some(false) => continue,
                    Some(true) => (
                        format!("{name:?}, the control"),
                        "treatments only: controls are always read".to_owned(),
                    ),
                    None => (format!("{name:?}"), unknown(name, table, &known)),
                };
                return Err(DataError::config(field, found, expected));
            }
        }
        Ok(())
    }
}

/// What is expected in place of an unknown name.
fn unknown(name: &str, table: &Path, known: &[(&str, bool)]) -> String {
    let treatments = known
        .iter()
        .filter(|(_, control)| !control)
        .map(|(name, _)| *name);
    let expected = format!("a treatment in {}", table.display());
    match nearest(name, treatments) {
        Some(nearest) => format!("{expected}; the nearest name there is {nearest:?}"),
        None => format!("{expected}, which has none"),
    }
}

/// The name that is most like `name`, whatever the case of its letters; the first of several.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for other in names {
        let likeness = strsim::jaro_winkler(&name, &other.to_lowercase());
        if best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, other));
        }
    }
    best.map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::fixtures::{Folder, synthetic};
    use crate::{DataConfig, Report, read_experiment};

    fn names(config: &DataConfig) -> Vec<String> {
        let experiment = read_experiment(config).unwrap();
        let compounds = experiment.compounds().iter();
        compounds.map(|compound| compound.name.clone()).collect()
    }

    #[test]
    fn only_and_except_choose_compounds_and_keep_all_controls() {
        let folder = Folder::usual();
        // What is not chosen need not be there.
        fs::remove_file(folder.path().join("b1.png")).unwrap();
        let mut config = folder.config();
        config.only = vec!["ethanol".into()];
        assert_eq!(names(&config), ["DMSO", "ethanol"]);
        let experiment = read_experiment(&config).unwrap();
        let controls = experiment.entries().iter().filter(|entry| !entry.treated).count();
        assert_eq!((experiment.entries().len(), controls), (6, 4));
        let report = Report::of(&experiment).to_string();
        assert!(
            report.contains("2 rows left out by data.only or data.except: benzene"),
            "{report}"
        );
        config.only.clear();
        config.except = vec!["benzene".into()];
        assert_eq!(names(&config), ["DMSO", "ethanol"]);
    }

    #[test]
    fn a_name_that_the_table_does_not_have_is_refused_with_the_nearest_and_so_is_the_control() {
        let folder = Folder::usual();
        let refused = |only: &[&str], except: &[&str]| {
            let list = |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.into()).collect() };
            let mut config = folder.config();
            config.only = list(only);
            config.except = list(except);
            read_experiment(&config).unwrap_err().to_string()
        };
        let table = folder.table().display().to_string();
        assert_eq!(
            refused(&["Benzen"], &[]),
            format!(
                "data.only is \"Benzen\", expected a treatment in {table}; the nearest name there is \
                \"benzene\""
            )
        );
        assert!(refused(&["ethanol"], &["etanol"]).starts_with("data.except is \"etanol\""));
        assert_eq!(
            refused(&[], &["DMSO"]),
            "data.except is \"DMSO\", the control, expected treatments only: controls are always read"
        );
    }

    #[test]
    fn drawn_cells_have_their_compounds_in_their_design() {
        let mut config = synthetic(40);
        config.except = vec!["less actin".into()];
        let error = read_experiment(&config).unwrap_err().to_string();
        assert!(error.contains("data.source.compounds"), "{error}");
    }
}
