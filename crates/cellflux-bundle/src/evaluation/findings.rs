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
                format!("makes {} of the measured change; {cells}{trained}", percent(gap))
            }
            None if self.treated == 0 => "no real cells measured".into(),
            None if self.treated < data.least_cells => {
                format!("not measured: {cells}, at least {} are needed", data.least_cells)
            }
            None => format!("no change to make: {cells}, which do not differ measurably from controls"),
        }
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
        let whole = [self.overall(), self.compound_use.map(use_of_compound)];
        remarks.extend(whole.into_iter().flatten().map(|says| Remark {
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
                says: match condition.warning() {
                    Some(warning) => format!("{warning}; {sentence}"),
                    None => sentence,
                },
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

    /// How much of the change generated cells make over all conditions, beside those of exchanged conditions.
    fn overall(&self) -> Option<String> {
        let closed = |kind| self.rows.iter().find(|row| row.kind == kind)?.gap_closed;
        let generated = closed(RowKind::Generated)?;
        let shuffled = closed(RowKind::Shuffled).map_or_else(String::new, |shuffled| {
            format!("; with conditions exchanged between cells {}", percent(shuffled))
        });
        Some(format!(
            "over all conditions, generated cells make {} of the measured change{shuffled}",
            percent(generated)
        ))
    }
}

impl MeasuredData {
    /// Which cells, what they decided, and what the intervals resample.
    fn sentence(&self) -> String {
        let split = match self.split {
            MeasuredSplit::Validation => {
                "the validation split, which chose the checkpoint or the sampling and was never trained on"
            }
            MeasuredSplit::Test => "the test split, which decided nothing and was never trained on",
            MeasuredSplit::HeldOut => "compounds that training never saw",
        };
        let groups = self.groups;
        let resampled = match self.resampled_by {
            Resampled::Field => format!("{groups} fields of view"),
            Resampled::Well => format!("{groups} wells"),
            Resampled::Plate => format!("{groups} plates"),
            Resampled::Cell => "single cells, which makes them too narrow,".into(),
        };
        format!(
            "{} real treated cells and {} controls of {split}; intervals of 95 % by resampling {resampled} \
             {} times",
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
    format!("{count} real cell{}", if count == 1 { "" } else { "s" })
}

/// What training had of the cells, as the end of a sentence.
fn trained_on(split: MeasuredSplit, seen: bool) -> &'static str {
    match (seen, split) {
        (false, _) => " of a compound that training never saw",
        (true, MeasuredSplit::Validation) => ", never trained on, which chose the checkpoint or the sampling",
        (true, MeasuredSplit::Test | MeasuredSplit::HeldOut) => ", never trained on",
    }
}

/// A share with its interval: `62 % (48 to 71)`.
fn percent(Estimate { value, low, high }: Estimate) -> String {
    // Adding zero makes of -0 a 0.
    let whole = |share: f64| format!("{:.0}", (100.0 * share).round() + 0.0).replace('-', "−");
    format!("{} % ({} to {})", whole(value), whole(low), whole(high))
}
