//! Sets of cells against the real treated ones in one space: a panel for each measure, the distance of real
//! cells to real cells as a band across it.

use cellflux_bundle::evaluation::{Distances, Row, RowKind, Space};

use crate::drawing::{Anchor, Drawing};
use crate::figure::WIDTH;
use crate::labels::filled;
use crate::measures::finite;
use crate::numbers::{digits, tick};
use crate::scale::{Scale, padded, range};
use crate::text::{BOLD, LABEL, NOTE, class_width, fitted, widest, wrapped};
use crate::{Estimate, Figure, Labels, MEASURES, Measure};

/// The room of a set's name with its number of cells.
const NAMES: f64 = 250.0;
/// The least width of a panel.
const PANEL: f64 = 190.0;
const GAP: f64 = 16.0;
const ROW: f64 = 22.0;
/// The room of a panel's heading, and of its ticks.
const HEADING: f64 = 26.0;
const TICKS: f64 = 34.0;

/// A measure with the figures of the rows that have one.
struct Panel {
    measure: &'static Measure,
    /// By row.
    figures: Vec<Option<Estimate>>,
}

/// The distances of every set in a space; nothing where none was measured.
pub fn distances(rows: &[Row], space: &Space, labels: &Labels<'_>) -> Option<Figure> {
    let of = |row: &Row| -> Option<Distances> {
        row.distances
            .iter()
            .find(|distances| distances.space == space.name)
            .cloned()
    };
    let rows: Vec<(&Row, Distances)> = rows.iter().filter_map(|row| Some((row, of(row)?))).collect();
    let panels: Vec<Panel> = MEASURES
        .iter()
        .map(|measure| Panel {
            measure,
            figures: rows
                .iter()
                .map(|(_, distances)| finite((measure.figure)(distances)))
                .collect(),
        })
        .filter(|panel| panel.figures.iter().any(Option::is_some))
        .collect();
    if panels.is_empty() {
        return None;
    }
    let names: Vec<String> = rows
        .iter()
        .map(|(row, _)| {
            let count = format!(", n = {}", row.cells);
            let room = NAMES - class_width(&count, "label");
            fitted(&row.name, LABEL, room) + &count
        })
        .collect();
    let left = widest(names.iter().map(String::as_str), "label") + 16.0;
    let wide = (WIDTH - left - GAP).max(PANEL);
    let height = ROW * rows.len() as f64;
    let block = HEADING + height + TICKS;
    let lines = panels.len();
    let width = left + wide + GAP;
    let floor = rows.iter().position(|(row, _)| row.kind == RowKind::Real);
    let notes: Vec<String> = floor
        .and_then(|at| rows.get(at))
        .map(|(row, _)| wrapped(&filled(labels.floor, &[&row.name]), NOTE, width))
        .unwrap_or_default();
    let mut drawing = Drawing::new(
        width.ceil(),
        block * lines as f64 + 4.0 + 16.0 * notes.len() as f64,
    );
    for (number, panel) in panels.iter().enumerate() {
        let top = block * number as f64 + HEADING;
        for (index, (name, (row, _))) in names.iter().zip(&rows).enumerate() {
            // Only the sets of this measure have a row in words.
            if panel.figures.get(index).is_none_or(Option::is_none) {
                continue;
            }
            let y = top + ROW * (index as f64 + 0.5) + 4.0;
            if *name == format!("{}, n = {}", row.name, row.cells) {
                drawing.text((left - 14.0, y), Anchor::End, "label", name);
            } else {
                drawing.titled((left - 14.0, y), name, &row.name);
            }
        }
        one(
            &mut drawing,
            panel,
            (left, top, wide, height),
            &rows,
            floor,
            labels,
        );
    }
    for (number, note) in notes.iter().enumerate() {
        let y = block * lines as f64 + 10.0 + 16.0 * number as f64;
        drawing.text((0.0, y), Anchor::Start, "note", note);
    }
    let title = filled(labels.distances, &[&space.name]);
    Some(Figure::new(title, described(&panels, &rows, labels), drawing))
}

/// One measure: heading, band, ticks, a dot with its interval for each row that has one.
fn one(
    drawing: &mut Drawing,
    panel: &Panel,
    (left, top, wide, height): (f64, f64, f64, f64),
    rows: &[(&Row, Distances)],
    floor: Option<usize>,
    labels: &Labels<'_>,
) {
    let ends = panel
        .figures
        .iter()
        .flatten()
        .flat_map(|figure| [figure.value, figure.low, figure.high]);
    let Some((low, high)) = range(ends).map(padded) else {
        return;
    };
    let scale = Scale {
        low,
        high,
        from: left,
        to: left + wide,
    };
    let heading = fitted((panel.measure.label)(labels), LABEL, (wide + GAP) / BOLD);
    drawing.text((left, top - 10.0), Anchor::Start, "heading", &heading);
    drawing.frame((left, top), (wide, height), "frame");
    let step = scale.step(5.0);
    for value in scale.multiples(step) {
        let x = scale.at(value);
        drawing.line(
            (x, top),
            (x, top + height),
            if value == 0.0 { "axis" } else { "grid" },
        );
        drawing.text(
            (x, top + height + 15.0),
            Anchor::Middle,
            "tick",
            &tick(value, step),
        );
    }
    if let Some(floor) = floor.and_then(|at| panel.figures.get(at).copied().flatten()) {
        let (from, to) = (scale.at(floor.low), scale.at(floor.high));
        drawing.frame((from, top), (to - from, height), "band");
        let x = scale.at(floor.value);
        drawing.line((x, top), (x, top + height), "floor");
    }
    for (index, (figure, (row, _))) in panel.figures.iter().zip(rows).enumerate() {
        let Some(figure) = figure else {
            continue;
        };
        let y = top + ROW * (index as f64 + 0.5);
        let (class, shape) = class_of(row.kind);
        let ends = (scale.at(figure.low), scale.at(figure.high));
        drawing.interval_across(y, ends, (false, false), &format!("interval {class}"));
        let about = format!("{}: {}", row.name, labels.estimate(*figure, digits));
        drawing.marker((scale.at(figure.value), y), shape, class, &about);
    }
}

/// Real cells, cells of the model as it is meant, and everything else.
pub(crate) fn class_of(kind: RowKind) -> (&'static str, usize) {
    match kind {
        RowKind::Real => ("treated", 1),
        RowKind::Generated => ("generated", 2),
        RowKind::Copied
        | RowKind::Shuffled
        | RowKind::OtherBatch
        | RowKind::Untreated
        | RowKind::NoiseStart
        | RowKind::External => ("other", 0),
    }
}

/// Every figure, measure by measure.
fn described(panels: &[Panel], rows: &[(&Row, Distances)], labels: &Labels<'_>) -> String {
    let measure = |panel: &Panel| {
        let figures: Vec<String> = panel
            .figures
            .iter()
            .zip(rows)
            .filter_map(|(figure, (row, _))| {
                Some(format!("{} {}", row.name, labels.estimate((*figure)?, digits)))
            })
            .collect();
        format!("{}: {}", (panel.measure.label)(labels), figures.join(", "))
    };
    panels.iter().map(measure).collect::<Vec<_>>().join(". ")
}
