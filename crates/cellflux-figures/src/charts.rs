//! Every chart of an evaluation.

use cellflux_bundle::Evaluation;

use crate::{Figure, Labels, batches, confusion, distances, gap_closed, nuclear_area};

/// A chart with its name.
#[derive(Debug)]
pub struct Chart {
    /// A name for a file, without its ending.
    pub name: String,
    /// What it shows.
    pub figure: Figure,
}

/// Every chart that an evaluation has figures for: the gap closed, distances space by space, modes of action,
/// batches, nuclear area.
pub fn charts(evaluation: &Evaluation, labels: &Labels<'_>) -> Vec<Chart> {
    let Evaluation {
        rows,
        conditions,
        spaces,
        modes_of_action,
        batches: plane,
        ..
    } = evaluation;
    let of_spaces = spaces.iter().map(|space| {
        let name = format!("distances-{}", space.name);
        (name, distances(rows, space, labels))
    });
    let modes = modes_of_action.as_ref();
    let plane = plane.as_ref();
    std::iter::once(("gap-closed".to_owned(), gap_closed(conditions, labels)))
        .chain(of_spaces)
        .chain([
            (
                "modes-of-action".to_owned(),
                modes.and_then(|modes| confusion(modes, labels)),
            ),
            (
                "batches".to_owned(),
                plane.and_then(|plane| batches(plane, labels)),
            ),
            ("nuclear-area".to_owned(), nuclear_area(conditions, labels)),
        ])
        .filter_map(|(name, figure)| {
            Some(Chart {
                name,
                figure: figure?,
            })
        })
        .collect()
}
