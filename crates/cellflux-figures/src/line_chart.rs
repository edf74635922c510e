//! Figures against a number, as dots with their intervals, each series joined by lines.

use crate::drawing::{Anchor, Drawing};
use crate::measures::finite;
use crate::numbers::{digits, tick};
use crate::scale::{Scale, range};
use crate::style::SERIES;
use crate::text::{LABEL, NOTE, class_width, fitted, widest};
use crate::{Estimate, Figure, Labels};

const PLOT: f64 = 460.0;
const HEIGHT: f64 = 260.0;
/// From a line of the legend to the next.
const LEGEND: f64 = 20.0;
/// Series that stand in the legend by name.
const NAMED: usize = 24;
/// How far dots of different series at one place stand apart.
const APART: f64 = 5.0;

/// A figure at a place of the horizontal axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The place.
    pub x: f64,
    /// The figure.
    pub estimate: Estimate,
}

/// Points that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What they are.
    pub name: String,
    /// The points, in any order.
    pub points: Vec<Point>,
}

/// A chart of figures against a number.
#[derive(Clone, Debug, PartialEq)]
pub struct LineChart {
    /// What it shows.
    pub title: String,
    /// The horizontal axis.
    pub x_label: String,
    /// The vertical axis.
    pub y_label: String,
    /// The series, told apart by colour and shape of dot.
    pub series: Vec<Series>,
}

impl LineChart {
    /// The chart; nothing without a point of finite numbers.
    pub fn draw(&self) -> Option<Figure> {
        let series: Vec<(usize, &str, Vec<Point>)> = self
            .series
            .iter()
            .map(|series| (series.name.as_str(), drawable(&series.points)))
            .filter(|(_, points)| !points.is_empty())
            .enumerate()
            .map(|(number, (name, points))| (number, name, points))
            .collect();
        let points = || series.iter().flat_map(|(_, _, points)| points);
        let (left_end, right_end) = range(points().map(|point| point.x))?;
        let (low, high) = range(
            points()
                .map(|point| point.estimate)
                .flat_map(|Estimate { value, low, high }| [value, low, high]),
        )?;

        let legend = Legend::of(&series);
        let top = legend.height + 14.0;
        let bottom = top + HEIGHT;
        let vertical = Scale {
            low,
            high,
            from: bottom,
            to: top,
        };
        let step = vertical.step(6.0);
        let ticks: Vec<(f64, String)> = vertical
            .multiples(step)
            .into_iter()
            .map(|value| (value, tick(value, step)))
            .collect();
        let left = 24.0 + widest(ticks.iter().map(|(_, tick)| tick.as_str()), "tick") + 10.0;
        let mut drawing = Drawing::new((left + PLOT + 44.0).ceil(), bottom + 48.0);
        legend.draw(&mut drawing);
        for (value, tick) in &ticks {
            let y = vertical.at(*value);
            let class = if value.abs() < step / 1e6 { "axis" } else { "grid" };
            drawing.line((left, y), (left + PLOT, y), class);
            drawing.text((left - 8.0, y + 4.0), Anchor::End, "tick", tick);
        }
        let label = fitted(&self.y_label, LABEL, HEIGHT);
        let middle = (14.0, f64::midpoint(top, bottom));
        drawing.upright(middle, Anchor::Middle, "label", &label, &self.y_label);

        // Dots of several series at one place stand beside each other, within the axis.
        let spread = APART * (series.len().min(NAMED) as f64 - 1.0);
        let horizontal = Scale {
            low: left_end,
            high: right_end,
            from: left + 12.0 + spread / 2.0,
            to: left + PLOT - 12.0 - spread / 2.0,
        };
        let step = horizontal.step(6.0);
        for value in horizontal.multiples(step) {
            let x = horizontal.at(value);
            drawing.line((x, bottom), (x, bottom + 5.0), "axis");
            drawing.text((x, bottom + 18.0), Anchor::Middle, "tick", &tick(value, step));
        }
        let label = fitted(&self.x_label, LABEL, PLOT);
        drawing.text(
            (left + PLOT / 2.0, bottom + 40.0),
            Anchor::Middle,
            "label",
            &label,
        );
        let mut described = Vec::new();
        for (number, name, points) in &series {
            let beside = APART * (number % NAMED) as f64 - spread / 2.0;
            let place = |x: f64| horizontal.at(x) + beside;
            described.push(self.one(&mut drawing, *number, name, points, (&place, &vertical)));
        }
        Some(Figure::new(&*self.title, described.join("; "), drawing))
    }

    /// One series: its lines, its intervals and then its dots. Returns its figures in words.
    fn one(
        &self,
        drawing: &mut Drawing,
        number: usize,
        name: &str,
        points: &[Point],
        (place, vertical): (&dyn Fn(f64) -> f64, &Scale),
    ) -> String {
        let class = format!("s{}", number % SERIES);
        let line: Vec<(f64, f64)> = points
            .iter()
            .map(|point| (place(point.x), vertical.at(point.estimate.value)))
            .collect();
        if line.len() > 1 {
            drawing.path(&line, &format!("trend {class}"));
        }
        for Point { x, estimate } in points {
            let x = place(*x);
            let ends = ((x, vertical.at(estimate.low)), (x, vertical.at(estimate.high)));
            drawing.line(ends.0, ends.1, &format!("interval {class}"));
        }
        let said: Vec<String> = points
            .iter()
            .map(|Point { x, estimate }| {
                let figure = Labels::ENGLISH.estimate(*estimate, digits);
                format!("{} {}: {} {figure}", self.x_label, digits(*x), self.y_label)
            })
            .collect();
        for (point, said) in points.iter().zip(&said) {
            let at = (place(point.x), vertical.at(point.estimate.value));
            drawing.marker(at, number, &class, &format!("{name}, {said}"));
        }
        format!("{name}: {}", said.join(", "))
    }
}

/// The points of finite numbers, from left to right.
fn drawable(points: &[Point]) -> Vec<Point> {
    let mut points: Vec<Point> = points
        .iter()
        .copied()
        .filter(|point| point.x.is_finite() && finite(Some(point.estimate)).is_some())
        .collect();
    points.sort_by(|a, b| a.x.total_cmp(&b.x));
    points
}

/// Which dot is which series, in lines; nothing where a single series has no name.
struct Legend {
    /// Number of the series, name, place.
    entries: Vec<(usize, String, (f64, f64))>,
    /// How many more series there are, and where this is said.
    more: Option<(String, f64)>,
    height: f64,
}

impl Legend {
    fn of(series: &[(usize, &str, Vec<Point>)]) -> Self {
        let (mut x, mut y) = (6.0, 12.0);
        let mut entries = Vec::new();
        for (number, name, _) in series.iter().take(NAMED).filter(|(_, name, _)| !name.is_empty()) {
            let name = fitted(name, LABEL, PLOT - 20.0);
            let needed = class_width(&name, "label") + 34.0;
            if x > 6.0 && x + needed > PLOT + 40.0 {
                (x, y) = (6.0, y + LEGEND);
            }
            entries.push((*number, name, (x, y)));
            x += needed;
        }
        let mut height = if entries.is_empty() { 0.0 } else { y + 8.0 };
        let more = (series.len() > NAMED).then(|| {
            height += LEGEND;
            (format!("and {} more", series.len() - NAMED), height - NOTE / 2.0)
        });
        Self {
            entries,
            more,
            height,
        }
    }

    fn draw(&self, drawing: &mut Drawing) {
        for (number, name, (x, y)) in &self.entries {
            drawing.marker((*x, *y - 4.0), *number, &format!("s{}", number % SERIES), name);
            drawing.text((x + 10.0, *y), Anchor::Start, "label", name);
        }
        if let Some((more, y)) = &self.more {
            drawing.text((0.0, *y), Anchor::Start, "note", more);
        }
    }
}
