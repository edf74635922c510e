//! The curves of a run, from the lines of its log.

use cellflux_figures::{Estimate, Figure, LineChart, Point, Series};
use serde_json::Value;

use crate::summary::{is_kind, number};
use crate::validation::TIMES;

/// Dots of a curve: as many as can be told apart in a chart.
const DOTS: usize = 40;

/// What is said below each curve that is thinned.
pub(super) const THINNED: &str = "Where a log has more lines than dots, a dot is the mean of neighbouring \
    lines and its stroke reaches from the lowest to the highest.";

/// The curves that the log has numbers for.
pub(super) fn draw(lines: &[Value]) -> Vec<Figure> {
    let curve = |kind: &str, place: &str, name: &str| Series {
        name: name.to_owned(),
        points: thinned(&points(lines, kind, place)),
    };
    let by_time = TIMES
        .iter()
        .enumerate()
        .map(|(at, t)| curve("validation", &format!("/by_time/{at}"), &format!("t = {t}")));
    let charts = [
        (
            "Losses",
            "mean squared error",
            vec![
                curve("train", "/loss", "training"),
                curve("validation", "/loss", "validation"),
                curve("validation", "/zero", "validation, predicting no change"),
            ],
        ),
        ("Validation loss by time", "mean squared error", by_time.collect()),
        (
            "Use of the condition: what the loss loses under another pair's condition",
            "mean squared error",
            vec![curve("validation", "/condition/shuffled_gap", "")],
        ),
        (
            "Use of the control: what the loss loses from a control of another batch",
            "mean squared error",
            vec![curve("validation", "/condition/other_batch_gap", "")],
        ),
        (
            "Norm of the gradient",
            "norm",
            vec![curve("train", "/gradient_norm", "")],
        ),
        ("Learning rate", "rate", vec![curve("train", "/rate", "")]),
        (
            "Speed",
            "images a second",
            vec![curve("train", "/images_per_second", "")],
        ),
    ];
    charts
        .into_iter()
        .filter_map(|(title, y_label, series)| {
            LineChart {
                title: title.to_owned(),
                x_label: "step".to_owned(),
                y_label: y_label.to_owned(),
                series,
            }
            .draw()
        })
        .collect()
}

/// Step and number of the lines of a kind that have the number.
fn points(lines: &[Value], kind: &str, place: &str) -> Vec<(f64, f64)> {
    let lines = lines.iter().filter(|line| is_kind(line, kind));
    lines
        .filter_map(|line| Some((number(line, "/step")?, number(line, place)?)))
        .collect()
}

/// At most [`DOTS`] points: means of neighbours, with the lowest and the highest of them.
pub(crate) fn thinned(points: &[(f64, f64)]) -> Vec<Point> {
    let together = points.len().div_ceil(DOTS).max(1);
    points
        .chunks(together)
        .map(|chunk| {
            let share = 1.0 / chunk.len() as f64;
            let values = || chunk.iter().map(|(_, y)| *y);
            Point {
                x: share * chunk.iter().map(|(x, _)| *x).sum::<f64>(),
                estimate: Estimate {
                    value: share * values().sum::<f64>(),
                    low: values().fold(f64::INFINITY, f64::min),
                    high: values().fold(f64::NEG_INFINITY, f64::max),
                },
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_means_and_its_extremes() {
        let points: Vec<(f64, f64)> = (0..100).map(|x| (f64::from(x), f64::from(x % 2))).collect();
        let thin = thinned(&points);
        assert_eq!(thin.len(), 34);
        // Steps 0, 1 and 2 with 0, 1 and 0.
        let Point { x, estimate } = thin[0];
        assert!((x - 1.0).abs() < 1e-12 && (estimate.value - 1.0 / 3.0).abs() < 1e-12);
        assert!(estimate.low.abs() < 1e-12 && (estimate.high - 1.0).abs() < 1e-12);
        assert_eq!(thinned(&points[..7]).len(), 7);
        assert!(thinned(&[]).is_empty());
    }

    #[test]
    fn only_curves_with_numbers_are_drawn() {
        let line = serde_json::json!({ "kind": "train", "step": 1, "loss": 0.5, "rate": 1e-4 });
        let titles: Vec<String> = draw(&[line])
            .iter()
            .map(|chart| chart.title().to_owned())
            .collect();
        assert_eq!(titles, ["Losses", "Learning rate"]);
        assert!(draw(&[]).is_empty());
    }
}
