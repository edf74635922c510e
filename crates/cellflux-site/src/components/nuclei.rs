//! Nuclear area of controls, real treated cells and generated ones (paper, Table 7).

use cellflux_bundle::evaluation::{MeasuredCondition, NuclearArea};

use super::Components;
use super::glossary::Glossary;
use super::measured::{Line, Measured, cells, drawn, estimate, line};
use super::measured_table::MeasuredTable;
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
        let words = self.words.beside(evaluation.data.nature());
        let glossary = Glossary::new(&mut self.ids, at, &words);
        let mut content = drawn(cellflux_figures::nuclear_area(
            &evaluation.conditions,
            &words.labels(),
        ));
        content.push_str(&table(&measured, &glossary, &words));
        content.push_str(&glossary.html(&content));
        let otherwise = format!("{}. {}.", words.nuclear_area, words.intervals);
        Ok(self.measured_figure(
            ("nuclei", &content),
            (&wanted, settings),
            &otherwise,
            &[("nuclei", words.data, lines(&measured))],
        ))
    }
}

fn table(measured: &[(&MeasuredCondition, NuclearArea)], glossary: &Glossary, words: &Words) -> String {
    // Of generated cells there are as many as of real treated ones.
    let count = |of: &str| escape(&format!("{} ({of})", words.count));
    let row = |(condition, nuclei): &(&MeasuredCondition, NuclearArea)| {
        let cells = vec![
            condition.controls.to_string(),
            estimate(Some(nuclei.control), words),
            condition.treated.to_string(),
            estimate(Some(nuclei.treated), words),
            estimate(Some(nuclei.generated), words),
        ];
        let name = format!("<bdi>{}</bdi>", escape(&condition.name_and_dose()));
        (name, cells)
    };
    MeasuredTable {
        title: words.nuclear_area,
        of: words.compound,
        heads: vec![
            count(words.control),
            escape(words.control),
            count(&format!("{}; {}", words.real_treated, words.made)),
            escape(words.real_treated),
            escape(words.made),
        ],
        rows: measured.iter().map(row).collect(),
        below: String::new(),
    }
    .html(glossary, words)
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
