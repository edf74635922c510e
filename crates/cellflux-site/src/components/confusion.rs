//! Modes of action as a classifier sees them: real cells beside generated ones (paper, Table 2a).

use cellflux_bundle::evaluation::{Confusion, ModesOfAction};

use super::Components;
use super::measured::{Line, Measured, estimate, line, percent};
use crate::drawing::{Anchor, Drawing, shortened};
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::SourceText;
use crate::words::Words;

const CELL: f64 = 30.0;
/// Letters of a label, and the room that they take.
const NAME: usize = 26;
const LABELS: f64 = 180.0;
const GAP: f64 = 36.0;
/// The room of a heading above a matrix of few classes.
const HEADING: f64 = 110.0;
const TOP: f64 = 28.0;

impl Components<'_> {
    pub(super) fn confusion(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let wanted: Measured = settings.toml()?;
        let (evaluation, model) = self.evaluated(&wanted, settings, at)?;
        let Some(modes) = &evaluation.modes_of_action else {
            return Err(at.wrong(format!(
                "the evaluation of bundle {:?} has no modes of action, expected data whose table names them",
                model.name
            )));
        };
        let words = self.words;
        let otherwise = format!("{}. {}.", words.modes_of_action, words.intervals);
        Ok(self.measured_figure(
            ("confusion", &(draw(modes, &words) + &table(modes, &words))),
            (&wanted, settings),
            &otherwise,
            ("confusion", &lines(modes)),
        ))
    }
}

/// Both matrices with the truth on the left and what cells are seen as below.
fn draw(modes: &ModesOfAction, words: &Words) -> String {
    let side = CELL * modes.labels.len() as f64;
    let step = side.max(HEADING) + GAP;
    let mut drawing = Drawing::new(LABELS + 2.0 * step, TOP + side + LABELS);
    for (index, label) in modes.labels.iter().enumerate() {
        let y = TOP + CELL * (index as f64 + 0.5) + 4.0;
        drawing.text((LABELS - 10.0, y), Anchor::End, "label", &shortened(label, NAME));
    }
    let sides = [
        (words.real_treated, &modes.real, LABELS),
        (words.made, &modes.generated, LABELS + step),
    ];
    for (title, confusion, left) in sides {
        drawing.text((left, TOP - 10.0), Anchor::Start, "heading", title);
        matrix(&mut drawing, confusion, &modes.labels, left);
    }
    drawing.finish(words.modes_of_action, &described(modes, words))
}

/// What follows from the matrices.
fn table(modes: &ModesOfAction, words: &Words) -> String {
    let head: String = [
        words.count,
        words.accuracy,
        words.balanced_accuracy,
        "macro F1",
        "weighted F1",
    ]
    .iter()
    .map(|title| format!("<th scope=\"col\" class=\"right\">{}</th>", escape(title)))
    .collect();
    let row = |(title, confusion): (&str, &Confusion)| {
        let cells: String = [
            confusion.accuracy,
            confusion.balanced_accuracy,
            confusion.macro_f1,
            confusion.weighted_f1,
        ]
        .into_iter()
        .map(|figure| {
            format!(
                "<td class=\"right\">{}</td>",
                estimate(Some(figure), words, percent)
            )
        })
        .collect();
        let count: f64 = confusion.counts.iter().map(|row| total(row)).sum();
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"right\">{count}</td>{cells}</tr>",
            escape(title)
        )
    };
    let body: String = [(words.real_treated, &modes.real), (words.made, &modes.generated)]
        .map(row)
        .concat();
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">{}</th>{head}</tr></thead>\
         <tbody>{body}</tbody></table></div><p class=\"note\">{}: {}</p>",
        escape(words.set_of_cells),
        escape(words.majority),
        percent(modes.majority)
    )
}

/// One matrix: each row's shares as shade and percents.
fn matrix(drawing: &mut Drawing, confusion: &Confusion, labels: &[String], left: f64) {
    for (truth, (row, of)) in confusion.counts.iter().zip(labels).enumerate() {
        let all = total(row);
        for (seen, (&count, seen_as)) in row.iter().zip(labels).enumerate() {
            let share = if all > 0.0 { count as f64 / all } else { 0.0 };
            let (x, y) = (left + CELL * seen as f64, TOP + CELL * truth as f64);
            let about = format!("{of} → {seen_as}: {count} / {all}");
            drawing.cell((x, y), CELL - 1.0, share, &about);
            if count > 0 {
                let place = (x + CELL / 2.0, y + CELL / 2.0 + 4.0);
                drawing.text(place, Anchor::Middle, "share", &format!("{:.0}", 100.0 * share));
            }
        }
    }
    let bottom = TOP + CELL * labels.len() as f64;
    for (seen, label) in labels.iter().enumerate() {
        let x = left + CELL * (seen as f64 + 0.5) + 4.0;
        drawing.upright_text((x, bottom + 8.0), Anchor::End, "label", &shortened(label, NAME));
    }
}

/// Cells of a row. Counts are bounded, so a float holds the sum exactly.
fn total(row: &[usize]) -> f64 {
    row.iter().map(|&count| count as f64).sum()
}

/// How many of each class are seen as what they are.
fn described(modes: &ModesOfAction, words: &Words) -> String {
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
        words.real_treated,
        of(&modes.real),
        words.made,
        of(&modes.generated)
    )
}

/// Every count, one a line.
fn lines(modes: &ModesOfAction) -> Vec<Line> {
    let mut lines = vec![line(["cells", "truth", "seen_as", "count"])];
    for (cells, confusion) in [("real", &modes.real), ("generated", &modes.generated)] {
        for (row, truth) in confusion.counts.iter().zip(&modes.labels) {
            for (count, seen) in row.iter().zip(&modes.labels) {
                lines.push(line([cells, truth, seen, &count.to_string()]));
            }
        }
    }
    lines
}
