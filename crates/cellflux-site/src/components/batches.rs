//! Batches as clouds in the plane of most variance: controls, real treated cells, generated ones, each in a
//! panel of the same axes (paper, Figure 5).

use cellflux_bundle::evaluation::{BatchPlane, Cloud, CloudKind};

use super::Components;
use super::measured::{Line, Measured, line, percent};
use crate::drawing::{Anchor, Drawing, shortened};
use crate::error::SiteError;
use crate::place::Place;
use crate::source::SourceText;
use crate::words::Words;

const PANEL: f64 = 230.0;
const GAP: f64 = 16.0;
const TOP: f64 = 28.0;
/// Letters of a batch's name in a drawing.
const NAME: usize = 14;

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
        let otherwise = format!("{} ({first}, {second} {}).", words.batches, words.explained);
        Ok(self.measured_figure(
            ("batches", &draw(plane, &words)),
            (&wanted, settings),
            &otherwise,
            ("batches", &lines(plane)),
        ))
    }
}

fn kinds(words: &Words) -> [(CloudKind, &'static str, &'static str); 3] {
    [
        (CloudKind::Control, "control", words.control),
        (CloudKind::Treated, "treated", words.real_treated),
        (CloudKind::Generated, "generated", words.made),
    ]
}

/// Three panels side by side.
fn draw(plane: &BatchPlane, words: &Words) -> String {
    let view = View::of(&plane.clouds);
    let width = 3.0 * PANEL + 2.0 * GAP;
    let mut drawing = Drawing::new(width, TOP + PANEL + 24.0);
    let mut described = Vec::new();
    for (panel, (kind, class, title)) in kinds(words).into_iter().enumerate() {
        let left = (PANEL + GAP) * panel as f64;
        drawing.text((left + PANEL / 2.0, TOP - 10.0), Anchor::Middle, "heading", title);
        drawing.frame((left, TOP), (PANEL, PANEL), "frame");
        for cloud in plane.clouds.iter().filter(|cloud| cloud.kind == kind) {
            let (x, y) = view.place(cloud.mean);
            let centre = (left + x, TOP + y);
            let Ellipse { radii, degrees } = Ellipse::of(cloud.covariance);
            let radii = (radii.0 * view.scale, radii.1 * view.scale);
            let about = format!("{}, n = {}", cloud.batch, cloud.cells);
            drawing.ellipse(centre, radii, degrees, &format!("cloud {class}"), &about);
            let name = shortened(&cloud.batch, NAME);
            drawing.text((centre.0, centre.1 + 4.0), Anchor::Middle, "batch", &name);
            described.push(format!("{title}, {about}"));
        }
    }
    let ends = [(0.0, Anchor::Start, "→"), (width, Anchor::End, "↑")];
    for ((number, share), (x, anchor, arrow)) in (1..).zip(plane.explained).zip(ends) {
        let text = format!("{arrow} PC{number}: {} {}", percent(share), words.explained);
        drawing.text((x, TOP + PANEL + 18.0), anchor, "note", &text);
    }
    drawing.finish(words.batches, &described.join("; "))
}

/// Which part of the plane a panel shows, both axes in one scale.
struct View {
    centre: (f64, f64),
    scale: f64,
}

impl View {
    /// The square around all ellipses.
    fn of(clouds: &[Cloud]) -> Self {
        let across = reach(clouds, |cloud| (cloud.mean[0], cloud.covariance[0]));
        let up = reach(clouds, |cloud| (cloud.mean[1], cloud.covariance[2]));
        let side = (across.1 - across.0).max(up.1 - up.0);
        Self {
            centre: (f64::midpoint(across.0, across.1), f64::midpoint(up.0, up.1)),
            // A tenth of the panel stays free. A single cell has no extent.
            scale: 0.9 * PANEL / if side > 0.0 { side } else { 1.0 },
        }
    }

    /// A point in a panel, from its upper left corner; the second axis points up.
    fn place(&self, [first, second]: [f64; 2]) -> (f64, f64) {
        (
            PANEL / 2.0 + (first - self.centre.0) * self.scale,
            PANEL / 2.0 - (second - self.centre.1) * self.scale,
        )
    }
}

/// How far clouds reach along an axis, from their means and variances on it.
fn reach(clouds: &[Cloud], axis: fn(&Cloud) -> (f64, f64)) -> (f64, f64) {
    let ends = clouds.iter().map(axis);
    ends.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(low, high), (mean, variance)| {
            let spread = variance.sqrt();
            (low.min(mean - spread), high.max(mean + spread))
        },
    )
}

/// The ellipse of one standard deviation.
#[derive(Debug, PartialEq)]
struct Ellipse {
    radii: (f64, f64),
    /// The angle of the longer axis, clockwise, since a drawing's second axis points down.
    degrees: f64,
}

impl Ellipse {
    /// The axes of a covariance: roots of its eigenvalues, and the direction of the larger one.
    fn of([first, both, second]: [f64; 3]) -> Self {
        let mean = f64::midpoint(first, second);
        let apart = ((first - second) / 2.0).hypot(both);
        Self {
            radii: ((mean + apart).sqrt(), (mean - apart).max(0.0).sqrt()),
            degrees: -(0.5 * (2.0 * both).atan2(first - second)).to_degrees(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipse_has_the_roots_of_the_eigenvalues_and_the_larger_ones_direction() {
        let near = |[first, both, second]: [f64; 3], radii: (f64, f64), degrees: f64| {
            let found = Ellipse::of([first, both, second]);
            let apart = (found.radii.0 - radii.0).abs() + (found.radii.1 - radii.1).abs();
            // Rounding of a few operations on numbers of about one.
            assert!(
                apart < 1e-12 && (found.degrees - degrees).abs() < 1e-9,
                "{found:?}"
            );
        };
        near([4.0, 0.0, 1.0], (2.0, 1.0), 0.0);
        near([1.0, 0.0, 4.0], (2.0, 1.0), -90.0);
        // Eigenvalues 3 and 1 along the diagonals.
        near([2.0, 1.0, 2.0], (3.0_f64.sqrt(), 1.0), -45.0);
        near([2.0, -1.0, 2.0], (3.0_f64.sqrt(), 1.0), 45.0);
        near([1.0, 1.0, 1.0], (2.0_f64.sqrt(), 0.0), -45.0);
    }

    #[test]
    fn a_panel_holds_every_ellipse_and_points_up() {
        let cloud = |mean, covariance| Cloud {
            batch: "B".into(),
            kind: CloudKind::Control,
            cells: 3,
            mean,
            covariance,
        };
        let view = View::of(&[
            cloud([-3.0, 0.0], [1.0, 0.0, 1.0]),
            cloud([3.0, 2.0], [1.0, 0.0, 1.0]),
        ]);
        // From -4 to 4 across: nine tenths of 230 pixels for 8.
        assert!((view.scale - 0.9 * PANEL / 8.0).abs() < 1e-9);
        let ((left, below), (right, above)) = (view.place([-3.0, 0.0]), view.place([3.0, 2.0]));
        assert!(left < right && above < below);
        let one = View::of(&[cloud([1.0, 1.0], [0.0, 0.0, 0.0])]);
        assert!(one.place([1.0, 1.0]).0.is_finite(), "a cloud of one cell");
    }
}
