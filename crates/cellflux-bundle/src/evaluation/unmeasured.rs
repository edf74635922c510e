//! Which conditions have no share of a change, and why.

use std::collections::{BTreeMap, HashSet};

use super::{Evaluation, MeasuredCondition, MeasuredData};
use crate::conditions::Conditions;

/// Below this many real controls in a condition's batches nothing is compared with them.
pub const LEAST_CONTROLS: usize = 2;

/// Why a condition has no share of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The real cells were measured, and do not differ from controls.
    NoChange,
    /// Fewer real cells than [`MeasuredData::least_cells`].
    FewCells,
    /// Generated cells start from fewer different controls than [`MeasuredData::least_cells`].
    FewStarts,
    /// All real cells are of one of the groups that intervals resample.
    OneGroup,
    /// Fewer real controls in the same batches than [`LEAST_CONTROLS`].
    FewControls,
    /// The real cells do not differ from controls, or too few have what is measured, such as a nucleus: the
    /// figures do not tell which.
    Unclear,
    /// No real cells.
    NoCells,
}

/// Conditions without a share of a change, for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmeasured {
    /// Why.
    pub reason: Reason,
    /// Each condition's name and dose, and its number of real cells where it has some:
    /// `taxol at 3 µM (n = 18)`.
    pub names: Vec<String>,
}

impl MeasuredCondition {
    /// Why it has no share of a change; none where it has one. The side change is taken of what real cells
    /// leave unchanged: where it is known, they were measured.
    pub fn reason(&self, data: &MeasuredData) -> Option<Reason> {
        let least = data.least_cells;
        Some(match self {
            Self {
                gap_closed: Some(_), ..
            } => return None,
            Self { treated: 0, .. } => Reason::NoCells,
            _ if self.treated < least => Reason::FewCells,
            _ if self.starts.is_some_and(|starts| starts < least) => Reason::FewStarts,
            _ if self.groups.is_some_and(|groups| groups < 2) => Reason::OneGroup,
            _ if self.controls < LEAST_CONTROLS => Reason::FewControls,
            _ if self.side_change.is_some() => Reason::NoChange,
            _ => Reason::Unclear,
        })
    }
}

impl Evaluation {
    /// The conditions of a bundle that have no share of a change, by reason, without controls that are not
    /// listed here: they are what others are compared with.
    pub fn without_figures(&self, conditions: &Conditions) -> Vec<Unmeasured> {
        let mut by_reason: BTreeMap<Reason, Vec<String>> = BTreeMap::new();
        for condition in &self.conditions {
            let Some(reason) = condition.reason(&self.data) else {
                continue;
            };
            let name = condition.name_and_dose();
            by_reason
                .entry(reason)
                .or_default()
                .push(match condition.treated {
                    0 => name,
                    cells => format!("{name} (n = {cells})"),
                });
        }
        let absent: Vec<String> = self
            .unlisted(conditions)
            .map(|(_, name)| name.to_owned())
            .collect();
        if !absent.is_empty() {
            by_reason.entry(Reason::NoCells).or_default().extend(absent);
        }
        by_reason
            .into_iter()
            .map(|(reason, names)| Unmeasured { reason, names })
            .collect()
    }

    /// Ids and names of the conditions that are not listed here, without controls.
    pub(super) fn unlisted<'a>(
        &'a self,
        conditions: &'a Conditions,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let listed: HashSet<&str> = self
            .conditions
            .iter()
            .map(|condition| condition.id.as_str())
            .collect();
        conditions
            .list
            .iter()
            .filter(move |condition| !condition.control && !listed.contains(condition.id.as_str()))
            .map(|condition| (condition.id.as_str(), condition.name.as_str()))
    }
}
