//! An evaluation: sets of cells against the real treated ones, and what share of its change each compound's
//! cells make.

use cellflux_bundle::evaluation::{Clause, CompoundUse, LEAST_CONTROLS, Reason, Row, Space};
use cellflux_bundle::{Estimate, Evaluation};
use cellflux_figures::{MEASURES, Measure, gap_closed};

use super::Components;
use super::glossary::Glossary;
use super::measured::{Line, Measured, NOTHING, cells, drawn, estimate, line, share};
use super::measured_table::MeasuredTable;
use crate::error::SiteError;
use crate::html::escape;
use crate::model::Model;
use crate::place::Place;
use crate::source::SourceText;
use crate::words::{Words, with_name};

impl Components<'_> {
    pub(super) fn evaluation(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let wanted: Measured = settings.toml()?;
        let (evaluation, model) = self.evaluated(&wanted, settings, at)?;
        let words = self.words.beside(evaluation.data.nature());
        let glossary = Glossary::new(&mut self.ids, at, &words);
        let rows = &evaluation.rows;
        let mut content = drawn(gap_closed(&evaluation.conditions, rows, &words.labels()));
        content.push_str(&without_figures(evaluation, model, &words));
        content.push_str(&whole(rows, &glossary, &words));
        for space in &evaluation.spaces {
            content.push_str(&in_space(rows, space, &glossary, &words));
        }
        content.push_str(&glossary.html(&content));
        content.push_str(&sentences(evaluation, &words));
        let data = &evaluation.data;
        let otherwise = format!(
            "{}, {}: n = {}. {}.",
            data.name, evaluation.date, data.treated, words.intervals
        );
        Ok(self.measured_figure(
            ("evaluation", &content),
            (&wanted, settings),
            &otherwise,
            &[("evaluation", words.data, lines(evaluation))],
        ))
    }
}

/// What the page's explorer and `cellflux bundle inspect` say of the figures too, in English as the explorer.
fn sentences(evaluation: &Evaluation, words: &Words) -> String {
    let items: String = evaluation
        .remarks_of_figures()
        .iter()
        .map(|remark| {
            let clauses: Vec<String> = remark.clauses.iter().map(clause).collect();
            format!("<li>{}</li>", clauses.join("; "))
        })
        .collect();
    format!(
        "<details><summary>{}</summary><ul lang=\"en\">{items}</ul></details>",
        escape(words.in_sentences)
    )
}

fn clause(Clause { names, says }: &Clause) -> String {
    if names.is_empty() {
        return escape(says);
    }
    format!("{}: {}", isolated(names), escape(says))
}

/// Names, each of which keeps its direction of writing to itself.
fn isolated(names: &[String]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| format!("<bdi>{}</bdi>", escape(name)))
        .collect();
    names.join(", ")
}

/// A table of the rows and columns that have a figure in them; the columns are the set, its size, and those
/// of `heads` and `cells`, all of them HTML.
fn table(
    title: &str,
    rows: &[Row],
    heads: &[String],
    cells: impl Fn(&Row) -> Vec<String>,
    below: String,
    (glossary, words): (&Glossary, &Words),
) -> String {
    let rows: Vec<(&Row, Vec<String>)> = rows
        .iter()
        .map(|row| (row, cells(row)))
        .filter(|(_, cells)| cells.iter().any(|cell| cell != NOTHING))
        .collect();
    let is_shown = |column: usize| {
        let mut own = rows.iter().filter_map(|(_, cells)| cells.get(column));
        own.any(|cell| cell != NOTHING)
    };
    let columns: Vec<usize> = (0..heads.len()).filter(|&column| is_shown(column)).collect();
    let chosen = |all: &[String]| -> Vec<String> {
        columns
            .iter()
            .filter_map(|&column| all.get(column).cloned())
            .collect()
    };
    let with_count = |count: String, rest: Vec<String>| [vec![count], rest].concat();
    MeasuredTable {
        title,
        of: words.set_of_cells,
        heads: with_count(escape(words.count), chosen(heads)),
        rows: rows
            .iter()
            .map(|(row, cells)| {
                let shown = with_count(row.cells.to_string(), chosen(cells));
                (escape(&row.name), shown)
            })
            .collect(),
        below,
    }
    .html(glossary, words)
}

/// Share and direction of the change over all compounds, and fine detail.
fn whole(rows: &[Row], glossary: &Glossary, words: &Words) -> String {
    if rows.iter().all(|row| {
        let figures = [row.gap_closed, row.direction, row.side_change, row.fine_detail];
        figures.iter().all(Option::is_none)
    }) {
        return String::new();
    }
    let cells = |row: &Row| {
        vec![
            row.starts
                .map_or_else(|| NOTHING.to_owned(), |starts| starts.to_string()),
            share(row.gap_closed, words),
            estimate(row.direction, words),
            estimate(row.side_change, words),
            estimate(row.fine_detail, words),
        ]
    };
    let heads = [
        ("starts", words.starts),
        ("gap_closed", words.gap_closed),
        ("direction", words.direction),
        ("side_change", words.side_change),
        ("fine_detail", words.fine_detail),
    ]
    .map(|(name, label)| glossary.link(name, label));
    let around = (glossary, words);
    table(words.change_made, rows, &heads, cells, String::new(), around)
}

/// Distances in a space: the measures that any row has.
fn in_space(rows: &[Row], space: &Space, glossary: &Glossary, words: &Words) -> String {
    let of = |row: &Row| {
        row.distances
            .iter()
            .find(|distances| distances.space == space.name)
            .cloned()
    };
    let measured: Vec<&Measure> = MEASURES
        .iter()
        .filter(|measure| {
            rows.iter()
                .filter_map(of)
                .any(|distances| (measure.figure)(&distances).is_some())
        })
        .collect();
    if measured.is_empty() {
        return String::new();
    }
    let labels = words.labels();
    let heads: Vec<String> = measured
        .iter()
        .map(|measure| glossary.link(measure.name, (measure.label)(&labels)))
        .collect();
    let cells = |row: &Row| {
        let distances = of(row);
        measured
            .iter()
            .map(|measure| estimate(distances.as_ref().and_then(measure.figure), words))
            .collect()
    };
    let comparable = if space.comparable {
        words.comparable
    } else {
        words.not_comparable
    };
    let below = format!(
        "<p class=\"note\"><bdi>{}</bdi> ({}): {}</p>",
        escape(&space.about),
        escape(&space.name),
        escape(comparable)
    );
    let title = with_name(words.distances, &space.name);
    table(&title, rows, &heads, cells, below, (glossary, words))
}

/// One sentence of the conditions that have no dot, and why.
fn without_figures(evaluation: &Evaluation, model: &Model, words: &Words) -> String {
    let groups: Vec<String> = evaluation
        .without_figures(&model.manifest().conditions)
        .iter()
        .map(|group| {
            let why = reason(group.reason, evaluation.data.least_cells, words);
            format!("{}: {}", isolated(&group.names), escape(&why))
        })
        .collect();
    if groups.is_empty() {
        return String::new();
    }
    let said = with_name(&escape(words.without_figures), &groups.join("; "));
    format!("<p class=\"note\">{said}</p>")
}

/// Why conditions have no figures, of which at least `least` cells or starts were asked for.
fn reason(reason: Reason, least: usize, words: &Words) -> String {
    let (said, number) = match reason {
        Reason::NoChange => (words.no_change, least),
        Reason::FewCells => (words.few_cells, least),
        Reason::FewStarts => (words.few_starts, least),
        Reason::OneGroup => (words.one_group, least),
        Reason::FewControls => (words.few_controls, LEAST_CONTROLS),
        Reason::Unclear => (words.unclear, least),
        Reason::NoCells => (words.no_cells, least),
    };
    // Not every reason has a number.
    with_name(said, &number.to_string())
}

/// Every figure of rows and conditions, one a line.
fn lines(evaluation: &Evaluation) -> Vec<Line> {
    let mut lines = vec![line([
        "of", "kind", "cells", "space", "measure", "value", "low", "high",
    ])];
    let mut add = |[of, kind, cells_in, space, measure]: [&str; 5], figure: Option<Estimate>| {
        if figure.is_some() {
            lines.push(
                line([of, kind, cells_in, space, measure])
                    .into_iter()
                    .chain(cells(figure))
                    .collect(),
            );
        }
    };
    for row in &evaluation.rows {
        let kind = row.kind.name(evaluation.data.nature());
        let count = row.cells.to_string();
        add([&row.name, kind, &count, "", "gap_closed"], row.gap_closed);
        add([&row.name, kind, &count, "", "direction"], row.direction);
        add([&row.name, kind, &count, "", "side_change"], row.side_change);
        add([&row.name, kind, &count, "", "fine_detail"], row.fine_detail);
        for distances in &row.distances {
            for Measure { name, figure, .. } in MEASURES {
                add(
                    [&row.name, kind, &count, &distances.space, name],
                    figure(distances),
                );
            }
        }
    }
    for condition in &evaluation.conditions {
        let (name, count) = (condition.name_and_dose(), condition.treated.to_string());
        add(
            [&name, "condition", &count, "", "gap_closed"],
            condition.gap_closed,
        );
        add([&name, "condition", &count, "", "direction"], condition.direction);
        add(
            [&name, "condition", &count, "", "side_change"],
            condition.side_change,
        );
    }
    lines.extend(evaluation.compound_use.iter().flat_map(of_compound_use));
    lines
}

/// How much the network uses its compound, with the number of controls that were walked, and over how many
/// pairs of compounds that is a mean.
fn of_compound_use(used: &CompoundUse) -> Vec<Line> {
    let controls = used.controls.map_or_else(String::new, |count| count.to_string());
    let about = |measure: &str| {
        line([
            "the same controls under each compound",
            "compound-use",
            &controls,
            "",
            measure,
        ])
    };
    let with =
        |measure: &str, figures: [String; 3]| -> Line { about(measure).into_iter().chain(figures).collect() };
    let mut lines = vec![with("compound_use", cells(Some(used.estimate())))];
    lines.extend(used.pairs.map(|pairs| {
        let count = [pairs.to_string(), String::new(), String::new()];
        with("pairs_of_compounds", count)
    }));
    lines
}
