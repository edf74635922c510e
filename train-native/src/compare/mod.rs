//! Several evaluations in one table, with differences: what `cellflux-train compare` does.
//!
//! ```text
//! evaluation folders ─ Evaluated::read ─▶ Evaluated ─ compare ─▶ Comparison ─ table ─▶ compare.md, .csv
//! ```
//!
//! Two evaluations of the same real cells can be told apart far better than their intervals say: both are
//! resampled on the same draws of fields, and what the draw does to both cancels (paired bootstrap). So a
//! difference is measured only where the real cells are the same ones, row by row; of others only the figures
//! stand side by side.

mod error;
mod evaluated;
mod paired;
pub mod table;

pub use error::CompareError;
pub use evaluated::Evaluated;

use cellflux_bundle::Estimate;
use cellflux_bundle::evaluation::{Distances, Evaluation, Nature, Row, RowKind};

/// One figure of every evaluation, with differences to the first one's.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What it is of: a set of cells, a condition.
    pub of: String,
    /// What it is.
    pub name: String,
    /// Each evaluation's own.
    pub own: Vec<Option<Estimate>>,
    /// How much larger it is than the first evaluation's, on the same draws; nothing for the first, and where
    /// real cells differ.
    pub differences: Vec<Option<Estimate>>,
}

/// Evaluations beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What the cells are that generated ones were compared with.
    pub nature: Nature,
    /// The evaluations' names, the first one first.
    pub names: Vec<String>,
    /// Their figures.
    pub figures: Vec<Figure>,
    /// Why an evaluation has no differences, by its name.
    pub unpaired: Vec<(String, String)>,
}

/// Compares evaluations with the first of them.
///
/// # Errors
/// [`CompareError`] for fewer than two, for splits or images that differ, and for tensors that do not fit.
pub fn compare(evaluated: &[Evaluated]) -> Result<Comparison, CompareError> {
    let [first, others @ ..] = evaluated else {
        return Err(CompareError::Few);
    };
    if others.is_empty() {
        return Err(CompareError::Few);
    }
    let mut unpaired = Vec::new();
    let mut pairs: Vec<usize> = Vec::new();
    for (number, other) in (1..).zip(others) {
        first.accepts(other)?;
        match first.differs_from(other) {
            Some(reason) => unpaired.push((other.name.clone(), reason)),
            None => pairs.push(number),
        }
    }
    let differences = paired::differences(evaluated, &pairs)?;
    let mut figures = of_rows(evaluated);
    figures.extend(of_conditions(evaluated));
    for figure in &mut figures {
        for found in &differences {
            if (&found.of, &found.name) != (&figure.of, &figure.name) {
                continue;
            }
            if let Some(place) = figure.differences.get_mut(found.evaluation) {
                *place = Some(found.estimate);
            }
        }
    }
    Ok(Comparison {
        nature: nature_of(evaluated),
        names: evaluated.iter().map(|one| one.name.clone()).collect(),
        figures,
        unpaired,
    })
}

/// Names of figures.
pub(crate) const GAP: &str = "gap closed";
pub(crate) const DIRECTION: &str = "direction";
pub(crate) const DETAIL: &str = "fine detail";
pub(crate) const USE: &str = "compound use";

/// What the cells are that generated ones were compared with. Where one evaluation says that they were drawn,
/// the others may be of programs that did not state it.
fn nature_of(evaluated: &[Evaluated]) -> Nature {
    Nature::of(evaluated.iter().any(|one| one.evaluation.data.drawn))
}

/// What is taken from a space's distances.
type OfDistances = fn(&Distances) -> Option<Estimate>;

/// The distances of a space by name.
pub(crate) const DISTANCES: [(&str, OfDistances); 8] = [
    ("KID", |distances| distances.kid),
    ("KID by condition", |distances| distances.kid_by_condition),
    ("energy", |distances| distances.energy),
    ("Frechet", |distances| distances.frechet),
    ("precision", |distances| distances.precision),
    ("recall", |distances| distances.recall),
    ("density", |distances| distances.density),
    ("coverage", |distances| distances.coverage),
];

/// The name of a distance in a space among figures.
pub(crate) fn in_space(name: &str, space: &str) -> String {
    format!("{name}, {space}")
}

/// The generated set, whatever its flow starts from.
pub(crate) fn is_generated(kind: RowKind) -> bool {
    matches!(kind, RowKind::Generated | RowKind::NoiseStart)
}

/// Whether a row is of this kind, where all generated sets are of one.
fn is_of(kind: RowKind, row: &Row) -> bool {
    row.kind == kind || (kind == RowKind::Generated && is_generated(row.kind))
}

/// What a figure takes from an evaluation.
type Taken<'a> = Box<dyn Fn(&Evaluation) -> Option<Estimate> + 'a>;

/// One figure of all evaluations, unless none has it.
fn figure(evaluated: &[Evaluated], of: &str, name: String, take: &Taken<'_>) -> Option<Figure> {
    let own: Vec<Option<Estimate>> = evaluated.iter().map(|one| take(&one.evaluation)).collect();
    own.iter().any(Option::is_some).then(|| Figure {
        of: of.to_owned(),
        name,
        differences: vec![None; own.len()],
        own,
    })
}

/// The sets of cells, in the order of the first evaluation that has each.
fn of_rows(evaluated: &[Evaluated]) -> Vec<Figure> {
    let mut kinds: Vec<RowKind> = Vec::new();
    let mut spaces: Vec<String> = Vec::new();
    for one in evaluated {
        for row in one
            .evaluation
            .rows
            .iter()
            .filter(|row| row.kind != RowKind::External)
        {
            let kind = if is_generated(row.kind) {
                RowKind::Generated
            } else {
                row.kind
            };
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        for space in &one.evaluation.spaces {
            if !spaces.contains(&space.name) {
                spaces.push(space.name.clone());
            }
        }
    }
    let nature = nature_of(evaluated);
    let mut figures = Vec::new();
    for kind in kinds {
        let of = &set_name(kind, nature);
        let row = move |evaluation: &Evaluation| {
            let mut rows = evaluation.rows.iter();
            rows.find(|row| is_of(kind, row)).cloned()
        };
        // Of real cells another row has the gap closed than the distances.
        let gap = move |evaluation: &Evaluation| {
            let mut rows = evaluation.rows.iter().filter(|row| is_of(kind, row));
            rows.find_map(|row| row.gap_closed)
        };
        let of_row: [(&str, Taken<'_>); 3] = [
            (GAP, Box::new(gap)),
            (DIRECTION, Box::new(move |evaluation| row(evaluation)?.direction)),
            (DETAIL, Box::new(move |evaluation| row(evaluation)?.fine_detail)),
        ];
        for (name, take) in of_row {
            figures.extend(figure(evaluated, of, name.to_owned(), &take));
        }
        for space in &spaces {
            let distances = move |evaluation: &Evaluation| {
                let row = row(evaluation)?;
                row.distances.into_iter().find(|found| &found.space == space)
            };
            for (name, take) in DISTANCES {
                let take: Taken<'_> = Box::new(move |evaluation| take(&distances(evaluation)?));
                figures.extend(figure(evaluated, of, in_space(name, space), &take));
            }
        }
    }
    let used: Taken<'_> = Box::new(|evaluation| Some(evaluation.compound_use?.estimate()));
    figures.extend(figure(evaluated, GENERATED, USE.to_owned(), &used));
    figures
}

/// What the generated set is called in tables.
pub(crate) const GENERATED: &str = "generated";

/// What a set is called in tables beside cells of this nature.
fn set_name(kind: RowKind, nature: Nature) -> String {
    let name = match kind {
        RowKind::Real => return format!("{nature} cells"),
        RowKind::Copied => "controls copied",
        RowKind::Generated | RowKind::NoiseStart => GENERATED,
        RowKind::Shuffled => "compounds shuffled",
        RowKind::OtherBatch => "from controls of another batch",
        RowKind::Untreated => "controls under the untreated condition",
        RowKind::External => "from elsewhere",
    };
    name.to_owned()
}

/// The gap closed of each condition that an evaluation has a figure for.
fn of_conditions(evaluated: &[Evaluated]) -> Vec<Figure> {
    let mut ids: Vec<&str> = Vec::new();
    for one in evaluated {
        for condition in &one.evaluation.conditions {
            if condition.gap_closed.is_some() && !ids.contains(&condition.id.as_str()) {
                ids.push(&condition.id);
            }
        }
    }
    let of_condition = |id: &&str| {
        let id = (*id).to_owned();
        let of = id.clone();
        let take = move |evaluation: &Evaluation| {
            let found = evaluation.conditions.iter().find(|condition| condition.id == id);
            found?.gap_closed
        };
        figure(evaluated, &of, GAP.to_owned(), &(Box::new(take) as Taken<'_>))
    };
    ids.iter().filter_map(of_condition).collect()
}
