//! What can be said from an evaluation, in sentences that the page, the site and the command share.

use std::fmt;

use serde::Serialize;

use super::{
    Estimate, Evaluation, MeasuredCondition, MeasuredData, MeasuredSplit, Resampled, RowKind, Verdict,
};
use crate::conditions::Conditions;

/// The warning beside a condition whose generated cells are not shown to be nearer to the real ones than a
/// copy of the control is.
pub const NO_BETTER: &str = "measured: no better than a copy of the control";

/// Below this many real controls in a condition's batches nothing is compared with them.
const LEAST_CONTROLS: usize = 2;

/// Of fewer groups than this an interval is not to be relied on: it takes its spread from the groups that
/// there are (of 5, one that is called 95 % holds about 85 %;
/// `cellflux_measure::sets::groups::FEWEST_FIELDS`).
const FEWEST_FOR_AN_INTERVAL: usize = 5;

/// What is said beside a condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The condition's id.
    pub condition: String,
    /// The dose in micromolar; none where doses are taken together, and for a condition without real cells.
    pub dose_um: Option<f64>,
    /// Whether there are figures.
    pub measured: bool,
    /// A sentence without its subject and full stop: `makes 62 % (48 to 71) of the measured change; …`.
    pub sentence: String,
    /// [`NO_BETTER`], where that is what the figures say.
    pub warning: Option<&'static str>,
}

/// A sentence of a model card. The names are words of the bundle, kept apart so that a page can isolate their
/// direction of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// What it is about: the data or conditions; empty for all of them together.
    pub names: Vec<String>,
    /// What is said of them, without a full stop.
    pub says: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.names.is_empty() {
            return f.write_str(&self.says);
        }
        write!(f, "{}: {}", self.names.join(", "), self.says)
    }
}

impl MeasuredCondition {
    /// What its figures say, or why there are none.
    pub fn sentence(&self, data: &MeasuredData) -> String {
        let cells = cells(self.treated);
        match self.gap_closed {
            Some(gap) => {
                let trained = trained_on(data.split, self.seen);
                let of = self.of_groups(data.resampled_by);
                format!("makes {}; {cells}{of}{trained}", change_made(gap))
            }
            None => self.without_gap(data, &cells),
        }
    }

    /// Why it has no share of a change: too few real cells of some kind, or real cells that do not differ
    /// from controls. The side change is taken of what real cells leave unchanged: where it is known, they
    /// were measured.
    fn without_gap(&self, data: &MeasuredData, cells: &str) -> String {
        let least = data.least_cells;
        if self.treated == 0 {
            return "no real cells measured".into();
        }
        if self.treated < least {
            return format!("not measured: {cells}, at least {least} are needed");
        }
        if let Some(starts) = self.starts.filter(|&starts| starts < least) {
            return format!(
                "not measured: {cells}, but {} to start from; at least {least} are needed",
                counted(starts, "different control")
            );
        }
        if self.groups.is_some_and(|groups| groups < 2) {
            return format!("not measured: {cells} of one {}", data.resampled_by.name());
        }
        if self.controls < LEAST_CONTROLS {
            return format!(
                "not measured: {cells}, but {} in the same batches; at least {LEAST_CONTROLS} are needed",
                counted(self.controls, "real control")
            );
        }
        let [differ, they] = if self.treated == 1 {
            ["does not differ", "it does not differ"]
        } else {
            ["do not differ", "they do not differ"]
        };
        if self.side_change.is_some() {
            return format!("no change to make: {cells}, which {differ} measurably from controls");
        }
        format!(
            "not measured: {cells}; either {they} measurably from controls, or too few cells or groups have \
             what is measured, such as a nucleus"
        )
    }

    /// How many groups its cells are of, and what is said where these are too few for an interval.
    fn of_groups(&self, kind: Resampled) -> String {
        match self.groups {
            Some(groups) if kind != Resampled::Cell => {
                let few = if groups < FEWEST_FOR_AN_INTERVAL {
                    " (too few for an interval to rely on)"
                } else {
                    ""
                };
                format!(" of {}{few}", kind.counted(groups))
            }
            _ => String::new(),
        }
    }

    /// What its figures show against it, or beside it: nuclei of another size than real ones, changes that
    /// real cells do not show.
    fn reservations(&self) -> Vec<String> {
        let mut said = Vec::new();
        if let Some(side) = self.side_change.filter(|side| side.low > 0.0) {
            said.push(format!(
                "what real cells leave unchanged is {} standard deviations of the controls away in generated \
                 cells",
                plain(side)
            ));
        }
        if let Some(nuclei) = &self.nuclei {
            let (made, real) = (nuclei.generated, nuclei.treated);
            if made.low > real.high || made.high < real.low {
                said.push(format!(
                    "the nuclear area of generated cells is {} px, that of real ones {} px",
                    plain(made),
                    plain(real)
                ));
            }
        }
        said
    }

    /// [`NO_BETTER`], where that is what the gap closed says.
    pub fn warning(&self) -> Option<&'static str> {
        matches!(self.verdict(), Verdict::NotShown | Verdict::WorseThanCopy).then_some(NO_BETTER)
    }

    /// Its name, with its dose where the figures are of one.
    pub fn name_and_dose(&self) -> String {
        match self.dose_um {
            Some(dose) => format!("{} at {dose} µM", self.name),
            None => self.name.clone(),
        }
    }
}

impl Evaluation {
    /// What is said beside each condition of a bundle: the measured ones in their order, then those without
    /// real cells. Nothing is said of a control that was not measured: it is what others are compared with.
    pub fn findings(&self, conditions: &Conditions) -> Vec<Finding> {
        let measured = self.conditions.iter().map(|condition| Finding {
            condition: condition.id.clone(),
            dose_um: condition.dose_um,
            measured: condition.verdict() != Verdict::Unmeasured,
            sentence: condition.sentence(&self.data),
            warning: condition.warning(),
        });
        let others = self.unmeasured(conditions).map(|(id, _)| Finding {
            condition: id.to_owned(),
            dose_um: None,
            measured: false,
            sentence: "no real cells measured".into(),
            warning: None,
        });
        measured.chain(others).collect()
    }

    /// What a model card says: which data, the figures over all conditions, those of each condition, and
    /// which conditions have none.
    pub fn remarks(&self, conditions: &Conditions) -> Vec<Remark> {
        let mut remarks = vec![Remark {
            names: vec![self.data.name.clone()],
            says: self.data.sentence(),
        }];
        let whole = self.overall().into_iter().chain(self.over_spaces());
        let whole = whole.chain(self.classified());
        let whole = whole.chain(self.compound_use.map(use_of_compound));
        let whole = whole.chain(self.untreated_walk());
        remarks.extend(whole.map(|says| Remark {
            names: Vec::new(),
            says,
        }));
        let (with, without): (Vec<_>, Vec<_>) = self
            .conditions
            .iter()
            .partition(|condition| condition.gap_closed.is_some());
        remarks.extend(with.into_iter().map(|condition| {
            let sentence = condition.sentence(&self.data);
            Remark {
                names: vec![condition.name_and_dose()],
                says: condition
                    .warning()
                    .map(str::to_owned)
                    .into_iter()
                    .chain([sentence])
                    .chain(condition.reservations())
                    .collect::<Vec<_>>()
                    .join("; "),
            }
        }));
        remarks.extend(without.into_iter().map(|condition| Remark {
            names: vec![condition.name_and_dose()],
            says: condition.sentence(&self.data),
        }));
        let names: Vec<String> = self
            .unmeasured(conditions)
            .map(|(_, name)| name.to_owned())
            .collect();
        if !names.is_empty() {
            let says = "no real cells measured".into();
            remarks.push(Remark { names, says });
        }
        remarks
    }

    /// Ids and names of the conditions that are not listed here, without controls.
    fn unmeasured<'a>(&'a self, conditions: &'a Conditions) -> impl Iterator<Item = (&'a str, &'a str)> {
        let listed: std::collections::HashSet<&str> = self
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

    /// How much of the change generated cells make, as a mean over the conditions that could be measured,
    /// beside those of exchanged conditions.
    fn overall(&self) -> Option<String> {
        let closed = |kind| self.rows.iter().find(|row| row.kind == kind)?.gap_closed;
        let generated = closed(RowKind::Generated)?;
        let measured = self.conditions.iter();
        let measured = measured
            .filter(|condition| condition.gap_closed.is_some())
            .count();
        let shuffled = closed(RowKind::Shuffled).map_or_else(String::new, |shuffled| {
            format!("; under another cell's condition {}", percent(shuffled))
        });
        Some(format!(
            "generated cells make {}, as a mean of {} of the {} with real \
             cells{shuffled}",
            change_made(generated),
            counted(measured, "condition"),
            self.conditions.len()
        ))
    }

    /// For each space, whether generated cells are nearer to the real ones than copies of the controls.
    fn over_spaces(&self) -> impl Iterator<Item = String> {
        let in_space = |kind, space: &str| {
            let row = self.rows.iter().find(|row| row.kind == kind)?;
            let mut distances = row.distances.iter();
            distances.find(|distances| distances.space == space)?.kid
        };
        self.spaces.iter().filter_map(move |space| {
            let generated = in_space(RowKind::Generated, &space.name)?;
            let copied = in_space(RowKind::Copied, &space.name)?;
            let than = if generated.value < copied.value {
                "nearer to"
            } else {
                "farther from"
            };
            let sure = if generated.low > copied.high || generated.high < copied.low {
                ""
            } else {
                "; the intervals overlap"
            };
            Some(format!(
                "in {}, generated cells are {than} real ones than copies of the controls: kernel distance {} \
                 against {}{sure}",
                space.name,
                plain(generated),
                plain(copied)
            ))
        })
    }

    /// Whether walks under the untreated condition leave controls what they are.
    fn untreated_walk(&self) -> Option<String> {
        let mut rows = self.rows.iter();
        let moved = rows.find(|row| row.kind == RowKind::Untreated)?.side_change?;
        let shown = plain(moved);
        Some(if moved.low > 0.0 {
            format!(
                "cells walked under the untreated condition are {shown} standard deviations of the controls \
                 away from real controls; 0 is right"
            )
        } else {
            format!(
                "cells walked under the untreated condition are as real controls, within noise: {shown} \
                 standard deviations of the controls away; 0 is right"
            )
        })
    }

    /// How well a classifier sees the modes of action of generated and of real cells.
    fn classified(&self) -> Option<String> {
        let modes = self.modes_of_action.as_ref()?;
        Some(format!(
            "a classifier of modes of action that was trained on real cells has a balanced accuracy of {} on \
             generated cells and of {} on real ones",
            percent(modes.generated.balanced_accuracy),
            percent(modes.real.balanced_accuracy)
        ))
    }
}

impl MeasuredData {
    /// Which cells, what they decided, and what the intervals resample.
    fn sentence(&self) -> String {
        let split = match self.split {
            MeasuredSplit::Validation => {
                "the validation split, which was not used to train, but to choose the checkpoint or the \
                 sampling"
            }
            MeasuredSplit::Test => "the test split, which decided nothing and was never trained on",
            MeasuredSplit::HeldOut => "compounds that training never saw",
        };
        let groups = self.groups;
        let resampled = match self.resampled_by {
            Resampled::Cell => "single cells, which makes them too narrow,".into(),
            kind => kind.counted(groups),
        };
        let trained = match (self.wells, self.wells_in_training) {
            (Some(wells), Some(trained)) if trained > 0 => {
                format!(
                    "; {trained} of their {} have other cells that were trained on",
                    Resampled::Well.counted(wells)
                )
            }
            _ => String::new(),
        };
        format!(
            "{} real treated cells and {} controls of {split}{trained}; intervals of 95 % by resampling \
             {resampled} {} times",
            self.treated, self.controls, self.replicates
        )
    }
}

fn use_of_compound(share: Estimate) -> String {
    format!(
        "end points of one control under different compounds lie {} as far apart as the real \
         compounds' cells do",
        percent(share)
    )
}

fn cells(count: usize) -> String {
    counted(count, "real cell")
}

/// A number of things: `1 condition`, `2 conditions`.
fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// How much of a change is made. Above the whole, where the interval holds the whole, it is said to be all:
/// the excess is noise.
fn change_made(gap: Estimate) -> String {
    if gap.value > 1.0 && gap.low <= 1.0 {
        return format!("all of the measured change, within noise: {}", percent(gap));
    }
    format!("{} of the measured change", percent(gap))
}

/// A figure with its interval, to three digits.
fn plain(Estimate { value, low, high }: Estimate) -> String {
    let digits = |number: f64| {
        let whole = number.abs().max(1e-9).log10().floor();
        let places = (2.0 - whole).clamp(0.0, 4.0) as usize;
        format!("{:.places$}", number + 0.0).replace('-', "−")
    };
    format!("{} ({} to {})", digits(value), digits(low), digits(high))
}

/// What training had of the cells, as the end of a sentence.
fn trained_on(split: MeasuredSplit, seen: bool) -> &'static str {
    match (seen, split) {
        (false, _) => " of a compound that training never saw",
        (true, MeasuredSplit::Validation) => {
            ", not used to train, but to choose the checkpoint or the sampling"
        }
        (true, MeasuredSplit::Test | MeasuredSplit::HeldOut) => ", never trained on",
    }
}

/// A share with its interval: `62 % (48 to 71)`.
fn percent(Estimate { value, low, high }: Estimate) -> String {
    // Adding zero makes of -0 a 0.
    let whole = |share: f64| format!("{:.0}", (100.0 * share).round() + 0.0).replace('-', "−");
    format!("{} % ({} to {})", whole(value), whole(low), whole(high))
}
