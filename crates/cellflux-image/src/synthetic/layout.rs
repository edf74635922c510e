//! Where cells lie, how far each reaches, and what shape its nucleus has: the geometry that all stains share.

use std::f64::consts::TAU;

use super::Cell;
use super::canvas::Canvas;
use super::noise::{Random, Smooth, Stream};

/// Mean distance between neighbouring nuclei, px.
const SPACING: f64 = 46.0;
/// Radius of a spread cell that has room, px.
const CELL_RADIUS: f64 = 38.0;
/// Half axes of a nucleus, px.
const NUCLEUS_LONG: f64 = 19.0;
const NUCLEUS_SHORT: f64 = 16.0;

/// The cells of a crop; the first is the one in the middle.
pub(super) struct Layout {
    pub(super) cells: Vec<Body>,
    /// For each pixel of the canvas.
    pub(super) territory: Vec<Territory>,
    /// The crop's own blur, px: no field of view is in focus everywhere.
    pub(super) focus: f64,
}

/// One cell.
pub(super) struct Body {
    pub(super) x: f64,
    pub(super) y: f64,
    radius: f64,
    /// Elongation along `axis`, at least 1.
    stretch: f64,
    pub(super) axis: f64,
    /// Outline of the cell: bulges of order 2, 3, ....
    outline: Bulges,
    /// How tall the cell stands; a round one is twice as tall as a flat one.
    pub(super) height: f64,
    pub(super) nucleus: Nucleus,
}

/// The shape of a nucleus.
pub(super) struct Nucleus {
    long: f64,
    short: f64,
    axis: f64,
    outline: Bulges,
    /// Pieces (x, y, radius), relative to the nucleus, for a fragmenting one.
    pieces: Vec<(f64, f64, f64)>,
    fragmentation: f64,
    /// Brightness of its stain relative to the usual.
    pub(super) dna: f64,
}

/// Which cell a pixel belongs to.
#[derive(Clone, Copy)]
pub(super) struct Territory {
    /// Index of the cell, if any reaches here.
    pub(super) cell: Option<usize>,
    /// The own cell's relative radius: 0 at its centre, 1 at its outline.
    pub(super) reach: f64,
    /// Distance to the free edge, px, positive inside.
    pub(super) edge: f64,
    /// Distance to the neighbouring cell, px.
    pub(super) junction: f64,
    /// The own nucleus's relative radius, 1 at its envelope.
    pub(super) nucleus: f64,
}

/// A closed curve's deviation from a circle: amplitude and phase of orders 2, 3, 4 and 5.
struct Bulges([(f64, f64); 4]);

impl Bulges {
    fn draw(random: &mut Random, strength: f64) -> Self {
        let mut order = 1.0;
        Self(std::array::from_fn(|_| {
            order += 1.0;
            (
                strength * random.normal().clamp(-2.0, 2.0) / order,
                random.angle(),
            )
        }))
    }

    fn at(&self, angle: f64) -> f64 {
        let mut order = 1.0;
        let bulges = self.0.iter().map(|(amplitude, phase)| {
            order += 1.0;
            amplitude * libm::cos(order * angle + phase)
        });
        1.0 + bulges.sum::<f64>()
    }
}

impl Layout {
    pub(super) fn draw(cell: &Cell, canvas: &Canvas) -> Self {
        let mut random = Random::new(cell.seed, Stream::Layout);
        let warp = Smooth::draw(&mut random);
        let focus = 0.75 + 0.9 * random.unit() * random.unit();
        let places = places(&mut random, cell.batch.density, canvas.radius());
        let cells: Vec<Body> = places
            .into_iter()
            .enumerate()
            .map(|(index, (x, y))| Body::draw(cell, index, x, y))
            .collect();
        let mut territory = Vec::with_capacity(canvas.values.len());
        canvas.painted(|_, x, y| {
            // Neighbours' borders are never straight.
            let bent_x = x + 3.0 * warp.texture(x, y, 14.0);
            let bent_y = y + 3.0 * warp.texture(x + 300.0, y, 14.0);
            territory.push(Territory::of(&cells, (x, y), (bent_x, bent_y)));
            0.0
        });
        Self {
            cells,
            territory,
            focus,
        }
    }
}

/// The middle cell and its neighbours, none too close to another.
fn places(random: &mut Random, density: f64, radius: f64) -> Vec<(f64, f64)> {
    let mut places = vec![(random.between(-1.5, 1.5), random.between(-1.5, 1.5))];
    let reach = radius + CELL_RADIUS;
    let rings = libm::ceil(reach / SPACING) as usize;
    for ring in 1..=rings {
        let count = 6 * ring;
        let phase = random.angle();
        for step in 0..count {
            let angle = phase + TAU * step as f64 / count as f64 + 0.2 * random.normal().clamp(-2.0, 2.0);
            let distance = SPACING * ring as f64 * random.between(0.86, 1.2);
            let (x, y) = (distance * libm::cos(angle), distance * libm::sin(angle));
            let there = random.unit() < density;
            let apart = places
                .iter()
                .all(|&(px, py)| length(x - px, y - py) > 0.79 * SPACING);
            if there && apart && distance < reach {
                places.push((x, y));
            }
        }
    }
    places
}

pub(super) fn length(x: f64, y: f64) -> f64 {
    libm::sqrt(x * x + y * y)
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(super) fn step(low: f64, high: f64, value: f64) -> f64 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

impl Body {
    fn draw(cell: &Cell, index: usize, x: f64, y: f64) -> Self {
        let effects = &cell.effects;
        let mut random = Random::of_cell(cell.seed, Stream::Layout, index + 1);
        let roundness = 1.0 - effects.rounding;
        let axis = random.angle();
        let stretch = 1.0 + roundness * random.between(0.0, 0.35);
        let own_radius = CELL_RADIUS * random.between(0.85, 1.15);
        let outline = Bulges::draw(&mut random, 0.09 * roundness + 0.015);
        let height = random.between(0.85, 1.15) * (1.0 + 1.8 * effects.rounding);
        let radius = own_radius * libm::sqrt(effects.cell_size) * (1.0 - 0.45 * effects.rounding);

        let axis_of_nucleus = axis + 0.3 * random.normal();
        let size =
            random.between(0.9, 1.1) * libm::sqrt(effects.nuclear_size) * (1.0 - 0.25 * effects.rounding);
        let longer = random.between(0.94, 1.12) * roundness + (1.0 - roundness);
        let nucleus = Nucleus {
            long: NUCLEUS_LONG * size * longer,
            short: NUCLEUS_SHORT * size / longer,
            axis: axis_of_nucleus,
            outline: Bulges::draw(&mut random, 0.035),
            pieces: pieces(&mut random, size),
            fragmentation: effects.fragmentation,
            dna: libm::exp(0.16 * random.normal().clamp(-2.0, 2.0)) * (1.0 + 1.2 * effects.rounding),
        };
        Self {
            x,
            y,
            radius,
            stretch,
            axis,
            outline,
            height,
            nucleus,
        }
    }

    /// The relative radius of a place: 0 at the centre, 1 at the outline.
    fn reach(&self, x: f64, y: f64) -> f64 {
        let (dx, dy) = (x - self.x, y - self.y);
        let (sin, cos) = (libm::sin(self.axis), libm::cos(self.axis));
        let along = (dx * cos + dy * sin) / self.stretch;
        let across = (dy * cos - dx * sin) * self.stretch;
        length(along, across) / (self.radius * self.outline.at(libm::atan2(across, along)))
    }
}

/// The pieces that a nucleus falls into: a few large ones, surrounded by some small ones.
fn pieces(random: &mut Random, size: f64) -> Vec<(f64, f64, f64)> {
    let count = 3 + (4.0 * random.unit()) as usize;
    let phase = random.angle();
    let pieces = (0..count).map(|n| {
        let angle = phase + TAU * n as f64 / count as f64 + random.between(-0.4, 0.4);
        let distance = size * random.between(6.0, 14.0);
        let radius = size * random.between(3.5, 7.5);
        (distance * libm::cos(angle), distance * libm::sin(angle), radius)
    });
    pieces.collect()
}

impl Nucleus {
    /// The relative radius of a place relative to the nucleus's centre: 1 at the envelope.
    pub(super) fn reach(&self, x: f64, y: f64) -> f64 {
        let (sin, cos) = (libm::sin(self.axis), libm::cos(self.axis));
        let (along, across) = ((x * cos + y * sin) / self.long, (y * cos - x * sin) / self.short);
        let whole = length(along, across) / self.outline.at(libm::atan2(across, along));
        if self.fragmentation <= 0.0 {
            return whole;
        }
        let pieces = self
            .pieces
            .iter()
            .map(|&(px, py, radius)| length(x - px, y - py) / radius);
        let nearest = pieces.fold(f64::INFINITY, f64::min);
        whole + self.fragmentation * (nearest - whole)
    }

    /// The envelope's distance from the centre in a direction, px (of the nucleus before it falls apart).
    pub(super) fn envelope(&self, angle: f64) -> f64 {
        let (sin, cos) = (libm::sin(angle - self.axis), libm::cos(angle - self.axis));
        1.0 / length(cos / self.long, sin / self.short)
    }

    /// Mean of the half axes, px.
    pub(super) fn radius(&self) -> f64 {
        libm::sqrt(self.long * self.short)
    }
}

impl Territory {
    /// How thick the cell is here, 0 to about 1.1: a spread cell is `rim` at its edge and 1.1 around its
    /// nucleus, a round one is a ball.
    pub(super) fn thickness(&self, rim: f64, rounding: f64) -> f64 {
        let spread = rim + (1.1 - rim) * (1.0 - step(0.15, 1.0, self.reach));
        let ball = 1.1 * libm::sqrt((1.0 - self.reach * self.reach).max(0.0));
        spread + rounding * (ball - spread)
    }

    fn of(cells: &[Body], (x, y): (f64, f64), (bent_x, bent_y): (f64, f64)) -> Self {
        let (mut nearest, mut second) = ((f64::INFINITY, None), f64::INFINITY);
        for (index, body) in cells.iter().enumerate() {
            // Cells that are too far away to reach this place or to share a border need no outline.
            if length(bent_x - body.x, bent_y - body.y) > 2.2 * body.radius * body.stretch {
                continue;
            }
            let reach = body.reach(bent_x, bent_y);
            if reach < nearest.0 {
                second = nearest.0;
                nearest = (reach, Some(index));
            } else if reach < second {
                second = reach;
            }
        }
        let (reach, index) = nearest;
        let Some(body) = index.and_then(|i| cells.get(i)) else {
            return Self {
                cell: None,
                reach: 9.0,
                edge: -99.0,
                junction: 99.0,
                nucleus: 9.0,
            };
        };
        Self {
            cell: index.filter(|_| reach < 1.0),
            reach,
            edge: (1.0 - reach) * body.radius,
            junction: (second - reach) * body.radius / 2.0,
            nucleus: body.nucleus.reach(x - body.x, y - body.y),
        }
    }
}
