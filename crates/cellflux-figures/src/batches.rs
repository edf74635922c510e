//! Batches as clouds in the plane of most variance: controls, real treated cells, generated ones, each in a
//! panel of the same axes (paper, Figure 5).

use cellflux_bundle::evaluation::{BatchPlane, Cloud, CloudKind};

use crate::drawing::{Anchor, Drawing};
use crate::labels::filled;
use crate::numbers::percent;
use crate::text::{BOLD, LABEL, fitted, width};
use crate::{Figure, Labels};

const PANEL: f64 = 166.0;
const GAP: f64 = 11.0;
/// The room of a panel's heading and its number of cells.
const TOP: f64 = 42.0;
/// The room of a batch's name, and the height that it takes.
const NAME: f64 = 80.0;
const LETTERS: f64 = 14.0;
/// The least radius of a cloud.
const LEAST: f64 = 2.0;

/// Three panels side by side; nothing without a cloud.
pub fn batches(plane: &BatchPlane, labels: &Labels<'_>) -> Option<Figure> {
    let clouds: Vec<&Cloud> = plane.clouds.iter().filter(|cloud| drawable(cloud)).collect();
    if clouds.is_empty() {
        return None;
    }
    let view = View::of(&clouds);
    let kinds = [
        (CloudKind::Control, "control", labels.control),
        (CloudKind::Treated, "treated", labels.real_treated),
        (CloudKind::Generated, "generated", labels.made),
    ];
    let mut panels = Vec::new();
    let mut described = Vec::new();
    let mut left_out = 0;
    for (kind, class, title) in kinds {
        let shown: Vec<&Cloud> = clouds
            .iter()
            .copied()
            .filter(|cloud| cloud.kind == kind)
            .collect();
        let names = Names::of(&shown, &view);
        left_out += names.left_out;
        described.extend(
            shown
                .iter()
                .map(|cloud| format!("{title}, {}, n = {}", cloud.batch, cloud.cells)),
        );
        panels.push((class, title, shown, names));
    }
    let width = 3.0 * PANEL + 2.0 * GAP;
    let axes: Vec<String> = (1..)
        .zip(plane.explained)
        .zip(["→", "↑"])
        .map(|((number, share), arrow)| {
            format!("{arrow} PC{number}: {} {}", percent(share), labels.explained)
        })
        .collect();
    let note = (left_out > 0).then(|| filled(labels.names_left_out, &[&left_out.to_string()]));
    let lines = 1 + usize::from(note.is_some());
    let mut drawing = Drawing::new(width, TOP + PANEL + 8.0 + 16.0 * lines as f64);
    for (number, (class, title, clouds, names)) in panels.iter().enumerate() {
        let left = (PANEL + GAP) * number as f64;
        panel(&mut drawing, left, (class, title), clouds, &view);
        names.draw(&mut drawing, left);
    }
    let ends = [(0.0, Anchor::Start), (width, Anchor::End)];
    for (text, (x, anchor)) in axes.iter().zip(ends) {
        drawing.text((x, TOP + PANEL + 18.0), anchor, "note", text);
    }
    if let Some(note) = &note {
        drawing.text((0.0, TOP + PANEL + 34.0), Anchor::Start, "note", note);
    }
    Some(Figure::new(labels.batches, described.join("; "), drawing).without_intervals())
}

/// Whether a cloud's numbers can be drawn.
fn drawable(cloud: &Cloud) -> bool {
    let [first, _, second] = cloud.covariance;
    let mut numbers = cloud.mean.iter().chain(&cloud.covariance);
    numbers.all(|number| number.is_finite()) && first >= 0.0 && second >= 0.0
}

/// A heading with the number of cells, a frame and the clouds.
fn panel(drawing: &mut Drawing, left: f64, (class, title): (&str, &str), clouds: &[&Cloud], view: &View) {
    let cells: usize = clouds.iter().map(|cloud| cloud.cells).sum();
    let heading = fitted(title, LABEL, PANEL / BOLD);
    let middle = left + PANEL / 2.0;
    drawing.text((middle, TOP - 26.0), Anchor::Middle, "heading", &heading);
    drawing.text(
        (middle, TOP - 10.0),
        Anchor::Middle,
        "note",
        &format!("n = {cells}"),
    );
    drawing.frame((left, TOP), (PANEL, PANEL), "frame");
    for cloud in clouds {
        let (x, y) = view.place(cloud.mean);
        let Ellipse { radii, degrees } = Ellipse::of(cloud.covariance);
        // A single cell has no extent, and is a dot.
        let radii = (
            (radii.0 * view.scale).max(LEAST),
            (radii.1 * view.scale).max(LEAST),
        );
        let about = format!("{}, n = {}", cloud.batch, cloud.cells);
        drawing.ellipse(
            (left + x, TOP + y),
            radii,
            degrees,
            &format!("cloud {class}"),
            &about,
        );
    }
}

/// A cloud's name, the cloud's centre and the name's own, from the panel's upper left corner.
type Placed = (String, (f64, f64), (f64, f64));

/// Names of a panel's clouds at places where they do not overlap.
struct Names {
    placed: Vec<Placed>,
    /// Names that no place was found for.
    left_out: usize,
}

impl Names {
    /// Each name on its cloud's centre or, where another one stands there, at the nearest free place around.
    fn of(clouds: &[&Cloud], view: &View) -> Self {
        const DIRECTIONS: usize = 16;
        const RINGS: usize = 9;
        let mut names = Self {
            placed: Vec::new(),
            left_out: 0,
        };
        for cloud in clouds {
            let name = fitted(&cloud.batch, LABEL, NAME);
            let half = (width(&name, LABEL) / 2.0 + 2.0, LETTERS / 2.0);
            let centre = view.place(cloud.mean);
            let around = (0..DIRECTIONS * RINGS).map(|number| {
                let ring = (number / DIRECTIONS + 1) as f64 * LETTERS;
                let turn = std::f64::consts::TAU * (number % DIRECTIONS) as f64 / DIRECTIONS as f64;
                // Rings are wider than they are high, as names are.
                (centre.0 + 1.6 * ring * turn.sin(), centre.1 - ring * turn.cos())
            });
            let inside = |(x, y): (f64, f64)| {
                (
                    x.clamp(half.0, (PANEL - half.0).max(half.0)),
                    y.clamp(half.1, PANEL - half.1),
                )
            };
            let free = std::iter::once(centre).chain(around).map(inside).find(|place| {
                names.placed.iter().all(|(other, _, taken)| {
                    (place.0 - taken.0).abs() >= half.0 + width(other, LABEL) / 2.0 + 2.0
                        || (place.1 - taken.1).abs() >= LETTERS
                })
            });
            match free {
                Some(place) => names.placed.push((name, centre, place)),
                None => names.left_out += 1,
            }
        }
        names
    }

    fn draw(&self, drawing: &mut Drawing, left: f64) {
        for (_, centre, place) in &self.placed {
            // A name next to its centre needs no line to it.
            if (centre.0 - place.0).hypot(centre.1 - place.1) > LETTERS / 2.0 {
                let (from, to) = ((left + place.0, TOP + place.1), (left + centre.0, TOP + centre.1));
                drawing.line(from, to, "leader");
            }
        }
        for (name, _, place) in &self.placed {
            drawing.text(
                (left + place.0, TOP + place.1 + 4.0),
                Anchor::Middle,
                "batch",
                name,
            );
        }
    }
}

/// Which part of the plane a panel shows, both axes in one scale.
struct View {
    centre: (f64, f64),
    scale: f64,
}

impl View {
    /// The square around all ellipses.
    fn of(clouds: &[&Cloud]) -> Self {
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
fn reach(clouds: &[&Cloud], axis: fn(&Cloud) -> (f64, f64)) -> (f64, f64) {
    let ends = clouds.iter().map(|cloud| axis(cloud));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud(batch: &str, mean: [f64; 2], covariance: [f64; 3]) -> Cloud {
        Cloud {
            batch: batch.into(),
            kind: CloudKind::Control,
            cells: 3,
            mean,
            covariance,
        }
    }

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
        let clouds = [
            cloud("B", [-3.0, 0.0], [1.0, 0.0, 1.0]),
            cloud("C", [3.0, 2.0], [1.0, 0.0, 1.0]),
        ];
        let view = View::of(&clouds.iter().collect::<Vec<_>>());
        // From -4 to 4 across: nine tenths of the panel for 8.
        assert!((view.scale - 0.9 * PANEL / 8.0).abs() < 1e-9);
        let ((left, below), (right, above)) = (view.place([-3.0, 0.0]), view.place([3.0, 2.0]));
        assert!(left < right && above < below);
        let one = View::of(&[&cloud("B", [1.0, 1.0], [0.0, 0.0, 0.0])]);
        assert!(one.place([1.0, 1.0]).0.is_finite(), "a cloud of one cell");
    }

    #[test]
    fn names_on_one_place_move_apart_and_those_without_room_are_counted() {
        let three: Vec<Cloud> = ["Week1", "Week2", "Week3"]
            .map(|batch| cloud(batch, [0.0, 0.0], [1.0, 0.0, 1.0]))
            .to_vec();
        let three: Vec<&Cloud> = three.iter().collect();
        let names = Names::of(&three, &View::of(&three));
        assert_eq!((names.placed.len(), names.left_out), (3, 0));
        let crowd: Vec<Cloud> = (0..200)
            .map(|number| cloud(&format!("batch {number}"), [0.0, 0.0], [1.0, 0.0, 1.0]))
            .collect();
        let crowd: Vec<&Cloud> = crowd.iter().collect();
        let names = Names::of(&crowd, &View::of(&crowd));
        assert!(names.left_out > 0 && names.placed.len() + names.left_out == 200);
    }
}
