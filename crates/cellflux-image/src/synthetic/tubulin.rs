//! The tubulin stain: microtubules that leave the nucleus's surroundings and bend along the cell's edge, over
//! a haze of unpolymerised tubulin.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::Cell;
use super::canvas::Canvas;
use super::layout::{Body, Layout, Territory, step};
use super::noise::{Random, Smooth, Stream};

/// Microtubules per untreated cell.
const FILAMENTS: f64 = 210.0;
/// Counts of one microtubule, before the optics spread them.
const BRIGHTNESS: f64 = 27.0;
/// Counts of unpolymerised tubulin where the cell is thickest.
const POOL: f64 = 96.0;
/// Length of a step along a microtubule, px.
const STEP: f64 = 0.5;

pub(super) fn draw(cell: &Cell, layout: &Layout, canvas: &Canvas) -> Canvas {
    let effects = &cell.effects;
    let mut random = Random::new(cell.seed, Stream::Tubulin);
    let unevenness = Smooth::draw(&mut random);
    // What is not polymerised stays in the pool.
    let pool = POOL * (1.0 + 0.8 * (1.0 - effects.microtubules).max(0.0));
    let mut light = canvas.painted(|index, x, y| {
        let Some(place) = layout.territory.get(index) else {
            return 0.0;
        };
        let Some(body) = place.cell.and_then(|i| layout.cells.get(i)) else {
            return 0.0;
        };
        let inside = step(0.0, 3.0, place.edge);
        // Thickest around the nucleus, whose own volume holds no tubulin.
        let thickness = place.thickness(0.35, effects.rounding);
        let displaced = 1.0 - 0.28 * (1.0 - effects.rounding) * step(-0.1, 0.35, 1.0 - place.nucleus);
        let texture = 1.0 + 0.3 * unevenness.texture(x, y, 9.0);
        pool * inside * thickness * displaced * texture * body.height
    });
    for (index, body) in layout.cells.iter().enumerate() {
        let mut random = Random::of_cell(cell.seed, Stream::Tubulin, index + 1);
        let centre = random.angle();
        let bundles = random.angle();
        // Filaments come from the cell's own stream one by one, so that a smaller number of them is the
        // beginning of a larger one.
        let count = FILAMENTS * effects.microtubules * (1.0 - 0.55 * effects.bundling);
        for _ in 0..libm::round(count) as usize {
            let mut filament = Filament::draw(&mut random, body, centre);
            filament.gather(bundles, effects.bundling);
            filament.paint(body, index, layout, &mut light);
        }
    }
    light
}

/// One microtubule's path, decided before it is painted.
struct Filament {
    /// Where around the nucleus it starts.
    angle: f64,
    /// How far from the envelope it starts, px.
    offset: f64,
    /// Its direction against the radius there.
    lean: f64,
    length: f64,
    /// Bend per unit of length: its own curl, and two waves.
    curl: f64,
    wave: (f64, f64),
    light: f64,
}

impl Filament {
    fn draw(random: &mut Random, body: &Body, centre: f64) -> Self {
        // Half of them come from the organising centre's side.
        let around = random.angle();
        let near = centre + 0.9 * random.normal();
        let angle = if random.unit() < 0.5 { near } else { around };
        let side = if random.unit() < 0.5 { -1.0 } else { 1.0 };
        let lean = side * (0.45 + 1.1 * random.unit());
        // Long cells have their microtubules along them.
        let along = libm::cos(angle - body.axis);
        Self {
            angle,
            offset: random.between(-11.0, 5.0),
            lean,
            length: random.between(16.0, 52.0) * (0.8 + 0.4 * along * along),
            curl: 0.016 * random.normal() - side * 0.012,
            wave: (random.between(6.0, 16.0), random.angle()),
            light: BRIGHTNESS * random.between(0.4, 1.5),
        }
    }

    /// Pulls the filament towards the nearest of a few bundles, straight, with less wavering and more light.
    fn gather(&mut self, phase: f64, bundling: f64) {
        const BUNDLES: f64 = 13.0;
        let spacing = TAU / BUNDLES;
        let nearest = phase + spacing * libm::round((self.angle - phase) / spacing);
        self.angle += 0.93 * bundling * (nearest - self.angle);
        // A bundle's filaments leave side by side: all of them lean as their bundle does.
        let lean = 0.9 * libm::sin(5.0 * nearest + phase);
        self.lean += 0.9 * bundling * (lean - self.lean);
        self.offset *= 1.0 - 0.4 * bundling;
        self.curl *= 1.0 - 0.7 * bundling;
        self.light *= 1.0 + 0.9 * bundling;
    }

    fn paint(&self, body: &Body, index: usize, layout: &Layout, light: &mut Canvas) {
        let start = body.nucleus.envelope(self.angle) + self.offset;
        let (mut x, mut y) = (
            body.x + start * libm::cos(self.angle),
            body.y + start * libm::sin(self.angle),
        );
        let mut heading = self.angle + self.lean;
        let steps = (self.length / STEP) as usize;
        for n in 0..steps {
            let place = light.index(x, y).and_then(|i| layout.territory.get(i));
            let travelled = n as f64 * STEP;
            let waver = 0.035 * libm::sin(travelled * TAU / self.wave.0 + self.wave.1);
            heading += STEP * self.curl + STEP * waver;
            if let Some(place) = place {
                if place.cell != Some(index) || place.edge < 0.8 {
                    return;
                }
                heading += turn(place, body, heading, x, y);
            }
            let fade = step(0.0, 8.0, self.length - travelled);
            let above = place.map_or(1.0, |p| if p.nucleus < 1.0 { 0.8 } else { 1.0 });
            light.splat(x, y, self.light * STEP * fade * above * libm::sqrt(body.height));
            x += STEP * libm::cos(heading);
            y += STEP * libm::sin(heading);
        }
    }
}

/// Near the cell's edge microtubules bend to follow it: the change of heading for one step.
fn turn(place: &Territory, body: &Body, heading: f64, x: f64, y: f64) -> f64 {
    let room = place.edge.min(2.0 * place.junction);
    if room > 7.0 {
        return 0.0;
    }
    let outward = libm::atan2(y - body.y, x - body.x);
    let off = heading - outward;
    let off = off - TAU * libm::round(off / TAU);
    if off.abs() > FRAC_PI_2 {
        return 0.0;
    }
    // Turn to the side that is nearer to the tangent, harder the closer the edge is.
    let side = if off < 0.0 { -1.0 } else { 1.0 };
    side * STEP * 0.22 * (1.0 - room / 7.0)
}
