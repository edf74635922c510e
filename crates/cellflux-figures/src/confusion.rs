//! Modes of action as a classifier sees them: real cells beside generated ones (paper, Table 2a).

use cellflux_bundle::evaluation::{Confusion, ModesOfAction};

use crate::drawing::{Anchor, Drawing};
use crate::figure::WIDTH;
use crate::measures::finite;
use crate::numbers::percent;
use crate::text::{LABEL, class_width, fitted, widest};
use crate::{Figure, Labels};

/// The side of a cell, which has room for its percents with their sign, and the smallest, for many classes.
const CELL: f64 = 36.0;
const SMALLEST: f64 = 16.0;
/// The side of a matrix beyond which its cells become smaller.
const SIDE: f64 = 600.0;
/// The side of a cell from which on its number has room, without a sign.
const NUMBERED: f64 = 26.0;
/// The room of the longest label with its number of cells, and of the longest below a column.
const NAMES: f64 = 210.0;
const NAMES_BELOW: f64 = 180.0;
const GAP: f64 = 30.0;
/// The room of a heading and of the accuracy.
const TOP: f64 = 42.0;

/// Both matrices with the truth and its number of cells on the left and what cells are seen as below: real
/// cells, which are the ceiling, and generated ones, beside each other or, where they are wide or their rows
/// have other numbers of cells, below. A class without cells has no row; what is right is framed. Nothing
/// without cells.
pub fn confusion(modes: &ModesOfAction, labels: &Labels<'_>) -> Option<Figure> {
    let classes = modes.labels.len();
    let sides = [
        (labels.real_treated, &modes.real),
        (labels.made, &modes.generated),
    ];
    let truths: Vec<usize> = (0..classes)
        .filter(|&truth| {
            sides
                .iter()
                .any(|(_, confusion)| cells_of(confusion, truth) > 0.0)
        })
        .collect();
    if truths.is_empty() {
        return None;
    }
    let cell = (SIDE / classes as f64).clamp(SMALLEST, CELL);
    let names = sides.map(|(_, confusion)| -> Vec<Name> {
        let of = |&truth: &usize| Name::of(modes, confusion, truth);
        truths.iter().map(of).collect()
    });
    let room = widest(names.iter().flatten().map(|name| name.shown.as_str()), "label");
    let below = widest(modes.labels.iter().map(String::as_str), "label").min(NAMES_BELOW);
    let left = room + 12.0;
    let headings = sides.map(|(title, confusion)| {
        let cells: f64 = confusion.counts.iter().map(|row| row_total(row)).sum();
        let accuracy = finite(Some(confusion.balanced_accuracy))
            .map(|accuracy| format!("{} {}", labels.balanced_accuracy, labels.share(accuracy)));
        (format!("{title}, n = {cells}"), accuracy.unwrap_or_default())
    });
    let heading = headings
        .iter()
        .map(|(title, accuracy)| class_width(title, "heading").max(class_width(accuracy, "note")))
        .fold(0.0, f64::max);
    let step = (cell * classes as f64).max(heading);
    let [real, generated] = &names;
    let beside = real == generated && left + 2.0 * step + GAP <= WIDTH;
    let rows = truths.len() as f64 * cell;
    let last = rows + below + 16.0;
    // Of matrices below each other only the last has the names of the columns, which both share.
    let (width, height) = if beside {
        (left + 2.0 * step + GAP, TOP + last)
    } else {
        (left + step, 2.0 * TOP + rows + GAP + last)
    };
    let mut drawing = Drawing::new((width + 4.0).ceil(), height.ceil());
    for (number, ((_, confusion), ((title, accuracy), names))) in
        (0_u8..).zip(sides.iter().zip(headings.iter().zip(&names)))
    {
        let moved = f64::from(number);
        let (x, y) = if beside {
            (left + (step + GAP) * moved, 0.0)
        } else {
            (left, (TOP + rows + GAP) * moved)
        };
        drawing.text((x, y + 14.0), Anchor::Start, "heading", title);
        drawing.text((x, y + 32.0), Anchor::Start, "note", accuracy);
        let matrix = Matrix {
            confusion,
            modes,
            truths: &truths,
            names,
            cell,
        };
        matrix.draw(&mut drawing, (x, y + TOP), number == 0 || !beside);
        if number == 1 || beside {
            matrix.names_below(&mut drawing, (x, y + TOP), below);
        }
    }
    Some(Figure::new(
        labels.modes_of_action,
        described(modes, labels),
        drawing,
    ))
}

/// Cells of a class.
fn cells_of(confusion: &Confusion, truth: usize) -> f64 {
    confusion.counts.get(truth).map_or(0.0, |row| row_total(row))
}

/// A row's label: the class and its number of cells.
#[derive(PartialEq)]
struct Name {
    /// As it is drawn, shortened where it is long.
    shown: String,
    whole: String,
}

impl Name {
    fn of(modes: &ModesOfAction, confusion: &Confusion, truth: usize) -> Self {
        let class = modes.labels.get(truth).map_or("", String::as_str);
        let count = format!(", n = {}", cells_of(confusion, truth));
        let room = NAMES - class_width(&count, "label");
        Self {
            shown: fitted(class, LABEL, room) + &count,
            whole: format!("{class}{count}"),
        }
    }
}

/// One matrix.
struct Matrix<'a> {
    confusion: &'a Confusion,
    modes: &'a ModesOfAction,
    /// The classes that have rows.
    truths: &'a [usize],
    /// Their labels.
    names: &'a [Name],
    /// The side of a cell.
    cell: f64,
}

impl Matrix<'_> {
    /// Each row's shares as shade and percents, from the upper left corner on.
    fn draw(&self, drawing: &mut Drawing, (left, top): (f64, f64), named: bool) {
        let cell = self.cell;
        for (place, (&truth, name)) in self.truths.iter().zip(self.names).enumerate() {
            let y = top + cell * place as f64;
            if named {
                drawing.titled((left - 10.0, y + cell / 2.0 + 4.0), &name.shown, &name.whole);
            }
            self.row(drawing, truth, (left, y));
        }
    }

    /// What cells are seen as, below the columns.
    fn names_below(&self, drawing: &mut Drawing, (left, top): (f64, f64), room: f64) {
        let cell = self.cell;
        let bottom = top + cell * self.truths.len() as f64;
        for (seen, label) in self.modes.labels.iter().enumerate() {
            let x = left + cell * (seen as f64 + 0.5) + 4.0;
            drawing.upright_label((x, bottom + 8.0), label, room);
        }
    }

    fn row(&self, drawing: &mut Drawing, truth: usize, (left, y): (f64, f64)) {
        let cell = self.cell;
        let of = self.modes.labels.get(truth).map_or("", String::as_str);
        let row = self.confusion.counts.get(truth).map_or(&[][..], Vec::as_slice);
        let all = row_total(row);
        for (seen, (&count, seen_as)) in row.iter().zip(&self.modes.labels).enumerate() {
            let share = if all > 0.0 { count as f64 / all } else { 0.0 };
            let x = left + cell * seen as f64;
            let about = format!("{of} → {seen_as}: {count} / {all}, {}", percent(share));
            drawing.cell((x, y), cell - 1.0, share, &about);
            if seen == truth {
                drawing.frame((x + 1.0, y + 1.0), (cell - 3.0, cell - 3.0), "right");
            }
            if count > 0 && cell >= NUMBERED {
                let place = (x + cell / 2.0, y + cell / 2.0 + 4.0);
                let signed = percent(share);
                let shown = if cell < CELL {
                    signed.trim_end_matches(" %")
                } else {
                    signed.as_str()
                };
                drawing.text(place, Anchor::Middle, "share", shown);
            }
        }
    }
}

/// Cells of a matrix's row. Counts are bounded, so a float holds the sum exactly.
pub fn row_total(row: &[usize]) -> f64 {
    row.iter().map(|&count| count as f64).sum()
}

/// How many of each class that has cells are seen as what they are.
fn described(modes: &ModesOfAction, labels: &Labels<'_>) -> String {
    let of = |confusion: &Confusion| {
        let right: Vec<String> = confusion
            .counts
            .iter()
            .zip(&modes.labels)
            .enumerate()
            .filter_map(|(index, (row, label))| {
                let (all, right) = (row_total(row), *row.get(index)?);
                let share = percent(right as f64 / all);
                (all > 0.0).then(|| format!("{label} {right} / {all}, {share}"))
            })
            .collect();
        right.join("; ")
    };
    format!(
        "{}: {}. {}: {}.",
        labels.real_treated,
        of(&modes.real),
        labels.made,
        of(&modes.generated)
    )
}
