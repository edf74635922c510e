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
        let words = self.words.beside(evaluation.data.nature());
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
            &[("batches", words.data, lines(plane))],
        ))
    }
}

/// Every cloud, one a line, with the share of variance along each axis, which is that of the whole plane.
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
        "starts",
        "explained_1",
        "explained_2",
    ])];
    let explained = plane.explained.map(|share| share.to_string());
    for cloud in &plane.clouds {
        let kind = match cloud.kind {
            CloudKind::Control => "control",
            CloudKind::Treated => "treated",
            CloudKind::Generated => "generated",
        };
        let starts = cloud.starts.map_or_else(String::new, |starts| starts.to_string());
        let numbers = cloud.mean.iter().chain(&cloud.covariance).map(f64::to_string);
        lines.push(
            line([&cloud.batch, kind, &cloud.cells.to_string()])
                .into_iter()
                .chain(numbers)
                .chain([starts])
                .chain(explained.clone())
                .collect(),
        );
    }
    lines
}
