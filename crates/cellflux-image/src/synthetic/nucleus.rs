//! The DNA stain: textured nuclei with nucleoli, and the haze that a thick bright object throws around
//! itself.

use super::Cell;
use super::canvas::Canvas;
use super::layout::{Body, Layout, length, step};
use super::noise::{Random, Smooth, Stream};

/// Counts of a nucleus of usual brightness.
const BRIGHTNESS: f64 = 245.0;
/// The share of a nucleus's light that is out of focus.
const HAZE: f64 = 0.10;

pub(super) fn draw(cell: &Cell, layout: &Layout, canvas: &Canvas) -> Canvas {
    let mut light = canvas.clone();
    for (index, body) in layout.cells.iter().enumerate() {
        let mut random = Random::of_cell(cell.seed, Stream::Nucleus, index);
        let chromatin = Smooth::draw(&mut random);
        let nucleoli = nucleoli(&mut random, body);
        let painted = canvas.painted(|_, x, y| {
            let (dx, dy) = (x - body.x, y - body.y);
            // Far pixels need no shape.
            if dx.abs().max(dy.abs()) > 2.5 * body.nucleus.radius() {
                return 0.0;
            }
            // Pieces of a broken nucleus are lumps, not discs.
            let lump = 4.0 * cell.effects.fragmentation;
            let reach = body.nucleus.reach(
                dx + lump * chromatin.texture(dx, dy + 50.0, 9.0),
                dy + lump * chromatin.texture(dx + 50.0, dy, 9.0),
            );
            let covered = step(-0.8, 0.8, (1.0 - reach) * body.nucleus.radius());
            if covered <= 0.0 {
                return 0.0;
            }
            let thickness = 0.72 + 0.28 * libm::sqrt((1.0 - reach * reach).max(0.0));
            let grain = 1.0 + 0.55 * chromatin.texture(dx, dy, 5.0) + 0.14 * chromatin.texture(dx, dy, 14.0);
            let holes: f64 = nucleoli
                .iter()
                .map(|&(nx, ny, radius, depth)| {
                    depth * (1.0 - step(0.5 * radius, 1.3 * radius, length(dx - nx, dy - ny)))
                })
                .sum();
            let condensed = 1.0 + 1.1 * cell.effects.fragmentation;
            BRIGHTNESS * body.nucleus.dna * covered * thickness * grain * (1.0 - holes.min(0.6)) * condensed
        });
        // Nuclei that overlap in depth add up, as in wide-field images.
        for (sum, value) in light.values.iter_mut().zip(painted.values) {
            *sum += value;
        }
    }
    let mut haze = light.clone();
    haze.blur(6.0);
    for (value, spread) in light.values.iter_mut().zip(haze.values) {
        *value = (1.0 - HAZE) * *value + HAZE * spread;
    }
    light
}

/// Dark spots: x, y, radius in px and depth 0..1.
fn nucleoli(random: &mut Random, body: &Body) -> Vec<(f64, f64, f64, f64)> {
    let count = 2 + (4.0 * random.unit()) as usize;
    let spots = (0..count).map(|_| {
        let angle = random.angle();
        let distance = body.nucleus.envelope(angle) * 0.68 * libm::sqrt(random.unit());
        (
            distance * libm::cos(angle),
            distance * libm::sin(angle),
            random.between(1.6, 3.2),
            random.between(0.10, 0.26),
        )
    });
    spots.collect()
}
