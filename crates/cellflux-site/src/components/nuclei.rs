//! Nuclear area of controls, real treated cells and generated ones (paper, Table 7).

use cellflux_bundle::evaluation::{MeasuredCondition, NuclearArea};
use cellflux_figures::digits;

use super::Components;
use super::measured::{Line, Measured, cells, drawn, estimate, line};
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::SourceText;
use crate::words::Words;

impl Components<'_> {
    pub(super) fn nuclei(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let wanted: Measured = settings.toml()?;
        let (evaluation, model) = self.evaluated(&wanted, settings, at)?;
        let measured: Vec<(&MeasuredCondition, NuclearArea)> = evaluation
            .conditions
            .iter()
            .filter_map(|condition| Some((condition, condition.nuclei?)))
            .collect();
        if measured.is_empty() {
            return Err(at.wrong(format!(
                "the evaluation of bundle {:?} has no nuclear areas, expected images with a nuclear channel",
                model.name
            )));
        }
        let words = self.words;
        let chart = drawn(cellflux_figures::nuclear_area(
            &evaluation.conditions,
            &words.labels(),
        ));
        let otherwise = format!("{}. {}.", words.nuclear_area, words.intervals);
        Ok(self.measured_figure(
            ("nuclei", &(chart + &table(&measured, &words))),
            (&wanted, settings),
            &otherwise,
            ("nuclei", &lines(&measured)),
        ))
    }
}

fn table(measured: &[(&MeasuredCondition, NuclearArea)], words: &Words) -> String {
    let head: String = [words.count, words.control, words.real_treated, words.made]
        .iter()
        .map(|title| format!("<th scope=\"col\" class=\"right\">{}</th>", escape(title)))
        .collect();
    let body: String = measured
        .iter()
        .map(|(condition, nuclei)| {
            let cells: String = [nuclei.control, nuclei.treated, nuclei.generated]
                .into_iter()
                .map(|area| format!("<td class=\"right\">{}</td>", estimate(Some(area), words, digits)))
                .collect();
            format!(
                "<tr><th scope=\"row\"><bdi>{}</bdi></th><td class=\"right\">{}</td>{cells}</tr>",
                escape(&condition.name_and_dose()),
                condition.treated
            )
        })
        .collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">{}</th>{head}</tr></thead>\
         <tbody>{body}</tbody></table></div>",
        escape(words.compound)
    )
}

/// Every area, one a line.
fn lines(measured: &[(&MeasuredCondition, NuclearArea)]) -> Vec<Line> {
    let mut lines = vec![line(["condition", "cells", "n", "value", "low", "high"])];
    for (condition, nuclei) in measured {
        for (of, area, count) in [
            ("control", nuclei.control, condition.controls),
            ("treated", nuclei.treated, condition.treated),
            ("generated", nuclei.generated, condition.treated),
        ] {
            lines.push(
                line([&condition.name_and_dose(), of, &count.to_string()])
                    .into_iter()
                    .chain(cells(Some(area)))
                    .collect(),
            );
        }
    }
    lines
}
