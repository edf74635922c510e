//! Checks whether an evaluation's figures are possible, with errors that name the field.

use std::collections::HashSet;

use super::{
    BatchPlane, Cloud, Estimate, Evaluation, MeasuredCondition, MeasuredData, ModesOfAction, NuclearArea,
    Row, Space, VERSION,
};
use crate::{
    check::{self, ensure, within},
    date::is_date,
    error::BundleError,
    limits,
};

/// What a figure and the ends of its interval may be.
#[derive(Clone, Copy)]
struct Range {
    least: f64,
    most: f64,
    /// The same in words.
    words: &'static str,
}

impl Range {
    /// Any number that a page holds exactly as a whole one.
    const ANY: Self = Self {
        least: -limits::METRIC,
        most: limits::METRIC,
        words: "numbers of at most 2^53 - 1 in size, low not above high",
    };
    /// What is never below zero: an area, an energy, a density.
    const AMOUNT: Self = Self {
        least: 0.0,
        most: limits::METRIC,
        words: "numbers from 0 to 2^53 - 1, low not above high",
    };
    /// A share of cells, with room for rounding.
    const SHARE: Self = Self {
        least: -1e-9,
        most: 1.0 + 1e-9,
        words: "numbers from 0 to 1, low not above high",
    };
    /// A cosine. Moving an interval by its bias leads out of -1..1, and earlier programs did not cut it off
    /// there: a bundle with 1.01 is no forgery. No bias moves it by more than 1.
    const COSINE: Self = Self {
        least: -2.0,
        most: 2.0,
        words: "a cosine from -1 to 1, or up to 2 in size where its interval was moved, low not above high",
    };
}

impl Evaluation {
    /// Checks every figure. `prefix` stands before each field's name in errors: `evaluation.` within a
    /// manifest.
    ///
    /// # Errors
    /// [`BundleError::Field`] naming the first field with an impossible value.
    pub fn validate(&self, prefix: &str) -> Result<(), BundleError> {
        let field = |name: &str| format!("{prefix}{name}");
        ensure(
            self.version == VERSION,
            field("version"),
            self.version,
            VERSION.to_string(),
        )?;
        ensure(
            is_date(&self.date, 3),
            field("date"),
            check::shown(&self.date),
            "YYYY-MM-DD",
        )?;
        check::label(field("program"), &self.program)?;
        for (name, digest) in [("weights", &self.weights), ("vectors", &self.vectors)] {
            let Some(digest) = digest else { continue };
            ensure(
                check::is_digest(digest),
                field(name),
                check::shown(digest),
                "64 lower-case hexadecimal digits",
            )?;
        }
        self.data.validate(&field("data"))?;
        self.sampling.validate(&field("sampling"))?;
        for (name, length) in [
            ("spaces", self.spaces.len()),
            ("rows", self.rows.len()),
            ("conditions", self.conditions.len()),
        ] {
            at_most(field(&format!("length of {name}")), length, limits::CONDITIONS)?;
        }
        let spaces = spaces(&self.spaces, &field("spaces"))?;
        for (index, row) in self.rows.iter().enumerate() {
            row.validate(&format!("{prefix}rows[{index}]"), &spaces)?;
        }
        conditions(&self.conditions, &self.data, &field("conditions"))?;
        if let Some(modes) = &self.modes_of_action {
            modes.validate(&field("modes_of_action"))?;
        }
        if let Some(batches) = &self.batches {
            batches.validate(&field("batches"), &spaces)?;
        }
        if let Some(used) = &self.compound_use {
            estimates([("compound_use", Some(used.estimate()), Range::ANY)], prefix)?;
            for (name, count) in [("controls", used.controls), ("pairs", used.pairs)] {
                let place = field(&format!("compound_use.{name}"));
                at_most(place, count.unwrap_or(0), limits::CELLS)?;
            }
        }
        Ok(())
    }
}

fn at_most(field: impl Into<String>, count: usize, most: usize) -> Result<(), BundleError> {
    ensure(count <= most, field, count, format!("at most {most}"))
}

/// Checks a space that a row or plane refers to.
fn known_space(field: String, name: &str, spaces: &HashSet<&str>) -> Result<(), BundleError> {
    ensure(
        spaces.contains(name),
        field,
        check::shown(name),
        "the name of a space in spaces",
    )
}

/// Checks a count that is a part of another, which is named.
fn at_most_of(field: String, count: usize, (whole, most): (&str, usize)) -> Result<(), BundleError> {
    ensure(count <= most, field, count, format!("at most {whole}, {most}"))
}

/// Checks the estimates that are there: the figure and its interval, each within its range and in order.
fn estimates<const N: usize>(
    list: [(&str, Option<Estimate>, Range); N],
    prefix: &str,
) -> Result<(), BundleError> {
    for (name, estimate, range) in list {
        let Some(Estimate { value, low, high }) = estimate else {
            continue;
        };
        // NaN is in no range.
        let holds = [value, low, high]
            .iter()
            .all(|number| (range.least..=range.most).contains(number))
            && low <= high;
        ensure(
            holds,
            format!("{prefix}{name}"),
            format!("{value} ({low} to {high})"),
            range.words,
        )?;
    }
    Ok(())
}

/// Checks the spaces and gives their names.
fn spaces<'a>(list: &'a [Space], place: &str) -> Result<HashSet<&'a str>, BundleError> {
    let mut names = HashSet::new();
    for (index, space) in list.iter().enumerate() {
        let field = |name: &str| format!("{place}[{index}].{name}");
        check::label(field("name"), &space.name)?;
        at_most(field("width"), space.width, limits::CELLS)?;
        check::text(field("about"), &space.about)?;
        ensure(
            names.insert(space.name.as_str()),
            field("name"),
            check::shown(&space.name),
            "a name of its own",
        )?;
    }
    Ok(names)
}

fn conditions(list: &[MeasuredCondition], data: &MeasuredData, place: &str) -> Result<(), BundleError> {
    let mut measured = HashSet::new();
    for (index, condition) in list.iter().enumerate() {
        let place = format!("{place}[{index}]");
        condition.validate(data, &place)?;
        let once = measured.insert((condition.id.as_str(), condition.dose_um.map(f64::to_bits)));
        ensure(
            once,
            format!("{place}.id"),
            check::shown(&condition.id),
            "each condition and dose once",
        )?;
    }
    Ok(())
}

impl MeasuredData {
    fn validate(&self, place: &str) -> Result<(), BundleError> {
        check::label(format!("{place}.name"), &self.name)?;
        for (name, count) in [
            ("treated", self.treated),
            ("controls", self.controls),
            ("groups", self.groups),
            ("replicates", self.replicates),
            ("least_cells", self.least_cells),
        ] {
            at_most(format!("{place}.{name}"), count, limits::CELLS)?;
        }
        ensure(
            self.replicates >= 1,
            format!("{place}.replicates"),
            self.replicates,
            "at least 1: every interval is made of replicates",
        )?;
        let treated = ("the treated cells", self.treated);
        at_most_of(format!("{place}.groups"), self.groups, treated)?;
        let wells = self.wells.unwrap_or(0);
        at_most(format!("{place}.wells"), wells, limits::CELLS)?;
        at_most(
            format!("{place}.wells_in_training"),
            self.wells_in_training.unwrap_or(0),
            wells,
        )?;
        // A page's numbers hold whole ones up to here.
        ensure(
            self.seed as f64 <= limits::METRIC,
            format!("{place}.seed"),
            self.seed,
            "at most 2^53 - 1",
        )
    }
}

impl Row {
    fn validate(&self, place: &str, spaces: &HashSet<&str>) -> Result<(), BundleError> {
        check::label(format!("{place}.name"), &self.name)?;
        at_most(format!("{place}.cells"), self.cells, limits::CELLS)?;
        at_most(format!("{place}.starts"), self.starts.unwrap_or(0), limits::CELLS)?;
        let list = [
            ("gap_closed", self.gap_closed, Range::ANY),
            ("direction", self.direction, Range::COSINE),
            ("side_change", self.side_change, Range::ANY),
            ("fine_detail", self.fine_detail, Range::AMOUNT),
        ];
        estimates(list, &format!("{place}."))?;
        let mut measured = HashSet::new();
        for (index, distances) in self.distances.iter().enumerate() {
            let place = format!("{place}.distances[{index}].");
            known_space(format!("{place}space"), &distances.space, spaces)?;
            ensure(
                measured.insert(distances.space.as_str()),
                format!("{place}space"),
                check::shown(&distances.space),
                "each space once",
            )?;
            let list = [
                ("frechet", distances.frechet, Range::ANY),
                ("kid", distances.kid, Range::ANY),
                ("kid_by_condition", distances.kid_by_condition, Range::ANY),
                ("precision", distances.precision, Range::SHARE),
                ("recall", distances.recall, Range::SHARE),
                ("density", distances.density, Range::AMOUNT),
                ("coverage", distances.coverage, Range::SHARE),
                ("energy", distances.energy, Range::ANY),
            ];
            estimates(list, &place)?;
        }
        Ok(())
    }
}

impl MeasuredCondition {
    /// Checks its figures, and its counts beside those of all `data`.
    fn validate(&self, data: &MeasuredData, place: &str) -> Result<(), BundleError> {
        check::id(format!("{place}.id"), &self.id)?;
        check::label(format!("{place}.name"), &self.name)?;
        if let Some(dose) = self.dose_um {
            check::dose(format!("{place}.dose_um"), dose)?;
        }
        let (all, controls) = (("data.treated", data.treated), ("data.controls", data.controls));
        at_most_of(format!("{place}.treated"), self.treated, all)?;
        at_most_of(format!("{place}.controls"), self.controls, controls)?;
        let treated = ("its treated cells", self.treated);
        at_most_of(format!("{place}.groups"), self.groups.unwrap_or(0), treated)?;
        at_most_of(format!("{place}.starts"), self.starts.unwrap_or(0), treated)?;
        let area = |which: fn(&NuclearArea) -> Estimate| self.nuclei.as_ref().map(which);
        let list = [
            ("gap_closed", self.gap_closed, Range::ANY),
            ("direction", self.direction, Range::COSINE),
            ("side_change", self.side_change, Range::ANY),
            ("nuclei.control", area(|nuclei| nuclei.control), Range::AMOUNT),
            ("nuclei.treated", area(|nuclei| nuclei.treated), Range::AMOUNT),
            ("nuclei.generated", area(|nuclei| nuclei.generated), Range::AMOUNT),
        ];
        estimates(list, &format!("{place}."))
    }
}

impl ModesOfAction {
    fn validate(&self, place: &str) -> Result<(), BundleError> {
        let width = self.labels.len();
        at_most(
            format!("length of {place}.labels"),
            width,
            limits::MODES_OF_ACTION,
        )?;
        let mut labels = HashSet::new();
        for (index, label) in self.labels.iter().enumerate() {
            let field = format!("{place}.labels[{index}]");
            check::label(field.as_str(), label)?;
            let unique = labels.insert(label.as_str());
            ensure(unique, field, check::shown(label), "each label once")?;
        }
        within(format!("{place}.majority"), self.majority, 0.0, 1.0)?;
        for (name, confusion) in [("real", &self.real), ("generated", &self.generated)] {
            let counts = &confusion.counts;
            let square = counts.len() == width && counts.iter().all(|row| row.len() == width);
            ensure(
                square,
                format!("shape of {place}.{name}.counts"),
                format!("{} rows", counts.len()),
                format!("{width} x {width} as labels"),
            )?;
            for (truth, row) in counts.iter().enumerate() {
                for (seen, &count) in row.iter().enumerate() {
                    let field = format!("{place}.{name}.counts[{truth}][{seen}]");
                    at_most(field, count, limits::CELLS)?;
                }
            }
            let list = [
                ("accuracy", Some(confusion.accuracy), Range::SHARE),
                (
                    "balanced_accuracy",
                    Some(confusion.balanced_accuracy),
                    Range::SHARE,
                ),
                ("macro_f1", Some(confusion.macro_f1), Range::SHARE),
                ("weighted_f1", Some(confusion.weighted_f1), Range::SHARE),
            ];
            estimates(list, &format!("{place}.{name}."))?;
        }
        Ok(())
    }
}

impl BatchPlane {
    fn validate(&self, place: &str, spaces: &HashSet<&str>) -> Result<(), BundleError> {
        known_space(format!("{place}.space"), &self.space, spaces)?;
        for (index, share) in self.explained.iter().enumerate() {
            within(format!("{place}.explained[{index}]"), *share, 0.0, 1.0)?;
        }
        at_most(
            format!("length of {place}.clouds"),
            self.clouds.len(),
            limits::CONDITIONS,
        )?;
        let mut drawn = HashSet::new();
        for (index, cloud) in self.clouds.iter().enumerate() {
            let place = format!("{place}.clouds[{index}]");
            cloud.validate(&place)?;
            ensure(
                drawn.insert((cloud.batch.as_str(), cloud.kind)),
                format!("{place}.batch"),
                check::shown(&cloud.batch),
                "each batch once for each kind",
            )?;
        }
        Ok(())
    }
}

impl Cloud {
    fn validate(&self, place: &str) -> Result<(), BundleError> {
        check::label(format!("{place}.batch"), &self.batch)?;
        at_most(format!("{place}.cells"), self.cells, limits::CELLS)?;
        let cells = ("its cells", self.cells);
        at_most_of(format!("{place}.starts"), self.starts.unwrap_or(0), cells)?;
        for (axis, &mean) in self.mean.iter().enumerate() {
            within(
                format!("{place}.mean[{axis}]"),
                mean,
                -limits::METRIC,
                limits::METRIC,
            )?;
        }
        let [first, both, second] = self.covariance;
        within(format!("{place}.covariance[0]"), first, 0.0, limits::METRIC)?;
        within(format!("{place}.covariance[2]"), second, 0.0, limits::METRIC)?;
        // Equal for cells on a line, where rounding may lie to either side.
        let most = (first * second).sqrt() * (1.0 + 1e-6);
        within(format!("{place}.covariance[1]"), both, -most, most)
    }
}
