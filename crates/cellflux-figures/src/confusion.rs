//! Modes of action as a classifier sees them: real cells beside generated ones (paper, Table 2a).

use cellflux_bundle::evaluation::{Confusion, ModesOfAction};

use crate::drawing::{Anchor, Drawing};
use crate::text::{class_width, widest};
use crate::{Figure, Labels};

/// The side of a cell, and the smallest, for many classes.
const CELL: f64 = 30.0;
const SMALLEST: f64 = 16.0;
/// The side of a matrix beyond which its cells become smaller.
const SIDE: f64 = 600.0;
/// The side of a cell from which on its number has room.
const NUMBERED: f64 = 26.0;
/// The room of the longest label.
const NAMES: f64 = 180.0;
const GAP: f64 = 36.0;
const TOP: f64 = 28.0;

/// Both matrices with the truth on the left and what cells are seen as below; nothing without a class.
pub fn confusion(modes: &ModesOfAction, labels: &Labels<'_>) -> Option<Figure> {
    let classes = modes.labels.len();
    if classes == 0 {
        return None;
    }
    let cell = (SIDE / classes as f64).clamp(SMALLEST, CELL);
    let side = cell * classes as f64;
    let room = widest(modes.labels.iter().map(String::as_str), "label").min(NAMES);
    let left = room + 12.0;
    let sides = [
        (labels.real_treated, &modes.real),
        (labels.made, &modes.generated),
    ]
    .map(|(title, confusion)| {
        let cells: f64 = confusion.counts.iter().map(|row| total(row)).sum();
        (format!("{title}, n = {cells}"), confusion)
    });
    let headings = sides
        .iter()
        .map(|(heading, _)| class_width(heading, "heading"))
        .fold(0.0, f64::max);
    let step = side.max(headings) + GAP;
    let mut drawing = Drawing::new(
        (left + 2.0 * step - GAP + 4.0).ceil(),
        (TOP + side + room + 16.0).ceil(),
    );
    for (index, label) in modes.labels.iter().enumerate() {
        let y = TOP + cell * (index as f64 + 0.5) + 4.0;
        drawing.label((left - 10.0, y), Anchor::End, label, room);
    }
    for (number, (heading, confusion)) in sides.iter().enumerate() {
        let at = left + step * number as f64;
        drawing.text((at, TOP - 10.0), Anchor::Start, "heading", heading);
        matrix(&mut drawing, confusion, &modes.labels, (at, cell));
        for (seen, label) in modes.labels.iter().enumerate() {
            let x = at + cell * (seen as f64 + 0.5) + 4.0;
            drawing.upright_label((x, TOP + side + 8.0), label, room);
        }
    }
    let figure = Figure::new(labels.modes_of_action, described(modes, labels), drawing);
    Some(figure.without_intervals())
}

/// One matrix: each row's shares as shade and percents.
fn matrix(drawing: &mut Drawing, confusion: &Confusion, labels: &[String], (left, cell): (f64, f64)) {
    for (truth, (row, of)) in confusion.counts.iter().zip(labels).enumerate() {
        let all = total(row);
        for (seen, (&count, seen_as)) in row.iter().zip(labels).enumerate() {
            let share = if all > 0.0 { count as f64 / all } else { 0.0 };
            let (x, y) = (left + cell * seen as f64, TOP + cell * truth as f64);
            let about = format!("{of} → {seen_as}: {count} / {all}");
            drawing.cell((x, y), cell - 1.0, share, &about);
            if count > 0 && cell >= NUMBERED {
                let place = (x + cell / 2.0, y + cell / 2.0 + 4.0);
                drawing.text(place, Anchor::Middle, "share", &format!("{:.0}", 100.0 * share));
            }
        }
    }
}

/// Cells of a row. Counts are bounded, so a float holds the sum exactly.
fn total(row: &[usize]) -> f64 {
    row.iter().map(|&count| count as f64).sum()
}

/// How many of each class are seen as what they are.
fn described(modes: &ModesOfAction, labels: &Labels<'_>) -> String {
    let of = |confusion: &Confusion| {
        let right: Vec<String> = confusion
            .counts
            .iter()
            .zip(&modes.labels)
            .enumerate()
            .map(|(index, (row, label))| format!("{label} {} / {}", row.get(index).unwrap_or(&0), total(row)))
            .collect();
        right.join(", ")
    };
    format!(
        "{}: {}. {}: {}.",
        labels.real_treated,
        of(&modes.real),
        labels.made,
        of(&modes.generated)
    )
}
