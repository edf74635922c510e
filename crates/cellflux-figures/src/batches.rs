//! Batches as clouds in the plane of most variance: controls, real treated cells, generated ones, each in a
//! panel of the same axes (paper, Figure 5).

use cellflux_bundle::evaluation::{BatchPlane, Cloud, CloudKind};

use crate::drawing::{Anchor, Drawing};
use crate::labels::filled;
use crate::numbers::percent;
use crate::text::{BOLD, LABEL, NOTE, class_width, fitted, width, wrapped};
use crate::{Figure, Labels};

const PANEL: f64 = 160.0;
const GAP: f64 = 11.0;
/// The room of the second axis' name, beside the first panel.
const LEFT: f64 = 18.0;
/// The room of a panel's heading and its number of cells.
const TOP: f64 = 42.0;
/// The room of the first axis' name, below a panel.
const AXIS: f64 = 22.0;
/// From line to line below the panels.
const LINE: f64 = 16.0;
/// How many batches are listed below a panel; the data hold all.
const LISTED: usize = 12;
/// The room of a batch's name, and the height that it takes.
const NAME: f64 = 80.0;
const LETTERS: f64 = 14.0;
/// The least radius of a cloud.
const LEAST: f64 = 2.0;
/// A batch of fewer cells is a point: the spread of so few is not known.
const FEWEST: usize = 10;
/// Below this share of its longer radius, or of how far it lies from the middle, an ellipse has no width: its
/// cells are of one or two pictures.
const FLAT: f64 = 1e-6;

/// Three panels side by side, with the batches and their numbers of cells below each; nothing without a
/// cloud.
pub fn batches(plane: &BatchPlane, labels: &Labels<'_>) -> Option<Figure> {
    let clouds: Vec<&Cloud> = plane.clouds.iter().filter(|cloud| drawable(cloud)).collect();
    if clouds.is_empty() {
        return None;
    }
    let view = View::of(&clouds);
    let panels = [
        (CloudKind::Control, ("control hollow", 0), labels.control),
        (CloudKind::Treated, ("treated", 1), labels.real_treated),
        (CloudKind::Generated, ("generated", 2), labels.made),
    ]
    .map(|(kind, look, title)| {
        let own = clouds.iter().copied();
        let shown: Vec<&Cloud> = own.filter(|cloud| cloud.kind == kind).collect();
        let names = Names::of(&shown, &view);
        Panel {
            title,
            look,
            shown,
            names,
        }
    });
    let width = LEFT + 3.0 * PANEL + 2.0 * GAP;
    let listed = panels.iter().map(Panel::lines).max().unwrap_or(0);
    let left_out: usize = panels.iter().map(|panel| panel.names.left_out).sum();
    let mut notes = Vec::new();
    if clouds.iter().any(|cloud| is_point(cloud)) {
        notes.push(filled(labels.points, &[&FEWEST.to_string()]));
    }
    if left_out > 0 {
        notes.push(filled(labels.names_left_out, &[&left_out.to_string()]));
    }
    let notes: Vec<String> = notes.iter().flat_map(|note| wrapped(note, NOTE, width)).collect();
    let below = TOP + PANEL + AXIS + LINE * listed as f64;
    let mut drawing = Drawing::new(width, below + LINE * notes.len() as f64 + 10.0);
    let [across, up] = [1, 2].map(|number| {
        let share = plane.explained.get(number - 1).copied().unwrap_or(0.0);
        format!("PC{number}: {} {}", percent(share), labels.explained)
    });
    let beside = (LEFT - 6.0, TOP + PANEL / 2.0);
    drawing.upright(beside, Anchor::Middle, "note", &fitted(&up, NOTE, PANEL), &up);
    for (number, panel) in panels.iter().enumerate() {
        let left = LEFT + (PANEL + GAP) * number as f64;
        panel.draw(&mut drawing, left, &view);
        let place = (left + PANEL / 2.0, TOP + PANEL + 15.0);
        drawing.text(place, Anchor::Middle, "note", &fitted(&across, NOTE, PANEL));
        panel.list(&mut drawing, (left, TOP + PANEL + AXIS + LINE - 2.0));
    }
    for (number, note) in notes.iter().enumerate() {
        let y = below + LINE * (number as f64 + 1.0);
        drawing.text((0.0, y), Anchor::Start, "note", note);
    }
    let described: Vec<String> = panels.iter().flat_map(Panel::described).collect();
    Some(Figure::new(labels.batches, described.join("; "), drawing).without_intervals())
}

/// Whether a cloud's numbers can be drawn.
fn drawable(cloud: &Cloud) -> bool {
    let [first, _, second] = cloud.covariance;
    let mut numbers = cloud.mean.iter().chain(&cloud.covariance);
    numbers.all(|number| number.is_finite()) && first >= 0.0 && second >= 0.0
}

/// Whether a cloud is drawn as a point: of few cells, or of cells of one or two pictures, as walks from equal
/// controls are. The figures hold means and spreads only, so there is no point for each cell.
fn is_point(cloud: &Cloud) -> bool {
    let (longer, shorter) = Ellipse::of(cloud.covariance).radii;
    let [first, second] = cloud.mean;
    // Of equal cells rounding leaves some spread.
    cloud.cells < FEWEST || shorter <= FLAT * longer.max(first.hypot(second))
}

/// The cells of one kind.
struct Panel<'a> {
    title: &'a str,
    /// The class and the shape of its points.
    look: (&'static str, usize),
    shown: Vec<&'a Cloud>,
    names: Names,
}

impl Panel<'_> {
    /// A heading with the number of cells, a frame, the clouds and their names.
    fn draw(&self, drawing: &mut Drawing, left: f64, view: &View) {
        let cells: usize = self.shown.iter().map(|cloud| cloud.cells).sum();
        let heading = fitted(self.title, LABEL, PANEL / BOLD);
        let middle = left + PANEL / 2.0;
        drawing.text((middle, TOP - 26.0), Anchor::Middle, "heading", &heading);
        let count = format!("n = {cells}");
        drawing.text((middle, TOP - 10.0), Anchor::Middle, "note", &count);
        drawing.frame((left, TOP), (PANEL, PANEL), "frame");
        for cloud in &self.shown {
            let (x, y) = view.place(cloud.mean);
            let Ellipse { radii, degrees } = Ellipse::of(cloud.covariance);
            let radii = (
                (radii.0 * view.scale).max(LEAST),
                (radii.1 * view.scale).max(LEAST),
            );
            self.mark(drawing, cloud, (left + x, TOP + y), (radii, degrees));
        }
        self.names.draw(drawing, left);
    }

    /// A cloud as an ellipse or, where it has none, as a point.
    fn mark(
        &self,
        drawing: &mut Drawing,
        cloud: &Cloud,
        at: (f64, f64),
        (radii, degrees): ((f64, f64), f64),
    ) {
        let (class, shape) = self.look;
        let about = format!("{}, n = {}", cloud.batch, cloud.cells);
        if is_point(cloud) {
            drawing.marker(at, shape, class, &about);
        } else {
            let class = class.trim_end_matches(" hollow");
            drawing.ellipse(at, radii, degrees, &format!("cloud {class}"), &about);
        }
    }

    /// Lines of its list.
    fn lines(&self) -> usize {
        self.shown.len().min(LISTED) + usize::from(self.shown.len() > LISTED)
    }

    /// Its batches with their numbers of cells, from the first base line on.
    fn list(&self, drawing: &mut Drawing, (left, top): (f64, f64)) {
        let line = |number: usize| top + LINE * number as f64;
        for (number, cloud) in self.shown.iter().take(LISTED).enumerate() {
            let y = line(number);
            self.mark(drawing, cloud, (left + 6.0, y - 4.0), ((5.5, 3.5), 0.0));
            let count = format!(", n = {}", cloud.cells);
            let room = PANEL - 16.0 - class_width(&count, "label");
            let shown = fitted(&cloud.batch, LABEL, room) + &count;
            drawing.text((left + 16.0, y), Anchor::Start, "label", &shown);
        }
        let more = self.shown.len().saturating_sub(LISTED);
        if more > 0 {
            let place = (left + 16.0, line(LISTED));
            drawing.text(place, Anchor::Start, "label", &format!("… + {more}"));
        }
    }

    /// Each batch in words.
    fn described(&self) -> impl Iterator<Item = String> {
        let said = move |cloud: &&Cloud| format!("{}, {}, n = {}", self.title, cloud.batch, cloud.cells);
        self.shown.iter().map(said)
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
    /// The square around all ellipses and points.
    fn of(clouds: &[&Cloud]) -> Self {
        let spread = |cloud: &Cloud, variance: f64| if is_point(cloud) { 0.0 } else { variance.sqrt() };
        let across = reach(clouds, |cloud| {
            (cloud.mean[0], spread(cloud, cloud.covariance[0]))
        });
        let up = reach(clouds, |cloud| {
            (cloud.mean[1], spread(cloud, cloud.covariance[2]))
        });
        let side = (across.1 - across.0).max(up.1 - up.0);
        Self {
            centre: (f64::midpoint(across.0, across.1), f64::midpoint(up.0, up.1)),
            // A tenth of the panel stays free. A single point has no extent.
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

/// How far clouds reach along an axis, from their means and spreads on it.
fn reach(clouds: &[&Cloud], axis: impl Fn(&Cloud) -> (f64, f64)) -> (f64, f64) {
    let ends = clouds.iter().copied().map(axis);
    ends.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(low, high), (mean, spread)| (low.min(mean - spread), high.max(mean + spread)),
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
            cells: 30,
            starts: None,
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
    fn few_cells_and_cells_of_one_or_two_pictures_are_points_and_the_others_ellipses() {
        let round = [1.0, 0.2, 1.0];
        let few = Cloud {
            cells: 9,
            ..cloud("few", [0.0, 1.0], round)
        };
        let many = cloud("many", [4.0, 0.0], round);
        // One picture thirty times; two pictures, whose cells lie on a line.
        let same = cloud("same", [1.0, 5.0], [3.5e-30, -1.77e-30, 8.9e-31]);
        let two = cloud("two", [2.0, 2.0], [4.0, 2.0, 1.0]);
        assert_eq!(
            [&few, &many, &same, &two].map(is_point),
            [true, false, true, true]
        );
        let plane = |clouds: Vec<Cloud>| BatchPlane {
            space: "morphology".into(),
            explained: [0.31, 0.17],
            clouds,
        };
        let svg = batches(&plane(vec![few, many.clone(), same]), &Labels::ENGLISH).unwrap();
        let svg = svg.inline();
        // In the panel and in its list.
        assert_eq!(svg.matches("<ellipse").count(), 2, "{svg}");
        assert_eq!(svg.matches("<circle").count(), 4, "{svg}");
        for said in [
            ">few, n = 9<",
            ">many, n = 30<",
            ">PC1: 31 % of the variance<",
            ">PC2: 17 % of the variance<",
            "fewer than 10 cells",
        ] {
            assert!(svg.contains(said), "{said}: {svg}");
        }
        let alone = batches(&plane(vec![many]), &Labels::ENGLISH).unwrap().inline();
        assert!(!alone.contains("fewer than 10 cells"), "{alone}");
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
