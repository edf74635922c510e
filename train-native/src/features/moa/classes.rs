//! The classes into which the cells of an experiment are sorted.

use std::collections::BTreeMap;

use cellflux_data::{Entry, Experiment, Split};
use serde::{Deserialize, Serialize};

use crate::features::FeatureError;

/// The class of controls.
pub const UNTREATED: &str = "untreated";

/// What a class is named after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedAfter {
    /// The compound's mode of action.
    ModeOfAction,
    /// The compound: no compound of the data has a mode of action.
    Compound,
}

/// The classes of an experiment's training cells, and the class of every cell.
#[derive(Clone, Debug)]
pub struct Classes {
    names: Vec<String>,
    named_after: NamedAfter,
    /// Of each image; none where its treatment has no known class.
    of_images: Vec<Option<u32>>,
    splits: Vec<Split>,
}

impl Classes {
    /// The classes of `experiment`: the untreated cells, then the modes of action of its training cells in
    /// alphabetical order. Treated cells whose compound has no mode of action, or one that no training cell
    /// shows, have no class. Where no compound has a mode of action, the compounds are the classes.
    ///
    /// # Errors
    /// [`FeatureError::Classes`] for fewer than two classes.
    pub fn of(experiment: &Experiment) -> Result<Self, FeatureError> {
        let compounds = experiment.compounds();
        let any = compounds.iter().any(|compound| compound.mode_of_action.is_some());
        let named_after = if any {
            NamedAfter::ModeOfAction
        } else {
            NamedAfter::Compound
        };
        // `None` is the class of controls; it is the first.
        let key = |entry: &Entry| {
            if !entry.treated {
                return Some(None);
            }
            let compound = compounds.get(entry.compound as usize)?;
            Some(Some(match named_after {
                NamedAfter::ModeOfAction => compound.mode_of_action.as_deref()?,
                NamedAfter::Compound => compound.name.as_str(),
            }))
        };
        let mut numbers: BTreeMap<Option<&str>, u32> = experiment
            .entries()
            .iter()
            .filter(|entry| entry.split == Split::Train)
            .filter_map(key)
            .map(|key| (key, 0))
            .collect();
        for (number, value) in numbers.values_mut().enumerate() {
            *value = number as u32;
        }
        if numbers.len() < 2 {
            return Err(FeatureError::Classes(format!(
                "its training cells show {} kinds of treatment, expected two or more (untreated is one)",
                numbers.len()
            )));
        }
        let of_image = |entry: &Entry| key(entry).and_then(|key| numbers.get(&key).copied());
        Ok(Self {
            names: numbers
                .keys()
                .map(|key| key.unwrap_or(UNTREATED).to_owned())
                .collect(),
            named_after,
            of_images: experiment.entries().iter().map(of_image).collect(),
            splits: experiment.entries().iter().map(|entry| entry.split).collect(),
        })
    }

    /// The classes' names; a class is a position in this list.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What they are named after.
    pub fn named_after(&self) -> NamedAfter {
        self.named_after
    }

    /// The images of a split that have a class, with it, in the table's order.
    pub fn cells(&self, split: Split) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.in_split(split)
            .filter_map(|(image, class)| Some((image, class?)))
    }

    /// Images of a split that have no class.
    pub fn without(&self, split: Split) -> usize {
        self.in_split(split).filter(|(_, class)| class.is_none()).count()
    }

    /// The images of a split by class, `[classes][cells of the class]`.
    pub fn by_class(&self, split: Split) -> Vec<Vec<usize>> {
        let mut cells = vec![Vec::new(); self.names.len()];
        for (image, class) in self.cells(split) {
            if let Some(list) = cells.get_mut(class as usize) {
                list.push(image);
            }
        }
        cells
    }

    fn in_split(&self, split: Split) -> impl Iterator<Item = (usize, Option<u32>)> + '_ {
        self.of_images
            .iter()
            .zip(&self.splits)
            .enumerate()
            .filter(move |(_, (_, own))| **own == split)
            .map(|(image, (class, _))| (image, *class))
    }
}
