//! A validation split that is drawn from another split by a rule: whole groups of rows, such as wells, so
//! that cells of one group, which share light, focus and neighbours, are never on both sides.
//!
//! Groups are taken in the order of a hash of their name and the rule's seed until the share is reached. A
//! group that is the last one of a compound is passed over, so that each compound, the control among them,
//! keeps a group in the split that gives; a compound with one group only stays whole. The draw depends on
//! nothing else: neither on the order of the rows nor on the machine.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::config::DrawnSplit;
use crate::entry::{Entry, Split};
use crate::error::DataError;
use crate::names::Names;
use crate::table::{Row, Table};
use crate::template::Template;

/// What a rule drew, for the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DrawnGroups {
    /// What makes a group, as in the configuration.
    pub by: String,
    /// Groups that became validation.
    pub taken: usize,
    /// Groups that there were.
    pub groups: usize,
    /// Compounds, controls among them, of which all cells are in one group: none of theirs could be taken.
    pub in_one_group: usize,
}

/// The group of every image of a table that is being read.
pub(crate) struct Groups {
    template: Template,
    names: Names,
    /// The position of each image's group among the names.
    of: Vec<u32>,
}

impl Groups {
    /// Finds the columns of a rule.
    ///
    /// # Errors
    /// [`DataError::Config`] for an impossible rule, [`DataError::MissingColumn`].
    pub(crate) fn new(rule: &DrawnSplit, table: &Table) -> Result<Self, DataError> {
        rule.validate()?;
        let text = if rule.by.contains('{') {
            rule.by.clone()
        } else {
            format!("{{{}}}", rule.by)
        };
        Ok(Self {
            template: Template::read(&text, "data.split.validation.by", table)?,
            names: Names::default(),
            of: Vec::new(),
        })
    }

    /// The name of a row's group.
    ///
    /// # Errors
    /// [`DataError::Cell`] for an empty cell.
    pub(crate) fn name(&self, row: &Row<'_>) -> Result<String, DataError> {
        let expected = "the name of a group: data.split.validation.by divides by this column";
        self.template.filled(row, expected)
    }

    /// Notes the group of the next image.
    pub(crate) fn add(&mut self, name: &str) {
        self.of.push(self.names.position(name).0);
    }

    /// Moves whole groups from the rule's split to validation, and from each compound at most all but one.
    ///
    /// # Errors
    /// [`DataError::Config`] where there are fewer than two groups to divide, or where each is the only one
    /// of a compound.
    pub(crate) fn draw(&self, entries: &mut [Entry], rule: &DrawnSplit) -> Result<DrawnGroups, DataError> {
        let from = rule.from.split();
        let mut sizes = vec![0usize; self.names.list.len()];
        for (entry, &group) in entries.iter().zip(&self.of) {
            if entry.split == from
                && let Some(size) = sizes.get_mut(group as usize)
            {
                *size += 1;
            }
        }
        let mut order: Vec<(u64, &str, usize, usize)> = self
            .names
            .list
            .iter()
            .zip(sizes)
            .enumerate()
            .filter(|(_, (_, size))| *size > 0)
            .map(|(group, (name, size))| (hash(name, rule.seed), name.as_str(), group, size))
            .collect();
        order.sort_unstable();
        if order.len() < 2 {
            return Err(DataError::config(
                "data.split.validation.by",
                format!("{:?}, of which the {from} split has {}", rule.by, order.len()),
                "a column that divides the split into two groups or more",
            ));
        }
        let images: usize = order.iter().map(|(.., size)| size).sum();
        let wanted = rule.share * images as f64;
        let mut compounds = Compounds::of(entries, &self.of, from);
        let in_one_group = compounds.in_one_group();
        let mut chosen = vec![false; self.names.list.len()];
        let (mut taken, mut drawn) = (0, 0usize);
        for (_, _, group, size) in &order {
            if drawn as f64 >= wanted {
                break;
            }
            if !compounds.can_spare(*group as u32) {
                continue;
            }
            compounds.take(*group as u32);
            if let Some(chosen) = chosen.get_mut(*group) {
                *chosen = true;
            }
            drawn += size;
            taken += 1;
        }
        if taken == 0 {
            return Err(DataError::config(
                "data.split.validation.by",
                format!(
                    "{:?}, and each group of the {from} split is the only one of a compound",
                    rule.by
                ),
                "a column that divides at least one compound into two groups or more",
            ));
        }
        for (entry, &group) in entries.iter_mut().zip(&self.of) {
            if entry.split == from && chosen.get(group as usize).is_some_and(|chosen| *chosen) {
                entry.split = Split::Validation;
            }
        }
        Ok(DrawnGroups {
            by: rule.by.clone(),
            taken,
            groups: order.len(),
            in_one_group,
        })
    }
}

/// In which groups of the split that gives each compound has cells.
struct Compounds {
    /// Group and compound.
    pairs: BTreeSet<(u32, u32)>,
    /// How many groups of a compound have not been taken.
    left: HashMap<u32, usize>,
}

impl Compounds {
    fn of(entries: &[Entry], groups: &[u32], from: Split) -> Self {
        let pairs: BTreeSet<(u32, u32)> = entries
            .iter()
            .zip(groups)
            .filter(|(entry, _)| entry.split == from)
            .map(|(entry, &group)| (group, entry.compound))
            .collect();
        let mut left = HashMap::new();
        for (_, compound) in &pairs {
            *left.entry(*compound).or_insert(0) += 1;
        }
        Self { pairs, left }
    }

    fn in_one_group(&self) -> usize {
        self.left.values().filter(|&&groups| groups == 1).count()
    }

    /// The compounds of a group.
    fn of_group(&self, group: u32) -> impl Iterator<Item = u32> {
        self.pairs
            .range((group, 0)..=(group, u32::MAX))
            .map(|&(_, compound)| compound)
    }

    /// Whether each compound of the group has another one.
    fn can_spare(&self, group: u32) -> bool {
        let others = |compound: u32| self.left.get(&compound).is_some_and(|&groups| groups > 1);
        self.of_group(group).all(others)
    }

    fn take(&mut self, group: u32) {
        for &(_, compound) in self.pairs.range((group, 0)..=(group, u32::MAX)) {
            if let Some(groups) = self.left.get_mut(&compound) {
                *groups -= 1;
            }
        }
    }
}

/// The first eight bytes of SHA-256 of the seed and the name: the same on every machine.
fn hash(name: &str, seed: u64) -> u64 {
    let digest = Sha256::new()
        .chain_update(seed.to_le_bytes())
        .chain_update(name)
        .finalize();
    digest
        .iter()
        .take(8)
        .fold(0, |number, &byte| (number << 8) | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::config::{DrawnFrom, ValidationSplit};
    use crate::fixtures::Folder;
    use crate::{DataConfig, Experiment, Report, read_experiment};

    const HEADER: &str = "path,SPLIT,STATE,CPD_NAME,BATCH,PLATE,WELL";

    /// Two plates of ten wells: well n holds 1 + n % 3 cells, the last three wells of each plate controls and
    /// the one before them another compound.
    fn plates() -> (Vec<String>, Folder) {
        let mut rows = Vec::new();
        for plate in ["P1", "P2"] {
            for well in 0..10 {
                for cell in 0..=well % 3 {
                    let (state, name) = match well {
                        0..6 => (1, "taxol"),
                        6 => (1, "nocodazole"),
                        _ => (0, "DMSO"),
                    };
                    rows.push(format!(
                        "{plate}-{well}-{cell}.png,train,{state},{name},B,{plate},W{well}"
                    ));
                }
            }
        }
        let lines: Vec<&str> = rows.iter().map(String::as_str).collect();
        let folder = Folder::new(HEADER, &lines);
        (rows, folder)
    }

    fn config(folder: &Folder, by: &str, share: f64, seed: u64) -> DataConfig {
        let mut config = folder.config();
        config.split.validation = ValidationSplit::Drawn(DrawnSplit {
            from: DrawnFrom::Train,
            by: by.into(),
            share,
            seed,
        });
        config
    }

    fn read(folder: &Folder, by: &str, share: f64, seed: u64) -> Experiment {
        read_experiment(&config(folder, by, share, seed)).unwrap()
    }

    /// The names of the validation wells' images.
    fn drawn(experiment: &Experiment) -> BTreeSet<String> {
        experiment
            .entries()
            .iter()
            .filter(|entry| entry.split == Split::Validation)
            .map(|entry| entry.image.to_string())
            .collect()
    }

    #[test]
    fn no_group_of_a_drawn_validation_split_is_in_training_and_the_share_is_met_to_within_one_group() {
        let (rows, folder) = plates();
        // A row's plate and well are its last two cells.
        for (by, group) in [("{PLATE} {WELL}", 5..7), ("WELL", 6..7), ("PLATE", 5..6)] {
            for (share, seed) in [(0.05, 0), (0.3, 0), (0.3, 1), (0.5, 2)] {
                let experiment = read(&folder, by, share, seed);
                let mut splits: BTreeMap<String, BTreeSet<Split>> = BTreeMap::new();
                let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
                for (entry, row) in experiment.entries().iter().zip(&rows) {
                    let cells: Vec<&str> = row.split(',').collect();
                    let group = cells[group.clone()].join(" ");
                    splits.entry(group.clone()).or_default().insert(entry.split);
                    *sizes.entry(group).or_default() += 1;
                }
                assert!(
                    splits.values().all(|splits| splits.len() == 1),
                    "{by} {share}: {splits:?}"
                );
                let found = drawn(&experiment).len() as f64;
                let wanted = share * rows.len() as f64;
                let largest = sizes.values().copied().max().unwrap() as f64;
                assert!(
                    (found - wanted).abs() <= largest,
                    "{by} {share}: {found} of {}",
                    rows.len()
                );
                assert!(found > 0.0 && (found as usize) < rows.len());
            }
        }
    }

    #[test]
    fn no_compound_loses_its_last_group_and_one_with_a_single_group_stays_in_training() {
        // Compound c0 has one well, c1 two, c2 three, and so on; four wells are controls.
        let mut names: Vec<String> = (0..8).flat_map(|c| vec![format!("1,c{c}"); c + 1]).collect();
        names.extend(vec!["0,DMSO".to_owned(); 4]);
        let rows: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(well, name)| format!("{well}.png,train,{name},B,P,W{well}"))
            .collect();
        let lines: Vec<&str> = rows.iter().map(String::as_str).collect();
        let folder = Folder::new(HEADER, &lines);
        for seed in 0..4 {
            let experiment = read(&folder, "WELL", 0.9, seed);
            let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
            for entry in experiment.entries() {
                let compound = &experiment.compounds()[entry.compound as usize];
                *kept.entry(&compound.name).or_default() += usize::from(entry.split == Split::Train);
            }
            // The share asks for more than can be spared: of each compound one well is left.
            assert!(
                kept.len() == 9 && kept.values().all(|&wells| wells == 1),
                "{kept:?}"
            );
            let report = Report::of(&experiment).to_string();
            assert!(
                report.contains("validation drawn by WELL: 31 of 40 groups; 1 compounds have one group only"),
                "{report}"
            );
        }
    }

    #[test]
    fn the_draw_is_that_of_the_hash_and_does_not_depend_on_the_order_of_rows() {
        let (mut rows, folder) = plates();
        let before = drawn(&read(&folder, "WELL", 0.3, 0));
        assert_ne!(before, drawn(&read(&folder, "WELL", 0.3, 1)));
        rows.reverse();
        let lines: Vec<&str> = rows.iter().map(String::as_str).collect();
        assert_eq!(before, drawn(&read(&Folder::new(HEADER, &lines), "WELL", 0.3, 0)));
        // SHA-256 of eight zero bytes and the name, computed by another program.
        assert_eq!(hash("W0", 0), 0x5cb5_2261_1cf8_6d08);
        assert_eq!(hash("P1 W3", 7), 0xd84d_1093_4a3d_c26e);
    }

    #[test]
    fn held_out_compounds_stay_held_out_and_the_share_is_that_of_the_rest() {
        let (_, folder) = plates();
        let mut config = config(&folder, "{PLATE} {WELL}", 0.3, 0);
        config.held_out = vec!["nocodazole".into()];
        let experiment = read_experiment(&config).unwrap();
        for entry in experiment.entries() {
            let name = &experiment.compounds()[entry.compound as usize].name;
            assert_eq!(entry.split == Split::HeldOut, name == "nocodazole");
        }
        // 38 images, of which two wells of one cell are held out; a well holds at most three.
        let found = drawn(&experiment).len() as f64;
        assert!((found - 0.3 * 36.0).abs() <= 3.0, "{found}");
        let report = Report::of(&experiment).to_string();
        assert!(
            report.contains("validation drawn by {PLATE} {WELL}: "),
            "{report}"
        );
        assert!(report.contains(" of 18 groups"), "{report}");
    }

    #[test]
    fn a_rule_that_cannot_divide_is_refused_by_its_key() {
        let (_, folder) = plates();
        let refused = |by: &str, share| {
            read_experiment(&config(&folder, by, share, 0))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused("BATCH", 0.1),
            "data.split.validation.by is \"BATCH\", of which the train split has 1, expected a column that \
            divides the split into two groups or more"
        );
        assert!(refused("SITE", 0.1).contains("no column SITE"));
        // Each of these groups is a compound's only one.
        assert_eq!(
            refused("CPD_NAME", 0.1),
            "data.split.validation.by is \"CPD_NAME\", and each group of the train split is the only one of \
            a compound, expected a column that divides at least one compound into two groups or more"
        );
        assert!(refused("{WELL", 0.1).contains("data.split.validation.by is \"{WELL\""));
        for share in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(
                refused("WELL", share).starts_with("data.split.validation.share is "),
                "{share}"
            );
        }
        folder.edit("P1,W0", "P1,");
        let error = refused("WELL", 0.1);
        assert!(
            error.contains("line 2, column WELL: found \"\", expected the name of a group"),
            "{error}"
        );
        // Drawn cells have a share of validation of their own.
        let mut drawn = crate::fixtures::synthetic(40);
        drawn.split = config(&folder, "WELL", 0.1, 0).split;
        let error = read_experiment(&drawn).unwrap_err().to_string();
        assert!(error.contains("data.source.validation"), "{error}");
    }
}
