//! What can be said from an evaluation, in sentences that the page, the site and the command share.

use std::fmt;

use serde::Serialize;

use super::{
    CompoundUse, Confusion, Estimate, Evaluation, LEAST_CONTROLS, MeasuredCondition, MeasuredData,
    MeasuredSplit, Nature, Reason, Resampled, Row, RowKind, Verdict,
};
use crate::conditions::Conditions;

/// The warning beside a condition whose generated cells are not shown to be nearer to the real ones than a
/// copy of the control is.
pub const NO_BETTER: &str = "measured: no better than a copy of the control";

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

/// A sentence of a model card, without a full stop: its clauses, joined by semicolons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// At least one.
    pub clauses: Vec<Clause>,
}

/// A part of a sentence. The names are words of the bundle, kept apart so that a page can isolate their
/// direction of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// What it is about: the data or conditions; empty for all of them together.
    pub names: Vec<String>,
    /// What is said of them.
    pub says: String,
}

impl Remark {
    /// One clause.
    fn of(names: Vec<String>, says: String) -> Self {
        Self {
            clauses: vec![Clause { names, says }],
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Clause { names, says }) in self.clauses.iter().enumerate() {
            if number > 0 {
                f.write_str("; ")?;
            }
            if !names.is_empty() {
                write!(f, "{}: ", names.join(", "))?;
            }
            f.write_str(says)?;
        }
        Ok(())
    }
}

impl MeasuredCondition {
    /// What its figures say, or why there are none.
    pub fn sentence(&self, data: &MeasuredData) -> String {
        let cells = data.counted(self.treated, "cell");
        match self.gap_closed {
            Some(gap) => {
                let trained = trained_on(data.split, self.seen);
                let of = self.of_groups(data.resampled_by);
                format!("makes {}; {cells}{of}{trained}", change_made(gap))
            }
            None => self.without_gap(data, &cells),
        }
    }

    /// Why it has no share of a change, in words.
    fn without_gap(&self, data: &MeasuredData, cells: &str) -> String {
        let least = data.least_cells;
        let group = data.resampled_by;
        match self.reason(data) {
            None | Some(Reason::NoCells) => data.nothing_measured(),
            Some(Reason::FewCells) => format!("not measured: {cells}, at least {least} are needed"),
            Some(Reason::FewStarts) => format!(
                "not measured: {cells}, but the generated cells start from only {}; at least {least} are \
                 needed",
                counted(self.starts.unwrap_or(0), "different control")
            ),
            Some(Reason::OneGroup) => format!(
                "not measured: {cells} of only one {}; at least 2 {} are needed",
                group.name(),
                group.names()
            ),
            Some(Reason::FewControls) => format!(
                "not measured: {cells}, but {} in the same batches; at least {LEAST_CONTROLS} are needed",
                data.counted(self.controls, "control")
            ),
            Some(Reason::NoChange) => {
                let differ = if self.treated == 1 { "does" } else { "do" };
                format!("no change to make: {cells} {differ} not differ measurably from controls")
            }
            Some(Reason::Unclear) => format!(
                "not measured: {cells}; either there is no measurable difference from controls, or too few \
                 cells or {} have what is measured, such as a nucleus",
                group.names()
            ),
        }
    }

    /// How many groups its cells are of, and what is said where these are too few for an interval.
    fn of_groups(&self, kind: Resampled) -> String {
        match self.groups {
            Some(groups) if kind != Resampled::Cell => {
                let few = if groups < FEWEST_FOR_AN_INTERVAL {
                    " (too few for a reliable interval)"
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
    fn reservations(&self, nature: Nature) -> Vec<String> {
        let mut said = Vec::new();
        if let Some(side) = self.side_change.filter(|side| side.low > 0.0) {
            said.push(format!(
                "generated cells also change what the compound leaves unchanged in {nature} cells: by {} \
                 standard deviations of the controls, where 0 is right",
                plain(side)
            ));
        }
        if let Some(nuclei) = &self.nuclei {
            let (made, real) = (nuclei.generated, nuclei.treated);
            if made.low > real.high || made.high < real.low {
                said.push(format!(
                    "generated nuclei have a mean area of {} px, {nature} ones of {} px",
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
        let others = self.unlisted(conditions).map(|(id, _)| Finding {
            condition: id.to_owned(),
            dose_um: None,
            measured: false,
            sentence: self.data.nothing_measured(),
            warning: None,
        });
        measured.chain(others).collect()
    }

    /// What a model card says: which data, the figures over all conditions, those of each condition, and
    /// which conditions have none.
    pub fn remarks(&self, conditions: &Conditions) -> Vec<Remark> {
        let mut remarks = self.remarks_of_figures();
        remarks.extend(self.remark_without_figures(conditions));
        remarks
    }

    /// What a model card says of what was measured.
    pub fn remarks_of_figures(&self) -> Vec<Remark> {
        let mut remarks = vec![Remark::of(vec![self.data.name.clone()], self.data.sentence())];
        let whole = self.overall().into_iter().chain(self.over_spaces());
        let whole = whole.chain(self.classified());
        let whole = whole.chain(
            self.compound_use
                .map(|used| use_of_compound(used, self.data.nature())),
        );
        let whole = whole.chain(self.untreated_walk());
        remarks.extend(whole.map(|says| Remark::of(Vec::new(), says)));
        let measured = self.conditions.iter();
        let measured = measured.filter(|condition| condition.gap_closed.is_some());
        remarks.extend(measured.map(|condition| {
            let says: Vec<String> = condition
                .warning()
                .map(str::to_owned)
                .into_iter()
                .chain([condition.sentence(&self.data)])
                .chain(condition.reservations(self.data.nature()))
                .collect();
            Remark::of(vec![condition.name_and_dose()], says.join("; "))
        }));
        remarks
    }

    /// One sentence of all conditions without figures and why; none where every condition has figures.
    pub fn remark_without_figures(&self, conditions: &Conditions) -> Option<Remark> {
        let clauses: Vec<Clause> = self
            .without_figures(conditions)
            .into_iter()
            .map(|group| Clause {
                says: self.data.why(group.reason),
                names: group.names,
            })
            .collect();
        (!clauses.is_empty()).then_some(Remark { clauses })
    }

    /// The first row of a kind.
    fn row(&self, kind: RowKind) -> Option<&Row> {
        self.rows.iter().find(|row| row.kind == kind)
    }

    /// How much of the change generated cells make, as a mean over the conditions that could be measured,
    /// beside those of exchanged conditions.
    fn overall(&self) -> Option<String> {
        let generated = self.row(RowKind::Generated)?.gap_closed?;
        let measured = self.conditions.iter();
        let measured: Vec<usize> = measured
            .filter(|condition| condition.gap_closed.is_some())
            .map(|condition| condition.treated)
            .collect();
        let real = self.conditions.iter().filter(|condition| condition.treated > 0);
        let shuffled = self.row(RowKind::Shuffled).and_then(|row| row.gap_closed);
        let shuffled = shuffled.map_or_else(String::new, |shuffled| {
            format!(
                "; with the compounds exchanged between cells they make {}",
                percent(shuffled)
            )
        });
        let nature = self.data.nature();
        Some(format!(
            "generated cells make {}, as a mean over {} of {} with {nature} cells (n = {}){shuffled}",
            change_made(generated),
            measured.len(),
            counted(real.count(), "condition"),
            measured.iter().sum::<usize>()
        ))
    }

    /// For each space, whether generated cells are nearer to the real ones than copies of the controls.
    fn over_spaces(&self) -> impl Iterator<Item = String> {
        let nature = self.data.nature();
        let in_space = move |kind, space: &str| {
            let row = self.row(kind)?;
            let mut distances = row.distances.iter();
            let kid = distances.find(|distances| distances.space == space)?.kid?;
            Some((kid, row.cells))
        };
        self.spaces.iter().filter_map(move |space| {
            let (generated, made) = in_space(RowKind::Generated, &space.name)?;
            let (copied, copies) = in_space(RowKind::Copied, &space.name)?;
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
                "in the feature space {}, generated cells are {than} {nature} treated cells than copies of \
                 the controls are: kernel distance {} for generated cells (n = {made}), {} for copies (n = \
                 {copies}){sure}",
                space.name,
                plain(generated),
                plain(copied)
            ))
        })
    }

    /// Whether walks under the untreated condition leave controls what they are.
    fn untreated_walk(&self) -> Option<String> {
        let moved = self.row(RowKind::Untreated)?.side_change?;
        let (shown, nature) = (plain(moved), self.data.nature());
        Some(if moved.low > 0.0 {
            format!(
                "cells walked under the untreated condition are {shown} standard deviations of the controls \
                 away from {nature} controls; 0 is right"
            )
        } else {
            format!(
                "cells walked under the untreated condition are as {nature} controls, within noise: {shown} \
                 standard deviations of the controls away; 0 is right"
            )
        })
    }

    /// How well a classifier sees the modes of action of generated and of real cells.
    fn classified(&self) -> Option<String> {
        let modes = self.modes_of_action.as_ref()?;
        let cells = |confusion: &Confusion| confusion.counts.iter().flatten().sum::<usize>();
        let nature = self.data.nature();
        Some(format!(
            "a classifier that was trained on {nature} cells names the mode of action with a balanced \
             accuracy of {} for generated cells (n = {}) and of {} for {nature} ones (n = {})",
            percent(modes.generated.balanced_accuracy),
            cells(&modes.generated),
            percent(modes.real.balanced_accuracy),
            cells(&modes.real)
        ))
    }
}

impl MeasuredData {
    /// Which cells, what they decided, and what the intervals resample.
    fn sentence(&self) -> String {
        let Self {
            treated, controls, ..
        } = self;
        let nature = self.nature();
        let cells = match self.split {
            MeasuredSplit::Validation => format!(
                "{treated} {nature} treated cells and {controls} controls of the validation split, on which \
                 nothing was trained, but the checkpoint or the sampling was chosen"
            ),
            MeasuredSplit::Test => format!(
                "{treated} {nature} treated cells and {controls} controls of the test split, on which \
                 nothing was trained or chosen"
            ),
            MeasuredSplit::HeldOut => format!(
                "{treated} {nature} cells treated with compounds that training never saw, and {controls} \
                 controls"
            ),
        };
        let trained = match (self.wells, self.wells_in_training) {
            (Some(wells), Some(trained)) if trained > 0 => {
                format!(
                    "; {trained} of their {} also hold cells that the network was trained on",
                    Resampled::Well.counted(wells)
                )
            }
            _ => String::new(),
        };
        let resampled = match self.resampled_by {
            Resampled::Cell => "single cells, which makes them too narrow".into(),
            kind => kind.counted(self.groups),
        };
        format!(
            "{cells}{trained}; intervals of 95 %, from {} resamplings of {resampled}",
            self.replicates
        )
    }

    /// A number of its cells of one kind: `1 real control`, `2 real controls`.
    fn counted(&self, count: usize, thing: &str) -> String {
        counted(count, &format!("{} {thing}", self.nature()))
    }

    /// What is said of a condition that it has no cells of.
    fn nothing_measured(&self) -> String {
        format!("no {} cells measured", self.nature())
    }

    /// Why conditions have no figures, behind their names.
    fn why(&self, reason: Reason) -> String {
        let (least, nature) = (self.least_cells, self.nature());
        match reason {
            Reason::NoChange => "no change to make, no measurable difference from controls".into(),
            Reason::FewCells => format!("not measured, fewer than {least} {nature} cells"),
            Reason::FewStarts => {
                format!("not measured, generated cells start from fewer than {least} different controls")
            }
            Reason::OneGroup => {
                format!(
                    "not measured, all {nature} cells are of one {}",
                    self.resampled_by.name()
                )
            }
            Reason::FewControls => {
                format!("not measured, fewer than {LEAST_CONTROLS} {nature} controls in the same batches")
            }
            Reason::Unclear => format!(
                "not measured, either no measurable difference from controls, or too few cells or {} with \
                 what is measured, such as a nucleus",
                self.resampled_by.names()
            ),
            Reason::NoCells => format!("not measured, no {nature} cells"),
        }
    }
}

fn use_of_compound(used: CompoundUse, nature: Nature) -> String {
    let count = match (used.controls, used.pairs) {
        (Some(controls), Some(pairs)) => format!(
            " (n = {}, {} of compounds)",
            counted(controls, "control"),
            counted(pairs, "pair")
        ),
        _ => String::new(),
    };
    format!(
        "walks from one control under different compounds end {} as far apart as {nature} cells of these \
         compounds are{count}",
        percent(used.estimate())
    )
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
