//! Modes of action as a classifier sees them: real cells beside generated ones (paper, Table 2a).

use cellflux_bundle::evaluation::{Confusion, ModesOfAction};
use cellflux_figures::{percent, row_total};

use super::Components;
use super::measured::{Line, Measured, drawn, estimate, line};
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::SourceText;
use crate::words::Words;

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
        let matrices = drawn(cellflux_figures::confusion(modes, &words.labels()));
        Ok(self.measured_figure(
            ("confusion", &(matrices + &table(modes, &words))),
            (&wanted, settings),
            &otherwise,
            ("confusion", &lines(modes)),
        ))
    }
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
        let count: f64 = confusion.counts.iter().map(|row| row_total(row)).sum();
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
