//! Batches as clouds in the plane of most variance: controls, real treated cells, generated ones, each in a
//! panel of the same axes (paper, Figure 5).

use cellflux_bundle::evaluation::{BatchPlane, CloudKind};
use cellflux_figures::percent;

use super::Components;
use super::measured::{Line, Measured, drawn, line};
use crate::error::SiteError;
use crate::place::Place;
use crate::source::SourceText;

impl Components<'_> {
    pub(super) fn batches(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let wanted: Measured = settings.toml()?;
        let (evaluation, model) = self.evaluated(&wanted, settings, at)?;
        let plane = evaluation
            .batches
            .as_ref()
            .filter(|plane| !plane.clouds.is_empty());
        let Some(plane) = plane else {
            return Err(at.wrong(format!(
                "the evaluation of bundle {:?} has no batches, expected data whose table names them",
                model.name
            )));
        };
        let words = self.words;
        let [first, second] = plane.explained.map(percent);
        let otherwise = format!(
            "{}. PC1: {first}, PC2: {second} {}.",
            words.batches, words.explained
        );
        Ok(self.measured_figure(
            (
                "batches",
                &drawn(cellflux_figures::batches(plane, &words.labels())),
            ),
            (&wanted, settings),
            &otherwise,
            ("batches", &lines(plane)),
        ))
    }
}

/// Every cloud, one a line.
fn lines(plane: &BatchPlane) -> Vec<Line> {
    let mut lines = vec![line([
        "batch",
        "cells",
        "n",
        "mean_1",
        "mean_2",
        "variance_1",
        "covariance",
        "variance_2",
    ])];
    for cloud in &plane.clouds {
        let kind = match cloud.kind {
            CloudKind::Control => "control",
            CloudKind::Treated => "treated",
            CloudKind::Generated => "generated",
        };
        let numbers = cloud.mean.iter().chain(&cloud.covariance).map(f64::to_string);
        lines.push(
            line([&cloud.batch, kind, &cloud.cells.to_string()])
                .into_iter()
                .chain(numbers)
                .collect(),
        );
    }
    lines
}
