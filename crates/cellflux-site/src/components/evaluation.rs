//! An evaluation: sets of cells against the real treated ones, and what share of its change each compound's
//! cells make.

use cellflux_bundle::evaluation::{Row, Space};
use cellflux_bundle::{Estimate, Evaluation};
use cellflux_figures::{MEASURES, Measure, digits, gap_closed, percent};

use super::Components;
use super::measured::{Line, Measured, NOTHING, cells, drawn, estimate, line};
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
        let words = self.words;
        let mut content = whole(&evaluation.rows, &words);
        for space in &evaluation.spaces {
            content.push_str(&in_space(&evaluation.rows, space, &words));
        }
        content.push_str(&drawn(gap_closed(
            &evaluation.conditions,
            &evaluation.rows,
            &words.labels(),
        )));
        content.push_str(&unmeasured(evaluation, model, &words));
        content.push_str(&self.sentences(evaluation, model));
        let data = &evaluation.data;
        let otherwise = format!(
            "{}, {}: n = {}. {}.",
            data.name, evaluation.date, data.treated, words.intervals
        );
        Ok(self.measured_figure(
            ("evaluation", &content),
            (&wanted, settings),
            &otherwise,
            ("evaluation", &lines(evaluation)),
        ))
    }

    /// What the page's explorer and `cellflux bundle inspect` say too, in English as the explorer.
    fn sentences(&self, evaluation: &Evaluation, model: &Model) -> String {
        let items: String = evaluation
            .remarks(&model.manifest().conditions)
            .iter()
            .map(|remark| {
                let names: Vec<String> = remark
                    .names
                    .iter()
                    .map(|name| format!("<bdi>{}</bdi>", escape(name)))
                    .collect();
                let of = if names.is_empty() {
                    String::new()
                } else {
                    format!("{}: ", names.join(", "))
                };
                format!("<li>{of}{}</li>", escape(&remark.says))
            })
            .collect();
        format!(
            "<details><summary>{}</summary><ul lang=\"en\">{items}</ul></details>",
            escape(self.words.in_sentences)
        )
    }
}

/// A table of the rows and columns that have a figure in them, the first two columns the set and its size.
fn table(rows: &[Row], titles: &[&str], cells: impl Fn(&Row) -> Vec<String>, words: &Words) -> String {
    let rows: Vec<(&Row, Vec<String>)> = rows
        .iter()
        .map(|row| (row, cells(row)))
        .filter(|(_, cells)| cells.iter().any(|cell| cell != NOTHING))
        .collect();
    let is_shown = |column: usize| {
        let mut own = rows.iter().filter_map(|(_, cells)| cells.get(column));
        own.any(|cell| cell != NOTHING)
    };
    let columns: Vec<usize> = (0..titles.len()).filter(|&column| is_shown(column)).collect();
    let titles = columns.iter().filter_map(|&column| titles.get(column).copied());
    let head: String = std::iter::once(words.count)
        .chain(titles)
        .map(|title| format!("<th scope=\"col\" class=\"right\">{}</th>", escape(title)))
        .collect();
    let body: String = rows
        .iter()
        .map(|(row, cells)| {
            let cells: String = columns
                .iter()
                .filter_map(|&column| cells.get(column))
                .map(|cell| format!("<td class=\"right\">{cell}</td>"))
                .collect();
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"right\">{}</td>{cells}</tr>",
                escape(&row.name),
                row.cells
            )
        })
        .collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">{}</th>{head}</tr></thead>\
         <tbody>{body}</tbody></table></div>",
        escape(words.set_of_cells)
    )
}

/// Share and direction of the change over all compounds, and fine detail.
fn whole(rows: &[Row], words: &Words) -> String {
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
            estimate(row.gap_closed, words, percent),
            estimate(row.direction, words, digits),
            estimate(row.side_change, words, digits),
            estimate(row.fine_detail, words, digits),
        ]
    };
    let titles = [
        words.starts,
        words.gap_closed,
        words.direction,
        words.side_change,
        words.fine_detail,
    ];
    table(rows, &titles, cells, words)
}

/// Distances in a space: the measures that any row has.
fn in_space(rows: &[Row], space: &Space, words: &Words) -> String {
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
    let titles: Vec<&str> = measured.iter().map(|measure| (measure.label)(&labels)).collect();
    let cells = |row: &Row| {
        let distances = of(row);
        measured
            .iter()
            .map(|measure| estimate(distances.as_ref().and_then(measure.figure), words, digits))
            .collect()
    };
    let comparable = if space.comparable {
        words.comparable
    } else {
        words.not_comparable
    };
    format!(
        "{}<p class=\"note\"><bdi>{}</bdi> ({}): {}</p>",
        table(rows, &titles, cells, words),
        escape(&space.about),
        escape(&space.name),
        escape(comparable)
    )
}

/// The conditions that have no dot.
fn unmeasured(evaluation: &Evaluation, model: &Model, words: &Words) -> String {
    let listed = |id: &str| evaluation.conditions.iter().any(|condition| condition.id == id);
    let without = evaluation
        .conditions
        .iter()
        .filter(|condition| condition.gap_closed.is_none());
    let absent = model.manifest().conditions.list.iter();
    let absent = absent.filter(|condition| !condition.control && !listed(&condition.id));
    let names: Vec<String> = without
        .map(cellflux_bundle::evaluation::MeasuredCondition::name_and_dose)
        .chain(absent.map(|condition| condition.name.clone()))
        .map(|name| format!("<bdi>{}</bdi>", escape(&name)))
        .collect();
    if names.is_empty() {
        return String::new();
    }
    let said = with_name(&escape(words.without_figures), &names.join(", "));
    format!("<p class=\"note\">{said}</p>")
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
        let kind = serde_json::to_value(row.kind).unwrap_or_default();
        let (kind, count) = (kind.as_str().unwrap_or_default(), row.cells.to_string());
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
    lines
}
