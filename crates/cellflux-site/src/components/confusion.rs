//! Modes of action as a classifier sees them: real cells beside generated ones (paper, Table 2a).

use cellflux_bundle::Estimate;
use cellflux_bundle::evaluation::{Confusion, ModesOfAction, Nature};
use cellflux_figures::{percent, row_total};

use super::Components;
use super::glossary::Glossary;
use super::measured::{Line, Measured, cells, drawn, line, share};
use super::measured_table::MeasuredTable;
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::SourceText;
use crate::words::{Words, with_name};

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
        let nature = evaluation.data.nature();
        let words = self.words.beside(nature);
        let otherwise = format!("{}. {}.", words.modes_of_action, words.intervals);
        let glossary = Glossary::new(&mut self.ids, at, &words);
        let mut content = drawn(cellflux_figures::confusion(modes, &words.labels()));
        content.push_str(&table(modes, &glossary, &words));
        content.push_str(&glossary.html(&content));
        Ok(self.measured_figure(
            ("confusion", &content),
            (&wanted, settings),
            &otherwise,
            &[
                ("confusion", words.data, lines(modes, nature)),
                ("accuracies", words.data_of_accuracies, accuracies(modes, nature)),
            ],
        ))
    }
}

/// How many cells a matrix counts.
fn count(confusion: &Confusion) -> String {
    let cells: f64 = confusion.counts.iter().map(|row| row_total(row)).sum();
    cells.to_string()
}

/// What follows from a matrix, by its name in data.
fn figures(confusion: &Confusion) -> [(&'static str, Estimate); 4] {
    [
        ("accuracy", confusion.accuracy),
        ("balanced_accuracy", confusion.balanced_accuracy),
        ("macro_f1", confusion.macro_f1),
        ("weighted_f1", confusion.weighted_f1),
    ]
}

/// What follows from the matrices.
fn table(modes: &ModesOfAction, glossary: &Glossary, words: &Words) -> String {
    let heads = [
        ("accuracy", words.accuracy),
        ("balanced_accuracy", words.balanced_accuracy),
        ("macro_f1", "Macro F1"),
        ("weighted_f1", "Weighted F1"),
    ];
    let heads = heads.map(|(name, label)| glossary.link(name, label));
    let row = |(title, confusion): (&str, &Confusion)| {
        let cells = figures(confusion).map(|(_, figure)| share(Some(figure), words));
        (escape(title), [vec![count(confusion)], cells.to_vec()].concat())
    };
    let majority = with_name(words.majority, &percent(modes.majority));
    MeasuredTable {
        title: words.classifier,
        of: words.set_of_cells,
        heads: [vec![escape(words.count)], heads.to_vec()].concat(),
        rows: [(words.real_treated, &modes.real), (words.made, &modes.generated)]
            .map(row)
            .into(),
        below: format!("<p class=\"note\">{}</p>", escape(&majority)),
    }
    .html(glossary, words)
}

/// The matrices, by what their cells are.
fn matrices(modes: &ModesOfAction, nature: Nature) -> [(&'static str, &Confusion); 2] {
    [(nature.word(), &modes.real), ("generated", &modes.generated)]
}

/// How often the classifier is right, one figure a line: of the data's own cells, which is the ceiling, of
/// generated ones, and of always naming the class that most of the data's cells have, which has no interval.
fn accuracies(modes: &ModesOfAction, nature: Nature) -> Vec<Line> {
    let mut lines = vec![line(["cells", "n", "measure", "value", "low", "high"])];
    for (of, confusion) in matrices(modes, nature) {
        let count = count(confusion);
        for (name, figure) in figures(confusion) {
            let about = line([of, &count, name]).into_iter();
            lines.push(about.chain(cells(Some(figure))).collect());
        }
    }
    lines.push(line([
        nature.word(),
        &count(&modes.real),
        "majority_class_accuracy",
        &modes.majority.to_string(),
        "",
        "",
    ]));
    lines
}

/// Every count, one a line.
fn lines(modes: &ModesOfAction, nature: Nature) -> Vec<Line> {
    let mut lines = vec![line(["cells", "truth", "seen_as", "count"])];
    for (cells, confusion) in matrices(modes, nature) {
        for (row, truth) in confusion.counts.iter().zip(&modes.labels) {
            for (count, seen) in row.iter().zip(&modes.labels) {
                lines.push(line([cells, truth, seen, &count.to_string()]));
            }
        }
    }
    lines
}
